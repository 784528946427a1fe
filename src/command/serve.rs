//! The command `serve`: looks at the files, serves what they say, and looks again.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use listenfd::ListenFd;
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
use crate::snapshot::Snapshot;
use crate::snapshot::store::{Store, StoreOptions, StoreUpdate};
use crate::source::scan::{Changed, Scan};
use crate::source::watch::{Trigger, Watcher};

/// What is served, and where.
#[derive(Debug)]
pub struct ServeOptions {
    /// Files and directories.
    pub paths: Vec<PathBuf>,
    /// Where metrics and the page are served.
    pub listen: Listen,
    /// TLS, passwords and headers of what is served there.
    pub web_config: Option<PathBuf>,
    /// Where health alone is served.
    pub probe_listen: Option<SocketAddr>,
    /// The path of the metrics.
    pub telemetry_path: String,
    /// Scrapes at the same time.
    pub max_requests: Option<NonZero<u32>>,
    /// Whether the exporter tells of itself.
    pub exporter_metrics: ExporterMetrics,
    /// How often the files are looked at in any case.
    pub interval: Duration,
    /// What is served of them.
    pub store: StoreOptions,
    /// From which level on is logged, and how.
    pub log: (tracing::Level, log::LogEncoding),
}

/// Where to listen.
#[derive(Debug)]
pub enum Listen {
    /// On these addresses.
    On(Vec<SocketAddr>),
    /// On the sockets that systemd opened.
    Systemd,
}

/// Serves until the process is told to stop.
///
/// # Errors
/// What kept it from starting: an address that is taken, a runtime that can't be made.
pub fn run(options: ServeOptions) -> anyhow::Result<()> {
    log::init(options.log.0, options.log.1);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("can't start the runtime")?;
    runtime.block_on(serve(options))
}

async fn serve(options: ServeOptions) -> anyhow::Result<()> {
    let mut hangup = signal(SignalKind::hangup()).context("can't listen for SIGHUP")?;
    let stop = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    // Addresses come first: one that is taken is told before anything is read.
    let listeners = listeners(&options.listen)?;
    let probe = options.probe_listen.map(bind).transpose()?;
    let self_metrics = Arc::new(SelfMetrics::new(options.exporter_metrics)?);
    self_metrics.set_config_reload(true, clock::now());
    let web = options.web_config.map(|path| Web::load(path, Arc::clone(&self_metrics))).transpose()?.map(Arc::new);
    self_metrics.set_shard(options.store.shard.index(), options.store.shard.count());
    let (publish, snapshot) = watch::channel(None);
    let (ask, mut asked) = mpsc::channel(16);
    let (tell_stop, stopped) = watch::channel(false);

    let routes = |health_only| {
        Arc::new(Routes {
            snapshot: snapshot.clone(),
            self_metrics: Arc::clone(&self_metrics),
            reload: ask.clone(),
            telemetry_path: options.telemetry_path.clone(),
            scrapes: Arc::new(Semaphore::new(
                options.max_requests.map_or(Semaphore::MAX_PERMITS, |most| most.get() as usize),
            )),
            health_only,
        })
    };
    let mut servers = JoinSet::new();
    let all = Service { routes: routes(false), web: web.clone() };
    // Whoever asks for health, kubelet for one, may know neither passwords nor CAs.
    let health = Service { routes: routes(true), web: None };
    for (listener, service) in listeners.into_iter().map(|it| (it, &all)).chain(probe.map(|it| (it, &health))) {
        tracing::info!(address = %listener.local_addr()?, version = env!("CARGO_PKG_VERSION"), "listening");
        servers.spawn(http::serve(listener, service.clone(), ConnectionLimits::default(), stopped.clone()));
    }

    let mut reloader = Reloader {
        paths: options.paths,
        seen: Some((Store::new(options.store), Scan::default())),
        watcher: Watcher::new(options.interval),
        self_metrics,
        web,
        publish,
    };
    tokio::select! {
        () = reloader.run(&mut hangup, &mut asked) => {}
        () = told_to_stop(stop) => {}
    }
    // The receivers of the stop are the servers; without one there is nobody to tell.
    let _ = tell_stop.send(true);
    while servers.join_next().await.is_some() {}
    tracing::info!("stopped");
    Ok(())
}

fn listeners(listen: &Listen) -> anyhow::Result<Vec<TcpListener>> {
    let mut sockets = match listen {
        Listen::On(addresses) => return addresses.iter().map(|address| bind(*address)).collect(),
        Listen::Systemd => ListenFd::from_env(),
    };
    let mut listeners = Vec::new();
    for index in 0..sockets.len() {
        let Some(listener) = sockets.take_tcp_listener(index).context("systemd's sockets have to be of TCP")? else {
            continue;
        };
        listener.set_nonblocking(true)?;
        listeners.push(TcpListener::from_std(listener)?);
    }
    ensure!(
        !listeners.is_empty(),
        "systemd opened no socket: start it by a socket unit, or leave out --web.systemd-socket"
    );
    Ok(listeners)
}

/// A listener whose address can be used again at once after a restart.
///
/// Every address of the machine means those of IPv4 alone where there is no IPv6.
fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listen = |address: SocketAddr| {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(1024)
    };
    let every_v4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port()));
    match listen(address) {
        Err(error) if address.ip() == Ipv6Addr::UNSPECIFIED && !is_taken(&error) => listen(every_v4),
        listener => listener,
    }
    .with_context(|| format!("can't listen on {address}"))
}

fn is_taken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied)
}

async fn told_to_stop((mut terminate, mut interrupt): (Signal, Signal)) {
    let name = tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    };
    tracing::info!(signal = name, "stopping");
}

/// Looks at the files, and publishes what they say.
struct Reloader {
    paths: Vec<PathBuf>,
    /// The last scan, and what was made of it. Lent to a thread of its own while it works.
    seen: Option<(Store, Scan)>,
    watcher: Watcher,
    self_metrics: Arc<SelfMetrics>,
    web: Option<Arc<Web>>,
    publish: watch::Sender<Option<Arc<Snapshot>>>,
}

impl Reloader {
    async fn run(&mut self, hangup: &mut Signal, asked: &mut mpsc::Receiver<ReloadRequest>) {
        let mut changed = Changed::Anything;
        let mut answer = None;
        loop {
            if let Some(web) = &self.web {
                // Also where nobody asks for anything, a bad edit is told of.
                web.current().await;
            }
            let outcome = self.look(changed).await;
            if let Some(answer) = answer.take() {
                // Who asked may have left.
                let _ = ReloadRequest::send(answer, outcome);
            }
            changed = tokio::select! {
                wake = self.watcher.wait() => match wake {
                    Trigger::Changed(changed) => {
                        tracing::debug!(?changed, "looking at what changed");
                        changed
                    }
                    Trigger::Poll => {
                        tracing::debug!("looking at the files, as every while");
                        Changed::Anything
                    }
                },
                _ = hangup.recv() => {
                    tracing::info!(signal = "SIGHUP", "reloading");
                    Changed::Anything
                }
                request = asked.recv() => {
                    answer = request;
                    Changed::Anything
                }
            }
        }
    }

    /// One look at the files: what changed is read, and what is served is exchanged.
    async fn look(&mut self, changed: Changed) -> ReloadResult {
        let Some((mut store, mut seen)) = self.seen.take() else {
            return Err("a reload before this one broke off".to_owned());
        };
        let paths = self.paths.clone();
        let begun = clock::instant();
        let work = tokio::task::spawn_blocking(move || {
            seen.update(&paths, &changed);
            let update = store.update(&seen, clock::now());
            (store, seen, update)
        });
        match work.await {
            Ok((store, seen, update)) => {
                let outcome = self.published(&seen, &update, begun.elapsed());
                self.seen = Some((store, seen));
                outcome
            }
            Err(error) => Err(format!("the reload broke off: {error}")),
        }
    }

    fn published(&mut self, scan: &Scan, update: &StoreUpdate, took: Duration) -> ReloadResult {
        self.watcher.rewatch(scan);
        let snapshot = &update.snapshot;
        if !update.changed.is_empty() {
            self.self_metrics.observe_reload(took);
            report(update, took);
        }
        self.self_metrics.missing_paths.set(count(scan.missing.len()));
        self.self_metrics.series.set(count(snapshot.exposition.series()));
        self.self_metrics.series_dropped.set(count(snapshot.exposition.dropped()));
        self.self_metrics.watch_active.set(i64::from(self.watcher.is_active()));
        self.publish.send_replace(Some(Arc::clone(snapshot)));
        let down: Vec<String> = snapshot.files.iter().filter(|file| !file.up).map(|file| file.first_error()).collect();
        if down.is_empty() { Ok(()) } else { Err(down.join("; ")) }
    }
}

/// Logs what a look changed: every file by name while they are few.
fn report(update: &StoreUpdate, took: Duration) {
    const FEW: usize = 20;
    for path in update.changed.iter().take(FEW) {
        match update.snapshot.files.iter().find(|file| file.path == *path) {
            Some(file) if file.up => tracing::info!(file = %path.display(), "loaded"),
            Some(file) => tracing::warn!(file = %path.display(), reason = file.first_error(), "not loaded"),
            None => tracing::info!(file = %path.display(), "gone"),
        }
    }
    let (changed, files, series) =
        (update.changed.len(), update.snapshot.files.len(), update.snapshot.exposition.series());
    tracing::info!(changed, files, series, seconds = took.as_secs_f64(), "reloaded");
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
