//! The command check.
