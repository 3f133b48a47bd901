//! Surveys: what was asked, what was answered, and who is judged by it.

use super::booking::{Credit, Message};
use super::contribution::Draft;
use super::event::{About, Content, Kind, Name, Scale, SurveyWhat};
use super::quantity::Quantity as Q;
use super::record::{Record, RecordKey};
use super::scope::Path;
use super::time::Instant;
use std::sync::Arc;

/// Promoters give at least this, in thousandths of a point.
const PROMOTER: i64 = 9_000;
/// Detractors give at most this, in thousandths of a point.
const DETRACTOR: i64 = 6_000;

/// What a survey is, folded from its entries.
#[derive(Debug, Default)]
struct Facts<'a> {
    first: Option<Instant>,
    last: Instant,
    about: Option<(&'a Name, &'a About)>,
    rep: Option<Name>,
    queue: Option<Name>,
    offered: Option<Instant>,
    answers: Vec<Answer<'a>>,
}

#[derive(Debug)]
struct Answer<'a> {
    question: Option<&'a Name>,
    at: Instant,
    scale: Scale,
    score: i64,
}

/// Books what a survey stands for, and links it to the contact or ticket that it names.
pub(super) fn contribute(record: &Record, draft: &mut Draft<'_>) {
    let facts = fold(record, draft);
    let Some(first) = facts.first else { return };
    let mut told = None;
    if let Some((source, about)) = facts.about {
        let source = about.source.as_ref().unwrap_or(source);
        let to = RecordKey::named(about.kind, source, &about.id, draft.context.settings);
        let note = record.received.iter().find_map(|received| match &received.message {
            Message::Handling(credit) if received.from == to => Some((credit, received.frozen)),
            _ => None,
        });
        // What a contact told before it expired stays: asked again it would answer that nothing is known of it.
        if !note.is_some_and(|(credit, frozen)| credit.known && frozen) {
            draft.send(to, Message::Link(facts.last));
        }
        told = note.map(|(credit, _)| credit.clone());
        if !told.as_ref().is_some_and(|credit| credit.known) {
            let company = draft.context.roster.company_path();
            draft.ledger.book(&company, first, Q::SurveysUnattributed, 1);
        }
    }
    let credit = told.unwrap_or_default();
    if let Some(at) = facts.offered {
        let path = facts.path(&credit, at, draft);
        draft.ledger.book(&path, at, Q::SurveysOffered, 1);
        if !facts.answers.is_empty() {
            draft.ledger.book(&path, at, Q::SurveysAnswered, 1);
        }
    }
    for answer in &facts.answers {
        let path = facts.path(&credit, answer.at, draft);
        book(answer, &path, draft);
    }
}

fn book(answer: &Answer<'_>, path: &Arc<Path>, draft: &mut Draft<'_>) {
    let at = answer.at;
    match answer.scale {
        Scale::Nps => {
            draft.ledger.book(path, at, Q::NpsAnswers, 1);
            if answer.score >= PROMOTER {
                draft.ledger.book(path, at, Q::NpsPromoters, 1);
            } else if answer.score <= DETRACTOR {
                draft.ledger.book(path, at, Q::NpsDetractors, 1);
            }
        }
        Scale::Csat { max } => {
            draft.ledger.book(path, at, Q::CsatAnswers, 1);
            draft.ledger.book(path, at, Q::CsatScore, answer.score * 1000 / max);
            if answer.score * 5 >= max * 4 {
                draft.ledger.book(path, at, Q::CsatSatisfied, 1);
            }
        }
        // Kept in the record; no measure of them yet.
        Scale::Ces | Scale::Csi => {}
    }
}

fn fold<'a>(record: &'a Record, draft: &Draft<'_>) -> Facts<'a> {
    let mut facts = Facts::default();
    for entry in record.holding() {
        let Content::Survey(event) = &entry.content else { continue };
        facts.first.get_or_insert(entry.time);
        facts.last = entry.time;
        if let Some(about) = &event.about {
            debug_assert!(matches!(about.kind, Kind::Contact | Kind::Ticket));
            facts.about = Some((&entry.source, about));
        }
        if let Some(rep) = &event.rep {
            facts.rep = Some(draft.context.roster.rep_id(&entry.source, rep).clone());
        }
        if let Some(queue) = &event.queue {
            facts.queue = Some(draft.queue(&entry.source, queue));
        }
        match &event.what {
            SurveyWhat::Offered => {
                facts.offered.get_or_insert(entry.time);
            }
            SurveyWhat::Answered { question, scale, score, .. } => {
                let question = question.as_ref();
                facts.answers.retain(|answer| answer.question != question);
                facts.answers.push(Answer { question, at: entry.time, scale: *scale, score: *score });
            }
        }
    }
    facts
}

impl Facts<'_> {
    /// What the survey names itself stands before what the contact or ticket says.
    fn path(&self, credit: &Credit, at: Instant, draft: &Draft<'_>) -> Arc<Path> {
        let queue = self.queue.as_ref().or(credit.queue.as_ref());
        match &self.rep {
            Some(rep) => draft.context.roster.rep_path(Some(rep), queue, None, at),
            None => draft.context.roster.rep_path(credit.rep.as_ref(), queue, credit.team.as_ref(), at),
        }
    }
}
