//! Tests of the chart in a real Kubernetes. Run them with `make test-apiserver` and `make test-cluster`; docs/testing.md
//! lists their prerequisites.

#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::print_stdout, reason = "figures, and logs of failed tests")]

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
