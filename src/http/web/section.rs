//! Mappings of the web configuration, each mistake with its place; and the files that were read.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::finding::nearest;
use crate::source::Stamp;
use crate::span::Span;
use crate::yaml::{YamlContent, YamlNode};

/// The files that were read, as they were before.
#[derive(Debug, Clone, Default)]
pub struct FileStamps(BTreeMap<PathBuf, Option<Stamp>>);

impl FileStamps {
    /// Notes the file at `path`, which is read next: a change while it is read shows later.
    pub fn note(&mut self, path: &Path) {
        self.0.insert(path.to_owned(), stamp(path));
    }

    /// Whether one of them has changed.
    #[must_use]
    pub fn changed(&self) -> bool {
        self.0.iter().any(|(path, seen)| stamp(path) != *seen)
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    fs::metadata(path).ok().map(|metadata| Stamp::of(&metadata))
}

/// What is wrong, and where in the file.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The place.
    pub span: Span,
    /// What is wrong, and what to write instead.
    pub message: String,
}

impl ConfigError {
    /// What is wrong at `node`.
    pub fn at(node: &YamlNode, message: impl Into<String>) -> Self {
        Self { span: node.span, message: message.into() }
    }
}

/// The entries of a mapping; no key stands twice.
///
/// # Errors
/// It is no mapping, or has a key twice.
pub fn entries_of(node: &YamlNode) -> Result<&[(YamlNode, YamlNode)], ConfigError> {
    let entries = match &node.content {
        YamlContent::Mapping(entries) => entries.as_slice(),
        _ if node.is_empty() => &[],
        _ => return Err(ConfigError::at(node, format!("expected a mapping, found {}", node.noun()))),
    };
    let mut seen = HashSet::new();
    for (key, _) in entries {
        let Some(name) = key.text() else { return Err(ConfigError::at(key, "a key has to be a word")) };
        if !seen.insert(name) {
            return Err(ConfigError::at(key, format!("the key `{name}` stands twice: keep one of the two")));
        }
    }
    Ok(entries)
}

/// A mapping whose keys are known.
#[derive(Debug)]
pub struct Section<'a>(&'a [(YamlNode, YamlNode)]);

impl<'a> Section<'a> {
    /// The section at `node`, which may have these keys.
    ///
    /// # Errors
    /// It is no mapping, or has another key.
    pub fn of(node: &'a YamlNode, known: &[&str]) -> Result<Self, ConfigError> {
        let entries = entries_of(node)?;
        let unknown =
            entries.iter().find_map(|(key, _)| Some((key, key.text()?)).filter(|(_, name)| !known.contains(name)));
        if let Some((key, name)) = unknown {
            let help = nearest(name, known.iter().copied()).map_or_else(
                || format!("there are `{}`", known.join("`, `")),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(ConfigError::at(key, format!("unknown key `{name}`: {help}")));
        }
        Ok(Self(entries))
    }

    /// Whether nothing stands in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of `key`, unless it is empty.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&'a YamlNode> {
        let entry = self.0.iter().find(|(name, _)| name.text() == Some(key));
        entry.map(|(_, value)| value).filter(|value| !value.is_empty())
    }

    /// The text of `key`, and where it stands.
    ///
    /// # Errors
    /// It is a list or a mapping.
    pub fn text(&self, key: &str) -> Result<Option<(&'a YamlNode, &'a str)>, ConfigError> {
        let Some(node) = self.value(key) else { return Ok(None) };
        let wrong = || ConfigError::at(node, format!("expected a text for `{key}`, found {}", node.noun()));
        Ok(Some((node, node.text().ok_or_else(wrong)?)).filter(|(_, text)| !text.is_empty()))
    }

    /// The texts of the list `key`, and where they stand.
    ///
    /// # Errors
    /// It isn't a list of texts.
    pub fn texts(&self, key: &str) -> Result<Vec<(&'a YamlNode, &'a str)>, ConfigError> {
        let Some(node) = self.value(key) else { return Ok(Vec::new()) };
        let YamlContent::List(items) = &node.content else {
            return Err(ConfigError::at(node, format!("expected a list for `{key}`, found {}", node.noun())));
        };
        let text = |item: &'a YamlNode| {
            let wrong = || ConfigError::at(item, format!("expected a word in `{key}`, found {}", item.noun()));
            Ok((item, item.text().ok_or_else(wrong)?))
        };
        items.iter().map(text).collect()
    }

    /// Whether `key` is true or false.
    ///
    /// # Errors
    /// It is neither.
    pub fn boolean(&self, key: &str) -> Result<Option<bool>, ConfigError> {
        match self.text(key)? {
            None => Ok(None),
            Some((_, "true")) => Ok(Some(true)),
            Some((_, "false")) => Ok(Some(false)),
            Some((node, text)) => Err(ConfigError::at(node, format!("`{key}` is `true` or `false`, not `{text}`"))),
        }
    }

    /// Refuses `key`, if it is given.
    ///
    /// # Errors
    /// The reason, in the place of the key.
    pub fn refuse(&self, key: &str, reason: &str) -> Result<(), ConfigError> {
        let entry = self.0.iter().find(|(name, value)| name.text() == Some(key) && !value.is_empty());
        entry.map_or(Ok(()), |(name, _)| Err(ConfigError::at(name, reason)))
    }
}
