//! The web configuration (`--web.config.file`): TLS, authentication and headers.
//!
//! The configuration and its files are checked for changes with `stat` before each handshake and each request. If a
//! changed configuration is invalid, the last good one stays active.

pub mod section;
pub(crate) mod tls;
pub mod config;
pub(crate) mod auth;

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

/// The web configuration, reloaded when it changes.
#[derive(Debug)]
pub(crate) struct Web {
    path: PathBuf,
    self_metrics: Arc<SelfMetrics>,
    verified: Verified,
    state: Mutex<WebState>,
}

#[derive(Debug)]
struct WebState {
    /// The files of the last attempt, valid or not.
    stamps: FileStamps,
    active: Arc<ActiveConfig>,
}

/// A valid configuration.
#[derive(Debug)]
pub(crate) struct ActiveConfig {
    tls: Option<Arc<ServerConfig>>,
    headers: Vec<Header>,
    users: Arc<Users>,
}

impl Web {
    /// # Errors
    /// The first error in the configuration at `path`, with file, line and column.
    pub(crate) fn load(path: PathBuf, self_metrics: Arc<SelfMetrics>) -> anyhow::Result<Self> {
        let mut stamps = FileStamps::default();
        let active = read(&path, &mut stamps).map_err(anyhow::Error::msg)?;
        let state = Mutex::new(WebState { stamps, active: Arc::new(active) });
        Ok(Self { path, self_metrics, verified: Verified::default(), state })
    }

    /// The active configuration, reloaded first if its files changed.
    pub(crate) async fn current(&self) -> Arc<ActiveConfig> {
        let mut state = self.state.lock().await;
        let (mut stamps, path) = (state.stamps.clone(), self.path.clone());
        let with_tls = state.active.tls.is_some();
        let reload = tokio::task::spawn_blocking(move || {
            if !stamps.changed() {
                return None;
            }
            let config = read(&path, &mut stamps).and_then(|config| config.require_tls(with_tls));
            Some((stamps, config))
        });
        match reload.await {
            Ok(Some((stamps, result))) => {
                state.stamps = stamps;
                self.self_metrics.set_config_reload(result.is_ok(), clock::now());
                match result {
                    Ok(config) => {
                        tracing::info!(file = %self.path.display(), "web configuration reloaded");
                        state.active = Arc::new(config);
                    }
                    Err(error) => tracing::error!(error, "web configuration reload failed, keeping the last good one"),
                }
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "web configuration reload panicked"),
        }
        Arc::clone(&state.active)
    }

    /// Responds to `request`, with 401 if authentication fails.
    pub(crate) async fn respond(&self, routes: &Routes, request: Parts) -> Response<Chunks> {
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
    #[must_use]
    pub(crate) fn tls_acceptor(&self) -> Option<TlsAcceptor> {
        self.tls.clone().map(TlsAcceptor::from)
    }

    /// Refuses to enable or disable TLS at runtime, since an incomplete edit would expose passwords.
    fn require_tls(self, with_tls: bool) -> Result<Self, String> {
        if self.tls.is_some() == with_tls {
            Ok(self)
        } else {
            Err("TLS cannot be enabled or disabled by a reload: restart readiness-exporter".to_owned())
        }
    }
}

fn read(path: &Path, stamps: &mut FileStamps) -> Result<ActiveConfig, String> {
    let Config { tls, headers, users } = config::load(path, stamps)?;
    Ok(ActiveConfig { tls, headers, users: Arc::new(Users::new(users)) })
}

fn unauthorized() -> Response<Chunks> {
    let mut response = Response::new(Chunks::from("Unauthorized\n".to_owned()));
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic"));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::routes::tests::routes;
    use crate::metrics::self_metrics::ExporterMetrics;
    use hyper::Request;

    /// A configuration with one header of this value.
    fn config(value: &str) -> String {
        format!("http_server_config: {{headers: {{X-XSS-Protection: '{value}'}}}}\n")
    }

    struct WebFixture {
        web: Web,
        self_metrics: Arc<SelfMetrics>,
        directory: tempfile::TempDir,
    }

    impl WebFixture {
        fn new(text: &str) -> Self {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("web.yml");
            std::fs::write(&path, text).unwrap();
            let self_metrics = Arc::new(SelfMetrics::new(ExporterMetrics::Enabled).unwrap());
            let web = Web::load(path, Arc::clone(&self_metrics)).unwrap();
            Self { web, self_metrics, directory }
        }

        /// Replaces the file, so that its inode changes even within the granularity of timestamps.
        fn edit(&self, text: &str) {
            let temporary = self.directory.path().join("temporary");
            std::fs::write(&temporary, text).unwrap();
            std::fs::rename(temporary, self.directory.path().join("web.yml")).unwrap();
        }

        async fn header(&self) -> String {
            self.web.current().await.headers[0].value.to_str().unwrap().to_owned()
        }
    }

    #[tokio::test]
    async fn a_valid_edit_is_active_and_an_invalid_one_keeps_the_last_good_configuration() {
        let fixture = WebFixture::new(&config("1"));
        assert_eq!(fixture.header().await, "1");
        fixture.edit(&config("2"));
        assert_eq!(fixture.header().await, "2");
        assert_eq!(fixture.self_metrics.config_reload_successful.get(), 1);
        for invalid in ["{", "nothing: 1\n"] {
            fixture.edit(invalid);
            assert_eq!(fixture.header().await, "2");
            assert_eq!(fixture.self_metrics.config_reload_successful.get(), 0);
        }
        fixture.edit(&config("3"));
        assert_eq!(fixture.header().await, "3");
        assert_eq!(fixture.self_metrics.config_reload_successful.get(), 1);
    }

    #[tokio::test]
    async fn an_edit_cannot_enable_tls() {
        let fixture = WebFixture::new(&config("1"));
        let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        for (name, pem) in [("cert.pem", key.cert.pem()), ("key.pem", key.signing_key.serialize_pem())] {
            std::fs::write(fixture.directory.path().join(name), pem).unwrap();
        }
        fixture.edit("tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n");
        let active = fixture.web.current().await;
        assert!(active.tls_acceptor().is_none() && active.headers.len() == 1);
        assert_eq!(fixture.self_metrics.config_reload_successful.get(), 0);
        // At startup, the same configuration is valid.
        let path = fixture.directory.path().join("web.yml");
        let web = Web::load(path, Arc::clone(&fixture.self_metrics)).unwrap();
        assert!(web.current().await.tls_acceptor().is_some());
    }

    #[tokio::test]
    async fn headers_are_added_to_responses_with_and_without_authentication() {
        let hash = bcrypt::hash_with_salt("secret", 4, [7; 16]).unwrap().to_string();
        let fixture = WebFixture::new(&(config("1") + &format!("basic_auth_users: {{kim: {hash}}}\n")));
        let routes = routes(None);
        for (credentials, status) in [("Basic a2ltOnNlY3JldA==", 200), ("Basic a2ltOg==", 401)] {
            let request = Request::get("/-/healthy").header(AUTHORIZATION, credentials).body(()).unwrap();
            let response = fixture.web.respond(&routes, request.into_parts().0).await;
            assert_eq!(response.status().as_u16(), status);
            assert_eq!(response.headers().get("x-xss-protection").unwrap(), "1");
            assert_eq!(response.headers().contains_key(WWW_AUTHENTICATE), status == 401);
        }
    }
}
