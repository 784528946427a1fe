//! Tests of the output formats.

use std::path::Path;

use insta::assert_snapshot;
use proptest::prelude::prop;
use proptest::{prop_assert, prop_assert_eq, proptest};

use crate::finding::print::escape::is_control;
use crate::finding::print::{Counts, Printer, Report, ReportFormat};
use crate::finding::{Finding, Kind, NodePath};
use crate::span::Span;

fn printed_at(path: &str, text: Option<&str>, findings: &[Finding], format: ReportFormat, colour: bool) -> String {
    let mut out = Vec::new();
    let mut printer = Printer::new(&mut out, format, colour);
    printer.report(&Report { path: Path::new(path), text, findings }).unwrap();
    printer.finish().unwrap();
    String::from_utf8(out).unwrap()
}

fn printed(text: &str, findings: &[Finding], format: ReportFormat) -> String {
    printed_at("a.yaml", Some(text), findings, format, false)
}

fn human(text: &str, findings: &[Finding]) -> String {
    printed(text, findings, ReportFormat::Human)
}

/// A finding at the first `word` of `text`.
fn at(text: &str, word: &str, kind: Kind, message: &str) -> Finding {
    let start = text.find(word).unwrap();
    Finding::new(kind, NodePath::root().key("areas"), message).span(Span { start, end: start + word.len() })
}

const TEXT: &str = "project: x\nareas:\n  ml: {wieght: 2, reported: 130%}\n";

fn two() -> Vec<Finding> {
    vec![
        at(TEXT, "130%", Kind::BadValue, "invalid percentage `130%`"),
        at(TEXT, "wieght", Kind::UnknownKey, "unknown key `wieght`").help("did you mean `weight`?"),
        at(TEXT, "ml", Kind::PointsMismatch, "75 points remain but `70%` is reported"),
    ]
}

#[test]
fn human_output_has_the_source_line() {
    assert_snapshot!(human(TEXT, &two()), @r"
    warning[points_mismatch]: 75 points remain but `70%` is reported
     --> a.yaml:3:3
      |
    3 |   ml: {wieght: 2, reported: 130%}
      |   ^^

    error[unknown_key]: unknown key `wieght`
     --> a.yaml:3:8
      |
    3 |   ml: {wieght: 2, reported: 130%}
      |        ^^^^^^
      |
      = help: did you mean `weight`?

    error[bad_value]: invalid percentage `130%`
     --> a.yaml:3:29
      |
    3 |   ml: {wieght: 2, reported: 130%}
      |                             ^^^^

    2 errors and 1 warning in 1 file
    ");
}

#[test]
fn json_output_is_one_document() {
    assert_snapshot!(printed(TEXT, &two(), ReportFormat::Json), @r#"
    {"findings":[
    {"file":"a.yaml","kind":"points_mismatch","severity":"warning","message":"75 points remain but `70%` is reported","help":null,"path":"areas","line":3,"column":3,"end_line":3,"end_column":5},
    {"file":"a.yaml","kind":"unknown_key","severity":"error","message":"unknown key `wieght`","help":"did you mean `weight`?","path":"areas","line":3,"column":8,"end_line":3,"end_column":14},
    {"file":"a.yaml","kind":"bad_value","severity":"error","message":"invalid percentage `130%`","help":null,"path":"areas","line":3,"column":29,"end_line":3,"end_column":33}
    ],"files":["a.yaml"],"errors":2,"warnings":1}
    "#);
    let document: serde_json::Value = serde_json::from_str(&printed(TEXT, &two(), ReportFormat::Json)).unwrap();
    assert_eq!(document["findings"].as_array().unwrap().len(), 3);
    assert_snapshot!(printed(TEXT, &[], ReportFormat::Json), @r#"
    {"findings":[
    ],"files":["a.yaml"],"errors":0,"warnings":0}
    "#);
}

#[test]
fn github_output_has_one_command_per_finding() {
    let block = at(TEXT, "areas:\n  ml", Kind::WrongType, "50% of\nit: wrong");
    let mut findings = two();
    findings.push(block);
    assert_snapshot!(printed_at("./a,b:c%.yaml", Some(TEXT), &findings, ReportFormat::Github, false), @r"
    ::error file=a%2Cb%3Ac%25.yaml,line=2,endLine=3,title=wrong_type::50%25 of\nit: wrong
    ::warning file=a%2Cb%3Ac%25.yaml,line=3,col=3,endLine=3,endColumn=5,title=points_mismatch::75 points remain but `70%25` is reported
    ::error file=a%2Cb%3Ac%25.yaml,line=3,col=8,endLine=3,endColumn=14,title=unknown_key::unknown key `wieght`%0Ahelp: did you mean `weight`?
    ::error file=a%2Cb%3Ac%25.yaml,line=3,col=29,endLine=3,endColumn=33,title=bad_value::invalid percentage `130%25`
    3 errors and 1 warning in 1 file
    ");
}

#[test]
fn only_human_output_has_colours() {
    let plain = printed_at("a.yaml", Some(TEXT), &two(), ReportFormat::Human, false);
    let coloured = printed_at("a.yaml", Some(TEXT), &two(), ReportFormat::Human, true);
    assert!(!plain.contains('\u{1b}'));
    assert!(coloured.contains("\u{1b}["));
    assert!(!printed_at("a.yaml", Some(TEXT), &two(), ReportFormat::Github, true).contains('\u{1b}'));
}

#[test]
fn a_finding_without_text_has_the_path() {
    let finding =
        Finding::new(Kind::Unreadable, NodePath::root(), "cannot read the file").help("check its permissions");
    assert_snapshot!(printed_at("dir/a.yaml", None, &[finding], ReportFormat::Human, false), @r"
    error[unreadable]: cannot read the file
    --> dir/a.yaml
     = help: check its permissions

    1 error in 1 file
    ");
}

#[test]
fn findings_at_the_end_of_a_file_have_a_location() {
    let finding = |offset| {
        Finding::new(Kind::MissingKey, NodePath::root(), "missing key `project`")
            .span(Span { start: offset, end: offset })
    };
    assert_snapshot!(human("", &[finding(0)]), @r"
    error[missing_key]: missing key `project`
     --> a.yaml:1:1
      |
    1 |
      | ^

    1 error in 1 file
    ");
    assert_snapshot!(human("a: 1\n", &[finding(5)]), @r"
    error[missing_key]: missing key `project`
     --> a.yaml:2:1
      |
    2 |
      | ^

    1 error in 1 file
    ");
    assert_snapshot!(human("a: 1\r\nb: 2", &[finding(4), finding(99)]), @r"
    error[missing_key]: missing key `project`
     --> a.yaml:1:5
      |
    1 | a: 1
      |     ^

    error[missing_key]: missing key `project`
     --> a.yaml:2:5
      |
    2 | b: 2
      |     ^

    2 errors in 1 file
    ");
}

#[test]
fn carets_are_aligned_under_wide_characters_and_tabs() {
    let text = "ti\ttle: 日本語 🚀 wieght: 1\n";
    let findings = [at(text, "日本語", Kind::BadValue, "`日本語`"), at(text, "wieght", Kind::UnknownKey, "after")];
    assert_snapshot!(human(text, &findings), @r"
    error[bad_value]: `日本語`
     --> a.yaml:1:9
      |
    1 | ti    tle: 日本語 🚀 wieght: 1
      |            ^^^^^^

    error[unknown_key]: after
     --> a.yaml:1:15
      |
    1 | ti    tle: 日本語 🚀 wieght: 1
      |                      ^^^^^^

    2 errors in 1 file
    ");
}

#[test]
fn control_characters_are_escaped_in_all_formats() {
    let text = "titel: \u{1b}[2J\u{202e}שלום\u{2066} # \u{9b}31m\u{7}\n";
    let findings = [at(text, "שלום", Kind::BadValue, "`\u{202e}שלום\u{1b}[2J\n`").help("write\r`\u{200f}`")];
    for format in [ReportFormat::Human, ReportFormat::Json, ReportFormat::Github] {
        let shown = printed_at("a\u{202e}\u{1b}.yaml", Some(text), &findings, format, false);
        assert!(!shown.contains(|it| it != '\n' && is_control(it)), "{shown:?}");
    }
    assert_snapshot!(human(text, &findings), @r"
    error[bad_value]: `\u{202e}שלום\u{1b}[2J\n`
     --> a.yaml:1:13
      |
    1 | titel: \u{1b}[2J\u{202e}שלום\u{2066} # \u{9b}31m\u{7}
      |                         ^^^^
      |
      = help: write\r`\u{200f}`

    1 error in 1 file
    ");
}

#[test]
fn long_lines_are_trimmed_around_the_finding() {
    let text = format!("a: {}wieght{}", "x ".repeat(3000), " y".repeat(3000));
    let findings = [at(&text, "wieght", Kind::UnknownKey, "unknown key")];
    assert_snapshot!(human(&text, &findings), @r"
    error[unknown_key]: unknown key
     --> a.yaml:1:6004
      |
    1 | ...x x x x x x x x x x x x x x x x x x x x x wieght y y y y y y y y y y y y y y y y y y y y y...
      |                                              ^^^^^^

    1 error in 1 file
    ");
    let whole = [Finding::new(Kind::BadValue, NodePath::root(), "long").span(Span { start: 0, end: text.len() })];
    assert!(human(&text, &whole).lines().all(|line| line.chars().count() <= 110));
}

#[test]
fn printing_takes_linear_time() {
    // Quadratic time would be minutes.
    let word = "wieght: 1, ";
    for text in [word.repeat(1 << 20), format!("{word}\n").repeat(1 << 20)] {
        let step = text.len() / 10_000;
        let findings: Vec<_> = (0..10_000)
            .map(|at| Span { start: at * step, end: at * step + 6 })
            .map(|span| Finding::new(Kind::UnknownKey, NodePath::root(), "unknown key").span(span))
            .collect();
        let shown = human(&text, &findings);
        assert!(shown.ends_with("10000 errors in 1 file\n"));
    }
}

proptest! {
    #[test]
    fn every_finding_is_printed_for_any_text(
        text in "[a-c :\\-\t\r\n日🚀\u{301}\u{200d}\u{0}\u{1b}\u{202e}\u{85}\u{2028}]{0,300}",
        spans in prop::collection::vec((0..1300_usize, 0..1300_usize), 0..8),
    ) {
        let finding = |(start, end)| Finding::new(Kind::Syntax, NodePath::root(), text.clone()).span(Span { start, end });
        let findings: Vec<_> = spans.into_iter().map(finding).collect();
        let drawn = human(&text, &findings);
        prop_assert_eq!(drawn.matches(" --> a.yaml:").count(), findings.len());
        prop_assert!(drawn.lines().all(|line| line.starts_with("error") || line.chars().count() <= 130), "{}", drawn);
        let commands = printed(&text, &findings, ReportFormat::Github);
        prop_assert_eq!(commands.lines().count(), findings.len() + 1);
        let document: serde_json::Value = serde_json::from_str(&printed(&text, &findings, ReportFormat::Json)).unwrap();
        prop_assert_eq!(document["errors"].as_u64(), Some(findings.len() as u64));
        for shown in [drawn, commands] {
            prop_assert!(!shown.contains(|it| it != '\n' && is_control(it)), "{:?}", shown);
        }
    }
}

#[test]
fn counts_are_displayed_as_words() {
    let words = |files, errors, warnings| Counts { files, errors, warnings }.to_string();
    assert_eq!(words(3, 2, 5), "2 errors and 5 warnings in 3 files");
    assert_eq!(words(1, 1, 1), "1 error and 1 warning in 1 file");
    assert_eq!(words(2, 0, 1), "1 warning in 2 files");
    assert_eq!(words(3, 0, 0), "3 files, no findings");
}
