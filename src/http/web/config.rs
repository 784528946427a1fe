//! The web configuration format of Prometheus' exporter-toolkit. Unsupported settings are errors, so
//! that a user never relies on protection that is not active.

use std::path::Path;
use std::sync::Arc;

use hyper::header::{HeaderName, HeaderValue};
use rustls::ServerConfig;

use crate::http::web::section::{ConfigError, FileStamps, Section, entries_of};
use crate::http::web::tls;
use crate::source::{ReadLimits, read};
use crate::span::Position;
use crate::yaml;
use crate::yaml::YamlNode;

/// A parsed configuration.
#[derive(Debug)]
pub struct Config {
    pub(crate) tls: Option<Arc<ServerConfig>>,
    /// Headers added to every response.
    pub(crate) headers: Vec<Header>,
    /// Users of basic authentication. Authentication is off if there are none.
    pub(crate) users: Vec<User>,
}

#[derive(Debug)]
pub(crate) struct User {
    pub(crate) name: Box<str>,
    /// The bcrypt hash of the password.
    pub(crate) hash: Box<str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) name: HeaderName,
    pub(crate) value: HeaderValue,
}

/// Reads the configuration at `path` and the files that it names.
///
/// # Errors
/// The first error, such as `web.yml:3:5: unknown key ...`.
pub fn load(path: &Path, stamps: &mut FileStamps) -> Result<Config, String> {
    *stamps = FileStamps::default();
    stamps.record(path);
    let source =
        read(path, &ReadLimits::default()).map_err(|finding| format!("{}: {}", path.display(), finding.message))?;
    let root = yaml::parse(&source.text)
        .map_err(|finding| ConfigError { span: finding.span.unwrap_or_default(), message: finding.message });
    let directory = path.parent().unwrap_or(Path::new(""));
    root.and_then(|root| parse_config(&root, directory, stamps)).map_err(|error| {
        let Position { line, column } = Position::of(&source.text, error.span.start);
        format!("{}:{line}:{column}: {}", path.display(), error.message)
    })
}

fn parse_config(root: &YamlNode, directory: &Path, stamps: &mut FileStamps) -> Result<Config, ConfigError> {
    let known = ["tls_server_config", "http_server_config", "basic_auth_users", "rate_limit"];
    let sections = Section::of(root, &known)?;
    sections
        .reject("rate_limit", "`rate_limit` is not supported: use `--web.max-requests` to limit concurrent scrapes")?;
    Ok(Config {
        tls: sections
            .value("tls_server_config")
            .map(|node| tls::server_config(node, directory, stamps))
            .transpose()?
            .flatten(),
        headers: sections.value("http_server_config").map(parse_headers).transpose()?.unwrap_or_default(),
        users: sections.value("basic_auth_users").map(parse_users).transpose()?.unwrap_or_default(),
    })
}

/// The headers that exporter-toolkit supports, and their allowed values if it restricts them.
const HEADERS: [(&str, &[&str]); 5] = [
    ("Strict-Transport-Security", &[]),
    ("X-Content-Type-Options", &["nosniff"]),
    ("X-Frame-Options", &["deny", "sameorigin"]),
    ("X-XSS-Protection", &[]),
    ("Content-Security-Policy", &[]),
];

fn parse_headers(node: &YamlNode) -> Result<Vec<Header>, ConfigError> {
    let section = Section::of(node, &["http2", "headers"])?;
    if section.boolean("http2")? == Some(true) {
        return section
            .reject("http2", "HTTP/2 is not supported: remove `http2` or set it to `false`")
            .map(|()| vec![]);
    }
    let Some(node) = section.value("headers") else { return Ok(Vec::new()) };
    let names = HEADERS.map(|(name, _)| name);
    let section = Section::of(node, &names)?;
    let mut headers = Vec::new();
    for (name, allowed) in HEADERS {
        let Some((node, text)) = section.text(name)? else { continue };
        if !allowed.is_empty() && !allowed.contains(&text) {
            return Err(ConfigError::at(
                node,
                format!("invalid value `{text}` of `{name}`: expected `{}`", allowed.join("` or `")),
            ));
        }
        let value = HeaderValue::from_str(text).map_err(|_| {
            ConfigError::at(node, format!("invalid value of `{name}`: expected printable text on one line"))
        })?;
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| ConfigError::at(node, error.to_string()))?;
        headers.push(Header { name, value });
    }
    Ok(headers)
}

fn parse_users(node: &YamlNode) -> Result<Vec<User>, ConfigError> {
    let mut users = Vec::new();
    for (name, hash) in entries_of(node)? {
        let text = hash.text().unwrap_or_default();
        if !text.parse::<bcrypt::HashParts>().is_ok_and(|parts| (4..=31).contains(&parts.get_cost())) {
            let expected = "expected a bcrypt hash, such as the output of `htpasswd -nBC 10 \"\" | tr -d ':'`";
            return Err(ConfigError::at(hash, format!("invalid password hash: {expected}")));
        }
        users.push(User { name: name.text().unwrap_or_default().into(), hash: text.into() });
    }
    Ok(users)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load_text(text: &str) -> Result<Config, String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("web.yml");
        std::fs::write(&path, text).unwrap();
        let prefix = format!("{}/", directory.path().display());
        load(&path, &mut FileStamps::default()).map_err(|error| error.replace(&prefix, ""))
    }

    #[test]
    fn all_headers_of_exporter_toolkit_are_supported() {
        let text = "http_server_config:
  http2: false
  headers:
    Content-Security-Policy: default-src 'self'
    Strict-Transport-Security: max-age=9
    X-Content-Type-Options: nosniff
    X-Frame-Options: deny
    X-XSS-Protection: '0'
";
        let headers = load_text(text).unwrap().headers;
        let mut lines: Vec<String> =
            headers.iter().map(|header| format!("{}: {}", header.name, header.value.to_str().unwrap())).collect();
        lines.sort();
        assert_eq!(
            lines,
            [
                "content-security-policy: default-src 'self'",
                "strict-transport-security: max-age=9",
                "x-content-type-options: nosniff",
                "x-frame-options: deny",
                "x-xss-protection: 0",
            ]
        );
    }

    #[test]
    fn users_have_a_name_and_a_hash() {
        let hash = bcrypt::hash_with_salt("secret", 4, [7; 16]).unwrap().to_string();
        let config = load_text(&format!("basic_auth_users:\n  kim: {hash}\n")).unwrap();
        let users: Vec<(&str, &str)> = config.users.iter().map(|user| (&*user.name, &*user.hash)).collect();
        assert_eq!(users, [("kim", &*hash)]);
        assert!(config.tls.is_none() && config.headers.is_empty());
    }

    #[test]
    fn errors_have_file_line_and_column() {
        for (text, message) in [
            ("- a\n", "web.yml:1:1: expected a mapping, found a list"),
            ("rate_limit:\n  burst: 1\n", "web.yml:1:1: `rate_limit` is not supported"),
            ("http_server_config:\n  http2: true\n", "web.yml:2:3: HTTP/2 is not supported"),
            (
                "http_server_config:\n  http2: perhaps\n",
                "web.yml:2:10: invalid value `perhaps` of `http2`: expected `true` or `false`",
            ),
            (
                "http_server_config: {headers: {X-Frame-Options: allow}}\n",
                "web.yml:1:49: invalid value `allow` of `X-Frame-Options`: expected `deny` or `sameorigin`",
            ),
            (
                "http_server_config: {headers: {X-XSS-Protection: \"a\\nb\"}}\n",
                "web.yml:1:50: invalid value of `X-XSS-Protection`: expected printable text on one line",
            ),
            ("basic_auth_users:\n  kim: secret\n", "web.yml:2:8: invalid password hash: expected a bcrypt hash"),
            ("basic_auth_users:\n  kim: a\n  kim: b\n", "web.yml:3:3: duplicate key `kim`"),
            ("tls_server_config:\n  cert_fiel: a\n", "web.yml:2:3: unknown key `cert_fiel`: did you mean `cert_file`?"),
            (
                "tls_server_config:\n  cert_file: [a]\n",
                "web.yml:2:14: invalid `cert_file`: expected a string, found a list",
            ),
            (
                "tls_server_config:\n  key_file: a\n",
                "web.yml:2:3: missing `cert_file`: TLS requires a certificate and a private key",
            ),
            ("tls_server_config:\n  cert: a\n  cert_file: b\n", "`cert` and `cert_file` are mutually exclusive"),
            ("tls_server_config:\n  cert: a\n", "web.yml:2:9: no certificate found: expected PEM"),
        ] {
            let error = load_text(text).err().unwrap_or_default();
            assert!(error.contains(message), "{text}{error}");
        }
    }

    #[test]
    fn a_key_without_pem_is_an_error() {
        let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem();
        let certificate = certificate.trim_end().replace('\n', "\n    ");
        let error = load_text(&format!("tls_server_config:\n  key: a\n  cert: |\n    {certificate}\n")).unwrap_err();
        assert_eq!(
            error,
            "web.yml:2:8: no private key found: expected PEM, which starts with `-----BEGIN PRIVATE KEY-----`"
        );
    }

    #[test]
    fn a_missing_file_is_an_error() {
        let error = load(Path::new("no/web.yml"), &mut FileStamps::default()).unwrap_err();
        assert_eq!(error, "no/web.yml: no such file or directory");
    }
}
