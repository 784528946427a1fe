//! Time and memory of an exposition with a million series: built at once, and updated.
//!
//! `cargo bench --bench metrics`. Each file has a hundred series of about 120 bytes, like a project
//! with twenty tasks.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use readiness_exporter::clock;
use readiness_exporter::metrics::body::Encoding;
use readiness_exporter::metrics::exposition::{Exposition, FragmentUpdate};
use readiness_exporter::metrics::text::{Fragment, FragmentBuilder};
use readiness_exporter::metrics::{label, series};

const FILES: usize = 10_000;

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "at the start: {}", memory())?;

    let changes = (0..FILES).map(|file| change(file, 1)).collect();
    let (took, mut exposition) = timed(|| Exposition::default().update(changes));
    writeln!(
        out,
        "exposition of {} series in {} files: {took:?}, {}",
        exposition.series(),
        exposition.files(),
        memory()
    )?;
    for encoding in [Encoding::Gzip, Encoding::Identity] {
        let (took, body) = timed(|| exposition.body(encoding));
        let (length, chunks) = (body.length, body.chunks.len());
        writeln!(out, "{encoding:?}: {length} bytes in {chunks} chunks: {took:?}, {}", memory())?;
    }

    for (files, rounds) in [(1, 200), (10, 50), (1000, 5)] {
        let (mut update, mut body) = (Duration::ZERO, Duration::ZERO);
        for round in 0..rounds {
            let batch = (0..files).map(|file| change((file * 7 + round) % FILES, round + 2)).collect();
            let (took, next) = timed(|| exposition.update(batch));
            update += took;
            body += timed(|| next.body(Encoding::Gzip)).0;
            exposition = next;
        }
        let rounds = u32::try_from(rounds).unwrap_or(u32::MAX);
        writeln!(out, "{files} files changed: {:?}, gzip put together: {:?}", update / rounds, body / rounds)?;
    }
    writeln!(out, "at the end: {}", memory())
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = clock::instant();
    let result = work();
    (start.elapsed(), result)
}

fn change(file: usize, version: usize) -> FragmentUpdate<'static> {
    let path = format!("/plans/project-{file:05}.readiness.yaml");
    FragmentUpdate::replace(Path::new(&path).into(), move || fragment(file, version))
}

fn fragment(file: usize, version: usize) -> Fragment {
    let mut builder = FragmentBuilder::default();
    let id = format!("project-{file:05}");
    let (project, path, title) =
        (label::Project(&id), format!("/plans/{id}.readiness.yaml"), format!("Project number {file}"));
    builder.sample(series::ProjectInfo(project, label::Title(&title), label::Status("in progress")), 1.0);
    builder.sample(series::ProjectCompletion(project, label::Method("earned")), share(version, 97));
    builder.sample(series::FileUp(label::File(&path)), 1.0);
    for number in 0..20 {
        let area = label::Area(["testing", "deployment"][number % 2]);
        let workstream = label::Workstream(["infrastructure", "monitoring"][number / 10]);
        let (name, title) = (format!("task-number-{number}"), format!("Do what task {number} says, and say so"));
        let (task, assignee, status) = (label::Task(&name), label::Assignee("kim"), label::Status("partial"));
        builder.sample(series::TaskInfo(project, area, workstream, task, label::Title(&title), assignee, status), 1.0);
        builder.sample(series::TaskCompletion(project, area, workstream, task), share(number + version, 20));
        builder.sample(series::TaskDue(project, area, workstream, task), 1_777_593_600.0);
        for bound in ["optimistic", "pessimistic"] {
            builder.sample(series::TaskEstimate(project, area, workstream, task, label::Bound(bound)), 432_000.0);
        }
    }
    builder.finish()
}

fn share(part: usize, whole: u32) -> f64 {
    f64::from(u32::try_from(part).unwrap_or(0) % whole) / f64::from(whole)
}

/// Current and peak memory of the process; empty if there is no `/proc`.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let lines = status.lines().filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"));
    lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join(", ")
}
