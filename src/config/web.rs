//! The grammar of the web configuration file, which is that of Prometheus' exporter-toolkit: who may come in, and with which
//! certificate goalkeeper shows itself.

use super::document::{At, Document, Node, Section, Value};
use super::values;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion, version};

/// What the web configuration file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Web {
    /// How goalkeeper shows itself; none if it speaks plain HTTP.
    pub tls: Option<Tls>,
    /// Who may come in: names and bcrypt hashes of passwords. Everybody if there are none.
    pub users: BTreeMap<String, String>,
    /// Headers that every answer has.
    pub headers: Vec<(&'static str, String)>,
}

/// Certificates and keys as they were read.
#[derive(Clone)]
pub struct Tls(pub Arc<ServerConfig>);

impl PartialEq for Tls {
    fn eq(&self, other: &Tls) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

/// The headers that the format knows.
const HEADERS: [&str; 5] = [
    "Content-Security-Policy",
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "X-XSS-Protection",
];

/// The most that a password's hash may cost: each step doubles the time, and this is some four seconds.
const MAX_COST: u32 = 16;

/// The versions of TLS that are spoken, by the least of them.
const VERSIONS: [(&str, &[&SupportedProtocolVersion]); 2] =
    [("TLS12", &[&version::TLS12, &version::TLS13]), ("TLS13", &[&version::TLS13])];

/// Whether clients show certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClientAuth {
    None,
    IfGiven,
    Required,
}

/// Reads the file; problems are told to its document. Relative paths stand beside the file.
pub(super) fn read(document: &Rc<Document>, node: Node, directory: &Path) -> Web {
    if matches!(node.value, Value::Null) {
        document.whole("says nothing, and would let everybody in", "write tls_server_config or basic_auth_users in it");
    }
    let mut file = Section::of(document, "", Some(node));
    Web { tls: tls(&mut file, directory), users: users(&mut file), headers: headers(&mut file) }
}

/// A section that says something if it is there: where a file was cut short the door must not open.
fn filled(file: &mut Section, key: &'static str) -> Section {
    let is_named = file.has(key);
    let section = file.section(key);
    if is_named && section.is_empty() {
        let document = section.document();
        document.problem(document.place(key), format!("{key} says nothing"), "write what it is to say, or remove it");
    }
    section
}

fn users(file: &mut Section) -> BTreeMap<String, String> {
    let section = filled(file, "basic_auth_users");
    let document = section.document().clone();
    let mut users = BTreeMap::new();
    for (name, at, node) in section.entries() {
        let told = |problem: &str| document.wrong(node.at, &format!("basic_auth_users.{name}"), problem);
        // What separates name and password when they are sent.
        if name.is_empty() || name.contains(':') {
            document.problem(at, format!("basic_auth_users: `{name}` is no name"), "write a name without a colon");
        }
        let hash = node.text().unwrap_or_default();
        match hash.parse::<bcrypt::HashParts>().map(|parts| parts.get_cost()) {
            Err(_) => told("is no bcrypt hash; write what `htpasswd -nBC 10 NAME` prints after the colon"),
            Ok(cost) if !(4..=MAX_COST).contains(&cost) => {
                told(&format!("has a cost of {cost}; write a hash with a cost from 4 to {MAX_COST}: 10 is usual"));
            }
            Ok(_) => drop(users.insert(name, hash)),
        }
    }
    users
}

fn headers(file: &mut Section) -> Vec<(&'static str, String)> {
    let mut server = file.section("http_server_config");
    let mut section = server.section("headers");
    let value = |node: &Node| match values::text(node)? {
        text if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) => Ok(text),
        _ => Err("cannot be sent; write plain ASCII on one line".to_owned()),
    };
    HEADERS.into_iter().filter_map(|name| Some((name, section.read(name, value)?))).collect()
}

/// A file that the configuration names, and where it does.
struct Named<'a> {
    document: Rc<Document>,
    option: String,
    at: At,
    name: String,
    directory: &'a Path,
}

impl<'a> Named<'a> {
    fn read(section: &mut Section, key: &'static str, directory: &'a Path) -> Option<Named<'a>> {
        let node = section.take(key)?;
        let (document, option) = (section.document().clone(), section.path_of(key));
        match values::text(&node) {
            Ok(name) => Some(Named { document, option, at: node.at, name, directory }),
            Err(problem) => {
                document.wrong(node.at, &option, &problem);
                None
            }
        }
    }

    fn wrong<T>(&self, problem: &str, help: &str) -> Option<T> {
        self.document.problem(self.at, format!("{}: {} {problem}", self.option, self.name), help);
        None
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        let help = "name a PEM file that goalkeeper may read; a relative name stands beside this file";
        std::fs::read(self.directory.join(&self.name))
            .map_err(|error| self.wrong::<()>(&format!("cannot be read: {error}"), help))
            .ok()
    }

    fn certificates(&self) -> Option<Vec<CertificateDer<'static>>> {
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.bytes()?).collect();
        match found {
            Ok(found) if !found.is_empty() => Some(found),
            _ => self.wrong("holds no certificate", "name a PEM file with `-----BEGIN CERTIFICATE-----`"),
        }
    }

    fn key(&self) -> Option<PrivateKeyDer<'static>> {
        PrivateKeyDer::from_pem_slice(&self.bytes()?).ok().or_else(|| {
            let help =
                "name a PEM file with `-----BEGIN PRIVATE KEY-----`; one that a password protects cannot be read";
            self.wrong("holds no private key", help)
        })
    }
}

fn tls(file: &mut Section, directory: &Path) -> Option<Tls> {
    let mut section = filled(file, "tls_server_config");
    if !section.is_there {
        return None;
    }
    let document = section.document().clone();
    for key in ["cert_file", "key_file"] {
        if !section.has(key) {
            document.problem(
                section.at,
                format!("tls_server_config.{key} is missing"),
                format!("add `{key}: FILE.pem`"),
            );
        }
    }
    let certificate = Named::read(&mut section, "cert_file", directory);
    let key = Named::read(&mut section, "key_file", directory);
    let verifier = client_verifier(&mut section, directory);
    let versions = section.read_or("min_version", VERSIONS[0].1, values::one_of(&VERSIONS));
    let (certificate, chain, key) = (certificate.as_ref()?, certificate.as_ref()?.certificates(), key?.key());
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_protocol_versions(versions).expect("ring knows these versions");
    let builder = match verifier? {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    match builder.with_single_cert(chain?, key?) {
        Ok(mut config) => {
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            Some(Tls(Arc::new(config)))
        }
        Err(error) => certificate.wrong(
            &format!("and the key cannot be used together: {error}"),
            "name a certificate, followed by those that signed it, and the key that it was made for",
        ),
    }
}

/// What looks at the certificates of clients; none of it if they need none, nothing if there was a problem.
fn client_verifier(section: &mut Section, directory: &Path) -> Option<Option<Arc<dyn ClientCertVerifier>>> {
    let ways = [
        ("NoClientCert", ClientAuth::None),
        ("VerifyClientCertIfGiven", ClientAuth::IfGiven),
        ("RequireAndVerifyClientCert", ClientAuth::Required),
    ];
    let way = section.read_or("client_auth_type", ClientAuth::None, values::one_of(&ways));
    let authority = Named::read(section, "client_ca_file", directory);
    let problem = |message: &str, help: &str| {
        section.document().problem(section.at, format!("tls_server_config: {message}"), help);
        None
    };
    match (way, authority) {
        (ClientAuth::None, None) => Some(None),
        (ClientAuth::None, Some(_)) => problem(
            "client_ca_file is of no use without client_auth_type",
            "add `client_auth_type: RequireAndVerifyClientCert`, or remove client_ca_file",
        ),
        (_, None) => {
            problem("client_ca_file is missing", "add `client_ca_file: FILE.pem`, who signed clients' certificates")
        }
        (way, Some(authority)) => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(authority.certificates()?);
            let provider = Arc::new(ring::default_provider());
            let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let builder = if way == ClientAuth::IfGiven { builder.allow_unauthenticated() } else { builder };
            match builder.build() {
                Ok(verifier) => Some(Some(verifier)),
                Err(error) => {
                    authority.wrong(&format!("cannot be used: {error}"), "name the certificate of an authority")
                }
            }
        }
    }
}
