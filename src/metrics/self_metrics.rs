//! The exporter's metrics about itself, in a registry of the prometheus crate.

use std::fs;
use std::num::NonZero;
use std::time::Duration;

use jiff::Timestamp;
use prometheus::core::{Collector, Desc};
use prometheus::proto::{Counter, Gauge, Metric, MetricFamily, MetricType};
use prometheus::{Encoder as _, HistogramOpts, Opts, Registry, TextEncoder};
use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge, IntGaugeVec};

use crate::metrics::MetricType as FamilyType;
use crate::metrics::series::FamilyId;

/// The bounds of [`SelfMetrics::reload_duration`], in seconds: one hot file up to a cold start.
const RELOAD_BUCKETS: [f64; 8] = [0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 30.0];

/// The status codes that every exporter counts from the start, so that increases are seen.
const CODES: [&str; 3] = ["200", "500", "503"];

/// Whether metrics about the process and its scrapes are served: `process_*` and `promhttp_*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExporterMetrics {
    /// They are.
    Enabled,
    /// They are left out, as `--web.disable-exporter-metrics` asks for.
    Disabled,
}

/// The exporter's metrics about itself.
#[derive(Debug)]
pub struct SelfMetrics {
    /// Whether the last attempt to load the web configuration was successful.
    pub config_reload_successful: IntGauge,
    /// When the web configuration was last loaded successfully, in seconds since 1970.
    pub config_reload_success_time: IntGauge,
    /// Paths of the command line that don't exist.
    pub missing_paths: IntGauge,
    /// Looks at the files that found a change and made a new page.
    pub reloads: IntCounter,
    /// How long those took, in seconds.
    pub reload_duration: Histogram,
    /// Series served from the readiness files.
    pub series: IntGauge,
    /// Series left out to stay below the ceiling.
    pub series_dropped: IntGauge,
    shard_ordinal: IntGauge,
    shards: IntGauge,
    /// Whether the system reports changes of files.
    pub watch_active: IntGauge,
    /// Scrapes being served.
    pub requests_in_flight: IntGauge,
    requests: IntCounterVec,
    registry: Registry,
}

impl SelfMetrics {
    /// All of them, at 0.
    ///
    /// # Errors
    /// The crate refuses a name, a label, or a family that stands there twice.
    pub fn new(about_itself: ExporterMetrics) -> prometheus::Result<Self> {
        let registry = Registry::new();
        let about_scrapes = match about_itself {
            ExporterMetrics::Enabled => {
                registry.register(Box::new(ProcessCollector::new()?))?;
                registry.clone()
            }
            // What nobody gathers from is counted, and never served.
            ExporterMetrics::Disabled => Registry::new(),
        };
        build_info(&registry)?;
        let requests = registered(
            &about_scrapes,
            IntCounterVec::new(opts(FamilyId::RequestsTotal), FamilyId::RequestsTotal.family().labels)?,
        )?;
        for code in CODES {
            requests.with_label_values(&[code]);
        }
        Ok(Self {
            config_reload_successful: gauge(&registry, FamilyId::ConfigReloadSuccessful)?,
            config_reload_success_time: gauge(&registry, FamilyId::ConfigReloadSuccessTime)?,
            missing_paths: gauge(&registry, FamilyId::MissingPaths)?,
            reloads: registered(&registry, IntCounter::with_opts(opts(FamilyId::ReloadsTotal))?)?,
            reload_duration: registered(&registry, reload_duration()?)?,
            series: gauge(&registry, FamilyId::Series)?,
            series_dropped: gauge(&registry, FamilyId::SeriesDropped)?,
            shard_ordinal: gauge(&registry, FamilyId::ShardOrdinal)?,
            shards: gauge(&registry, FamilyId::Shards)?,
            watch_active: gauge(&registry, FamilyId::WatchActive)?,
            requests_in_flight: gauge(&about_scrapes, FamilyId::RequestsInFlight)?,
            requests,
            registry,
        })
    }

    /// Notes an attempt to load the web configuration; one without a configuration succeeds.
    pub fn set_config_reload(&self, successful: bool, now: Timestamp) {
        self.config_reload_successful.set(i64::from(successful));
        if successful {
            self.config_reload_success_time.set(now.as_second());
        }
    }

    /// Notes which of `count` exporters that share the projects this one is, from 0.
    pub fn set_shard(&self, ordinal: u32, count: NonZero<u32>) {
        self.shard_ordinal.set(i64::from(ordinal));
        self.shards.set(i64::from(count.get()));
    }

    /// Notes a new page, which took so long to make.
    pub fn observe_reload(&self, took: Duration) {
        self.reloads.inc();
        self.reload_duration.observe(took.as_secs_f64());
    }

    /// Notes a scrape answered with the HTTP status `code`.
    pub fn count_scrape(&self, code: u16) {
        self.requests.with_label_values(&[itoa::Buffer::new().format(code)]).inc();
    }

    /// The text of all these metrics now.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        // Writing to memory can't fail, and gathering drops families without samples.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        text
    }
}

fn opts(id: FamilyId) -> Opts {
    Opts::new(id.family().name, id.family().help)
}

fn registered<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> prometheus::Result<C> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

fn gauge(registry: &Registry, id: FamilyId) -> prometheus::Result<IntGauge> {
    registered(registry, IntGauge::with_opts(opts(id))?)
}

fn reload_duration() -> prometheus::Result<Histogram> {
    let family = FamilyId::ReloadDuration.family();
    Histogram::with_opts(HistogramOpts::new(family.name, family.help).buckets(RELOAD_BUCKETS.to_vec()))
}

/// The revision and the compiler are told by whoever builds, through the environment.
fn build_info(registry: &Registry) -> prometheus::Result<()> {
    let revision = option_env!("READINESS_EXPORTER_REVISION").unwrap_or("unknown");
    let rustversion = option_env!("READINESS_EXPORTER_RUSTVERSION").unwrap_or("unknown");
    let family = FamilyId::BuildInfo.family();
    let info = registered(registry, IntGaugeVec::new(opts(family.id), family.labels)?)?;
    info.with_label_values(&[env!("CARGO_PKG_VERSION"), revision, rustversion]).set(1);
    Ok(())
}

/// Reads `/proc` at every scrape. On other systems than Linux there is nothing to read.
#[derive(Debug)]
struct ProcessCollector {
    descriptions: Vec<Desc>,
    system: System,
}

/// What it reads.
const PROCESS: [FamilyId; 8] = [
    FamilyId::ProcessCpuSecondsTotal,
    FamilyId::ProcessMaxFds,
    FamilyId::ProcessOpenFds,
    FamilyId::ProcessResidentMemoryBytes,
    FamilyId::ProcessStartTimeSeconds,
    FamilyId::ProcessThreads,
    FamilyId::ProcessVirtualMemoryBytes,
    FamilyId::ProcessVirtualMemoryMaxBytes,
];

impl ProcessCollector {
    fn new() -> prometheus::Result<Self> {
        let description = |id: FamilyId| {
            let family = id.family();
            Desc::new(family.name.to_owned(), family.help.to_owned(), Vec::new(), std::collections::HashMap::new())
        };
        Ok(Self {
            descriptions: PROCESS.into_iter().map(description).collect::<prometheus::Result<_>>()?,
            system: System::read(),
        })
    }
}

impl Collector for ProcessCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        PROCESS.into_iter().zip(readings(self.system)).filter_map(|(id, value)| Some(family(id, value?))).collect()
    }
}

fn family(id: FamilyId, value: f64) -> MetricFamily {
    let (row, mut metric, mut family) = (id.family(), Metric::default(), MetricFamily::default());
    if row.kind == FamilyType::Counter {
        let mut counter = Counter::default();
        counter.set_value(value);
        metric.set_counter(counter);
        family.set_field_type(MetricType::COUNTER);
    } else {
        let mut gauge = Gauge::default();
        gauge.set_value(value);
        metric.set_gauge(gauge);
        family.set_field_type(MetricType::GAUGE);
    }
    family.set_name(row.name.to_owned());
    family.set_help(row.help.to_owned());
    family.set_metric(vec![metric]);
    family
}

/// The values of [`PROCESS`], in its order; `None` where the system doesn't say.
fn readings(system: System) -> [Option<f64>; 8] {
    if !cfg!(target_os = "linux") {
        return [None; 8];
    }
    let (stat, limits) = (proc("self/stat"), proc("self/limits"));
    let System { booted, units } = system;
    let stat = |field| stat_field(&stat, field);
    [
        stat(14).zip(stat(15)).map(|(user, system)| (user + system) / units.ticks_per_second),
        limit(&limits, "Max open files"),
        open_files(),
        stat(24).map(|pages| pages * units.page_size),
        booted.zip(stat(22)).map(|(booted, started)| booted + started / units.ticks_per_second),
        stat(20),
        stat(23),
        limit(&limits, "Max address space"),
    ]
}

fn proc(name: &str) -> String {
    fs::read_to_string(format!("/proc/{name}")).unwrap_or_default()
}

/// What stays the same while the process runs.
#[derive(Debug, Clone, Copy)]
struct System {
    /// When the machine started, in seconds since 1970.
    booted: Option<f64>,
    units: Units,
}

impl System {
    fn read() -> Self {
        let booted = proc("stat").lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok());
        let units = fs::read("/proc/self/auxv").map(|vector| Units::of(&vector)).unwrap_or_default();
        Self { booted, units }
    }
}

/// Field `number` of `/proc/self/stat`, as proc(5) counts them, from 1.
///
/// The second field, the program's name, may have spaces and brackets in it.
fn stat_field(stat: &str, number: usize) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_ascii_whitespace().nth(number.checked_sub(3)?)?.parse().ok()
}

/// The soft limit called `name` in `/proc/self/limits`; the kernel's infinity is the largest integer.
fn limit(limits: &str, name: &str) -> Option<f64> {
    let line = limits.lines().find_map(|line| line.strip_prefix(name))?;
    match line.split_ascii_whitespace().next()? {
        "unlimited" => Some(18_446_744_073_709_551_615.0),
        value => value.parse().ok(),
    }
}

/// How many files are open, the directory that is read to find out not counted.
fn open_files() -> Option<f64> {
    let count = fs::read_dir("/proc/self/fd").ok()?.count();
    Some(f64::from(u32::try_from(count.saturating_sub(1)).ok()?))
}

/// In what the kernel counts.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Units {
    ticks_per_second: f64,
    page_size: f64,
}

impl Default for Units {
    fn default() -> Self {
        Self { ticks_per_second: 100.0, page_size: 4096.0 }
    }
}

impl Units {
    /// As the kernel told the process when it started: getauxval(3), `AT_CLKTCK` and `AT_PAGESZ`.
    fn of(vector: &[u8]) -> Self {
        const WORD: usize = size_of::<usize>();
        let mut units = Self::default();
        let words = vector.chunks_exact(WORD).filter_map(|word| word.try_into().ok().map(usize::from_ne_bytes));
        let words: Vec<usize> = words.collect();
        for pair in words.chunks_exact(2) {
            let value = u32::try_from(pair[1]).map(f64::from);
            match (pair[0], value) {
                (6, Ok(value)) => units.page_size = value,
                (17, Ok(value)) => units.ticks_per_second = value,
                _ => (),
            }
        }
        units
    }
}

#[cfg(test)]
mod tests {
    use crate::clock;
    use crate::metrics::Group;
    use crate::metrics::series::FAMILIES;
    use crate::metrics::text::header;

    use super::*;

    fn text(exporter: &SelfMetrics) -> String {
        String::from_utf8(exporter.text()).unwrap()
    }

    fn value(text: &str, series: &str) -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{series} in {text}")).parse().unwrap()
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn every_family_of_the_exporter_is_served_as_the_table_says() {
        let text = text(&SelfMetrics::new(ExporterMetrics::Enabled).unwrap());
        let served: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
        let own = FAMILIES.iter().filter(|family| family.group() == Group::Exporter);
        let table: Vec<String> = own.clone().map(|family| format!("{} {}", family.name, family.kind.name())).collect();
        assert_eq!(served, table);
        for family in own {
            let (_, rest) = text.split_once(&header(family)).unwrap_or_else(|| panic!("{}", family.name));
            let series = rest.lines().take_while(|line| !line.starts_with('#'));
            assert_eq!(series.count(), family.max_series, "{}", family.name);
        }
    }

    #[test]
    fn what_happens_is_counted() {
        let exporter = SelfMetrics::new(ExporterMetrics::Enabled).unwrap();
        exporter.count_scrape(200);
        exporter.count_scrape(401);
        exporter.observe_reload(Duration::from_millis(20));
        exporter.set_config_reload(true, Timestamp::from_second(1_769_472_000).unwrap());
        exporter.set_config_reload(false, Timestamp::from_second(1_769_472_999).unwrap());
        let text = text(&exporter);
        for (series, expected) in [
            (r#"promhttp_metric_handler_requests_total{code="200"}"#, 1.0),
            (r#"promhttp_metric_handler_requests_total{code="401"}"#, 1.0),
            (r#"promhttp_metric_handler_requests_total{code="503"}"#, 0.0),
            ("readiness_exporter_reloads_total", 1.0),
            (r#"readiness_exporter_reload_duration_seconds_bucket{le="0.005"}"#, 0.0),
            (r#"readiness_exporter_reload_duration_seconds_bucket{le="0.025"}"#, 1.0),
            ("readiness_exporter_config_last_reload_successful", 0.0),
            ("readiness_exporter_config_last_reload_success_timestamp_seconds", 1_769_472_000.0),
        ] {
            assert!((value(&text, series) - expected).abs() < 1e-9, "{series}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_process_is_described_as_it_is() {
        let exporter = SelfMetrics::new(ExporterMetrics::Enabled).unwrap();
        let held: Vec<fs::File> = (0..10).map(|_| fs::File::open("/proc/self/stat").unwrap()).collect();
        let text = text(&exporter);
        assert!(value(&text, "process_open_fds") >= 10.0);
        assert!(value(&text, "process_max_fds") > 10.0);
        assert!(value(&text, "process_resident_memory_bytes") > 1e6);
        assert!(value(&text, "process_virtual_memory_bytes") > value(&text, "process_resident_memory_bytes"));
        assert!(value(&text, "process_threads") >= 2.0);
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit")]
        let age = clock::now().as_second() as f64 - value(&text, "process_start_time_seconds");
        assert!((-2.0..3600.0).contains(&age), "{age}");
        drop(held);
    }

    #[test]
    fn the_exporter_may_be_silent_about_itself() {
        let text = text(&SelfMetrics::new(ExporterMetrics::Disabled).unwrap());
        assert!(!text.contains("process_") && !text.contains("promhttp_"), "{text}");
        assert!(text.contains("readiness_exporter_build_info{"));
    }

    #[test]
    fn proc_is_read_as_the_manual_says() {
        let stat = "42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 250 50 13 14 15 16 9 18 7000 4096 12 21";
        assert_eq!(
            [14, 15, 20, 22, 23, 24].map(|field| stat_field(stat, field)),
            [Some(250.0), Some(50.0), Some(9.0), Some(7000.0), Some(4096.0), Some(12.0)]
        );
        assert_eq!(stat_field("", 14), None);
        let limits = "Limit  Soft Limit  Hard Limit  Units\nMax open files  1024  4096  files\nMax address space  unlimited  unlimited  bytes\n";
        assert_eq!(limit(limits, "Max open files"), Some(1024.0));
        assert_eq!(limit(limits, "Max address space"), Some(18_446_744_073_709_551_615.0));
        assert_eq!(limit(limits, "Max locked memory"), None);
        let vector: Vec<u8> = [6_usize, 65536, 17, 250, 0, 0].into_iter().flat_map(usize::to_ne_bytes).collect();
        assert_eq!(Units::of(&vector), Units { ticks_per_second: 250.0, page_size: 65536.0 });
        assert_eq!(Units::of(b"short"), Units::default());
    }
}
