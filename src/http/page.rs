//! The page for people.

use jiff::Timestamp;

use crate::snapshot::Snapshot;

/// Nothing but the page's own style is allowed.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The page.
#[must_use]
pub fn render(_: Option<&Snapshot>, telemetry_path: &str, _: Timestamp) -> String {
    format!("<html><body><a href=\"{telemetry_path}\">metrics</a></body></html>")
}
