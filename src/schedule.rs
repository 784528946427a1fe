//! When open work finishes: calendar, network, critical path and simulation.
//!
//! Times are `f64` working days after the start day: 0 is the end of the start day, 1 the end of
//! the first working day after it. Only [`timeline`] knows dates.

pub mod timeline;
pub mod finish;
pub mod pert;
pub mod normal;
pub mod rate;
pub mod network;
pub(crate) mod critical;
pub(crate) mod simulate;
pub mod earned;
pub mod pace;
pub mod forecast;
pub mod summary;

/// Times that are nearer to each other than this differ only by rounding: a tenth of a second, in
/// working days.
pub(crate) const ROUNDING: f64 = 1e-6;
