//! From the text of a file to a project and its findings.

use std::cmp::Reverse;

use jiff::Timestamp;

use crate::finding::{Finding, MAX_FINDINGS, Severity};
use crate::format::{self, ParsedFile};
use crate::model::Project;
use crate::model::completion::Completion;
use crate::model::{consequences, consistency, lower};

/// The plan in a text, and its findings.
#[derive(Debug)]
pub struct Loaded {
    /// Complete enough to be served only if [`Loaded::is_good`].
    pub plan: Option<Plan>,
    /// Errors and warnings with their position, in the order of the file: [`MAX_FINDINGS`] at most.
    pub findings: Vec<Finding>,
}

/// A project and its earned completion.
#[derive(Debug)]
pub struct Plan {
    /// The content of the file.
    pub project: Project,
    /// Computed from it.
    pub completion: Completion,
}

impl Loaded {
    /// Whether no finding is an error.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.plan.is_some() && !self.findings.iter().any(|finding| finding.severity() == Severity::Error)
    }
}

/// Reads `text` at the moment `now`. The parts that could be read are checked for contradictions.
#[must_use]
pub fn load(text: &str, now: Timestamp) -> Loaded {
    let ParsedFile { document, mut findings, root, lost, rejection } = format::parse_file(text);
    let plan = document.map(|document| {
        let (project, more) = lower::lower(document);
        findings.extend(more);
        let completion = Completion::of(&project);
        let today = now.to_zoned_datetime(project.zone.clone()).date();
        findings.extend(consistency::check(&project, &completion, today));
        Plan { project, completion }
    });
    if !findings.iter().any(|finding| finding.severity() == Severity::Error) {
        findings.extend(rejection);
    }
    // Errors first: they decide whether the file is served.
    findings.sort_by_key(|finding| Reverse(finding.severity()));
    findings.truncate(MAX_FINDINGS);
    let root = format::locate_with(text, root, &mut findings);
    for finding in &mut findings {
        finding.span = finding.span.map(|span| span.of_characters(text));
    }
    findings.sort_by(|one, other| {
        let place = |finding: &Finding| finding.span.map(|span| span.start);
        // At one position, a wrong type is more specific than a missing key, and comes first.
        place(one).cmp(&place(other)).then_with(|| other.kind.cmp(&one.kind))
    });
    consequences::remove(&mut findings, root.as_ref(), &lost);
    Loaded { plan, findings }
}
