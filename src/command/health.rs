//! The command `health`: one request, for images that have no curl.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use http_body_util::Empty;
use hyper::header::{HOST, USER_AGENT};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// What is asked for, and for how long.
#[derive(Debug)]
pub struct HealthOptions {
    /// Where: plain HTTP, with a host.
    pub url: Uri,
    /// How long the answer may take.
    pub timeout: Duration,
}

/// Whether the server is well: it answers a GET with a status of 2xx, in time.
///
/// # Errors
/// What it answers instead, or what kept it from answering.
pub fn run(options: &HealthOptions) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let status = runtime.block_on(async {
        tokio::time::timeout(options.timeout, ask(&options.url))
            .await
            .with_context(|| format!("no answer within {}s", options.timeout.as_secs_f64()))?
    });
    let status = status.with_context(|| options.url.to_string())?;
    ensure!(status.is_success(), "{} answers {status}", options.url);
    Ok(())
}

async fn ask(url: &Uri) -> anyhow::Result<StatusCode> {
    let Some(authority) = url.authority() else { bail!("there is no host in it") };
    // The brackets of an IPv6 address belong to the URL, not to the address.
    let host = authority.host().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, authority.port_u16().unwrap_or(80))).await.context("can't connect")?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get(url.path_and_query().map_or("/", |path| path.as_str()))
        .header(HOST, authority.as_str())
        .header(USER_AGENT, concat!("readiness-exporter/", env!("CARGO_PKG_VERSION")))
        .body(Empty::<Bytes>::new())?;
    // What breaks the connection is told to who waits for the response.
    tokio::spawn(connection);
    let response = sender.send_request(request).await.context("it doesn't answer in HTTP")?;
    Ok(response.status())
}

/// A URL that can be asked for.
///
/// # Errors
/// What to write instead.
pub fn url(text: &str) -> Result<Uri, String> {
    let wrong = || format!("`{text}` is no URL: write one such as `http://localhost:20430/-/ready`");
    let url: Uri = text.parse().map_err(|_| wrong())?;
    match url.scheme_str() {
        Some("http") if url.host().is_some_and(|host| !host.is_empty()) => Ok(url),
        Some("https") => {
            Err("only http is spoken here: ask the address of --probe.listen-address, which has no TLS".to_owned())
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_plain_http_with_a_host() {
        for good in ["http://localhost:20430/-/ready", "http://[::1]:1", "http://127.0.0.1/a?b=c"] {
            assert!(url(good).is_ok(), "{good}");
        }
        for wrong in
            ["", "localhost:20430", "/-/ready", "ftp://localhost/", "http://", "http:///-/ready", "http://a b/"]
        {
            assert!(url(wrong).is_err_and(|words| words.contains("is no URL")), "{wrong}");
        }
        assert!(url("https://localhost/").is_err_and(|words| words.contains("--probe.listen-address")));
    }
}
