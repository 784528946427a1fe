//! The commands that forecast, as people see them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use insta::assert_snapshot;

const REPORT: &str = "examples/castiel.readiness.yaml";

fn run(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_readiness-exporter")).args(arguments).current_dir(directory).output().unwrap()
}

/// What is printed, where it succeeds.
fn printed(arguments: &[&str]) -> String {
    let output = run(Path::new(env!("CARGO_MANIFEST_DIR")), arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What is said where it fails.
fn refused(arguments: &[&str]) -> String {
    let output = run(Path::new(env!("CARGO_MANIFEST_DIR")), arguments);
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn the_report_is_forecast_with_and_without_a_change() {
    assert_snapshot!(printed(&["forecast", REPORT, "--at", "2026-01-27", "--what-if", "ml/azure=+2w"]));
}

#[test]
fn a_plan_with_risks_tells_of_both() {
    assert_snapshot!(printed(&["forecast", "examples/payments.readiness.yaml", "--at", "2026-11-12"]));
}

#[test]
fn programs_read_json() {
    let text = printed(&["forecast", REPORT, "--at", "2026-01-27", "--format", "json", "--what-if", "ml/azure=done"]);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let live = |json: &serde_json::Value| {
        let milestones = json["milestones"].as_array().unwrap().clone();
        milestones.into_iter().find(|milestone| milestone["id"] == "models-live").unwrap()
    };
    assert_snapshot!(serde_json::to_string_pretty(&live(&json)).unwrap());
    assert_eq!(json["what_if"]["changes"][0], "ml/azure=done");
    assert_eq!(live(&json["what_if"])["root"], "ml/training");
    assert_eq!(json["critical_path"].as_array().unwrap().len(), 4);
}

#[test]
fn a_milestone_is_explained() {
    assert_snapshot!(printed(&["explain", REPORT, "models-live", "--at", "2026-01-27"]));
}

#[test]
fn wrong_names_and_changes_are_refused_in_words() {
    assert_snapshot!(refused(&["explain", REPORT, "model-live"]), @"error: there is no item `model-live` in `castiel`: did you mean `models-live`?");
    assert_snapshot!(refused(&["explain", REPORT, "ml/azure"]), @"error: `ml/azure` is no milestone: write one of `azure-workspace`, `vendor-apis`, `test-coverage`, `models-live`, `security-audit`, `load-testing`, `production-deployment`, `production-data-flow`, `production-readiness`");
    assert_snapshot!(refused(&["forecast", REPORT, "--what-if", "ml/azur=+2w"]), @"error: there is no item `ml/azur` in `castiel`: did you mean `ml/azure`?");
    assert_snapshot!(refused(&["forecast", REPORT, "--what-if", "ml/azure"]), @"error: `ml/azure` changes nothing: write `ITEM=+2w` for later, `ITEM=-1w` for sooner, `ITEM=4-6w` for another estimate, or `ITEM=done`");
    assert_snapshot!(refused(&["forecast", REPORT, "--what-if", "ml/azure=+2"]), @"error: `ml/azure`: expected working time, such as `10d` or `2w`, found `2`");
    assert_snapshot!(refused(&["forecast", REPORT, "--what-if", "ml=4w"]), @"error: `ml` has no estimate of its own: change the workstreams in it");
    assert_snapshot!(refused(&["forecast", "no-such-file.yaml"]), @"error: no-such-file.yaml: file not found");
}

#[test]
fn a_plan_with_errors_is_not_forecast() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.yaml"), "project: a\ntilte: A\n").unwrap();
    let output = run(folder.path(), &["forecast", "a.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stdout).contains("did you mean `title`?"));
    assert_snapshot!(String::from_utf8_lossy(&output.stderr), @"error: `a.yaml` has errors, so nothing is forecast from it");
}

/// A repository whose plan has just been changed, but not committed.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let plan = |estimate: &str| {
        format!(
            "project: shop\nas_of: 2026-03-02\nareas:\n  a:\n    workstreams:\n      w: {{estimate: {estimate}}}\n\
             milestones:\n  launch: {{title: Shop opens, due: 2026-04-10, needs: [a/w]}}\n  \
             beta: {{due: 2026-05-29, needs: [a/w]}}\n"
        )
    };
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=a", "-c", "user.email=a@example.org"]).args(arguments);
        assert!(command.current_dir(folder.path()).output().unwrap().status.success());
    };
    git(&["init", "-q", "-b", "main"]);
    fs::create_dir(folder.path().join("plans")).unwrap();
    fs::write(folder.path().join("plans/shop.yaml"), plan("4-6w")).unwrap();
    fs::write(folder.path().join("old.yaml"), plan("2-3w")).unwrap();
    git(&["add", "."]);
    git(&["commit", "-qm", "a plan"]);
    fs::write(folder.path().join("plans/shop.yaml"), plan("5-7w")).unwrap();
    folder
}

#[test]
fn a_change_of_a_plan_is_compared_with_git_and_with_files() {
    let folder = repository();
    let compared = |against: &str, more: &[&str]| {
        let arguments = ["check", "plans", "--at", "2026-03-02", "--against", against];
        let output = run(folder.path(), &[&arguments[..], more].concat());
        (
            String::from_utf8_lossy(&output.stdout).into_owned(),
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    assert_snapshot!(compared("HEAD", &[]).0, @"
    1 file, no findings

    shop: the milestones, compared with `HEAD`

    Milestone   Due         P50               On time
    beta        2026-05-29  2026-04-14  +5 d    100 %    0
    Shop opens  2026-04-10  2026-04-14  +5 d     32 %  -68
    ");
    assert_snapshot!(compared("old.yaml", &[]).0, @"
    1 file, no findings

    shop: the milestones, compared with `old.yaml`

    Milestone   Due         P50                  On time
    beta        2026-05-29  2026-04-14  +17.5 d    100 %    0
    Shop opens  2026-04-10  2026-04-14  +17.5 d     32 %  -68
    ");
    assert_eq!(compared("HEAD", &[]).1, Some(0));
    assert_eq!(compared("HEAD", &["--fail-if-worse", "20%"]).1, Some(1));
    assert_eq!(compared("HEAD", &["--fail-if-worse", "95"]).1, Some(0));
    assert_eq!(compared("plans/shop.yaml", &["--fail-if-worse", "0%"]).1, Some(0));
    assert_snapshot!(compared("no-such-branch", &[]).2, @"error: `no-such-branch` is neither a file nor a Git revision of `plans`");
    fs::copy(folder.path().join("old.yaml"), folder.path().join("plans/new.yaml")).unwrap();
    fs::remove_file(folder.path().join("plans/shop.yaml")).unwrap();
    assert_snapshot!(compared("HEAD", &[]).0, @"
    1 file, no findings

    `plans/new.yaml` isn't in `HEAD`: it is new
    ");
}
