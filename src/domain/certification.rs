//! Certifications: what reps have proven that they can do, and until when.

use super::contribution::Draft;
use super::event::{Content, Name};
use super::quantity::Quantity as Q;
use super::record::Record;
use super::slice::Dimension;
use super::time::Instant;

/// Books each time a certification was earned, and for how long it was in force: earned again before it lapses, it goes
/// on.
pub(super) fn contribute(record: &Record, draft: &mut Draft<'_>) {
    let mut earned = record.holding().filter_map(|entry| match &entry.content {
        Content::Certification(earned) => Some(&earned.certification),
        _ => None,
    });
    let Some(certification) = earned.next() else { return };
    draft.sliced(Dimension::Certification, Some(certification), |draft| book(record, draft));
}

/// True if it never lapses: it must stay whatever its silence, because it goes with its rep and may be earned again.
pub(super) fn is_for_ever(record: &Record) -> bool {
    record.holding().any(|entry| matches!(&entry.content, Content::Certification(earned) if earned.expires.is_none()))
}

fn book(record: &Record, draft: &mut Draft<'_>) {
    let mut spans: Vec<(Instant, Instant)> = Vec::new();
    let mut whose: Option<Name> = None;
    for entry in record.holding() {
        let Content::Certification(earned) = &entry.content else { continue };
        let rep = draft.context.roster.rep_id(&entry.source, &earned.rep);
        let path = draft.context.roster.rep_path(Some(rep), None, None, entry.time);
        draft.ledger.book(&path, entry.time, Q::CertificationsEarned, 1);
        let until = earned.expires.unwrap_or(Instant::MAX).max(entry.time);
        match spans.last_mut() {
            Some((_, end)) if *end >= entry.time => *end = until.max(*end),
            _ => spans.push((entry.time, until)),
        }
        whose = Some(rep.clone());
    }
    let Some(rep) = whose else { return };
    for (from, to) in spans {
        in_force(&rep, from, to, draft);
    }
}

/// A certification goes with its rep from team to team.
fn in_force(rep: &Name, from: Instant, to: Instant, draft: &mut Draft<'_>) {
    // Ahead of T the one before may not have lapsed yet, and both would be in force at once.
    if !draft.has_passed(from) {
        return;
    }
    let roster = draft.context.roster;
    let moves: Vec<Instant> =
        roster.rep(rep).iter().flat_map(|rep| &rep.teams).map(|membership| membership.valid_from).collect();
    let mut path = roster.rep_path(Some(rep), None, None, from);
    draft.ledger.book(&path, from, Q::CertificationsInForce, 1);
    for at in moves.into_iter().filter(|at| *at > from && *at < to) {
        if !draft.has_passed(at) {
            break;
        }
        draft.ledger.book(&path, at, Q::CertificationsInForce, -1);
        path = roster.rep_path(Some(rep), None, None, at);
        draft.ledger.book(&path, at, Q::CertificationsInForce, 1);
    }
    if to < Instant::MAX && draft.has_passed(to) {
        draft.ledger.book(&path, to, Q::CertificationsInForce, -1);
        draft.ledger.book(&path, to, Q::CertificationsLapsed, 1);
    }
}
