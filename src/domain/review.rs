//! Quality reviews: marks that a reviewer gives for how a contact was handled.

use super::contribution::Draft;
use super::event::{Content, ReviewItem};
use super::judgement;
use super::quantity::Quantity as Q;
use super::record::Record;
use super::scope::Path;
use super::slice::Dimension;
use super::time::Instant;
use std::sync::Arc;

/// Books what a review stands for, and links it to the contact or ticket that it names.
pub(super) fn contribute(record: &Record, draft: &mut Draft<'_>) {
    let Some((first, entry)) = judgement::first_and_last(record) else { return };
    let Content::Review(review) = &entry.content else { return };
    let named = review.about.as_ref().map(|about| (&entry.source, about));
    let credit = judgement::link(record, named, first, entry.time, draft);
    let rep = draft.context.roster.rep_id(&entry.source, &review.rep).clone();
    let at = entry.time;
    let path = judgement::path(Some(&rep), None, &credit, at, draft);
    let applying = || review.items.iter().filter(|item| item.applies);
    let has_fatal_error = applying().any(|item| item.fatal && is_failed(item));
    draft.ledger.book(&path, at, Q::Reviews, 1);
    draft.ledger.book(&path, at, Q::ReviewsWithFatalError, i64::from(has_fatal_error));
    // Where nothing applied there is nothing to score.
    if let Some(score) = score(applying()) {
        draft.ledger.book(&path, at, Q::ReviewsScored, 1);
        draft.ledger.book(&path, at, Q::ReviewScore, if has_fatal_error { 0 } else { score });
    }
    for item in &review.items {
        draft.sliced(Dimension::Criterion, Some(&item.criterion), |draft| book(item, &path, at, draft));
    }
}

fn book(item: &ReviewItem, path: &Arc<Path>, at: Instant, draft: &mut Draft<'_>) {
    let mut book = |quantity, n| draft.ledger.book(path, at, quantity, n);
    if !item.applies {
        return book(Q::ReviewItemsNotApplicable, 1);
    }
    let failed = i64::from(is_failed(item));
    book(Q::ReviewItems, 1);
    book(Q::ReviewItemsFailed, failed);
    book(Q::ReviewItemMarks, item.score);
    book(Q::ReviewItemBestMarks, item.max);
    if !item.fatal {
        book(Q::ReviewOpportunities, 1);
        book(Q::ReviewErrors, failed);
    }
}

/// The weighted share of the best marks, in thousandths, rounded half up.
fn score<'a>(items: impl Iterator<Item = &'a ReviewItem>) -> Option<i64> {
    let (mut reached, mut possible) = (0_i128, 0_i128);
    for item in items {
        reached += i128::from(item.weight) * i128::from(of_best(item));
        possible += i128::from(item.weight);
    }
    (possible > 0).then(|| ((2 * reached + possible) / (2 * possible)) as i64)
}

/// A mark in thousandths of the best one, rounded half up.
fn of_best(item: &ReviewItem) -> i64 {
    (2000 * item.score + item.max) / (2 * item.max)
}

/// An item is failed without any points.
fn is_failed(item: &ReviewItem) -> bool {
    item.score == 0
}
