//! The command line of goalkeeper.

mod app;
mod cli;
mod clock;
mod telemetry;

use clap::Parser;
use std::process::ExitCode;

// Records are many small pieces of memory: measured beside the system's allocator, the whole path is some tenth cheaper.
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
