//! Black-box and property tests: one binary, so that it links once.

#![expect(clippy::unwrap_used, clippy::float_cmp, reason = "a test may panic, and knows its figures")]

mod tools;

mod arithmetic;
mod bounds;
mod files;
mod layers;
mod contract;
mod corpus;
mod seed;
