//! The labels: a type for each, so that two label values can't be swapped, and their documentation.

macro_rules! labels {
    ($($label:ident $name:literal: $values:literal;)*) => {
        $(
            #[doc = concat!("The label `", $name, "`: ", $values, ".")]
            #[derive(Debug, Clone, Copy)]
            pub struct $label<'a>(pub &'a str);

            impl $label<'_> {
                pub(crate) const NAME: &'static str = $name;
            }
        )*

        /// Every label and a description of its values, in the order of the documentation.
        pub(crate) const LABELS: &[(&str, &str)] = &[$(($name, $values),)*];
    };
}

labels! {
    Project "project": "id of the project";
    Area "area": "id of the area";
    Workstream "workstream": "id of the workstream, unique in its area";
    Task "task": "id of the task, unique in its workstream";
    Milestone "milestone": "id of the milestone";
    Risk "risk": "id of the risk";
    Action "action": "position of the action in the file, from 1";
    Note "note": "for `readiness_note_info`, position of the note in the file, from 1; for other metrics, text of the note";
    Phase "phase": "position of the phase in the file, from 1";
    Component "component": "name of the component";
    Feature "feature": "name of the feature";
    Item "item": "path of an item: `ml`, `ml/azure`, `ml/azure/workspace`, or the id of a milestone; for `readiness_link_info` also `area/component`, the id of a risk, or the position of a phase or an action";
    ItemOwner "item_owner": "owner of the item";
    Element "element": "part of the plan: `project`, `area`, `workstream`, `task`, `component`, `milestone`, `phase`, `risk` or `action`";
    Link "link": "address of evidence or details";
    From "from": "path of the item that must be finished first";
    To "to": "path of the item that needs it";
    Title "title": "title in the file";
    Text "text": "text of the note";
    Status "status": "of a task: `todo`, `partial`, `done` or `waived`; of a project: free text";
    Assignee "assignee": "assignee of the task; several are separated by `, `";
    Priority "priority": "`critical`, `high`, `medium` or `low`";
    Severity "severity": "severity of a risk: `high`, `medium` or `low`";
    Blocker "blocker": "`true` if the file marks the workstream as a blocker, `false` otherwise";
    Impact "impact": "consequence, as free text";
    Mitigation "mitigation": "mitigation of the risk, as free text";
    When "when": "day or month of the action, as in the file";
    Horizon "horizon": "time frame of the action in words, such as `Immediate (week 1-2)`";
    Method "method": "`earned`: computed from tasks and points; `reported`: from the file";
    Bound "bound": "`optimistic`, `likely` or `pessimistic`";
    Percentile "percentile": "`50`, `85` or `95`: percentage of simulation runs that finish by then";
    Model "model": "`plan`: without risks; `risk`: with every risk that has a probability and a delay";
    Basis "basis": "source of a remaining duration or date: `estimated`, from the estimate; `inferred`, from the points; `overrun`, from a used-up estimate, scaled to the time used. `fixed_date`: from the due date alone. `paced`: from the pace of the project, because nothing is estimated. `no_estimate`: none, forecast as if it took no time";
    Start "start": "`now`: at the start of the forecast; `later`: after other items";
    Opinion "opinion": "`earned_schedule`: planned duration divided by SPI(t); `pace`: at the pace of the last 20 working days";
    Pace "pace": "`observed`: since the start of the baseline; `required`: from now on, to meet the baseline";
    Root "root": "path of the overdue item on the driving path, otherwise of the first open item on it";
    Kind "kind": "kind of finding, from the list below; every kind of warning is served, as 0 if there is none";
    File "file": "path of the file as given on the command line; for a file found in a directory, the directory and the path below it";
    Reason "reason": "of a failure: `unreadable`, `invalid` or `duplicate_project`, each starts at 0; of a waiver: free text";
    Code "code": "HTTP status code; 200, 500 and 503 start at 0";
    Version "version": "version of the exporter";
    Revision "revision": "source revision of the exporter";
    Rustversion "rustversion": "version of the compiler";
}
