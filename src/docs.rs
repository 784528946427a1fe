//! Generated documentation. Tests compare it with the committed files; `UPDATE=1` writes it, as `make docs` does.
//!
//! The tests in `tests/it` include this file, too.

use std::fs;
use std::path::Path;
use std::sync::Mutex;

/// Several tests write blocks of the same file.
static WRITING: Mutex<()> = Mutex::new(());

/// Asserts that the file at `path` consists of `text`.
pub(crate) fn assert_file(path: &str, text: &str) {
    assert_generated(path, |_| text.to_owned());
}

/// Asserts that the block `name` of the file at `path` consists of `text`, which ends with a newline.
///
/// A block is between `<!-- generated: name -->` and `<!-- generated: end -->`.
pub(crate) fn assert_block(path: &str, name: &str, text: &str) {
    assert_generated(path, |file| with_block(file, name, text));
}

fn assert_generated(path: &str, generate: impl FnOnce(&str) -> String) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let _writing = WRITING.lock();
    let actual = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {error}"));
    let expected = generate(&actual);
    if std::env::var_os("UPDATE").is_some() {
        // Other tests read the file at the same time.
        let new = file.with_extension("new");
        fs::write(&new, expected).and_then(|()| fs::rename(new, file)).unwrap();
        return;
    }
    let mut lines = actual.lines().zip(expected.lines());
    if let Some((actual, expected)) = lines.find(|(actual, expected)| actual != expected) {
        panic!("{path} is out of date, run `make docs`\n  in the file: {actual}\n    generated: {expected}");
    }
    assert_eq!(actual, expected, "{path} is out of date, run `make docs`");
}

fn with_block(file: &str, name: &str, text: &str) -> String {
    let start = format!("<!-- generated: {name} -->\n");
    let (before, rest) = file.split_once(&start).unwrap_or_else(|| panic!("no marker `{}`", start.trim()));
    let end = "<!-- generated: end -->";
    let (_, after) = rest.split_once(end).unwrap_or_else(|| panic!("no marker `{end}`"));
    format!("{before}{start}{text}{end}{after}")
}

#[test]
fn a_generated_block_is_replaced_between_its_markers() {
    let file =
        "a\n<!-- generated: x -->\nold\n<!-- generated: end -->\nb\n<!-- generated: y -->\n<!-- generated: end -->\n";
    let expected =
        "a\n<!-- generated: x -->\nnew\n<!-- generated: end -->\nb\n<!-- generated: y -->\n<!-- generated: end -->\n";
    assert_eq!(with_block(file, "x", "new\n"), expected);
}
