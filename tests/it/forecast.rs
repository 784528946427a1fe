//! The output of `forecast`, `explain` and `check --against`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use insta::assert_snapshot;

const REPORT: &str = "examples/castiel.readiness.yaml";

fn run(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_readiness-exporter")).args(arguments).current_dir(directory).output().unwrap()
}

/// Standard output of a command that succeeds.
fn stdout(arguments: &[&str]) -> String {
    let output = run(Path::new(env!("CARGO_MANIFEST_DIR")), arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Standard error of a command that fails with exit code 2.
fn stderr(arguments: &[&str]) -> String {
    let output = run(Path::new(env!("CARGO_MANIFEST_DIR")), arguments);
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn forecast_prints_a_table_and_a_timeline_without_and_with_a_change() {
    assert_snapshot!(stdout(&["forecast", REPORT, "--at", "2026-01-27", "--what-if", "ml/azure=+2w"]));
}

#[test]
fn forecast_with_risks_has_two_more_columns() {
    assert_snapshot!(stdout(&["forecast", "examples/payments.readiness.yaml", "--at", "2026-11-12"]));
}

#[test]
fn forecast_prints_json() {
    let text = stdout(&["forecast", REPORT, "--at", "2026-01-27", "--format", "json", "--what-if", "ml/azure=done"]);
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
fn json_separates_the_forecast_without_risks_from_that_with_risks() {
    let text = stdout(&["forecast", "examples/payments.readiness.yaml", "--at", "2026-11-12", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let certificate = json["milestones"].as_array().unwrap().iter().find(|it| it["id"] == "certificate").unwrap();
    let p85 = ["plan", "with_risks"].map(|model| certificate[model]["p85"].as_str().unwrap());
    assert_eq!(p85, ["2027-01-07", "2027-01-25"]);
    let p85 = ["finish", "finish_with_risks"].map(|model| json[model]["p85"].as_str().unwrap());
    assert_eq!(p85, ["2027-01-26", "2027-02-10"]);
    let durations = json["durations"].as_array().unwrap();
    let basis = |item: &str| durations.iter().find(|it| it["item"] == item).unwrap()["basis"].clone();
    assert_eq!((basis("checkout/refunds"), basis("checkout/wallets")), ("estimated".into(), "overrun".into()));
    assert_eq!((&json["status_date"], &json["forecast_start"]), (&"2026-11-12".into(), &"2026-11-12".into()));
    assert!(json.get("what_if").is_none());
}

#[test]
fn explain_prints_the_driving_path() {
    assert_snapshot!(stdout(&["explain", REPORT, "models-live", "--at", "2026-01-27"]));
}

#[test]
fn explain_names_the_assumptions_behind_a_forecast() {
    let folder = tempfile::tempdir().unwrap();
    let plan = "project: shop\nas_of: 2026-03-02\nareas:\n  a:\n    workstreams:\n      \
                cart: {estimate: 3/4/6d, started: 2026-02-02}\n      \
                search: {estimate: 1-2w}\n      \
                orders: {estimate: 1-2w}\n      \
                reviews: {title: No estimate}\n\
                milestones:\n  contract: {due: 2026-03-06, done: 2026-02-27}\n  audit: {due: 2026-04-10}\n  \
                visit: {due: 2026-02-20}\n  \
                beta: {needs: [a/reviews]}\n  \
                launch: {due: 2026-04-10, needs: [a/search, a/orders, a/reviews]}\n  \
                go-live: {due: 2026-03-02, needs: [a/cart]}\n";
    fs::write(folder.path().join("shop.yaml"), plan).unwrap();
    let explained = |milestone: &str| {
        let output = run(folder.path(), &["explain", "shop.yaml", milestone, "--at", "2026-03-02"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_snapshot!(explained("contract"), @"contract (contract) was reached on 2026-02-27");
    assert_snapshot!(explained("audit"), @"
    audit (audit), status date 2026-03-02
    durations: 2 estimated, 1 overrun, 2 fixed date, 1 without estimate; d = working days
    assumptions: an error of ±20 % that all estimates share; 4 of 4 open workstreams at once from the next working day
    no risk with a probability and a delay affects open work; risks are not simulated
    due 2026-04-10; fixed date: 2026-04-10, from due dates alone
    ");
    assert_snapshot!(explained("visit"), @"
    visit (visit), status date 2026-03-02
    durations: 2 estimated, 1 overrun, 2 fixed date, 1 without estimate; d = working days
    assumptions: an error of ±20 % that all estimates share; 4 of 4 open workstreams at once from the next working day
    no risk with a probability and a delay affects open work; risks are not simulated
    due 2026-02-20, overdue; fixed date: 2026-03-02, from due dates alone

    Root of the slip: `visit`, due on 2026-02-20
    ");
    assert_snapshot!(explained("beta"), @"
    beta (beta), status date 2026-03-02
    durations: 2 estimated, 1 overrun, 2 fixed date, 1 without estimate; d = working days
    assumptions: an error of ±20 % that all estimates share; 4 of 4 open workstreams at once from the next working day
    no risk with a probability and a delay affects open work; risks are not simulated
    no due date; not forecast: needs only work without estimate

    ≥ as if these items took no time, since they have no estimate: `a/reviews`
    ");
    assert_snapshot!(explained("launch"), @"
    launch (launch), status date 2026-03-02
    durations: 2 estimated, 1 overrun, 2 fixed date, 1 without estimate; d = working days
    assumptions: an error of ±20 % that all estimates share; 4 of 4 open workstreams at once from the next working day
    no risk with a probability and a delay affects open work; risks are not simulated
    without risks: P50 ≥ 2026-03-13, P85 ≥ 2026-03-16, P95 ≥ 2026-03-18, on-time probability >99 %
    due 2026-04-10, float +21.3 d (working days, mean durations)

    Driving path                      Remaining             Finish      Criticality  P85 change if 1 week less
    a/orders                              7.7 d  estimated  2026-03-12         50 %                     -0.5 d
    Critical in some simulation runs
    a/search                              7.7 d  estimated  2026-03-12         50 %                     -0.6 d

    ≥ as if these items took no time, since they have no estimate: `a/reviews`
    ");
    assert_snapshot!(explained("go-live"), @"
    go-live (go-live), status date 2026-03-02
    durations: 2 estimated, 1 overrun, 2 fixed date, 1 without estimate; d = working days
    assumptions: an error of ±20 % that all estimates share; 4 of 4 open workstreams at once from the next working day
    no risk with a probability and a delay affects open work; risks are not simulated
    without risks: P50 2026-03-11, P85 2026-03-27, P95 2026-04-14, on-time probability <1 %
    due 2026-03-02, float -10.3 d (working days, mean durations)

    Driving path  Remaining           Finish      Criticality  P85 change if 1 week less
    a/cart           10.3 d  overrun  2026-03-17        100 %                       -5 d

    Root of the slip: `a/cart`
    Overrun: it has taken longer than its mean duration; write a new estimate: `a/cart`
    ");
}

#[test]
fn the_table_marks_rows_that_are_uncertain_in_another_way() {
    let folder = tempfile::tempdir().unwrap();
    let plan = "project: shop\nas_of: 2026-03-02\nareas:\n  a:\n    workstreams:\n      \
                cart: {estimate: 2w, needs: [supply]}\n      \
                search: {estimate: 1-2w, needs: [gate]}\n      \
                built: {complete: 100%}\n\
                milestones:\n  supply: {title: Supplier delivers}\n  gate: {title: Gate, due: 2026-02-20}\n  \
                beta: {title: Beta, due: 2026-03-28, needs: [gate]}\n  \
                launch: {title: Launch, due: 2026-03-20, needs: [a/cart]}\n  \
                found: {title: Search, due: 2026-02-27, needs: [a/search]}\n  \
                ready: {title: Ready, due: 2026-03-06, needs: [a/built]}\n";
    fs::write(folder.path().join("shop.yaml"), plan).unwrap();
    let output = run(folder.path(), &["forecast", "shop.yaml", "--at", "2026-03-02"]);
    assert_snapshot!(String::from_utf8_lossy(&output.stdout), @"
    shop (shop), status date 2026-03-02
    durations: 2 estimated, 2 fixed date, 1 without estimate; d = working days
    assumptions: an error of ±20 % that all estimates share; 2 of 2 open workstreams at once from the next working day
    no risk with a probability and a delay affects open work; risks are not simulated

    Milestone          Due         P50                                                   P85           On time  Total float  Slip root
    Gate               2026-02-20  2026-03-02                                            fixed date    overdue       -8.7 d  gate
    Search             2026-02-27  2026-03-12                                            2026-03-16    overdue       -8.7 d  gate
    Ready              2026-03-06  all that it needs is done: write `done` and its date
    Launch             2026-03-20  ≥ 2026-03-16                                          ≥ 2026-03-19     96 %       +3.8 d
    Beta               2026-03-28  2026-03-28                                            fixed date                  -8.7 d
    Supplier delivers  –           needs nothing, and has no fixed date
    Project            –           ≥ 2026-03-27                                          ≥ 2026-03-27

                                  Mar
    gate    ◆                        ●
    found                    ◆                                ●━━━━━━━━━━──
    ready                            ●         ◆
    launch                                                              ●━━━━━━━──◆
    beta                                                                                              ◆
    supply
            ◆ due   ● P50   ━ to P85   ─ to P95

    ≥ as if these items took no time, since they have no estimate: `supply`

    critical path: beta
    ");
    let output = run(folder.path(), &["forecast", "shop.yaml", "--at", "2026-03-02", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let milestones = json["milestones"].as_array().unwrap();
    let row = |id: &str| milestones.iter().find(|it| it["id"] == id).unwrap();
    let flags = |id: &str| ["overdue", "late", "needs_done"].map(|key| row(id)[key].as_bool().unwrap());
    assert_eq!([flags("gate"), flags("ready")], [[true, true, false], [false, false, true]]);
    // A Saturday: the working day before it is no forecast of the date.
    assert_eq!(row("beta")["plan"]["moments"]["p50"]["time"], "2026-03-28T23:59:59Z");
    assert_eq!(
        (&row("beta")["plan"]["p50"], &row("beta")["plan"]["p85"]),
        (&"2026-03-28".into(), &serde_json::Value::Null)
    );
}

#[test]
fn a_what_if_says_when_it_changes_nothing_or_other_estimates() {
    let notes = |change: &str| {
        let text = stdout(&["forecast", REPORT, "--at", "2026-01-27", "--what-if", change]);
        text.lines().filter(|line| line.contains("changes")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(notes("production-data-flow=done"), [""; 0]);
    assert_eq!(notes("ml/azure=2-3w"), ["no figure changes"]);
    let rate = "the new estimate also changes the days per point of 12 inferred durations from 1.07 to 1.34";
    assert_eq!(notes("ml/azure=4-6w"), [rate]);
    for change in ["ml/azure/workspace=done", "ml/azure/workspace=+1w", "ml/azure/workspace=1w"] {
        assert_eq!(notes(change), [""; 0], "{change}");
    }
}

#[test]
fn a_what_if_is_the_same_edit_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let report = fs::read_to_string(REPORT).unwrap();
    for (change, from, to) in [
        ("ml/azure=4-6w", "estimate: 2-3w", "estimate: 4-6w"),
        (
            "ml/azure/workspace=done",
            "todo: Deploy Azure ML Workspace (castiel-ml-prod-rg, eastus)",
            "done: Deploy Azure ML Workspace (castiel-ml-prod-rg, eastus)",
        ),
    ] {
        assert!(report.contains(from), "{from}");
        fs::write(folder.path().join("edited.yaml"), report.replacen(from, to, 1)).unwrap();
        let json = |output: Output| serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap();
        let options = ["--at", "2026-01-27", "--format", "json"];
        let edited = json(run(folder.path(), &[&["forecast", "edited.yaml"], &options[..]].concat()));
        let what_if = json(run(
            Path::new(env!("CARGO_MANIFEST_DIR")),
            &[&["forecast", REPORT, "--what-if", change], &options[..]].concat(),
        ));
        for key in ["milestones", "finish", "critical_path", "durations", "assumptions"] {
            assert_eq!(what_if["what_if"][key], edited[key], "{change}: {key}");
        }
        assert_ne!(what_if["milestones"], edited["milestones"], "{change}");
    }
}

#[test]
fn unknown_items_and_invalid_changes_are_errors() {
    assert_snapshot!(stderr(&["explain", REPORT, "model-live"]), @"error: unknown item `model-live` in `castiel`: did you mean `models-live`?");
    assert_snapshot!(stderr(&["explain", REPORT, "ml/azure"]), @"error: `ml/azure` is not a milestone: expected one of `azure-workspace`, `vendor-apis`, `test-coverage`, `models-live`, `security-audit`, `load-testing`, `production-deployment`, `production-data-flow`, `production-readiness`");
    assert_snapshot!(stderr(&["forecast", REPORT, "--what-if", "ml/azur=+2w"]), @"error: unknown item `ml/azur` in `castiel`: did you mean `ml/azure`?");
    assert_snapshot!(stderr(&["forecast", REPORT, "--what-if", "azure=+2w"]), @"error: unknown item `azure` in `castiel`: did you mean `ml/azure`?");
    assert_snapshot!(stderr(&["forecast", REPORT, "--what-if", "nothing-like-it=+2w"]), @"error: unknown item `nothing-like-it` in `castiel`: expected an area, `area/workstream`, `area/workstream/task` or a milestone");
    assert_snapshot!(stderr(&["forecast", REPORT, "--what-if", "ml/azure"]), @"error: invalid change `ml/azure`: expected `ITEM=+2w` (two weeks more), `ITEM=-1w` (a week less), `ITEM=4-6w` (new estimate) or `ITEM=done`");
    assert_snapshot!(stderr(&["forecast", REPORT, "--what-if", "ml/azure=+2"]), @"error: invalid change `ml/azure=+2`: invalid working time `2`: expected a number with a unit, such as `4h`, `10d`, `2w` or `3 months`");
    assert_snapshot!(stderr(&["forecast", REPORT, "--what-if", "ml=4w"]), @"error: invalid change `ml=4w`: `ml` has no estimate of its own; change its workstreams");
    assert_snapshot!(stderr(&["forecast", "examples/payments.readiness.yaml", "--what-if", "checkout/wallets/wallet-buttons-on-the-payment-page=+1w"]), @"error: invalid change `checkout/wallets/wallet-buttons-on-the-payment-page=+1w`: `checkout/wallets/wallet-buttons-on-the-payment-page` has no open work");
    assert_snapshot!(stderr(&["forecast", "no-such-file.yaml"]), @"error: no-such-file.yaml: no such file or directory");
}

#[test]
fn a_file_with_errors_is_not_forecast() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.yaml"), "project: a\ntilte: A\n").unwrap();
    let output = run(folder.path(), &["forecast", "a.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stdout).contains("did you mean `title`?"));
    assert_snapshot!(String::from_utf8_lossy(&output.stderr), @"error: cannot forecast `a.yaml`: the file has errors");
}

/// A Git repository with an uncommitted edit of a plan.
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
fn check_compares_with_git_revisions_and_files() {
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

    shop: milestones compared with `HEAD`
    changes: P50 in working days (d), on-time probability in percentage points

    Milestone   Due         P50         Change  On time  Change
    beta        2026-05-29  2026-04-13    +5 d    >99 %       0
    Shop opens  2026-04-10  2026-04-13    +5 d     44 %     -33
    ");
    assert_snapshot!(compared("old.yaml", &[]).0, @"
    1 file, no findings

    shop: milestones compared with `old.yaml`
    changes: P50 in working days (d), on-time probability in percentage points

    Milestone   Due         P50          Change  On time  Change
    beta        2026-05-29  2026-04-13  +17.4 d    >99 %       0
    Shop opens  2026-04-10  2026-04-13  +17.4 d     44 %     -56
    ");
    assert_eq!(compared("HEAD", &[]).1, Some(0));
    assert_eq!(compared("HEAD", &["--fail-if-worse", "20%"]).1, Some(1));
    assert_eq!(compared("HEAD", &["--fail-if-worse", "95"]).1, Some(0));
    assert_eq!(compared("plans/shop.yaml", &["--fail-if-worse", "0%"]).1, Some(0));
    assert_snapshot!(compared("no-such-branch", &[]).2, @"error: `no-such-branch` is neither a file nor a Git revision in `plans`");
    fs::copy(folder.path().join("old.yaml"), folder.path().join("plans/new.yaml")).unwrap();
    fs::remove_file(folder.path().join("plans/shop.yaml")).unwrap();
    assert_snapshot!(compared("HEAD", &[]).0, @"
    1 file, no findings

    `plans/new.yaml` is new: it does not exist in `HEAD`
    ");
}

#[test]
fn the_forecast_start_is_shown_if_it_is_not_the_status_date() {
    let folder = tempfile::tempdir().unwrap();
    let heading = |status_date: &str, command: &[&str]| {
        let plan = format!(
            "project: shop\n{status_date}areas: {{a: {{workstreams: {{w: {{estimate: 2w}}}}}}}}\n\
             milestones: {{launch: {{needs: [a/w]}}}}\n"
        );
        fs::write(folder.path().join("shop.yaml"), plan).unwrap();
        let output = run(folder.path(), &[command, &["--at", "2026-03-02"]].concat());
        String::from_utf8(output.stdout).unwrap().lines().next().unwrap().to_owned()
    };
    let forecast = |status_date| heading(status_date, &["forecast", "shop.yaml"]);
    assert_eq!(forecast("as_of: 2026-03-02\n"), "shop (shop), status date 2026-03-02");
    assert_eq!(forecast("as_of: 2026-02-02\n"), "shop (shop), forecast from 2026-03-02 (status date 2026-02-02)");
    assert_eq!(forecast(""), "shop (shop), forecast from 2026-03-02");
    assert_eq!(forecast("as_of: 2026-04-01\n"), "shop (shop), status date 2026-04-01", "`--at` is earlier");
    let explained = heading("as_of: 2026-02-02\n", &["explain", "shop.yaml", "launch"]);
    assert_eq!(explained, "launch (launch), forecast from 2026-03-02 (status date 2026-02-02)");
}

/// The output of `check --against` for two versions of a plan.
fn comparison(old: &str, new: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("old.yaml"), old).unwrap();
    fs::write(folder.path().join("new.yaml"), new).unwrap();
    let output = run(folder.path(), &["check", "new.yaml", "--at", "2026-03-02", "--against", "old.yaml"]);
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_milestone_with_a_new_id_is_shown_with_both_ids() {
    let plan = |id: &str| {
        format!(
            "project: shop\nmilestones:\n  {id}: {{title: Shop opens, due: 2026-04-10}}\n  \
             beta: {{title: Beta, due: 2026-04-10}}\n"
        )
    };
    assert_snapshot!(comparison(&plan("launch"), &plan("go-live")), @"
    1 file, no findings

    shop: milestones compared with `old.yaml`
    changes: P50 in working days (d), on-time probability in percentage points

    Milestone             Due         P50         Change  On time  Change
    Beta                  2026-04-10  2026-04-10     0 d
    Shop opens (go-live)  2026-04-10  2026-04-10                           new
    Shop opens (launch)   2026-04-10                                       removed
    ");
}

#[test]
fn check_reports_moved_due_dates_and_milestones_that_are_reached_or_removed() {
    let plan = |milestones: &str| {
        format!(
            "project: shop\nas_of: 2026-03-02\nareas:\n  a:\n    workstreams:\n      w: {{estimate: 2w}}\n\
             milestones:\n{milestones}"
        )
    };
    let old = "  launch: {due: 2026-04-10, needs: [a/w]}\n  beta: {due: 2026-04-10, needs: [a/w]}\n  \
               contract: {due: 2026-03-06}\n  audit: {due: 2026-04-10, needs: [a/w]}\n";
    let new = "  launch: {due: 2026-04-17, needs: [a/w]}\n  beta: {due: 2026-04-10, needs: [a/w]}\n  \
               contract: {due: 2026-03-06, done: 2026-03-02}\n  training: {needs: [a/w]}\n";
    assert_snapshot!(comparison(&plan(old), &plan(new)), @"
    1 file, no findings

    shop: milestones compared with `old.yaml`
    changes: P50 in working days (d), on-time probability in percentage points

    Milestone  Due         P50         Change  On time  Change
    beta       2026-04-10  2026-03-16     0 d    >99 %       0
    contract   2026-03-06                                       reached
    launch     2026-04-17  2026-03-16     0 d    >99 %       0  due date moved
    training               2026-03-16                           new
    audit      2026-04-10                                       removed
    ");
}

/// Runs the binary in a shell, so that its input is a pipe.
fn shell(script: &str) -> String {
    let script = script.replace("BINARY", env!("CARGO_BIN_EXE_readiness-exporter"));
    let output = Command::new("bash").args(["-c", &script]).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_command_reads_standard_input_and_pipes() {
    const FILE: &str = "examples/payments.readiness.yaml";
    let commands = [
        ("forecast --at 2027-01-04", ""),
        ("explain --at 2027-01-04", "wallets-live"),
        ("check --at 2027-01-04 --format json", ""),
    ];
    for (command, milestone) in commands {
        let expected = shell(&format!("BINARY {command} {FILE} {milestone}"));
        for input in ["- < F", "- < <(cat F)", "/dev/stdin < <(cat F)", "<(cat F)"] {
            let (path, redirect) =
                input.split_once(" < ").map_or((input, String::new()), |(path, rest)| (path, format!("< {rest}")));
            let line =
                format!("BINARY {command} {path} {milestone} {redirect}").replace("(cat F)", &format!("(cat {FILE})"));
            let found = shell(&line.replace(" F", &format!(" {FILE}")));
            if command.starts_with("check") {
                assert!(found.contains(r#""errors":0"#), "{line}: {found}");
            } else {
                assert_eq!(found, expected, "{line}");
            }
        }
    }
    let pipe = shell("cd \"$(mktemp -d)\" && mkfifo p && (echo 'project: x' > p &) && BINARY check p && rm p");
    assert_eq!(pipe, "1 file, no findings\n");
}

/// A new user writes a first plan, checks, forecasts and updates it.
#[test]
fn a_first_plan_is_checked_forecast_and_updated() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("shop");
    std::fs::create_dir(&folder).unwrap();
    let run = |arguments: &[&str]| {
        let output = run(&folder, arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(run(&["init"]).starts_with("created shop.readiness.yaml\n"));
    assert_eq!(run(&["check", "--fail-on", "warning", "."]), "1 file, no findings\n");
    let forecast = run(&["forecast", "shop.readiness.yaml"]);
    assert!(forecast.lines().any(|line| line.starts_with("Launch ") && line.contains(" %")), "{forecast}");
    assert!(!forecast.contains("overdue"), "{forecast}");
    let text = || std::fs::read_to_string(folder.join("shop.readiness.yaml")).unwrap();
    let before = text();
    run(&["set", "shop.readiness.yaml", "backend/orders/restart=done", "as_of=today"]);
    assert_eq!(text(), before.replace("todo: Orders survive", "done: Orders survive"));
    assert_eq!(run(&["init", "-"]).matches("project: project\n").count(), 1);
}
