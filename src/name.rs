//! Texts, ids, references, and values from a closed list.

use std::fmt;

use crate::finding::nearest;
use crate::scalar::{JsonType, ParseError, ScalarFormat, shortened};

/// Text of one or more lines, trimmed and not empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Box<str>);

impl Text {
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
    const NAME: &'static str = "text";
    const EXPECTED: &'static str = "text";
    const JSON_TYPE: JsonType = JsonType::Text;

    fn parse(text: &str) -> Result<Self, ParseError> {
        const MAX_BYTES: usize = 1000;
        if let Some(control) = text.chars().find(|&letter| letter.is_control() && !matches!(letter, '\n' | '\t')) {
            return Err(ParseError::new(format!("invalid text: control character `{}`", control.escape_unicode())));
        }
        if text.len() > MAX_BYTES {
            return Err(ParseError::new(format!("text too long: {} bytes, the limit is {MAX_BYTES}", text.len()))
                .help("write a short title and keep the details in a document"));
        }
        Ok(Self(text.into()))
    }
}

/// Id of an item, unique within its parent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(Box<str>);

impl Id {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Placeholder for an invalid id. A file with an invalid id has an error and is not served.
    pub const UNNAMED: &'static str = "unnamed";

    #[must_use]
    pub fn unnamed() -> Self {
        Self(Self::UNNAMED.into())
    }

    /// Derives an id from `text`: its letters and digits in lower case, everything else replaced by `-`.
    ///
    /// Letters of every script are kept. `None` if there are no letters or digits.
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
    const NAME: &'static str = "id";
    const EXPECTED: &'static str = "letters, digits, `-`, `_` and `.`, starting with a letter or digit";
    const JSON_TYPE: JsonType = JsonType::Name(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$");

    fn parse(text: &str) -> Result<Self, ParseError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let starts_alphanumeric = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if starts_alphanumeric && text.len() <= 100 && text.bytes().all(allowed) {
            return Ok(Self(text.into()));
        }
        if text.len() > 100 {
            return Err(ParseError::because::<Self>(text, "longer than 100 characters"));
        }
        let ascii: String = text.chars().map(|letter| if letter.is_ascii() { letter } else { ' ' }).collect();
        Err(ParseError::invalid::<Self>(text).maybe_help(Self::slug(&ascii).map(|slug| format!("write `{slug}`"))))
    }
}

/// Path of an item: `ml`, `ml/azure`, `ml/azure/workspace`, or the id of a milestone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference(Box<str>);

impl Reference {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ScalarFormat for Reference {
    const NAME: &'static str = "reference";
    const EXPECTED: &'static str = "the path of an item, such as `ml/azure`, or the id of a milestone";
    const JSON_TYPE: JsonType = JsonType::Name(r"^[^/\s]+(/[^/\s]+){0,2}$");

    fn parse(text: &str) -> Result<Self, ParseError> {
        let parts = text.split('/');
        let is_path = parts.clone().all(|part| !part.is_empty() && !part.contains(char::is_whitespace));
        if is_path && parts.count() <= 3 {
            return Ok(Self(text.into()));
        }
        Err(ParseError::invalid::<Self>(text))
    }
}

/// Address of a web page: evidence, an issue or details.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link(Box<str>);

impl From<Link> for Box<str> {
    fn from(link: Link) -> Self {
        link.0
    }
}

impl ScalarFormat for Link {
    const NAME: &'static str = "link";
    const EXPECTED: &'static str = "an address that starts with `https://` or `http://`";
    const JSON_TYPE: JsonType = JsonType::Pattern(r"^https?://[^\s/?#]+[^\s]*$");

    fn parse(text: &str) -> Result<Self, ParseError> {
        const MAX_BYTES: usize = 1000;
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let is_host = |host: &str| !host.is_empty() && !host.starts_with(['/', '?', '#']);
        let is_plain = !text.contains(|letter: char| letter.is_whitespace() || letter.is_control());
        if text.len() > MAX_BYTES {
            return Err(ParseError::because::<Self>(text, "longer than 1000 bytes"));
        }
        if is_plain && host.is_some_and(is_host) {
            return Ok(Self(text.into()));
        }
        let bare = is_plain && !text.contains(':') && text.split('/').next().is_some_and(|host| host.contains('.'));
        Err(ParseError::invalid::<Self>(text).maybe_help(bare.then(|| format!("write `https://{}`", shortened(text)))))
    }
}

/// Priority of an area or a workstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    Low,
    Medium,
    High,
    Critical,
}

impl Priority {
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
    const NAME: &'static str = "priority";
    const EXPECTED: &'static str = "`critical`, `high`, `medium` or `low`";
    const JSON_TYPE: JsonType = JsonType::Words(&["critical", "high", "medium", "low"]);

    fn parse(text: &str) -> Result<Self, ParseError> {
        let all = [Self::Low, Self::Medium, Self::High, Self::Critical];
        all.into_iter().find(|it| it.name() == text).ok_or_else(|| {
            unknown_word::<Self>(
                text,
                &[
                    ("critical", &["p0", "blocker", "urgent", "highest", "must", "showstopper", "very high"]),
                    ("high", &["p1", "major", "important", "should"]),
                    ("medium", &["p2", "normal", "moderate", "med", "mid", "could", "average"]),
                    ("low", &["p3", "p4", "p5", "minor", "trivial", "lowest", "nice to have", "very low"]),
                ],
            )
        })
    }
}

/// Severity of a risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RiskSeverity {
    Low,
    Medium,
    High,
}

impl RiskSeverity {
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
    const NAME: &'static str = "severity";
    const EXPECTED: &'static str = "`high`, `medium` or `low`";
    const JSON_TYPE: JsonType = JsonType::Words(&["high", "medium", "low"]);

    fn parse(text: &str) -> Result<Self, ParseError> {
        let all = [Self::Low, Self::Medium, Self::High];
        all.into_iter().find(|it| it.name() == text).ok_or_else(|| {
            unknown_word::<Self>(
                text,
                &[
                    (
                        "high",
                        &["critical", "blocker", "severe", "major", "p0", "p1", "s1", "sev1", "very high", "highest"],
                    ),
                    ("medium", &["moderate", "normal", "med", "mid", "p2", "s2", "sev2", "average"]),
                    ("low", &["minor", "trivial", "p3", "s3", "sev3", "very low", "lowest"]),
                ],
            )
        })
    }
}

/// The error of a word that is not in the list. The help is the word that other formats have `synonyms` for, or the
/// most similar one.
fn unknown_word<T: ScalarFormat>(text: &str, synonyms: &[(&'static str, &[&str])]) -> ParseError {
    let lower = text.to_lowercase();
    let words = if let JsonType::Words(words) = T::JSON_TYPE { words } else { &[] };
    let first = lower.split([' ', '-', '(', '/']).next().unwrap_or_default();
    let meant = |word: &str| synonyms.iter().find(|(_, others)| others.contains(&word)).map(|(word, _)| *word);
    let listed = |word: &str| words.iter().copied().find(|it| *it == word);
    let similar = meant(&lower).or_else(|| listed(first)).or_else(|| meant(first));
    let similar = similar.or_else(|| nearest(&lower, words.iter().copied()));
    ParseError::invalid::<T>(text).maybe_help(similar.map(|word| format!("did you mean `{word}`?")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_ascii_and_can_be_derived_from_text() {
        assert!(Id::parse("ml.v2_a-b").is_ok());
        for bad in ["-a", "a b", "a/b", "é", "🚀", "\u{202e}abc", ""] {
            assert!(Id::parse(bad).is_err(), "{bad}");
        }
        let slug = |text| Id::slug(text).map(|id| id.to_string());
        assert_eq!(slug("Set up CI/CD (nightly)").as_deref(), Some("set-up-ci-cd-nightly"));
        assert_eq!(slug("Пуск №1").as_deref(), Some("пуск-1"));
        assert_eq!(slug("🚀"), None);
        assert_eq!(Id::parse("Machine Learning").unwrap_err().help.as_deref(), Some("write `machine-learning`"));
    }

    #[test]
    fn links_are_addresses_of_the_web() {
        assert!(Link::parse("https://example.com/a?b=c#d").is_ok() && Link::parse("http://host").is_ok());
        for bad in ["javascript:alert(1)", "https://", "https:///path", "https://a b", "#12", "ftp://x", "docs/a.md"] {
            assert!(Link::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Link::parse("example.com/a").unwrap_err().help.as_deref(), Some("write `https://example.com/a`"));
        assert_eq!(Link::parse("readme").unwrap_err().help, None);
        assert!(Link::parse(&format!("https://{}", "a".repeat(993))).is_err());
    }

    #[test]
    fn a_misspelt_word_gets_a_suggestion() {
        assert_eq!(Priority::parse("Hihg").unwrap_err().help.as_deref(), Some("did you mean `high`?"));
    }

    #[test]
    fn references_have_one_to_three_parts() {
        assert!(Reference::parse("ml/azure/workspace").is_ok());
        for bad in ["a//b", "/a", "a/b/c/d", "a b", ""] {
            assert!(Reference::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn texts_are_limited_and_free_of_control_characters() {
        assert!(Text::parse(&"x".repeat(1000)).is_ok());
        assert_eq!(Text::parse(&"x".repeat(1001)).unwrap_err().message, "text too long: 1001 bytes, the limit is 1000");
        assert!(Text::parse("two\n\tlines").is_ok());
        assert_eq!(Text::parse("a\u{7}").unwrap_err().message, r"invalid text: control character `\u{7}`");
    }

    #[test]
    fn long_ids_are_invalid() {
        assert!(Id::parse(&"a".repeat(100)).is_ok());
        let message = Id::parse(&"a".repeat(101)).unwrap_err().message;
        assert_eq!(message, format!("invalid id `{}…`: longer than 100 characters", "a".repeat(60)));
    }

    #[test]
    fn words_are_parsed_by_their_names() {
        for priority in [Priority::Low, Priority::Medium, Priority::High, Priority::Critical] {
            assert_eq!(Priority::parse(priority.name()), Ok(priority));
        }
        for severity in [RiskSeverity::Low, RiskSeverity::Medium, RiskSeverity::High] {
            assert_eq!(RiskSeverity::parse(severity.name()), Ok(severity));
        }
        assert!(RiskSeverity::parse("critical").is_err(), "a priority is not a severity");
    }
}
