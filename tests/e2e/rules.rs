//! The rules: what they select, what their tests say, and which notifications arrive.

pub(crate) mod files;
mod checks;
mod contract;
mod mutants;
mod notifications;
