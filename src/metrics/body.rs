//! A response's bytes as pieces of shared memory.

use bytes::Bytes;

/// Pieces smaller than this are copied together with their neighbours.
const SMALL: usize = 1 << 10;

/// How large a chunk of small pieces grows.
const CHUNK: usize = 64 << 10;

/// How the bytes of a body are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As they are.
    Identity,
    /// As concatenated gzip members.
    Gzip,
}

/// A body in one encoding.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// Its pieces, in order.
    pub chunks: Vec<Bytes>,
    /// How many bytes they have together.
    pub length: usize,
}

/// Puts a body together: large pieces are shared, small ones copied, so that chunks are few.
#[derive(Debug, Default)]
pub struct Pieces {
    body: Body,
    pending: Vec<u8>,
}

impl Pieces {
    /// Adds `piece`.
    pub fn push(&mut self, piece: &Bytes) {
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

    /// The body.
    #[must_use]
    pub fn finish(mut self) -> Body {
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
        let mut pieces = Pieces::default();
        for piece in std::iter::repeat_n(&small, 70).chain([&large, &small]) {
            pieces.push(piece);
        }
        let body = pieces.finish();
        let lengths: Vec<usize> = body.chunks.iter().map(Bytes::len).collect();
        assert_eq!(lengths, [64 * (SMALL - 1), 6 * (SMALL - 1), SMALL, SMALL - 1]);
        assert_eq!(lengths.iter().sum::<usize>(), body.length);
        assert_eq!(body.chunks[2].as_ptr(), large.as_ptr());
    }
}
