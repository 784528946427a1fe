use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::model::resolve::items;
use crate::model::{Item, Project};
use crate::quantity::Ratio;

const PLAN: &str = "\
project: x
as_of: \"2027-01-11\" # Monday
areas:
  a:
    workstreams:
      s:
        tasks:
          - todo: One   # first
            assignee: kim

          # second
          - {\"partial\": 'Two', complete: 10%, weight: 2}
          - complete: 20%
            partial: Three
          - done: Four
            finished: 2027-01-08
          - waived: Five
            reason: none
      t: {estimate: 1w}
      u:
milestones:
  m: {needs: [a]}
";

fn day() -> AsOf {
    AsOf::Day(jiff::civil::date(2027, 1, 18))
}

fn set(text: &str, assignments: &[&str]) -> anyhow::Result<String> {
    set_all(text, &assignments.iter().map(|&it| it.to_owned()).collect::<Vec<_>>(), day())
}

/// The lines that an assignment removes and adds.
fn changes(assignment: &str) -> String {
    let after = set(PLAN, &[assignment]).unwrap();
    let diff = TextDiff::from_lines(PLAN, &after).unified_diff().context_radius(0).to_string();
    diff.lines().filter(|line| !line.starts_with("@@")).collect::<Vec<_>>().join("\n")
}

fn error(assignment: &str) -> String {
    set(PLAN, &[assignment]).unwrap_err().to_string()
}

#[test]
fn the_status_of_a_task_is_one_word() {
    insta::assert_snapshot!(changes("a/s/one=done"), @r"
    -          - todo: One   # first
    +          - done: One   # first
    ");
    insta::assert_snapshot!(changes("a/s/one=40%"), @r"
    -          - todo: One   # first
    +          - partial: One   # first
    +            complete: 40%
    ");
    insta::assert_snapshot!(changes("a/s/two=done"), @r#"
    -          - {"partial": 'Two', complete: 10%, weight: 2}
    +          - {"done": 'Two', weight: 2}
    "#);
    insta::assert_snapshot!(changes("a/s/two=43/64"), @r#"
    -          - {"partial": 'Two', complete: 10%, weight: 2}
    +          - {"partial": 'Two', complete: 43/64, weight: 2}
    "#);
    insta::assert_snapshot!(changes("a/s/three=todo"), @r"
    -          - complete: 20%
    -            partial: Three
    +          - todo: Three
    ");
    insta::assert_snapshot!(changes("a/s/four=partial"), @r"
    -          - done: Four
    -            finished: 2027-01-08
    +          - partial: Four
    ");
    assert_eq!(changes("a/s/one=100%"), changes("a/s/one=done"));
    assert_eq!(changes("a/s/two=partial") + &changes("a/s/four=done"), "", "a task keeps its completion");
}

#[test]
fn workstreams_without_tasks_have_a_completion() {
    insta::assert_snapshot!(changes("a/t=40%"), @r"
    -      t: {estimate: 1w}
    +      t: {estimate: 1w, complete: 40%}
    ");
    insta::assert_snapshot!(changes("a/u=done"), @r"
    -      u:
    +      u: {complete: 100%}
    ");
    assert_eq!(changes("a/t=todo"), "");
}

#[test]
fn milestones_and_the_status_date_have_a_day() {
    insta::assert_snapshot!(changes("m=done"), @r"
    -  m: {needs: [a]}
    +  m: {done: 2027-01-18, needs: [a]}
    ");
    insta::assert_snapshot!(changes("as_of=today"), @r#"
    -as_of: "2027-01-11" # Monday
    +as_of: "2027-01-18" # Monday
    "#);
    let done = set(PLAN, &["m=done", "as_of = 2027-01-15"]).unwrap();
    assert_eq!(set(&done, &["m=todo", "as_of=2027-01-11"]).unwrap(), PLAN);
    assert_eq!(
        set("project: x\r\nareas: {}\r\n", &["as_of=today"]).unwrap(),
        "project: x\r\nas_of: 2027-01-18\r\nareas: {}\r\n"
    );
}

#[test]
fn impossible_assignments_are_errors() {
    insta::assert_snapshot!(error("a/s/won=done"), @"unknown item `a/s/won` in `x`: did you mean `a/s/one`?");
    insta::assert_snapshot!(error("a/s=done"), @"`a/s` is as complete as its tasks: set these, for example `a/s/one=done`");
    insta::assert_snapshot!(error("a=done"), @"`a` is an area, its status is that of its workstreams: set `a/WORKSTREAM` or a task");
    insta::assert_snapshot!(error("m=40%"), @"`m` is a milestone: expected `done` or `todo`");
    insta::assert_snapshot!(error("a/t=partial"), @"`a/t` has no tasks: expected its completion, such as `a/t=40%`");
    insta::assert_snapshot!(error("a/s/five=done"), @"`a/s/five` is waived: change the status in the file, and remove the reason");
    insta::assert_snapshot!(error("a/s/one=waived"), @"invalid assignment `a/s/one=waived`: a waiver needs a reason; write it in the file");
    insta::assert_snapshot!(error("a/s/one=finished"), @"invalid assignment `a/s/one=finished`: expected `done`, `partial`, `todo` or a percentage such as `40%`");
    insta::assert_snapshot!(error("a/s/one=40"), @"invalid assignment `a/s/one=40`: invalid percentage `40`: expected a value from `0%` to `100%`, such as `40%`");
    insta::assert_snapshot!(error("a/s/one"), @"invalid assignment `a/s/one`: expected `ITEM=done`, `ITEM=partial`, `ITEM=40%`, `ITEM=todo` or `as_of=today`");
    insta::assert_snapshot!(error("as_of=soon"), @"invalid assignment `as_of=soon`: invalid date `soon`: expected a date such as `2026-04-30`");
    let broken = set("project: [\n", &["as_of=today"]).unwrap_err().to_string();
    assert_eq!(broken, "the file is not valid YAML; `readiness-exporter check` shows the errors");
}

#[test]
fn an_edit_that_changes_another_item_is_refused() {
    let alias = "project: x\nareas:\n  a:\n    workstreams:\n      s: &s {complete: 10%}\n      t: *s\n";
    for item in ["a/s", "a/t"] {
        let error = set(alias, &[&format!("{item}=40%")]).unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "cannot set `{item}`: other values of the file would change; nothing is written, edit the file instead"
            )
        );
    }
    let pair = "project: x\nareas: {a: {workstreams: {s: {tasks: [todo: One, todo: Two]}}}}\n";
    assert_eq!(set(pair, &["a/s/one=done"]).unwrap(), pair.replacen("todo", "done", 1));
    assert!(set(pair, &["a/s/one=40%"]).unwrap_err().to_string().starts_with("cannot set `a/s/one`: "));
}

#[test]
fn a_file_with_errors_is_edited_unless_the_edit_adds_one() {
    let text = PLAN.replace("weight: 2", "wieght: 2");
    assert_eq!(set(&text, &["a/s/one=done"]).unwrap(), text.replacen("todo", "done", 1));
    let text = PLAN.replace("    assignee", "    done: Uno\n            assignee");
    assert!(set(&text, &["a/s/one=partial"]).is_err());
}

fn write(path: &Path, assignment: &str, dry_run: bool) -> (anyhow::Result<()>, String, String) {
    let options = SetOptions {
        path: path.to_owned(),
        assignments: vec![assignment.to_owned()],
        as_of: day(),
        dry_run,
        colour: false,
        limits: ReadLimits::default(),
    };
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let result = run(&options, &mut out, &mut notes);
    let shown = |bytes| String::from_utf8(bytes).unwrap().replace(&path.display().to_string(), "FILE");
    (result, shown(out), shown(notes))
}

#[test]
fn a_file_is_replaced_through_its_link_with_its_permissions_and_its_mark() {
    let directory = tempfile::tempdir().unwrap();
    let (file, link) = (directory.path().join("plan"), directory.path().join("link.yaml"));
    let text = format!("{BYTE_ORDER_MARK}{}", PLAN.replace('\n', "\r\n"));
    fs::write(&file, &text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("plan", &link).unwrap();
    let (result, out, notes) = write(&link, "a/s/one=done", true);
    result.unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), text, "a dry run writes nothing");
    insta::assert_snapshot!(out.replace("\\r", ""), @r"
    --- FILE
    +++ FILE
    @@ -7,3 +7,3 @@
             tasks:
    -          - todo: One   # first
    +          - done: One   # first
                 assignee: kim
    ");
    assert_eq!(notes, "");
    assert_eq!(write(&link, "a/s/one=done", false).1, out);
    assert_eq!(fs::read_to_string(&file).unwrap(), text.replacen("todo", "done", 1));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(link.is_symlink());
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2, "no temporary file is left");
    assert_eq!(write(&link, "a/s/one=done", false).1, "FILE: already set, nothing changed\n");
}

#[test]
fn new_warnings_are_reported() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("plan.yaml");
    fs::write(&file, PLAN).unwrap();
    let (result, _, notes) = write(&file, "a/s/one=95%", false);
    result.unwrap();
    assert!(notes.starts_with("warning[partial_above_limit]"), "{notes}");
    assert!(write(&file, "a/s/one=94%", false).2.contains("94 %"), "the message is a new one");
}

#[test]
fn a_file_that_changed_meanwhile_is_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("plan.yaml");
    fs::write(&file, "new").unwrap();
    assert!(replace::replace(&file, b"old", b"mine").is_err());
    assert_eq!(fs::read_to_string(&file).unwrap(), "new");
    let error = write(Path::new("-"), "a=done", false).0.unwrap_err().to_string();
    assert_eq!(error, "`set` changes a file in place: expected a file, found `-`");
}

/// The valid files of the repository.
fn files() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["examples", "tests/corpus/good"];
    let entries = folders.iter().flat_map(|folder| fs::read_dir(root.join(folder)).unwrap());
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|it| it == "yaml"));
    paths.sort();
    let texts = paths.iter().map(|path| fs::read_to_string(path).unwrap());
    let texts = texts.map(|text| text.trim_start_matches(BYTE_ORDER_MARK).to_owned());
    // Only files that can be edited.
    texts.filter(|text| project(text).is_some_and(|project| !items(&project).is_empty())).collect()
}

fn project(text: &str) -> Option<Project> {
    Some(day().load(text).0.plan?.project)
}

/// The lines of `before` that are changed or removed, and the lines of `after` that are new.
fn changed_lines(before: &str, after: &str) -> (Vec<String>, Vec<String>) {
    let diff = TextDiff::from_lines(before, after);
    let lines = |tag| {
        let changes = diff.iter_all_changes().filter(move |change| change.tag() == tag);
        changes.map(|change| change.value().to_owned()).collect()
    };
    (lines(similar::ChangeTag::Delete), lines(similar::ChangeTag::Insert))
}

/// The status of every item.
fn statuses(project: &Project) -> Vec<String> {
    let tasks = project.tasks().map(|(_, task)| format!("{:?}", task.status));
    let streams = project.workstreams().map(|(.., stream)| format!("{:?}", stream.complete));
    let milestones = project.milestones.iter().map(|milestone| format!("{:?}", milestone.done));
    tasks.chain(streams).chain(milestones).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 200 } else { 2000 }))]

    /// An edit changes the status of one item, and at most three lines: its status, `complete` and `finished`.
    #[test]
    fn an_edit_changes_only_the_lines_of_its_item(file: Index, item: Index, percent in 1..100_u8, status in 0..4_usize) {
        let files = files();
        let before = file.get(&files);
        let old = project(before).unwrap();
        let items: Vec<(String, Item)> = items(&old).into_iter().collect();
        let (path, item) = item.get(&items);
        let status = ["done".to_owned(), "todo".to_owned(), "partial".to_owned(), format!("{percent}%")][status].clone();
        let Ok(after) = set(before, &[&format!("{path}={status}")]) else {
            let has_tasks = |area, index| !old.workstream(area, index).tasks.is_empty();
            let is_refused = match *item {
                Item::Area(_) => true,
                Item::Workstream(area, index) => has_tasks(area, index) || status == "partial",
                Item::Task(index) => old.task(index).unwrap().status.name() == "waived",
                Item::Milestone(_) => status == "partial" || status.ends_with('%'),
            };
            prop_assert!(is_refused, "{path}={status} is refused in\n{before}");
            return Ok(());
        };
        let new = project(&after).unwrap();
        let (removed, added) = changed_lines(before, &after);
        prop_assert!(removed.len() <= 3 && added.len() <= 2, "{removed:?} {added:?}");
        let changed = statuses(&old).iter().zip(statuses(&new)).filter(|(old, new)| *old != new).count();
        prop_assert!(changed <= 1, "{path}={status}: {removed:?} {added:?}");
        let found = match *item {
            Item::Task(index) => match &new.task(index).unwrap().status {
                crate::model::Status::Partial(Some(ratio)) if status.ends_with('%') => format!("{:.0}%", ratio.get() * 100.0),
                other => other.name().to_owned(),
            },
            Item::Workstream(area, index) => match new.workstream(area, index).complete.map_or(0.0, Ratio::get) {
                0.0 => "todo".to_owned(),
                1.0 => "done".to_owned(),
                ratio => format!("{:.0}%", ratio * 100.0),
            },
            Item::Milestone(index) => if new.milestones[index].done.is_some() { "done" } else { "todo" }.to_owned(),
            Item::Area(_) => unreachable!(),
        };
        prop_assert_eq!(found, status);
    }
}
