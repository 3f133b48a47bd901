//! The catalogue in words: what `goalkeeper definitions` prints, and DEFINITIONS.md.

use super::promql;
use crate::domain::measure::{Definition, Measure, catalogue, measures};
use crate::domain::scope::{Scope, ScopeKind};
use crate::domain::settings::{AbandonRate, ServiceLevel, Settings};
use std::fmt::Write;

const INTRODUCTION: &str = "\
# Definitions

Every figure that goalkeeper publishes, by its exact name. This page is printed by `goalkeeper definitions` from the
catalogue in the program; a test compares the two.

How to read it:

- **side** says to whom it counts. Queue-side figures go to the queue, its team and up. Rep-side figures go to the rep,
  the rep's team at that instant and up, and to the queue itself (not to the queue's team), so that each amount is once
  in every team, department and the company.
- **instant** says in which window it counts. Both halves of a ratio count at the same instant.
- `{X}` stands for each configured threshold (`20s`, `4h`), `{reason}` for each reason, `{statistic}` for mean, p50,
  p90, p95, p99 and max. Percentiles are nearest rank, from a sketch whose values are within 0.54 % of the true ones;
  max is the upper bound of the highest occupied bucket. Reps have neither percentiles nor max.
- No data is not zero: a ratio or mean of nothing has no value.
- **PromQL** recomputes the figure of one scope from counters and histograms at /metrics, since the process began: what was
  added less what was taken back. For a stretch of time put `increase(...[1h])` around each series; such figures count
  when goalkeeper learned of a thing, window gauges when it happened. Other scopes and thresholds alike; reps have counters
  (`_total`) where others have histograms. A percentile is as exact as the buckets. Tests run every line.
- Contacts with direction outbound are in none of the measures but those named outbound.
";

const READINGS: &str = "\
## How events are read

- A contact's **leg** is its stay in one queue: as the source names it, else each queue is a leg. An event that names no
  queue belongs to the leg that its rep is handling, else to the leg queued last before it. An outcome where no queue
  was ever named is a leg without a queue and counts for the company.
- The **outcome** of a leg is answered, else left, else abandoned, else unknown, whatever the order in which they came.
  A contact ended by the customer while queued is abandoned; ended otherwise it is unknown at once; a leg of which
  nothing more is heard is unknown after the longest wait.
- A **handling** runs from the answer to the end of talk of that rep (or of the whole contact), and on to the end of
  after-contact work. `contact.ended` that names a rep or a figure of talk proves an answer of which nobody told.
- A **provisional** outcome counts after the grace period, unless the contact goes on, in whatever queue. What bots and the
  system write on their own does not show that.
- `durations: timestamps` takes differences of the events' times, `reported` the source's own figures; where one is
  missing the other is taken, and `null` is unknown: the contact counts, but in no figure of that duration.
- A **ticket** is solved once, at its last solve, while it is solved or closed. A deleted ticket is in no figure but
  tickets_deleted, a merged one in none but tickets_created, tickets_merged, and the backlog until the merge.
- A message of a ticket is what its last version says, and a reply since the first version that was one: a note that is
  made public replies when it is.
- A **customer** comes back if any other inbound contact, or ticket of the customer's own, begins within the first-contact
  window, its last millisecond included. Of two contacts that begin in the same millisecond one is a repeat of the other.
- A rep or queue that the roster does not list counts for itself and for the company.
";

/// The catalogue as Markdown.
pub fn markdown() -> String {
    let mut text = String::from(INTRODUCTION);
    // Writing to a string cannot fail.
    let _ = writeln!(text, "\n{READINGS}\n## Measures");
    for definition in catalogue() {
        let names: Vec<String> =
            definition.measures(&Settings::default()).into_iter().map(|m| format!("`{}`", m.name)).collect();
        let _ = writeln!(text, "\n### {}\n\n{}\n", definition.name, definition.meaning);
        let _ = writeln!(text, "- unit: {}", definition.unit.name());
        let _ = writeln!(text, "- formula: {}", definition.formula_text);
        let _ = writeln!(text, "- side: {}", definition.side.text());
        let _ = writeln!(text, "- instant: {}", definition.instant);
        let _ = writeln!(text, "- edges: {}", definition.edges);
        let _ = writeln!(text, "- source: {}", definition.source);
        if let Some(promql) = promql(definition) {
            let _ = writeln!(text, "- PromQL: `{promql}`");
        }
        if definition.name.contains('{') {
            let _ = writeln!(text, "- by default: {}", names.join(", "));
        }
    }
    let _ = writeln!(text, "\n## Formulas of service level\n\nSet by `measures.service_level.formula`.\n");
    for formula in ServiceLevel::ALL {
        let _ = writeln!(text, "- `{}`: {}. {}", formula.id(), formula.text(), formula.source());
    }
    let _ = writeln!(text, "\n## Formulas of abandon rate\n\nSet by `measures.abandon_rate`.\n");
    for formula in AbandonRate::ALL {
        let _ = writeln!(text, "- `{}`: {}. {}", formula.id(), formula.text(), formula.source());
    }
    text
}

/// How the first measure of a definition is recomputed, for a scope that has it.
fn promql(definition: &'static Definition) -> Option<String> {
    let settings = Settings::default();
    let measure = definition.measures(&settings).into_iter().next()?;
    let scopes = [(ScopeKind::Queue, "support"), (ScopeKind::Team, "care"), (ScopeKind::Company, "acme")];
    let (kind, id) = scopes.into_iter().find(|(kind, _)| measure.has(*kind))?;
    promql::expression(&measure, &Scope::new(kind, id), &settings)
}

/// The names of all measures under these settings, a line each, with unit and meaning: a list to search in.
pub fn list(settings: &Settings) -> String {
    let mut text = String::new();
    for measure in measures(settings) {
        let _ =
            writeln!(text, "{:32} {:8} {}", measure.name, measure.definition.unit.name(), measure.definition.meaning);
    }
    text
}

/// The formula of a measure in words; where the settings choose one, that.
pub fn formula(measure: &Measure, settings: &Settings) -> &'static str {
    match measure.definition.name {
        "service_level" => settings.service_level.text(),
        "abandon_rate" => settings.abandon_rate.text(),
        _ => measure.definition.formula_text,
    }
}
