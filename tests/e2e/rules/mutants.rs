//! Mutants: rules changed in one place, each of which a test has to notice.
//!
//! `make mutants` runs this; it takes minutes, since promtool runs the tests for every mutant.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_yaml::Value;

use crate::rules::files::{Rule, matching, paths, root, rules};
use crate::tools;

/// A change of one word of an expression, or of how long it has to stand.
struct Mutant {
    rule: String,
    change: String,
    /// The rule file with the change.
    file: String,
    text: String,
}

/// What `word` becomes, one at a time.
fn changes(word: &str) -> Vec<String> {
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

/// A tenth more, and a tenth less.
fn number(word: &str) -> Option<Vec<String>> {
    let number: f64 = word.parse().ok()?;
    let factors = if word == "0" { vec![] } else { vec![1.1, 0.9] };
    let near = factors.into_iter().map(|factor| (number * factor).to_string());
    Some(near.chain((word == "0").then(|| "0.1".to_owned())).collect())
}

/// Half as long: `[15m]`, `[1h`.
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

/// The places of the words of `text` that may be changed: what isn't quoted, nor part of a name.
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

/// Every mutant of the rules in `file`.
fn mutants(file: &Path) -> Vec<Mutant> {
    let text = std::fs::read_to_string(file).unwrap();
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    let mut mutants = Vec::new();
    for Rule { name: rule, expr, yaml, .. } in rules() {
        // Where the rule begins, and so where its expression and its `for` are found.
        let Some(head) = ["alert", "record"].iter().find_map(|key| text.find(&format!("- {key}: {rule}\n"))) else {
            continue;
        };
        let (before, block) = text.split_at(head);
        let end = block[1..].find("\n      - ").map_or(block.len(), |end| end + 1);
        let (block, after) = block.split_at(end);
        let mut add = |change: String, block: String| {
            let text = format!("{before}{block}{after}");
            mutants.push(Mutant { rule: rule.clone(), change, file: name.clone(), text });
        };
        let body = block.find("expr:").unwrap() + "expr:".len();
        let stop =
            block.find("\n        for:").unwrap_or(block.len()).min(block.find("\n      #").unwrap_or(block.len()));
        assert!(!expr.is_empty());
        for (at, word) in words(&block[body..stop]) {
            for other in changes(word) {
                let place = body + at;
                let line = 1 + before.matches('\n').count() + block[..place].matches('\n').count();
                let changed = format!("{}{other}{}", &block[..place], &block[place + word.len()..]);
                add(format!("line {line}: {word} -> {other}"), changed);
            }
        }
        if let Some(stands) = yaml["for"].as_str() {
            let old = format!("        for: {stands}");
            let half = duration(stands).unwrap().remove(0);
            add(format!("for: {stands} -> {half}"), block.replace(&old, &format!("        for: {half}")));
        }
    }
    mutants
}

/// A file of tests, and the rules that it needs: fewer rules are evaluated faster.
struct Suite {
    name: String,
    needs: BTreeSet<String>,
}

impl Suite {
    /// Every file of tests with the rules that its alert is made of; with all, where it needs others, too.
    fn all(rules: &[Rule]) -> Vec<Self> {
        let everything: BTreeSet<String> = rules.iter().map(|rule| rule.name.clone()).collect();
        let suite = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let suite = Self { needs: needs(name.trim_end_matches(".test.yaml"), rules), name };
            if suite.passes(None) { suite } else { Self { needs: everything.clone(), ..suite } }
        };
        matching(&root().join("tests/rules"), ".test.yaml").iter().map(suite).collect()
    }

    /// Whether its tests pass, with the mutant in place of its file.
    fn passes(&self, mutant: Option<&Mutant>) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let (rules, tests) = (folder.path().join("rules"), folder.path().join("tests/rules"));
        std::fs::create_dir_all(&rules).unwrap();
        std::fs::create_dir_all(&tests).unwrap();
        for path in paths() {
            let name = path.file_name().unwrap().to_str().unwrap();
            let mutated = mutant.filter(|mutant| mutant.file == name).map(|mutant| mutant.text.clone());
            let text = mutated.unwrap_or_else(|| std::fs::read_to_string(&path).unwrap());
            std::fs::write(rules.join(name), self.only_needed(&text)).unwrap();
        }
        std::fs::copy(root().join("tests/rules").join(&self.name), tests.join(&self.name)).unwrap();
        let mut command = Command::new(tools::path("promtool"));
        command.args(["test", "rules"]).arg(tests.join(&self.name)).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().unwrap().success()
    }

    /// The rule file `text` without the rules that aren't needed.
    fn only_needed(&self, text: &str) -> String {
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

/// The rules that the alert `name` is made of, and itself.
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
#[expect(clippy::print_stdout, reason = "its figure is asked for")]
fn tests_notice_every_mutant() {
    let all = rules();
    let suites = Suite::all(&all);
    let mutants: Vec<Mutant> = paths().iter().flat_map(|path| mutants(path)).collect();
    let (next, survivors) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().unwrap().get() {
            scope.spawn(|| {
                while let Some(mutant) = mutants.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut suites = suites.iter().filter(|suite| suite.needs.contains(&mutant.rule));
                    if suites.all(|suite| suite.passes(Some(mutant))) {
                        survivors.lock().unwrap().push(format!("{}: {}", mutant.rule, mutant.change));
                    }
                }
            });
        }
    });
    let survivors = survivors.into_inner().unwrap();
    println!("{} of {} mutants killed", mutants.len() - survivors.len(), mutants.len());
    assert!(survivors.is_empty(), "no test noticed:\n{}", survivors.join("\n"));
}
