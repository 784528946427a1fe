//! Log lines as Prometheus' exporters write them: `time=… level=INFO msg="…" key=value`.

use std::fmt;
use std::str::FromStr;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::clock;

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogEncoding {
    /// `key=value` pairs.
    Logfmt,
    /// One JSON object a line.
    Json,
}

/// Writes log lines of at least `level` to standard error from now on.
///
/// Only the first call of a process counts.
pub fn init(level: tracing::Level, format: LogEncoding) {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .event_format(Lines(format))
        .finish();
    // A second subscriber is refused, and the first goes on.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

struct Lines(LogEncoding);

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = Line::default();
        event.record(&mut line);
        let level = event.metadata().level().as_str();
        let time = format!("{:.3}", clock::now());
        match self.0 {
            LogEncoding::Logfmt => write!(out, "{}", line.logfmt(&time, level))?,
            LogEncoding::Json => write!(out, "{}", line.json(&time, level))?,
        }
        writeln!(out)
    }
}

/// What an event says.
#[derive(Debug, Default)]
struct Line {
    message: String,
    fields: Vec<(&'static str, String)>,
}

impl Line {
    fn logfmt(&self, time: &str, level: &str) -> String {
        let mut line = format!("time={time} level={level} msg={}", quoted(&self.message));
        for (key, value) in &self.fields {
            line.push_str(&format_args!(" {key}={}", quoted(value)).to_string());
        }
        line
    }

    fn json(&self, time: &str, level: &str) -> serde_json::Value {
        let mut object = serde_json::Map::new();
        let fields = self.fields.iter().map(|(key, value)| (*key, value.as_str()));
        for (key, value) in [("time", time), ("level", level), ("msg", &self.message)].into_iter().chain(fields) {
            object.insert(key.to_owned(), value.into());
        }
        object.into()
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.fields.push((field.name(), value.to_owned()));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

/// A value as it stands, or in quotes where it would fall apart.
fn quoted(value: &str) -> String {
    let plain = !value.is_empty() && !value.contains(|letter: char| letter.is_whitespace() || "\"=\\".contains(letter));
    if plain && !value.contains(char::is_control) { value.to_owned() } else { format!("{value:?}") }
}

impl FromStr for LogEncoding {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "logfmt" => Ok(Self::Logfmt),
            "json" => Ok(Self::Json),
            _ => Err(format!("expected `logfmt` or `json`, found `{text}`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_as_other_exporters_write_it() {
        let line = Line { message: "file loaded".into(), fields: vec![("file", "a b.yaml".into()), ("n", "3".into())] };
        assert_eq!(line.logfmt("T", "INFO"), r#"time=T level=INFO msg="file loaded" file="a b.yaml" n=3"#);
        let json = r#"{"file":"a b.yaml","level":"INFO","msg":"file loaded","n":"3","time":"T"}"#;
        assert_eq!(line.json("T", "INFO").to_string(), json);
    }
}
