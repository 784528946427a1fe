//! Test of `make demo`, with a week of history.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::servers::{is_ok, query, wait_until};
use crate::tools;

/// The process of the script. It gets SIGTERM when it is dropped.
struct Demo(Child);

impl Demo {
    fn stop(&mut self) {
        let status = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().unwrap();
        assert!(status.success());
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
fn the_demo_serves_projects_with_history_and_stops_all_servers() {
    let folder = tempfile::tempdir().unwrap();
    let [exporter, prometheus, alertmanager] = [(); 3].map(|()| free_address());
    let exporter_binary = Path::new(env!("CARGO_BIN_EXE_readiness-exporter"));
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/run"));
    command.arg(folder.path()).env("DAYS", "7").env("GRAFANA", "no-such-program");
    command.env("EXPORTER", exporter_binary).env("HISTORY", exporter_binary.with_file_name("examples").join("history"));
    for name in ["prometheus", "promtool", "replay", "alertmanager"] {
        command.env(name.to_uppercase(), tools::path(name));
    }
    let addresses = [("EXPORTER_AT", &exporter), ("PROMETHEUS_AT", &prometheus), ("ALERTMANAGER_AT", &alertmanager)];
    command.envs(addresses);
    let mut demo = Demo(command.stderr(Stdio::null()).spawn().unwrap());
    let url = format!("http://{prometheus}");
    wait_until("all servers listen", || addresses.iter().all(|(_, address)| TcpStream::connect(address).is_ok()));
    // Until it has read its data, Prometheus answers queries with 503.
    wait_until("Prometheus is ready", || is_ok(&format!("{url}/-/ready"), &[]));
    // The project `payments` has no history.
    let live = "readiness_project_info{project=\"payments\"}";
    wait_until("the exporter is scraped", || query(&url, live, &["project"]) == ["payments 1"]);

    // The imported history, and the series that the rules recorded from it.
    let projects = "group by (project) (readiness_project_info) and count_over_time((group by (project) (readiness_project_info))[2d:1h]) > 40";
    assert_eq!(query(&url, projects, &["project"]), ["castiel 1", "harbor 1"]);
    let recorded =
        "count(count_over_time(project:readiness_project_completion_ratio:last{project=\"castiel\"}[2d]) > 250)";
    assert_eq!(query(&url, recorded, &[]), ["1"]);

    demo.stop();
    assert!(addresses.iter().all(|(_, address)| TcpStream::connect(address).is_err()));
}
