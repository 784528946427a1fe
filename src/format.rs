//! YAML to document: guarded, typed, with every finding in its place.
