//! The help text of every command.

use insta::assert_snapshot;

use crate::harness::run;

#[test]
fn every_command_has_help() {
    for command in ["", "init", "serve", "check", "forecast", "explain", "set", "schema", "health"] {
        let output = run(&[command, "--help"].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>());
        assert!(output.status.success() && output.stderr.is_empty(), "{command}");
        let name = if command.is_empty() { "help" } else { command };
        assert_snapshot!(name, String::from_utf8(output.stdout).unwrap());
    }
}
