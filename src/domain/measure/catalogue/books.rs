//! The data itself: what is odd in it.

use super::super::formula::Formula;
use super::super::{Definition, Side, Unit};
use crate::domain::quantity::Quantity as Q;

pub(super) static DEFINITIONS: &[Definition] = &[
    Definition {
        name: "clock_skew",
        meaning: "Durations that came out negative and were counted as 0.",
        unit: Unit::Count,
        side: Side::QueueAndRep,
        formula_text: "negative waits, talks, holds, after-contact works, first responses and full resolutions",
        instant: "as the duration",
        edges: "Clocks of one log may disagree by seconds.",
        source: "rules 3",
        formula: Formula::Sum(&[Q::ClockSkew]),
    },
    Definition {
        name: "tied_events",
        meaning: "Events of one record, type and instant, whose order only their ids settle.",
        unit: Unit::Count,
        side: Side::Company,
        formula_text: "events beyond the first of each such group",
        instant: "the events' own",
        edges: "`seq` is the mend.",
        source: "rules 2",
        formula: Formula::Sum(&[Q::Tied]),
    },
    Definition {
        name: "judgements_unattributed",
        meaning: "Surveys, reviews and complaints that name a contact or ticket of which nothing is known.",
        unit: Unit::Count,
        side: Side::Company,
        formula_text: "judgements whose contact or ticket has no events (it expired, or never came)",
        instant: "the judgement's first event",
        edges: "They count for the company, and for the rep or queue that they name themselves.",
        source: "rules 4",
        formula: Formula::Sum(&[Q::JudgementsUnattributed]),
    },
];
