//! Notifications to systemd (`sd_notify(3)`), received on a real socket.

use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;
use std::thread;
use std::time::Duration;

use crate::harness::{Client, Daemon, NEVER, World, project};

/// The next notification, such as `READY=1\n`.
#[track_caller]
fn receive(socket: &UnixDatagram) -> String {
    let mut buffer = [0; 1024];
    let length = socket.recv(&mut buffer).expect("a notification within the timeout");
    String::from_utf8(buffer[..length].to_vec()).unwrap()
}

/// A socket as systemd has it in `/run/systemd/notify`, and the variable that names it.
fn notify_socket(world: &World) -> (UnixDatagram, String) {
    let path = world.path("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    (socket, path.display().to_string())
}

#[test]
fn ready_is_sent_once_files_are_served() {
    let world = World::new();
    for number in 0..500 {
        world.write(&format!("plans/{number}.yaml"), &project(&format!("p{number}"), 1));
    }
    let (socket, path) = notify_socket(&world);
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let flags = [NEVER, &format!("--web.listen-address={address}")];
    thread::scope(|scope| {
        let status_at_ready = scope.spawn(|| {
            let notification = receive(&socket);
            (notification, Client::connect(address).ask("GET", "/-/ready", "").status)
        });
        let daemon = Daemon::with_environment(("NOTIFY_SOCKET", &path), &[world.path("plans")], &flags);
        assert_eq!(status_at_ready.join().unwrap(), ("READY=1\n".to_owned(), 200));
        drop(daemon);
    });
}

#[test]
fn sighup_sends_reloading_then_ready_and_sigterm_sends_stopping() {
    let world = World::new();
    world.write("plans/a.yaml", &project("a", 1));
    let (socket, path) = notify_socket(&world);
    let daemon = Daemon::with_environment(("NOTIFY_SOCKET", &path), &[world.path("plans")], &[NEVER]);
    assert_eq!(receive(&socket), "READY=1\n");

    // Reloads that systemd did not request are not reported to it.
    assert_eq!(daemon.reload("POST").status, 200);

    let mut previous = 0;
    for (percent, expected) in [(2, 2.0), (3, 3.0)] {
        world.write("plans/a.yaml", &project("a", percent));
        daemon.signal("HUP");
        let reloading = receive(&socket);
        let time = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").and_then(|rest| rest.strip_suffix('\n'));
        let time: u64 = time.unwrap_or_else(|| panic!("{reloading}")).parse().unwrap();
        assert!(previous < time, "{previous} {time}");
        previous = time;
        assert_eq!(receive(&socket), "READY=1\n");
        assert_eq!(daemon.metrics().percent("a"), Some(expected), "the change is served at READY=1");
    }

    assert_eq!(daemon.stop().0.code(), Some(0));
    assert_eq!(receive(&socket), "STOPPING=1\n");
}

#[test]
fn a_missing_notify_socket_is_a_warning() {
    let world = World::new();
    world.write("plans/a.yaml", &project("a", 1));
    let socket = world.path("none").display().to_string();
    let daemon = Daemon::with_environment(("NOTIFY_SOCKET", &socket), &[world.path("plans")], &[NEVER]);
    daemon.poll("the warning is logged", || daemon.log().contains(r#"level=WARN msg="cannot notify systemd""#));
    assert_eq!(daemon.metrics().percent("a"), Some(1.0));
}
