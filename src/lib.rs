//! Goalkeeper: figures and goals of a contact centre.
//!
//! Kafka records become events, events gather in records, records book amounts in panes, panes add up to windows,
//! windows are held against targets, verdicts become alerts, and everything can be read over HTTP.

pub mod domain;

pub mod config;

pub mod ingest;
pub mod publish;
pub mod sim;
pub mod store;
