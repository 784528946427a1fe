//! The `serve` command: loads readiness files, serves them as metrics, and reloads them when they
//! change.

mod systemd;

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

use crate::clock;
use crate::http;
use crate::http::routes::{ReloadRequest, ReloadResult, Routes};
use crate::http::web::Web;
use crate::http::{ConnectionLimits, Service};
use crate::log;
use crate::metrics::self_metrics::{ExporterMetrics, SelfMetrics};
use crate::snapshot::store::{Store, StoreUpdate};
use crate::snapshot::{Snapshot, StoreOptions};
use crate::source::scan::{Changed, Scan};
use crate::source::watch::{Trigger, Watcher};

/// The options of `serve`.
#[derive(Debug)]
pub(crate) struct ServeOptions {
    /// Files and directories.
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) listen: Listen,
    pub(crate) web_config: Option<PathBuf>,
    /// Additional address for the health endpoints, without TLS and authentication.
    pub(crate) probe_listen: Option<SocketAddr>,
    /// Path of the metrics endpoint.
    pub(crate) telemetry_path: String,
    /// Maximum number of concurrent scrapes.
    pub(crate) max_requests: Option<NonZero<u32>>,
    pub(crate) exporter_metrics: ExporterMetrics,
    /// Interval of full rescans.
    pub(crate) poll_interval: Duration,
    pub(crate) store: StoreOptions,
    pub(crate) log: (tracing::Level, log::LogEncoding),
}

/// The addresses to listen on.
#[derive(Debug)]
pub(crate) enum Listen {
    Addresses(Vec<SocketAddr>),
    /// The sockets that systemd opened.
    Systemd,
}

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// An address is in use, the web configuration is invalid, or the runtime cannot be started.
pub(crate) fn run(options: ServeOptions) -> anyhow::Result<()> {
    log::init(options.log.0, options.log.1);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(serve(options))
}

async fn serve(options: ServeOptions) -> anyhow::Result<()> {
    let mut hangup = signal(SignalKind::hangup()).context("cannot handle SIGHUP")?;
    let stop_signals = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    // Addresses are bound first, so that one in use is reported before any file is read.
    let listeners = match &options.listen {
        Listen::Addresses(addresses) => addresses.iter().map(|address| bind(*address)).collect::<Result<_, _>>()?,
        Listen::Systemd => systemd::listeners()?,
    };
    let probe_listener = options.probe_listen.map(bind).transpose()?;
    let self_metrics = Arc::new(SelfMetrics::new(options.exporter_metrics)?);
    self_metrics.set_config_reload(true, clock::now());
    self_metrics.set_shard(options.store.shard.index(), options.store.shard.count());
    let web = options.web_config.map(|path| Web::load(path, Arc::clone(&self_metrics))).transpose()?.map(Arc::new);
    let (publish, snapshot) = watch::channel(None);
    let (reload, mut reload_requests) = mpsc::channel(16);
    let (stop, stopped) = watch::channel(false);

    let max_scrapes = options.max_requests.map_or(Semaphore::MAX_PERMITS, |max| max.get() as usize);
    let routes = Routes {
        snapshot,
        self_metrics: Arc::clone(&self_metrics),
        reload,
        telemetry_path: options.telemetry_path,
        scrapes: Arc::new(Semaphore::new(max_scrapes)),
        health_only: false,
    };
    let mut servers = JoinSet::new();
    let service = Service { routes: Arc::new(routes.clone()), web: web.clone() };
    for listener in listeners {
        start(&mut servers, listener, service.clone(), stopped.clone())?;
    }
    if let Some(listener) = probe_listener {
        // Probes of a kubelet have neither passwords nor CA certificates.
        let routes = Arc::new(Routes { health_only: true, ..routes });
        start(&mut servers, listener, Service { routes, web: None }, stopped)?;
    }

    let mut reloader = Reloader {
        paths: options.paths,
        state: Some((Store::new(options.store), Scan::default())),
        has_files: true,
        watcher: Watcher::new(options.poll_interval),
        self_metrics,
        web,
        publish,
    };
    tokio::select! {
        () = reloader.run(&mut hangup, &mut reload_requests) => {}
        () = stop_requested(stop_signals) => {}
    }
    systemd::notify_stopping();
    // Sending fails only if no server is left.
    let _ = stop.send(true);
    while servers.join_next().await.is_some() {}
    tracing::info!("shutdown complete");
    Ok(())
}

fn start(
    servers: &mut JoinSet<()>,
    listener: TcpListener,
    service: Service,
    stopped: watch::Receiver<bool>,
) -> io::Result<()> {
    tracing::info!(address = %listener.local_addr()?, version = env!("CARGO_PKG_VERSION"), "listening");
    servers.spawn(http::serve(listener, service, ConnectionLimits::default(), stopped));
    Ok(())
}

/// Binds with `SO_REUSEADDR`, so that a restart can bind at once.
///
/// `[::]` falls back to `0.0.0.0` on a machine without IPv6.
fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listen = |address: SocketAddr| {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(1024)
    };
    let any_v4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port()));
    match listen(address) {
        Err(error) if address.ip() == Ipv6Addr::UNSPECIFIED && !is_taken(&error) => listen(any_v4),
        result => result,
    }
    .with_context(|| format!("cannot listen on {address}"))
}

fn is_taken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied)
}

async fn stop_requested((mut terminate, mut interrupt): (Signal, Signal)) {
    let name = tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    };
    tracing::info!(signal = name, "shutting down");
}

/// Reloads the files when they change, and publishes the result.
struct Reloader {
    paths: Vec<PathBuf>,
    /// The loaded files and the last scan. `None` while a reload runs in its own thread.
    state: Option<(Store, Scan)>,
    /// Whether the last scan found a file; before the first scan, a file is expected.
    has_files: bool,
    watcher: Watcher,
    self_metrics: Arc<SelfMetrics>,
    web: Option<Arc<Web>>,
    publish: watch::Sender<Option<Arc<Snapshot>>>,
}

impl Reloader {
    async fn run(&mut self, hangup: &mut Signal, requests: &mut mpsc::Receiver<ReloadRequest>) {
        // The first result is reported like that of a SIGHUP reload.
        let mut report_to_systemd = true;
        let mut request = None;
        let mut changed = Changed::Anything;
        loop {
            if let Some(web) = &self.web {
                // Reports an invalid web configuration even if no request arrives.
                web.current().await;
            }
            let result = self.reload(changed).await;
            if let Some(request) = request.take() {
                // Sending fails if the client has disconnected.
                let _ = ReloadRequest::send(request, result);
            }
            if report_to_systemd {
                systemd::notify_ready();
            }
            report_to_systemd = false;
            changed = tokio::select! {
                trigger = self.watcher.wait() => changes_of(trigger),
                _ = hangup.recv() => {
                    tracing::info!(signal = "SIGHUP", "reload requested");
                    systemd::notify_reloading();
                    report_to_systemd = true;
                    Changed::Anything
                }
                received = requests.recv() => {
                    request = received;
                    Changed::Anything
                }
            }
        }
    }

    /// Scans for changes, reads the changed files, and publishes the new snapshot.
    async fn reload(&mut self, changed: Changed) -> ReloadResult {
        let Some((mut store, mut scan)) = self.state.take() else {
            return Err("a previous reload panicked".to_owned());
        };
        let paths = self.paths.clone();
        let start = clock::instant();
        let task = tokio::task::spawn_blocking(move || {
            scan.update(&paths, &changed);
            let update = store.update(&scan, clock::now());
            (store, scan, update)
        });
        match task.await {
            Ok((store, scan, update)) => {
                let result = self.publish(&scan, &update, start.elapsed());
                self.state = Some((store, scan));
                result
            }
            Err(error) => Err(format!("the reload panicked: {error}")),
        }
    }

    fn publish(&mut self, scan: &Scan, update: &StoreUpdate, duration: Duration) -> ReloadResult {
        self.watcher.rewatch(scan);
        let snapshot = &update.snapshot;
        if !update.changed.is_empty() {
            self.self_metrics.observe_reload(duration);
        }
        if scan.files.is_empty() && self.has_files {
            tracing::warn!(paths = %join_paths(&self.paths), "no readiness files found");
        }
        self.has_files = !scan.files.is_empty();
        self.self_metrics.files.set(gauge_value(scan.files.len()));
        self.self_metrics.missing_paths.set(gauge_value(scan.missing.len()));
        self.self_metrics.series.set(gauge_value(snapshot.exposition.series()));
        self.self_metrics.series_dropped.set(gauge_value(snapshot.exposition.dropped()));
        self.self_metrics.watch_active.set(i64::from(self.watcher.is_active()));
        self.publish.send_replace(Some(Arc::clone(snapshot)));
        // A reload is logged when it is served.
        if !update.changed.is_empty() {
            log_changes(update, duration);
        }
        let failed: Vec<String> =
            snapshot.files.iter().filter(|file| !file.up).map(|file| file.first_error()).collect();
        if failed.is_empty() { Ok(()) } else { Err(failed.join("; ")) }
    }
}

fn changes_of(trigger: Trigger) -> Changed {
    match trigger {
        Trigger::Changed(changed) => {
            tracing::debug!(paths = changed_paths(&changed), "files changed, rescanning");
            changed
        }
        Trigger::Poll => {
            tracing::debug!("poll interval elapsed, rescanning");
            Changed::Anything
        }
    }
}

fn changed_paths(changed: &Changed) -> String {
    match changed {
        Changed::Paths(paths) => join_paths(paths),
        Changed::Anything => "all".to_owned(),
    }
}

fn join_paths<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> String {
    paths.into_iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// Logs the result for each of the first 20 changed files, then a summary.
fn log_changes(update: &StoreUpdate, duration: Duration) {
    const MAX_FILES: usize = 20;
    for path in update.changed.iter().take(MAX_FILES) {
        match update.snapshot.files.iter().find(|file| file.path == *path) {
            Some(file) if file.up => tracing::info!(file = %path.display(), "file loaded"),
            Some(file) => tracing::warn!(file = %path.display(), reason = file.first_error(), "file not loaded"),
            None => tracing::info!(file = %path.display(), "file removed"),
        }
    }
    let (changed, files, series) =
        (update.changed.len(), update.snapshot.files.len(), update.snapshot.exposition.series());
    let changed_paths: BTreeSet<&Path> = update.changed.iter().map(PathBuf::as_path).collect();
    let failed = update.snapshot.files.iter().filter(|file| !file.up && changed_paths.contains(&*file.path)).count();
    tracing::info!(changed, failed, files, series, seconds = duration.as_secs_f64(), "files reloaded");
}

fn gauge_value(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_paths_are_logged_as_a_list() {
        let paths = ["b/c.yaml", "a.yaml"].map(PathBuf::from);
        assert_eq!(changed_paths(&Changed::Paths(paths.into())), "a.yaml, b/c.yaml");
        assert_eq!(changed_paths(&Changed::Anything), "all");
    }
}
