//! Log lines in the two formats of Prometheus' exporters, `--log.format=logfmt` and `json`.
//!
//! Both follow the handlers of Go's `log/slog`: `TextHandler`, which quotes with `strconv.Quote`,
//! and `JSONHandler`, which writes numbers and booleans as JSON values.

use std::fmt;
use std::fmt::Write as _;

use serde::Serializer as _;
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::clock;

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogEncoding {
    /// `key=value` pairs.
    Logfmt,
    /// One JSON object per line.
    Json,
}

/// Logs events of `level` and above to standard error.
///
/// Only the first call in a process has an effect.
pub(crate) fn init(level: tracing::Level, format: LogEncoding) {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .event_format(LineFormatter(format))
        .finish();
    let _ = tracing::subscriber::set_global_default(subscriber);
}

struct LineFormatter(LogEncoding);

impl<S, N> FormatEvent<S, N> for LineFormatter
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = LogLine::default();
        event.record(&mut line);
        let level = event.metadata().level().as_str();
        let time = format!("{:.3}", clock::now());
        let text = match self.0 {
            LogEncoding::Logfmt => line.logfmt(&time, level),
            LogEncoding::Json => line.json(&time, level),
        };
        writeln!(out, "{text}")
    }
}

#[derive(Debug, Default)]
struct LogLine {
    message: String,
    /// Strings, numbers and booleans.
    fields: Vec<(&'static str, Value)>,
}

impl LogLine {
    fn logfmt(&self, time: &str, level: &str) -> String {
        let mut line = format!("time={time} level={level} msg={}", quoted_if_needed(&self.message));
        for (key, value) in &self.fields {
            // Writing to a string can't fail.
            let _ = match value {
                Value::String(text) => write!(line, " {key}={}", quoted_if_needed(text)),
                value => write!(line, " {key}={value}"),
            };
        }
        line
    }

    /// The keys are in the order of slog: time, level and message first.
    fn json(&self, time: &str, level: &str) -> String {
        let head = [("time", Value::from(time)), ("level", level.into()), ("msg", self.message.as_str().into())];
        let entries = head.into_iter().chain(self.fields.iter().cloned());
        let mut out = Vec::new();
        // Strings, numbers and booleans can always be serialized, and writing to memory can't fail.
        let _ = serde_json::Serializer::new(&mut out).collect_map(entries);
        String::from_utf8(out).unwrap_or_default()
    }

    fn push(&mut self, field: &Field, value: impl Into<Value>) {
        self.fields.push((field.name(), value.into()));
    }
}

impl Visit for LogLine {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.push(field, value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field, value);
    }

    /// JSON has no number for infinities and NaN, so these are strings.
    fn record_f64(&mut self, field: &Field, value: f64) {
        let number = serde_json::Number::from_f64(value);
        self.push(field, number.map_or_else(|| value.to_string().into(), Value::Number));
    }
}

/// Quotes under the same condition as slog's `TextHandler`.
fn quoted_if_needed(value: &str) -> String {
    let needs_quotes = |letter: char| match letter {
        ' ' | '=' | '"' | char::REPLACEMENT_CHARACTER => true,
        '\u{7f}' => false,
        letter => !is_printable(letter),
    };
    if value.is_empty() || value.contains(needs_quotes) { quoted(value) } else { value.to_owned() }
}

/// Quotes text like Go's `strconv.Quote`.
fn quoted(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len() + 2);
    quoted.push('"');
    for letter in value.chars() {
        let code = u32::from(letter);
        // Writing to a string can't fail.
        let _ = match letter {
            '"' | '\\' => write!(quoted, "\\{letter}"),
            '\u{7}' => write!(quoted, "\\a"),
            '\u{8}' => write!(quoted, "\\b"),
            '\t' => write!(quoted, "\\t"),
            '\n' => write!(quoted, "\\n"),
            '\u{b}' => write!(quoted, "\\v"),
            '\u{c}' => write!(quoted, "\\f"),
            '\r' => write!(quoted, "\\r"),
            letter if is_printable(letter) => write!(quoted, "{letter}"),
            '\0'..'\u{80}' => write!(quoted, "\\x{code:02x}"),
            '\u{80}'..'\u{10000}' => write!(quoted, "\\u{code:04x}"),
            _ => write!(quoted, "\\U{code:08x}"),
        };
    }
    quoted.push('"');
    quoted
}

/// Whether a character is printable, like Go's `unicode.IsPrint`.
///
/// The standard library doesn't export its table, but escapes by it. Combining marks are printable,
/// and are escaped at the start of a text only, hence the letter before.
fn is_printable(letter: char) -> bool {
    match letter {
        ' '..='~' => true,
        letter if letter.is_control() => false,
        letter => String::from_iter(['a', letter]).escape_debug().nth(1) == Some(letter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::layer::{Context, SubscriberExt};

    #[test]
    fn logfmt_has_time_level_and_message_first() {
        let fields = vec![("file", "a b.yaml".into()), ("n", 3.into()), ("ok", true.into())];
        let line = LogLine { message: "file loaded".into(), fields };
        assert_eq!(line.logfmt("T", "INFO"), r#"time=T level=INFO msg="file loaded" file="a b.yaml" n=3 ok=true"#);
    }

    /// Expected values are the output of Go 1.26: `slog.New(slog.NewTextHandler(…)).Info(value)`.
    #[test]
    fn logfmt_quotes_as_gos_slog() {
        for (value, expected) in [
            ("plain", "plain"),
            ("", r#""""#),
            ("a b", r#""a b""#),
            ("a=b", r#""a=b""#),
            ("a\"b", r#""a\"b""#),
            (r"a\b", r"a\b"),
            (r"a \b", r#""a \\b""#),
            ("café", "café"),
            ("cafe\u{301}", "cafe\u{301}"),
            ("\u{301}", "\u{301}"),
            ("日本", "日本"),
            ("it's", "it's"),
            ("a\nb", r#""a\nb""#),
            ("\t\r\u{7}\u{8}\u{b}\u{c}", r#""\t\r\a\b\v\f""#),
            ("\u{1b}[31mred\u{1b}[0m", r#""\x1b[31mred\x1b[0m""#),
            ("\0", r#""\x00""#),
            ("\u{7f}", "\u{7f}"),
            ("\u{7f} ", r#""\x7f ""#),
            ("\u{85}", r#""\u0085""#),
            ("\u{a0}", r#""\u00a0""#),
            ("a\u{200b}b", r#""a\u200bb""#),
            ("\u{202e}gnp", r#""\u202egnp""#),
            ("\u{2028}", r#""\u2028""#),
            ("\u{fffd}", "\"\u{fffd}\""),
            ("\u{e0001}", r#""\U000e0001""#),
            ("🎉", "🎉"),
        ] {
            assert_eq!(quoted_if_needed(value), expected, "{value:?}");
        }
    }

    #[test]
    fn json_has_time_level_and_message_first() {
        let line = LogLine { message: "file loaded".into(), fields: vec![("file", "a\n\u{1b}".into())] };
        assert_eq!(line.json("T", "INFO"), r#"{"time":"T","level":"INFO","msg":"file loaded","file":"a\n\u001b"}"#);
    }

    /// Keeps the last event.
    #[derive(Clone, Default)]
    struct Capture(std::sync::Arc<std::sync::Mutex<LogLine>>);

    impl<S: Subscriber> tracing_subscriber::Layer<S> for Capture {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            let mut line = LogLine::default();
            event.record(&mut line);
            *self.0.lock().unwrap() = line;
        }
    }

    #[test]
    fn json_has_numbers_and_booleans_as_values() {
        let capture = Capture::default();
        let subscriber = tracing_subscriber::registry().with(capture.clone());
        tracing::subscriber::with_default(subscriber, || {
            let error = "no\nroom";
            tracing::info!(files = 3_usize, change = -1, seconds = 0.25, ok = true, nan = f64::NAN, %error, "reloaded");
        });
        let line = capture.0.lock().unwrap();
        insta::assert_snapshot!(line.json("T", "INFO"), @r#"{"time":"T","level":"INFO","msg":"reloaded","files":3,"change":-1,"seconds":0.25,"ok":true,"nan":"NaN","error":"no\nroom"}"#);
        insta::assert_snapshot!(line.logfmt("T", "INFO"), @r#"time=T level=INFO msg=reloaded files=3 change=-1 seconds=0.25 ok=true nan=NaN error="no\nroom""#);
    }
}
