//! The families of metrics: the one table of names, labels, units and meanings.

pub mod page;
pub mod process;
pub mod text;
