//! Mutants: rules changed in one place, each of which some test has to notice.
