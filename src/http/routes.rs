//! What is answered to which request: one match on the path.

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

/// What came of a reload: nothing to say, or what is wrong, file by file.
pub type ReloadResult = Result<(), String>;

/// Asks for a reload; the answer comes when it is done.
pub type ReloadRequest = oneshot::Sender<ReloadResult>;

/// What the routes are about.
#[derive(Debug)]
pub struct Routes {
    /// What is served; `None` until the files have been looked at.
    pub snapshot: watch::Receiver<Option<Arc<Snapshot>>>,
    /// The exporter's metrics about itself.
    pub self_metrics: Arc<SelfMetrics>,
    /// Where a reload is asked for.
    pub reload: mpsc::Sender<ReloadRequest>,
    /// The path of the metrics.
    pub telemetry_path: String,
    /// A permit for every scrape at the same time.
    pub scrapes: Arc<Semaphore>,
    /// Whether only health is served, on a listener of its own.
    pub health_only: bool,
}

impl Routes {
    /// The answer to `request`.
    pub async fn respond(&self, request: Parts) -> Response<Chunks> {
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
            text(StatusCode::SERVICE_UNAVAILABLE, "readiness-exporter is reading its files.\n")
        }
    }

    fn metrics(&self, headers: &HeaderMap) -> Response<Chunks> {
        let Ok(permit) = Arc::clone(&self.scrapes).try_acquire_owned() else {
            self.self_metrics.count_scrape(503);
            return text(
                StatusCode::SERVICE_UNAVAILABLE,
                "too many scrapes at the same time, see --web.max-requests\n",
            );
        };
        let slot = ScrapeSlot::taken(permit, &self.self_metrics.requests_in_flight);
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
            return not_allowed("POST, PUT", "ask for a reload with POST or PUT\n");
        }
        let (answer, done) = oneshot::channel();
        let sent = self.reload.send(answer).await.is_ok();
        match done.await {
            Ok(Ok(())) if sent => text(StatusCode::OK, ""),
            Ok(Err(what)) => text(StatusCode::INTERNAL_SERVER_ERROR, &format!("failed to reload: {what}\n")),
            _ => text(StatusCode::SERVICE_UNAVAILABLE, "readiness-exporter is shutting down\n"),
        }
    }

    fn not_found(&self, path: &str) -> Response<Chunks> {
        let there = if self.health_only { String::new() } else { format!(", / and {}", self.telemetry_path) };
        text(StatusCode::NOT_FOUND, &format!("there is nothing at {path}; there is /-/healthy, /-/ready{there}\n"))
    }
}

/// Only reading makes sense here.
fn read_only(method: &Method, answer: impl FnOnce() -> Response<Chunks>) -> Response<Chunks> {
    if method == Method::GET || method == Method::HEAD {
        answer()
    } else {
        not_allowed("GET, HEAD", "only GET and HEAD are answered here\n")
    }
}

fn not_allowed(allowed: &'static str, words: &str) -> Response<Chunks> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, words);
    header(&mut response, ALLOW, allowed);
    response
}

fn text(status: StatusCode, words: &str) -> Response<Chunks> {
    let mut response = Response::new(Chunks::from(words.to_owned()));
    *response.status_mut() = status;
    header(&mut response, CONTENT_TYPE, "text/plain; charset=utf-8");
    // The text may name a path that somebody made up.
    header(&mut response, X_CONTENT_TYPE_OPTIONS, "nosniff");
    response
}

fn header(response: &mut Response<Chunks>, name: HeaderName, value: &'static str) {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
}

/// The head alone, with the length that the body would have.
fn without_body(response: Response<Chunks>) -> Response<Chunks> {
    let (mut head, body) = response.into_parts();
    let length = hyper::body::Body::size_hint(&body).exact().unwrap_or_default();
    head.headers.insert(hyper::header::CONTENT_LENGTH, HeaderValue::from(length));
    Response::from_parts(head, Chunks::default())
}

/// Gzip where the client takes it and likes it no less than plain text (RFC 9110, section 12.5.3).
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
mod tests {
    use super::*;

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
