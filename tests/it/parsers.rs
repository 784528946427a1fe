//! The two parsers of a readiness file read the same: `serde_yaml`, and the one that keeps positions.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::Index;
use readiness_exporter::format::document::Document;
use readiness_exporter::format::parse_with_positions;
use serde::Deserialize;

/// The document of each parser, as text; `None` if the parser reports an error.
fn documents(text: &str) -> (Option<String>, Option<String>) {
    let strict = Document::deserialize(serde_yaml::Deserializer::from_str(text)).ok();
    (strict.map(|it| format!("{it:?}")), parse_with_positions(text).map(|it| format!("{it:?}")))
}

/// Asserts that both parsers read the same, if both read anything.
fn assert_agreement(text: &str) -> bool {
    let (strict, located) = documents(text);
    if let (Some(strict), Some(located)) = (&strict, &located) {
        let same = strict.bytes().zip(located.bytes()).take_while(|(one, other)| one == other).count();
        let part = |text: &str| text.chars().skip(same.saturating_sub(60)).take(120).collect::<String>();
        assert!(strict == located, "{text}\n{}\n{}", part(strict), part(located));
    }
    strict.is_some() && located.is_some()
}

fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["examples", "tests/corpus/good", "tests/corpus/bad", "tests/corpus/contradictions", "tests/samples"];
    let entries = folders.iter().flat_map(|folder| std::fs::read_dir(root.join(folder)).unwrap());
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|it| it == "yaml"));
    files.sort();
    files
}

fn texts() -> Vec<String> {
    let read = |path: &PathBuf| std::fs::read_to_string(path).unwrap();
    files().iter().map(|path| read(path).trim_start_matches('\u{feff}').to_owned()).collect()
}

#[test]
fn both_parsers_read_the_corpus_alike() {
    let agreed = texts().iter().filter(|text| assert_agreement(text)).count();
    assert!(agreed > 80, "only {agreed} files were read by both");
}

#[test]
fn both_parsers_read_numbers_alike() {
    for number in ["9", "09", "007", "0", "0.5", "1e309", "1e3", "+1", "-0", "0x1F", "1_000"] {
        assert_agreement(&format!("project: x\nareas: {{a: {{workstreams: {{w: {{points: {number}}}}}}}}}\n"));
    }
}

/// A part of YAML, which an edit inserts.
fn piece() -> impl Strategy<Value = String> {
    let words = [
        "- ",
        ": ",
        "? ",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "\n",
        "\n  ",
        "  ",
        "#",
        " # ",
        "'",
        "\"",
        "|",
        ">-\n",
        "&a ",
        "*a",
        "!t ",
        "~",
        "null",
        "true",
        "No",
        "1.10",
        "0x1F",
        "007",
        "1e3",
        ".5",
        "+1",
        "-",
        "--- ",
        "...",
        "%",
        "@",
        "`",
        "é",
        "\u{a0}",
        "\r\n",
        "\t",
        "<<: ",
        "project",
        "needs",
        "assignee: ",
        "{item: a/b, lag: 1d}",
    ];
    prop_oneof![proptest::sample::select(words.to_vec()).prop_map(str::to_owned), "[a-z0-9 .:-]{1,6}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn both_parsers_read_edited_files_alike(
        file in any::<Index>(),
        edits in prop::collection::vec((any::<Index>(), 0_usize..8, piece()), 1..4),
    ) {
        let texts = texts();
        let mut text = file.get(&texts).clone();
        for (at, removed, piece) in edits {
            let start = text.floor_char_boundary(at.index(text.len() + 1));
            let end = text.ceil_char_boundary((start + removed).min(text.len()));
            text.replace_range(start..end, &piece);
        }
        assert_agreement(&text);
    }
}
