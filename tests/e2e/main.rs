//! End to end, with real servers.

fn main() {}
