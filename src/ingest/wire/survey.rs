//! `data` of surveys.

use super::object::{Fields, Problem, Read, Result, fields};
use super::value::{Id, Points};
use super::word::{Vocabulary, Word, vocabulary};
use crate::ingest::json::Value;
use schemars::JsonSchema;

fields! {
    /// All that any survey.* event may say.
    struct SurveyData {
        /// Id of the survey.
        survey: Option<Id<'a>>,
        /// The contact it is about.
        contact: Option<Id<'a>>,
        /// The source of that contact, if another.
        contact_source: Option<Id<'a>>,
        /// The ticket it is about.
        ticket: Option<Id<'a>>,
        /// The source of that ticket, if another.
        ticket_source: Option<Id<'a>>,
        /// The rep judged; without it the last handling rep of the contact or ticket.
        rep: Option<Id<'a>>,
        /// The queue judged; without it that of the contact or ticket.
        queue: Option<Id<'a>>,
        /// survey.answered: which question; the same again replaces the answer.
        question: Option<Id<'a>>,
        /// survey.answered: what the score means.
        scale: Option<Word<ScaleName>>,
        /// survey.answered: the score; 0-10 for `nps`, 0-`max` for `csat`, 1-10 for `csi`.
        score: Option<Points>,
        /// survey.answered: the best score of `csat`.
        max: Option<Points>,
        /// survey.answered: weight of the question; 1 unless said.
        weight: Option<Points>,
    }
}

/// The scale of a survey's answer, without its range.
#[derive(Clone, Copy, Debug)]
pub(in crate::ingest) enum ScaleName {
    Nps,
    Csat,
    Ces,
    Csi,
}

vocabulary!(ScaleName, None, { "nps" => Nps, "csat" => Csat, "ces" => Ces, "csi" => Csi });
