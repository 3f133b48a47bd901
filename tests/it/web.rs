//! Who gets in over HTTP: passwords, certificates of both sides, their rotation, and the door's bounds behind TLS.

use crate::support::certificates::{Certificates, KEY_PASSWORD, openssl};
use crate::support::daemon::{Daemon, ROSTER, Samples, Setup, samples};
use crate::support::prometheus::Prometheus;
use crate::support::wait_for;
use base64::Engine;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_rustls::rustls;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

/// The right one.
pub const PASSWORD: &str = "right-and-secret";
const REFUSED: &str = "goalkeeper_http_requests_total{code=\"401\",handler=\"login\"}";
const NOT_GREETED: &str = "goalkeeper_http_tls_handshakes_failed_total";

/// What a client shows and whom it trusts.
#[derive(Clone, Default)]
pub struct Client {
    authority: Option<PathBuf>,
    certificate: Option<(PathBuf, PathBuf)>,
    login: Option<(&'static str, &'static str)>,
}

impl Client {
    /// One that speaks TLS.
    pub fn trusting(certificates: &Certificates) -> Client {
        Client { authority: Some(certificates.path("ca.pem")), ..Client::default() }
    }

    /// The same with a name and a password.
    pub fn as_user(&self, user: &'static str, password: &'static str) -> Client {
        Client { login: Some((user, password)), ..self.clone() }
    }

    /// Status and body; status 0 if there was no conversation.
    pub fn ask(&self, method: &str, port: u16, path: &str) -> (u16, String) {
        let pem = |path: &PathBuf| std::fs::read(path).expect("is there");
        let certificate = |path| Certificate::from_pem(&pem(path)).expect("a certificate");
        let mut tls = TlsConfig::builder();
        if let Some(authority) = &self.authority {
            tls = tls.root_certs(RootCerts::new_with_certs(&[certificate(authority)]));
        }
        if let Some((chain, key)) = &self.certificate {
            let key = PrivateKey::from_pem(&pem(key)).expect("a key");
            tls = tls.client_cert(Some(ClientCert::new_with_certs(&[certificate(chain)], key)));
        }
        let config = ureq::Agent::config_builder().http_status_as_error(false).tls_config(tls.build());
        let agent = ureq::Agent::new_with_config(config.timeout_global(Some(Duration::from_secs(20))).build());
        let scheme = if self.authority.is_some() { "https" } else { "http" };
        let address = format!("{scheme}://127.0.0.1:{port}{path}");
        let mut request = ureq::http::Request::builder().method(method).uri(address);
        if let Some((user, password)) = self.login {
            let coded = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
            request = request.header("Authorization", format!("Basic {coded}"));
        }
        match agent.run(request.body(()).expect("a request")) {
            Ok(mut answer) => (answer.status().as_u16(), answer.body_mut().read_to_string().expect("is text")),
            Err(error) => (0, error.to_string()),
        }
    }

    fn get(&self, port: u16, path: &str) -> (u16, String) {
        self.ask("GET", port, path)
    }

    fn metrics(&self, port: u16) -> Samples {
        let (status, page) = self.get(port, "/metrics");
        assert_eq!(status, 200, "{page}");
        samples(&page)
    }

    /// Waits until it is let in or turned away: the daemon serves.
    fn wait(&self, daemon: &Daemon, port: u16) {
        wait_for("the daemon serves", Duration::from_secs(30), || match self.get(port, "/-/healthy") {
            (200 | 401, _) => Ok(()),
            (_, said) => Err(format!("{said}; the daemon says: {}", daemon.said())),
        });
    }
}

fn hash(password: &str) -> String {
    bcrypt::hash(password, 6).expect("a hash")
}

/// A directory with a web configuration. No Kafka is there: what is asked here is answered without.
pub fn setup(web: &str, more: &str) -> Setup {
    let setup = Setup::new("127.0.0.1:1", "none", ROSTER, &format!("  web_config: web.yaml\n{more}"));
    write(&setup, web);
    setup
}

/// Writes another web configuration.
pub fn write(setup: &Setup, web: &str) {
    std::fs::write(setup.path().join("web.yaml"), web).expect("can be written");
}

/// Starts a daemon, and waits until a client is answered.
pub fn start(setup: &Setup, client: &Client) -> Daemon {
    let daemon = Daemon::start(&setup.path(), setup.port);
    client.wait(&daemon, setup.port);
    daemon
}

/// The users of a web configuration, with their passwords.
pub fn users(users: &[(&str, &str)]) -> String {
    let line = |(user, password): &(&str, &str)| format!("  {user}: {}\n", hash(password));
    format!("basic_auth_users:\n{}", users.iter().map(line).collect::<String>())
}

/// The certificate of a web configuration, and more lines beside it.
pub fn tls(certificates: &Certificates, more: &str) -> String {
    let file = certificates.path("server.pem");
    format!("tls_server_config:\n  cert_file: {0}\n  key_file: {0}\n{more}", file.display())
}

/// The answer to a request that is sent as it is.
fn raw(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the door is open");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
    stream.write_all(request.as_bytes()).expect("is taken");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("is answered");
    answer
}

#[test]
fn names_and_passwords_are_asked_for_and_wrong_ones_are_turned_away_and_counted() {
    let headers = "http_server_config:\n  headers:\n    X-Frame-Options: deny\n";
    let setup = setup(&format!("{}{headers}", users(&[("keeper", PASSWORD), ("second", "other")])), "");
    let nobody = Client::default();
    let keeper = nobody.as_user("keeper", PASSWORD);
    let daemon = start(&setup, &nobody);
    let before = keeper.metrics(setup.port)[REFUSED];
    let paths = ["/", "/metrics", "/-/healthy", "/-/ready", "/api/v1/figures", "/no-such-page"];
    for path in paths {
        let (status, said) = nobody.get(setup.port, path);
        assert_eq!((status, said.contains("basic_auth_users")), (401, true), "{path}: {said}");
        assert_ne!(keeper.get(setup.port, path).0, 401, "{path}");
    }
    assert_eq!(nobody.ask("POST", setup.port, "/-/reload").0, 401);
    let wrong = [
        ("keeper", "wrong"),
        ("keeper", ""),
        ("keeper", "other"),
        ("second", PASSWORD),
        ("nobody", PASSWORD),
        ("", ""),
    ];
    for (user, password) in wrong {
        assert_eq!(nobody.as_user(user, password).get(setup.port, "/metrics").0, 401, "{user}:{password}");
    }
    assert_eq!(nobody.as_user("second", "other").get(setup.port, "/metrics").0, 200);
    assert_eq!(keeper.metrics(setup.port)[REFUSED] - before, (paths.len() + 1 + wrong.len()) as f64);
    let head = raw(setup.port, "GET /metrics HTTP/1.0\r\n\r\n");
    assert!(head.starts_with("HTTP/1.0 401") && head.contains("www-authenticate: Basic realm="), "{head}");
    assert!(head.contains("x-frame-options: deny"), "{head}");
    for garbage in ["Basic", "Basic !", "Basic a2VlcGVy", "Bearer x", "Basic /w=="] {
        let head = raw(setup.port, &format!("GET /metrics HTTP/1.0\r\nAuthorization: {garbage}\r\n\r\n"));
        assert!(head.starts_with("HTTP/1.0 401"), "{garbage}: {head}");
    }
    assert!(!daemon.said().contains(PASSWORD) && !daemon.said().contains("$2"), "{}", daemon.said());
}

#[test]
fn health_stays_open_only_if_the_file_says_so_and_nothing_else_does() {
    let setup = setup(&users(&[("keeper", PASSWORD)]), "  open_health: true\n");
    let nobody = Client::default();
    let _daemon = start(&setup, &nobody);
    assert_eq!(nobody.get(setup.port, "/-/healthy"), (200, "yes\n".to_owned()));
    assert_eq!(nobody.get(setup.port, "/-/ready").0, 503);
    for path in ["/", "/metrics", "/-/healthy/", "//-/ready", "/-/ready/x", "/-/healthy/../../metrics"] {
        let head = raw(setup.port, &format!("GET {path} HTTP/1.0\r\n\r\n"));
        assert!(head.starts_with("HTTP/1.0 401"), "{path}: {head}");
    }
    assert_eq!(nobody.ask("POST", setup.port, "/-/reload").0, 401);
}

#[test]
fn a_password_that_was_right_is_not_hashed_again_until_it_changes() {
    // Some hundred milliseconds each.
    let slow =
        |password: &str| format!("basic_auth_users:\n  keeper: {}\n", bcrypt::hash(password, 11).expect("a hash"));
    let setup = setup(&slow(PASSWORD), "");
    let keeper = Client::default().as_user("keeper", PASSWORD);
    let _daemon = start(&setup, &Client::default());
    let took = |client: &Client, status: u16| {
        let begun = Instant::now();
        assert_eq!(client.get(setup.port, "/-/healthy").0, status);
        begun.elapsed()
    };
    let first = took(&keeper, 200);
    let later = (0..10).map(|_| took(&keeper, 200)).min().expect("ten of them");
    assert!(later * 5 < first, "first {first:?}, later {later:?}");
    // Wrong ones take as long for a name that nobody has.
    let least = |user| {
        let wrong = Client::default().as_user(user, "wrong");
        (0..3).map(|_| took(&wrong, 401)).min().expect("three of them")
    };
    let (known, unknown) = (least("keeper"), least("nobody"));
    assert!(unknown > later * 5 && unknown * 3 > known && known * 3 > unknown, "{known:?} {unknown:?} {later:?}");

    write(&setup, &slow("new"));
    assert_eq!(keeper.ask("POST", setup.port, "/-/reload").0, 200);
    assert_eq!(keeper.get(setup.port, "/metrics").0, 401);
    assert_eq!(Client::default().as_user("keeper", "new").get(setup.port, "/metrics").0, 200);
}

#[test]
fn certificates_are_rotated_by_a_reload_and_a_bad_file_keeps_the_last_good_one() {
    let (old, new) = (Certificates::make(), Certificates::make());
    let setup = setup(&tls(&old, ""), "");
    let (before, after) = (Client::trusting(&old), Client::trusting(&new));
    let daemon = start(&setup, &before);
    assert!(daemon.said().contains("serving on https://"), "{}", daemon.said());
    let failed = before.metrics(setup.port)[NOT_GREETED];
    // A client that does not trust it, and one that speaks no TLS.
    let (status, said) = after.get(setup.port, "/metrics");
    assert_eq!((status, said.contains("invalid peer certificate")), (0, true), "{said}");
    assert_eq!(Client::default().get(setup.port, "/metrics").0, 0);
    wait_for("both are counted", Duration::from_secs(20), || match before.metrics(setup.port)[NOT_GREETED] - failed {
        2.0 => Ok(()),
        n => Err(n.to_string()),
    });

    let refused = |web: &str, why: &str| {
        write(&setup, web);
        let (status, said) = before.ask("POST", setup.port, "/-/reload");
        assert_eq!(status, 500, "{said}");
        assert!(said.contains("what was in force stays in force") && said.contains(why), "{said}");
        assert_eq!(before.metrics(setup.port)["goalkeeper_config_last_reload_successful"], 0.0);
    };
    let files = |certificate: PathBuf, key: PathBuf| {
        format!("tls_server_config:\n  cert_file: {}\n  key_file: {}\n", certificate.display(), key.display())
    };
    let own = old.path("server.pem");
    refused(&files(own.clone(), new.path("server.key")), "web.yaml:2:14: tls_server_config.cert_file:");
    refused(&files(own.clone(), new.path("client.key")), "holds no private key");
    refused(&files("gone.pem".into(), own), "gone.pem cannot be read");

    // By signal too.
    write(&setup, &tls(&new, ""));
    daemon.hang_up();
    after.wait(&daemon, setup.port);
    assert_eq!(after.metrics(setup.port)["goalkeeper_config_last_reload_successful"], 1.0);
    assert_eq!(before.get(setup.port, "/metrics").0, 0);
    // TLS can go and passwords come.
    write(&setup, &users(&[("keeper", PASSWORD)]));
    assert_eq!(after.ask("POST", setup.port, "/-/reload").0, 200);
    assert_eq!(Client::default().get(setup.port, "/metrics").0, 401);
    assert_eq!(Client::default().as_user("keeper", PASSWORD).get(setup.port, "/metrics").0, 200);
}

/// A client's certificate, and its key without a password.
pub fn own(certificates: &Certificates) -> Option<(PathBuf, PathBuf)> {
    openssl(&certificates.path(""), &format!("pkey -in client.key -passin pass:{KEY_PASSWORD} -out open.key"));
    Some((certificates.path("client.pem"), certificates.path("open.key")))
}

#[test]
fn clients_show_certificates_where_they_are_asked_to() {
    let (ours, other) = (Certificates::make(), Certificates::make());
    let authority = format!("  client_ca_file: {}\n  client_auth_type: ", ours.path("ca.pem").display());
    let nobody = Client::trusting(&ours);
    let known = Client { certificate: own(&ours), ..nobody.clone() };
    let foreign = Client { certificate: own(&other), ..nobody.clone() };

    let setup = setup(&tls(&ours, &format!("{authority}RequireAndVerifyClientCert\n")), "  open_health: true\n");
    let daemon = start(&setup, &known);
    for client in [&nobody, &foreign] {
        assert_eq!(client.get(setup.port, "/metrics").0, 0);
        assert_eq!(client.get(setup.port, "/-/healthy").0, 0);
    }
    assert!(known.metrics(setup.port)[NOT_GREETED] >= 4.0);

    let web = tls(&ours, &format!("{authority}VerifyClientCertIfGiven\n  min_version: TLS13\n"));
    write(&setup, &(web + &users(&[("keeper", PASSWORD)])));
    daemon.hang_up();
    nobody.wait(&daemon, setup.port);
    assert_eq!(foreign.get(setup.port, "/metrics").0, 0);
    // A certificate stands beside a password, not in its place.
    for client in [&known, &nobody] {
        assert_eq!(client.get(setup.port, "/metrics").0, 401);
        assert_eq!(client.as_user("keeper", PASSWORD).get(setup.port, "/metrics").0, 200);
    }
    let speaks = |version: &str| {
        let address = format!("127.0.0.1:{}", setup.port);
        let client = Command::new("openssl").args(["s_client", "-connect", &address, version]).output();
        client.expect("openssl runs").status.success()
    };
    assert!(speaks("-tls1_3") && !speaks("-tls1_2"));
}

type Conversation = rustls::StreamOwned<rustls::ClientConnection, TcpStream>;

/// A conversation in TLS, of which nothing is read unless somebody does.
fn converse(certificates: &Certificates, port: u16) -> Conversation {
    use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
    let mut roots = rustls::RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(certificates.path("ca.pem")).expect("a certificate");
    roots.add(authority).expect("an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("TLS is known").with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").expect("a name");
    let connection = rustls::ClientConnection::new(Arc::new(config), name).expect("a client");
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("the door is open");
    stream.set_read_timeout(Some(Duration::from_secs(90))).expect("a limit");
    stream.set_write_timeout(Some(Duration::from_secs(2))).expect("a limit");
    rustls::StreamOwned::new(connection, stream)
}

/// True if a conversation was ended by the other side rather than by our own patience.
fn is_over(read: std::io::Result<usize>) -> bool {
    match read {
        Ok(n) => n == 0,
        Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

#[test]
fn behind_tls_clients_that_sit_stare_or_shout_find_the_same_bounds() {
    let certificates = Certificates::make();
    let setup = setup(&tls(&certificates, ""), "");
    let client = Client::trusting(&certificates);
    let daemon = start(&setup, &client);
    rlimit::increase_nofile_limit(8_192).expect("so many files may be open");
    let knock = || TcpStream::connect(("127.0.0.1", setup.port)).expect("the door is open");
    // A thousand that say nothing, and one that greets without end.
    let idle: Vec<TcpStream> = (0..1_000).map(|_| knock()).collect();
    let mut dreamer = knock();
    dreamer.write_all(&[22, 3, 1, 2, 0]).expect("is taken");
    // Some that ask for the page over and over and never take it.
    let stuck: Vec<Conversation> = (0..20)
        .map(|_| {
            let mut stream = converse(&certificates, setup.port);
            for _ in 0..50 {
                // The door may close on who is that rude.
                let _ = stream.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
            }
            stream
        })
        .collect();
    let long = "x".repeat(10 << 20);
    for request in [
        format!("GET /api/v1/figures?scope={long} HTTP/1.1\r\nHost: x\r\n\r\n"),
        format!("GET /metrics HTTP/1.1\r\nHost: x\r\nX-Long: {long}\r\n\r\n"),
        format!("POST /api/v1/figures HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{long}", long.len()),
    ] {
        let mut stream = converse(&certificates, setup.port);
        // It may answer and close before it has read all.
        let _ = stream.write_all(request.as_bytes());
        let mut answer = [0; 64];
        let said = stream
            .read(&mut answer)
            .map_or_else(|error| error.to_string(), |n| String::from_utf8_lossy(&answer[..n]).into_owned());
        assert!(!said.starts_with("HTTP/1.1 200"), "{said}");
    }
    assert_eq!(client.get(setup.port, "/-/healthy").0, 200);
    // The door has less patience with a greeting than with a conversation.
    dreamer.set_read_timeout(Some(Duration::from_secs(40))).expect("a limit");
    assert!(is_over(dreamer.read(&mut [0; 16])), "the greeting goes on");
    drop(idle);
    // So many find no room at once, unless the machine is so busy that the first are put out before the last have knocked.
    let samples = wait_for("some find no room", Duration::from_secs(120), || {
        let crowd: Vec<TcpStream> =
            (0..2_500).filter_map(|_| TcpStream::connect(("127.0.0.1", setup.port)).ok()).collect();
        drop(crowd);
        let page =
            wait_for("the door is open again", Duration::from_secs(60), || match client.get(setup.port, "/metrics") {
                (200, page) => Ok(page),
                (_, said) => Err(format!("{said}; the daemon says: {}", daemon.said())),
            });
        let samples = samples(&page);
        if samples["goalkeeper_http_connections_refused_total"] > 0.0 { Ok(samples) } else { Err("none".to_owned()) }
    });
    assert!(samples[NOT_GREETED] > 1_000.0, "{}", samples[NOT_GREETED]);
    drop(stuck);
}

#[test]
#[ignore = "waits for more than a minute: make test"]
fn behind_tls_who_has_said_nothing_for_a_minute_is_put_out() {
    let certificates = Certificates::make();
    let setup = setup(&tls(&certificates, ""), "");
    let _daemon = start(&setup, &Client::trusting(&certificates));
    let mut stream = converse(&certificates, setup.port);
    stream.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n").expect("is taken");
    let mut answer = [0; 1024];
    let n = stream.read(&mut answer).expect("is answered");
    assert!(answer[..n].starts_with(b"HTTP/1.1 200"));
    let begun = Instant::now();
    assert!(is_over(stream.read(&mut answer)), "the connection is still open");
    assert!(begun.elapsed() > Duration::from_secs(50), "{:?}", begun.elapsed());
}

#[test]
#[ignore = "needs a real Prometheus: make test"]
fn prometheus_scrapes_over_tls_with_a_password_and_promtool_knows_the_format() {
    let certificates = Certificates::make();
    let web = tls(&certificates, "  min_version: TLS12\n")
        + &users(&[("keeper", PASSWORD)])
        + "http_server_config:\n  headers:\n    X-Content-Type-Options: nosniff\n";
    let setup = setup(&web, "");
    let _daemon = start(&setup, &Client::trusting(&certificates));
    let file = setup.path().join("web.yaml");
    let promtool = Command::new("promtool").args(["check", "web-config"]).arg(file).output().expect("promtool runs");
    assert!(promtool.status.success(), "{promtool:?}");
    let address = format!("127.0.0.1:{}", setup.port);
    let job = |password: &str| {
        format!(
            "    scheme: https\n    tls_config: {{ca_file: {}}}\n    basic_auth: {{username: keeper, password: {password}}}\n",
            certificates.path("ca.pem").display()
        )
    };
    let right = Prometheus::start_with(&address, &job(PASSWORD));
    right.wait_value("up{job=\"goalkeeper\"}", |value| value == 1.0);
    right.wait_value("goalkeeper_kafka_reachable", |value| value == 0.0);
    let wrong = Prometheus::start_with(&address, &job("wrong"));
    wrong.wait_value("up{job=\"goalkeeper\"}", |value| value == 0.0);
}
