//! Every command of the README is run as it stands there.
