//! Runs every command of the README, and checks every readiness file it shows.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::processes::Running;
use crate::rules::files::matching;
use crate::tools;

const README: &str = include_str!("../../README.md");

/// The blocks of the README in `language`.
fn blocks(language: &str) -> Vec<String> {
    let opening = format!("```{language}\n");
    README.split(&opening).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// The environment of the README's commands: the exporter is on the path, and `cargo run` starts it
/// on a free port.
struct Sandbox {
    folder: tempfile::TempDir,
    path: String,
}

impl Sandbox {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let exporter = env!("CARGO_BIN_EXE_readiness-exporter");
        let script = |name: &str, text: String| {
            let file = folder.path().join(name);
            std::fs::write(&file, text).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        };
        let free = "--web.listen-address=127.0.0.1:0";
        script(
            "readiness-exporter",
            format!("#!/bin/sh\nif [ \"$1\" = serve ]; then set -- \"$@\" {free}; fi\nexec {exporter} \"$@\"\n"),
        );
        // `cargo run --release --locked -- serve …` is `readiness-exporter serve …`.
        script(
            "cargo",
            "#!/bin/sh\nwhile [ \"$1\" != -- ]; do shift; done\nshift\nexec readiness-exporter \"$@\"\n".into(),
        );
        // Without a cluster, an upgrade is rendered like an installation.
        let helm = tools::path("helm").display().to_string();
        script(
            "helm",
            format!(
                "#!/bin/sh\nshift\nfor it do shift; [ \"$it\" = --reset-then-reuse-values ] || set -- \"$@\" \"$it\"; done\n\
                 exec {helm} install \"$@\" --dry-run=client\n"
            ),
        );
        let path = format!("{}:{}", folder.path().display(), std::env::var_os("PATH").unwrap().to_string_lossy());
        Self { folder, path }
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(root()).env("PATH", &self.path);
        command
    }

    /// Runs `line` to its end and returns what it printed.
    fn run(&self, line: &str) -> String {
        self.run_in(&root(), line)
    }

    /// Runs `line` in the directory `folder`.
    fn run_in(&self, folder: &Path, line: &str) -> String {
        let output = self.command(line).current_dir(folder).output().unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "`{line}`: {stdout}{}", String::from_utf8_lossy(&output.stderr));
        stdout
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

#[test]
fn every_command_of_the_readme_works() {
    let sandbox = Sandbox::new();
    let mut served: Option<(Running, String)> = None;
    let mut seen = Vec::new();
    let blocks: Vec<String> = blocks("sh").iter().map(|block| block.replace("\\\n", "")).collect();
    for line in blocks.iter().flat_map(|block| block.lines()) {
        seen.push(line);
        match line.split(' ').collect::<Vec<_>>().as_slice() {
            // Building these tests has built the same binary.
            ["cargo", "install", "--locked", "--path", "."] => assert!(root().join("Cargo.lock").is_file()),
            ["make", "run"] => {
                let running = Running::start(&mut sandbox.command("exec make run"));
                let stdout = running.says("msg=listening");
                let address = stdout.split("address=").nth(1).unwrap().split(' ').next().unwrap().to_owned();
                running.says("msg=\"files reloaded\"");
                served = Some((running, address));
            }
            ["curl", ..] => {
                let (_, address) = served.as_ref().expect("`make run` comes first");
                let stdout = sandbox.run(&line.replace("localhost:20430", address));
                assert!(stdout.contains("{project=\"webshop\",area=\"backend\",method=\"earned\"} 0.3"), "{stdout}");
            }
            ["readiness-exporter", "init" | "check" | "forecast" | "set", "webshop.readiness.yaml", ..] => {
                let stdout = sandbox.run_in(sandbox.folder.path(), line);
                let expected = match line.split(' ').nth(1).unwrap() {
                    "init" => "created webshop.readiness.yaml\n",
                    "check" => "1 file, no findings\n",
                    "forecast" => "\nLaunch ",
                    _ => "\n+          - done: Orders survive a restart\n",
                };
                assert!(stdout.contains(expected) && !stdout.contains("overdue"), "{stdout}");
            }
            ["readiness-exporter", "serve", "webshop.readiness.yaml"] => {
                let running =
                    Running::start(sandbox.command(&format!("exec {line}")).current_dir(sandbox.folder.path()));
                assert!(running.says("msg=\"files reloaded\"").contains("files=1"));
            }
            // `demo.rs` tests the demo itself.
            ["make", "demo"] => assert!(sandbox.run("make -n demo").contains("demo/run")),
            // This test is part of `make test`. `make -n` executes recursive lines, so tools may be missing.
            ["make", "test"] => assert!(sandbox.run("make -n test MISSING=skip").contains("test --locked")),
            ["readiness-exporter", "serve", ..] => {
                let plans = sandbox.folder.path().join("plans");
                std::fs::create_dir_all(&plans).unwrap();
                std::fs::copy(root().join("examples/minimal.readiness.yaml"), plans.join("one.yaml")).unwrap();
                let running =
                    Running::start(sandbox.command(&format!("exec {line}")).current_dir(sandbox.folder.path()));
                assert!(
                    running.says("msg=\"files reloaded\"").contains("files=2"),
                    "the second path does not exist yet"
                );
            }
            ["readiness-exporter", "schema"] => assert!(sandbox.run(line).contains("\"$schema\"")),
            ["readiness-exporter", "check", "examples"] => {
                assert!(sandbox.run(line).contains("points_mismatch"));
            }
            ["readiness-exporter", "check", ..] => assert_eq!(sandbox.run(line), "1 file, no findings\n"),
            ["readiness-exporter", "forecast", ..] if line.contains("--what-if") => {
                assert!(sandbox.run(line).contains("\nWith ml/azure=+2w:\n"));
            }
            ["readiness-exporter", "forecast", .., "--at", _] => {
                let stdout = sandbox.run(line);
                let tables = self::blocks("text").into_iter().filter(|block| block.starts_with("Milestone"));
                let tables: Vec<String> = tables.collect();
                // The sample omits rows.
                let rows = tables.iter().flat_map(|block| block.trim().lines()).filter(|row| *row != "…");
                for shown in rows {
                    assert!(stdout.lines().any(|line| line == shown), "{shown}\nisn't in\n{stdout}");
                }
            }
            ["readiness-exporter", "explain", ..] => {
                assert!(sandbox.run(line).contains("Root of the slip: `ml/azure`"));
            }
            ["helm", "install", ..] => {
                let stdout = sandbox.run(line);
                assert!(stdout.contains("kind: Deployment") && stdout.contains("shop.yaml: "), "{stdout}");
            }
            ["helm", "upgrade", ..] => assert!(sandbox.run(line).contains("--repo=https://git.example.org/plans.git")),
            other => panic!("no test runs `{}`", other.join(" ")),
        }
    }
    assert!(seen.len() >= 6, "{seen:?}");
}

#[test]
fn the_files_that_the_readme_shows_are_clean() {
    let sandbox = Sandbox::new();
    let shown: Vec<String> = blocks("yaml").into_iter().filter(|block| block.contains("project:")).collect();
    assert!(!shown.is_empty());
    for (index, block) in shown.iter().enumerate() {
        let file = sandbox.folder.path().join(format!("{index}.yaml"));
        std::fs::write(&file, block).unwrap();
        sandbox.run(&format!("readiness-exporter check --fail-on warning {}", file.display()));
    }
}

#[test]
fn links_of_the_documentation_have_a_target() {
    let mut missing = Vec::new();
    for folder in [".", "docs", "docs/runbooks", "helm/readiness-exporter"].map(|folder| root().join(folder)) {
        for page in matching(&folder, ".md") {
            let text = std::fs::read_to_string(&page).unwrap();
            let links = text.split("](").skip(1).map(|rest| rest.split([')', '#']).next().unwrap());
            let missed = links.filter(|link| !link.starts_with("http") && !folder.join(link).exists());
            missing.extend(missed.map(|link| format!("{}: {link}", page.display())));
        }
    }
    assert_eq!(missing, [] as [&str; 0]);
}
