//! The text exposition format, version 0.0.4: samples, headers and escaping.
//!
//! The samples of a file are kept as text, so that an exposition is put together by copying.

use std::fmt::Write as _;
use std::io::Read as _;

use bytes::Bytes;
use flate2::read::GzDecoder;
use jiff::Timestamp;

use crate::metrics::Family;
use crate::metrics::gzip::Compressor;
use crate::metrics::series::{FamilyId, Series};

/// The rendered samples of one file, sorted by family.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fragment {
    text: Box<str>,
    parts: Box<[FamilyRange]>,
}

/// The samples of one family: they start at the end of the range before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FamilyRange {
    family: FamilyId,
    series: usize,
    end: usize,
}

/// Samples of one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Samples<'a> {
    /// Lines in UTF-8, each with its line break.
    pub(crate) text: &'a [u8],
    /// The number of lines.
    pub(crate) series: usize,
}

impl Fragment {
    /// The samples of `family`, empty if there are none.
    pub(crate) fn samples(&self, family: FamilyId) -> Samples<'_> {
        self.parts.binary_search_by_key(&family, |part| part.family).map_or_else(
            |_| Samples::default(),
            |at| Samples { text: self.lines(at).as_bytes(), series: self.parts[at].series },
        )
    }

    #[cfg(test)]
    pub(crate) fn series(&self) -> usize {
        self.parts.iter().map(|part| part.series).sum()
    }

    /// The exposition of this fragment alone.
    #[cfg(test)]
    pub(crate) fn exposition(&self) -> String {
        let mut text = String::with_capacity(self.text.len());
        for (at, part) in self.parts.iter().enumerate() {
            text.push_str(&header(part.family.family()));
            text.push_str(self.lines(at));
        }
        text
    }

    /// Compresses the fragment to a twentieth of its size, until it becomes part of an exposition.
    pub(crate) fn pack(self, compressor: &mut Compressor) -> PackedFragment {
        PackedFragment { gzip: compressor.member(self.text.as_bytes()), length: self.text.len(), parts: self.parts }
    }

    fn lines(&self, part: usize) -> &str {
        let start = part.checked_sub(1).map_or(0, |before| self.parts[before].end);
        &self.text[start..self.parts[part].end]
    }
}

/// A compressed fragment.
///
/// The fragments of all files together would double the memory of an exposition at the start, and the
/// allocator would keep it.
#[derive(Debug)]
pub(crate) struct PackedFragment {
    gzip: Bytes,
    length: usize,
    parts: Box<[FamilyRange]>,
}

impl PackedFragment {
    /// The original fragment.
    pub(crate) fn unpack(self) -> Fragment {
        let mut text = String::with_capacity(self.length);
        let unpacked = GzDecoder::new(&self.gzip[..]).read_to_string(&mut text);
        debug_assert!(unpacked.is_ok() && text.len() == self.length, "a packed fragment is intact");
        Fragment { text: text.into(), parts: self.parts }
    }
}

/// Renders samples in any order, and sorts them by family.
///
/// Samples of one family keep their order. A builder can be used for many files, and reuses its memory.
#[derive(Debug, Default)]
pub struct FragmentBuilder {
    text: String,
    runs: Vec<SampleRun>,
}

/// Consecutive samples of one family.
#[derive(Debug, Clone, Copy)]
struct SampleRun {
    family: FamilyId,
    series: usize,
    start: usize,
    end: usize,
}

impl FragmentBuilder {
    /// Adds a sample of `series`.
    ///
    /// A label with an empty value is not written: to Prometheus, empty is absent. No ratio, duration
    /// or date is infinite, so a value that is not finite is a bug: debug builds panic, and release
    /// builds drop the sample.
    ///
    /// Label values have types, so values in the wrong order don't compile:
    ///
    /// ```
    /// use readiness_exporter::metrics::text::FragmentBuilder;
    /// use readiness_exporter::metrics::{label, series};
    ///
    /// FragmentBuilder::default().sample(series::AreaWeight(label::Project("shop"), label::Area("web")), 1.0);
    /// ```
    ///
    /// ```compile_fail,E0308
    /// use readiness_exporter::metrics::text::FragmentBuilder;
    /// use readiness_exporter::metrics::{label, series};
    ///
    /// FragmentBuilder::default().sample(series::AreaWeight(label::Area("web"), label::Project("shop")), 1.0);
    /// ```
    pub fn sample<S: Series>(&mut self, series: S, value: f64) {
        series.with_values(|labels| self.add(S::FAMILY.family(), labels, value));
    }

    fn add(&mut self, family: &Family, labels: &[&str], value: f64) {
        debug_assert!(value.is_finite(), "{value} as a value of {}", family.name);
        if value.is_finite() {
            let start = self.text.len();
            write_sample(&mut self.text, family, labels, value);
            self.extend(SampleRun { family: family.id, series: 1, start, end: self.text.len() });
        }
    }

    /// The samples added since the last call. The builder is empty afterwards.
    #[must_use]
    pub fn finish(&mut self) -> Fragment {
        // The sort is stable, so samples of one family stay in order.
        self.runs.sort_by_key(|run| run.family);
        let mut text = String::with_capacity(self.text.len());
        let mut parts: Vec<FamilyRange> = Vec::new();
        for run in self.runs.drain(..) {
            text.push_str(&self.text[run.start..run.end]);
            match parts.last_mut().filter(|part| part.family == run.family) {
                Some(part) => (part.series, part.end) = (part.series + run.series, text.len()),
                None => parts.push(FamilyRange { family: run.family, series: run.series, end: text.len() }),
            }
        }
        self.text.clear();
        Fragment { text: text.into(), parts: parts.into() }
    }

    fn extend(&mut self, run: SampleRun) {
        match self.runs.last_mut().filter(|last| last.family == run.family) {
            Some(last) => (last.series, last.end) = (last.series + run.series, run.end),
            None => self.runs.push(run),
        }
    }
}

/// The HELP and TYPE lines of a family.
pub(crate) fn header(family: &Family) -> String {
    let Family { name, kind, help, .. } = family;
    format!("# HELP {name} {help}\n# TYPE {name} {}\n", kind.name())
}

fn write_sample(out: &mut String, family: &Family, labels: &[&str], value: f64) {
    out.push_str(family.name);
    let mut separator = '{';
    for (name, value) in family.labels.iter().zip(labels).filter(|(_, value)| !value.is_empty()) {
        out.push(separator);
        out.push_str(name);
        out.push_str("=\"");
        write_escaped(out, value);
        out.push('"');
        separator = ',';
    }
    if separator == ',' {
        out.push('}');
    }
    out.push(' ');
    write_value(out, value);
    out.push('\n');
}

fn write_escaped(out: &mut String, mut value: &str) {
    while let Some(at) = memchr::memchr3(b'\\', b'"', b'\n', value.as_bytes()) {
        out.push_str(&value[..at]);
        out.push_str(match value.as_bytes()[at] {
            b'\n' => "\\n",
            b'"' => "\\\"",
            _ => "\\\\",
        });
        value = &value[at + 1..];
    }
    out.push_str(value);
}

fn write_value(out: &mut String, value: f64) {
    // Below 2^53, every whole number is exact as a float and as an integer; -0 only as a float.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() < EXACT && (value != 0.0 || value.is_sign_positive()) {
        #[expect(clippy::cast_possible_truncation, reason = "the value is whole and within 53 bits")]
        out.push_str(itoa::Buffer::new().format(value as i64));
    } else {
        // Writing to a string can't fail.
        let _ = write!(out, "{value}");
    }
}

/// The value of a Unix timestamp.
#[expect(clippy::cast_precision_loss, reason = "seconds since 1970 stay far below 2^52")]
pub(crate) fn seconds(at: Timestamp) -> f64 {
    at.as_second() as f64
}

/// The value of a count.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub(crate) fn count(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};
    use prometheus::{Encoder as _, TextEncoder};
    use proptest::prelude::*;

    use crate::metrics::MetricType as FamilyType;
    use crate::metrics::label;
    use crate::metrics::series;
    use crate::metrics::series::FAMILIES;

    use super::*;

    type Sample = (FamilyId, Vec<String>, f64);

    fn fragment(samples: &[Sample]) -> Fragment {
        let mut builder = FragmentBuilder::default();
        for (family, labels, value) in samples {
            let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
            builder.add(family.family(), &labels, *value);
        }
        builder.finish()
    }

    /// Writes `samples` with the prometheus crate.
    fn oracle(samples: &[Sample]) -> String {
        let families = FAMILIES.iter().filter_map(|family| {
            let own = samples.iter().filter(|(id, ..)| *id == family.id);
            let metrics: Vec<Metric> = own.map(|(_, labels, value)| metric(family, labels, *value)).collect();
            let mut out = MetricFamily::default();
            out.set_name(family.name.to_owned());
            out.set_help(family.help.to_owned());
            let counts = family.kind == FamilyType::Counter;
            out.set_field_type(if counts { MetricType::COUNTER } else { MetricType::GAUGE });
            (!metrics.is_empty()).then(|| {
                out.set_metric(metrics);
                out
            })
        });
        let mut text = Vec::new();
        TextEncoder::new().encode(&families.collect::<Vec<_>>(), &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    fn metric(family: &Family, labels: &[String], value: f64) -> Metric {
        let pairs = family.labels.iter().zip(labels).filter(|(_, value)| !value.is_empty());
        let mut metric = Metric::from_label(pairs.map(|(name, value)| pair(name, value)).collect());
        let (mut gauge, mut counter) = (Gauge::default(), Counter::default());
        gauge.set_value(value);
        counter.set_value(value);
        metric.set_gauge(gauge);
        metric.set_counter(counter);
        metric
    }

    fn pair(name: &str, value: &str) -> LabelPair {
        let mut pair = LabelPair::default();
        pair.set_name(name.to_owned());
        pair.set_value(value.to_owned());
        pair
    }

    fn any_sample() -> impl Strategy<Value = Sample> {
        let writable: Vec<_> =
            FAMILIES.iter().filter(|family| family.kind != FamilyType::Histogram).map(|family| family.id).collect();
        let text = prop_oneof!["", "[a-z]{1,8}", "[a\\\\\"\n\r\té☃]{0,8}", any::<String>()];
        let value = prop_oneof![
            any::<f64>().prop_filter("finite", |value| value.is_finite()),
            any::<i32>().prop_map(f64::from),
            Just(-0.0),
            Just(9_007_199_254_740_992.0),
            Just(1e300),
            0.0..1.0_f64,
        ];
        (prop::sample::select(writable), prop::collection::vec(text, 8), value).prop_map(
            |(family, mut labels, value)| {
                labels.truncate(family.family().labels.len());
                (family, labels, value)
            },
        )
    }

    proptest! {
        #[test]
        fn the_text_is_what_the_prometheus_crate_writes(
            samples in prop::collection::vec(any_sample(), 0..40)
        ) {
            let fragment = fragment(&samples);
            prop_assert_eq!(fragment.exposition(), oracle(&samples));
            prop_assert_eq!(fragment.series(), samples.len());
        }
    }

    #[test]
    fn samples_are_sorted_by_family_and_a_builder_can_be_reused() {
        let mut builder = FragmentBuilder::default();
        let task = |id, title, status| {
            let (project, area, workstream) = (label::Project("p"), label::Area("a"), label::Workstream("w"));
            let (title, status) = (label::Title(title), label::Status(status));
            series::TaskInfo(project, area, workstream, label::Task(id), title, label::Assignee(""), status)
        };
        builder.sample(task("t", "A \"b\"\nc\\", "todo"), 1.0);
        builder.sample(series::ProjectCompletion(label::Project("p"), label::Method("earned")), 0.525);
        builder.sample(task("u", "", "done"), 1.0);
        let fragment = builder.finish();
        insta::assert_snapshot!(fragment.exposition(), @r#"
        # HELP readiness_project_completion_ratio Completion of the project: earned by its areas, and reported in the file. A method is absent if the file has no data for it.
        # TYPE readiness_project_completion_ratio gauge
        readiness_project_completion_ratio{project="p",method="earned"} 0.525
        # HELP readiness_task_info Information about a task: title, assignee and status.
        # TYPE readiness_task_info gauge
        readiness_task_info{project="p",area="a",workstream="w",task="t",title="A \"b\"\nc\\",status="todo"} 1
        readiness_task_info{project="p",area="a",workstream="w",task="u",status="done"} 1
        "#);
        assert_eq!((fragment.series(), fragment.samples(FamilyId::TaskInfo).series), (3, 2));
        assert_eq!(fragment.samples(FamilyId::AreaInfo), Samples::default());
        assert_eq!(builder.finish(), Fragment::default());
    }

    #[test]
    #[cfg(not(debug_assertions))]
    fn a_value_that_is_not_finite_is_dropped() {
        let mut builder = FragmentBuilder::default();
        builder.sample(series::AreaWeight(label::Project("p"), label::Area("a")), f64::NAN);
        assert_eq!(builder.finish(), Fragment::default());
    }
}
