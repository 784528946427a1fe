//! When open work will be finished: the calendar, the network of what waits for what, its critical
//! path, and its simulation.
//!
//! Time here is counted in working days after the status date, as `f64`: 0 is the end of the status
//! date, 1 the end of the first working day after it. Only [`timeline`] knows dates.

pub mod timeline;
pub mod finish;
pub mod pert;
pub mod network;
pub mod critical;
pub mod simulate;
pub mod earned;
pub mod forecast;
pub mod summary;
