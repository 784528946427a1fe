//! A corpus of valid and invalid files. The parser and an independent JSON Schema validator must agree
//! on all files that the schema can decide.

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

fn is_valid(text: &str) -> bool {
    findings(text).iter().all(|finding| finding.severity() == Severity::Warning)
}

fn described(text: &str) -> String {
    let mut out = String::new();
    for finding in findings(text) {
        let span = finding.span.unwrap_or_else(|| panic!("no location: {finding:?}"));
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
fn valid_files_have_no_findings() {
    for path in files("tests/corpus/good") {
        assert_eq!(described(&std::fs::read_to_string(&path).unwrap()), "", "{}", path.display());
    }
}

/// The expected findings are in the `.expect` file next to each file. `UPDATE=1` writes them.
#[test]
fn invalid_files_have_the_expected_findings() {
    for path in files("tests/corpus/bad") {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!is_valid(&text), "{} is valid", path.display());
        let expected = path.with_extension("expect");
        let described = described(&text);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&expected, &described).unwrap();
        }
        assert_eq!(described, std::fs::read_to_string(&expected).unwrap_or_default(), "{}", path.display());
    }
}

/// Each kind of warning has a file with only that finding, and a file that says the same without a contradiction.
#[test]
fn every_contradiction_has_a_bad_and_a_good_file() {
    let folder = root().join("tests/corpus/contradictions");
    let warnings: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| kind.severity() == Severity::Warning).collect();
    for kind in &warnings {
        let name = kind.name().replace('_', "-");
        let text = |end: &str| std::fs::read_to_string(folder.join(format!("{name}{end}"))).unwrap_or_default();
        let (bad, good) = (text(".yaml"), text(".good.yaml"));
        assert!(!bad.is_empty() && !good.is_empty(), "{name}");
        assert!(findings(&bad).iter().all(|finding| finding.kind == *kind), "{name}: {}", described(&bad));
        assert_eq!(described(&good), "", "{name}.good.yaml");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(folder.join(format!("{name}.expect")), described(&bad)).unwrap();
        }
        assert_eq!(described(&bad), text(".expect"), "{name}.yaml");
        assert!(!described(&bad).is_empty(), "{name}.yaml");
    }
    assert_eq!(files("tests/corpus/contradictions").len(), 2 * warnings.len());
}

/// Whether a schema cannot detect the error: dates that do not exist, unknown references, duplicate ids,
/// and values that exclude each other.
fn is_beyond_a_schema(finding: &Finding) -> bool {
    match finding.kind {
        Kind::DuplicateKey | Kind::DuplicateId | Kind::UnknownReference | Kind::DependencyCycle | Kind::Conflict => {
            true
        }
        Kind::BadValue => [
            "no such day",
            "no such month",
            "must not decrease",
            "invalid time zone",
            "no id can be made",
            "control character",
        ]
        .iter()
        .any(|part| finding.message.contains(part)),
        _ => false,
    }
}

#[test]
fn an_independent_schema_validator_agrees() {
    if crate::optional::is_skipped("jv") {
        return;
    }
    let validator = crate::tools::path("jv");
    let schema = root().join("readiness.schema.json");
    let folder = tempfile::tempdir().unwrap();
    let mut compared = 0;
    for path in
        ["tests/corpus/good", "tests/corpus/bad", "tests/corpus/contradictions", "examples"].into_iter().flat_map(files)
    {
        let text = std::fs::read_to_string(&path).unwrap();
        let findings = findings(&text);
        let errors: Vec<_> = findings.iter().filter(|finding| finding.severity() == Severity::Error).collect();
        if !errors.is_empty() && errors.iter().all(|finding| is_beyond_a_schema(finding)) {
            continue;
        }
        // The validator gets JSON, since it would read YAML 1.1, in which dates are not strings.
        let Ok(value) = serde_yaml::from_str::<serde_json::Value>(text.trim_start_matches('\u{feff}')) else {
            continue;
        };
        let instance = folder.path().join("instance.json");
        std::fs::write(&instance, value.to_string()).unwrap();
        let output = Command::new(&validator).arg(&schema).arg(&instance).output().unwrap();
        let output_text =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), errors.is_empty(), "{}: {output_text}\n{errors:#?}", path.display());
        compared += 1;
    }
    assert!(compared > 30, "only {compared} files were decided by both");
}
