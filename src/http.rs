//! Listeners, limits and graceful shutdown.
//!
//! A slow or silent client costs a connection for a bounded time and never holds up the others:
//! requests have to arrive, and responses to be taken, within a deadline.

pub mod body;
pub mod page;
pub mod routes;

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_io_timeout::TimeoutStream;

use crate::http::routes::Routes;

/// How much a client may ask for.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at the same time; more wait to be accepted.
    pub connections: usize,
    /// How long a request may take to arrive, and a connection may be idle.
    pub request: Duration,
    /// How long a client may take nothing of a response.
    pub response: Duration,
    /// How long open responses are waited for at shutdown.
    pub drain: Duration,
}

impl Default for Limits {
    /// The request limit is above any usual scrape interval, so that scrapes keep their connection.
    fn default() -> Self {
        Self {
            connections: 512,
            request: Duration::from_mins(2),
            response: Duration::from_secs(30),
            drain: Duration::from_secs(5),
        }
    }
}

/// Serves `routes` on `listener` until `shutdown` turns true, and then finishes open responses.
pub async fn serve(listener: TcpListener, routes: Arc<Routes>, limits: Limits, mut shutdown: watch::Receiver<bool>) {
    let permits = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let accepting = async {
        // The semaphore is never closed, so there is always a permit to come.
        while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
            let stream = accept(&listener).await;
            let connection = graceful.watch(connection(stream, Arc::clone(&routes), limits));
            tokio::spawn(async move {
                if let Err(error) = connection.await {
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

fn connection(stream: TcpStream, routes: Arc<Routes>, limits: Limits) -> impl GracefulConnection<Error = hyper::Error> {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limits.response));
    let service = service_fn(move |request: Request<Incoming>| {
        let routes = Arc::clone(&routes);
        async move { Ok::<_, Infallible>(routes.respond(request.into_parts().0).await) }
    });
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.request)
        .serve_connection(TokioIo::new(Box::pin(stream)), service)
}
