//! Paths to the files under them.
