//! The bytes of a response as pieces of shared memory.

use bytes::Bytes;

/// Smaller pieces are copied into one chunk with their neighbours.
const SMALL: usize = 1 << 10;

/// Maximum size of a chunk of small pieces.
const CHUNK: usize = 64 << 10;

/// The content encoding of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Not encoded.
    Identity,
    /// Concatenated gzip members.
    Gzip,
}

/// A body in one encoding.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// Pieces of the body, in order.
    pub chunks: Vec<Bytes>,
    /// Total length of the chunks.
    pub length: usize,
}

/// Builds a body: large pieces are shared, small ones copied, so that there are few chunks.
#[derive(Debug, Default)]
pub(crate) struct BodyBuilder {
    body: Body,
    pending: Vec<u8>,
}

impl BodyBuilder {
    pub(crate) fn push(&mut self, piece: &Bytes) {
        if piece.len() >= SMALL || self.pending.len() + piece.len() > CHUNK {
            self.flush();
        }
        if piece.len() >= SMALL {
            self.body.chunks.push(piece.clone());
        } else {
            self.pending.extend_from_slice(piece);
        }
        self.body.length += piece.len();
    }

    #[must_use]
    pub(crate) fn finish(mut self) -> Body {
        self.flush();
        self.body
    }

    fn flush(&mut self) {
        if !self.pending.is_empty() {
            self.body.chunks.push(Bytes::copy_from_slice(&self.pending));
            self.pending.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_pieces_are_shared_and_small_ones_fill_chunks() {
        let (small, large) = (Bytes::from(vec![b's'; SMALL - 1]), Bytes::from(vec![b'l'; SMALL]));
        let mut body = BodyBuilder::default();
        for piece in std::iter::repeat_n(&small, 70).chain([&large, &small]) {
            body.push(piece);
        }
        let body = body.finish();
        let lengths: Vec<usize> = body.chunks.iter().map(Bytes::len).collect();
        assert_eq!(lengths, [64 * (SMALL - 1), 6 * (SMALL - 1), SMALL, SMALL - 1]);
        assert_eq!(lengths.iter().sum::<usize>(), body.length);
        assert_eq!(body.chunks[2].as_ptr(), large.as_ptr());
    }
}
