//! One corpus of good and bad files, judged by the parser and by an independent JSON Schema
//! validator: where both can judge, they agree.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use readiness_exporter::finding::{Finding, Kind, Severity};
use readiness_exporter::model::load::load;
use readiness_exporter::span::Position;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|it| it == "yaml")).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn findings(text: &str) -> Vec<Finding> {
    load(text.trim_start_matches('\u{feff}'), "2026-11-23T12:00:00Z".parse().unwrap()).findings
}

fn is_good(text: &str) -> bool {
    findings(text).iter().all(|finding| finding.severity() == Severity::Warning)
}

fn described(text: &str) -> String {
    let mut out = String::new();
    for finding in findings(text) {
        let span = finding.span.unwrap_or_else(|| panic!("no place: {finding:?}"));
        let Position { line, column } = Position::of(text, span.start);
        let (severity, kind) = (finding.severity().name(), finding.kind.name());
        writeln!(out, "{line}:{column} {severity}[{kind}] {}", finding.message).unwrap();
        if let Some(help) = finding.help {
            writeln!(out, "    {help}").unwrap();
        }
    }
    out
}

#[test]
fn good_files_have_no_findings() {
    for path in files("tests/corpus/good") {
        assert_eq!(described(&std::fs::read_to_string(&path).unwrap()), "", "{}", path.display());
    }
}

/// The expected findings stand beside each file; `UPDATE=1` writes them anew, for a review.
#[test]
fn bad_files_are_refused_in_the_words_that_stand_beside_them() {
    for path in files("tests/corpus/bad") {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!is_good(&text), "{} is good", path.display());
        let expected = path.with_extension("expect");
        let described = described(&text);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&expected, &described).unwrap();
        }
        assert_eq!(described, std::fs::read_to_string(&expected).unwrap_or_default(), "{}", path.display());
    }
}

/// What a schema can't see: whether dates exist, where references lead, which ids are equal, and
/// which values go together.
fn is_beyond_a_schema(finding: &Finding) -> bool {
    match finding.kind {
        Kind::DuplicateKey | Kind::DuplicateId | Kind::UnknownReference | Kind::DependencyCycle | Kind::Conflict => {
            true
        }
        Kind::BadValue => {
            ["there is no date", "doesn't rise", "expected a time zone", "no id can be made", "control character"]
                .iter()
                .any(|part| finding.message.contains(part))
        }
        _ => false,
    }
}

#[test]
fn an_independent_validator_of_the_schema_agrees() {
    if crate::optional::is_skipped("jv") {
        return;
    }
    let validator = crate::tools::path("jv");
    let schema = root().join("readiness.schema.json");
    let folder = tempfile::tempdir().unwrap();
    let mut judged = 0;
    for path in ["tests/corpus/good", "tests/corpus/bad", "examples"].into_iter().flat_map(files) {
        let text = std::fs::read_to_string(&path).unwrap();
        let findings = findings(&text);
        let errors: Vec<_> = findings.iter().filter(|finding| finding.severity() == Severity::Error).collect();
        if !errors.is_empty() && errors.iter().all(|finding| is_beyond_a_schema(finding)) {
            continue;
        }
        // The validator gets JSON: what it would read as YAML is version 1.1, with dates of its own.
        let Ok(value) = serde_yaml::from_str::<serde_json::Value>(text.trim_start_matches('\u{feff}')) else {
            continue;
        };
        let instance = folder.path().join("instance.json");
        std::fs::write(&instance, value.to_string()).unwrap();
        let output = Command::new(&validator).arg(&schema).arg(&instance).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), errors.is_empty(), "{}: {said}\n{errors:#?}", path.display());
        judged += 1;
    }
    assert!(judged > 30, "only {judged} files were judged by both");
}
