//! Rules about the source as a whole: the direction of imports, and one meaning for each type name.
//!
//! A module imports only modules above it in `lib.rs`. Inside a folder it imports only its parent
//! and siblings that are declared above it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The modules declared in `file`, except those of unit tests, in order, each followed by its own submodules.
fn declared_modules(file: &Path, folder: &Path, prefix: &str, order: &mut Vec<String>) {
    // Unit tests may import everything.
    let text = std::fs::read_to_string(file).unwrap().replace("#[cfg(test)]\nmod ", "");
    for line in text.lines() {
        let Some(name) = without_visibility(line).strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) else {
            continue;
        };
        let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}::{name}") };
        order.push(path.clone());
        declared_modules(&folder.join(format!("{name}.rs")), &folder.join(name), &path, order);
    }
}

/// `line` without `pub`, `pub(crate)` and the like.
fn without_visibility(line: &str) -> &str {
    let Some(rest) = line.strip_prefix("pub") else { return line };
    let rest = if rest.starts_with('(') { rest.split_once(')').map_or(rest, |(_, rest)| rest) } else { rest };
    rest.trim_start()
}

fn file_of(module: &str) -> PathBuf {
    source().join(format!("{}.rs", module.replace("::", "/")))
}

/// The modules that `text` names by a path that starts with `crate::`.
fn named_modules<'a>(text: &'a str, order: &'a [String]) -> impl Iterator<Item = &'a str> {
    text.match_indices("crate::").filter_map(move |(at, _)| {
        let rest = &text[at + "crate::".len()..];
        // Not the end of a longer word, and not a macro's `$crate`.
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
    let index = |name: &str| order.iter().position(|it| it == name).unwrap();
    let within = |inner: &str, outer: &str| inner == outer || inner.starts_with(&format!("{outer}::"));
    // Parents and children may import each other.
    within(import, module) || within(module, import) || index(import) < index(module)
}

#[test]
fn modules_import_only_modules_above_them() {
    let mut order = Vec::new();
    declared_modules(&source().join("lib.rs"), &source(), "", &mut order);
    assert!(order.len() > 20, "{order:?}");
    let mut wrong = Vec::new();
    for module in &order {
        let text = std::fs::read_to_string(file_of(module)).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for form in ["use crate::{", "super::super", "use super::*", "::*;"] {
            if code.contains(form) {
                wrong.push(format!("{module} has an import that this test cannot see: `{form}`"));
            }
        }
        for import in named_modules(code, &order) {
            if !may_import(module, import, &order) {
                wrong.push(format!("{module} imports {import}, which is declared below it"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The types that `file` declares at item level: at the start of a line, or inside an inline module.
fn declared_types(text: &str) -> Vec<&str> {
    let mut types = Vec::new();
    let mut is_in_block = false;
    for line in text.lines() {
        let item = line.trim_start();
        let indent = line.len() - item.len();
        if indent == 0 && (item.starts_with("impl") || without_visibility(item).starts_with("trait ")) {
            // Associated types are not names of the crate.
            is_in_block = !item.ends_with('}');
        } else if indent == 0 && item == "}" {
            is_in_block = false;
        }
        let mut words = without_visibility(item).split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        let is_type = matches!(words.next(), Some("struct" | "enum" | "union" | "trait" | "type"));
        if is_type && !(indent > 0 && is_in_block) {
            types.extend(words.next().filter(|name| name.starts_with(char::is_uppercase)));
        }
    }
    types
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

#[test]
fn a_type_name_has_one_meaning() {
    let mut files = Vec::new();
    rust_files(&source(), &mut files);
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in &files {
        let name = file.strip_prefix(source()).unwrap().display().to_string();
        for declared in declared_types(&std::fs::read_to_string(file).unwrap()) {
            places.entry(declared.to_owned()).or_default().push(name.clone());
        }
    }
    assert!(places.len() > 100, "{} types", places.len());
    let repeated: Vec<String> = places
        .into_iter()
        .filter(|(_, files)| files.len() > 1)
        .map(|(name, files)| format!("{name}: {}", files.join(", ")))
        .collect();
    assert!(repeated.is_empty(), "types of the same name:\n{}", repeated.join("\n"));
}

#[test]
fn associated_types_are_not_declarations() {
    let text = "impl Iterator for A {\n    type Item = B;\n}\npub(crate) struct C;\nmod tests {\n    enum D {}\n}\n\
                pub trait E {\n    type F;\n}\ntype G = u8;\n";
    assert_eq!(declared_types(text), ["C", "D", "E", "G"]);
}
