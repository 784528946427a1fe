//! The command serve.
