//! The kinds of findings in docs/check.md and docs/format.md.

use std::fmt::Write as _;

use crate::docs::assert_block;
use crate::finding::{Kind, Severity};

#[test]
fn check_md_has_the_table_of_kinds() {
    let mut table = "| Kind | Severity | Meaning | Action |\n|---|---|---|---|\n".to_owned();
    for kind in Kind::ALL {
        let (name, severity) = (kind.name(), kind.severity().name());
        writeln!(table, "| `{name}` | {severity} | {} | {} |", kind.meaning(), kind.action()).unwrap();
    }
    assert_block("docs/check.md", "kinds", &table);
}

#[test]
fn format_md_has_the_kinds_by_severity() {
    for (severity, block) in [(Severity::Error, "errors"), (Severity::Warning, "warnings")] {
        let mut table = "| Kind | Meaning |\n|---|---|\n".to_owned();
        for kind in Kind::ALL.into_iter().filter(|kind| kind.severity() == severity) {
            writeln!(table, "| `{}` | {} |", kind.name(), kind.meaning()).unwrap();
        }
        assert_block("docs/format.md", block, &table);
    }
}
