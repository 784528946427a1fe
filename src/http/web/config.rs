//! The web configuration of Prometheus' exporters (exporter-toolkit), as far as it is supported
//! here. What isn't is refused with the reason, so that nobody believes in a protection that there
//! isn't.

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

/// A configuration that can be used.
#[derive(Debug)]
pub struct Config {
    /// TLS, where it has to be.
    pub tls: Option<Arc<ServerConfig>>,
    /// What every response says, too.
    pub headers: Vec<Header>,
    /// Those who may ask; empty lets in everybody.
    pub users: Vec<User>,
}

/// Somebody who may ask.
#[derive(Debug)]
pub struct User {
    /// The name.
    pub name: Box<str>,
    /// The bcrypt hash of the password.
    pub hash: Box<str>,
}

/// A header of every response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Its name.
    pub name: HeaderName,
    /// Its value.
    pub value: HeaderValue,
}

/// Reads the configuration at `path`, and the files that it names.
///
/// # Errors
/// The first thing that is wrong: `web.yml:3:5: unknown key ...`.
pub fn load(path: &Path, seen: &mut FileStamps) -> Result<Config, String> {
    *seen = FileStamps::default();
    seen.note(path);
    let source =
        read(path, &ReadLimits::default()).map_err(|finding| format!("{}: {}", path.display(), finding.message))?;
    let root = yaml::parse(&source.text)
        .map_err(|finding| ConfigError { span: finding.span.unwrap_or_default(), message: finding.message });
    let folder = path.parent().unwrap_or(Path::new(""));
    root.and_then(|root| config(&root, folder, seen)).map_err(|wrong| {
        let Position { line, column } = Position::of(&source.text, wrong.span.start);
        format!("{}:{line}:{column}: {}", path.display(), wrong.message)
    })
}

fn config(root: &YamlNode, folder: &Path, seen: &mut FileStamps) -> Result<Config, ConfigError> {
    let known = ["tls_server_config", "http_server_config", "basic_auth_users", "rate_limit"];
    let sections = Section::of(root, &known)?;
    sections
        .refuse("rate_limit", "`rate_limit` isn't supported: `--web.max-requests` limits scrapes at the same time")?;
    Ok(Config {
        tls: sections.value("tls_server_config").map(|node| tls::server(node, folder, seen)).transpose()?.flatten(),
        headers: sections.value("http_server_config").map(headers).transpose()?.unwrap_or_default(),
        users: sections.value("basic_auth_users").map(users).transpose()?.unwrap_or_default(),
    })
}

/// The headers that exporter-toolkit lets be set, with the values of those that have few.
const HEADERS: [(&str, &[&str]); 5] = [
    ("Strict-Transport-Security", &[]),
    ("X-YamlContent-Type-Options", &["nosniff"]),
    ("X-Frame-Options", &["deny", "sameorigin"]),
    ("X-XSS-Protection", &[]),
    ("YamlContent-Security-Policy", &[]),
];

fn headers(node: &YamlNode) -> Result<Vec<Header>, ConfigError> {
    let section = Section::of(node, &["http2", "headers"])?;
    if section.boolean("http2")? == Some(true) {
        return section
            .refuse("http2", "HTTP/2 isn't spoken here: leave `http2` out, or write `false`")
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
                format!("`{name}` can't be `{text}`: write `{}`", allowed.join("` or `")),
            ));
        }
        let value = HeaderValue::from_str(text)
            .map_err(|_| ConfigError::at(node, format!("the value of `{name}` isn't plain text on one line")))?;
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| ConfigError::at(node, error.to_string()))?;
        headers.push(Header { name, value });
    }
    Ok(headers)
}

fn users(node: &YamlNode) -> Result<Vec<User>, ConfigError> {
    let mut users = Vec::new();
    for (name, hash) in entries_of(node)? {
        let text = hash.text().unwrap_or_default();
        if !text.parse::<bcrypt::HashParts>().is_ok_and(|parts| (4..=31).contains(&parts.get_cost())) {
            let help = "write the bcrypt hash of the password, such as `htpasswd -nBC 10 \"\" | tr -d ':'` prints";
            return Err(ConfigError::at(hash, format!("this is no bcrypt hash: {help}")));
        }
        users.push(User { name: name.text().unwrap_or_default().into(), hash: text.into() });
    }
    Ok(users)
}
