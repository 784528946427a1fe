//! Findings as people, programs and GitHub read them.
