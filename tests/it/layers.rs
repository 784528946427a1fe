//! A module imports only what stands above it in `lib.rs`, and inside a folder only its parent and
//! the siblings declared above it.

use std::path::{Path, PathBuf};

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The modules that `file` declares, in order, with those of their own folders after them.
fn declared(file: &Path, folder: &Path, prefix: &str, order: &mut Vec<String>) {
    let text = std::fs::read_to_string(file).unwrap();
    for line in text.lines() {
        let line = line.trim_start_matches("pub(crate) ").trim_start_matches("pub ");
        let Some(name) = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) else {
            continue;
        };
        let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}::{name}") };
        order.push(path.clone());
        declared(&folder.join(format!("{name}.rs")), &folder.join(name), &path, order);
    }
}

fn file_of(module: &str) -> PathBuf {
    source().join(format!("{}.rs", module.replace("::", "/")))
}

/// The modules that `text` imports or names by `crate::`.
fn named<'a>(text: &'a str, order: &'a [String]) -> impl Iterator<Item = &'a str> {
    text.match_indices("crate::").filter_map(move |(at, _)| {
        let rest = &text[at + "crate::".len()..];
        // `crate` is also the tail of other words; a path begins after a space, a bracket or a sign.
        let before = text[..at].chars().next_back();
        if before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_' || letter == '$') {
            return None;
        }
        let matching = order.iter().filter(|module| {
            rest.strip_prefix(module.as_str())
                .is_some_and(|after| !after.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_'))
        });
        matching.max_by_key(|module| module.len()).map(String::as_str)
    })
}

fn may_import(module: &str, import: &str, order: &[String]) -> bool {
    let place = |name: &str| order.iter().position(|it| it == name).unwrap();
    let within = |inner: &str, outer: &str| inner == outer || inner.starts_with(&format!("{outer}::"));
    // A parent names its children, and a child its parent's types.
    within(import, module) || within(module, import) || place(import) < place(module)
}

#[test]
fn imports_point_to_the_left() {
    let mut order = Vec::new();
    declared(&source().join("lib.rs"), &source(), "", &mut order);
    assert!(order.len() > 20, "{order:?}");
    let mut wrong = Vec::new();
    for module in &order {
        let text = std::fs::read_to_string(file_of(module)).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for form in ["use crate::{", "super::super", "use super::*", "::*;"] {
            if code.contains(form) {
                wrong.push(format!("{module} hides an import in `{form}`"));
            }
        }
        for import in named(code, &order) {
            if !may_import(module, import, &order) {
                wrong.push(format!("{module} imports {import}, which stands to its right"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
