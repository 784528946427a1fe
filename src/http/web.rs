//! What `--web.config.file` asks for, at every moment: TLS, passwords and headers.
//!
//! Its files are looked at before each handshake and each request, which costs a few `stat`s; one
//! that changed is read anew, and what can't be used leaves what was there before.

pub mod section;
pub mod tls;
pub mod config;
pub mod auth;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};
use rustls::ServerConfig;
use tokio::sync::Mutex;
use tokio_rustls::TlsAcceptor;

use crate::clock;
use crate::http::body::Chunks;
use crate::http::routes::Routes;
use crate::http::web::auth::{Users, Verified};
use crate::http::web::config::{Config, Header};
use crate::http::web::section::FileStamps;
use crate::metrics::self_metrics::SelfMetrics;

/// The web configuration, followed.
#[derive(Debug)]
pub struct Web {
    path: PathBuf,
    self_metrics: Arc<SelfMetrics>,
    verified: Verified,
    state: Mutex<WebState>,
}

#[derive(Debug)]
struct WebState {
    /// What was read last, good or not.
    stamps: FileStamps,
    active: Arc<ActiveConfig>,
}

/// A configuration that can be used.
#[derive(Debug)]
pub struct ActiveConfig {
    tls: Option<Arc<ServerConfig>>,
    headers: Vec<Header>,
    users: Arc<Users>,
}

impl Web {
    /// Follows the configuration at `path`.
    ///
    /// # Errors
    /// What is wrong with it, with file, line and column.
    pub fn load(path: PathBuf, self_metrics: Arc<SelfMetrics>) -> anyhow::Result<Self> {
        let mut stamps = FileStamps::default();
        let active = read(&path, &mut stamps).map_err(anyhow::Error::msg)?;
        let state = Mutex::new(WebState { stamps, active: Arc::new(active) });
        Ok(Self { path, self_metrics, verified: Verified::default(), state })
    }

    /// What holds now; files that changed are read first.
    pub async fn current(&self) -> Arc<ActiveConfig> {
        let mut state = self.state.lock().await;
        let (mut stamps, path) = (state.stamps.clone(), self.path.clone());
        let with_tls = state.active.tls.is_some();
        let reloaded = tokio::task::spawn_blocking(move || {
            stamps.changed().then(|| {
                let read = read(&path, &mut stamps);
                (
                    stamps,
                    read.and_then(|active| if active.tls.is_some() == with_tls { Ok(active) } else { Err(switched()) }),
                )
            })
        });
        match reloaded.await {
            Ok(Some((stamps, read))) => {
                state.stamps = stamps;
                self.self_metrics.set_config_reload(read.is_ok(), clock::now());
                match read {
                    Ok(active) => {
                        tracing::info!(file = %self.path.display(), "web configuration loaded");
                        state.active = Arc::new(active);
                    }
                    Err(error) => {
                        tracing::error!(error, "web configuration not loaded, the one before stays in force");
                    }
                }
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "web configuration not looked at"),
        }
        Arc::clone(&state.active)
    }

    /// The answer to `request`, if who asks may have it.
    pub async fn respond(&self, routes: &Routes, request: Parts) -> Response<Chunks> {
        let active = self.current().await;
        let credentials = request.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let mut response = if self.verified.admits(&active.users, credentials).await {
            routes.respond(request).await
        } else {
            unauthorized()
        };
        for header in &active.headers {
            response.headers_mut().insert(header.name.clone(), header.value.clone());
        }
        response
    }
}

impl ActiveConfig {
    /// Makes TLS of a connection, where it has to be.
    #[must_use]
    pub fn tls(&self) -> Option<TlsAcceptor> {
        self.tls.clone().map(TlsAcceptor::from)
    }
}

fn read(path: &Path, stamps: &mut FileStamps) -> Result<ActiveConfig, String> {
    let Config { tls, headers, users } = config::load(path, stamps)?;
    Ok(ActiveConfig { tls, headers, users: Arc::new(Users::new(users)) })
}

/// A mistake in an edit mustn't send passwords in the clear.
fn switched() -> String {
    "TLS can't be switched on or off while it serves: start readiness-exporter anew for that".to_owned()
}

fn unauthorized() -> Response<Chunks> {
    let mut response = Response::new(Chunks::from("Unauthorized\n".to_owned()));
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic"));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
