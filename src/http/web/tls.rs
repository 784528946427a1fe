//! TLS: converts `tls_server_config` to a rustls configuration.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, SupportedKxGroup, ring};
use rustls::pki_types::pem;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion};

use crate::http::web::section::{ConfigError, FileStamps, Section};
use crate::source::{ReadLimits, read};
use crate::yaml::YamlNode;

const KEYS: [&str; 13] = [
    "cert_file",
    "key_file",
    "client_ca_file",
    "client_auth_type",
    "min_version",
    "max_version",
    "cipher_suites",
    "curve_preferences",
    "prefer_server_cipher_suites",
    "cert",
    "key",
    "client_ca",
    "client_allowed_sans",
];

/// The TLS configuration, or `None` if the section is empty.
///
/// # Errors
/// The first error in the section or in a file that it names.
pub(crate) fn server_config(
    node: &YamlNode,
    directory: &Path,
    stamps: &mut FileStamps,
) -> Result<Option<Arc<ServerConfig>>, ConfigError> {
    let section = Section::of(node, &KEYS)?;
    if section.is_empty() {
        return Ok(None);
    }
    section.reject("client_allowed_sans", "`client_allowed_sans` is not supported: use a separate CA for clients")?;
    let mut files = Files { section: &section, node, directory, stamps };
    let (at, certificates) = files.pem("cert", "cert_file")?.ok_or_else(|| missing(node, "cert_file"))?;
    let chain = certificates_in(at, &certificates)?;
    let (at, key) = files.pem("key", "key_file")?.ok_or_else(|| missing(node, "key_file"))?;
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|error| private_key_error(at, &error))?;
    let authorities = files.pem("client_ca", "client_ca_file")?;
    let provider = Arc::new(crypto_provider(&section)?);
    let client_verifier = client_verifier(&section, node, authorities, &provider)?;
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&protocol_versions(&section)?)
        .map_err(|error| ConfigError::at(node, error.to_string()))?;
    let builder = match client_verifier {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mismatch = |error| ConfigError::at(at, format!("the private key does not match the certificate: {error}"));
    let mut config = builder.with_single_cert(chain, key).map_err(mismatch)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.ignore_client_order = section.boolean("prefer_server_cipher_suites")?.unwrap_or(true);
    Ok(Some(Arc::new(config)))
}

fn missing(node: &YamlNode, key: &str) -> ConfigError {
    ConfigError::at(node, format!("missing `{key}`: TLS requires a certificate and a private key"))
}

/// The files that the section names, relative to the directory of the configuration.
struct Files<'a, 'b> {
    section: &'b Section<'a>,
    node: &'a YamlNode,
    directory: &'b Path,
    stamps: &'b mut FileStamps,
}

impl<'a> Files<'a, '_> {
    /// The value of `inline`, or the content of the file at `key`, and the node that names it.
    fn pem(&mut self, inline: &str, key: &str) -> Result<Option<(&'a YamlNode, Vec<u8>)>, ConfigError> {
        match (self.section.text(inline)?, self.section.text(key)?) {
            (Some(_), Some(_)) => {
                Err(ConfigError::at(self.node, format!("`{inline}` and `{key}` are mutually exclusive")))
            }
            (Some((at, text)), None) => Ok(Some((at, text.into()))),
            (None, Some((at, name))) => {
                let path = self.directory.join(name);
                self.stamps.record(&path);
                let source = read(&path, &ReadLimits::default())
                    .map_err(|finding| ConfigError::at(at, format!("{}: {}", path.display(), finding.message)))?;
                Ok(Some((at, source.text.as_bytes().into())))
            }
            (None, None) => Ok(None),
        }
    }
}

fn certificates_in(at: &YamlNode, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(ConfigError::at(
            at,
            "no certificate found: expected PEM, which starts with `-----BEGIN CERTIFICATE-----`",
        )),
        Err(error) => Err(ConfigError::at(at, format!("invalid certificate: {error}"))),
    }
}

fn private_key_error(at: &YamlNode, error: &pem::Error) -> ConfigError {
    let message = match error {
        pem::Error::NoItemsFound => {
            "no private key found: expected PEM, which starts with `-----BEGIN PRIVATE KEY-----`".to_owned()
        }
        error => format!("invalid private key: {error}"),
    };
    ConfigError::at(at, message)
}

/// Verification of client certificates, by the names of Go's `tls.ClientAuthType`.
fn client_verifier(
    section: &Section<'_>,
    node: &YamlNode,
    authorities: Option<(&YamlNode, Vec<u8>)>,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, ConfigError> {
    let (at, policy) = section.text("client_auth_type")?.unwrap_or((node, "NoClientCert"));
    let required = match policy {
        "NoClientCert" => {
            let message = "`client_ca_file` requires `client_auth_type`, such as `RequireAndVerifyClientCert`";
            return authorities.map_or(Ok(None), |(at, _)| Err(ConfigError::at(at, message)));
        }
        "VerifyClientCertIfGiven" => false,
        "RequireAndVerifyClientCert" => true,
        "RequestClientCert" | "RequireAnyClientCert" | "RequireClientCert" => {
            let message = format!("`{policy}` is not supported, since it does not verify the certificate");
            return Err(ConfigError::at(at, format!("{message}: use `RequireAndVerifyClientCert`")));
        }
        _ => {
            let known = "`NoClientCert`, `VerifyClientCertIfGiven` or `RequireAndVerifyClientCert`";
            return Err(ConfigError::at(at, format!("invalid client_auth_type `{policy}`: expected {known}")));
        }
    };
    let Some((at, pem)) = authorities else {
        return Err(ConfigError::at(
            at,
            format!("`{policy}` requires `client_ca_file`, the CA certificates of the clients"),
        ));
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates_in(at, &pem)? {
        roots.add(certificate).map_err(|error| ConfigError::at(at, format!("invalid CA certificate: {error}")))?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    let builder = if required { builder } else { builder.allow_unauthenticated() };
    builder.build().map(Some).map_err(|error| ConfigError::at(at, format!("invalid CA certificates: {error}")))
}

/// The versions from `min_version` to `max_version`. rustls supports 1.2 and 1.3.
fn protocol_versions(section: &Section<'_>) -> Result<Vec<&'static SupportedProtocolVersion>, ConfigError> {
    let version = |key, default| {
        let Some((at, name)) = section.text(key)? else { return Ok(default) };
        match name {
            "TLS12" => Ok((12, Some(at))),
            "TLS13" => Ok((13, Some(at))),
            "TLS10" | "TLS11" => Err(ConfigError::at(
                at,
                format!("`{name}` is not supported, since it is insecure: use `TLS12` or `TLS13`"),
            )),
            _ => Err(ConfigError::at(at, format!("invalid TLS version `{name}`: expected `TLS12` or `TLS13`"))),
        }
    };
    let ((min, _), (max, at)) = (version("min_version", (12, None))?, version("max_version", (13, None))?);
    match at {
        Some(at) if max < min => Err(ConfigError::at(at, "`max_version` is lower than `min_version`")),
        _ => Ok([(12, &TLS12), (13, &TLS13)]
            .into_iter()
            .filter(|(it, _)| (min..=max).contains(it))
            .map(|(_, it)| it)
            .collect()),
    }
}

/// ring with the cipher suites and curves of the section, in its order.
fn crypto_provider(section: &Section<'_>) -> Result<CryptoProvider, ConfigError> {
    let mut provider = ring::default_provider();
    let suites = section.texts("cipher_suites")?;
    if !suites.is_empty() {
        let configured: Vec<SupportedCipherSuite> = suites
            .into_iter()
            .map(|(at, name)| {
                let known = || provider.cipher_suites.iter().map(suite_name).collect::<Vec<_>>().join("`, `");
                let found = provider.cipher_suites.iter().find(|suite| suite_name(suite) == name);
                found.copied().ok_or_else(|| {
                    ConfigError::at(at, format!("unsupported cipher suite `{name}`: expected one of `{}`", known()))
                })
            })
            .collect::<Result<_, _>>()?;
        // As in Go, the list applies to TLS 1.2 only: the three suites of TLS 1.3 are always enabled.
        provider.cipher_suites.retain(|suite| suite.tls13().is_some());
        provider.cipher_suites.extend(configured.into_iter().filter(|suite| suite.tls13().is_none()));
    }
    let curves = section.texts("curve_preferences")?;
    if !curves.is_empty() {
        provider.kx_groups = curves.into_iter().map(|(at, name)| curve(at, name)).collect::<Result<_, _>>()?;
    }
    Ok(provider)
}

/// The name in Go's `crypto/tls`.
fn suite_name(suite: &SupportedCipherSuite) -> String {
    let name = format!("{:?}", suite.suite());
    name.replace("TLS13_", "TLS_")
}

fn curve(at: &YamlNode, name: &str) -> Result<&'static dyn SupportedKxGroup, ConfigError> {
    match name {
        "X25519" => Ok(ring::kx_group::X25519),
        "CurveP256" => Ok(ring::kx_group::SECP256R1),
        "CurveP384" => Ok(ring::kx_group::SECP384R1),
        _ => Err(ConfigError::at(
            at,
            format!("unsupported curve `{name}`: expected `X25519`, `CurveP256` or `CurveP384`"),
        )),
    }
}
