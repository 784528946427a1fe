//! The documentation of the metrics, printed from the table.
