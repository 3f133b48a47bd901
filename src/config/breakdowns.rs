//! The grammar of `breakdowns` in `goalkeeper.yaml`. The queues of the roster are values too, so it is made of both files.

use super::document::{At, Document, Section};
use super::values;
use crate::domain::event::Name;
use crate::domain::roster::RosterData;
use crate::domain::scope::ScopeKind;
use crate::domain::slice::{Breakdown, Dimension, Kinds, NONE, OTHER, label};
use std::collections::HashSet;
use std::rc::Rc;

/// A breakdown as written, and where.
pub(super) struct Written {
    at: At,
    dimension: Dimension,
    values: Vec<Name>,
    kinds: Vec<ScopeKind>,
}

/// Reads the section; problems are told to its document.
pub(super) fn read(file: &mut Section) -> Vec<Written> {
    let section = file.section("breakdowns");
    let document = section.document().clone();
    let mut labels = HashSet::new();
    let mut read = Vec::new();
    for (key, at, node) in section.entries() {
        let mut section = Section::of(&document, &format!("breakdowns.{key}"), Some(node));
        let values = values_of(&mut section);
        let kinds = section.list("scopes", values::one_of(&ScopeKind::ALL.map(|kind| (kind.name(), kind))));
        let Some(dimension) = Dimension::parse(&key) else {
            let known: Vec<String> = Dimension::NAMED.iter().map(ToString::to_string).collect();
            let help = format!("write {}, or attribute.NAME", known.join(", "));
            document.problem(at, format!("breakdowns: figures cannot be broken down by `{key}`"), help);
            continue;
        };
        // Other signs than these become the same one in names of series.
        if !labels.insert(label(&dimension)) {
            let help = "rename one of the attributes, or break figures down by one of them only";
            document.problem(at, format!("breakdowns: `{key}` has the same name in series as another"), help);
            continue;
        }
        let kinds: Vec<ScopeKind> = kinds.unwrap_or_default().into_iter().map(|(_, kind)| kind).collect();
        check(&document, at, &dimension, values.as_deref(), &kinds);
        read.push(Written { at, dimension, values: values.unwrap_or_default(), kinds });
    }
    read
}

fn values_of(section: &mut Section) -> Option<Vec<Name>> {
    let listed = section.list("values", values::id)?;
    let mut values: Vec<Name> = Vec::new();
    for (at, value) in listed {
        let path = section.path_of("values");
        if [NONE, OTHER].contains(&&*value) {
            let help = "remove it: what is not said, and what is not listed, count so anyway";
            section.document().problem(at, format!("{path}: `{value}` is there without being listed"), help);
        } else if values.contains(&value) {
            section.document().problem(at, format!("{path}: `{value}` is listed twice"), "remove one");
        } else {
            values.push(value);
        }
    }
    Some(values)
}

fn check(document: &Document, at: At, dimension: &Dimension, values: Option<&[Name]>, kinds: &[ScopeKind]) {
    let is_known = dimension.words().is_some() || *dimension == Dimension::Queue;
    match values {
        None | Some([]) if !is_known => {
            let help = "add `values: [...]`: what is not among them counts as other";
            document.problem(at, format!("breakdowns.{dimension} names no values"), help);
        }
        Some(_) if is_known => {
            let help = "remove `values`: all there are have a slice";
            document.problem(at, format!("breakdowns.{dimension}: its values are known"), help);
        }
        _ => {}
    }
    if kinds.is_empty() {
        let help = "add e.g. `scopes: [company, team]`: the kinds of scope whose figures are broken down";
        document.problem(at, format!("breakdowns.{dimension} names no scopes"), help);
    }
    if *dimension == Dimension::Queue && kinds.contains(&ScopeKind::Queue) {
        document.problem(at, "breakdowns.queue: a queue has no other queues", "take queue from its `scopes`");
    }
}

/// The breakdowns of the scopes of a roster. More than `most` slices in all are a problem of the file.
pub(super) fn of(document: &Rc<Document>, written: Vec<Written>, roster: &RosterData, most: usize) -> Vec<Breakdown> {
    let mut all = Vec::new();
    let mut slices = 0;
    for Written { at, dimension, values, kinds } in written {
        let values = match dimension {
            Dimension::Queue => roster.queues.iter().map(|queue| queue.unit.id.clone()).collect(),
            _ => values,
        };
        let breakdown = Breakdown::new(dimension, &values, kinds.into_iter().collect::<Kinds>());
        let before = slices;
        slices += breakdown.count(roster);
        if slices > most && before <= most {
            let message = format!(
                "breakdowns.{}: with it the scopes of the roster have {slices} slices, and limits.slices is {most}",
                breakdown.dimension
            );
            let help =
                "list fewer values or kinds of scope; or raise limits.slices, and read of its cost in docs/tune.md";
            document.problem(at, message, help);
        }
        all.push(breakdown);
    }
    all
}
