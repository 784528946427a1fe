//! A corpus of errors that authors make, each with its corrected text and its findings.
//!
//! Each file of the corpus has one case after the other:
//!
//! ```text
//! === bold text (tasks)
//! - done: ⟦**Bold**
//! --- right
//! - done: "**Bold**"
//! --- findings
//! 7:19 error[syntax] text that starts with `*` needs quotes
//!     quote the text: write `done: "**Bold**"`
//! ```
//!
//! The word in parentheses is the part of a file that the text belongs to. `⟦` marks the place of each finding, `␉` is
//! a tab, `⍽` a no-break space, and `␍` a carriage return. `UPDATE=1` writes the findings.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use readiness_exporter::finding::{Finding, Severity};
use readiness_exporter::model::load::load;
use readiness_exporter::span::Position;

/// The text of a file around a part: the lines before it, its indentation, and the lines after it.
fn frame(part: &str) -> (&'static str, usize, &'static str) {
    match part {
        "file" => ("", 0, ""),
        "root" => ("project: shop\n", 0, ""),
        "areas" => ("project: shop\nareas:\n", 2, ""),
        "area" => ("project: shop\nareas:\n  web:\n", 4, ""),
        "workstream" => ("project: shop\nareas:\n  web:\n    workstreams:\n      cart:\n", 8, ""),
        "tasks" => (
            "project: shop\nareas:\n  web:\n    workstreams:\n      cart:\n        tasks:\n",
            10,
            "          - todo: Last\n",
        ),
        "milestone" => ("project: shop\nmilestones:\n  live:\n", 4, ""),
        "risk" => (
            "project: shop\nareas:\n  web: {workstreams: {cart: {estimate: 1w}}}\nrisks:\n  late:\n    affects: [web]\n",
            4,
            "",
        ),
        "notes" => ("project: shop\nnotes:\n", 2, "  - Last\n"),
        _ => panic!("no part `{part}`"),
    }
}

struct MistakeCase {
    name: String,
    part: String,
    wrong: String,
    right: String,
    expected: String,
}

impl MistakeCase {
    fn parse(text: &str) -> Self {
        let (heading, rest) = text.split_once('\n').unwrap();
        let (name, part) =
            heading.strip_suffix(')').and_then(|it| it.split_once(" (")).unwrap_or_else(|| panic!("{heading}"));
        let (wrong, rest) = rest.split_once("--- right\n").unwrap_or_else(|| panic!("{name}"));
        let (right, expected) = rest.split_once("--- findings\n").unwrap_or_else(|| panic!("{name}"));
        let [name, part, wrong, right] = [name, part, wrong, right].map(str::to_owned);
        Self { name, part, wrong, right, expected: expected.trim_end().to_owned() + "\n" }
    }

    fn file(&self, text: &str) -> String {
        let (before, indent, after) = frame(&self.part);
        let indent = " ".repeat(indent);
        let mut file = before.to_owned();
        for line in text.lines() {
            let line = if line.is_empty() { String::new() } else { format!("{indent}{line}") };
            writeln!(file, "{line}").unwrap();
        }
        file += after;
        file.replace('␉', "\t").replace('⍽', "\u{a0}").replace('␍', "\r")
    }

    /// The text with the error, and the marked places.
    fn wrong_file(&self) -> (String, BTreeSet<usize>) {
        let marked = self.file(&self.wrong);
        let mut places = BTreeSet::new();
        let mut text = String::new();
        for part in marked.split_inclusive('⟦') {
            text += part.trim_end_matches('⟦');
            if part.ends_with('⟦') {
                places.insert(text.len());
            }
        }
        (text, places)
    }

    fn text(&self) -> String {
        let Self { name, part, wrong, right, expected } = self;
        format!("=== {name} ({part})\n{wrong}--- right\n{right}--- findings\n{expected}")
    }
}

fn findings(text: &str) -> Vec<Finding> {
    load(text, "2026-12-14T12:00:00Z".parse().unwrap()).findings
}

fn described(text: &str, findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        let Position { line, column } = Position::of(text, finding.span.unwrap().start);
        let (severity, kind) = (finding.severity().name(), finding.kind.name());
        writeln!(out, "{line}:{column} {severity}[{kind}] {}", finding.message).unwrap();
        if let Some(help) = &finding.help {
            writeln!(out, "    {help}").unwrap();
        }
    }
    out
}

/// The texts that a help proposes: what follows `write`, `did you mean` and the like.
fn proposals(help: &str) -> Vec<&str> {
    let is_proposal = ["write", "did you mean", "start it with", "as in"].iter().any(|start| help.contains(start));
    let texts = help.split('`').skip(1).step_by(2).filter(|text| !text.contains('…'));
    if is_proposal { texts.collect() } else { Vec::new() }
}

fn corpus() -> Vec<(PathBuf, Vec<MistakeCase>)> {
    // The folder has the name of this module.
    let folder = module_path!().rsplit("::").next().unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(folder);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let cases = |path: &Path| {
        let text = std::fs::read_to_string(path).unwrap();
        let cases = text.split("=== ").skip(1).map(MistakeCase::parse);
        cases.collect()
    };
    paths.into_iter().map(|path| (path.clone(), cases(&path))).collect()
}

#[test]
fn every_mistake_has_the_expected_findings() {
    for (path, mut cases) in corpus() {
        let mut failures = String::new();
        for case in &mut cases {
            let (text, _) = case.wrong_file();
            let described = described(&text, &findings(&text));
            if described != case.expected {
                write!(failures, "{}: {described}expected: {}", case.name, case.expected).unwrap();
                case.expected = described;
            }
        }
        if std::env::var_os("UPDATE").is_some() {
            let texts: Vec<String> = cases.iter().map(MistakeCase::text).collect();
            std::fs::write(&path, texts.join("\n")).unwrap();
        } else {
            assert!(failures.is_empty(), "{}:\n{failures}", path.display());
        }
    }
}

#[test]
fn every_corrected_text_has_no_findings() {
    let mut failures = String::new();
    for case in corpus().into_iter().flat_map(|(_, cases)| cases) {
        let text = case.file(&case.right);
        let described = described(&text, &findings(&text));
        if !described.is_empty() {
            writeln!(failures, "{}: {described}", case.name).unwrap();
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

/// Only the marked places have findings: none is at another place, and none follows from another.
#[test]
fn every_finding_is_at_a_marked_place() {
    let mut failures = String::new();
    let mut count = 0;
    for case in corpus().into_iter().flat_map(|(_, cases)| cases) {
        let (text, places) = case.wrong_file();
        let findings = findings(&text);
        let errors = findings.iter().filter(|finding| finding.severity() == Severity::Error);
        let found: BTreeSet<usize> = findings.iter().map(|finding| finding.span.unwrap().start).collect();
        assert!(!places.is_empty() && errors.count() > 0, "{} has no error", case.name);
        if found != places {
            let positions: Vec<_> = places.iter().map(|place| Position::of(&text, *place)).collect();
            writeln!(failures, "{}: marked {positions:?}\n{}", case.name, described(&text, &findings)).unwrap();
        }
        count += 1;
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(count >= 150, "{count} cases");
}

/// Each finding has a help, and the corrected text contains what the help proposes.
#[test]
fn every_help_is_right_when_followed() {
    let mut failures = String::new();
    for case in corpus().into_iter().flat_map(|(_, cases)| cases) {
        let (text, _) = case.wrong_file();
        let right = case.file(&case.right);
        for finding in findings(&text) {
            let help = finding.help.clone().unwrap_or_default();
            let proposals = proposals(&help);
            let is_right = proposals.is_empty() || proposals.iter().any(|proposal| right.contains(proposal));
            if help.is_empty() || !is_right {
                writeln!(failures, "{}: {}\n    {help}", case.name, finding.message).unwrap();
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
}
