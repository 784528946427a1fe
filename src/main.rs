//! `readiness-exporter`: see the library's documentation.
fn main() {}
