//! The command line of goalkeeper.

mod app;
mod cli;
mod clock;
mod telemetry;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    match app::run(cli::Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("goalkeeper: {error:#}");
            ExitCode::FAILURE
        }
    }
}
