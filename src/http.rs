//! Listeners, connection limits and graceful shutdown.
//!
//! A slow or silent client holds one connection for a bounded time and does not delay others:
//! receiving a request and sending a response both have a timeout.

pub(crate) mod body;
pub(crate) mod page;
pub(crate) mod routes;
pub mod web;

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_io_timeout::TimeoutStream;

use crate::http::routes::Routes;
use crate::http::web::Web;

/// Limits on connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectionLimits {
    /// Maximum number of open connections per listener. More clients wait to be accepted.
    pub(crate) connections: usize,
    /// Timeout for receiving a request, including the idle time before it.
    pub(crate) request: Duration,
    /// Timeout for the TLS handshake.
    pub(crate) handshake: Duration,
    /// Timeout for a client that reads nothing of its response.
    pub(crate) response: Duration,
    /// Timeout for open responses at shutdown.
    pub(crate) drain: Duration,
}

impl Default for ConnectionLimits {
    /// The request timeout is longer than common scrape intervals, so that connections are reused.
    fn default() -> Self {
        Self {
            connections: 512,
            request: Duration::from_mins(2),
            handshake: Duration::from_secs(10),
            response: Duration::from_secs(30),
            drain: Duration::from_secs(5),
        }
    }
}

/// The content of a listener.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) routes: Arc<Routes>,
    /// TLS, authentication and headers, if configured.
    pub(crate) web: Option<Arc<Web>>,
}

/// Serves on `listener` until `shutdown` is true, then finishes open responses.
pub(crate) async fn serve(
    listener: TcpListener,
    service: Service,
    limits: ConnectionLimits,
    mut shutdown: watch::Receiver<bool>,
) {
    let permits = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let stop = shutdown.clone();
    let accept_loop = async {
        // The semaphore is never closed, so acquiring can't fail.
        while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
            let stream = accept(&listener).await;
            let (service, watcher, mut stop) = (service.clone(), graceful.watcher(), stop.clone());
            tokio::spawn(async move {
                let stream = tokio::select! {
                    stream = handshake(stream, &service, limits) => stream,
                    _ = stop.wait_for(|stop| *stop) => return,
                };
                let result = match stream {
                    Ok(stream) => watcher.watch(connection(stream, service, limits)).await.map_err(io::Error::other),
                    Err(error) => Err(error),
                };
                if let Err(error) = result {
                    tracing::debug!(error = %error, "connection closed");
                }
                drop(permit);
            });
        }
    };
    tokio::select! {
        () = accept_loop => {}
        _ = shutdown.wait_for(|stop| *stop) => {}
    }
    drop(listener);
    if tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("shutdown timeout elapsed, closing open connections");
    }
}

/// A connection, with or without TLS.
trait Stream: AsyncRead + AsyncWrite + Send {}

impl<S: AsyncRead + AsyncWrite + Send> Stream for S {}

/// Sets the write timeout, and accepts TLS if it is configured.
async fn handshake(stream: TcpStream, service: &Service, limits: ConnectionLimits) -> io::Result<Pin<Box<dyn Stream>>> {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limits.response));
    let stream = Box::pin(stream);
    let acceptor = match &service.web {
        Some(web) => web.current().await.tls_acceptor(),
        None => None,
    };
    let Some(acceptor) = acceptor else { return Ok(stream) };
    let tls_stream = tokio::time::timeout(limits.handshake, acceptor.accept(stream)).await;
    Ok(Box::pin(tls_stream.map_err(|_| io::ErrorKind::TimedOut)??))
}

/// Accepts the next connection. Retries after errors, such as too many open files.
async fn accept(listener: &TcpListener) -> TcpStream {
    let mut pause = Duration::from_millis(5);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                if !is_client_error(&error) {
                    tracing::warn!(error = %error, "cannot accept connection");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(1));
                }
            }
        }
    }
}

/// The client disconnected before it was accepted.
fn is_client_error(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

fn connection(
    stream: Pin<Box<dyn Stream>>,
    service: Service,
    limits: ConnectionLimits,
) -> impl GracefulConnection<Error = hyper::Error> {
    let service = service_fn(move |request: Request<Incoming>| {
        let (service, request) = (service.clone(), request.into_parts().0);
        async move {
            Ok::<_, Infallible>(match &service.web {
                Some(web) => web.respond(&service.routes, request).await,
                None => service.routes.respond(request).await,
            })
        }
    });
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.request)
        .serve_connection(TokioIo::new(stream), service)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::routes::tests::routes;
    use crate::snapshot::{FileReport, Snapshot};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::task::JoinHandle;

    /// A page of more bytes than socket buffers hold.
    const LARGE: usize = 32 << 20;

    struct Server {
        address: std::net::SocketAddr,
        stop: watch::Sender<bool>,
        task: JoinHandle<()>,
    }

    async fn start(limits: ConnectionLimits) -> Server {
        let path = "x".repeat(LARGE).into();
        let file = FileReport { path, up: true, findings: [].into(), project: None, loaded_at: None };
        let snapshot = Snapshot { files: vec![Arc::new(file)], ..Snapshot::default() };
        let service = Service { routes: Arc::new(routes(Some(snapshot))), web: None };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        Server { address, stop, task: tokio::spawn(serve(listener, service, limits, stopped)) }
    }

    /// A connection that has received the start of the page, and stops reading.
    async fn stalled(server: &Server) -> TcpStream {
        let mut client = TcpStream::connect(server.address).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        client.read_exact(&mut [0; 1000]).await.unwrap();
        client
    }

    /// The number of bytes until the server closes the connection, cleanly or not.
    async fn received(mut client: TcpStream) -> usize {
        let mut bytes = Vec::new();
        let result = tokio::time::timeout(Duration::from_secs(30), client.read_to_end(&mut bytes)).await;
        assert!(result.is_ok(), "the connection is still open after {} bytes", bytes.len());
        bytes.len()
    }

    #[tokio::test]
    async fn a_client_that_stops_reading_is_disconnected_after_the_response_timeout() {
        let timeout = Duration::from_millis(100);
        let server = start(ConnectionLimits { response: timeout, ..ConnectionLimits::default() }).await;
        let client = stalled(&server).await;
        tokio::time::sleep(timeout * 5).await;
        assert!(received(client).await < LARGE);
    }

    #[tokio::test]
    async fn a_client_that_reads_again_before_the_timeout_gets_the_whole_response() {
        let limits = ConnectionLimits { request: Duration::from_millis(200), ..ConnectionLimits::default() };
        let server = start(limits).await;
        let client = stalled(&server).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        // The connection is idle afterwards, and closed after the request timeout.
        assert!(LARGE < received(client).await);
    }

    #[tokio::test]
    async fn a_client_that_sends_no_whole_request_is_disconnected_after_the_request_timeout() {
        let limits = ConnectionLimits { request: Duration::from_millis(100), ..ConnectionLimits::default() };
        let server = start(limits).await;
        for bytes in ["", "GET / HTTP/1.1\r\nHost: "] {
            let mut client = TcpStream::connect(server.address).await.unwrap();
            client.write_all(bytes.as_bytes()).await.unwrap();
            let received = received(client).await;
            assert!(received < 1000, "{bytes:?}: {received} bytes");
        }
    }

    #[tokio::test]
    async fn shutdown_closes_stalled_connections_after_the_drain_timeout() {
        let limits = ConnectionLimits { drain: Duration::from_millis(100), ..ConnectionLimits::default() };
        let server = start(limits).await;
        let client = stalled(&server).await;
        server.stop.send(true).unwrap();
        tokio::time::timeout(Duration::from_secs(30), server.task).await.expect("no timeout").unwrap();
        assert!(TcpStream::connect(server.address).await.is_err());
        drop(client);
    }

    #[tokio::test]
    async fn more_connections_than_the_limit_wait() {
        let limits = ConnectionLimits { connections: 1, ..ConnectionLimits::default() };
        let server = start(limits).await;
        let first = stalled(&server).await;
        let second = stalled(&server);
        tokio::pin!(second);
        assert!(tokio::time::timeout(Duration::from_millis(100), &mut second).await.is_err());
        drop(first);
        tokio::time::timeout(Duration::from_secs(30), second).await.expect("it is accepted");
    }
}
