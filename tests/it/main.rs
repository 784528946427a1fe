//! Black-box and property tests: one binary, so that it links once.

mod arithmetic;
mod seed;
