//! A Prometheus and an Alertmanager beside the demo, as far as they are on the machine.

use anyhow::{Context, bail};
use goalkeeper::config::Loaded;
use goalkeeper::publish::rules;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Programs by what they are called where, Debian's names first.
const PROMETHEUS: &[&str] = &["prometheus"];
const ALERTMANAGER: &[&str] = &["prometheus-alertmanager", "alertmanager"];

/// Both at work; they end with this.
pub(super) struct Companions {
    /// Where Prometheus is.
    pub(super) prometheus: SocketAddr,
    /// Where Alertmanager is.
    pub(super) alertmanager: SocketAddr,
    children: Vec<Child>,
}

impl Drop for Companions {
    fn drop(&mut self) {
        for child in &mut self.children {
            // One that has ended by itself needs no more.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Companions {
    /// Starts both with the alert rules of a configuration; what they keep and say goes to `directory`.
    ///
    /// # Errors
    /// If one of them is not on the machine or does not start.
    pub(super) fn start(directory: &Path, scraped: SocketAddr, loaded: &Loaded) -> anyhow::Result<Companions> {
        let (prometheus_program, alertmanager_program) = (find(PROMETHEUS)?, find(ALERTMANAGER)?);
        let (prometheus, alertmanager) = (free_address()?, free_address()?);
        let write = |name: &str, text: &str| {
            let path = directory.join(name);
            std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
            anyhow::Ok(path)
        };
        let rules = rules::rules(loaded, &rules::Options::default()).map_err(anyhow::Error::msg)?;
        write("rules.yaml", &rules.text)?;
        let config = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [rules.yaml]\n\
             alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{alertmanager}']}}]}}]}}\n\
             scrape_configs:\n  - job_name: goalkeeper\n    static_configs: [{{targets: ['{scraped}']}}]\n"
        );
        let prometheus_config = write("prometheus.yml", &config)?;
        let alertmanager_config =
            write("alertmanager.yml", "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")?;
        let mut companions = Companions { prometheus, alertmanager, children: Vec::new() };
        let data = |name: &str| directory.join(name).display().to_string();
        companions.spawn(
            directory,
            &alertmanager_program,
            &[
                format!("--config.file={}", alertmanager_config.display()),
                format!("--storage.path={}", data("alertmanager")),
                format!("--web.listen-address={alertmanager}"),
                "--cluster.listen-address=".to_owned(),
            ],
        )?;
        companions.spawn(
            directory,
            &prometheus_program,
            &[
                format!("--config.file={}", prometheus_config.display()),
                format!("--storage.tsdb.path={}", data("prometheus")),
                format!("--web.listen-address={prometheus}"),
            ],
        )?;
        Ok(companions)
    }

    fn spawn(&mut self, directory: &Path, program: &Path, arguments: &[String]) -> anyhow::Result<()> {
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        let log = File::create(directory.join(format!("{name}.log"))).context("cannot write a log")?;
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} does not start", program.display()))?;
        self.children.push(child);
        Ok(())
    }
}

fn find(names: &[&str]) -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .find_map(|folder| names.iter().map(|name| folder.join(name)).find(|program| program.is_file()));
    match found {
        Some(program) => Ok(program),
        None => bail!(
            "{} is not on this machine: install it (Debian: apt install prometheus prometheus-alertmanager), or leave out \
             --with-prometheus",
            names[0]
        ),
    }
}

/// An address of this machine that nobody has at the moment.
fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr())?)
}
