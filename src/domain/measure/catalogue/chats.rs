//! Chats: how long customers wait for an answer while they write.

use super::super::formula::Formula;
use super::super::{Definition, Side, Unit};
use crate::domain::quantity::Quantity as Q;

pub(super) static DEFINITIONS: &[Definition] = &[
    Definition {
        name: "chat_first_response_{statistic}",
        meaning: "From the customer's first message to the first message of a rep after it.",
        unit: Unit::Seconds,
        side: Side::Rep,
        formula_text: "first message of a rep after one of the customer - the customer's first message",
        instant: "the response",
        edges: "Bots and the system never reply. A greeting before the customer has written is no response. Credit: the \
                rep who replied, in the queue that the message names, else that of the handling. Inbound only.",
        source: "Zendesk messaging, first reply time",
        formula: Formula::Duration {
            sum: &[Q::ChatFirstResponseTime],
            known: &[Q::ChatFirstResponses],
            sketch: &[Q::ChatFirstResponseTimes],
        },
    },
    Definition {
        name: "chat_response_{statistic}",
        meaning: "From the customer's oldest unanswered message to the answer of a rep, each time.",
        unit: Unit::Seconds,
        side: Side::Rep,
        formula_text: "message of a rep - the customer's oldest message that nobody had answered",
        instant: "the response",
        edges: "Further messages of the customer do not restart it. As for the first response.",
        source: "Zendesk, next reply time",
        formula: Formula::Duration {
            sum: &[Q::ChatResponseTime],
            known: &[Q::ChatResponses],
            sketch: &[Q::ChatResponseTimes],
        },
    },
    Definition {
        name: "chat_responses",
        meaning: "Messages of reps that answered the customer.",
        unit: Unit::Count,
        side: Side::Rep,
        formula_text: "messages of reps while one of the customer was unanswered",
        instant: "the response",
        edges: "A second message in a row answers nothing.",
        source: "Zendesk, next replies",
        formula: Formula::Sum(&[Q::ChatResponses]),
    },
];
