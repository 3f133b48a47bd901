//! P4 from the bytes on: every record is decoded, ignored or refused, and every event decoded is in one account.

use super::chance::Chance;
use super::{centre, for_seeds, history};
use goalkeeper::domain::engine::{Engine, Input};
use goalkeeper::domain::roster::Roster;
use goalkeeper::domain::time::{Instant, Span};
use goalkeeper::ingest::decode::{Decoded, Decoder, Message};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

const TYPES: [&str; 12] = [
    "contact.started",
    "contact.queued",
    "contact.missed",
    "contact.answered",
    "contact.abandoned",
    "contact.ended",
    "ticket.created",
    "ticket.status",
    "survey.answered",
    "rep.state",
    "coaching.session",
    "weather.changed",
];

/// A record as a careful producer writes it.
fn written(begin: i64, chance: &mut Chance) -> String {
    let time = Instant(begin + chance.below(86_400_000)).to_rfc3339();
    let kind = chance.pick(&TYPES);
    let id = chance.below(200);
    let about = chance.below(20);
    let rep = chance.pick(&centre::REPS);
    let queue = chance.pick(&centre::QUEUES);
    let retracted = if chance.per_cent(5) { r#","retracted":true"# } else { "" };
    let rest = match kind {
        "contact.missed" => r#","reason":"busy""#.to_owned(),
        "ticket.status" => r#","status":"solved""#.to_owned(),
        "survey.answered" => format!(r#","scale":"nps","score":{}"#, chance.below(11)),
        "rep.state" => r#","state":"break""#.to_owned(),
        _ => String::new(),
    };
    let (contact, ticket, survey) = (about, about, about);
    format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"/pbx/a","type":"{kind}","time":"{time}"{retracted},"data":{{"contact":"{contact}","ticket":{ticket},"survey":"{survey}","queue":"{queue}","rep":"{rep}"{rest}}}}}"#
    )
}

/// The same after an accident: cut, a byte changed, a part doubled or left out, or nothing of it left.
fn spoilt(mut bytes: Vec<u8>, chance: &mut Chance) -> Vec<u8> {
    let at = chance.below(bytes.len() as i64) as usize;
    let to = (at + chance.below(40) as usize).min(bytes.len());
    match chance.below(6) {
        0 => bytes.truncate(at),
        1 => bytes[at] = chance.below(256) as u8,
        2 => {
            bytes.drain(at..to);
        }
        3 => {
            let part = bytes[at..to].to_vec();
            bytes.splice(at..at, part);
        }
        4 => bytes = [b"[", &bytes[..], b"]"].concat(),
        _ => bytes = (0..at).map(|_| chance.below(256) as u8).collect(),
    }
    bytes
}

#[test]
fn every_record_is_decoded_ignored_or_refused_and_every_event_accounted_for() {
    let (records, decoded) = (Cell::new(0_u64), Cell::new(0_u64));
    let refused: RefCell<BTreeMap<&str, u64>> = RefCell::default();
    for_seeds(40, |seed| {
        let mut chance = Chance::new(seed);
        let begin = history::begin(&mut chance);
        let mut settings = centre::settings(&mut chance);
        settings.lateness = Span::hours(chance.between(1, 24));
        let mut engine = Engine::new(Arc::new(Roster::new(centre::roster(begin, 1, &mut chance))), Arc::new(settings));
        let partition = engine.partition("0");
        let mut decoder = Decoder::new([7; 16]);
        let (mut read, mut events, mut ignored, mut not_taken) = (0_u64, 0_u64, 0_u64, 0_u64);
        for _ in 0..500 {
            let mut bytes = written(begin, &mut chance).into_bytes();
            if chance.per_cent(30) {
                bytes = spoilt(bytes, &mut chance);
            }
            let payload = (!chance.per_cent(2)).then_some(&bytes[..]);
            read += 1;
            match decoder.decode(Message { payload, headers: &[] }) {
                Ok(Decoded::Event(event)) => {
                    events += 1;
                    engine.apply(Input::Event { partition, received: None, event });
                }
                Ok(Decoded::Ignored(_)) => ignored += 1,
                Err(refusal) => {
                    not_taken += 1;
                    *refused.borrow_mut().entry(refusal.reason.name()).or_default() += 1;
                }
            }
            assert_eq!(read, events + ignored + not_taken);
            let accounts = engine.accounts(partition);
            assert_eq!(events, accounts.applied + accounts.unchanged + accounts.refused.values().sum::<u64>());
        }
        assert!(events > 0 && ignored > 0 && not_taken > 0, "some of each: {events}, {ignored}, {not_taken}");
        records.set(records.get() + read);
        decoded.set(decoded.get() + events);
    });
    let share = 100 * decoded.get() / records.get();
    println!("P4: {} of {} records decoded ({share} %), refused {:?}", decoded.get(), records.get(), refused.borrow());
    assert!((40..=90).contains(&share), "{share} % decoded proves little");
    assert!(refused.borrow().len() >= 5, "too few reasons were seen: {:?}", refused.borrow());
}
