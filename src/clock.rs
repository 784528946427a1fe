//! The one reader of time. Everything else takes the moment as an argument.

use std::time::Instant;

use jiff::Timestamp;

/// The present moment.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this module is the one reader of time")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// A monotonic instant, for measuring how long something took.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this module is the one reader of time")]
pub fn instant() -> Instant {
    Instant::now()
}
