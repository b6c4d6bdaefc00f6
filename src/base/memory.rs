//! What an instance of the Worker remembers between requests: one cache per purpose.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::Hash;
use std::rc::Rc;

use super::date::Millis;

/// Everything that is remembered, by its type: a module that needs memory of its own asks
/// for a type of its own.
#[derive(Default)]
pub struct Memory(RefCell<HashMap<TypeId, Rc<dyn Any>>>);

impl Memory {
    /// The one value of this type; its default the first time.
    pub fn of<T: Default + 'static>(&self) -> Rc<T> {
        let mut all = self.0.borrow_mut();
        let value = all.entry(TypeId::of::<T>()).or_insert_with(|| Rc::new(T::default()));
        Rc::clone(value).downcast().unwrap_or_default()
    }
}

/// Values that are forgotten when their time is up, at most `CAPACITY` of them.
pub struct Cache<K, V, const CAPACITY: usize>(RefCell<HashMap<K, (Millis, V)>>);

impl<K, V, const CAPACITY: usize> Default for Cache<K, V, CAPACITY> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<K: Eq + Hash + Clone, V: Clone, const CAPACITY: usize> Cache<K, V, CAPACITY> {
    /// The value, while its time is not up.
    pub fn get(&self, key: &K, now: Millis) -> Option<V> {
        let values = self.0.borrow();
        values.get(key).filter(|(until, _)| *until > now).map(|(_, value)| value.clone())
    }

    /// Remembers a value until then. When there is no room, the one that would be forgotten
    /// first makes it.
    pub fn put(&self, key: K, value: V, until: Millis, now: Millis) {
        let mut values = self.0.borrow_mut();
        if values.len() >= CAPACITY && !values.contains_key(&key) {
            values.retain(|_, (until, _)| *until > now);
        }
        if values.len() >= CAPACITY && !values.contains_key(&key) {
            let first = values.iter().min_by_key(|(_, (until, _))| *until);
            if let Some(first) = first.map(|(key, _)| key.clone()) {
                values.remove(&first);
            }
        }
        values.insert(key, (until, value));
    }

    /// Forgets a value.
    pub fn remove(&self, key: &K) {
        self.0.borrow_mut().remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::{Cache, Memory};

    #[test]
    fn values_are_forgotten_in_time_and_when_there_are_too_many() {
        let cache = Cache::<&str, u8, 2>::default();
        cache.put("a", 1, 10, 0);
        assert_eq!((cache.get(&"a", 9), cache.get(&"a", 10)), (Some(1), None));
        cache.put("b", 2, 20, 0);
        cache.put("c", 3, 30, 0);
        assert_eq!(
            [cache.get(&"a", 0), cache.get(&"b", 0), cache.get(&"c", 0)],
            [None, Some(2), Some(3)]
        );
    }

    #[test]
    fn there_is_one_value_of_each_type() {
        let memory = Memory::default();
        memory.of::<std::cell::Cell<u8>>().set(7);
        assert_eq!(memory.of::<std::cell::Cell<u8>>().get(), 7);
    }
}
