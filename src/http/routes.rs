//! One match on the path.
