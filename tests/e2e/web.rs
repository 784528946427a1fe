//! `--web.config.file`: TLS, authentication and headers, tested with curl and a real Prometheus, and
//! compared with `promtool check web-config`.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use readiness_exporter::http::web::config;
use readiness_exporter::http::web::section::FileStamps;

use crate::processes::Running;
use crate::servers::{Prometheus, wait_until};
use crate::tools;

/// A directory with the certificates of a CA, a server and a client.
struct World(tempfile::TempDir);

impl World {
    fn new() -> Self {
        let world = Self(tempfile::tempdir().unwrap());
        world.certificates("");
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// Writes `ca.pem`, `server.pem`, `server.key`, `client.pem` and `client.key`, with a prefix.
    fn certificates(&self, prefix: &str) {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, format!("{prefix}CA"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        self.write(&format!("{prefix}ca.pem"), &ca.pem());
        for name in ["server", "client"] {
            let key = KeyPair::generate().unwrap();
            let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
            let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &ca).unwrap();
            self.write(&format!("{prefix}{name}.pem"), &certificate.pem());
            self.write(&format!("{prefix}{name}.key"), &key.serialize_pem());
        }
    }

    /// Runs curl. Returns the status, or `0` without a response, and the output.
    fn curl(&self, arguments: &[&str]) -> (u16, String) {
        let mut command = Command::new("curl");
        command.current_dir(self.0.path()).args(["-sS", "-i", "-m", "60", "-w", "\n%{http_code}"]).args(arguments);
        let output = command.output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        let (text, status) = stdout.rsplit_once('\n').unwrap();
        (status.parse().unwrap(), text.to_owned() + &String::from_utf8_lossy(&output.stderr))
    }
}

/// The daemon with the configuration `web`, and its addresses for metrics and for probes.
fn serving(web: &Path) -> (Running, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_readiness-exporter"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["serve", "examples/minimal.readiness.yaml"]);
    command.args(["--web.listen-address=127.0.0.1:0", "--probe.listen-address=127.0.0.1:0", "--watch.interval=100ms"]);
    let daemon = Running::start(command.arg("--web.config.file").arg(web));
    let address =
        || daemon.says("msg=listening").split("address=").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    let (metrics, probe) = (address(), address());
    daemon.says("msg=\"files reloaded\"");
    (daemon, metrics, probe)
}

/// A bcrypt hash of the lowest cost.
fn hash(password: &str, salt: u8) -> String {
    bcrypt::hash_with_salt(password, 4, [salt; 16]).unwrap().to_string()
}

#[test]
fn all_paths_require_a_password_except_on_the_probe_address() {
    let world = World::new();
    let users = format!("basic_auth_users:\n  kim: {}\n  robin: {}\n", hash("secret", 1), hash("other", 2));
    let headers =
        "http_server_config:\n  headers:\n    X-Frame-Options: deny\n    Strict-Transport-Security: max-age=9\n";
    let (_daemon, address, probe) = serving(&world.write("web.yml", &(users + headers)));
    let url = format!("http://{address}/metrics");
    for path in ["/metrics", "/", "/-/ready", "/-/healthy", "/nothing"] {
        let (status, output) = world.curl(&[&format!("http://{address}{path}")]);
        assert!(status == 401 && output.contains("www-authenticate: Basic"), "{path}: {output}");
        assert!(
            output.contains("x-frame-options: deny") && output.contains("strict-transport-security: max-age=9"),
            "{output}"
        );
    }
    assert_eq!(world.curl(&["-X", "POST", &format!("http://{address}/-/reload")]).0, 401);
    // The second time, from the cache.
    for _ in 0..2 {
        assert_eq!(world.curl(&["-u", "kim:secret", &url]).0, 200);
        assert_eq!(world.curl(&["-u", "robin:other", &url]).0, 200);
        for wrong in ["kim:other", "kim:", "kim:secret ", "robin:secret", "lee:secret", ":", "KIM:secret"] {
            assert_eq!(world.curl(&["-u", wrong, &url]).0, 401, "{wrong}");
        }
    }
    for wrong in ["Basic", "Basic !", "Bearer c2VjcmV0", "Basic a2lt", "Basic /////w=="] {
        assert_eq!(world.curl(&["-H", &format!("Authorization: {wrong}"), &url]).0, 401, "{wrong}");
    }
    assert_eq!(world.curl(&[&format!("http://{probe}/-/ready")]).0, 200);
    assert_eq!(world.curl(&[&format!("http://{probe}/metrics")]).0, 404);
}

#[test]
fn tls_is_served_and_client_certificates_are_verified() {
    let world = World::new();
    world.certificates("strange-");
    let tls = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n";
    let clients = "  client_ca_file: ca.pem\n  client_auth_type: RequireAndVerifyClientCert\n";
    let given = "  client_ca_file: ca.pem\n  client_auth_type: VerifyClientCertIfGiven\n  max_version: TLS12\n";
    let own: &[&str] = &["--cert", "client.pem", "--key", "client.key"];
    let strange: &[&str] = &["--cert", "strange-client.pem", "--key", "strange-client.key"];
    let ca: &[&str] = &["--cacert", "ca.pem"];
    for (more, answers) in [("", [200, 200, 200]), (clients, [0, 200, 0]), (given, [200, 200, 0])] {
        let (_daemon, address, probe) = serving(&world.write("web.yml", &format!("{tls}{more}")));
        let url = format!("https://{address}/metrics");
        for (client, expected) in [&[], own, strange].into_iter().zip(answers) {
            let (status, output) = world.curl(&[ca, client, &[&url]].concat());
            assert_eq!(status, expected, "{more}{client:?}: {output}");
        }
        assert_eq!(world.curl(&[&["--cacert", "strange-ca.pem"], own, &[&url]].concat()).0, 0, "signed by another CA");
        let new = world.curl(&[ca, own, &["--tlsv1.3", &url]].concat()).0;
        assert_eq!(new, if more == given { 0 } else { 200 });
        assert_eq!(world.curl(&[&format!("http://{address}/metrics")]).0, 0, "without TLS");
        assert_eq!(world.curl(&[&format!("http://{probe}/-/ready")]).0, 200);
    }
}

#[test]
fn edits_are_reloaded_and_invalid_ones_are_logged() {
    let world = World::new();
    let tls = "tls_server_config: {cert_file: server.pem, key_file: server.key}\n";
    let users = |password| format!("{tls}basic_auth_users: {{kim: {}}}\n", hash(password, 3));
    let web = world.write("web.yml", &users("first"));
    let (daemon, address, _) = serving(&web);
    let url = format!("https://{address}/metrics");
    let ask = |password: &str| world.curl(&["--cacert", "ca.pem", "-u", &format!("kim:{password}"), &url]);
    let successful = |password| ask(password).1.contains("\nreadiness_exporter_config_last_reload_successful 1\n");
    assert!(successful("first"));

    world.write("web.yml", &users("second"));
    assert_eq!((ask("first").0, ask("second").0), (401, 200), "the old password is no longer valid");
    for (bad, words) in [
        ("basic_auth_users: {kim: secret}\n", "web.yml:1:25: invalid password hash"),
        ("tls_server_config:\n  cert_file: gone.pem\n  key_file: server.key\n", "web.yml:2:14: "),
        ("basic_auth_user: {}\n", "web.yml:1:1: unknown key `basic_auth_user`: did you mean `basic_auth_users`?"),
        ("{", "web.yml:1:"),
        ("", "TLS cannot be enabled or disabled"),
    ] {
        world.write("web.yml", bad);
        assert!(daemon.says("web configuration reload failed").contains(words), "{words}");
        assert!(ask("second").0 == 200 && !successful("second"), "{bad}");
    }
    world.write("web.yml", &users("third"));
    daemon.says("web configuration reloaded");
    assert!(successful("third"));

    // A new certificate, whose two files are replaced one after the other.
    world.certificates("new-");
    fs::rename(world.path("new-server.pem"), world.path("server.pem")).unwrap();
    daemon.says("web configuration reload failed");
    assert!(!successful("third"));
    fs::rename(world.path("new-server.key"), world.path("server.key")).unwrap();
    daemon.says("web configuration reloaded");
    assert_eq!(ask("third").0, 0, "curl does not trust the new CA");
    fs::rename(world.path("new-ca.pem"), world.path("ca.pem")).unwrap();
    assert!(successful("third"));
}

#[test]
fn prometheus_scrapes_with_tls_and_a_password() {
    let world = World::new();
    let tls = "tls_server_config: {cert_file: server.pem, key_file: server.key}\n";
    let (_daemon, address, _) =
        serving(&world.write("web.yml", &format!("{tls}basic_auth_users: {{kim: {}}}\n", hash("secret", 4))));
    let job = |name: &str, password: &str| {
        format!(
            "- {{job_name: {name}, scheme: https, tls_config: {{ca_file: {}}}, basic_auth: {{username: kim, password: {password}}}, static_configs: [{{targets: ['{address}']}}]}}\n",
            world.path("ca.pem").display()
        )
    };
    let jobs = job("right", "secret") + &job("wrong", "guess");
    let prometheus =
        Prometheus::with(&format!("global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:\n{jobs}"));
    let up = || prometheus.answer("up", &["job"]);
    wait_until("both targets are scraped", || up().len() == 2);
    wait_until("only the right password is accepted", || up() == ["right 1", "wrong 0"]);
    assert_eq!(prometheus.ask("count by (job) (readiness_project_info)", &["job"]), ["right 1"]);
}

/// Configurations that promtool accepts are accepted, except unsupported settings.
#[test]
fn web_configurations_are_accepted_and_refused_as_by_promtool() {
    let world = World::new();
    let tls = |more: &str| format!("tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n{more}");
    let hash = hash("secret", 5);
    let both = [
        (String::new(), ""),
        ("# nothing\n".into(), ""),
        ("tls_server_config: {}\nhttp_server_config: {}\nbasic_auth_users: {}\n".into(), ""),
        (tls(""), ""),
        (tls("  min_version: TLS12\n  max_version: TLS13\n  prefer_server_cipher_suites: false\n"), ""),
        (
            tls(
                "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256]\n",
            ),
            "",
        ),
        (tls("  cipher_suites: [TLS_AES_128_GCM_SHA256]\n"), ""),
        (tls("  curve_preferences: [CurveP256, X25519]\n"), ""),
        (tls("  client_auth_type: NoClientCert\n"), ""),
        (tls("  client_ca_file: ca.pem\n  client_auth_type: VerifyClientCertIfGiven\n"), ""),
        (tls("  client_ca_file: ca.pem\n  client_auth_type: RequireAndVerifyClientCert\n"), ""),
        ("http_server_config: {http2: false}\n".into(), ""),
        ("http_server_config: {headers: {X-Frame-Options: sameorigin, X-XSS-Protection: '0'}}\n".into(), ""),
        (format!("basic_auth_users:\n  kim: {hash}\n  robin: {}\n", hash.replace("$2b$", "$2y$")), ""),
        // Refused by both.
        ("tls_server_config: {cert_file: server.pem}\n".into(), ":1:20: missing `key_file`"),
        ("tls_server_config: {key_file: server.key}\n".into(), "missing `cert_file`"),
        ("tls_server_config: {cert_file: no.pem, key_file: server.key}\n".into(), "no.pem: no such file"),
        (
            "tls_server_config: {cert_file: server.key, key_file: server.key}\n".into(),
            "no certificate found: expected PEM",
        ),
        (
            "tls_server_config: {cert_file: server.pem, key_file: client.key}\n".into(),
            "the private key does not match the certificate",
        ),
        ("tls_server_config: {cert_file: server.pem, key_file: server.pem}\n".into(), "no private key found"),
        (tls("  client_ca_file: ca.pem\n"), "`client_ca_file` requires `client_auth_type`"),
        (tls("  client_ca_file: no.pem\n  client_auth_type: RequireAndVerifyClientCert\n"), "no such file"),
        (tls("  client_auth_type: Perhaps\n"), "invalid client_auth_type `Perhaps`: expected `NoClientCert`"),
        (tls("  min_version: TLS14\n"), "invalid TLS version `TLS14`: expected `TLS12` or `TLS13`"),
        (
            tls("  cipher_suites: [TLS_NONE]\n"),
            ":4:19: unsupported cipher suite `TLS_NONE`: expected one of `TLS_AES_256",
        ),
        (tls("  curve_preferences: [P1]\n"), "unsupported curve `P1`: expected `X25519`"),
        (tls("  cert_fiel: x\n"), ":4:3: unknown key `cert_fiel`: did you mean `cert_file`?"),
        (
            tls("  prefer_server_cipher_suites: perhaps\n"),
            "invalid value `perhaps` of `prefer_server_cipher_suites`: expected `true` or `false`",
        ),
        (
            "http_server_config: {headers: {X-Frame-Options: allow}}\n".into(),
            "invalid value `allow` of `X-Frame-Options`: expected `deny` or `sameorigin`",
        ),
        ("http_server_config: {headers: {Server: mine}}\n".into(), "unknown key `Server`"),
        ("basic_auth_users: {kim: secret}\n".into(), "invalid password hash: expected a bcrypt hash"),
        ("basic_auth_users: {kim: ''}\n".into(), "invalid password hash"),
        ("basic_auth_users: [kim]\n".into(), ":1:19: expected a mapping, found a list"),
        (format!("basic_auth_users:\n  kim: {hash}\n  kim: {hash}\n"), ":3:3: duplicate key `kim`"),
        ("tls: {}\n".into(), "unknown key `tls`"),
        ("- a\n".into(), "expected a mapping, found a list"),
        ("{\n".into(), "web.yml:"),
    ];
    // Accepted by promtool, refused here.
    let unsupported = [
        ("http_server_config: {http2: true}\n".into(), "HTTP/2 is not supported"),
        ("rate_limit: {interval: 1s, burst: 2}\n".into(), "`rate_limit` is not supported"),
        (tls("  min_version: TLS10\n"), "`TLS10` is not supported, since it is insecure"),
        (tls("  min_version: TLS13\n  max_version: TLS12\n"), "`max_version` is lower than `min_version`"),
        (
            tls("  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA]\n"),
            "unsupported cipher suite `TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA`",
        ),
        (tls("  curve_preferences: [CurveP521]\n"), "unsupported curve `CurveP521`"),
        (tls("  client_auth_type: RequestClientCert\n"), "is not supported, since it does not verify the certificate"),
        (
            tls("  client_auth_type: RequireAnyClientCert\n"),
            "is not supported, since it does not verify the certificate",
        ),
        (tls("  client_auth_type: RequireAndVerifyClientCert\n"), "requires `client_ca_file`"),
        (
            tls(
                "  client_ca_file: ca.pem\n  client_auth_type: RequireAndVerifyClientCert\n  client_allowed_sans: [a]\n",
            ),
            "`client_allowed_sans` is not supported",
        ),
    ];
    let cases = both.iter().map(|case| (case, false)).chain(unsupported.iter().map(|case| (case, true)));
    let mut failures = Vec::new();
    for ((text, words), is_unsupported) in cases {
        let path = world.write("web.yml", text);
        let error = config::load(&path, &mut FileStamps::default()).err().unwrap_or_default();
        if words.is_empty() != error.is_empty() || !error.contains(words) {
            failures.push(format!("{text}error: {error}\n"));
        }
        let output = Command::new(tools::path("promtool")).args(["check", "web-config"]).arg(&path).output().unwrap();
        let message = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        if output.status.success() != (words.is_empty() || is_unsupported) {
            failures.push(format!("{text}promtool: {message}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn an_invalid_configuration_is_an_error_at_startup() {
    let world = World::new();
    let web = world.write("web.yml", "basic_auth_users:\n  kim: secret\n");
    let mut command = Command::new(env!("CARGO_BIN_EXE_readiness-exporter"));
    command.args(["serve", "examples", "--web.listen-address=127.0.0.1:0", "--web.config.file"]).arg(&web);
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(error.starts_with(&format!("error: {}:2:8: invalid password hash", web.display())), "{error}");
}

/// Passes a socket as file descriptor 3, as systemd does.
#[test]
fn sockets_of_systemd_are_served() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let script = "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=$1 exec \"$0\" serve examples --web.systemd-socket";
    let command = |sockets: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", script, env!("CARGO_BIN_EXE_readiness-exporter"), sockets]);
        command.current_dir(env!("CARGO_MANIFEST_DIR"));
        command
    };
    let daemon = Running::start(command("1").stdin(Stdio::from(std::os::fd::OwnedFd::from(socket))));
    assert!(daemon.says("msg=listening").contains(&address.to_string()));
    daemon.says("msg=\"files reloaded\"");
    assert_eq!(World::new().curl(&[&format!("http://{address}/-/ready")]).0, 200);
    let output = command("0").stdin(Stdio::null()).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && error.contains("no socket from systemd"), "{error}");
}
