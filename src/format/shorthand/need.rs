//! An entry of `needs` or `blocks`: the path of an item, or a mapping with the path and a lag or lead.

use schemars::{Schema, SchemaGenerator};
use serde::de::MapAccess;

use crate::format::fields::Scalar;
use crate::format::shorthand::ShorthandSection;
use crate::name::Reference;
use crate::quantity::WorkTime;

/// A dependency.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NeedSection {
    /// The other item.
    pub item: Scalar<Reference>,
    /// Time that must pass after the finish of the earlier item.
    pub lag: Scalar<WorkTime>,
    /// Time by which the later item may start before the finish of the earlier item.
    pub lead: Scalar<WorkTime>,
}

impl ShorthandSection for NeedSection {
    type Short = Reference;
    const NAME: &'static str = "NeedSection";
    const DESCRIPTION: &'static str =
        "A dependency. The path of an item such as `ml/azure` is short for `{item: ml/azure}`.";
    const KEYS: &'static [&'static str] = &["item", "lag", "lead"];
    const REQUIRED: &'static [&'static str] = &["item"];

    fn properties(generator: &mut SchemaGenerator) -> Vec<(&'static str, Schema, &'static str)> {
        let time = generator.subschema_for::<Scalar<WorkTime>>();
        vec![
            ("item", generator.subschema_for::<Scalar<Reference>>(), "The other item."),
            ("lag", time.clone(), "Time that must pass after the earlier item is finished. Default: `0d`."),
            (
                "lead",
                time,
                "Time by which the later item may start before the earlier item is finished. Default: `0d`.",
            ),
        ]
    }

    fn from_short(item: Scalar<Reference>) -> Self {
        Self { item, ..Self::default() }
    }

    fn read<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "item" => self.item = map.next_value()?,
            "lag" => self.lag = map.next_value()?,
            _ => self.lead = map.next_value()?,
        }
        Ok(())
    }
}
