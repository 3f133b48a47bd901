//! First-contact resolution: whether customers come back, or what the source says of it.

use super::super::formula::Formula;
use super::super::{Definition, Side, Unit};
use crate::domain::quantity::Quantity as Q;

pub(super) static DEFINITIONS: &[Definition] = &[
    Definition {
        name: "first_contact_resolution",
        meaning: "Share of answered contacts after which the customer did not come back within the window.",
        unit: Unit::Ratio,
        side: Side::Rep,
        formula_text: "answered inbound contacts with a customer and no repeat contact within the first-contact window / \
                       answered inbound contacts with a customer",
        instant: "the contact's first event, once the window has passed",
        edges: "Settings say what is a repeat: `key` (the customer, or customer and issue; then a contact without an \
                issue is in neither half), `channels`, `abandoned_repeats`; by default any inbound contact is, abandoned \
                or lost in the menu too. Contacts of one journey (the same `root`) are no repeats of each other. A ticket \
                that its customer opened is an inbound contact too (inbound, no `by` at its creation, neither merged nor \
                deleted): it may be a repeat and is never judged itself. `transferred: never_resolved` leaves a contact that was passed on in the \
                denominator only; a consultation, and a transfer that failed or came back, do not pass it on. Credit: \
                `last`, `first`, `all` or `split`. With `all` each rep has the whole contact, with `split` an equal share \
                (both halves are then thousandths of contacts, and the sample is contacts); teams and queues have each \
                contact once, with the last handling rep's team and queue.",
        source: "SQM, QueueMetrics; the window: callcentrehelper.com; credit: Sprinklr (last)",
        formula: Formula::FirstContact {
            contacts: [Q::FirstContactEligible, Q::FirstContactResolved],
            shares: [Q::FirstContactEligibleShare, Q::FirstContactResolvedShare],
        },
    },
    Definition {
        name: "first_contact_resolution_provisional",
        meaning: "Share of answered contacts whose window still runs after which the customer has not come back so far.",
        unit: Unit::Ratio,
        side: Side::Rep,
        formula_text: "answered inbound contacts with a customer whose first-contact window has not passed, and no repeat \
                       contact so far / answered inbound contacts with a customer whose window has not passed",
        instant: "the contact's first event, until the window has passed",
        edges: "As first_contact_resolution, which has the contact from then on: no contact is in both. Repeats are still to \
                come, so it looks too good.",
        source: "contacts whose window is open are kept apart in the field, because the newest days look too good",
        formula: Formula::FirstContact {
            contacts: [Q::FirstContactPending, Q::FirstContactPendingResolved],
            shares: [Q::FirstContactPendingShare, Q::FirstContactPendingResolvedShare],
        },
    },
    Definition {
        name: "first_contact_resolution_by_flag",
        meaning: "Share of contacts that were resolved, as the source says, among those of which it says so or not.",
        unit: Unit::Ratio,
        side: Side::Rep,
        formula_text: "answered inbound contacts with `resolved: true` / answered inbound contacts with `resolved`",
        instant: "the end of the last handling",
        edges: "The latest flag of a contact wins. A contact without one is in neither half, and so is one that nobody \
                answered or that is still being handled. Credit: the last handling rep.",
        source: "Amazon Connect (contacts resolved on first contact), ICMI (asked at the end of the call)",
        formula: Formula::Ratio(&[Q::ContactsFlaggedResolved], &[Q::ContactsFlagged]),
    },
    Definition {
        name: "repeat_contacts",
        meaning: "Contacts that came within the first-contact window after another contact of the customer.",
        unit: Unit::Count,
        side: Side::Queue,
        formula_text: "inbound contacts with a customer that came within the first-contact window after another of the same \
                       key",
        instant: "the contact's first event",
        edges: "The settings of first_contact_resolution say which contacts may be repeats and what they share with the one \
                before. It counts where the contact came in: for the queue that it entered first. A ticket that its \
                customer opened is a contact too, where it was created.",
        source: "QueueMetrics (recall clusters)",
        formula: Formula::Sum(&[Q::RepeatContacts]),
    },
    Definition {
        name: "repeat_rate",
        meaning: "Share of contacts that came within the first-contact window after another contact of the customer.",
        unit: Unit::Ratio,
        side: Side::Queue,
        formula_text: "repeat_contacts / inbound contacts with a customer that may be repeats",
        instant: "the contact's first event",
        edges: "Contacts that the settings do not let be repeats (channel, abandoned, no issue) are in neither half. \
                Tickets that their customers opened are in both halves like calls. What becomes of a ticket after its \
                customer's books are closed changes nothing.",
        source: "QueueMetrics (recall clusters)",
        formula: Formula::Ratio(&[Q::RepeatContacts], &[Q::CustomerContacts]),
    },
];
