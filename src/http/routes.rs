//! HTTP routes, as a single `match` on the path.

use std::sync::Arc;

use bytes::Bytes;
use hyper::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName,
    HeaderValue, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Response, StatusCode};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::clock;
use crate::http::body::{Chunks, ScrapeSlot};
use crate::http::page;
use crate::metrics::body::Encoding;
use crate::metrics::gzip;
use crate::metrics::self_metrics::SelfMetrics;
use crate::snapshot::Snapshot;

/// The content type of the text exposition format, as Prometheus' own exporters send it.
const EXPOSITION: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The result of a reload: nothing, or the first error of each file that failed.
pub(crate) type ReloadResult = Result<(), String>;

/// A requested reload. The result is sent when the reload is complete.
pub(crate) type ReloadRequest = oneshot::Sender<ReloadResult>;

/// State that the handlers share.
#[derive(Debug, Clone)]
pub(crate) struct Routes {
    /// `None` until the files have been loaded.
    pub(crate) snapshot: watch::Receiver<Option<Arc<Snapshot>>>,
    pub(crate) self_metrics: Arc<SelfMetrics>,
    pub(crate) reload: mpsc::Sender<ReloadRequest>,
    /// Path of the metrics endpoint.
    pub(crate) telemetry_path: String,
    /// One permit per concurrent scrape.
    pub(crate) scrapes: Arc<Semaphore>,
    /// Serves the health endpoints only.
    pub(crate) health_only: bool,
}

impl Routes {
    pub(crate) async fn respond(&self, request: Parts) -> Response<Chunks> {
        let path = request.uri.path();
        let response = match path {
            "/-/healthy" => read_only(&request.method, || text(StatusCode::OK, "readiness-exporter is healthy.\n")),
            "/-/ready" => read_only(&request.method, || self.ready()),
            _ if self.health_only => self.not_found(path),
            _ if path == self.telemetry_path => read_only(&request.method, || self.metrics(&request.headers)),
            "/" => read_only(&request.method, || self.page()),
            "/-/reload" => self.reload(&request.method).await,
            _ => self.not_found(path),
        };
        if request.method == Method::HEAD { without_body(response) } else { response }
    }

    fn ready(&self) -> Response<Chunks> {
        if self.snapshot.borrow().is_some() {
            text(StatusCode::OK, "readiness-exporter is ready.\n")
        } else {
            text(StatusCode::SERVICE_UNAVAILABLE, "readiness-exporter is loading its files.\n")
        }
    }

    fn metrics(&self, headers: &HeaderMap) -> Response<Chunks> {
        let Ok(permit) = Arc::clone(&self.scrapes).try_acquire_owned() else {
            self.self_metrics.count_scrape(503);
            return text(StatusCode::SERVICE_UNAVAILABLE, "concurrent scrape limit reached, see --web.max-requests\n");
        };
        let slot = ScrapeSlot::new(permit, &self.self_metrics.requests_in_flight);
        self.self_metrics.count_scrape(200);
        let encoding = encoding(headers);
        let own = self.self_metrics.text();
        let own = if encoding == Encoding::Gzip { gzip::member(&own) } else { Bytes::from(own) };
        let mut chunks = vec![own];
        if let Some(snapshot) = self.snapshot.borrow().as_ref() {
            chunks.extend_from_slice(&snapshot.exposition.body(encoding).chunks);
        }
        let mut response = Response::new(Chunks::from(chunks).holding(slot));
        header(&mut response, CONTENT_TYPE, EXPOSITION);
        header(&mut response, VARY, "Accept-Encoding");
        if encoding == Encoding::Gzip {
            header(&mut response, CONTENT_ENCODING, "gzip");
        }
        response
    }

    fn page(&self) -> Response<Chunks> {
        let snapshot = self.snapshot.borrow().clone();
        let html = page::render(snapshot.as_deref(), &self.telemetry_path, clock::now());
        let mut response = Response::new(Chunks::from(html));
        header(&mut response, CONTENT_TYPE, "text/html; charset=utf-8");
        header(&mut response, CACHE_CONTROL, "no-store");
        header(&mut response, CONTENT_SECURITY_POLICY, page::CONTENT_SECURITY_POLICY);
        header(&mut response, X_CONTENT_TYPE_OPTIONS, "nosniff");
        header(&mut response, REFERRER_POLICY, "no-referrer");
        response
    }

    async fn reload(&self, method: &Method) -> Response<Chunks> {
        if method != Method::POST && method != Method::PUT {
            return not_allowed("POST, PUT", "method not allowed: use POST or PUT\n");
        }
        let (request, result) = oneshot::channel();
        // If sending fails, the request is dropped, and so is the sender of the result.
        let _ = self.reload.send(request).await;
        match result.await {
            Ok(Ok(())) => text(StatusCode::OK, ""),
            Ok(Err(error)) => text(StatusCode::INTERNAL_SERVER_ERROR, &format!("failed to reload: {error}\n")),
            _ => text(StatusCode::SERVICE_UNAVAILABLE, "readiness-exporter is shutting down\n"),
        }
    }

    fn not_found(&self, path: &str) -> Response<Chunks> {
        let more = if self.health_only { String::new() } else { format!(", /, {}", self.telemetry_path) };
        text(StatusCode::NOT_FOUND, &format!("{path} not found, available: /-/healthy, /-/ready{more}\n"))
    }
}

fn read_only(method: &Method, respond: impl FnOnce() -> Response<Chunks>) -> Response<Chunks> {
    if method == Method::GET || method == Method::HEAD {
        respond()
    } else {
        not_allowed("GET, HEAD", "method not allowed: use GET or HEAD\n")
    }
}

fn not_allowed(allowed: &'static str, message: &str) -> Response<Chunks> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, message);
    header(&mut response, ALLOW, allowed);
    response
}

fn text(status: StatusCode, message: &str) -> Response<Chunks> {
    let mut response = Response::new(Chunks::from(message.to_owned()));
    *response.status_mut() = status;
    header(&mut response, CONTENT_TYPE, "text/plain; charset=utf-8");
    // The message may contain the path of the request.
    header(&mut response, X_CONTENT_TYPE_OPTIONS, "nosniff");
    response
}

fn header(response: &mut Response<Chunks>, name: HeaderName, value: &'static str) {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
}

/// Removes the body, and keeps its length in `Content-Length`.
fn without_body(response: Response<Chunks>) -> Response<Chunks> {
    let (mut head, body) = response.into_parts();
    let length = hyper::body::Body::size_hint(&body).exact().unwrap_or_default();
    head.headers.insert(hyper::header::CONTENT_LENGTH, HeaderValue::from(length));
    Response::from_parts(head, Chunks::default())
}

/// Gzip if the client accepts it with a quality not below that of `identity` (RFC 9110, section 12.5.3).
fn encoding(headers: &HeaderMap) -> Encoding {
    let (mut gzip, mut identity, mut any) = (None, None, None);
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    for entry in values.flat_map(|value| value.split(',')) {
        let mut parts = entry.split(';').map(str::trim);
        let coding = parts.next().unwrap_or_default().to_ascii_lowercase();
        let quality = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0);
        match coding.as_str() {
            "gzip" | "x-gzip" => gzip = Some(quality),
            "identity" => identity = Some(quality),
            "*" => any = Some(quality),
            _ => {}
        }
    }
    let gzip = gzip.or(any).unwrap_or(0.0);
    if gzip > 0.0 && gzip >= identity.unwrap_or(0.0) { Encoding::Gzip } else { Encoding::Identity }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::metrics::self_metrics::ExporterMetrics;
    use http_body_util::BodyExt as _;
    use hyper::Request;

    /// Routes for `snapshot` that allow one scrape at a time, and no reload.
    pub(crate) fn routes(snapshot: Option<Snapshot>) -> Routes {
        Routes {
            snapshot: watch::channel(snapshot.map(Arc::new)).1,
            self_metrics: Arc::new(SelfMetrics::new(ExporterMetrics::Enabled).unwrap()),
            reload: mpsc::channel(1).0,
            telemetry_path: "/metrics".to_owned(),
            scrapes: Arc::new(Semaphore::new(1)),
            health_only: false,
        }
    }

    /// The status and the text of a response.
    async fn respond(routes: &Routes, method: &str, path: &str) -> (u16, String) {
        let (request, ()) = Request::builder().method(method).uri(path).body(()).unwrap().into_parts();
        let response = routes.respond(request).await;
        let status = response.status().as_u16();
        (status, String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().into()).unwrap())
    }

    #[tokio::test]
    async fn it_is_healthy_before_it_is_ready() {
        let loading = routes(None);
        assert_eq!(respond(&loading, "GET", "/-/healthy").await, (200, "readiness-exporter is healthy.\n".into()));
        let message = "readiness-exporter is loading its files.\n".to_owned();
        assert_eq!(respond(&loading, "GET", "/-/ready").await, (503, message));
        assert_eq!(respond(&loading, "GET", "/metrics").await.0, 200, "its own metrics are served");
        let loaded = routes(Some(Snapshot::default()));
        assert_eq!(respond(&loaded, "GET", "/-/ready").await, (200, "readiness-exporter is ready.\n".into()));
    }

    #[tokio::test]
    async fn an_unknown_path_lists_the_known_ones() {
        let mut routes = routes(None);
        let message = "/x not found, available: /-/healthy, /-/ready, /, /metrics\n".to_owned();
        assert_eq!(respond(&routes, "GET", "/x").await, (404, message));
        routes.health_only = true;
        let message = "/metrics not found, available: /-/healthy, /-/ready\n".to_owned();
        assert_eq!(respond(&routes, "GET", "/metrics").await, (404, message));
    }

    #[tokio::test]
    async fn a_scrape_above_the_limit_is_refused_until_the_other_one_ends() {
        let routes = routes(Some(Snapshot::default()));
        let get = || Request::get("/metrics").body(()).unwrap().into_parts().0;
        let first = routes.respond(get()).await;
        let message = "concurrent scrape limit reached, see --web.max-requests\n".to_owned();
        assert_eq!(respond(&routes, "GET", "/metrics").await, (503, message));
        drop(first);
        assert_eq!(respond(&routes, "GET", "/metrics").await.0, 200);
    }

    #[tokio::test]
    async fn a_reload_responds_with_its_result() {
        let mut routes = routes(None);
        let (reload, mut requests) = mpsc::channel::<ReloadRequest>(1);
        routes.reload = reload;
        for (result, expected) in [
            (Ok(()), (200, String::new())),
            (Err("a.yaml: no".to_owned()), (500, "failed to reload: a.yaml: no\n".to_owned())),
        ] {
            let send = async { requests.recv().await.unwrap().send(result).unwrap() };
            assert_eq!(tokio::join!(respond(&routes, "POST", "/-/reload"), send).0, expected);
        }
        drop(requests);
        let message = "readiness-exporter is shutting down\n".to_owned();
        assert_eq!(respond(&routes, "PUT", "/-/reload").await, (503, message));
        let message = "method not allowed: use POST or PUT\n".to_owned();
        assert_eq!(respond(&routes, "GET", "/-/reload").await, (405, message));
    }

    #[test]
    fn gzip_is_negotiated_by_quality() {
        let encoding = |accepted: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, accepted.parse().unwrap());
            encoding(&headers)
        };
        for accepted in ["gzip", "deflate, GZIP;q=0.5", "*", "identity;q=0.5, gzip", "x-gzip", "gzip;q=1.0, *;q=0"] {
            assert_eq!(encoding(accepted), Encoding::Gzip, "{accepted}");
        }
        for accepted in ["", "gzip;q=0", "identity", "deflate", "*;q=0", "identity, gzip;q=0.5", "gzipped"] {
            assert_eq!(encoding(accepted), Encoding::Identity, "{accepted}");
        }
    }
}
