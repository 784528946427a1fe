//! Black-box and property tests: one binary, so that it links once.

mod tools;

mod arithmetic;
mod corpus;
mod seed;
