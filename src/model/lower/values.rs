//! Values, names and references of any section: invalid ones become findings.

use std::collections::HashSet;

use crate::finding::{Finding, Kind, LazyPath, push_limited};
use crate::format::fields::{OneOrMore, Scalar};
use crate::format::shorthand::need::NeedSection;
use crate::format::shorthand::reported::ReportedSection;
use crate::format::shorthand::{Shorthand, ShorthandSection};
use crate::model::lower::{Lowering, keep_name};
use crate::model::resolve::Role;
use crate::model::{ItemLink, LinkedPart, Reported};
use crate::name::{Id, Link, Reference, Text};
use crate::quantity::WorkTime;
use crate::scalar::{ScalarFormat, shortened};
use crate::yaml::decode::unknown_key;

impl Lowering {
    pub(super) fn report(
        &mut self,
        kind: Kind,
        at: &LazyPath<'_>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        push_limited(&mut self.findings, || Finding::new(kind, at.to_path(), message).help(help));
    }

    pub(super) fn required(&mut self, is_present: bool, key: &str, at: &LazyPath<'_>) {
        if !is_present {
            self.report(Kind::MissingKey, at, format!("the key `{key}` is missing"), format!("add `{key}: …`"));
        }
    }

    pub(super) fn take<T>(&mut self, scalar: Scalar<T>, at: &LazyPath<'_>) -> Option<T> {
        match scalar.into_result()? {
            Ok(value) => Some(value),
            Err(error) => {
                let (kind, error) = *error;
                push_limited(&mut self.findings, || {
                    Finding::new(kind, at.to_path(), error.message).maybe_help(error.help)
                });
                None
            }
        }
    }

    pub(super) fn take_all<T>(&mut self, scalars: Vec<Scalar<T>>, at: &LazyPath<'_>) -> Vec<T> {
        let scalars = scalars.into_iter().enumerate();
        scalars.filter_map(|(index, scalar)| self.take(scalar, &at.index(index))).collect()
    }

    pub(super) fn text(&mut self, scalar: Scalar<Text>, at: &LazyPath<'_>) -> Option<Box<str>> {
        self.take(scalar, at).map(Into::into)
    }

    pub(super) fn title(&mut self, scalar: Scalar<Text>, parent: &LazyPath<'_>, id: &str) -> Box<str> {
        self.text(scalar, &parent.key("title")).unwrap_or_else(|| id.into())
    }

    pub(super) fn id(&mut self, key: &str, at: &LazyPath<'_>) -> Id {
        Id::parse(key).map_err(keep_name).unwrap_or_else(|error| {
            push_limited(&mut self.findings, || {
                Finding::new(Kind::BadValue, at.to_path(), error.message).at_key().maybe_help(error.help)
            });
            Id::unnamed()
        })
    }

    pub(super) fn slug(&mut self, title: &Text, at: &LazyPath<'_>) -> Id {
        Id::slug(title.as_str()).unwrap_or_else(|| {
            let message = format!("no id can be derived from `{}`", shortened(title.as_str()));
            self.report(Kind::BadValue, at, message, "use letters, or add an `id`");
            Id::unnamed()
        })
    }

    pub(super) fn unique<'a>(&mut self, ids: impl Iterator<Item = (&'a str, usize)>, at: &LazyPath<'_>) {
        let mut seen = HashSet::new();
        for (id, index) in ids {
            if !seen.insert(id) && id != Id::UNNAMED {
                let at = at.index(index);
                let message = format!("duplicate task id `{}`", shortened(id));
                self.report(Kind::DuplicateId, &at, message, "change the text, or add a unique `id`");
            }
        }
    }

    /// Reports the unknown keys of a section, and returns it with whether it has the short form.
    pub(super) fn longhand<T: ShorthandSection>(&mut self, shorthand: Shorthand<T>, at: &LazyPath<'_>) -> (T, bool) {
        for key in &shorthand.unknown {
            push_limited(&mut self.findings, || unknown_key(at.key(key).to_path(), key, T::KEYS));
        }
        (shorthand.section, shorthand.is_short)
    }

    /// The value of a scalar that the short form has instead of the key `key`.
    pub(super) fn take_short<T>(
        &mut self,
        scalar: Scalar<T>,
        is_short: bool,
        key: &str,
        at: &LazyPath<'_>,
    ) -> Option<T> {
        let longer = at.key(key);
        self.take(scalar, if is_short { at } else { &longer })
    }

    pub(super) fn reported(&mut self, shorthand: Shorthand<ReportedSection>, at: &LazyPath<'_>) -> Option<Reported> {
        let (section, is_short) = self.longhand(shorthand, at);
        if section.when.is_present() {
            self.required(section.complete.is_present(), "complete", at);
        }
        let when = self.take(section.when, &at.key("when"));
        let complete = self.take_short(section.complete, is_short, "complete", at)?;
        Some(Reported { complete, when })
    }

    pub(super) fn names(&mut self, names: OneOrMore<Text>, at: &LazyPath<'_>) -> Vec<Box<str>> {
        match names {
            OneOrMore::One(name) => self.text(name, at).into_iter().collect(),
            OneOrMore::List(names) => self.take_all(names, at).into_iter().map(Into::into).collect(),
        }
    }

    pub(super) fn link(&mut self, scalar: Scalar<Link>, parent: &LazyPath<'_>, of: LinkedPart) {
        if let Some(link) = self.take(scalar, &parent.key("link")) {
            self.links.push(ItemLink { of, address: link.into() });
        }
    }

    pub(super) fn needs(&mut self, needs: Vec<Shorthand<NeedSection>>, at: &LazyPath<'_>, role: impl Fn(f64) -> Role) {
        for (index, need) in needs.into_iter().enumerate() {
            let at = at.index(index);
            let (section, is_short) = self.longhand(need, &at);
            if section.lag.is_present() && section.lead.is_present() {
                let message = "both `lag` and `lead` set the distance";
                self.report(Kind::Conflict, &at.key("lead"), message, "remove one of the two");
            }
            self.required(section.item.is_present(), "item", &at);
            let week = self.week;
            let days = |time: Option<WorkTime>| time.map_or(0.0, |time| time.days(week));
            let (lag, lead) = (self.take(section.lag, &at.key("lag")), self.take(section.lead, &at.key("lead")));
            let item_at = at.key("item");
            self.refer(section.item, if is_short { &at } else { &item_at }, role(days(lag) - days(lead)));
        }
    }

    pub(super) fn refer(&mut self, scalar: Scalar<Reference>, at: &LazyPath<'_>, role: Role) {
        if let Some(reference) = self.take(scalar, at) {
            self.references.add(reference, at.to_path(), role);
        }
    }

    pub(super) fn refer_all(&mut self, scalars: Vec<Scalar<Reference>>, at: &LazyPath<'_>, role: Role) {
        for (index, scalar) in scalars.into_iter().enumerate() {
            self.refer(scalar, &at.index(index), role);
        }
    }
}
