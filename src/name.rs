//! Names: texts, ids, references, and the closed lists of words.

use std::fmt;

use crate::finding::nearest;
use crate::scalar::{JsonType, ParseError, ScalarFormat, shortened};

/// Any text on one or more lines, trimmed and not empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Box<str>);

impl Text {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Text> for Box<str> {
    fn from(text: Text) -> Self {
        text.0
    }
}

impl ScalarFormat for Text {
    const EXPECTED: &'static str = "a text";
    const JSON_TYPE: JsonType = JsonType::Text;

    fn parse(text: &str) -> Result<Self, ParseError> {
        const LONGEST: usize = 1000;
        if let Some(control) = text.chars().find(|&letter| letter.is_control() && !matches!(letter, '\n' | '\t')) {
            return Err(ParseError::new(format!(
                "a text must not have the control character `{}`",
                control.escape_unicode()
            )));
        }
        if text.len() > LONGEST {
            return Err(ParseError::new(format!("a text of {} bytes is too long, {LONGEST} is the most", text.len()))
                .help("write a title here and keep the story in a document"));
        }
        Ok(Self(text.into()))
    }
}

/// The name of an item within its parent: ASCII letters, digits, `-`, `_` and `.`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(Box<str>);

impl Id {
    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands for an id that couldn't be read; such a file has a finding and isn't served.
    pub const UNNAMED: &'static str = "unnamed";

    /// An id for what has none.
    #[must_use]
    pub fn unnamed() -> Self {
        Self(Self::UNNAMED.into())
    }

    /// The id of a text: its letters and digits in lower case, with `-` for all between them.
    ///
    /// `None` where nothing is left, as of an emoji. Letters of every script are kept.
    #[must_use]
    pub fn slug(text: &str) -> Option<Self> {
        let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
        let slug = words.collect::<Vec<_>>().join("-").to_lowercase();
        if slug.is_empty() { None } else { Some(Self(slug.into())) }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl ScalarFormat for Id {
    const EXPECTED: &'static str = "an id of letters, digits, `-`, `_` and `.`";
    const JSON_TYPE: JsonType = JsonType::Name(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$");

    fn parse(text: &str) -> Result<Self, ParseError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let starts = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if starts && text.len() <= 100 && text.bytes().all(allowed) {
            return Ok(Self(text.into()));
        }
        if text.len() > 100 {
            return Err(ParseError::new(format!("the id `{}` is longer than 100 letters", shortened(text))));
        }
        let ascii: String = text.chars().map(|letter| if letter.is_ascii() { letter } else { ' ' }).collect();
        Err(ParseError::expected::<Self>(text)
            .maybe_help(Self::slug(&ascii).map(|slug| format!("write `{slug}`, and the name as `title`"))))
    }
}

/// A reference to an item by its path: `ml`, `ml/azure`, `ml/azure/workspace`, or a milestone's id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference(Box<str>);

impl Reference {
    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ScalarFormat for Reference {
    const EXPECTED: &'static str = "the path of an item, such as `ml/azure` or a milestone's id";
    const JSON_TYPE: JsonType = JsonType::Name(r"^[^/\s]+(/[^/\s]+){0,2}$");

    fn parse(text: &str) -> Result<Self, ParseError> {
        let parts = text.split('/');
        let whole = parts.clone().all(|part| !part.is_empty() && !part.contains(char::is_whitespace));
        if whole && parts.count() <= 3 {
            return Ok(Self(text.into()));
        }
        Err(ParseError::expected::<Self>(text))
    }
}

/// How much an area matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Can wait.
    Low,
    /// Neither.
    Medium,
    /// Soon.
    High,
    /// Nothing goes live without it.
    Critical,
}

impl Priority {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl ScalarFormat for Priority {
    const EXPECTED: &'static str = "`critical`, `high`, `medium` or `low`";
    const JSON_TYPE: JsonType = JsonType::Words(&["critical", "high", "medium", "low"]);

    fn parse(text: &str) -> Result<Self, ParseError> {
        let all = [Self::Low, Self::Medium, Self::High, Self::Critical];
        all.into_iter().find(|it| it.name() == text).ok_or_else(|| wrong_word::<Self>(text))
    }
}

/// How bad a risk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RiskSeverity {
    /// A nuisance.
    Low,
    /// A setback.
    Medium,
    /// A danger to the target.
    High,
}

impl RiskSeverity {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl ScalarFormat for RiskSeverity {
    const EXPECTED: &'static str = "`high`, `medium` or `low`";
    const JSON_TYPE: JsonType = JsonType::Words(&["high", "medium", "low"]);

    fn parse(text: &str) -> Result<Self, ParseError> {
        let all = [Self::Low, Self::Medium, Self::High];
        all.into_iter().find(|it| it.name() == text).ok_or_else(|| wrong_word::<Self>(text))
    }
}

/// A word that isn't on the list, and the nearest one that is.
fn wrong_word<T: ScalarFormat>(text: &str) -> ParseError {
    let lower = text.to_lowercase();
    let words = if let JsonType::Words(words) = T::JSON_TYPE { words } else { &[] };
    let near = nearest(&lower, words.iter().copied());
    ParseError::expected::<T>(text).maybe_help(near.map(|word| format!("did you mean `{word}`?")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_plain_and_slugs_are_made_of_texts() {
        assert!(Id::parse("ml.v2_a-b").is_ok());
        for bad in ["-a", "a b", "a/b", "é", "🚀", "\u{202e}abc", ""] {
            assert!(Id::parse(bad).is_err(), "{bad}");
        }
        let slug = |text| Id::slug(text).map(|id| id.to_string());
        assert_eq!(slug("Set up CI/CD (nightly)").as_deref(), Some("set-up-ci-cd-nightly"));
        assert_eq!(slug("Пуск №1").as_deref(), Some("пуск-1"));
        assert_eq!(slug("🚀"), None);
        assert_eq!(
            Id::parse("Machine Learning").unwrap_err().help.as_deref(),
            Some("write `machine-learning`, and the name as `title`")
        );
    }

    #[test]
    fn a_wrong_word_teaches_the_nearest() {
        assert_eq!(Priority::parse("Hihg").unwrap_err().help.as_deref(), Some("did you mean `high`?"));
    }

    #[test]
    fn references_have_up_to_three_parts() {
        assert!(Reference::parse("ml/azure/workspace").is_ok());
        for bad in ["a//b", "/a", "a/b/c/d", "a b", ""] {
            assert!(Reference::parse(bad).is_err(), "{bad}");
        }
    }
}
