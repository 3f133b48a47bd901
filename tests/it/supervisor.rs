//! What a supervisor is told. That a real systemd acts on it is shown by `make check-deploy`.

use crate::support::daemon::{ROSTER, Setup, binary};
use crate::support::process::Process;
use crate::support::wait_for;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

/// A supervisor's end of the socket.
struct Supervisor(UnixDatagram);

impl Supervisor {
    /// Waits for a message that has all of these lines, or lines that begin with these.
    fn wait(&self, lines: &[&str]) {
        let mut heard = Vec::new();
        wait_for(&format!("{lines:?}"), Duration::from_secs(20), || {
            let mut bytes = [0; 4096];
            let n = self.0.recv(&mut bytes).map_err(|error| format!("{error}; heard: {heard:?}"))?;
            let message = String::from_utf8_lossy(&bytes[..n]).into_owned();
            let has = |line: &&str| message.lines().any(|said| said.starts_with(line));
            if lines.iter().all(has) {
                return Ok(());
            }
            heard.push(message);
            Err(format!("{heard:?}"))
        });
    }
}

#[test]
fn a_supervisor_hears_of_start_state_reload_heartbeat_and_stop() {
    let setup = Setup::new("127.0.0.1:1", "none", ROSTER, "");
    let path = setup.path().join("notify");
    let supervisor = Supervisor(UnixDatagram::bind(&path).expect("a socket"));
    supervisor.0.set_read_timeout(Some(Duration::from_secs(5))).expect("a limit");
    let mut command = binary();
    command.args(["run", "--config"]).arg(setup.path());
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "300000").env_remove("WATCHDOG_PID");
    let mut daemon = Process::start(command, &setup.path().join("log"));
    supervisor.wait(&["READY=1"]);
    supervisor.wait(&["STATUS=not ready: Kafka cannot be reached since "]);
    for _ in 0..5 {
        supervisor.wait(&["WATCHDOG=1"]);
    }
    daemon.hang_up();
    supervisor.wait(&["RELOADING=1", "MONOTONIC_USEC="]);
    supervisor.wait(&["READY=1"]);
    // One that fails is over too.
    setup.change_roster("nonsense");
    daemon.hang_up();
    supervisor.wait(&["RELOADING=1"]);
    supervisor.wait(&["READY=1"]);
    daemon.terminate();
    supervisor.wait(&["STOPPING=1"]);
    wait_for("the daemon ends", Duration::from_secs(30), || daemon.ended().ok_or_else(|| daemon.said()));
}
