//! `make demo`, with a few days of history in place of weeks.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::servers::{query, wait_until};
use crate::tools;

/// The script, which is told to stop as by Ctrl-C when the test is over, however that ends.
struct Demo(Child);

impl Demo {
    fn stop(&mut self) {
        let told = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().unwrap();
        assert!(told.success());
        self.0.wait().unwrap();
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        if self.0.try_wait().unwrap().is_none() {
            self.stop();
        }
    }
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[test]
fn it_serves_projects_with_their_history_and_leaves_nothing_running() {
    let folder = tempfile::tempdir().unwrap();
    let [exporter, prometheus, alertmanager] = [(); 3].map(|()| free_address());
    let built = Path::new(env!("CARGO_BIN_EXE_readiness-exporter"));
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/run"));
    command.arg(folder.path()).env("DAYS", "7").env("GRAFANA", "no-such-program");
    command.env("EXPORTER", built).env("HISTORY", built.with_file_name("examples").join("history"));
    for name in ["prometheus", "promtool", "replay", "alertmanager"] {
        command.env(name.to_uppercase(), tools::path(name));
    }
    let addresses = [("EXPORTER_AT", &exporter), ("PROMETHEUS_AT", &prometheus), ("ALERTMANAGER_AT", &alertmanager)];
    command.envs(addresses);
    let mut demo = Demo(command.stderr(Stdio::null()).spawn().unwrap());
    let url = format!("http://{prometheus}");
    wait_until("all of it is there", || addresses.iter().all(|(_, address)| TcpStream::connect(address).is_ok()));
    // The third project has no past.
    let live = "readiness_project_info{project=\"payments\"}";
    wait_until("the exporter is scraped", || query(&url, live, &["project"]) == ["payments 1"]);

    // What was told of the past, and what the rules made of that.
    let projects = "group by (project) (readiness_project_info) and count_over_time((group by (project) (readiness_project_info))[2d:1h]) > 40";
    assert_eq!(query(&url, projects, &["project"]), ["castiel 1", "harbor 1"]);
    let recorded =
        "count(count_over_time(project:readiness_project_completion_ratio:last{project=\"castiel\"}[2d]) > 250)";
    assert_eq!(query(&url, recorded, &[]), ["1"]);

    demo.stop();
    assert!(addresses.iter().all(|(_, address)| TcpStream::connect(address).is_err()));
}
