//! Mutation tests: a test must fail for every rule with one changed word.
//!
//! `make mutants` takes minutes, because promtool runs the tests for every mutant. `MUTATED=Slipping make mutants`
//! only mutates rules whose names contain `Slipping`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_yaml::Value;

use crate::rules::files::{Rule, matching, paths, root, rules};
use crate::tools;

/// A rule with one changed word in its expression or in `for`.
struct Mutant {
    rule: String,
    /// The word, its number among equal words of the rule, and its replacement: `max 2 -> min`.
    change: String,
    /// File and line.
    place: String,
    file: String,
    /// Content of the file with the change.
    text: String,
}

/// Mutants that are equivalent to the original rule, so no test can detect them.
#[derive(Debug)]
struct Equivalent {
    rule: &'static str,
    changes: &'static [&'static str],
    #[expect(dead_code, reason = "documentation")]
    reason: &'static str,
}

impl Equivalent {
    fn is(&self, mutant: &Mutant) -> bool {
        self.rule == mutant.rule && self.changes.contains(&mutant.change.as_str())
    }
}

const EQUIVALENT: [Equivalent; 3] = [
    Equivalent {
        rule: "workstream:readiness_dependency_info:waiting",
        changes: &["0 1 -> 1", "0 2 -> 1"],
        reason: "only labels are used, not values",
    },
    Equivalent {
        rule: "item:readiness_completion_ratio:open",
        changes: &["max 1 -> min"],
        reason: "each item is one workstream, area or milestone, so it has one series",
    },
    Equivalent {
        rule: "file:readiness_file_up:invalid",
        changes: &["[15m 5 -> [450s"],
        reason: "the first half of the rule covers files that were invalid within 15 minutes",
    },
];

/// Replacements of `word`; each makes a mutant.
fn replacements(word: &str) -> Vec<String> {
    let other: &[&str] = match word {
        ">" => &["<="],
        "<" => &[">="],
        ">=" => &["<"],
        "==" => &["!="],
        "unless" => &["and"],
        "and" => &["unless", "or"],
        "or" => &["unless"],
        "+" => &["-"],
        "-" => &["+"],
        "min_over_time" => &["max_over_time"],
        "max_over_time" => &["min_over_time"],
        "max" => &["min"],
        _ => return number(word).or_else(|| duration(word)).unwrap_or_default(),
    };
    other.iter().map(|it| (*it).to_owned()).collect()
}

/// 10 % more and 10 % less; 1 for 0.
fn number(word: &str) -> Option<Vec<String>> {
    let number: f64 = word.parse().ok()?;
    let near = |factor: f64| (number * factor).to_string();
    Some(if number == 0.0 { vec!["1".to_owned()] } else { vec![near(1.1), near(0.9)] })
}

/// Half of a duration: `[15m`, `1h`.
fn duration(word: &str) -> Option<Vec<String>> {
    let bare = word.strip_prefix('[').unwrap_or(word);
    let (amount, unit) = bare.split_at_checked(bare.len().checked_sub(1)?)?;
    let amount: u32 = amount.parse().ok().filter(|_| "mhd".contains(unit))?;
    let seconds = amount
        * match unit {
            "m" => 60,
            "h" => 3600,
            _ => 86_400,
        };
    let bracket = if bare.len() < word.len() { "[" } else { "" };
    Some(vec![format!("{bracket}{}s", seconds / 2)])
}

/// Offsets of the words of `text` that can be mutated: unquoted and not part of a name.
fn words(text: &str) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    let mut quoted = false;
    let mut start = 0;
    for (at, letter) in text.char_indices().chain([(text.len(), ' ')]) {
        if letter.is_whitespace() || "(){},\"]".contains(letter) {
            if !quoted && start < at {
                words.push((start, &text[start..at]));
            }
            start = at + letter.len_utf8();
            quoted ^= letter == '"';
        } else if letter == '[' {
            start = at;
        }
    }
    words
}

/// All mutants of the rules in `file`.
fn mutants(file: &Path) -> Vec<Mutant> {
    let text = std::fs::read_to_string(file).unwrap();
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    let mut mutants = Vec::new();
    for Rule { name: rule, expr, yaml, .. } in rules() {
        // Start of the rule, which contains its expression and `for`.
        let Some(head) = ["alert", "record"].iter().find_map(|key| text.find(&format!("- {key}: {rule}\n"))) else {
            continue;
        };
        let (before, block) = text.split_at(head);
        let end = block[1..].find("\n      - ").map_or(block.len(), |end| end + 1);
        let (block, after) = block.split_at(end);
        let mut add = |change: String, line: usize, block: String| {
            let text = format!("{before}{block}{after}");
            let place = format!("{name}:{line}");
            mutants.push(Mutant { rule: rule.clone(), change, place, file: name.clone(), text });
        };
        let body = block.find("expr:").unwrap() + "expr:".len();
        // An expression ends before the first line with less indentation.
        let further_left = |line: &&str| !line.trim().is_empty() && line.len() - line.trim_start().len() < 10;
        let below = body + block[body..].find('\n').map_or(0, |end| end + 1);
        let lines = block[below..].split_inclusive('\n').take_while(|line| !further_left(line));
        let stop = below + lines.map(str::len).sum::<usize>();
        assert!(!expr.is_empty());
        let line = |place: usize| 1 + before.matches('\n').count() + block[..place].matches('\n').count();
        let words = words(&block[body..stop]);
        for (number, (at, word)) in words.iter().enumerate() {
            let which = 1 + words[..number].iter().filter(|(_, it)| it == word).count();
            for other in replacements(word) {
                let place = body + at;
                let changed = format!("{}{other}{}", &block[..place], &block[place + word.len()..]);
                add(format!("{word} {which} -> {other}"), line(place), changed);
            }
        }
        if let Some(pending) = yaml["for"].as_str() {
            let old = format!("        for: {pending}");
            let half = duration(pending).unwrap().remove(0);
            add(
                format!("for {pending} -> {half}"),
                line(block.find(&old).unwrap()),
                block.replace(&old, &format!("        for: {half}")),
            );
        }
    }
    mutants
}

/// A test file, with only the rules that it needs: fewer rules run faster.
struct Suite {
    file: PathBuf,
    /// Names of the tests.
    tests: Vec<String>,
    /// Names of the rules.
    needs: BTreeSet<String>,
    /// Mean duration of a test.
    cost: Duration,
}

impl Suite {
    /// All test files, each with the rules that its alert depends on, or with all rules if its tests require more.
    #[expect(clippy::disallowed_methods, reason = "sorts tests by duration")]
    fn all(promtool: &Path, rules: &[Rule]) -> Vec<Self> {
        let everything: BTreeSet<String> = rules.iter().map(|rule| rule.name.clone()).collect();
        let files = matching(&root().join("tests/rules"), ".test.yaml");
        let suites = map_parallel(&files, |file| {
            let alert = file.file_name().unwrap().to_str().unwrap().trim_end_matches(".test.yaml");
            let suite = Self {
                file: file.clone(),
                tests: names_of_tests(file),
                needs: needs(alert, rules),
                cost: Duration::ZERO,
            };
            let suite = if suite.passes(promtool) { suite } else { Self { needs: everything.clone(), ..suite } };
            let start = Instant::now();
            assert!(suite.passes(promtool), "tests of {alert} fail without a mutant");
            Self { cost: start.elapsed() / u32::try_from(suite.tests.len()).unwrap(), ..suite }
        });
        suites.into_iter().collect()
    }

    /// Whether all tests pass with only the rules in `needs`.
    fn passes(&self, promtool: &Path) -> bool {
        Workspace::create(self, None).passes(promtool, ".*")
    }

    /// The rule file `text` with only the rules in `needs`.
    fn filter(&self, text: &str) -> String {
        let mut file: Value = serde_yaml::from_str(text).unwrap();
        for group in file["groups"].as_sequence_mut().unwrap() {
            let is_needed = |rule: &Value| {
                let name = rule.get("alert").or_else(|| rule.get("record")).unwrap();
                self.needs.contains(name.as_str().unwrap())
            };
            group["rules"].as_sequence_mut().unwrap().retain(is_needed);
        }
        serde_yaml::to_string(&file).unwrap()
    }
}

fn names_of_tests(file: &Path) -> Vec<String> {
    let tests: Value = serde_yaml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let tests = tests["tests"].as_sequence().unwrap();
    tests.iter().map(|test| test["name"].as_str().unwrap().to_owned()).collect()
}

/// A directory with the rules, at most one of them mutated, and a test file.
struct Workspace {
    folder: tempfile::TempDir,
    tests: PathBuf,
}

impl Workspace {
    /// Writes the rules that `suite` needs, with the file of `mutant` instead of the original.
    fn create(suite: &Suite, mutant: Option<&Mutant>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (rules, tests) = (folder.path().join("rules"), folder.path().join("tests/rules"));
        std::fs::create_dir_all(&rules).unwrap();
        std::fs::create_dir_all(&tests).unwrap();
        for path in paths() {
            let name = path.file_name().unwrap().to_str().unwrap();
            let mutated = mutant.filter(|mutant| mutant.file == name).map(|mutant| mutant.text.clone());
            let text = mutated.unwrap_or_else(|| std::fs::read_to_string(&path).unwrap());
            std::fs::write(rules.join(name), suite.filter(&text)).unwrap();
        }
        let tests = tests.join(suite.file.file_name().unwrap());
        std::fs::copy(&suite.file, &tests).unwrap();
        Self { folder, tests }
    }

    /// Whether the tests with names that match the regular expression `names` pass.
    fn passes(&self, promtool: &Path, names: &str) -> bool {
        let mut command = Command::new(promtool);
        command.args(["test", "rules", "--run", names]).arg(&self.tests).current_dir(&self.folder);
        // One process per core.
        command.env("GOMAXPROCS", "1").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().unwrap().success()
    }
}

/// Calls `work` for all `items`, with one thread per core. The order of the results is not defined.
fn map_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().unwrap().get() {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = work(item);
                    results.lock().unwrap().push(result);
                }
            });
        }
    });
    results.into_inner().unwrap()
}

/// Tests that killed mutants of a rule, the most recent first. They run first for the next mutant of the rule.
type Killers = Mutex<BTreeMap<String, Vec<(usize, usize)>>>;

/// Whether a test fails with `mutant`. Tests that killed other mutants of the rule run first, then fast tests.
fn is_killed(mutant: &Mutant, promtool: &Path, suites: &[Suite], killers: &Killers) -> bool {
    let known = killers.lock().unwrap().get(&mutant.rule).cloned().unwrap_or_default();
    let concerned = (0..suites.len()).filter(|it| suites[*it].needs.contains(&mutant.rule));
    let mut tests: Vec<_> =
        concerned.flat_map(|suite| (0..suites[suite].tests.len()).map(move |test| (suite, test))).collect();
    let rank = |it: &(usize, usize)| known.iter().position(|killer| killer == it).unwrap_or(known.len());
    tests.sort_by_key(|it| (rank(it), suites[it.0].cost));
    let mut workspaces: BTreeMap<usize, Workspace> = BTreeMap::new();
    let killer = tests.into_iter().find(|(suite, test)| {
        let workspace = workspaces.entry(*suite).or_insert_with(|| Workspace::create(&suites[*suite], Some(mutant)));
        // Other characters may be special in a regular expression.
        let name = suites[*suite].tests[*test].replace(|it: char| !it.is_ascii_alphanumeric(), ".");
        !workspace.passes(promtool, &format!("^{name}$"))
    });
    if let Some(killer) = killer {
        let mut killers = killers.lock().unwrap();
        let known = killers.entry(mutant.rule.clone()).or_default();
        known.retain(|it| *it != killer);
        known.insert(0, killer);
    }
    killer.is_some()
}

/// The alert `name` and the rules that it depends on.
fn needs(name: &str, rules: &[Rule]) -> BTreeSet<String> {
    let mut needs = BTreeSet::new();
    let mut next = vec![name.to_owned()];
    while let Some(name) = next.pop() {
        let Some(rule) = rules.iter().find(|rule| rule.name == name) else { continue };
        if needs.insert(name) {
            let text = serde_yaml::to_string(&rule.yaml).unwrap();
            next.extend(rules.iter().map(|it| it.name.clone()).filter(|it| text.contains(it)));
        }
    }
    needs
}

#[test]
#[ignore = "it takes minutes: make mutants"]
#[expect(clippy::print_stdout, reason = "output for developers")]
#[expect(clippy::disallowed_methods, reason = "MUTATED is set by the developer who runs it")]
fn every_mutant_is_killed() {
    let rules = rules();
    let promtool = tools::path("promtool");
    let suites = Suite::all(&promtool, &rules);
    let part = std::env::var("MUTATED").unwrap_or_default();
    let mutants: Vec<Mutant> =
        paths().iter().flat_map(|path| mutants(path)).filter(|mutant| mutant.rule.contains(&part)).collect();
    let unknown: Vec<_> =
        EQUIVALENT.iter().filter(|it| it.rule.contains(&part) && !mutants.iter().any(|mutant| it.is(mutant))).collect();
    assert!(unknown.is_empty(), "equivalent mutants that do not exist: {unknown:#?}");
    let (equivalent, mutants): (Vec<_>, Vec<_>) =
        mutants.into_iter().partition(|mutant| EQUIVALENT.iter().any(|it| it.is(mutant)));
    let killers = Killers::default();
    let tried = AtomicUsize::new(0);
    let survivors: Vec<String> = map_parallel(&mutants, |mutant| {
        let survivor = format!("{}: {}, {}", mutant.rule, mutant.change, mutant.place);
        let is_killed = is_killed(mutant, &promtool, &suites, &killers);
        let tried = 1 + tried.fetch_add(1, Ordering::Relaxed);
        if tried.is_multiple_of(20) {
            println!("{tried} of {} mutants tested", mutants.len());
        }
        let survivor = (!is_killed).then_some(survivor)?;
        println!("survived: {survivor}");
        Some(survivor)
    })
    .into_iter()
    .flatten()
    .collect();
    println!(
        "{} of {} mutants killed, {} more are equivalent",
        mutants.len() - survivors.len(),
        mutants.len(),
        equivalent.len()
    );
    assert!(survivors.is_empty(), "surviving mutants:\n{}", survivors.join("\n"));
}
