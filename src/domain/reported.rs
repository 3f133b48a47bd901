//! Figures from elsewhere: sales, order processing, mystery shopping, returning customers.

use super::contribution::Draft;
use super::event::{Content, Name, ReportedFigure};
use super::quantity::Quantity as Q;
use super::record::{Entry, Record};
use super::scope::{Scope, ScopeKind};
use super::slice::Dimension;
use super::time::Span;

/// Books the figure of one period, for the scope that it names and no other: those above have figures of their own. It
/// counts at the last millisecond of its period.
pub(super) fn contribute(record: &Record, draft: &mut Draft<'_>) {
    let figures = record.holding().filter_map(|entry| match &entry.content {
        Content::Reported(reported) => Some((entry, &**reported)),
        _ => None,
    });
    let Some((entry, reported)) = figures.last() else { return };
    let scope = Scope::new(reported.kind, id(entry, reported.kind, &reported.id, draft));
    let path = draft.context.roster.scope_path(&scope);
    let at = if reported.to > reported.from { reported.to.minus(Span(1)) } else { reported.to };
    let (total, numerator, denominator) = match reported.figure {
        // A value that stands on many observations weighs more than one that stands on few.
        ReportedFigure::Value(value) => {
            let weight = reported.sample.unwrap_or(1).max(1);
            (value, value.saturating_mul(weight), weight.saturating_mul(1000))
        }
        ReportedFigure::Fraction { numerator, denominator } => (numerator, numerator, denominator),
    };
    let sample = reported.sample.unwrap_or(denominator / 1000);
    draft.sliced(Dimension::Reported, Some(&reported.measure), |draft| {
        for (quantity, n) in [
            (Q::ReportedFigures, 1),
            (Q::ReportedTotal, total),
            (Q::ReportedNumerator, numerator),
            (Q::ReportedDenominator, denominator),
            (Q::ReportedSample, sample),
        ] {
            draft.ledger.book(&path, at, quantity, n);
        }
    });
}

/// The roster's id of the scope named.
fn id(entry: &Entry, kind: ScopeKind, id: &Name, draft: &Draft<'_>) -> Name {
    match kind {
        ScopeKind::Rep => draft.context.roster.rep_id(&entry.source, id).clone(),
        // There is one company, whatever it is called elsewhere.
        ScopeKind::Company => draft.context.roster.data().company.id.clone(),
        ScopeKind::Department | ScopeKind::Team | ScopeKind::Queue => id.clone(),
    }
}
