//! Reviews, complaints, certifications, coaching and figures from elsewhere.

use super::survey::handling;
use super::version::Key;
use super::{Credit, Ledger, World};
use goalkeeper::domain::event::{About, Content, Event, Kind, Name, ReportedFigure};
use goalkeeper::domain::scope::{Scope, ScopeKind};
use std::collections::BTreeMap;

type Credits = BTreeMap<Key, Credit>;

/// Folds one record of the kinds that neither contacts, tickets nor surveys are.
pub fn fold(kind: Kind, entries: &[&Event], credits: &Credits, world: World, ledger: &mut Ledger) {
    match kind {
        Kind::Review => review(entries, credits, world, ledger),
        Kind::Complaint => complaint(entries, credits, world, ledger),
        Kind::Certification => certification(entries, world, ledger),
        Kind::Coaching => coaching(entries, world, ledger),
        Kind::Reported => reported(entries, world, ledger),
        _ => {}
    }
}

fn of_rep(source: &Name, rep: &Name, at: i64, world: World) -> Vec<Scope> {
    let credit = Credit { rep: Some(world.rep(source, rep)), ..Credit::default() };
    world.rep_side(&credit, at)
}

/// Who handled what a judgement names; something of which nothing is known is counted.
fn named(about: Option<(&Name, &About)>, first: i64, credits: &Credits, world: World, ledger: &mut Ledger) -> Credit {
    let found = handling(about, credits, world);
    if found == Some(None) {
        ledger.add(&world.company(), "judgements_unattributed", first, 1);
    }
    found.flatten().unwrap_or_default()
}

/// `upper / lower`, to the nearest whole number, the half upwards.
fn nearest(upper: i64, lower: i64) -> i64 {
    let (whole, rest) = (upper.div_euclid(lower), upper.rem_euclid(lower));
    whole + i64::from(rest >= lower - rest)
}

fn review(entries: &[&Event], credits: &Credits, world: World, ledger: &mut Ledger) {
    let last = entries[entries.len() - 1];
    let Content::Review(review) = &last.content else { panic!("a review") };
    let about = review.about.as_ref().map(|about| (&last.source, about));
    let handled = named(about, entries[0].time.0, credits, world, ledger);
    let credit = Credit { rep: Some(world.rep(&last.source, &review.rep)), queue: handled.queue, team: None };
    let at = last.time.0;
    let scopes = world.rep_side(&credit, at);
    ledger.add(&scopes, "reviews", at, 1);
    let (mut weights, mut marks, mut any_fatal) = (0, 0, false);
    let whole = ledger.said.clone();
    for item in &review.items {
        ledger.say("criterion", &item.criterion);
        if !item.applies {
            ledger.add(&scopes, "review_items_not_applicable", at, 1);
            continue;
        }
        ledger.add(&scopes, "review_item_mark", at, item.score);
        ledger.add(&scopes, "review_item_best", at, item.max);
        weights += item.weight;
        marks += item.weight * nearest(item.score * 1000, item.max);
        let failed = item.score == 0;
        if item.fatal {
            any_fatal |= failed;
        } else {
            ledger.add(&scopes, "review_item_right", at, i64::from(!failed));
        }
    }
    ledger.said = whole;
    ledger.add(&scopes, "review_not_fatal", at, i64::from(!any_fatal));
    if weights > 0 {
        ledger.add(&scopes, "review_score", at, if any_fatal { 0 } else { nearest(marks, weights) });
    }
}

fn complaint(entries: &[&Event], credits: &Credits, world: World, ledger: &mut Ledger) {
    let last = entries[entries.len() - 1];
    let Content::Complaint(complaint) = &last.content else { panic!("a complaint") };
    let about = complaint.about.as_ref().map(|about| (&last.source, about));
    let handled = named(about, entries[0].time.0, credits, world, ledger);
    let at = last.time.0;
    let scopes = if let Some(rep) = &complaint.rep {
        let rep = Some(world.rep(&last.source, rep));
        world.rep_side(&Credit { rep, queue: handled.queue, team: None }, at)
    } else if let Some(department) = &complaint.department {
        let mut scopes = world.company();
        if world.roster.departments.iter().any(|listed| listed.id == *department) {
            scopes.push(Scope::new(ScopeKind::Department, department.clone()));
        }
        scopes
    } else {
        world.rep_side(&handled, at)
    };
    ledger.say("category", &complaint.category);
    ledger.add(&scopes, "complaints", at, 1);
}

fn certification(entries: &[&Event], world: World, ledger: &mut Ledger) {
    let mut earned = Vec::new();
    for event in entries {
        let Content::Certification(certification) = &event.content else { panic!("a certification") };
        ledger.say("certification", &certification.certification);
        let at = event.time.0;
        ledger.add(&of_rep(&event.source, &certification.rep, at, world), "certifications_earned", at, 1);
        earned.push((at, certification.expires.map_or(i64::MAX, |expires| expires.0.max(at)), event, certification));
    }
    for (_, lapses, event, certification) in &earned {
        let renewed = earned.iter().any(|(at, until, ..)| at <= lapses && until > lapses);
        // Of several that lapse together it is one that lapses.
        let first_so = earned
            .iter()
            .find(|(_, until, ..)| until == lapses)
            .is_some_and(|(_, _, first, _)| first.id == event.id && first.source == event.source);
        if *lapses < i64::MAX && *lapses <= world.now && !renewed && first_so {
            let scopes = of_rep(&event.source, &certification.rep, *lapses, world);
            ledger.add(&scopes, "certifications_lapsed", *lapses, 1);
        }
    }
    let (_, _, event, certification) = earned[earned.len() - 1];
    let rep = world.rep(&event.source, &certification.rep);
    let terms: Vec<(i64, i64)> = earned.iter().map(|(at, until, ..)| (*at, *until)).collect();
    in_force(&rep, &terms, world, ledger);
}

/// Between two instants at which something may change, a certification is in force if it was earned and has not lapsed.
fn in_force(rep: &Name, terms: &[(i64, i64)], world: World, ledger: &mut Ledger) {
    let listed = world.roster.reps.iter().filter(|listed| listed.unit.id == *rep);
    let moves = listed.flat_map(|listed| &listed.teams).map(|membership| membership.valid_from.0);
    let ends = terms.iter().flat_map(|(at, until)| [*at, *until]);
    let mut changes: Vec<i64> = moves.chain(ends).filter(|at| *at <= world.now).collect();
    changes.sort_unstable();
    for (n, from) in changes.iter().enumerate() {
        if terms.iter().any(|(at, until)| at <= from && from < until) {
            let scopes = world.rep_side(&Credit { rep: Some(rep.clone()), ..Credit::default() }, *from);
            ledger.stay(&scopes, "certifications_in_force", *from, changes.get(n + 1).copied());
        }
    }
}

fn coaching(entries: &[&Event], world: World, ledger: &mut Ledger) {
    for event in entries {
        let Content::Coaching(session) = &event.content else { panic!("a session") };
        let at = event.time.0;
        ledger.add(&of_rep(&event.source, &session.rep, at, world), "coaching_sessions", at, 1);
    }
}

fn reported(entries: &[&Event], world: World, ledger: &mut Ledger) {
    let last = entries[entries.len() - 1];
    let Content::Reported(reported) = &last.content else { panic!("a figure") };
    let id = match reported.kind {
        ScopeKind::Rep => world.rep(&last.source, &reported.id),
        ScopeKind::Company => world.roster.company.id.clone(),
        _ => reported.id.clone(),
    };
    let scope = [Scope::new(reported.kind, id)];
    let at = if reported.from == reported.to { reported.to.0 } else { reported.to.0 - 1 };
    let total = match reported.figure {
        ReportedFigure::Value(value) => value,
        ReportedFigure::Fraction { numerator, .. } => numerator,
    };
    let (upper, lower, sample) = match (reported.figure, reported.sample) {
        (ReportedFigure::Value(value), None | Some(0)) => (value, 1000, reported.sample.unwrap_or(1)),
        (ReportedFigure::Value(value), Some(n)) => (value * n, 1000 * n, n),
        (ReportedFigure::Fraction { numerator, denominator }, n) => {
            (numerator, denominator, n.unwrap_or(denominator / 1000))
        }
    };
    ledger.say("reported", &reported.measure);
    ledger.add(&scope, "reported_figures", at, 1);
    ledger.add(&scope, "reported_total", at, total);
    ledger.add(&scope, "reported_upper", at, upper);
    ledger.add(&scope, "reported_lower", at, lower);
    ledger.add(&scope, "reported_sample", at, sample);
}
