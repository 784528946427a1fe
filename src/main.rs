//! `readiness-exporter`: see the library's documentation.

use std::process::ExitCode;

fn main() -> ExitCode {
    readiness_exporter::cli::main()
}
