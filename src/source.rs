//! Files as they lie on disk.

pub mod scan;
pub mod watch;
