//! Small grammars: how one value is written in a readiness file.

use std::borrow::Cow;

/// Why a text isn't a value, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl ParseError {
    /// A mistake without a help.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    /// `text` isn't what the grammar of `T` expects.
    #[must_use]
    pub fn expected<T: ScalarFormat>(text: &str) -> Self {
        Self::new(format!("expected {}, found `{}`", T::EXPECTED, shortened(text)))
    }

    /// The same, with what to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same, with a help if there is one.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }
}

/// The form of a YAML scalar, as far as JSON Schema can tell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum JsonType {
    /// Any scalar that isn't empty: also `2026` is a title.
    Text,
    /// A string or a number; a string follows this regular expression.
    Name(&'static str),
    /// A string that follows this regular expression.
    Pattern(&'static str),
    /// One of these words.
    Words(&'static [&'static str]),
    /// A number between these two.
    Number {
        /// The smallest.
        minimum: f64,
        /// The largest.
        maximum: f64,
    },
    /// `true` or `false`.
    Boolean,
}

impl JsonType {
    /// Whether a quoted value would be a mistake.
    #[must_use]
    pub fn is_unquoted(self) -> bool {
        matches!(self, Self::Number { .. } | Self::Boolean)
    }
}

/// A value with a grammar of its own, written as one YAML scalar.
pub trait ScalarFormat: Sized {
    /// What is expected, as a noun phrase with an example.
    const EXPECTED: &'static str;
    /// The form of the YAML scalar.
    const JSON_TYPE: JsonType;

    /// Reads the value from its text, which has no space at either end and isn't empty.
    ///
    /// # Errors
    /// Why the text isn't such a value.
    fn parse(text: &str) -> Result<Self, ParseError>;
}

/// A plain decimal number without a sign: digits, perhaps a point and more digits.
///
/// Exponents, signs, `NaN` and a leading point are refused: nobody writes them on purpose.
#[must_use]
pub fn number(text: &str) -> Option<f64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.len() <= 15 && part.bytes().all(|byte| byte.is_ascii_digit());
    if digits(whole) && digits(fraction) { text.parse().ok() } else { None }
}

/// At most 60 characters of `text`, on one line.
#[must_use]
pub fn shortened(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 60;
    if text.chars().nth(LONGEST).is_none() && !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let start: String =
        text.chars().take(LONGEST).map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    Cow::Owned(format!("{}…", start.trim_end()))
}

/// `true` or `false`.
impl ScalarFormat for bool {
    const EXPECTED: &'static str = "`true` or `false`";
    const JSON_TYPE: JsonType = JsonType::Boolean;

    fn parse(text: &str) -> Result<Self, ParseError> {
        match text {
            "true" => Ok(true),
            "false" => Ok(false),
            "yes" | "on" => Err(ParseError::expected::<Self>(text).help("write `true`")),
            "no" | "off" => Err(ParseError::expected::<Self>(text).help("write `false`")),
            _ => Err(ParseError::expected::<Self>(text)),
        }
    }
}
