//! `goalkeeper healthcheck`: asks a goalkeeper how it is, for images and supervisors that have no other way to ask.

use super::client::{self, Answered};
use crate::cli;
use anyhow::bail;
use std::time::Duration;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most of an answer that is read.
const MOST_BYTES: u64 = 64 << 10;

/// Runs the command: an error unless the answer is yes.
pub(super) fn run(options: &cli::Healthcheck) -> anyhow::Result<()> {
    let path = if options.ready { "/-/ready" } else { "/-/healthy" };
    let Answered { address, status, said } = client::get(&options.server, path, PATIENCE, MOST_BYTES)?;
    match status {
        200 => {
            println!("{address}: {}", said.trim_end());
            Ok(())
        }
        401 => bail!(
            "{address} asks for a name and a password: give --user and --password-file, or set server.open_health in \
             goalkeeper.yaml"
        ),
        503 => bail!("{address}: {}", said.trim_end()),
        status => bail!("{address} answers with status {status}, and is hardly a goalkeeper"),
    }
}
