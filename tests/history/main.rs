//! Ninety days in the life of the example, as `OpenMetrics`: what a Prometheus beside it would have kept.
//!
//!     cargo run --release --example history -- [--days N] [--step SECONDS] [--until END] [--project ID] [--mended false] [--file LAST] > history.om
//!     promtool tsdb create-blocks-from openmetrics history.om data
//!
//! A real project edits its file, and so does this one: `story` tells when and how. The exporter's own code
//! reads each version at each moment; nothing here makes up a metric.

mod story;

use std::fmt::Write as _;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use jiff::{SignedDuration, Timestamp};
use readiness_exporter::metrics::body::Encoding;
use readiness_exporter::metrics::self_metrics::{ExporterMetrics, SelfMetrics};
use readiness_exporter::snapshot::store::{Store, StoreOptions};
use readiness_exporter::source::scan::scan;

use crate::story::{Event, Story};

/// The example's project.
const EXAMPLE: &str = "castiel";

/// How much is written, and for when.
struct Arguments {
    days: i64,
    step: Duration,
    /// When the history ends: it is moved by whole weeks, and so begins up to six days earlier.
    until: Option<Timestamp>,
    /// Another id than the example's, for a second project.
    project: Option<String>,
    /// Whether people make up for the slip of the workspace.
    is_mended: bool,
    /// Where the file goes as it is in the end.
    file: Option<PathBuf>,
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let mut arguments =
            Self { days: 90, step: Duration::from_mins(5), until: None, project: None, is_mended: true, file: None };
        while let Some(word) = words.next() {
            let value = words.next().with_context(|| format!("{word} has no value"))?;
            match word.as_str() {
                "--days" => arguments.days = value.parse()?,
                "--step" => arguments.step = Duration::from_secs(value.parse()?),
                "--until" => arguments.until = Some(value.parse()?),
                "--project" => arguments.project = Some(value),
                "--mended" => arguments.is_mended = value.parse()?,
                "--file" => arguments.file = Some(value.into()),
                _ => bail!("`{word}` is none of --days, --step, --until, --project, --mended and --file"),
            }
        }
        Ok(arguments)
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    let story = Story::of_the_example(arguments.until, arguments.days, arguments.is_mended)?;
    let folder = tempfile::tempdir()?;
    let mut history = History::new(folder.path(), arguments.project, BufWriter::new(std::io::stdout().lock()))?;
    let mut events = story.events.iter().peekable();
    let end = arguments.until.unwrap_or(story.start + SignedDuration::from_hours(24 * arguments.days));
    let mut now = story.start;
    while now < end {
        while let Some((_, event)) = events.next_if(|(at, _)| *at <= now) {
            history.take(event)?;
        }
        history.sample(now)?;
        now += arguments.step;
    }
    if let Some(file) = arguments.file {
        std::fs::copy(&history.file, file)?;
    }
    history.finish()
}

/// What was written so far, and what goes on.
struct History<W> {
    file: PathBuf,
    project: String,
    store: Store,
    /// The exporter's own metrics, which tell nothing of the past.
    own: String,
    /// The names of the pods that run.
    pod: String,
    is_up: bool,
    out: W,
}

impl<W: Write> History<W> {
    fn new(folder: &Path, project: Option<String>, out: W) -> Result<Self> {
        let own = String::from_utf8(SelfMetrics::new(ExporterMetrics::Enabled)?.text())?;
        let is_told = |line: &&str| {
            ["readiness_exporter_build_info", "readiness_exporter_missing_paths"].iter().any(|it| line.starts_with(it))
        };
        let own = own.lines().filter(is_told).fold(String::new(), |own, line| own + line + "\n");
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

    fn take(&mut self, event: &Event) -> Result<()> {
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

    /// Writes what a scrape at `now` would have found.
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
        let page = String::from_utf8(update.snapshot.exposition.body(Encoding::Identity).chunks.concat())?;
        let mut text = String::with_capacity(page.len() * 2);
        for line in page.lines().chain(self.own.lines()).filter(|line| !line.starts_with('#')) {
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
