//! Black-box and property tests: one binary, so that it links once.

#![expect(clippy::unwrap_used, clippy::float_cmp, reason = "a test may panic, and knows its figures")]

mod tools;
mod harness;

mod arithmetic;
mod duplicates;
mod files;
mod http;
mod layers;
mod reload;
mod contract;
mod corpus;
mod seed;
