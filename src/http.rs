//! Listeners, limits and graceful shutdown.

pub mod page;
pub mod routes;
