//! P2 in the small: histories of a few events, cut down to the fewest that differ before they are shown.

use super::chance::Chance;
use super::compare::with_oracle;
use super::{centre, for_seeds, history};
use goalkeeper::domain::engine::{Engine, Input};
use goalkeeper::domain::event::{Content, Event};
use goalkeeper::domain::roster::{Roster, RosterData};
use goalkeeper::domain::settings::Settings;
use goalkeeper::domain::time::{DAY, HOUR, Instant, MINUTE};
use std::sync::Arc;

fn differs(seed: u64, events: &[Event], roster: &RosterData, settings: &Settings, now: Instant) -> Option<String> {
    let mut engine = Engine::new(Arc::new(Roster::new(roster.clone())), Arc::new(settings.clone()));
    let partition = engine.partition("0");
    engine.apply(Input::Tick(now));
    for event in events {
        engine.apply(Input::Event { partition, received: None, event: event.clone() });
    }
    let windows = ["2h", "hour", "day", "30d", "all"];
    with_oracle(&engine, events, roster, settings, &windows, &mut Chance::new(seed)).err()
}

/// Leaves out whatever can be left out with a difference remaining.
fn fewest(mut events: Vec<Event>, differs: impl Fn(&[Event]) -> bool) -> Vec<Event> {
    let mut at = events.len();
    while at > 0 {
        at -= 1;
        let mut fewer = events.clone();
        fewer.remove(at);
        if differs(&fewer) {
            events = fewer;
            at = at.min(events.len());
        }
    }
    events
}

fn shown(event: &Event) -> String {
    let content = match &event.content {
        Content::Nothing => "retracted".to_owned(),
        Content::Contact(contact) => format!("{:?} {:?}", contact.what, contact.shared),
        Content::Ticket(ticket) => format!("{ticket:?}"),
        Content::Survey(survey) => format!("{survey:?}"),
        other => format!("{other:?}"),
    };
    let Event { source, id, time, seq, revision, subject, .. } = event;
    format!(
        "{} seq {seq} rev {revision} {source} {id} of {:?} {}: {content}",
        time.to_rfc3339(),
        subject.kind,
        subject.id
    )
}

#[test]
fn figures_of_a_few_events_equal_the_oracles() {
    for_seeds(1500, |seed| {
        let mut chance = Chance::new(seed);
        let begin = history::begin(&mut chance);
        let days = chance.pick(&[1, 1, 9]);
        let size = chance.between(1, 12) as usize;
        let roster = centre::roster(begin, days, &mut chance);
        let settings = centre::settings(&mut chance).without_horizon();
        let mut events = match chance.per_cent(15) {
            true => history::visits(seed, begin),
            false => history::history(seed, begin, days, size),
        };
        chance.shuffle(&mut events);
        let last = events.iter().map(|event| event.time.0).max().unwrap_or(begin);
        let ahead = chance.pick(&[0, 5 * MINUTE, HOUR, 5 * HOUR, 2 * DAY, 9 * DAY]);
        let now = Instant(last + ahead);
        if differs(seed, &events, &roster, &settings, now).is_some() {
            let few = fewest(events, |few| differs(seed, few, &roster, &settings, now).is_some());
            let list: String = few.iter().map(|event| format!("\n  {}", shown(event))).collect();
            let difference = differs(seed, &few, &roster, &settings, now).unwrap_or_default();
            panic!("{difference}\nafter{list}");
        }
    });
}
