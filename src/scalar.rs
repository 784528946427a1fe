//! Scalar formats: the syntax of a single value of a readiness file.

use std::borrow::Cow;

/// Error of a value, with an optional help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// The message: lower case, user text in backticks, no full stop.
    pub message: String,
    /// The suggested fix.
    pub help: Option<String>,
}

impl ParseError {
    /// An error without help.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    /// `text` does not have the format `T`.
    pub(crate) fn invalid<T: ScalarFormat>(text: &str) -> Self {
        Self::because::<T>(text, &format!("expected {}", T::EXPECTED))
    }

    /// `text` is not a valid value of `T` for the given reason.
    pub(crate) fn because<T: ScalarFormat>(text: &str, reason: &str) -> Self {
        Self::new(format!("invalid {} `{}`: {reason}", T::NAME, shortened(text)))
    }

    /// Adds a suggested fix.
    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        self.maybe_help(Some(help.into()))
    }

    /// Sets the help, if any.
    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }
}

/// Type and constraints of a YAML scalar in the JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum JsonType {
    /// Any scalar that is not empty; `2026` is a valid title.
    Text,
    /// A number, or a string that matches this regular expression.
    Name(&'static str),
    /// A string that matches this regular expression.
    Pattern(&'static str),
    /// One of these words.
    Words(&'static [&'static str]),
    /// A number in this range.
    Number {
        /// The smallest valid number.
        minimum: f64,
        /// The largest valid number.
        maximum: f64,
    },
    /// `true` or `false`.
    Boolean,
}

impl JsonType {
    /// Whether a value in quotes is an error.
    pub(crate) fn is_unquoted(self) -> bool {
        matches!(self, Self::Number { .. } | Self::Boolean)
    }
}

/// A type that is written as one YAML scalar.
pub trait ScalarFormat: Sized {
    /// The name of the format in messages and in the documentation, as in ``invalid date `x` ``.
    const NAME: &'static str;
    /// The expected text, as in "expected `true` or `false`".
    const EXPECTED: &'static str;
    /// Type and constraints in the JSON Schema.
    const JSON_TYPE: JsonType;

    /// Parses `text`, which is trimmed and not empty.
    fn parse(text: &str) -> Result<Self, ParseError>;
}

/// Parses a decimal number: digits, and optionally a point and more digits.
///
/// Signs, exponents, `NaN` and a leading point are invalid.
pub(crate) fn number(text: &str) -> Option<f64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.len() <= 15 && part.bytes().all(|byte| byte.is_ascii_digit());
    if digits(whole) && digits(fraction) { text.parse().ok() } else { None }
}

/// `text` on one line, cut after 60 characters.
#[must_use]
pub(crate) fn shortened(text: &str) -> Cow<'_, str> {
    const MAX_CHARS: usize = 60;
    if text.chars().nth(MAX_CHARS).is_none() && !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let start: String =
        text.chars().take(MAX_CHARS).map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    Cow::Owned(format!("{}…", start.trim_end()))
}

impl ScalarFormat for bool {
    const NAME: &'static str = "boolean";
    const EXPECTED: &'static str = "`true` or `false`";
    const JSON_TYPE: JsonType = JsonType::Boolean;

    fn parse(text: &str) -> Result<Self, ParseError> {
        match text {
            "true" => return Ok(true),
            "false" => return Ok(false),
            _ => {}
        }
        match &*text.to_lowercase() {
            "yes" | "on" | "y" | "true" | "1" | "x" => Err(ParseError::invalid::<Self>(text).help("write `true`")),
            "no" | "off" | "n" | "false" | "0" => Err(ParseError::invalid::<Self>(text).help("write `false`")),
            _ => Err(ParseError::invalid::<Self>(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_plain_decimals() {
        assert_eq!((number("0"), number("17.50"), number("007")), (Some(0.0), Some(17.5), Some(7.0)));
        for bad in ["", ".5", "5.", "-1", "+1", "1e3", "NaN", "inf", "1.2.3", "1,5", "1_000", "1234567890123456"] {
            assert_eq!(number(bad), None, "{bad}");
        }
    }

    #[test]
    fn long_and_multiline_texts_are_shortened() {
        assert_eq!(shortened("short"), "short");
        assert_eq!(shortened(&"é".repeat(60)), "é".repeat(60));
        assert_eq!(shortened(&"é".repeat(61)), "é".repeat(60) + "…");
        assert_eq!(shortened("a\nb\t"), "a b…");
    }

    #[test]
    fn booleans_are_true_or_false() {
        assert_eq!((bool::parse("true"), bool::parse("false")), (Ok(true), Ok(false)));
        let error = bool::parse("yes").unwrap_err();
        assert_eq!(error.message, "invalid boolean `yes`: expected `true` or `false`");
        assert_eq!(error.help.as_deref(), Some("write `true`"));
        assert_eq!(bool::parse("off").unwrap_err().help.as_deref(), Some("write `false`"));
        assert_eq!(bool::parse("True").unwrap_err().help.as_deref(), Some("write `true`"));
        assert_eq!(bool::parse("maybe").unwrap_err().help, None);
    }
}
