//! Transfers: contacts that reps pass on, and whether they had to.

use super::super::formula::Formula;
use super::super::{Definition, Side, Unit};
use crate::domain::quantity::Quantity as Q;

const COMPLETED: &[Q] = &[Q::TransfersBlind, Q::TransfersAttended, Q::TransfersQueue, Q::TransfersOther];
const CLASSIFIED: &[Q] = &[Q::TransfersNeeded, Q::TransfersUnneeded];
const ALL_CLASSES: &[Q] = &[Q::TransfersNeeded, Q::TransfersUnneeded, Q::TransfersUnclassified];

const BY_CLASS: &str = "By the event's `needed`, else by the disposition of the rep (measures.transfers), else by the owner of \
                        the issue in the roster: to the owner is needed, by a member of the owner's own team is not.";

pub(super) static DEFINITIONS: &[Definition] = &[
    count("transfers", "Contacts passed on.", "completed transfers of every kind but consult", COMPLETED),
    count(
        "transfers_blind",
        "Contacts passed on without a word to whom they went.",
        "completed transfers of kind blind",
        &[Q::TransfersBlind],
    ),
    count(
        "transfers_attended",
        "Contacts passed on after a word to whom they went.",
        "completed transfers of kind attended",
        &[Q::TransfersAttended],
    ),
    count(
        "transfers_queue",
        "Contacts passed on to a queue.",
        "completed transfers of kind queue",
        &[Q::TransfersQueue],
    ),
    count(
        "transfers_other",
        "Contacts passed on in a way that the vocabulary does not know.",
        "completed transfers of any other kind",
        &[Q::TransfersOther],
    ),
    count(
        "transfers_consult",
        "Consultations without a transfer; not among the transfers.",
        "completed transfers of kind consult",
        &[Q::Consults],
    ),
    count(
        "transfers_failed",
        "Transfers and consultations that failed or came back.",
        "transfers with a result other than completed",
        &[Q::TransfersFailed],
    ),
    Definition {
        name: "transfer_rate",
        meaning: "Share of handled contacts that the rep passed on.",
        unit: Unit::Ratio,
        side: Side::Rep,
        formula_text: "handlings with a completed transfer other than a consultation / handlings",
        instant: "as handled",
        edges: "Both halves when handled, so it never exceeds the whole. Two transfers of one handling count once.",
        source: "Genesys Cloud, nTransferred / nHandled",
        formula: Formula::Ratio(&[Q::HandledTransferred], &[Q::Handled]),
    },
    class("transfers_needed", "Transfers that were needed.", &[Q::TransfersNeeded]),
    class("transfers_unneeded", "Transfers that were not needed.", &[Q::TransfersUnneeded]),
    class(
        "transfers_unclassified",
        "Transfers of which nothing says whether they were needed.",
        &[Q::TransfersUnclassified],
    ),
    share(
        "transfer_unneeded_rate",
        "Share of transfers that were not needed, of those known to be needed or not.",
        "unneeded / (needed + unneeded)",
        Formula::Ratio(&[Q::TransfersUnneeded], CLASSIFIED),
    ),
    share(
        "transfer_unclassified_rate",
        "Share of transfers of which nothing says whether they were needed.",
        "unclassified / (needed + unneeded + unclassified)",
        Formula::Ratio(&[Q::TransfersUnclassified], ALL_CLASSES),
    ),
];

const fn count(
    name: &'static str,
    meaning: &'static str,
    formula_text: &'static str,
    quantities: &'static [Q],
) -> Definition {
    Definition {
        name,
        meaning,
        unit: Unit::Count,
        side: Side::Rep,
        formula_text,
        instant: "the transfer",
        edges: "Failed and returned ones are no transfers. Credit: the rep who passed it on. Inbound only.",
        source: "Genesys Cloud, nBlindTransferred, nConsultTransferred, nConsult; Twilio",
        formula: Formula::Sum(quantities),
    }
}

const fn class(name: &'static str, meaning: &'static str, quantities: &'static [Q]) -> Definition {
    Definition {
        edges: BY_CLASS,
        source: "rules 6",
        ..count(name, meaning, "completed transfers of the class", quantities)
    }
}

const fn share(name: &'static str, meaning: &'static str, formula_text: &'static str, formula: Formula) -> Definition {
    Definition {
        name,
        meaning,
        unit: Unit::Ratio,
        side: Side::Rep,
        formula_text,
        instant: "the transfer",
        edges: BY_CLASS,
        source: "derived from the classes of transfers",
        formula,
    }
}
