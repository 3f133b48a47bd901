//! The command line of goalkeeper.

mod app;
mod cli;
mod clock;
mod telemetry;

use clap::Parser;
use std::process::ExitCode;

// Records are many small pieces of memory: measured, the system's allocator makes an event a quarter dearer.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match app::run(cli::Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("goalkeeper: {error:#}");
            ExitCode::FAILURE
        }
    }
}
