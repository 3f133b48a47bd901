//! The audit: what is kept of a record so that nobody need look at it is derived afresh, and compared.

use super::contribution::{Context, contribution};
use super::pack::Pack;
use super::record::{Record, RecordKey};
use super::records::Records;
use super::slots::{Booked, Note, hash};
use super::time::Instant;

/// Tells of every record what does not follow from its events. Without a context (because its bookings were made under
/// other settings) no more than its note is looked at.
pub(super) fn records(records: &Records, context: Option<&Context<'_>>, tell: &mut impl FnMut(String)) {
    records.visit_noted(|note, key, record| {
        let mut tell = |problem: &str| tell(format!("{}, {key}: {problem}", note.address));
        check_note(note, key, record, &mut tell);
        // What waits to be booked anew is not what would be booked now.
        if let Some(context) = context.filter(|_| note.generation == records.generation()) {
            check_contribution(note, key, record, context, &mut tell);
        }
    });
}

fn check_note(note: &Note, key: &RecordKey, record: &Record, tell: &mut impl FnMut(&str)) {
    let mut packed = Vec::new();
    key.put(&mut packed);
    if note.hash != hash(&packed) {
        tell("it is not found by its key");
    }
    if note.kind != key.kind {
        tell("it is noted as another kind of record");
    }
    if note.booked != Booked::of(&record.booked) {
        tell("it is noted with other times of its bookings");
    }
}

fn check_contribution(
    note: &Note,
    key: &RecordKey,
    record: &Record,
    context: &Context<'_>,
    tell: &mut impl FnMut(&str),
) {
    let now = contribution(key, record, context);
    if now.bookings != record.booked {
        tell("it has booked something other than what it stands for");
    }
    // What it once told a record that has expired since is forgotten the next time that it learns something.
    let is_gone = |to: &RecordKey| record.received.iter().any(|received| received.frozen && received.from == *to);
    let told = record.sent.iter().filter(|sent| now.sends.contains(sent) || !is_gone(&sent.to));
    if !told.eq(&now.sends) {
        tell("it has told others something other than what it knows");
    }
    if now.due.unwrap_or(Instant::MAX) != note.due {
        tell("it is due at another time than is noted");
    }
}
