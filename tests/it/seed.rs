//! The large example contains a complete real report: each task, figure, date and dependency.
//!
//! The expected values are quotes of the report, so an edit of the example fails these tests.

use serde_yaml::Value;

const EXAMPLE: &str = include_str!("../../examples/castiel.readiness.yaml");

#[test]
fn the_header_is_that_of_the_report() {
    let example = example();
    let keys = ["project", "title", "status", "start", "as_of", "target", "next_review", "reported"];
    assert_eq!(
        keys.map(|key| text(&example[key])),
        [
            "castiel",
            "Production Readiness Status",
            "In Progress",
            "2026-01-27",
            "2026-01-27",
            "2026-04-30",
            "2026-02-07",
            "54%",
        ]
    );
}

#[test]
fn the_report_has_four_areas() {
    let columns = ["title", "priority", "reported"];
    assert_eq!(
        rows(&example()["areas"], &columns),
        [
            "implementation | Implementation | medium | 80%",
            "testing | Testing | high | 70%",
            "ml | Machine Learning | critical | 35%",
            "deployment | Deployment | critical | 30%",
        ]
    );
}

#[test]
fn the_report_has_125_tasks() {
    let example = example();
    let counts: Vec<String> = entries(&example["areas"])
        .map(|(id, area)| {
            let done = items(&area["done"]).count();
            format!("{id} {done}/{}/{}", count_tasks(area, "partial"), count_tasks(area, "todo"))
        })
        .collect();
    assert_eq!(counts, ["implementation 7/10/0", "testing 5/15/0", "ml 12/0/30", "deployment 9/22/15"]);

    let areas = || entries(&example["areas"]).map(|(_, area)| area);
    let done: usize = areas().map(|area| items(&area["done"]).count()).sum();
    let partial: usize = areas().map(|area| count_tasks(area, "partial")).sum();
    let todo: usize = areas().map(|area| count_tasks(area, "todo")).sum();
    assert_eq!((done, partial, todo, done + partial + todo), (33, 47, 45, 125));
    for other in ["done", "waived", "ref"] {
        assert_eq!(areas().map(|area| count_tasks(area, other)).sum::<usize>(), 0, "{other}");
    }
}

#[test]
fn tasks_keep_the_figures_of_the_report() {
    let example = example();
    let mut found: Vec<String> = entries(&example["areas"]).flat_map(|(_, area)| texts(&area["done"])).collect();
    for (_, stream) in workstreams(&example) {
        found.extend(items(&stream["tasks"]).map(title));
    }
    found.retain(|text| text.contains(|letter: char| letter.is_ascii_digit()));
    let tasks = [
        "All 55+ containers implemented with complete infrastructure",
        "17 new containers fully implemented (8,700+ lines of code)",
        "CAIS integration complete (41 services)",
        "Unit test files for all 17 new containers",
        "Integration test files for 7 critical containers",
        "All 6 ML services implemented (100% code complete)",
        "ML API endpoints implemented (8 endpoints)",
        "All 55+ containers have complete infrastructure",
        "Expand unit tests to reach 80% coverage per container",
        "Expand E2E tests for critical workflows",
        "Configure auto-scaling (0-10 instances)",
    ];
    assert_eq!(found, tasks);
}

#[test]
fn contradictions_of_the_report_are_kept() {
    let example = example();
    let deployment = &example["areas"]["deployment"];
    let points: f64 = entries(&deployment["workstreams"]).filter_map(|(_, stream)| stream["points"].as_f64()).sum();
    assert_eq!(format!("points {points}, reported {}", text(&deployment["reported"])), "points 75, reported 30%");

    let duplicates: Vec<String> = workstreams(&example)
        .into_iter()
        .filter(|(_, stream)| items(&stream["tasks"]).any(|task| title(task).starts_with("Deploy Azure ML Workspace")))
        .map(|(path, _)| path)
        .collect();
    assert_eq!(duplicates, ["ml/azure", "deployment/infrastructure"]);
}

#[test]
fn fifteen_workstreams_have_points() {
    let streams: Vec<String> = workstreams(&example())
        .into_iter()
        .map(|(path, stream)| {
            let tasks = items(&stream["tasks"]).count();
            format!("{path} | {} | {} | {tasks}", text(&stream["title"]), text(&stream["points"]))
        })
        .collect();
    assert_eq!(
        streams,
        [
            "implementation/vendor-apis | Vendor API Integration | 15 | 5",
            "implementation/ui | UI Enhancements | 5 | 5",
            "testing/unit | Unit Test Expansion | 15 | 5",
            "testing/integration | Integration & E2E Tests | 10 | 6",
            "testing/automation | Test Automation | 5 | 4",
            "ml/azure | Azure ML Workspace Infrastructure | 20 | 7",
            "ml/training | Model Training | 20 | 9",
            "ml/serving | Model Deployment | 15 | 6",
            "ml/operations | ML Operations | 10 | 8",
            "deployment/infrastructure | Infrastructure Setup | 25 | 7",
            "deployment/security | Security & Compliance | 15 | 6",
            "deployment/performance | Performance & Optimization | 10 | 6",
            "deployment/monitoring | Monitoring & Observability | 10 | 6",
            "deployment/production | Production Deployment | 10 | 8",
            "deployment/recovery | Disaster Recovery | 5 | 4",
        ]
    );
}

#[test]
fn three_blockers_have_estimates() {
    let blockers: Vec<String> = workstreams(&example())
        .into_iter()
        .filter(|(_, stream)| stream["blocker"] == true || !stream["estimate"].is_null())
        .map(|(path, stream)| format!("{path} | {} | {}", text(&stream["estimate"]), text(&stream["impact"])))
        .collect();
    assert_eq!(
        blockers,
        [
            "implementation/vendor-apis | 3-4w | Blocks data ingestion",
            "testing/unit | 4-6w | Blocks production confidence",
            "ml/azure | 2-3w | Blocks ML training and deployment",
        ]
    );
}

#[test]
fn each_dependency_is_written_once() {
    let example = example();
    let mut found = Vec::new();
    for (path, item) in workstreams(&example) {
        found.extend(items(&item["needs"]).map(|need| format!("{} -> {path}", text(need))));
        found.extend(items(&item["blocks"]).map(|blocked| format!("{path} -> {}", text(blocked))));
    }
    found.sort();
    assert_eq!(
        found,
        [
            "deployment/security/audit -> deployment/production",
            "implementation/vendor-apis -> testing/integration",
            "ml/azure -> ml/operations",
            "ml/azure -> ml/serving",
            "ml/azure -> ml/training",
            "ml/training -> ml/serving",
            "testing/unit -> deployment/production",
        ]
    );
    let critical = ["ml/azure", "ml/training", "ml/serving", "deployment/production"];
    assert_eq!(texts(&example["critical_path"]), critical);
}

#[test]
fn the_breakdown_has_nineteen_components() {
    let example = example();
    let components: Vec<String> = entries(&example["areas"])
        .flat_map(|(_, area)| entries(&area["breakdown"]))
        .map(|(name, component)| match component {
            Value::Mapping(_) => {
                let [complete, target, note] = ["complete", "target", "note"].map(|key| text(&component[key]));
                format!("{name} | {complete} | {target} | {note}")
            }
            short => format!("{name} | {}", text(short)),
        })
        .collect();
    assert_eq!(
        components,
        [
            "Core Services | 95%",
            "Vendor Integrations | 70% | - | placeholders need replacement",
            "UI Components | 75% | - | ML management and feedback UIs missing",
            "Infrastructure Code | 100%",
            "Unit Tests | 65% | 80% | -",
            "Integration Tests | 50% | 80% | -",
            "E2E Tests | 40% | 80% | -",
            "Test Infrastructure | 100%",
            "ML Service Code | 100%",
            "Azure ML Infrastructure | 0%",
            "Model Training | 0%",
            "Model Deployment | 0%",
            "ML Operations | 0%",
            "Code Readiness | 100%",
            "Infrastructure Setup | 30%",
            "Security Hardening | 50%",
            "Performance Optimization | 40%",
            "Monitoring Setup | 20%",
            "Actual Deployment | 0%",
        ]
    );
}

#[test]
fn nine_features_have_coverage() {
    let example = example();
    let coverage = &example["areas"]["testing"]["coverage"];
    assert_eq!(text(&coverage["target"]), "80%");
    let features: Vec<String> =
        entries(&coverage["features"]).map(|(name, ratio)| format!("{name} {}", text(ratio))).collect();
    assert_eq!(
        features,
        [
            "Tenant Feature 80%",
            "Authentication 70%",
            "Risk Evaluation 65%",
            "Insights & Dashboard 60%",
            "Content Generation 55%",
            "AI Data Ingestions 35%",
            "Outcome & Feedback 45%",
            "CAIS 65%",
            "ML Services 55%",
        ]
    );
}

#[test]
fn the_timeline_has_three_phases_and_nine_milestones() {
    let example = example();
    let phases: Vec<String> =
        items(&example["phases"]).map(|phase| format!("{} {}", text(&phase["when"]), text(&phase["title"]))).collect();
    assert_eq!(
        phases,
        ["2026-02 Infrastructure & ML Foundation", "2026-03 Testing & ML Training", "2026-04 Production Hardening"]
    );
    assert_eq!(
        rows(&example["milestones"], &["title", "due", "baseline", "needs"]),
        [
            "azure-workspace | Azure ML Workspace deployed | 2026-02 | 2026-02-28 | ml/azure",
            "vendor-apis | Vendor APIs integrated | 2026-02 | 2026-02-28 | implementation/vendor-apis",
            "test-coverage | Test coverage at 80% | 2026-03 | 2026-03-31 | testing/unit",
            "models-live | Models trained and deployed | 2026-03 | 2026-03-31 | ml/training, ml/serving",
            "security-audit | Security audit | 2026-04 | 2026-04-30 | deployment/security/audit",
            "load-testing | Load testing | 2026-04 | 2026-04-30 | deployment/performance/load-testing",
            "production-deployment | Production deployment | 2026-04 | 2026-04-30 | deployment/production",
            "production-data-flow | Production data flow | - | - | implementation/vendor-apis",
            "production-readiness | Full Production Readiness | 2026-04-30 | 2026-04-30 | \
             implementation, testing, ml, deployment",
        ]
    );
}

#[test]
fn five_risks_have_no_probability() {
    let columns = ["severity", "probability", "delay", "affects", "impact", "mitigation"];
    assert_eq!(
        rows(&example()["risks"], &columns),
        [
            "azure-delay | high | - | 2-4w | ml/azure | Could delay ML by 2-4 weeks | -",
            "model-performance | high | - | - | ml/training | May require additional training iterations | -",
            "test-coverage | high | - | - | testing/unit | Could delay production deployment | -",
            "vendor-apis | medium | - | - | implementation/vendor-apis | \
             May require additional debugging time | -",
            "production-deployment | medium | - | - | deployment/production | - | \
             Mitigated by phased rollout and rollback plan",
        ]
    );
}

#[test]
fn the_report_has_twelve_actions() {
    let actions: Vec<String> = items(&example()["actions"])
        .map(|entry| {
            let [when, action, item, note] = ["when", "action", "for", "note"].map(|key| text(&entry[key]));
            format!("{when} | `{action}` | {item} | {note}")
        })
        .collect();
    assert_eq!(
        actions,
        [
            "2026-02-10 | `Deploy Azure ML Workspace` | ml/azure/workspace | Critical path blocker",
            "2026-02-10 | `Start vendor API integration` | implementation/vendor-apis/salesforce | \
             Salesforce first",
            "2026-02-10 | `Expand test infrastructure` | testing/unit | Prepare for coverage expansion",
            "2026-02 | `Complete vendor API integration` | vendor-apis | -",
            "2026-02 | `Set up ML training pipeline` | ml/training/pipeline | -",
            "2026-02 | `Begin test coverage expansion` | testing/unit | -",
            "2026-03 | `Train and deploy ML models` | models-live | -",
            "2026-03 | `Reach 80% test coverage` | test-coverage | -",
            "2026-03 | `Complete security audit` | security-audit | -",
            "2026-04 | `Performance optimization` | deployment/performance | -",
            "2026-04 | `Production deployment` | production-deployment | -",
            "2026-04 | `Post-deployment monitoring` | deployment/monitoring | -",
        ]
    );
}

#[test]
fn the_report_has_five_notes() {
    let notes = texts(&example()["notes"]);
    assert_eq!(notes.len(), 5);
    let figures = ["the most complete area (80%)", "(30% remaining)", "(65% remaining)", "(70% remaining)"];
    for (note, figure) in notes.iter().zip(figures) {
        assert!(note.contains(figure), "{note}");
    }
    assert_eq!(
        notes[4],
        "The critical path is: Azure ML Workspace → ML Training → Model Deployment → Production Deployment"
    );
}

fn example() -> Value {
    serde_yaml::from_str(EXAMPLE).expect("the example is YAML")
}

/// The entries of a mapping in file order; empty if it is absent.
fn entries(mapping: &Value) -> impl Iterator<Item = (&str, &Value)> {
    mapping.as_mapping().into_iter().flatten().map(|(key, value)| (key.as_str().unwrap_or("?"), value))
}

/// The items of a list; empty if it is absent.
fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_sequence().into_iter().flatten()
}

fn texts(list: &Value) -> Vec<String> {
    items(list).map(text).collect()
}

/// A value as text: `-` if it is absent, and commas between the items of a list.
fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Sequence(_) => texts(value).join(", "),
        other => format!("{other:?}"),
    }
}

/// One line for each entry of a mapping: its key and these columns.
fn rows(mapping: &Value, columns: &[&str]) -> Vec<String> {
    let row =
        |(id, entry): (&str, &Value)| columns.iter().fold(id.to_owned(), |row, key| row + " | " + &text(&entry[*key]));
    entries(mapping).map(row).collect()
}

/// Every workstream with its path.
fn workstreams(example: &Value) -> Vec<(String, &Value)> {
    entries(&example["areas"])
        .flat_map(|(area, section)| {
            entries(&section["workstreams"]).map(move |(id, stream)| (format!("{area}/{id}"), stream))
        })
        .collect()
}

/// The title of a task of any status.
fn title(task: &Value) -> String {
    let keys = ["todo", "partial", "done"];
    keys.into_iter().map(|status| &task[status]).find(|title| !title.is_null()).map(text).unwrap_or_default()
}

/// The number of tasks with this status in the workstreams of an area.
fn count_tasks(area: &Value, status: &str) -> usize {
    entries(&area["workstreams"])
        .flat_map(|(_, stream)| items(&stream["tasks"]))
        .filter(|task| !task[status].is_null())
        .count()
}
