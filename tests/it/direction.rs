//! One direction: what a module imports lies below it. No circle, and no feature knows another.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};

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
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !["lib", "tests"].contains(&stem)
        {
            into.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}

/// The modules that each one names, in a `use` or by a path anywhere in its code.
fn imports(modules: &BTreeMap<String, String>) -> BTreeMap<&str, BTreeSet<&str>> {
    let longest = |path: String| {
        let is_it = |known: &&String| path == **known || path.starts_with(&format!("{known}::"));
        modules.keys().filter(is_it).max_by_key(|known| known.len())
    };
    let of = |(name, source): (&'_ String, &'_ String)| {
        let paths = paths(source).into_iter();
        let named = paths.filter_map(|path| absolute(modules, name, &path)).filter_map(longest);
        named.filter(|other| *other != name).map(String::as_str).collect()
    };
    modules.iter().map(|module| (module.0.as_str(), of(module))).collect()
}

/// Every path in the code, `a::{b, c}` taken apart. Tests that stand beside it are none of it.
fn paths(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let mut paths = Vec::new();
    walk(code.parse().unwrap(), "", &mut paths);
    paths.retain(|path| path.contains("::"));
    paths
}

fn walk(code: TokenStream, before: &str, into: &mut Vec<String>) {
    let mut path = String::new();
    for token in code {
        match token {
            TokenTree::Ident(name) if path.is_empty() => path = format!("{before}{name}"),
            TokenTree::Ident(name) if path.ends_with("::") => path += &name.to_string(),
            TokenTree::Punct(colon) if colon.as_char() == ':' && !path.is_empty() => path.push(':'),
            TokenTree::Group(group) => {
                let inner =
                    if path.ends_with("::") { std::mem::take(&mut path) } else { String::new() };
                walk(group.stream(), &inner, into);
            }
            token => {
                into.push(std::mem::take(&mut path));
                if let TokenTree::Ident(name) = token {
                    path = format!("{before}{name}");
                }
            }
        }
    }
    into.push(path);
}

/// A path as seen from the crate's root; nothing for other crates.
fn absolute(modules: &BTreeMap<String, String>, module: &str, path: &str) -> Option<String> {
    if let Some(rest) = path.strip_prefix("crate::") {
        return Some(rest.to_owned());
    }
    let (mut folder, mut rest) = (module, path);
    while let Some(behind) = rest.strip_prefix("super::") {
        folder = folder.rsplit_once("::").map_or("", |(folder, _)| folder);
        rest = behind;
    }
    if rest != path {
        return Some(format!("{folder}::{rest}").trim_start_matches(':').to_owned());
    }
    let rest = path.strip_prefix("self::").unwrap_or(path);
    let child = format!("{module}::{}", rest.split("::").next().unwrap());
    modules.contains_key(&child).then(|| format!("{module}::{rest}"))
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
