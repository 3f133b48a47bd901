//! Generated breakdowns, and what contacts and tickets say of themselves that figures are broken down by.

use super::centre::{QUEUES, ZONES, name};
use super::chance::Chance;
use goalkeeper::domain::event::{Channel, Direction, Field, Name, Priority, Shared};
use goalkeeper::domain::scope::ScopeKind;
use goalkeeper::domain::slice::{Breakdown, Dimension};

const ISSUES: [&str; 3] = ["invoice", "outage", "move"];
const PRODUCTS: [&str; 3] = ["basic", "pro", "gold"];

/// Mostly none; else some, of scopes of any kind.
pub fn breakdowns(chance: &mut Chance) -> Vec<Breakdown> {
    if chance.per_cent(65) {
        return Vec::new();
    }
    let listed = |values: &[&str]| values.iter().map(|value| name(value)).collect::<Vec<Name>>();
    let product = Dimension::Attribute(name("product"));
    let mut all = Vec::new();
    for (dimension, values) in [
        (Dimension::Queue, listed(&QUEUES[..4])),
        (Dimension::Channel, vec![]),
        (Dimension::Direction, vec![]),
        (Dimension::Issue, listed(&ISSUES[..2])),
        (Dimension::Priority, vec![]),
        (Dimension::CustomerHour, vec![]),
        (product, listed(&PRODUCTS[..1])),
        (Dimension::Criterion, listed(&["nice", "concern"])),
        (Dimension::Category, listed(&["delay"])),
        (Dimension::Certification, listed(&["itil"])),
        (Dimension::Reported, listed(&["sales"])),
    ] {
        if chance.per_cent(25) {
            let kinds = ScopeKind::ALL
                .into_iter()
                .filter(|kind| (*kind, &dimension) != (ScopeKind::Queue, &Dimension::Queue) && chance.per_cent(40));
            let kinds = kinds.collect();
            all.push(Breakdown::new(dimension, &values, kinds));
        }
    }
    all
}

/// Says something now and then.
pub fn say(shared: &mut Shared, chance: &mut Chance) {
    match chance.below(40) {
        0 | 1 => shared.channel = Some(chance.pick(&[Channel::Chat, Channel::Voice, Channel::Web, Channel::Other])),
        2 | 3 => shared.issue = Field::Value(name(chance.pick(&ISSUES))),
        4 => shared.issue = Field::Null,
        5 | 6 => {
            let rare = shared.rare.get_or_insert_default();
            rare.priority = Some(chance.pick(&[Priority::Low, Priority::Normal, Priority::Urgent, Priority::Other]));
        }
        7 | 8 => shared.rare.get_or_insert_default().attributes = vec![(name("product"), name(chance.pick(&PRODUCTS)))],
        9 => shared.rare.get_or_insert_default().attributes = vec![(name("colour"), name("red"))],
        10..=15 => shared.rare.get_or_insert_default().customer_zone = Some(name(chance.pick(&ZONES).name())),
        16 => shared.direction = Some(Direction::Inbound),
        _ => {}
    }
}
