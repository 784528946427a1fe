//! The response body: a list of shared byte chunks.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use prometheus::IntGauge;
use tokio::sync::OwnedSemaphorePermit;

/// Chunks that are sent in order and never copied.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    queue: VecDeque<Bytes>,
    /// Bytes in the queue.
    remaining: u64,
    /// Released when the body is dropped.
    _slot: Option<ScrapeSlot>,
}

/// One of the concurrent scrapes that `--web.max-requests` allows. Released on drop.
#[derive(Debug)]
pub(crate) struct ScrapeSlot {
    in_flight: IntGauge,
    _permit: OwnedSemaphorePermit,
}

impl ScrapeSlot {
    /// Increments `in_flight` until the slot is dropped.
    #[must_use]
    pub(crate) fn new(permit: OwnedSemaphorePermit, in_flight: &IntGauge) -> Self {
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
    /// Holds `slot` until the client has received the body or disconnected.
    #[must_use]
    pub(crate) fn holding(self, slot: ScrapeSlot) -> Self {
        Self { _slot: Some(slot), ..self }
    }
}

impl From<Vec<Bytes>> for Chunks {
    fn from(chunks: Vec<Bytes>) -> Self {
        let remaining = chunks.iter().map(|chunk| chunk.len() as u64).sum();
        Self { queue: chunks.into(), remaining, _slot: None }
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
        self.remaining -= chunk.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.queue.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;
    use std::sync::Arc;
    use tokio::sync::Semaphore;

    #[tokio::test]
    async fn chunks_are_sent_in_order_with_an_exact_size() {
        let mut body = Chunks::from(vec![Bytes::from("ab"), Bytes::from("c"), Bytes::new()]);
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(3), false));
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "ab");
        assert_eq!(body.size_hint().exact(), Some(1));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "c");
        assert!(Chunks::default().is_end_stream());
    }

    #[tokio::test]
    async fn a_slot_is_released_with_its_body() {
        let slots = Arc::new(Semaphore::new(1));
        let in_flight = IntGauge::new("in_flight", "Scrapes in flight.").unwrap();
        let slot = ScrapeSlot::new(Arc::clone(&slots).try_acquire_owned().unwrap(), &in_flight);
        let body = Chunks::from("text".to_owned()).holding(slot);
        assert_eq!((slots.available_permits(), in_flight.get()), (0, 1));
        drop(body);
        assert_eq!((slots.available_permits(), in_flight.get()), (1, 0));
    }
}
