//! Tells the program which revision it was built from.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=.git/HEAD");
    println!("cargo::rerun-if-changed=.git/refs/heads");
    let output = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output();
    if let Some(output) = output.ok().filter(|output| output.status.success()) {
        let revision = String::from_utf8_lossy(&output.stdout);
        println!("cargo::rustc-env=GOALKEEPER_REVISION={}", revision.trim());
    }
}
