//! First-contact resolution: whether customers come back.

use super::super::formula::Formula;
use super::super::{Definition, Side, Unit};
use crate::domain::quantity::Quantity as Q;

pub(super) static DEFINITIONS: &[Definition] = &[Definition {
    name: "first_contact_resolution",
    meaning: "Share of answered contacts after which the customer did not come back within the window.",
    unit: Unit::Ratio,
    side: Side::Rep,
    formula_text: "answered inbound contacts with a customer and no later inbound contact of that customer within \
                       the first-contact window / answered inbound contacts with a customer",
    instant: "the contact's first event, once the window has passed",
    edges: "Any inbound contact is a repeat, abandoned or lost in the menu too. Credit: the last handling rep.",
    source: "SQM, QueueMetrics; the window: callcentrehelper.com",
    formula: Formula::Ratio(&[Q::FirstContactResolved], &[Q::FirstContactEligible]),
}];
