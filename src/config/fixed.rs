//! What cannot change while goalkeeper runs, and is refused by name when the configuration is read anew.

use super::document::Document;
use super::{Config, Kafka};
use crate::domain::event::Name;
use crate::domain::settings::Settings;
use std::collections::BTreeSet;

const RESTART: &str = "take it back, or restart goalkeeper to put it in force";
/// A restart alone would change nothing for records that are there.
const BEGIN_ANEW: &str = "take it back, or restart goalkeeper with an empty state directory: the records that it has are \
                          kept under their old names";

/// Tells a problem for each option that differs from what is in force and cannot change.
pub(super) fn check(document: &Document, running: &Config, new: &Config) {
    let mut fixed = Vec::new();
    kafka(document, running.kafka.as_ref(), new.kafka.as_ref(), &mut fixed);
    namespaces(&running.settings, &new.settings, &mut fixed);
    for (option, is_same) in [
        ("clock", running.clock == new.clock),
        ("customers.key_file", running.customers_key == new.customers_key),
        ("state.directory", running.state.directory == new.state.directory),
        ("state.record_memory_mib", running.state.record_memory == new.state.record_memory),
        ("server.listen", running.server.listen == new.server.listen),
        ("server.reps_listen", running.server.reps_listen == new.server.reps_listen),
    ] {
        if !is_same {
            fixed.push((option.to_owned(), RESTART));
        }
    }
    for (option, help) in fixed {
        document.problem(document.place(&option), format!("{option} cannot change while goalkeeper runs"), help);
    }
}

type Fixed = Vec<(String, &'static str)>;

fn kafka(document: &Document, running: Option<&Kafka>, new: Option<&Kafka>, fixed: &mut Fixed) {
    let none = Kafka::default();
    let (running, new) = (running.unwrap_or(&none), new.unwrap_or(&none));
    for (option, is_same) in [
        ("kafka.brokers", running.brokers == new.brokers),
        ("kafka.topics", running.topics == new.topics),
        ("kafka.on_gap", running.on_gap == new.on_gap),
        ("kafka.dead_letters", running.dead_letters == new.dead_letters),
        ("kafka.group_id", running.group_id == new.group_id),
    ] {
        if !is_same {
            fixed.push((option.to_owned(), RESTART));
        }
    }
    let names: BTreeSet<&String> = running.properties.keys().chain(new.properties.keys()).collect();
    for name in names {
        if running.properties.get(name) != new.properties.get(name) {
            let secret = format!("kafka.secrets.{name}");
            let option = if document.has(&secret) { secret } else { format!("kafka.properties.{name}") };
            fixed.push((option, RESTART));
        }
    }
}

fn namespaces(running: &Settings, new: &Settings, fixed: &mut Fixed) {
    let names: BTreeSet<&Name> = running.sources.keys().chain(new.sources.keys()).collect();
    for name in names {
        let (running, new) = (running.source(name), new.source(name));
        // Its own name is what a source has where nothing is said.
        let own = |namespace: &Option<Name>| namespace.clone().unwrap_or_else(|| name.clone());
        for (key, is_same) in [
            ("contacts", own(&running.contacts) == own(&new.contacts)),
            ("tickets", own(&running.tickets) == own(&new.tickets)),
            ("customers", running.customers == new.customers),
        ] {
            if !is_same {
                fixed.push((format!("sources.{name}.{key}"), BEGIN_ANEW));
            }
        }
    }
}
