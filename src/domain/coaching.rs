//! Coaching: sessions with a rep.

use super::contribution::Draft;
use super::event::Content;
use super::quantity::Quantity as Q;
use super::record::Record;

/// Books each session.
pub(super) fn contribute(record: &Record, draft: &mut Draft<'_>) {
    for entry in record.holding() {
        let Content::Coaching(session) = &entry.content else { continue };
        let rep = draft.context.roster.rep_id(&entry.source, &session.rep);
        let path = draft.context.roster.rep_path(Some(rep), None, None, entry.time);
        draft.ledger.book(&path, entry.time, Q::CoachingSessions, 1);
    }
}
