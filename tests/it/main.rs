//! Black-box and property tests: one binary, so that it links once.

#![expect(clippy::unwrap_used, clippy::float_cmp, reason = "a test may panic, and compares exact figures")]

// Shared by the tests.
mod optional;
mod parsers;
mod tools;
mod harness;
mod taskjuggler;

// Texts and plans.
mod arithmetic;
mod schedule;
mod bounds;
mod corpus;
mod seed;
mod forecast;
mod help;
mod mistakes;
mod oracle;

// Files and the daemon.
mod files;
mod reload;
mod duplicates;
mod shards;
mod http;
mod health;
mod systemd;
mod hostile;

// The project as a whole.
mod contract;
mod docs;
mod layers;
