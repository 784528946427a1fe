//! A response body made of ready bytes.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use prometheus::IntGauge;
use tokio::sync::OwnedSemaphorePermit;

/// Chunks that are written one after the other; shared, never copied.
#[derive(Debug, Default)]
pub struct Chunks {
    queue: VecDeque<Bytes>,
    left: u64,
    /// Only to be dropped together with the chunks.
    _slot: Option<ScrapeSlot>,
}

/// One of the places for scrapes; it is given back when this is dropped.
#[derive(Debug)]
pub struct ScrapeSlot {
    in_flight: IntGauge,
    _permit: OwnedSemaphorePermit,
}

impl ScrapeSlot {
    /// Takes a slot, and counts it in `in_flight`.
    #[must_use]
    pub fn taken(permit: OwnedSemaphorePermit, in_flight: &IntGauge) -> Self {
        in_flight.inc();
        Self { in_flight: in_flight.clone(), _permit: permit }
    }
}

impl Drop for ScrapeSlot {
    fn drop(&mut self) {
        self.in_flight.dec();
    }
}

impl Chunks {
    /// Keeps `slot` until the client has taken all this, or left.
    #[must_use]
    pub fn holding(self, slot: ScrapeSlot) -> Self {
        Self { _slot: Some(slot), ..self }
    }

    /// All the bytes in one piece.
    #[must_use]
    pub fn concat(self) -> Vec<u8> {
        Vec::from(self.queue).concat()
    }
}

impl From<Vec<Bytes>> for Chunks {
    fn from(chunks: Vec<Bytes>) -> Self {
        let left = chunks.iter().map(|chunk| chunk.len() as u64).sum();
        Self { queue: chunks.into(), left, _slot: None }
    }
}

impl From<String> for Chunks {
    fn from(text: String) -> Self {
        Self::from(vec![Bytes::from(text)])
    }
}

impl Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(chunk) = self.queue.pop_front() else { return Poll::Ready(None) };
        self.left -= chunk.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.queue.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
