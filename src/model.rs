//! The project as plain data.

pub mod summary;
