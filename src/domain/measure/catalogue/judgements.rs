//! Judgements: what customers and reviewers say.

use super::super::formula::Formula;
use super::super::{Definition, Side, Unit};
use crate::domain::quantity::Quantity as Q;

pub(super) static DEFINITIONS: &[Definition] = &[
    Definition {
        name: "surveys_offered",
        meaning: "Surveys put to customers.",
        unit: Unit::Count,
        side: Side::Rep,
        formula_text: "surveys offered",
        instant: "the offer",
        edges: "Credit: the last handling rep of the contact or ticket, unless the survey names one.",
        source: "Zendesk",
        formula: Formula::Sum(&[Q::SurveysOffered]),
    },
    Definition {
        name: "survey_response_rate",
        meaning: "Share of offered surveys that were answered.",
        unit: Unit::Ratio,
        side: Side::Rep,
        formula_text: "offered surveys with an answer / offered surveys",
        instant: "the offer, both halves",
        edges: "An answer to a survey that nobody offered is in no half.",
        source: "rules 6",
        formula: Formula::Ratio(&[Q::SurveysAnswered], &[Q::SurveysOffered]),
    },
    Definition {
        name: "csat",
        meaning: "Share of satisfied answers (top box).",
        unit: Unit::Ratio,
        side: Side::Rep,
        formula_text: "csat answers with score >= 80 % of the best / csat answers",
        instant: "the answer",
        edges: "On five points 4 and 5 are satisfied. A changed rating replaces the former.",
        source: "Zendesk, Chatwoot",
        formula: Formula::Ratio(&[Q::CsatSatisfied], &[Q::CsatAnswers]),
    },
    Definition {
        name: "csat_score_mean",
        meaning: "Mean satisfaction as a share of the best score.",
        unit: Unit::Score,
        side: Side::Rep,
        formula_text: "sum of score / best score, in thousandths / (1000 * csat answers)",
        instant: "the answer",
        edges: "Scales of different length are made comparable by their best score.",
        source: "Chatwoot",
        formula: Formula::Ratio(&[Q::CsatScore], &[Q::CsatAnswers]),
    },
    Definition {
        name: "nps",
        meaning: "Net promoter score.",
        unit: Unit::Points,
        side: Side::Rep,
        formula_text: "100 * (answers of 9 and 10 - answers of 0 to 6) / answers",
        instant: "the answer",
        edges: "Sevens and eights stay in the denominator.",
        source: "Bain",
        formula: Formula::Nps,
    },
];
