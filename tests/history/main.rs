//! Ninety days of samples of the example, as `OpenMetrics`.
//!
//!     cargo run --release --example history -- [--days N] [--step SECONDS] [--until END] [--project ID] [--recovers false] [--file LAST] > history.om
//!     promtool tsdb create-blocks-from openmetrics history.om data
//!
//! `story` contains the edits of the file, with their times. The exporter's own code reads each version of the file, so
//! all metrics are real.

mod story;

use std::fmt::Write as _;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use jiff::{SignedDuration, Timestamp};
use readiness_exporter::metrics::body::Encoding;
use readiness_exporter::metrics::self_metrics::{ExporterMetrics, SelfMetrics};
use readiness_exporter::snapshot::StoreOptions;
use readiness_exporter::snapshot::store::Store;
use readiness_exporter::source::scan::scan;

use crate::story::{Event, Story};

const EXAMPLE: &str = "castiel";

struct Arguments {
    days: i64,
    step: Duration,
    /// End of the history. Dates are shifted by whole weeks, so the history starts up to 6 days earlier.
    until: Option<Timestamp>,
    /// Id of the project. Default: that of the example.
    project: Option<String>,
    /// Whether the project recovers from the slip of the workspace.
    recovers: bool,
    /// Destination of the final content of the readiness file.
    file: Option<PathBuf>,
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let mut arguments =
            Self { days: 90, step: Duration::from_mins(5), until: None, project: None, recovers: true, file: None };
        while let Some(word) = words.next() {
            let value = words.next().with_context(|| format!("{word} has no value"))?;
            match word.as_str() {
                "--days" => arguments.days = value.parse()?,
                "--step" => arguments.step = Duration::from_secs(value.parse()?),
                "--until" => arguments.until = Some(value.parse()?),
                "--project" => arguments.project = Some(value),
                "--recovers" => arguments.recovers = value.parse()?,
                "--file" => arguments.file = Some(value.into()),
                _ => bail!("unknown flag `{word}`: expected --days, --step, --until, --project, --recovers or --file"),
            }
        }
        Ok(arguments)
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    let story = Story::from_example(arguments.until, arguments.days, arguments.recovers)?;
    let folder = tempfile::tempdir()?;
    let mut history = History::new(folder.path(), arguments.project, BufWriter::new(std::io::stdout().lock()))?;
    let mut events = story.events.iter().peekable();
    let end = arguments.until.unwrap_or(story.start + SignedDuration::from_hours(24 * arguments.days));
    let mut now = story.start;
    while now < end {
        while let Some((_, event)) = events.next_if(|(at, _)| *at <= now) {
            history.apply(event)?;
        }
        history.sample(now)?;
        now += arguments.step;
    }
    if let Some(file) = arguments.file {
        std::fs::copy(&history.file, file)?;
    }
    history.finish()
}

/// State of the simulated exporter, and the output.
struct History<W> {
    file: PathBuf,
    project: String,
    store: Store,
    /// Constant metrics of the exporter.
    own: String,
    /// Name of the running pod.
    pod: String,
    is_up: bool,
    out: W,
}

impl<W: Write> History<W> {
    fn new(folder: &Path, project: Option<String>, out: W) -> Result<Self> {
        let own = String::from_utf8(SelfMetrics::new(ExporterMetrics::Enabled)?.text())?;
        let is_constant = |line: &&str| {
            ["readiness_exporter_build_info", "readiness_exporter_missing_paths"].iter().any(|it| line.starts_with(it))
        };
        let own = own.lines().filter(is_constant).fold(String::new(), |own, line| own + line + "\n");
        let options = StoreOptions::default();
        let project = project.unwrap_or_else(|| EXAMPLE.to_owned());
        let file = folder.join(format!("{project}.readiness.yaml"));
        Ok(Self {
            file,
            project,
            store: Store::new(options),
            own,
            pod: "readiness-exporter-0".to_owned(),
            is_up: true,
            out,
        })
    }

    fn apply(&mut self, event: &Event) -> Result<()> {
        match event {
            Event::Written(text) => {
                let old = format!("\nproject: {EXAMPLE}\n");
                std::fs::write(&self.file, text.replacen(&old, &format!("\nproject: {}\n", self.project), 1))?;
            }
            Event::Down => self.is_up = false,
            Event::Up => self.is_up = true,
            Event::Replaced(pod) => self.pod.clone_from(pod),
        }
        Ok(())
    }

    /// Writes the samples of a scrape at `now`.
    fn sample(&mut self, now: Timestamp) -> Result<()> {
        let target =
            format!("namespace=\"monitoring\",job=\"readiness-exporter\",pod=\"{0}\",instance=\"{0}:20430\"", self.pod);
        let second = now.as_second();
        writeln!(self.out, "up{{{target}}} {} {second}", u8::from(self.is_up))?;
        if !self.is_up {
            return Ok(());
        }
        let update = self.store.update(&scan(std::slice::from_ref(&self.file)), now);
        let folder = self.file.parent().map(|it| format!("{}/", it.display())).unwrap_or_default();
        let exposition = String::from_utf8(update.snapshot.exposition.body(Encoding::Identity).chunks.concat())?;
        let mut text = String::with_capacity(exposition.len() * 2);
        for line in exposition.lines().chain(self.own.lines()).filter(|line| !line.starts_with('#')) {
            let end = line.find(['{', ' ']).unwrap_or(line.len());
            let (name, rest) = line.split_at(end);
            let rest = match rest.strip_prefix('{') {
                Some(labels) => format!(",{}", labels.replacen(&folder, "", 1)),
                None => format!("}}{rest}"),
            };
            writeln!(text, "{name}{{{target}{rest} {second}")?;
        }
        Ok(self.out.write_all(text.as_bytes())?)
    }

    fn finish(mut self) -> Result<()> {
        writeln!(self.out, "# EOF")?;
        Ok(self.out.flush()?)
    }
}
