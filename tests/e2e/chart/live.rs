//! Runs the exporter with the arguments from the chart, in a directory laid out like a pod's file system.
//!
//! The tests update `ConfigMap`s like the kubelet, labelled `ConfigMap`s like k8s-sidecar, and the
//! repository like git-sync. tests/cluster tests the same with a real kubelet.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::chart::charts::{Values, containers, render};
use crate::processes::Running;
use crate::servers::wait_until;

const VALUES: &str = "
sources:
  files: {values.yaml: 'project: values'}
  configMaps: [plan]
  sidecar: {enabled: true}
  gitSync: {enabled: true, repo: 'https://git.example.org/plans.git', paths: [plans]}
watch: {interval: 1h}
";

/// A readiness file of `project` with `tasks` tasks.
fn plan(project: &str, tasks: usize) -> String {
    let tasks: Vec<String> = (0..tasks).map(|task| format!("{{todo: Task {task}}}")).collect();
    format!("project: {project}\nareas: {{a: {{workstreams: {{w: {{tasks: [{}]}}}}}}}}\n", tasks.join(", "))
}

/// Points `link` to `target`, atomically.
fn replace_link(link: &Path, target: &str) {
    let new = link.with_file_name("new-link");
    symlink(target, &new).unwrap();
    std::fs::rename(new, link).unwrap();
}

/// Writes version `version` of a `ConfigMap` with one key to `mount`, like the kubelet.
fn update_config_map(mount: &Path, key: &str, version: usize, text: &str) {
    let data = mount.join(format!("..{version}"));
    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(data.join(key), text).unwrap();
    replace_link(&mount.join("..data"), &format!("..{version}"));
    if version == 1 {
        symlink(format!("..data/{key}"), mount.join(key)).unwrap();
    } else {
        std::fs::remove_dir_all(mount.join(format!("..{}", version - 1))).unwrap();
    }
}

/// Writes a file in place, like k8s-sidecar (Python's `open(path, "w")`), so readers may briefly see an empty file.
fn write_in_place(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = std::fs::File::create(path).unwrap();
    for byte in text.as_bytes() {
        file.write_all(&[*byte]).unwrap();
    }
}

/// A Git repository, and the root directory of git-sync.
struct Repository<'a> {
    origin: &'a Path,
    root: &'a Path,
}

impl Repository<'_> {
    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=test", "-c", "user.email=test@example.org", "-C"])
            .arg(self.origin)
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Commits a plan, and checks it out like git-sync.
    fn publish(&self, text: &str) {
        std::fs::create_dir_all(self.origin.join("plans")).unwrap();
        std::fs::write(self.origin.join("plans/git.yaml"), text).unwrap();
        self.git(&["init", "--quiet"]);
        self.git(&["add", "."]);
        self.git(&["commit", "--quiet", "--message=plan"]);
        let commit = self.git(&["rev-parse", "HEAD"]);
        let worktree = self.root.join(".worktrees").join(&commit);
        self.git(&["worktree", "add", "--quiet", "--detach", worktree.to_str().unwrap()]);
        replace_link(&self.root.join("current"), &format!(".worktrees/{commit}"));
    }
}

fn scrape(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET /metrics HTTP/1.0\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

#[test]
fn changes_in_all_four_sources_are_reloaded() {
    let folder = tempfile::tempdir().unwrap();
    let readiness = folder.path().join("readiness");
    let repository = Repository { origin: &folder.path().join("origin"), root: &readiness.join("git") };
    let write = |tasks: usize| {
        update_config_map(&readiness.join("files"), "values.yaml", tasks, &plan("values", tasks));
        update_config_map(&readiness.join("configmaps/plan"), "plan.yaml", tasks, &plan("configmap", tasks));
        let file = readiness.join("sidecar/namespace_monitoring.configmap_shop.shop.yaml");
        write_in_place(&file, &plan("sidecar", tasks));
        repository.publish(&plan("git", tasks));
    };
    write(1);

    let path = folder.path().join("values.yaml");
    std::fs::write(&path, VALUES).unwrap();
    let objects = render(&Values { path, flags: Vec::new() });
    let container = containers(&objects)[0];
    let arguments = container["args"].as_sequence().unwrap().iter().map(|it| it.as_str().unwrap());
    let directory = format!("{}/", readiness.display());
    let arguments = arguments.map(|it| match it.split_once("-address=") {
        Some((flag, _)) => format!("{flag}-address=127.0.0.1:0"),
        None => it.replace("/readiness/", &directory),
    });
    let exporter = Running::start(Command::new(env!("CARGO_BIN_EXE_readiness-exporter")).args(arguments));
    let listening = [exporter.says("msg=listening"), exporter.says("msg=listening")];
    let address = |line: &String| line.split("address=").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    let addresses = listening.iter().map(address);
    exporter.says("msg=\"files reloaded\"");
    let address = addresses.into_iter().find(|it| scrape(it).contains("readiness_project_info")).unwrap();

    for tasks in 1..=3 {
        if tasks > 1 {
            write(tasks);
        }
        for project in ["values", "configmap", "sidecar", "git"] {
            let line = format!(
                "readiness_tasks{{project=\"{project}\",area=\"a\",workstream=\"w\",status=\"todo\"}} {tasks}\n"
            );
            wait_until(&line, || scrape(&address).contains(&line));
        }
    }
    assert!(scrape(&address).lines().filter(|it| it.starts_with("readiness_file_up{")).all(|it| it.ends_with(" 1")));
}
