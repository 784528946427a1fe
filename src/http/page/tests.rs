//! The whole page.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::civil::Date;

use crate::finding::{Finding, Kind, NodePath};
use crate::http::page::{MAX_ENTRIES, render};
use crate::model::completion::TaskCounts;
use crate::name::Priority;
use crate::quantity::Ratio;
use crate::schedule::summary::{AreaSummary, MilestoneSummary, Outlook, Summary};
use crate::snapshot::{FileReport, Snapshot};
use crate::span::Position;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn project(id: &str, title: &str, earned: f64) -> Summary {
    Summary {
        id: id.into(),
        title: title.into(),
        status: Some("in progress".into()),
        link: Some("https://example.com/plan?a=1&b=2".into()),
        as_of: Some(day("2026-01-27")),
        target: Some(day("2026-04-30")),
        next_review: Some(day("2026-02-07")),
        earned: Some(Ratio::clamped(earned)),
        reported: Some(Ratio::clamped(0.3)),
        tolerance: Ratio::clamped(0.03),
        tasks: TaskCounts { done: 2, partial: 1, todo: 1, waived: 0 },
        areas: vec![AreaSummary {
            title: "Deployment".into(),
            priority: Some(Priority::Critical),
            owner: Some("Ana <a>".into()),
            link: None,
            earned: Some(Ratio::clamped(earned)),
            reported: Some(Ratio::clamped(0.3)),
        }],
        milestones: vec![
            MilestoneSummary {
                title: "Audit".into(),
                owner: Some("Security".into()),
                link: Some("https://example.com/audit".into()),
                due: Some(day("2026-02-10")),
                done: None,
                completion: Ratio::clamped(0.5),
                forecast: Some(Outlook {
                    p85: day("2026-02-16"),
                    is_fixed: false,
                    on_time: Some(0.23),
                    is_overdue: false,
                    is_late: true,
                }),
            },
            MilestoneSummary {
                title: "Kick-off".into(),
                owner: None,
                link: None,
                due: None,
                done: Some(day("2026-01-05")),
                completion: Ratio::ONE,
                forecast: None,
            },
        ],
    }
}

fn report(path: &str, project: Option<Summary>) -> FileReport {
    FileReport {
        path: PathBuf::from(path),
        up: true,
        findings: [].into(),
        project: project.map(Arc::new),
        loaded_at: Some("2026-02-11T10:00:00Z".parse().unwrap()),
    }
}

fn page(files: Vec<FileReport>, missing: &[&str]) -> String {
    let files = files.into_iter().map(Arc::new).collect();
    let snapshot = Snapshot { files, missing: missing.iter().map(PathBuf::from).collect(), ..Snapshot::default() };
    render(Some(&snapshot), "/metrics", "2026-02-12T12:00:00Z".parse().unwrap())
}

/// The page without its style, with one line per block element.
fn lines(page: &str) -> String {
    let body = page.split_once("<body>").unwrap().1;
    ["<p", "<li", "<h2", "<h3", "<section", "<div", "<article", "<footer", "<dl", "<tr"]
        .iter()
        .fold(body.to_owned(), |text, tag| text.replace(tag, &format!("\n{tag}")))
}

#[test]
fn a_page_of_one_project() {
    let mut file = report("plan.yaml", Some(project("castiel", "Castiel", 0.25)));
    let finding = Finding::new(Kind::PointsMismatch, NodePath::root(), "`75` points are open, `70%` is reported");
    file.findings = [(finding.help("change the points"), Some(Position { line: 12, column: 5 }))].into();
    insta::assert_snapshot!(lines(&page(vec![file], &["later.yaml"])), @r##"
    <main><header class="top"><h1>Production readiness</h1>
    <p>1 project from 1 file · <a class="bad" href="#files">✕ 1 path missing</a></p></header>
    <p class="legend"><span><span class="bar key"><span class="fill"></span></span> earned: calculated from tasks and points</span> <span><span class="bar key"><span class="mark"></span></span> reported: as stated in the file</span></p>
    <article id="project-castiel" aria-labelledby="project-castiel-title"><header>
    <h2 id="project-castiel-title"><a href="https://example.com/plan?a=1&amp;b=2" rel="noreferrer"><bdi>Castiel</bdi></a></h2>
    <p class="id"><code><bdi>castiel</bdi></code> <span class="chip"><bdi>in progress</bdi></span></p></header>
    <div class="overall">
    <p class="figures"><span><b>25 %</b> earned</span><span><b>30 %</b> reported</span></p><span class="bar" role="img" aria-label="25 % earned, 30 % reported"><span class="fill" style="width:25%"></span><span class="mark" style="left:30%"></span></span><span class="gap bad">▲ reported 5 points above earned</span></div>
    <dl class="facts">
    <div><dt>Target</dt><dd><time datetime="2026-04-30">30 Apr 2026</time> <span class="quiet">77 days left</span></dd></div>
    <div><dt>Next review</dt><dd><time datetime="2026-02-07">7 Feb 2026</time> <span class="bad">⚠ 5 days overdue</span></dd></div>
    <div><dt>Status date</dt><dd><time datetime="2026-01-27">27 Jan 2026</time> <span>16 days ago</span></dd></div></dl>
    <div class="columns">
    <section>
    <h3>Areas</h3><ul class="areas">
    <li><span class="name"><bdi>Deployment</bdi> <span class="owner"><bdi>Ana &lt;a&gt;</bdi></span> <span class="priority critical">critical</span></span><span class="bar" role="img" aria-label="25 % earned, 30 % reported"><span class="fill" style="width:25%"></span><span class="mark" style="left:30%"></span></span><span class="figures"><span><b>25 %</b> earned</span><span><b>30 %</b> reported</span></span><span class="gap bad">▲ reported 5 points above earned</span></li></ul>
    <h3>Tasks</h3><span class="stack" aria-hidden="true"><span class="done" style="flex-grow:2"></span><span class="partial" style="flex-grow:1"></span><span class="todo" style="flex-grow:1"></span></span><ul class="counts">
    <li><span class="swatch done"></span><b>2</b> done</li>
    <li><span class="swatch partial"></span><b>1</b> partial</li>
    <li><span class="swatch todo"></span><b>1</b> to do</li></ul></section>
    <section>
    <h3>Milestones</h3><ul class="milestones">
    <li><span class="name"><a href="https://example.com/audit" rel="noreferrer"><bdi>Audit</bdi></a> <span class="owner"><bdi>Security</bdi></span></span><span class="complete">50 %</span><span class="when"><time datetime="2026-02-10">10 Feb 2026</time> <span class="bad">⚠ 2 days overdue</span></span><span class="forecast late">▲ P85 <time datetime="2026-02-16">16 Feb 2026</time>, on-time probability 23 %</span></li></ul>
    <p class="quiet">✓ 1 milestone reached</p></section></div></article>
    <section class="files" id="files">
    <h2>Files</h2><ul class="list">
    <li>
    <p class="file"><code>later.yaml</code> <span class="bad">✕ not found</span> <span class="quiet">loaded when it is created</span></p></li>
    <li>
    <p class="file"><code>plan.yaml</code> <span class="good">✓ served</span> <span class="quiet">1 warning</span> <span class="quiet">loaded <time datetime="2026-02-11T10:00:00Z">11 Feb 2026, 10:00 UTC</time></span></p><details><summary>1 finding</summary><ul class="findings">
    <li><span class="warn">⚠ warning</span> <span class="at">12:5</span> <span class="message"><code><bdi>75</bdi></code> points are open, <code><bdi>70%</bdi></code> is reported<span class="help">change the points</span></span></li></ul></details></li></ul></section></main>
    <footer><nav><a href="/metrics">Metrics</a><a href="/-/healthy">Health</a></nav>
    <p>readiness-exporter 0.1.0 · generated 12 Feb 2026, 12:00 UTC</p></footer></body></html>
    "##);
}

#[test]
fn html_in_texts_is_escaped() {
    let bad = "\"><script>alert(1)</script><b onmouseover='x'>";
    let mut project = project("castiel", bad, 0.5);
    project.status = Some(bad.into());
    project.areas[0].title = bad.into();
    project.milestones[0].title = bad.into();
    let mut file = report(bad, Some(project));
    file.findings = [(Finding::new(Kind::Syntax, NodePath::root(), format!("no `{bad}`")).help(bad), None)].into();
    file.up = false;
    let other = report("other.yaml", Some(self::project("other", bad, 0.1)));
    let snapshot = Snapshot {
        files: vec![Arc::new(file), Arc::new(other)],
        missing: vec![format!("{bad}.yaml").into()],
        ..Snapshot::default()
    };
    let page = render(Some(&snapshot), "/\"><script>", "2026-02-12T12:00:00Z".parse().unwrap());
    assert!(!page.contains("<script") && !page.contains("<b on"), "{page}");
    let escaped = "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;b onmouseover='x'&gt;";
    assert_eq!((page.matches(escaped).count(), page.matches("alert(1)").count()), (12, 12));
    // Single quotes are not escaped, so no attribute may be delimited by them.
    assert!(!page.replace(escaped, "").contains('\''), "{page}");
}

#[test]
fn projects_of_invalid_files_come_first_then_the_least_complete() {
    let mut broken = report("c.yaml", Some(project("broken", "Broken", 0.9)));
    broken.up = false;
    let files = vec![
        report("a.yaml", Some(project("most", "Most", 0.8))),
        report("b.yaml", Some(project("least", "Least", 0.1))),
        broken,
    ];
    let page = page(files, &[]);
    let order: Vec<&str> =
        page.match_indices("<h2 id=\"project-").map(|(at, start)| &page[at + start.len()..][..5]).collect();
    assert_eq!(order, ["broke", "least", "most-"]);
    assert!(page.contains("✕ 1\u{a0}file with errors"));
}

#[test]
fn a_page_of_ten_thousand_projects_is_bounded() {
    let finding = || (Finding::new(Kind::BadValue, NodePath::root(), "no"), None);
    let files = (0..10_000).map(|number| {
        let mut file = report(&format!("{number}.yaml"), Some(project(&format!("p{number}"), "A project", 0.5)));
        file.findings = (0..100).map(|_| finding()).collect();
        file
    });
    let page = page(files.collect(), &[]);
    assert_eq!(page.matches("<article").count(), MAX_ENTRIES);
    assert!(page.contains("9900\u{a0}more projects not shown") && page.contains("9900\u{a0}more files not shown"));
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
}

#[test]
fn the_page_before_files_are_loaded_and_without_files() {
    let now = "2026-02-12T12:00:00Z".parse().unwrap();
    assert!(render(None, "/metrics", now).contains("Loading files."));
    assert!(page(Vec::new(), &[]).contains("No <code>.yaml</code> or <code>.yml</code> files found."));
}

#[test]
fn the_gap_warning_uses_the_tolerance_of_the_project() {
    let page_with = |tolerance| {
        let summary = Summary { tolerance: Ratio::clamped(tolerance), ..project("castiel", "Castiel", 0.25) };
        page(vec![report("plan.yaml", Some(summary))], &[])
    };
    assert_eq!(page_with(0.04).matches("points above earned").count(), 2, "the project and its area");
    assert_eq!(page_with(0.05).matches("above earned").count(), 0);
}
