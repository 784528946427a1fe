//! A component of a breakdown: `40%`, or a mapping with its completion, target, note and link.

use schemars::{Schema, SchemaGenerator};
use serde::de::MapAccess;

use crate::format::fields::Scalar;
use crate::format::shorthand::ShorthandSection;
use crate::name::{Link, Text};
use crate::quantity::Ratio;

/// Completion of a component of an area.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ComponentSection {
    /// Completion of the component.
    pub complete: Scalar<Ratio>,
    /// Required completion. Default: `100%`.
    pub target: Scalar<Ratio>,
    /// Remark.
    pub note: Scalar<Text>,
    /// Address of evidence or details.
    pub link: Scalar<Link>,
}

impl ShorthandSection for ComponentSection {
    type Short = Ratio;
    const NAME: &'static str = "ComponentSection";
    const DESCRIPTION: &'static str =
        "Completion of a component of an area. A percentage such as `40%` is short for `{complete: 40%}`.";
    const KEYS: &'static [&'static str] = &["complete", "target", "note", "link"];
    const REQUIRED: &'static [&'static str] = &["complete"];

    fn properties(generator: &mut SchemaGenerator) -> Vec<(&'static str, Schema, &'static str)> {
        let ratio = generator.subschema_for::<Scalar<Ratio>>();
        vec![
            ("complete", ratio.clone(), "Completion of the component."),
            ("target", ratio, "Required completion. Default: `100%`."),
            ("note", generator.subschema_for::<Scalar<Text>>(), "Remark."),
            ("link", generator.subschema_for::<Scalar<Link>>(), "Address of evidence or details."),
        ]
    }

    fn from_short(complete: Scalar<Ratio>) -> Self {
        Self { complete, ..Self::default() }
    }

    fn read<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "complete" => self.complete = map.next_value()?,
            "target" => self.target = map.next_value()?,
            "note" => self.note = map.next_value()?,
            _ => self.link = map.next_value()?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::shorthand::Shorthand;

    fn component(text: &str) -> Shorthand<ComponentSection> {
        serde_yaml::from_str(text).unwrap()
    }

    fn percentages(component: Shorthand<ComponentSection>) -> (Option<String>, Option<String>) {
        let percentage =
            |it: Scalar<Ratio>| it.into_result().map(|it| it.map_or_else(|it| it.1.message, |it| it.to_string()));
        (percentage(component.section.complete), percentage(component.section.target))
    }

    #[test]
    fn a_percentage_is_short_for_a_mapping() {
        assert_eq!(percentages(component("40%")), (Some("40 %".into()), None));
        assert_eq!(percentages(component("{complete: 40%, target: 80%}")), (Some("40 %".into()), Some("80 %".into())));
        assert!(component("40%").is_short && !component("{complete: 40%}").is_short);
    }

    #[test]
    fn invalid_components_keep_their_errors() {
        let message = |text| percentages(component(text)).0.unwrap();
        assert_eq!(
            message("[40%]"),
            "invalid percentage: expected a value from `0%` to `100%`, such as `40%`, found a list"
        );
        let unknown = component("{complete: 40%, tagret: 80%, notes: [x]}").unknown;
        assert_eq!(unknown, ["tagret".into(), "notes".into()]);
        let duplicate = serde_yaml::from_str::<Shorthand<ComponentSection>>("{note: a, note: b}").unwrap_err();
        assert!(duplicate.to_string().contains("duplicate key `note`"), "{duplicate}");
    }
}
