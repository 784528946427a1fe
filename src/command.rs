//! The commands.

pub mod output;
pub mod as_of;
pub mod plan;
pub mod forecast;
pub mod explain;
pub mod compare;
pub mod check;
pub mod health;
pub mod serve;
