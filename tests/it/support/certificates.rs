//! Certificates for a test: an authority, a server and a client, as PEM files in a directory.

use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// What opens the client's key.
pub const KEY_PASSWORD: &str = "opens-the-key";

/// Files of certificates and keys.
pub struct Certificates(TempDir);

impl Certificates {
    /// `ca.pem`, `server.pem` with its key, `client.pem` and `client.key`, and `other-ca.pem` that has signed none of them.
    pub fn make() -> Certificates {
        let certificates = Certificates(tempfile::tempdir().expect("a directory"));
        certificates.authority("ca");
        certificates.authority("other-ca");
        certificates.leaf("server", "-nodes");
        certificates.leaf("client", &format!("-passout pass:{KEY_PASSWORD}"));
        let text = |name: &str| std::fs::read_to_string(certificates.path(name)).expect("was made");
        let both = text("server.key") + &text("server.pem");
        std::fs::write(certificates.path("server.pem"), both).expect("can be written");
        certificates
    }

    /// A file of them.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn authority(&self, name: &str) {
        let new = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
        openssl(self.0.path(), &format!("req -x509 {new} -subj /CN={name} -keyout {name}.key -out {name}.pem"));
    }

    fn leaf(&self, name: &str, key: &str) {
        let new = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1";
        openssl(self.0.path(), &format!("req {new} {key} -subj /CN={name} -keyout {name}.key -out {name}.csr"));
        std::fs::write(self.path("names"), "subjectAltName=IP:127.0.0.1\n").expect("can be written");
        let ca = "-CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names";
        openssl(self.0.path(), &format!("x509 -req -in {name}.csr {ca} -out {name}.pem"));
    }
}

/// Runs openssl in a directory.
pub fn openssl(directory: &Path, arguments: &str) {
    let output = Command::new("openssl").args(arguments.split(' ')).current_dir(directory).output();
    let output = output.expect("openssl runs");
    assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}
