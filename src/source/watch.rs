//! Hints that something changed.
