//! The one integration binary: faster to link, common code shared.

#![allow(unreachable_pub)]

mod alerting;
mod api;
mod check_data;
mod client;
mod clock;
mod commands;
mod config;
mod crash;
mod dashboards;
mod dead_letters;
mod decode;
mod floods;
mod fuzz;
mod healthcheck;
mod kafka;
mod offsets;
mod oracle;
mod promql;
mod properties;
mod reload;
mod report;
mod rules;
mod scenarios;
mod schemas;
mod supervisor;
mod support;
mod tidy;
mod torn;
mod wallboard;
mod web;
