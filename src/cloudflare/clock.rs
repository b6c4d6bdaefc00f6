//! The clock. For tests only it can go faster than the world's: `TEST_CLOCK` is
//! `<factor>@<milliseconds since 1970>`, from when on it does.

use std::cell::Cell;
use std::time::Duration;

use crate::base::date::{Millis, millis};

#[derive(Clone, Copy)]
struct Speed {
    factor: Millis,
    since: Millis,
}

thread_local! {
    static SPEED: Cell<Speed> = const { Cell::new(Speed { factor: 1, since: 0 }) };
}

/// Reads `TEST_CLOCK`.
pub fn set(setting: Option<&str>) {
    let parts = setting.and_then(|text| text.split_once('@'));
    let speed = parts.and_then(|(factor, since)| {
        let factor = factor.parse().ok().filter(|factor| *factor > 0)?;
        Some(Speed { factor, since: since.parse().ok()? })
    });
    if let Some(speed) = speed {
        SPEED.set(speed);
    }
}

/// Milliseconds since 1970.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a date")]
pub fn now() -> Millis {
    let Speed { factor, since } = SPEED.get();
    since + (js_sys::Date::now() as Millis).saturating_sub(since) * factor
}

/// A span of time as the world's clock has it, in milliseconds.
pub fn span(time: Duration) -> u32 {
    let time = millis(time).div_ceil(SPEED.get().factor);
    u32::try_from(time).unwrap_or(u32::MAX)
}
