//! The one integration binary: faster to link, common code shared.

#![allow(unreachable_pub)]

mod check_data;
mod client;
mod clock;
mod commands;
mod config;
mod crash;
mod dead_letters;
mod decode;
mod floods;
mod fuzz;
mod kafka;
mod offsets;
mod oracle;
mod properties;
mod reload;
mod scenarios;
mod schemas;
mod support;
mod tidy;
mod torn;
