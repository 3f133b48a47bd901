//! `goalkeeper healthcheck`: finds its daemon whatever stands before it, and says why not.

use crate::support::certificates::Certificates;
use crate::support::daemon::{ROSTER, Setup, binary};
use crate::support::free_port;
use crate::web::{Client, PASSWORD, own, setup, start, tls, users, write};
use std::process::Stdio;

/// The exit code, and what was said.
fn check(arguments: &[&str]) -> (Option<i32>, String) {
    let output = binary().arg("healthcheck").args(arguments).stdin(Stdio::null()).output().expect("the binary runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).expect("is text"))
}

fn says(arguments: &[&str], code: i32, what: &str) {
    let (found, said) = check(arguments);
    assert_eq!(found, Some(code), "{arguments:?}: {said}");
    assert!(said.contains(what), "{arguments:?}: {said}");
    assert!(!said.contains(PASSWORD), "{said}");
}

#[test]
fn it_tells_healthy_from_ready_and_a_daemon_from_none() {
    let setup = Setup::new("127.0.0.1:1", "none", ROSTER, "");
    let directory = setup.path().display().to_string();
    let url = format!("http://127.0.0.1:{}", setup.port);
    says(&["--config", &directory], 1, &format!("{url}/-/healthy does not answer"));
    let daemon = start(&setup, &Client::default());
    says(&["--config", &directory], 0, &format!("{url}/-/healthy: yes"));
    says(&["--config", &directory, "--ready"], 1, "/-/ready: no: Kafka ");
    says(&["--url", &url], 0, "yes");
    says(&["--url", &format!("{url}/")], 0, "yes");
    says(&["--url", &format!("{url}/elsewhere")], 1, "status 404, and is hardly a goalkeeper");
    says(&["--url", &url, "--config", &directory], 2, "cannot be used with");

    // What is on disk now is not in force, and no reason to call the daemon dead.
    setup.change_roster("nonsense");
    setup.change("roster: roster.yaml", "rooster: roster.yaml");
    says(&["--config", &directory], 0, "yes");
    setup.change(&format!("127.0.0.1:{}", setup.port), &format!("0.0.0.0:{}", setup.port));
    says(&["--config", &directory], 0, &url);
    setup.change(&format!("0.0.0.0:{}", setup.port), "nowhere");
    says(&["--config", &directory], 1, "goalkeeper.yaml:10:11: server.listen: is no address and port");
    says(&["--config", "/no/such/place"], 1, "--config DIR");
    assert!(daemon.stop().success());
    says(&["--url", &format!("http://127.0.0.1:{}", free_port())], 1, "does not answer: io: Connection refused");
}

#[test]
fn it_gets_through_certificates_and_passwords() {
    let certificates = Certificates::make();
    let web = tls(&certificates, "") + &users(&[("keeper", PASSWORD)]);
    let setup = setup(&web, "");
    let file = |name: &str| certificates.path(name).display().to_string();
    let client = Client::trusting(&certificates);
    let daemon = start(&setup, &client);
    let (directory, url) = (setup.path().display().to_string(), format!("https://127.0.0.1:{}", setup.port));
    std::fs::write(setup.path().join("password"), format!("{PASSWORD}\n")).expect("can be written");
    std::fs::write(setup.path().join("wrong"), "wrong\n").expect("can be written");
    let (password, wrong) = (format!("{directory}/password"), format!("{directory}/wrong"));
    let own_config = ["--config", &directory];
    let right = ["--user", "keeper", "--password-file", &password];

    let help = "give --user and --password-file, or set server.open_health";
    says(&own_config, 1, help);
    says(&[&own_config[..], &["--user", "keeper", "--password-file", &wrong]].concat(), 1, help);
    says(
        &[&own_config[..], &["--user", "keeper", "--password-file", "/no/such/file"]].concat(),
        1,
        "cannot read /no/such",
    );
    says(&[&own_config[..], &["--user", "keeper"]].concat(), 2, "--password-file");
    says(&[&own_config[..], &right].concat(), 0, &format!("{url}/-/healthy: yes"));
    // From elsewhere the certificate counts.
    let (ca, other) = (file("ca.pem"), file("other-ca.pem"));
    says(&[&["--url", &url, "--ca-file", &ca][..], &right].concat(), 0, "yes");
    says(&[&["--url", &url, "--ca-file", &other][..], &right].concat(), 1, "does not answer: ");
    says(&[&["--url", &url][..], &right].concat(), 1, "does not answer: ");
    says(&["--url", &url, "--ca-file", &password], 1, "holds no certificate");

    let required = format!("  client_ca_file: {ca}\n  client_auth_type: RequireAndVerifyClientCert\n");
    write(&setup, &(tls(&certificates, &required) + &users(&[("keeper", PASSWORD)])));
    setup.change("server:\n", "server:\n  open_health: true\n");
    assert_eq!(client.as_user("keeper", PASSWORD).ask("POST", setup.port, "/-/reload").0, 200);
    let (certificate, key) = own(&certificates).expect("was made");
    let shown = ["--cert-file", &certificate.display().to_string(), "--key-file", &key.display().to_string()];
    says(&own_config, 1, "does not answer: ");
    says(&[&own_config[..], &shown].concat(), 0, "yes");
    says(&[&own_config[..], &shown, &["--ready"]].concat(), 1, "/-/ready: no: Kafka");
    assert!(!daemon.said().contains(PASSWORD));
}
