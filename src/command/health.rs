//! The `health` command: one request to a health endpoint, for images without curl.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use http_body_util::Empty;
use hyper::header::{HOST, USER_AGENT};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

#[derive(Debug)]
pub(crate) struct HealthOptions {
    /// A plain HTTP URL with a host, see [`url`].
    pub(crate) url: Uri,
    pub(crate) timeout: Duration,
}

/// Succeeds if a GET request gets a 2xx response within the timeout.
///
/// # Errors
/// Another status, a timeout, or a connection failure.
pub(crate) fn run(options: &HealthOptions) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let status = runtime.block_on(async {
        tokio::time::timeout(options.timeout, request_status(&options.url))
            .await
            .with_context(|| format!("no response within {}s", options.timeout.as_secs_f64()))?
    });
    let status = status.with_context(|| options.url.to_string())?;
    ensure!(status.is_success(), "{}: unexpected status {status}", options.url);
    Ok(())
}

async fn request_status(url: &Uri) -> anyhow::Result<StatusCode> {
    let Some(authority) = url.authority() else { bail!("invalid URL: expected a host") };
    // In a URL, IPv6 addresses have brackets.
    let host = authority.host().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, authority.port_u16().unwrap_or(80))).await.context("cannot connect")?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get(url.path_and_query().map_or("/", |path| path.as_str()))
        .header(HOST, authority.as_str())
        .header(USER_AGENT, concat!("readiness-exporter/", env!("CARGO_PKG_VERSION")))
        .body(Empty::<Bytes>::new())?;
    // An error of the connection is returned by `send_request`.
    tokio::spawn(connection);
    let response = sender.send_request(request).await.context("invalid HTTP response")?;
    Ok(response.status())
}

/// Parses a URL for [`HealthOptions`].
///
/// # Errors
/// A message for the command line.
pub(crate) fn url(text: &str) -> Result<Uri, String> {
    let error = || format!("invalid URL `{text}`: expected a URL such as `http://localhost:20430/-/ready`");
    let url: Uri = text.parse().map_err(|_| error())?;
    match url.scheme_str() {
        Some("http") if url.host().is_some_and(|host| !host.is_empty()) => Ok(url),
        Some("https") => {
            Err("https is not supported: use the address of --probe.listen-address, which has no TLS".to_owned())
        }
        _ => Err(error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_plain_http_with_a_host() {
        for valid in ["http://localhost:20430/-/ready", "http://[::1]:1", "http://127.0.0.1/a?b=c"] {
            assert!(url(valid).is_ok(), "{valid}");
        }
        for invalid in
            ["", "localhost:20430", "/-/ready", "ftp://localhost/", "http://", "http:///-/ready", "http://a b/"]
        {
            assert!(url(invalid).is_err_and(|message| message.starts_with("invalid URL")), "{invalid}");
        }
        assert!(url("https://localhost/").is_err_and(|message| message.contains("--probe.listen-address")));
    }
}
