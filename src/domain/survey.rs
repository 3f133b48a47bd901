//! Surveys: what was asked, what was answered, and who is judged by it.

use super::contribution::Draft;
use super::event::{Content, Name, Scale, SurveyWhat};
use super::judgement::{self, Named};
use super::quantity::Quantity as Q;
use super::record::Record;
use super::scope::Path;
use super::slice::Dimension;
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
    about: Named<'a>,
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
    weight: i64,
}

/// Books what a survey stands for, and links it to the contact or ticket that it names.
pub(super) fn contribute(record: &Record, draft: &mut Draft<'_>) {
    let facts = fold(record, draft);
    let Some(first) = facts.first else { return };
    let credit = judgement::link(record, facts.about, first, facts.last, draft);
    let path_at = |at, draft: &Draft<'_>| judgement::path(facts.rep.as_ref(), facts.queue.as_ref(), &credit, at, draft);
    if let Some(at) = facts.offered {
        let path = path_at(at, draft);
        draft.ledger.book(&path, at, Q::SurveysOffered, 1);
        if !facts.answers.is_empty() {
            draft.ledger.book(&path, at, Q::SurveysAnswered, 1);
        }
    }
    for answer in &facts.answers {
        let path = path_at(answer.at, draft);
        let question = answer.question.map(|question| &**question);
        draft.sliced(Dimension::Criterion, question, |draft| book(answer, &path, draft));
    }
}

fn book(answer: &Answer<'_>, path: &Arc<Path>, draft: &mut Draft<'_>) {
    let at = answer.at;
    draft.ledger.book(path, at, Q::SurveyAnswers, 1);
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
            draft.ledger.book(path, at, Q::CsatScore, (2000 * answer.score + max) / (2 * max));
            if answer.score * 5 >= max * 4 {
                draft.ledger.book(path, at, Q::CsatSatisfied, 1);
            }
        }
        Scale::Ces => {
            draft.ledger.book(path, at, Q::CesAnswers, 1);
            draft.ledger.book(path, at, Q::CesScore, answer.score);
        }
        Scale::Csi => {
            draft.ledger.book(path, at, Q::CsiAnswers, 1);
            draft.ledger.book(path, at, Q::CsiWeight, answer.weight);
            draft.ledger.book(path, at, Q::CsiScore, answer.weight * answer.score / 1000);
        }
    }
}

fn fold<'a>(record: &'a Record, draft: &Draft<'_>) -> Facts<'a> {
    let mut facts = Facts::default();
    for entry in record.holding() {
        let Content::Survey(event) = &entry.content else { continue };
        facts.first.get_or_insert(entry.time);
        facts.last = entry.time;
        if let Some(about) = &event.about {
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
            SurveyWhat::Answered { question, scale, score, weight } => {
                let question = question.as_ref();
                facts.answers.retain(|answer| answer.question != question);
                facts.answers.push(Answer { question, at: entry.time, scale: *scale, score: *score, weight: *weight });
            }
        }
    }
    facts
}
