//! Listeners, limits and graceful shutdown.
//!
//! A slow or silent client costs a connection for a bounded time and never holds up the others:
//! requests have to arrive, and responses to be taken, within a deadline.

pub mod body;
pub mod page;
pub mod routes;
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

/// How much a client may ask for.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// Connections at the same time; more wait to be accepted.
    pub connections: usize,
    /// How long a request may take to arrive, and a connection may be idle.
    pub request: Duration,
    /// How long a client may take to agree on TLS.
    pub handshake: Duration,
    /// How long a client may take nothing of a response.
    pub response: Duration,
    /// How long open responses are waited for at shutdown.
    pub drain: Duration,
}

impl Default for ConnectionLimits {
    /// The request limit is above any usual scrape interval, so that scrapes keep their connection.
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

/// What is served to whom.
#[derive(Debug, Clone)]
pub struct Service {
    /// The answers.
    pub routes: Arc<Routes>,
    /// TLS, passwords and headers, where somebody asked for them.
    pub web: Option<Arc<Web>>,
}

/// Serves on `listener` until `shutdown` turns true, and then finishes open responses.
pub async fn serve(
    listener: TcpListener,
    service: Service,
    limits: ConnectionLimits,
    mut shutdown: watch::Receiver<bool>,
) {
    let permits = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let stop = shutdown.clone();
    let accepting = async {
        // The semaphore is never closed, so there is always a permit to come.
        while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
            let stream = accept(&listener).await;
            let (service, watcher, mut stop) = (service.clone(), graceful.watcher(), stop.clone());
            tokio::spawn(async move {
                let tls_stream = tokio::select! {
                    tls_stream = handshake(stream, &service, limits) => tls_stream,
                    _ = stop.wait_for(|stop| *stop) => return,
                };
                let ended = match tls_stream {
                    Ok(stream) => watcher.watch(connection(stream, service, limits)).await.map_err(io::Error::other),
                    Err(error) => Err(error),
                };
                if let Err(error) = ended {
                    tracing::debug!(error = %error, "connection ended");
                }
                drop(permit);
            });
        }
    };
    tokio::select! {
        () = accepting => {}
        _ = shutdown.wait_for(|stop| *stop) => {}
    }
    drop(listener);
    if tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("some clients didn't take their responses in time");
    }
}

/// Bytes to and from a client, in the clear or not.
trait Stream: AsyncRead + AsyncWrite + Send {}

impl<S: AsyncRead + AsyncWrite + Send> Stream for S {}

/// The connection as HTTP is spoken on it: with TLS, where it has to be.
async fn handshake(stream: TcpStream, service: &Service, limits: ConnectionLimits) -> io::Result<Pin<Box<dyn Stream>>> {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limits.response));
    let stream = Box::pin(stream);
    let tls = match &service.web {
        Some(web) => web.current().await.tls(),
        None => None,
    };
    let Some(tls) = tls else { return Ok(stream) };
    let tls_stream = tokio::time::timeout(limits.handshake, tls.accept(stream)).await;
    Ok(Box::pin(tls_stream.map_err(|_| io::ErrorKind::TimedOut)??))
}

/// The next connection. Errors of accepting pass: a client that left, or too many open files.
async fn accept(listener: &TcpListener) -> TcpStream {
    let mut pause = Duration::from_millis(5);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                if !is_passing(&error) {
                    tracing::warn!(error = %error, "can't accept a connection");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(1));
                }
            }
        }
    }
}

fn is_passing(error: &io::Error) -> bool {
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
