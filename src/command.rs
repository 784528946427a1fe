//! The commands, without argument parsing.

pub(crate) mod output;
pub(crate) mod as_of;
pub(crate) mod plan;
pub(crate) mod forecast;
pub(crate) mod explain;
pub(crate) mod compare;
pub(crate) mod check;
pub(crate) mod init;
pub(crate) mod set;
pub(crate) mod health;
pub(crate) mod serve;
