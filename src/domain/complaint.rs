//! Complaints: what customers are angry about, and where it lands.

use super::contribution::Draft;
use super::event::Content;
use super::judgement;
use super::quantity::Quantity as Q;
use super::record::Record;
use super::slice::Dimension;

/// Books what a complaint stands for, and links it to the contact or ticket that it names.
///
/// It counts against the rep it names, else against the department it names, else against whoever handled the contact or
/// ticket.
pub(super) fn contribute(record: &Record, draft: &mut Draft<'_>) {
    let Some((first, entry)) = judgement::first_and_last(record) else { return };
    let Content::Complaint(complaint) = &entry.content else { return };
    let named = complaint.about.as_ref().map(|about| (&entry.source, about));
    let credit = judgement::link(record, named, first, entry.time, draft);
    let at = entry.time;
    let roster = draft.context.roster;
    let rep = complaint.rep.as_ref().map(|rep| roster.rep_id(&entry.source, rep).clone());
    let path = match (&rep, &complaint.department) {
        (None, Some(department)) => roster.department_path(department),
        _ => judgement::path(rep.as_ref(), None, &credit, at, draft),
    };
    draft.sliced(Dimension::Category, Some(&complaint.category), |draft| {
        draft.ledger.book(&path, at, Q::Complaints, 1);
    });
}
