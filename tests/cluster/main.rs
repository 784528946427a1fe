//! The chart in a real Kubernetes. `make test-apiserver` and `make test-cluster` run this; docs/testing.md says what they
//! need.

#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::print_stdout, reason = "figures, and logs of what failed")]

#[path = "../it/tools.rs"]
mod tools;
#[path = "../e2e/modules.rs"]
mod modules;

mod daemons;
mod control_plane;
mod helm;
mod releases;
mod operator;
mod images;
mod node;
mod pods;
