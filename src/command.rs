//! The commands.

pub mod at;
pub mod table;
pub mod plan;
pub mod forecast;
pub mod explain;
pub mod against;
pub mod check;
pub mod health;
pub mod serve;
