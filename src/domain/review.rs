//! Quality reviews: marks that a reviewer gives for how a contact was handled.

use super::contribution::Draft;
use super::event::{Content, ReviewItem};
use super::judgement;
use super::quantity::Quantity as Q;
use super::record::Record;

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
    let (fatal, other): (Vec<&ReviewItem>, Vec<&ReviewItem>) = applying().partition(|item| item.fatal);
    let failed = |items: &[&ReviewItem]| items.iter().filter(|item| is_failed(item)).count() as i64;
    let is_fatal = failed(&fatal) > 0;
    for (quantity, n) in [
        (Q::Reviews, 1),
        (Q::ReviewsWithFatalError, i64::from(is_fatal)),
        (Q::ReviewOpportunities, other.len() as i64),
        (Q::ReviewErrors, failed(&other)),
    ] {
        draft.ledger.book(&path, at, quantity, n);
    }
    // Where nothing applied there is nothing to score.
    if let Some(score) = score(applying()) {
        draft.ledger.book(&path, at, Q::ReviewsScored, 1);
        draft.ledger.book(&path, at, Q::ReviewScore, if is_fatal { 0 } else { score });
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
