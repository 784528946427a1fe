//! The metrics of the process, as client libraries of Prometheus serve them.
//!
//! The prometheus crate has a collector of its own, but that counts CPU time in whole seconds and
//! does not have the limit on virtual memory.

use std::collections::HashMap;

use prometheus::core::{Collector, Desc};
use prometheus::proto::{Counter, Gauge, Metric, MetricFamily, MetricType};

use crate::metrics::MetricType as FamilyType;
use crate::metrics::series::FamilyId;

/// Reads `/proc` at each scrape. Systems other than Linux have no `process_*` metrics.
#[derive(Debug)]
pub(super) struct ProcessCollector {
    descriptions: Vec<Desc>,
    /// Read once, because it takes the statistics of all processors.
    start_time: Option<f64>,
}

const FAMILIES: [FamilyId; 8] = [
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
    pub(super) fn new() -> prometheus::Result<Self> {
        let description = |id: FamilyId| {
            let family = id.family();
            Desc::new(family.name.to_owned(), family.help.to_owned(), Vec::new(), HashMap::new())
        };
        let descriptions = FAMILIES.into_iter().map(description).collect::<prometheus::Result<_>>()?;
        Ok(Self { descriptions, start_time: start_time() })
    }
}

impl Collector for ProcessCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        FAMILIES
            .into_iter()
            .zip(read(self.start_time))
            .filter_map(|(id, value)| Some(metric_family(id, value?)))
            .collect()
    }
}

fn metric_family(id: FamilyId, value: f64) -> MetricFamily {
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

#[cfg(target_os = "linux")]
#[expect(clippy::cast_precision_loss, reason = "clock ticks stay far below 2^52")]
fn seconds(ticks: u64) -> f64 {
    ticks as f64 / procfs::ticks_per_second() as f64
}

/// The start of the process, as a Unix timestamp.
#[cfg(target_os = "linux")]
#[expect(clippy::cast_precision_loss, reason = "seconds since 1970 stay far below 2^52")]
fn start_time() -> Option<f64> {
    let stat = procfs::process::Process::myself().and_then(|process| process.stat()).ok()?;
    Some(procfs::boot_time_secs().ok()? as f64 + seconds(stat.starttime))
}

/// The values of [`FAMILIES`]; `None` if the system does not provide one.
#[cfg(target_os = "linux")]
#[expect(clippy::cast_precision_loss, reason = "bytes and counts stay far below 2^52")]
fn read(start_time: Option<f64>) -> [Option<f64>; 8] {
    use procfs::process::{LimitValue, Process};

    let soft_limit = |limit: LimitValue| match limit {
        // The largest integer, as the kernel's RLIM_INFINITY.
        LimitValue::Unlimited => u64::MAX as f64,
        LimitValue::Value(value) => value as f64,
    };
    let Ok(process) = Process::myself() else { return [None; 8] };
    let (stat, limits) = (process.stat().ok(), process.limits().ok());
    let stat = stat.as_ref();
    [
        stat.map(|stat| seconds(stat.utime + stat.stime)),
        limits.as_ref().map(|limits| soft_limit(limits.max_open_files.soft_limit)),
        process.fd_count().ok().map(|count| count as f64),
        stat.map(|stat| (stat.rss * procfs::page_size()) as f64),
        start_time,
        stat.map(|stat| stat.num_threads as f64),
        stat.map(|stat| stat.vsize as f64),
        limits.as_ref().map(|limits| soft_limit(limits.max_address_space.soft_limit)),
    ]
}

#[cfg(not(target_os = "linux"))]
fn start_time() -> Option<f64> {
    None
}

#[cfg(not(target_os = "linux"))]
fn read(_: Option<f64>) -> [Option<f64>; 8] {
    [None; 8]
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::{fs, thread};

    use crate::clock;

    use super::*;

    fn values() -> [f64; 8] {
        read(start_time()).map(Option::unwrap)
    }

    /// The figure after `name` in a file of `/proc/self`.
    fn proc_value(file: &str, name: &str) -> f64 {
        let text = fs::read_to_string(format!("/proc/self/{file}")).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap_or(18_446_744_073_709_551_615.0)
    }

    #[test]
    fn values_are_those_of_the_kernel() {
        let held: Vec<fs::File> = (0..10).map(|_| fs::File::open("/proc/self/stat").unwrap()).collect();
        let [cpu, max_files, files, resident, start, threads, virtual_memory, max_memory] = values();
        #[expect(clippy::float_cmp, reason = "read from the same file")]
        let exact = max_files == proc_value("limits", "Max open files")
            && max_memory == proc_value("limits", "Max address space");
        assert!(exact, "{max_files} {max_memory}");
        assert!(files >= 10.0, "{files}");
        let close = |value: f64, kib: f64| (value / 1024.0 / kib - 1.0).abs() < 0.5;
        assert!(close(resident, proc_value("status", "VmRSS:")), "{resident}");
        assert!(close(virtual_memory, proc_value("status", "VmSize:")), "{virtual_memory}");
        assert!(threads >= 2.0, "{threads}");
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 stay far below 2^52")]
        let age = clock::now().as_second() as f64 - start;
        assert!((-2.0..3600.0).contains(&age), "{age}");
        // No more CPU time than all processors have had since the start.
        let processors = f64::from(u32::try_from(thread::available_parallelism().unwrap().get()).unwrap());
        assert!(cpu >= 0.0 && cpu <= (age + 3.0) * processors, "{cpu} in {age} s");
        drop(held);
    }

    #[test]
    fn cpu_time_is_counted_in_fractions_of_a_second() {
        let (before, started) = (values()[0], clock::instant());
        // Work until some ticks have passed, whatever the load of the machine.
        while values()[0] < before + 0.05 {
            assert!(started.elapsed().as_secs() < 60, "no CPU time is counted");
        }
        assert!(values()[0] < before + 60.0);
    }
}
