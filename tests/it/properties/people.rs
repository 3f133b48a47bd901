//! Generated days of reps: their states, and the shifts that were planned for them.

use super::centre::{PHONES, REPS};
use super::history::Pen;
use goalkeeper::domain::event::{Content, Facet, Kind, RepState, ShiftEvent, StateEvent};
use goalkeeper::domain::time::{DAY, HOUR, Instant, MINUTE};

const STATES: [RepState; 8] = [
    RepState::Available,
    RepState::OnContact,
    RepState::WrapUp,
    RepState::Break,
    RepState::Training,
    RepState::Meeting,
    RepState::Offline,
    RepState::Other,
];

/// Writes what a rep did for some hours: states with heartbeats, now and then one of presence, and a logout that may be
/// lost; and perhaps the shift.
pub fn day(pen: &mut Pen, at: i64) {
    let source = pen.chance.pick(&PHONES);
    let rep = pen.chance.pick(&REPS);
    let rep = pen.alias(source, rep);
    if pen.chance.per_cent(40) {
        let (from, to) = (Instant(at - pen.chance.span(HOUR)), Instant(at + pen.chance.span(9 * HOUR)));
        let activity = pen.chance.pick(&STATES);
        let id = format!("s{at}{rep}");
        let event = ShiftEvent { rep: rep.clone(), from, to, activity };
        pen.write(source, (Kind::Shift, id), at - HOUR, 0, Content::Shift(Box::new(event)));
        if pen.chance.per_cent(50) {
            // Something else within it, or over its end.
            let from = Instant(at + pen.chance.span(4 * HOUR));
            let to = Instant(from.0 + MINUTE + pen.chance.span(3 * HOUR));
            let (activity, id) = (pen.chance.pick(&STATES), format!("p{at}{rep}"));
            let event = ShiftEvent { rep: rep.clone(), from, to, activity };
            pen.write(source, (Kind::Shift, id), at - HOUR, 0, Content::Shift(Box::new(event)));
        }
    }
    let mut at = at;
    let mut state = RepState::Available;
    for _ in 0..pen.chance.between(1, 12) {
        let facet = if pen.chance.per_cent(20) { Facet::Presence } else { Facet::Activity };
        state = match (facet, pen.chance.per_cent(20)) {
            (Facet::Presence, _) => pen.chance.pick(&[RepState::Available, RepState::Offline]),
            (Facet::Activity, true) => state,
            (Facet::Activity, false) => pen.chance.pick(&STATES),
        };
        // The day is in the record's id: a corrected time must not lie on another one.
        if (MINUTE..DAY - MINUTE).contains(&at.rem_euclid(DAY)) {
            let id = format!("{}\t{}\t{rep}", facet.name(), at.div_euclid(DAY));
            let event = StateEvent { rep: rep.clone(), facet, state, reason: None };
            pen.write(source, (Kind::Timeline, id), at, 0, Content::State(Box::new(event)));
        }
        at += match pen.chance.below(8) {
            0 => 0,
            1 => pen.chance.span(20 * HOUR),
            _ => pen.chance.span(90 * MINUTE),
        };
    }
}
