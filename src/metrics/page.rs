//! Ready bytes: rendered once per change, written as they are.
