//! Access to mappings of the web configuration, with errors that have a position, and the state of
//! its files.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::finding::nearest;
use crate::source::Stamp;
use crate::span::Span;
use crate::yaml::{YamlContent, YamlNode};

/// The state of the files of the configuration before they were read.
#[derive(Debug, Clone, Default)]
pub struct FileStamps(BTreeMap<PathBuf, Option<Stamp>>);

impl FileStamps {
    /// Must be called before the file is read, so that a write during the read is noticed later.
    pub(crate) fn record(&mut self, path: &Path) {
        self.0.insert(path.to_owned(), stamp(path));
    }

    /// Whether any of the files has changed.
    #[must_use]
    pub(crate) fn changed(&self) -> bool {
        self.0.iter().any(|(path, recorded)| stamp(path) != *recorded)
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    fs::metadata(path).ok().map(|metadata| Stamp::of(&metadata))
}

/// An error in the web configuration.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ConfigError {
    pub(crate) span: Span,
    pub(crate) message: String,
}

impl ConfigError {
    pub(crate) fn at(node: &YamlNode, message: impl Into<String>) -> Self {
        Self { span: node.span, message: message.into() }
    }
}

/// The entries of a mapping.
///
/// # Errors
/// The node is not a mapping, or a key is duplicate.
pub(crate) fn entries_of(node: &YamlNode) -> Result<&[(YamlNode, YamlNode)], ConfigError> {
    let entries = match &node.content {
        YamlContent::Mapping(entries) => entries.as_slice(),
        _ if node.is_empty() => &[],
        _ => return Err(ConfigError::at(node, format!("expected a mapping, found {}", node.noun()))),
    };
    let mut names = HashSet::new();
    for (key, _) in entries {
        let Some(name) = key.text() else { return Err(ConfigError::at(key, "invalid key: expected a string")) };
        if !names.insert(name) {
            return Err(ConfigError::at(key, format!("duplicate key `{name}`")));
        }
    }
    Ok(entries)
}

/// A mapping with a fixed set of keys.
#[derive(Debug)]
pub(crate) struct Section<'a>(&'a [(YamlNode, YamlNode)]);

impl<'a> Section<'a> {
    /// # Errors
    /// The node is not a mapping, or has a key that is not among `known`.
    pub(crate) fn of(node: &'a YamlNode, known: &[&str]) -> Result<Self, ConfigError> {
        let entries = entries_of(node)?;
        let unknown =
            entries.iter().find_map(|(key, _)| Some((key, key.text()?)).filter(|(_, name)| !known.contains(name)));
        if let Some((key, name)) = unknown {
            let help = nearest(name, known.iter().copied()).map_or_else(
                || format!("expected one of `{}`", known.join("`, `")),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(ConfigError::at(key, format!("unknown key `{name}`: {help}")));
        }
        Ok(Self(entries))
    }

    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of `key`. An empty value counts as absent.
    #[must_use]
    pub(crate) fn value(&self, key: &str) -> Option<&'a YamlNode> {
        let entry = self.0.iter().find(|(name, _)| name.text() == Some(key));
        entry.map(|(_, value)| value).filter(|value| !value.is_empty())
    }

    /// The string at `key`, and its node. An empty string counts as absent.
    ///
    /// # Errors
    /// The value is a list or a mapping.
    pub(crate) fn text(&self, key: &str) -> Result<Option<(&'a YamlNode, &'a str)>, ConfigError> {
        let Some(node) = self.value(key) else { return Ok(None) };
        let error = || ConfigError::at(node, format!("invalid `{key}`: expected a string, found {}", node.noun()));
        Ok(Some((node, node.text().ok_or_else(error)?)).filter(|(_, text)| !text.is_empty()))
    }

    /// The strings of the list at `key`, and their nodes.
    ///
    /// # Errors
    /// The value is not a list of strings.
    pub(crate) fn texts(&self, key: &str) -> Result<Vec<(&'a YamlNode, &'a str)>, ConfigError> {
        let Some(node) = self.value(key) else { return Ok(Vec::new()) };
        let YamlContent::List(items) = &node.content else {
            return Err(ConfigError::at(node, format!("invalid `{key}`: expected a list, found {}", node.noun())));
        };
        let text = |item: &'a YamlNode| {
            let error =
                || ConfigError::at(item, format!("invalid entry of `{key}`: expected a string, found {}", item.noun()));
            Ok((item, item.text().ok_or_else(error)?))
        };
        items.iter().map(text).collect()
    }

    /// # Errors
    /// The value is neither `true` nor `false`.
    pub(crate) fn boolean(&self, key: &str) -> Result<Option<bool>, ConfigError> {
        match self.text(key)? {
            None => Ok(None),
            Some((_, "true")) => Ok(Some(true)),
            Some((_, "false")) => Ok(Some(false)),
            Some((node, text)) => {
                Err(ConfigError::at(node, format!("invalid value `{text}` of `{key}`: expected `true` or `false`")))
            }
        }
    }

    /// # Errors
    /// The message `reason` at `key`, if it is set.
    pub(crate) fn reject(&self, key: &str, reason: &str) -> Result<(), ConfigError> {
        let entry = self.0.iter().find(|(name, value)| name.text() == Some(key) && !value.is_empty());
        entry.map_or(Ok(()), |(name, _)| Err(ConfigError::at(name, reason)))
    }
}
