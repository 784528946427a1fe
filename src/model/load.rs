//! From a file's text to the project, with everything that is wrong on the way.

use std::cmp::Reverse;

use jiff::Timestamp;

use crate::finding::{Finding, Kind, MAX_FINDINGS, Severity};
use crate::format;
use crate::model::Project;
use crate::model::completion::Completion;
use crate::model::{consistency, lower};

/// What a text says, and what is wrong with it.
#[derive(Debug)]
pub struct Loaded {
    /// The plan; whole enough to be served only where [`Loaded::is_good`].
    pub plan: Option<Plan>,
    /// What is wrong, in the order of the file, each with its place: [`MAX_FINDINGS`] at most.
    pub findings: Vec<Finding>,
}

/// A project, and what it has earned.
#[derive(Debug)]
pub struct Plan {
    /// The project.
    pub project: Project,
    /// What it has earned.
    pub completion: Completion,
}

impl Loaded {
    /// Whether nothing that is wrong is an error.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.plan.is_some() && !self.findings.iter().any(|finding| finding.severity() == Severity::Error)
    }
}

/// Reads `text` as of `now`; contradictions are looked for in whatever could be read.
#[must_use]
pub fn load(text: &str, now: Timestamp) -> Loaded {
    let (document, mut findings) = format::parse(text);
    let plan = document.map(|document| {
        let (project, more) = lower::lower(document);
        findings.extend(more);
        let completion = Completion::of(&project);
        let today = now.to_zoned_datetime(project.zone.clone()).date();
        findings.extend(consistency::check(&project, &completion, today));
        Plan { project, completion }
    });
    // Errors first: they decide whether the file is served.
    findings.sort_by_key(|finding| Reverse(finding.severity()));
    findings.truncate(MAX_FINDINGS);
    format::locate(text, &mut findings);
    findings.sort_by(|one, other| {
        let place = |finding: &Finding| finding.span.map(|span| span.start);
        // Of two at one place, a wrong type tells more than a missing key, and stands later in the list.
        place(one).cmp(&place(other)).then_with(|| other.kind.cmp(&one.kind))
    });
    findings.dedup_by(|later, earlier| says_the_same(later, earlier));
    Loaded { plan, findings }
}

/// What is of the wrong type also lacks its keys: saying the former is enough.
fn says_the_same(redundant: &Finding, telling: &Finding) -> bool {
    redundant.span == telling.span && redundant.kind == Kind::MissingKey && telling.kind == Kind::WrongType
}
