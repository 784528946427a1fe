//! A reported completion: `54%`, or a mapping with the completion and the day on which it was reported.

use jiff::civil::Date;
use schemars::{Schema, SchemaGenerator};
use serde::de::MapAccess;

use crate::format::fields::Scalar;
use crate::format::shorthand::ShorthandSection;
use crate::quantity::Ratio;

/// A reported completion.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReportedSection {
    /// The completion.
    pub complete: Scalar<Ratio>,
    /// The day on which it was reported.
    pub when: Scalar<Date>,
}

impl ShorthandSection for ReportedSection {
    type Short = Ratio;
    const NAME: &'static str = "ReportedSection";
    const DESCRIPTION: &'static str =
        "A reported completion. A percentage such as `54%` is short for `{complete: 54%}`.";
    const KEYS: &'static [&'static str] = &["complete", "when"];
    const REQUIRED: &'static [&'static str] = &["complete"];

    fn properties(generator: &mut SchemaGenerator) -> Vec<(&'static str, Schema, &'static str)> {
        vec![
            ("complete", generator.subschema_for::<Scalar<Ratio>>(), "The completion."),
            (
                "when",
                generator.subschema_for::<Scalar<Date>>(),
                "Day on which it was reported. `check` compares it with the work that was finished by then. \
                 Default: `as_of`.",
            ),
        ]
    }

    fn from_short(complete: Scalar<Ratio>) -> Self {
        Self { complete, ..Self::default() }
    }

    fn read<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "complete" => self.complete = map.next_value()?,
            _ => self.when = map.next_value()?,
        }
        Ok(())
    }
}
