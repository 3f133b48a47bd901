//! Distributions: durations of which every value is known, and what of them histograms tell.

use super::Thresholds;
use crate::domain::quantity::{Cell, Quantity as Q};
use crate::domain::settings::Settings;
use crate::domain::sketch::{Bounds, parameter_of};
use crate::domain::time::Span;

/// A duration with a distribution. Reps have the sum and the count of it only.
#[derive(Debug)]
pub struct Distribution {
    /// The name of its histograms.
    pub name: &'static str,
    /// What it means, in one sentence.
    pub meaning: &'static str,
    /// Its cells by bucket.
    pub cells: Q,
    /// The sum of all values.
    pub sum: Q,
    /// How many there are.
    pub known: Q,
    /// How many there are within each threshold, where that counts at the same scope and instant.
    pub within: Option<Q>,
    thresholds: &'static [Thresholds],
    /// Exponents of the powers of two (in milliseconds) at which histograms tell it: the first, the last, the step.
    powers: (u32, u32, usize),
}

const WAITS: &[Thresholds] = &[Thresholds::Wait, Thresholds::ServiceLevel, Thresholds::ShortAbandon];
/// 2 s to 17 min.
const OF_A_WAIT: (u32, u32, usize) = (11, 20, 1);
/// 16 s to 70 min.
const OF_A_TALK: (u32, u32, usize) = (14, 22, 1);
/// 1 s to 17 min.
const OF_A_CHAT: (u32, u32, usize) = (10, 20, 1);
/// 4 min to 12 d.
const OF_A_TICKET: (u32, u32, usize) = (18, 30, 2);

/// Every distribution, in the order of its quantities.
pub static DISTRIBUTIONS: [Distribution; 15] = [
    Distribution {
        name: "answered_wait",
        meaning: "How long answered contacts waited in the queue.",
        cells: Q::AnsweredWaits,
        sum: Q::AnsweredWait,
        known: Q::AnsweredWaitKnown,
        within: Some(Q::AnsweredWithin),
        thresholds: WAITS,
        powers: OF_A_WAIT,
    },
    Distribution {
        name: "abandoned_wait",
        meaning: "How long customers waited before they gave up.",
        cells: Q::AbandonedWaits,
        sum: Q::AbandonedWait,
        known: Q::AbandonedWaitKnown,
        within: Some(Q::AbandonedWithin),
        thresholds: WAITS,
        powers: OF_A_WAIT,
    },
    Distribution {
        name: "left_wait",
        meaning: "How long contacts waited that left the queue another way.",
        cells: Q::LeftWaits,
        sum: Q::LeftWait,
        known: Q::LeftWaitKnown,
        within: Some(Q::LeftWithin),
        thresholds: WAITS,
        powers: OF_A_WAIT,
    },
    Distribution {
        name: "talk",
        meaning: "Connected time less hold of inbound contacts.",
        cells: Q::TalkTimes,
        sum: Q::Talk,
        known: Q::TalkKnown,
        within: None,
        thresholds: &[],
        powers: OF_A_TALK,
    },
    Distribution {
        name: "handle_time",
        meaning: "Talk, hold and after-contact work of an inbound contact together.",
        cells: Q::HandleTimes,
        sum: Q::HandleTime,
        known: Q::HandleTimeKnown,
        within: None,
        thresholds: &[],
        powers: OF_A_TALK,
    },
    Distribution {
        name: "chat_first_response",
        meaning: "From the customer's first message to the first message of a rep after it.",
        cells: Q::ChatFirstResponseTimes,
        sum: Q::ChatFirstResponseTime,
        known: Q::ChatFirstResponses,
        within: None,
        thresholds: &[],
        powers: OF_A_CHAT,
    },
    Distribution {
        name: "chat_response",
        meaning: "From the customer's oldest unanswered message to the answer of a rep.",
        cells: Q::ChatResponseTimes,
        sum: Q::ChatResponseTime,
        known: Q::ChatResponses,
        within: None,
        thresholds: &[],
        powers: OF_A_CHAT,
    },
    Distribution {
        name: "first_response",
        meaning: "From the creation of a ticket to the first public message of a rep, on the calendar clock.",
        cells: Q::FirstResponseTimes,
        sum: Q::FirstResponseTime,
        known: Q::FirstResponses,
        within: None,
        thresholds: &[Thresholds::Response],
        powers: OF_A_TICKET,
    },
    Distribution {
        name: "first_response_business",
        meaning: "From the creation of a ticket to the first public message of a rep, on the business clock.",
        cells: Q::FirstResponseBusinessTimes,
        sum: Q::FirstResponseBusinessTime,
        known: Q::FirstResponses,
        within: None,
        thresholds: &[Thresholds::Response],
        powers: OF_A_TICKET,
    },
    Distribution {
        name: "next_response",
        meaning: "From the oldest message of a customer that was not answered to the reply, on the calendar clock.",
        cells: Q::NextResponseTimes,
        sum: Q::NextResponseTime,
        known: Q::NextResponses,
        within: None,
        thresholds: &[Thresholds::Response],
        powers: OF_A_TICKET,
    },
    Distribution {
        name: "next_response_business",
        meaning: "From the oldest message of a customer that was not answered to the reply, on the business clock.",
        cells: Q::NextResponseBusinessTimes,
        sum: Q::NextResponseBusinessTime,
        known: Q::NextResponses,
        within: None,
        thresholds: &[Thresholds::Response],
        powers: OF_A_TICKET,
    },
    Distribution {
        name: "first_resolution",
        meaning: "From the creation of a ticket to its first solve, on the calendar clock.",
        cells: Q::FirstResolutionTimes,
        sum: Q::FirstResolutionTime,
        known: Q::FirstResolutions,
        within: None,
        thresholds: &[],
        powers: OF_A_TICKET,
    },
    Distribution {
        name: "first_resolution_business",
        meaning: "From the creation of a ticket to its first solve, on the business clock.",
        cells: Q::FirstResolutionBusinessTimes,
        sum: Q::FirstResolutionBusinessTime,
        known: Q::FirstResolutions,
        within: None,
        thresholds: &[],
        powers: OF_A_TICKET,
    },
    Distribution {
        name: "full_resolution",
        meaning: "From the creation of a ticket to its last solve, on the calendar clock.",
        cells: Q::FullResolutionTimes,
        sum: Q::FullResolutionTime,
        known: Q::FullResolutions,
        within: None,
        thresholds: &[Thresholds::Resolution],
        powers: OF_A_TICKET,
    },
    Distribution {
        name: "full_resolution_business",
        meaning: "From the creation of a ticket to its last solve, on the business clock.",
        cells: Q::FullResolutionBusinessTimes,
        sum: Q::FullResolutionBusinessTime,
        known: Q::FullResolutions,
        within: None,
        thresholds: &[Thresholds::Resolution],
        powers: OF_A_TICKET,
    },
];

impl Distribution {
    /// The distribution that a quantity is a part of: its cells, sum, count, or counts within thresholds.
    pub fn of(quantity: Q) -> Option<&'static Distribution> {
        let is_part = |d: &&Distribution| [d.cells, d.sum, d.known].contains(&quantity) || d.within == Some(quantity);
        DISTRIBUTIONS.iter().find(is_part)
    }

    /// The bounds at which its histograms tell it: every configured threshold, and powers of two.
    pub fn bounds(&self, settings: &Settings) -> Bounds {
        let (first, last, step) = self.powers;
        let thresholds: Vec<Span> = self.configured(settings).collect();
        Bounds::new((first..=last).step_by(step), &thresholds)
    }

    fn configured(&self, settings: &Settings) -> impl Iterator<Item = Span> {
        self.thresholds.iter().flat_map(|family| family.of(settings).iter().copied())
    }
}

impl Settings {
    /// The cell of a duration in the distribution whose cells are `cells`.
    pub(in crate::domain) fn cell_of(&self, cells: Q, span: Span) -> Cell {
        // They are sorted by it.
        let number = (cells as usize).saturating_sub(Q::AnsweredWaits as usize);
        Cell::with(cells, parameter_of(span.0, DISTRIBUTIONS[number].configured(self)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_quantity_of_buckets_has_its_distribution_in_its_own_place() {
        let cells: Vec<Q> = Q::ALL.into_iter().filter(|quantity| quantity.is_distribution()).collect();
        assert_eq!(DISTRIBUTIONS.each_ref().map(|distribution| distribution.cells).as_slice(), cells);
    }

    #[test]
    fn every_configured_threshold_is_a_bound() {
        let settings = Settings::default();
        let bounds = |name: &str| {
            let found = DISTRIBUTIONS.iter().find(|distribution| distribution.name == name);
            found.expect("is there").bounds(&settings)
        };
        for seconds in [5, 20, 60] {
            assert!(bounds("answered_wait").spans().contains(&Span::seconds(seconds)));
        }
        assert!(bounds("first_response").spans().contains(&Span::hours(4)));
        assert!(bounds("full_resolution").spans().contains(&Span::hours(24)));
    }
}
