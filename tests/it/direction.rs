//! One direction: what a module imports lies below it. No circle, and no feature knows another.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The floors, from the ground up: a module imports from its own folder and from below.
const FLOORS: [(&str, &[&str]); 6] = [
    ("base", &[]),
    ("once", &["base"]),
    ("twilio", &["base"]),
    ("flex", &["base", "once", "twilio"]),
    ("features", &["base", "once", "twilio", "flex"]),
    ("app", &["base", "once", "twilio", "flex", "features"]),
];
/// The platform stands above everything; of what it wraps it may know all.
const TOP: &str = "cloudflare";

/// Every module of `src/` by its path (`twilio::voice`), with its source.
fn modules() -> BTreeMap<String, String> {
    let mut modules = BTreeMap::new();
    read(Path::new("src"), "", &mut modules);
    assert!(modules.len() > 30, "these are not all modules: {:?}", modules.keys());
    modules
}

fn read(folder: &Path, name: &str, into: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let name = if name.is_empty() { stem.to_owned() } else { format!("{name}::{stem}") };
        if path.is_dir() {
            read(&path, &name, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") && stem != "lib" {
            into.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}

/// The modules that each one imports.
fn imports(modules: &BTreeMap<String, String>) -> BTreeMap<&str, BTreeSet<&str>> {
    let of = |(name, source): (&'_ String, &'_ String)| {
        let used =
            uses(source).into_iter().filter_map(|path| absolute(name, &path)).collect::<Vec<_>>();
        let longest = |path: &String| {
            let known = modules
                .keys()
                .filter(|known| path == *known || path.starts_with(&format!("{known}::")));
            known.max_by_key(|known| known.len())
        };
        used.iter().filter_map(longest).map(String::as_str).collect::<BTreeSet<_>>()
    };
    modules
        .iter()
        .map(|module| {
            let mut imported = of(module);
            imported.remove(module.0.as_str());
            (module.0.as_str(), imported)
        })
        .collect()
}

/// The paths after `use`, with their braces taken apart.
fn uses(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let statements = code.split("\nuse ").skip(1).filter_map(|rest| rest.split(';').next());
    let nested = code.split("\n    use ").skip(1).filter_map(|rest| rest.split(';').next());
    let public = code.split("\npub use ").skip(1).filter_map(|rest| rest.split(';').next());
    statements
        .chain(nested)
        .chain(public)
        .flat_map(|text| expand(&text.split_whitespace().collect::<String>()))
        .collect()
}

fn expand(text: &str) -> Vec<String> {
    let Some((before, rest)) = text.split_once('{') else { return vec![text.to_owned()] };
    let inner = rest.strip_suffix('}').unwrap_or(rest);
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    parts.iter().flat_map(|part| expand(&format!("{before}{part}"))).collect()
}

/// A path as seen from the crate's root; nothing for other crates.
fn absolute(module: &str, path: &str) -> Option<String> {
    if let Some(rest) = path.strip_prefix("crate::") {
        return Some(rest.to_owned());
    }
    let (mut folder, mut rest) = (module, path);
    while let Some(behind) = rest.strip_prefix("super::") {
        folder = folder.rsplit_once("::").map_or("", |(folder, _)| folder);
        rest = behind;
    }
    if rest != path {
        return Some(if folder.is_empty() { rest.to_owned() } else { format!("{folder}::{rest}") });
    }
    path.strip_prefix("self::").map(|rest| format!("{module}::{rest}"))
}

fn floor(module: &str) -> &str {
    module.split("::").next().unwrap()
}

#[test]
fn what_is_imported_lies_below() {
    let modules = modules();
    for (module, imported) in imports(&modules) {
        let own = floor(module);
        if own == TOP {
            continue;
        }
        let (_, below) = FLOORS
            .iter()
            .find(|(name, _)| *name == own)
            .unwrap_or_else(|| panic!("src/{own} is on no floor: add it to FLOORS"));
        for other in imported {
            let theirs = floor(other);
            assert!(
                theirs == own || below.contains(&theirs),
                "{module} imports {other}, which is above it"
            );
        }
    }
}

#[test]
fn features_do_not_know_each_other() {
    let modules = modules();
    let feature = |module: &str| module.split("::").nth(1).map(str::to_owned);
    for (module, imported) in imports(&modules) {
        for other in imported.into_iter().filter(|other| floor(other) == "features") {
            if floor(module) == "features" {
                assert_eq!(feature(module), feature(other), "{module} imports {other}");
            }
        }
    }
}

#[test]
fn nothing_goes_round_in_a_circle() {
    let modules = modules();
    let imports = imports(&modules);
    // A folder's own file declares what is in it: only what it takes from there counts.
    for start in imports.keys() {
        let (mut seen, mut left) = (BTreeSet::new(), vec![*start]);
        while let Some(module) = left.pop() {
            for other in &imports[module] {
                assert!(other != start, "{start} imports itself by way of {module}");
                if seen.insert(*other) {
                    left.push(other);
                }
            }
        }
    }
}
