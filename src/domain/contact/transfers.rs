//! Transfers: who passed a contact on, to whom, and whether that was needed.

use super::super::contribution::Draft;
use super::super::event::{ContactWhat, Name, TransferKind, TransferResult};
use super::super::quantity::Quantity as Q;
use super::super::roster::Owner;
use super::book::doer;
use super::facts::{Facts, Told, Transfer, rep_of};

impl Transfer<'_> {
    /// How it was passed on, if it was.
    fn completed(&self) -> Option<TransferKind> {
        match &self.event.what {
            ContactWhat::Transferred { kind, result: TransferResult::Completed, .. } => Some(*kind),
            _ => None,
        }
    }
}

/// True if the rep passed the contact on in this handling.
pub(super) fn was_passed_on(facts: &Facts<'_>, handling: usize) -> bool {
    facts.transfers.iter().any(|transfer| {
        transfer.completed().is_some_and(|kind| kind != TransferKind::Consult)
            && facts.handling_at(Some(transfer.rep), transfer.entry.time) == Some(handling)
    })
}

pub(super) fn book_transfers(entries: &[Told<'_>], facts: &Facts<'_>, draft: &mut Draft<'_>) {
    for transfer in &facts.transfers {
        let at = transfer.entry.time;
        let (_, queue, team) = doer(Some(transfer.rep), (transfer.entry, transfer.event), facts, draft);
        let path = draft.context.roster.rep_path(Some(transfer.rep), queue.as_ref(), team, at);
        let quantity = match transfer.completed() {
            None => Q::TransfersFailed,
            Some(TransferKind::Blind) => Q::TransfersBlind,
            Some(TransferKind::Attended) => Q::TransfersAttended,
            Some(TransferKind::Queue) => Q::TransfersQueue,
            Some(TransferKind::Consult) => Q::Consults,
            Some(TransferKind::Other) => Q::TransfersOther,
        };
        draft.ledger.book(&path, at, quantity, 1);
        if !matches!(quantity, Q::TransfersFailed | Q::Consults) {
            let class = match is_needed(transfer, team, entries, draft) {
                Some(true) => Q::TransfersNeeded,
                Some(false) => Q::TransfersUnneeded,
                None => Q::TransfersUnclassified,
            };
            draft.ledger.book(&path, at, class, 1);
        }
    }
}

/// Whether a transfer was needed: as the event says, else as the disposition of the rep says, else by whose the issue is.
fn is_needed(transfer: &Transfer<'_>, team: Option<&Name>, entries: &[Told<'_>], draft: &Draft<'_>) -> Option<bool> {
    let ContactWhat::Transferred { needed, .. } = &transfer.event.what else { return None };
    let by_disposition = || {
        let disposition = disposition_of(transfer, entries, draft)?;
        let settings = draft.context.settings;
        let is_in = |list: &[Name]| list.contains(disposition);
        match (is_in(&settings.needed_transfers), is_in(&settings.unneeded_transfers)) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    };
    needed.or_else(by_disposition).or_else(|| by_owner(transfer, team, entries, draft))
}

/// The outcome code that the transfer bears, else the last one told by its rep or by nobody in particular.
fn disposition_of<'a>(transfer: &Transfer<'a>, entries: &[Told<'a>], draft: &Draft<'a>) -> Option<&'a Name> {
    let told = |event: &'a super::super::event::ContactEvent| event.shared.rare.as_ref()?.disposition.as_ref();
    told(transfer.event).or_else(|| {
        let of_rep = |entry: &&Told<'a>| rep_of(**entry, draft).is_none_or(|rep| rep == transfer.rep);
        entries.iter().rev().filter(of_rep).find_map(|(_, event)| told(event))
    })
}

/// A transfer to the owner of the issue is needed, and one by the owner's own team is not.
fn by_owner(transfer: &Transfer<'_>, team: Option<&Name>, entries: &[Told<'_>], draft: &Draft<'_>) -> Option<bool> {
    let ContactWhat::Transferred { to_rep, to_queue, .. } = &transfer.event.what else { return None };
    let (roster, at, source) = (draft.context.roster, transfer.entry.time, &transfer.entry.source);
    let owner = roster.owner_of(issue_at(transfer, entries)?)?;
    let owners = match owner {
        Owner::Team(team) => Some(team),
        Owner::Queue(queue) => roster.queue_team(queue, at),
    };
    if owners.is_some() && team.or_else(|| roster.rep_team(transfer.rep, at)) == owners {
        return Some(false);
    }
    let to_queue = to_queue.as_ref().map(|queue| draft.queue(source, queue));
    let is_owners_queue = to_queue.is_some_and(|to| match owner {
        Owner::Team(team) => roster.queue_team(&to, at) == Some(team),
        Owner::Queue(queue) => to == *queue,
    });
    let to_rep = to_rep.as_ref().and_then(|rep| roster.rep_team(roster.rep_id(source, rep), at));
    (is_owners_queue || (to_rep.is_some() && to_rep == owners)).then_some(true)
}

/// The issue in force at the transfer, or else the first one told after it.
fn issue_at<'a>(transfer: &Transfer<'a>, entries: &[Told<'a>]) -> Option<&'a Name> {
    let at = entries.iter().position(|(entry, _)| std::ptr::eq(*entry, transfer.entry))?;
    let said = |(_, event): &Told<'a>| event.shared.issue.is_said().then(|| event.shared.issue.value());
    let before = entries[..=at].iter().rev().find_map(said);
    before.or_else(|| entries[at + 1..].iter().find_map(said)).flatten()
}
