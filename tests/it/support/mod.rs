//! Real servers for the tests: Apache Kafka, Prometheus, and the daemon itself, each a process that dies with the test.

pub mod alertmanager;
pub mod browser;
pub mod calls;
pub mod certificates;
pub mod daemon;
pub mod kafka;
pub mod lint;
pub mod process;
pub mod prometheus;
pub mod proxy;

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A port that nobody listens on. None is given out twice: a daemon that was killed comes back to its own.
pub fn free_port() -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        if GIVEN.lock().expect("nobody panics here").insert(port) {
            return port;
        }
    }
}

/// Waits until `look` finds something, and fails with what was seen last. The only place in the tests that pauses.
pub fn wait_for<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Result<T, String>) -> T {
    let begun = Instant::now();
    loop {
        match look() {
            Ok(found) => return found,
            Err(seen) if begun.elapsed() > limit => panic!("{what}: not within {limit:?}; last seen: {seen}"),
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// A name that no other test uses.
pub fn unique(name: &str) -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{name}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A small disk of its own at a path, gone with this.
pub struct Mounted(PathBuf);

/// Mounts one; `None`, told as not run, where that is not allowed.
pub fn mount(path: &Path, options: &str) -> Option<Mounted> {
    std::fs::create_dir_all(path).expect("can be made");
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(path).output();
    match mount {
        Ok(output) if output.status.success() => Some(Mounted(path.to_owned())),
        Ok(output) => {
            eprintln!("NOT RUN, needs to mount a small disk: {}", String::from_utf8_lossy(&output.stderr));
            None
        }
        Err(error) => {
            eprintln!("NOT RUN, needs to mount a small disk: {error}");
            None
        }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Whatever still has a file there, the disk is gone from the path.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
