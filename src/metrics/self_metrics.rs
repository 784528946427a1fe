//! The exporter's metrics about itself, in a registry of the prometheus crate.

mod process;

use std::num::NonZero;
use std::time::Duration;

use jiff::Timestamp;
use prometheus::core::Collector;
use prometheus::{Encoder as _, HistogramOpts, Opts, Registry, TextEncoder};
use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge, IntGaugeVec};

use crate::metrics::self_metrics::process::ProcessCollector;
use crate::metrics::series::FamilyId;

/// The bounds of the reload duration in seconds: from one changed file to a cold start.
const RELOAD_BUCKETS: [f64; 8] = [0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 30.0];

/// The status codes whose counts start at 0, so that the first increase is seen.
const CODES: [&str; 3] = ["200", "500", "503"];

/// Whether metrics about the process and its scrapes are served: `process_*` and `promhttp_*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExporterMetrics {
    /// The metrics are served.
    Enabled,
    /// The metrics are not served (`--web.disable-exporter-metrics`).
    Disabled,
}

/// The exporter's metrics about itself.
#[derive(Debug)]
pub struct SelfMetrics {
    pub(crate) config_reload_successful: IntGauge,
    pub(crate) config_reload_success_time: IntGauge,
    pub(crate) files: IntGauge,
    pub(crate) missing_paths: IntGauge,
    pub(crate) reloads: IntCounter,
    pub(crate) reload_duration: Histogram,
    pub(crate) series: IntGauge,
    pub(crate) series_dropped: IntGauge,
    shard_ordinal: IntGauge,
    shards: IntGauge,
    pub(crate) watch_active: IntGauge,
    pub(crate) requests_in_flight: IntGauge,
    requests: IntCounterVec,
    registry: Registry,
}

impl SelfMetrics {
    /// All metrics, at 0.
    ///
    /// # Errors
    /// The prometheus crate rejects a name, a label, or a duplicate family.
    pub fn new(exporter_metrics: ExporterMetrics) -> prometheus::Result<Self> {
        let registry = Registry::new();
        let scrape_registry = match exporter_metrics {
            ExporterMetrics::Enabled => {
                registry.register(Box::new(ProcessCollector::new()?))?;
                registry.clone()
            }
            // Scrapes are counted in a registry that is never gathered.
            ExporterMetrics::Disabled => Registry::new(),
        };
        register_build_info(&registry)?;
        let requests = register(
            &scrape_registry,
            IntCounterVec::new(opts(FamilyId::RequestsTotal), FamilyId::RequestsTotal.family().labels)?,
        )?;
        for code in CODES {
            requests.with_label_values(&[code]);
        }
        Ok(Self {
            config_reload_successful: gauge(&registry, FamilyId::ConfigReloadSuccessful)?,
            config_reload_success_time: gauge(&registry, FamilyId::ConfigReloadSuccessTime)?,
            files: gauge(&registry, FamilyId::Files)?,
            missing_paths: gauge(&registry, FamilyId::MissingPaths)?,
            reloads: register(&registry, IntCounter::with_opts(opts(FamilyId::ReloadsTotal))?)?,
            reload_duration: register(&registry, reload_duration()?)?,
            series: gauge(&registry, FamilyId::Series)?,
            series_dropped: gauge(&registry, FamilyId::SeriesDropped)?,
            shard_ordinal: gauge(&registry, FamilyId::ShardOrdinal)?,
            shards: gauge(&registry, FamilyId::Shards)?,
            watch_active: gauge(&registry, FamilyId::WatchActive)?,
            requests_in_flight: gauge(&scrape_registry, FamilyId::RequestsInFlight)?,
            requests,
            registry,
        })
    }

    pub(crate) fn set_config_reload(&self, successful: bool, now: Timestamp) {
        self.config_reload_successful.set(i64::from(successful));
        if successful {
            self.config_reload_success_time.set(now.as_second());
        }
    }

    pub(crate) fn set_shard(&self, ordinal: u32, count: NonZero<u32>) {
        self.shard_ordinal.set(i64::from(ordinal));
        self.shards.set(i64::from(count.get()));
    }

    pub(crate) fn observe_reload(&self, duration: Duration) {
        self.reloads.inc();
        self.reload_duration.observe(duration.as_secs_f64());
    }

    pub(crate) fn count_scrape(&self, code: u16) {
        self.requests.with_label_values(&[itoa::Buffer::new().format(code)]).inc();
    }

    /// The exposition of these metrics.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        // Writing to memory can't fail.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        text
    }
}

fn opts(id: FamilyId) -> Opts {
    Opts::new(id.family().name, id.family().help)
}

fn register<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> prometheus::Result<C> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

fn gauge(registry: &Registry, id: FamilyId) -> prometheus::Result<IntGauge> {
    register(registry, IntGauge::with_opts(opts(id))?)
}

fn reload_duration() -> prometheus::Result<Histogram> {
    let family = FamilyId::ReloadDuration.family();
    Histogram::with_opts(HistogramOpts::new(family.name, family.help).buckets(RELOAD_BUCKETS.to_vec()))
}

/// The build passes the source revision and the version of the compiler in the environment.
fn register_build_info(registry: &Registry) -> prometheus::Result<()> {
    let revision = option_env!("READINESS_EXPORTER_REVISION").unwrap_or("unknown");
    let rustversion = option_env!("READINESS_EXPORTER_RUSTVERSION").unwrap_or("unknown");
    let family = FamilyId::BuildInfo.family();
    let info = register(registry, IntGaugeVec::new(opts(family.id), family.labels)?)?;
    info.with_label_values(&[env!("CARGO_PKG_VERSION"), revision, rustversion]).set(1);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::metrics::Group;
    use crate::metrics::series::FAMILIES;
    use crate::metrics::text::header;

    use super::*;

    fn text(metrics: &SelfMetrics) -> String {
        String::from_utf8(metrics.text()).unwrap()
    }

    fn value(text: &str, series: &str) -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{series} in {text}")).parse().unwrap()
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn every_family_of_the_exporter_is_served() {
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
    fn scrapes_and_reloads_are_counted() {
        let metrics = SelfMetrics::new(ExporterMetrics::Enabled).unwrap();
        metrics.count_scrape(200);
        metrics.count_scrape(401);
        metrics.observe_reload(Duration::from_millis(20));
        metrics.set_config_reload(true, Timestamp::from_second(1_769_472_000).unwrap());
        metrics.set_config_reload(false, Timestamp::from_second(1_769_472_999).unwrap());
        let text = text(&metrics);
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
    fn every_value_is_its_own() {
        let metrics = SelfMetrics::new(ExporterMetrics::Enabled).unwrap();
        metrics.files.set(70);
        metrics.missing_paths.set(2);
        metrics.series.set(300);
        metrics.series_dropped.set(40);
        metrics.set_shard(5, NonZero::new(6).unwrap());
        metrics.watch_active.set(1);
        metrics.requests_in_flight.set(8);
        let text = text(&metrics);
        for (series, expected) in [
            ("readiness_exporter_files", 70.0),
            ("readiness_exporter_missing_paths", 2.0),
            ("readiness_exporter_series", 300.0),
            ("readiness_exporter_series_dropped", 40.0),
            ("readiness_exporter_shard_ordinal", 5.0),
            ("readiness_exporter_shards", 6.0),
            ("readiness_exporter_watch_active", 1.0),
            ("promhttp_metric_handler_requests_in_flight", 8.0),
            ("readiness_exporter_reloads_total", 0.0),
        ] {
            assert!((value(&text, series) - expected).abs() < 1e-9, "{series}");
        }
        let version = format!(
            "readiness_exporter_build_info{{revision=\"unknown\",rustversion=\"unknown\",version=\"{}\"}}",
            env!("CARGO_PKG_VERSION")
        );
        let build = text.lines().find(|line| line.starts_with("readiness_exporter_build_info{")).unwrap();
        let is_release = option_env!("READINESS_EXPORTER_REVISION").is_some();
        assert!(is_release || build == format!("{version} 1"), "{build}");
    }

    #[test]
    fn metrics_about_the_process_and_its_scrapes_can_be_disabled() {
        let text = text(&SelfMetrics::new(ExporterMetrics::Disabled).unwrap());
        assert!(!text.contains("process_") && !text.contains("promhttp_"), "{text}");
        assert!(text.contains("readiness_exporter_build_info{"));
    }
}
