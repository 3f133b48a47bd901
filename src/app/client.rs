//! Asking a goalkeeper that runs: finding it, certificates, names and passwords.

use crate::cli::Server;
use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use goalkeeper::config::{self, Reach};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;
use ureq::tls::{ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

/// What was answered.
pub(super) struct Answered {
    /// The whole address that was asked.
    pub(super) address: String,
    /// The status.
    pub(super) status: u16,
    /// The text.
    pub(super) said: String,
}

/// Asks for a path and waits for the answer for so long at most; of its text no more than `most_bytes` are read.
pub(super) fn get(server: &Server, path: &str, patience: Duration, most_bytes: u64) -> anyhow::Result<Answered> {
    let address = match &server.url {
        Some(url) => format!("{}{path}", url.trim_end_matches('/')),
        None => format!("{}{path}", own_address(&server.config.config)?),
    };
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .timeout_global(Some(patience))
        .tls_config(tls(server)?)
        .build()
        .new_agent();
    let mut request = agent.get(&address);
    if let Some(user) = &server.user {
        let file = server.password_file.as_deref().context("--user needs --password-file")?;
        let password = String::from_utf8(read(file)?).with_context(|| format!("{} is no text", file.display()))?;
        let coded = STANDARD.encode(format!("{user}:{}", password.trim_end_matches(['\r', '\n'])));
        request = request.header("Authorization", format!("Basic {coded}"));
    }
    let mut answer = request.call().with_context(|| format!("{address} does not answer"))?;
    let said = answer.body_mut().with_config().limit(most_bytes).read_to_string();
    let status = answer.status().as_u16();
    let said = said.with_context(|| format!("the answer of {address} cannot be read"))?;
    Ok(Answered { address, status, said })
}

/// Where the goalkeeper of a configuration is reached from its own machine.
fn own_address(directory: &Path) -> anyhow::Result<String> {
    let Reach { listen, tls } = config::reach(directory)?;
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let scheme = if tls { "https" } else { "http" };
    Ok(format!("{scheme}://{}", SocketAddr::new(ip, listen.port())))
}

fn tls(server: &Server) -> anyhow::Result<TlsConfig> {
    let mut tls = TlsConfig::builder();
    if let Some(file) = &server.ca_file {
        tls = tls.root_certs(RootCerts::new_with_certs(&certificates(file)?));
    } else if server.url.is_none() {
        // This machine talks to itself, by an address that is hardly in the certificate.
        tls = tls.disable_verification(true);
    }
    if let Some(file) = &server.cert_file {
        let key_file = server.key_file.as_deref().context("--cert-file needs --key-file")?;
        let key = PrivateKey::from_pem(&read(key_file)?);
        let key = key.with_context(|| format!("{} holds no private key", key_file.display()))?;
        tls = tls.client_cert(Some(ClientCert::new_with_certs(&certificates(file)?, key)));
    }
    Ok(tls.build())
}

fn certificates(file: &Path) -> anyhow::Result<Vec<ureq::tls::Certificate<'static>>> {
    let bytes = read(file)?;
    let found: Vec<_> = parse_pem(&bytes)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    match found.is_empty() {
        true => bail!("{} holds no certificate", file.display()),
        false => Ok(found),
    }
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}
