//! Kafka records as they arrive: decoded as the daemon does it, and what is an event goes to an engine.
//!
//! The bytes are written as a request of HTTP is: lines `name: value`, which are headers, an empty line, the value. Without
//! an empty line there is no value.

use goalkeeper::config::Config;
use goalkeeper::domain::engine::{Engine, Input, Outcome, Refusal};
use goalkeeper::domain::event::Event;
use goalkeeper::domain::roster::{Roster, RosterData, Unit};
use goalkeeper::domain::settings::Settings;
use goalkeeper::domain::time::{DAY, Instant};
use goalkeeper::ingest::decode::{Decoded, Decoder, Message};
use goalkeeper::ingest::refusal::Reason;
use goalkeeper::store::{Checkpoint, InForce, Logs, Store};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

const KEY: [u8; 16] = [7; 16];
/// Far more than any refusal says: its detail names a place and never quotes a value.
const LONGEST_DETAIL: usize = 1_000;

thread_local! {
    /// One that has seen all the messages before.
    static USED: RefCell<Decoder> = RefCell::new(Decoder::new(KEY));
}

/// Decodes one record; true if it is an event.
pub fn run(bytes: &[u8]) -> bool {
    let end = bytes.windows(2).position(|two| two == b"\n\n");
    let (head, payload) = end.map_or((bytes, None), |at| (&bytes[..at], Some(&bytes[at + 2..])));
    let headers: Vec<(&str, &[u8])> = head.split(|byte| *byte == b'\n').filter_map(header).collect();
    let message = Message { payload, headers: &headers };
    let decoded = Decoder::new(KEY).decode(message);
    let again = USED.with_borrow_mut(|decoder| decoder.decode(message));
    assert_eq!(decoded, again, "what was decoded before makes a difference");
    let is_event = matches!(decoded, Ok(Decoded::Event(_)));
    match decoded {
        Ok(Decoded::Event(event)) => take(event),
        Ok(Decoded::Ignored(kind)) => assert!(kind.chars().count() <= 64, "{kind}"),
        Err(refused) => {
            assert!(Reason::ALL.contains(&refused.reason), "{refused}");
            assert!(refused.detail.len() <= LONGEST_DETAIL, "{refused}");
        }
    }
    is_event
}

fn header(line: &[u8]) -> Option<(&str, &[u8])> {
    let at = line.iter().position(|byte| *byte == b':')?;
    let value = &line[at + 1..];
    Some((std::str::from_utf8(&line[..at]).ok()?, value.strip_prefix(b" ").unwrap_or(value)))
}

fn engine() -> Engine {
    let company = Unit { id: "acme".into(), zone: None, hours: None };
    let data = RosterData { company, departments: vec![], teams: vec![], queues: vec![], reps: vec![], issues: vec![] };
    Engine::new(Arc::new(Roster::new(data)), Arc::new(Settings::default()))
}

/// Taken twice it counts once, and after a restart it is what it was.
fn take(event: Event) {
    let mut engine = engine();
    let partition = engine.partition("0");
    let time = event.time;
    let input = || Input::Event { partition, received: None, event: event.clone() };
    let first = engine.apply(input());
    let known = engine.export();
    let second = engine.apply(input());
    match first {
        Outcome::Refused(refusal) => {
            assert!(Refusal::ALL.contains(&refusal));
            assert_eq!(second, first);
        }
        _ => assert_eq!(second, Outcome::Unchanged, "a repeat is news"),
    }
    assert_eq!(engine.export(), known, "a repeat has changed something");
    let accounts = engine.accounts(partition);
    assert_eq!(accounts.applied + accounts.unchanged + accounts.refused.values().sum::<u64>(), 2);

    engine.apply(Input::Tick(Instant(time.0.saturating_add(DAY))));
    let known = engine.export();
    let store = Store::in_memory().expect("there is memory");
    let config = Config { settings: (**engine.settings()).clone(), ..Config::default() };
    let in_force = InForce::of(engine.roster().data(), &config);
    store.write(&Checkpoint::cut(&mut engine, BTreeMap::new(), Logs::default(), in_force)).expect("memory takes it");
    let saved = store.saved().expect("it was written").expect("it was written");
    let mut restarted = self::engine();
    store.restore(&mut restarted, saved.position).expect("it was written");
    assert_eq!(restarted.export(), known, "a restart has changed something");
    assert_eq!(restarted.check_books(), Ok(()));
}
