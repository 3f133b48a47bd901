//! What cannot change while goalkeeper runs, and is refused by name when the configuration is read anew.

use super::document::Document;
use super::{Config, Kafka};
use crate::domain::event::Name;
use siphasher::sip128::SipHasher13;
use std::collections::{BTreeMap, BTreeSet};

const RESTART: &str = "take it back, or restart goalkeeper to put it in force";
const BEGIN_ANEW: &str = "take it back, or restart goalkeeper with an empty state directory: the records that it has are \
                          kept under their old names";

/// Tells a problem for each option that differs from what is in force and cannot change.
pub(super) fn check(document: &Document, running: &Config, new: &Config) {
    let mut fixed = Vec::new();
    kafka(document, running.kafka.as_ref(), new.kafka.as_ref(), &mut fixed);
    let renamed = differing(&running.meaning_of_ids(), &new.meaning_of_ids());
    fixed.extend(renamed.into_iter().map(|option| (option, BEGIN_ANEW)));
    for (option, is_same) in [
        ("clock", running.clock == new.clock),
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

/// The options that are not the same in both.
pub(crate) fn differing(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> Vec<String> {
    let options: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    options.into_iter().filter(|option| one.get(*option) != other.get(*option)).cloned().collect()
}

impl Config {
    /// The options that decide which record an id names, where they are not at their defaults. Records keep the names
    /// that they got, so a state can only be used with the options that it was made with.
    pub fn meaning_of_ids(&self) -> BTreeMap<String, String> {
        let mut meaning = BTreeMap::new();
        for (name, source) in &self.settings.sources {
            // Its own name is what a source has where nothing is said.
            let shared = |namespace: &Option<Name>| namespace.clone().filter(|namespace| namespace != name);
            for (key, namespace) in [
                ("contacts", shared(&source.contacts)),
                ("tickets", shared(&source.tickets)),
                ("customers", source.customers.clone()),
            ] {
                meaning.extend(namespace.map(|namespace| (format!("sources.{name}.{key}"), namespace.to_string())));
            }
        }
        if self.customers_key != Config::default().customers_key {
            // Whoever has the state must not learn the key from it.
            let digest = SipHasher13::new_with_key(&self.customers_key).hash(b"customers.key_file").as_u128();
            meaning.insert("customers.key_file".to_owned(), format!("{digest:032x}"));
        }
        meaning
    }
}
