//! The rest of the house: what reps learn, and figures of other departments.

use super::super::formula::Formula;
use super::super::{Definition, Side, Unit};
use crate::domain::quantity::Quantity as Q;

pub(super) static DEFINITIONS: &[Definition] = &[
    Definition {
        name: "certifications_earned",
        meaning: "Certifications earned.",
        unit: Unit::Count,
        side: Side::Rep,
        formula_text: "certifications earned",
        instant: "when it was earned",
        edges: "Earned again counts again.",
        source: "goals of technical support",
        formula: Formula::Sum(&[Q::CertificationsEarned]),
    },
    Definition {
        name: "certifications_lapsed",
        meaning: "Certifications that lapsed.",
        unit: Unit::Count,
        side: Side::Rep,
        formula_text: "certifications that expired and were not earned again by then",
        instant: "the expiry",
        edges: "Credit: the rep, and the team the rep is in then.",
        source: "goals of technical support",
        formula: Formula::Sum(&[Q::CertificationsLapsed]),
    },
    Definition {
        name: "coaching_sessions",
        meaning: "Coaching sessions.",
        unit: Unit::Count,
        side: Side::Rep,
        formula_text: "sessions",
        instant: "the session",
        edges: "Credit: the rep coached.",
        source: "action plans",
        formula: Formula::Sum(&[Q::CoachingSessions]),
    },
    Definition {
        name: "reported_value",
        meaning: "A figure from elsewhere: sales, order processing, mystery shopping, returning customers.",
        unit: Unit::Weighted,
        side: Side::Named,
        formula_text: "sum of numerators / sum of denominators; a value without halves is value * sample / sample, without a sample 1",
        instant: "the last millisecond of the period",
        edges: "The same source, figure, scope and period again replaces it. It counts for the scope named only: those above report their own.",
        source: "events: measure.reported",
        formula: Formula::Reported,
    },
    Definition {
        name: "reported_sum",
        meaning: "What figures from elsewhere add up to.",
        unit: Unit::Number,
        side: Side::Named,
        formula_text: "sum of numerators; a value without halves is value * sample, without a sample 1",
        instant: "the last millisecond of the period",
        edges: "As reported_value.",
        source: "events: measure.reported",
        formula: Formula::Total(Q::ReportedNumerator, Q::ReportedFigures),
    },
    Definition {
        name: "reported_figures",
        meaning: "Figures that were reported from elsewhere.",
        unit: Unit::Count,
        side: Side::Named,
        formula_text: "figures, one for each source, figure, scope and period",
        instant: "the last millisecond of the period",
        edges: "As reported_value.",
        source: "events: measure.reported",
        formula: Formula::Sum(&[Q::ReportedFigures]),
    },
];
