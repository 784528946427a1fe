//! Assignments of the command line: `ml/azure/workspace=done`.

use anyhow::anyhow;
use jiff::civil::Date;

use crate::quantity::Ratio;
use crate::scalar::ScalarFormat;

/// The key of the status date. It is not the path of an item here.
const AS_OF: &str = "as_of";

/// One assignment of the command line.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Assignment {
    /// The status date; `None` is today.
    AsOf(Option<Date>),
    /// The status of the item with this path.
    Status(String, NewStatus),
}

/// The status that an item gets.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum NewStatus {
    Todo,
    /// Started. A task keeps its completion.
    Partial,
    /// The completion, and its text in the file.
    Complete(Ratio, String),
    Done,
}

impl Assignment {
    /// # Errors
    ///
    /// The text is not an assignment, or its value is invalid.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let invalid = |reason: String| anyhow!("invalid assignment `{text}`: {reason}");
        let Some((item, value)) = text.split_once('=').map(|(item, value)| (item.trim(), value.trim())) else {
            return Err(invalid(
                "expected `ITEM=done`, `ITEM=partial`, `ITEM=40%`, `ITEM=todo` or `as_of=today`".into(),
            ));
        };
        if item == AS_OF {
            if value == "today" {
                return Ok(Self::AsOf(None));
            }
            return Date::parse(value).map(|day| Self::AsOf(Some(day))).map_err(|error| invalid(error.message));
        }
        let status = match value {
            "todo" => NewStatus::Todo,
            "partial" => NewStatus::Partial,
            "done" => NewStatus::Done,
            "waived" => return Err(invalid("a waiver needs a reason; write it in the file".into())),
            _ => NewStatus::complete(value).map_err(invalid)?,
        };
        Ok(Self::Status(item.to_owned(), status))
    }
}

impl NewStatus {
    fn complete(text: &str) -> Result<Self, String> {
        let is_number = text.starts_with(|letter: char| letter.is_ascii_digit());
        if !is_number {
            return Err("expected `done`, `partial`, `todo` or a percentage such as `40%`".to_owned());
        }
        let ratio = Ratio::parse(text).map_err(|error| error.message)?;
        Ok(Self::Complete(ratio, text.replace(' ', "")))
    }
}
