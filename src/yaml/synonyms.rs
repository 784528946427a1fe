//! Words of other formats for the keys of readiness files, and the help of an unknown key.

use crate::finding::nearest;
use crate::scalar::shortened;
use crate::yaml::checklist::{needs_quotes, quoted};
use crate::yaml::{YamlContent, YamlNode};

/// The fix of an unknown key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeySuggestion {
    /// The key to write instead.
    pub(crate) key: Option<&'static str>,
    pub(crate) help: String,
}

/// The keys that a word of another format can mean. The first that the section has is suggested.
const SYNONYMS: &[(&[&str], &[&str])] = &[
    (&["in_progress", "inprogress", "doing", "wip", "ongoing", "started"], &["partial", "started"]),
    (
        &[
            "deferred",
            "defer",
            "skipped",
            "skip",
            "na",
            "n_a",
            "n/a",
            "cancelled",
            "canceled",
            "wontfix",
            "wont_do",
            "dropped",
            "postponed",
        ],
        &["waived"],
    ),
    (&["open", "pending", "not_started", "backlog", "planned", "next", "new"], &["todo"]),
    (&["closed", "resolved", "finished", "complete", "completed"], &["done", "complete"]),
    (
        &["owner", "owners", "assigned", "assigned_to", "assignee", "assignees", "responsible", "who", "lead", "dri"],
        &["assignee", "owner"],
    ),
    (
        &["date", "deadline", "due_date", "duedate", "due_on", "due_by", "eta", "by", "target_date", "target"],
        &["due", "when", "target"],
    ),
    (&["end", "end_date", "finish", "finish_date", "until"], &["due", "when", "target", "until"]),
    (
        &[
            "depends_on",
            "depends",
            "dependencies",
            "dependency",
            "dependson",
            "requires",
            "require",
            "after",
            "blocked_by",
            "prerequisites",
            "predecessors",
            "needed",
        ],
        &["needs"],
    ),
    (&["blocking", "unblocks", "successors", "before"], &["blocks"]),
    (
        &[
            "progress",
            "percent",
            "percentage",
            "percent_complete",
            "pct",
            "completion",
            "complete",
            "completed",
            "done",
        ],
        &["complete", "reported"],
    ),
    (
        &[
            "effort",
            "duration",
            "estimated",
            "estimation",
            "time",
            "time_estimate",
            "original_estimate",
            "size",
            "length",
        ],
        &["estimate"],
    ),
    (&["name", "label", "heading", "summary"], &["title"]),
    (
        &[
            "description",
            "desc",
            "comment",
            "comments",
            "remark",
            "remarks",
            "details",
            "note",
            "notes",
            "text",
            "info",
        ],
        &["note", "notes"],
    ),
    (&["start_date", "started_on", "started_at", "start", "from"], &["started", "start"]),
    (
        &["finished_on", "finished_at", "completed_on", "completed_at", "closed_at", "done_on", "done_at"],
        &["finished", "done"],
    ),
    (&["reached", "released", "achieved", "completed"], &["done"]),
    (&["prio", "importance", "severity", "urgency"], &["priority"]),
    (&["priority", "level"], &["severity"]),
    (&["likelihood", "probabilty"], &["probability"]),
    (&["items", "tickets", "issues", "subtasks", "checklist", "todos", "stories", "steps"], &["tasks"]),
    (&["epics", "streams", "work_streams", "work", "features", "projects", "groups"], &["workstreams"]),
    (&["categories", "components", "sections", "teams", "modules"], &["areas"]),
    (&["goals", "releases", "deliverables", "gates"], &["milestones"]),
    (&["updated", "last_updated", "updated_at", "status_date", "report_date", "asof", "date"], &["as_of"]),
    (&["review", "review_date", "review_on", "next_check"], &["next_review"]),
    (&["tz", "time_zone"], &["timezone"]),
    (&["weekdays", "working_days", "work_days"], &["workdays"]),
    (&["vacations", "vacation", "days_off", "bank_holidays", "public_holidays"], &["holidays"]),
    (&["url", "links", "issue", "ticket", "href"], &["link"]),
    (&["because", "rationale", "justification"], &["reason"]),
    (&["affected", "affecting"], &["affects"]),
    (&["countermeasure", "countermeasures", "contingency", "plan"], &["mitigation"]),
    (&["consequence", "consequences"], &["impact"]),
    (&["todo", "task", "title", "what"], &["action"]),
];

/// Keys that other formats have for the text of a task.
const TASK_TEXTS: [&str; 9] = ["title", "name", "task", "summary", "text", "item", "description", "subject", "story"];

/// The fix of the unknown key `key` of a section with the keys `known`, in a mapping with these entries.
#[must_use]
pub(crate) fn suggest(key: &str, known: &'static [&'static str], entries: &[(YamlNode, YamlNode)]) -> KeySuggestion {
    let lower = key.to_lowercase().replace(['-', ' '], "_");
    if key == "<<" {
        return KeySuggestion { key: None, help: "merge keys are not supported: write the values out".to_owned() };
    }
    if let Some(suggestion) = task_status(&lower, known, entries) {
        return suggestion;
    }
    if let Some(near) = known
        .iter()
        .find(|it| **it == lower)
        .copied()
        .or_else(|| synonym(&lower, known))
        .or_else(|| nearest(&lower, known.iter().copied()))
    {
        return KeySuggestion { key: Some(near), help: format!("did you mean `{near}`?") };
    }
    if lower == "id" && known.contains(&"title") {
        let help = "remove it: the id is the key under which the entry is written";
        return KeySuggestion { key: None, help: help.to_owned() };
    }
    let known: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
    KeySuggestion { key: None, help: format!("expected one of {}", known.join(", ")) }
}

fn synonym(key: &str, known: &'static [&'static str]) -> Option<&'static str> {
    let matching = SYNONYMS.iter().filter(|(words, _)| words.contains(&key));
    matching.flat_map(|(_, keys)| keys.iter()).find(|word| known.contains(word)).copied()
}

/// The suggestion for the keys `title` and `status` of a task, which has its status as the key of its text.
fn task_status(key: &str, known: &[&str], entries: &[(YamlNode, YamlNode)]) -> Option<KeySuggestion> {
    let is_task = known.contains(&"todo") && known.contains(&"waived");
    if !is_task || !(TASK_TEXTS.contains(&key) || is_status_key(key)) {
        return None;
    }
    let value = |is_key: &dyn Fn(&str) -> bool| {
        let entry = entries.iter().find(|(key, _)| key.text().is_some_and(is_key));
        entry.and_then(|(_, value)| value.text())
    };
    let written = STATUS_KEYS.into_iter().find(|status| value(&|key| key == *status).is_some());
    let text =
        value(&|key| TASK_TEXTS.contains(&key)).or_else(|| written.and_then(|status| value(&|key| key == status)));
    let status = value(&is_status_key).map(status_of);
    let help = match (status.flatten(), text) {
        (Some(status), Some(text)) => {
            let text = if needs_quotes(text) { quoted(text) } else { text.to_owned() };
            format!("write `{status}: {}`", shortened(&text))
        }
        _ if is_status_key(key) && text.is_some() => {
            "the status is the key of the text: `todo`, `partial`, `done` or `waived`".to_owned()
        }
        _ => "start it with `todo`, `partial`, `done` or `waived`".to_owned(),
    };
    let is_free = written.is_none() && !is_status_key(key);
    Some(KeySuggestion { key: is_free.then(|| status.flatten().unwrap_or("todo")), help })
}

pub(crate) const STATUS_KEYS: [&str; 4] = ["todo", "partial", "done", "waived"];

fn is_status_key(key: &str) -> bool {
    matches!(key, "status" | "state" | "stage" | "completed")
}

/// Whether the unknown key `key` is reported with the text of the task, as `status` is with `title`.
#[must_use]
pub(crate) fn is_reported_with_text(key: &str, known: &[&str], entries: &[(YamlNode, YamlNode)]) -> bool {
    let is_task = known.contains(&"todo") && known.contains(&"waived");
    is_task
        && is_status_key(key)
        && entries.iter().any(|(key, _)| key.text().is_some_and(|key| TASK_TEXTS.contains(&key)))
}

/// The status key for the status of a task in another format.
fn status_of(text: &str) -> Option<&'static str> {
    Some(match &*text.to_lowercase().replace(['-', ' '], "_") {
        "done" | "complete" | "completed" | "closed" | "finished" | "resolved" | "true" | "yes" | "100%" => "done",
        "in_progress" | "inprogress" | "doing" | "wip" | "partial" | "started" | "active" | "in_review" | "ongoing" => {
            "partial"
        }
        "todo" | "to_do" | "open" | "new" | "backlog" | "planned" | "not_started" | "pending" | "blocked" | "false"
        | "no" => "todo",
        "waived" | "deferred" | "skipped" | "cancelled" | "canceled" | "wontfix" | "n/a" | "na" => "waived",
        _ => return None,
    })
}

/// Whether the value can have items of a project: a mapping in a list or mapping.
#[must_use]
pub(crate) fn has_items(node: &YamlNode) -> bool {
    let is_mapping = |node: &YamlNode| matches!(node.content, YamlContent::Mapping(_));
    match &node.content {
        YamlContent::Scalar { .. } => false,
        YamlContent::List(items) => items.iter().any(is_mapping),
        YamlContent::Mapping(entries) => entries.iter().any(|(_, value)| is_mapping(value)),
    }
}
