//! The contacts of one customer together: first-contact resolution and repeat contacts.

use super::parts::Said;
use super::version::Key;
use super::{Ledger, Visit, World};
use goalkeeper::domain::event::Name;
use goalkeeper::domain::scope::{Scope, ScopeKind};
use goalkeeper::domain::settings::{CreditRule, RepeatKey, Transferred};
use std::collections::BTreeMap;

/// Looks at every contact of a customer beside every other one.
pub fn first_contacts(visits: &[Visit], said: &BTreeMap<Key, Said>, world: World, ledger: &mut Ledger) {
    let rules = &world.settings.first_contact;
    let comparable = |visit: &Visit| match rules.key {
        RepeatKey::Customer => true,
        RepeatKey::CustomerAndIssue => visit.issue.is_some(),
    };
    let same_matter = |a: &Visit, b: &Visit| rules.key == RepeatKey::Customer || a.issue == b.issue;
    let begins_anew = |a: &Visit, b: &Visit| a.journey != b.journey;
    let may_be_repeat =
        |visit: &Visit| rules.channels.contains(&visit.channel) && (rules.abandoned_repeats || !visit.gave_up);
    let follows = |later: &Visit, earlier: &Visit| {
        let in_order = (later.first, &later.contact) > (earlier.first, &earlier.contact);
        in_order
            && later.first <= earlier.first + rules.window.0
            && same_matter(later, earlier)
            && begins_anew(later, earlier)
    };
    for visit in visits.iter().filter(|visit| comparable(visit)) {
        ledger.said = said.get(&visit.contact).cloned();
        let others = || visits.iter().filter(|other| comparable(other));
        if may_be_repeat(visit) {
            let is_repeat = others().any(|other| follows(visit, other));
            let scopes = world.queue_side(visit.came_in.0.as_ref(), visit.came_in.1.as_ref(), visit.first);
            ledger.add(&scopes, "customer_contact_repeats", visit.first, i64::from(is_repeat));
        }
        if visit.answered {
            let came_back = others().any(|other| may_be_repeat(other) && follows(other, visit));
            let never = rules.transferred == Transferred::NeverResolved && visit.passed_on;
            let settled = visit.first + rules.window.0 < world.now;
            let what = if settled { "first_contact" } else { "first_contact_provisional" };
            credited(visit, what, !came_back && !never, world, ledger);
        }
    }
}

/// Whose figures an answered contact is in, and with how many thousandths.
fn credited(visit: &Visit, what: &str, resolved: bool, world: World, ledger: &mut Ledger) {
    let rule = world.settings.first_contact.credit;
    let mut add = |scopes: &[Scope], share: i64| {
        ledger.add(scopes, what, visit.first, i64::from(resolved));
        ledger.add(scopes, format!("{what}_shares"), visit.first, share);
        ledger.add(scopes, format!("{what}_shares_resolved"), visit.first, if resolved { share } else { 0 });
    };
    let credit = match (rule, visit.handled.first()) {
        (CreditRule::First, Some(first)) => first,
        _ => &visit.credit,
    };
    let mut reps: Vec<&Name> = visit.handled.iter().filter_map(|handling| handling.rep.as_ref()).collect();
    reps.sort();
    reps.dedup();
    let scopes = world.rep_side(credit, visit.first);
    if matches!(rule, CreditRule::Last | CreditRule::First) || reps.len() < 2 {
        return add(&scopes, 1000);
    }
    let above: Vec<Scope> = scopes.into_iter().filter(|scope| scope.kind != ScopeKind::Rep).collect();
    add(&above, 1000);
    for rep in &reps {
        let fair = 1000 / reps.len() as i64;
        let is_last = credit.rep.as_ref() == Some(*rep);
        let share = if is_last { 1000 - fair * (reps.len() as i64 - 1) } else { fair };
        add(&[Scope::new(ScopeKind::Rep, (*rep).clone())], share);
    }
}
