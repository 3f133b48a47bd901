//! Questions for figures as people write them: on the command line and in a URL, with the same words.

use super::rows::Shown;
use crate::domain::engine::{Engine, Query};
use crate::domain::measure::{Measure, measures};
use crate::domain::scope::{Scope, ScopeKind};
use crate::domain::time::{Instant, Zone, day_start};
use crate::domain::window::Window;
use chrono::NaiveDate;

/// The most rows that one question gets.
const MOST_ROWS: usize = 200_000;

/// A question as it was written. Empty lists ask for everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// `team/billing`, or `team` for all of a kind.
    pub scopes: Vec<String>,
    /// Names of measures.
    pub measures: Vec<String>,
    /// Windows; if there are none, those given to [`Question::understand`].
    pub windows: Vec<String>,
    /// The windows that hold this instant, instead of all from `from` to `to`.
    pub at: Option<String>,
    /// Where calendar windows begin; the first event if not said.
    pub from: Option<String>,
    /// Where they end and rolling ones stand; just after T if not said.
    pub to: Option<String>,
}

/// Why a question makes no sense, and what would.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Misunderstood(String);

impl Question {
    /// Makes a question precise.
    ///
    /// # Errors
    /// If a scope, measure, window or time is not known.
    pub fn understand(&self, engine: &Engine, windows: &[Window]) -> Result<Query, Misunderstood> {
        let (from, to) = self.stretch(engine)?;
        Ok(Query {
            scopes: self.scopes(engine)?,
            measures: self.measures(engine)?,
            windows: match self.windows.is_empty() {
                true => windows.to_vec(),
                false => each(&self.windows, |text| Window::parse(text).map_err(Misunderstood))?,
            },
            from,
            to,
        })
    }

    /// The figures that are asked for, as they are shown.
    ///
    /// # Errors
    /// If the question makes no sense, or asks for more rows than are given or for older ones than are kept.
    pub fn answer(&self, engine: &Engine, windows: &[Window]) -> Result<Vec<Shown>, Misunderstood> {
        let query = self.understand(engine, windows)?;
        if is_too_long(&query, engine) {
            let problem = format!(
                "the answer has more than {MOST_ROWS} rows, which are the most that are given: ask for fewer scopes, \
                 measures, windows or days"
            );
            return Err(Misunderstood(problem));
        }
        let mut rows = Vec::new();
        engine
            .visit_figures(&query, |row| rows.push(Shown::new(&row, engine.roster())))
            .map_err(|error| Misunderstood(error.to_string()))?;
        Ok(rows)
    }

    /// From when to when; `at` is the last millisecond before itself.
    fn stretch(&self, engine: &Engine) -> Result<(Instant, Instant), Misunderstood> {
        let zone = company_zone(engine);
        if let Some(text) = &self.at {
            if self.from.is_some() || self.to.is_some() {
                return Err(Misunderstood("`at` goes without `from` and `to`: leave one or the other out".to_owned()));
            }
            let at = instant(text, zone)?;
            return Ok((Instant(at.0.saturating_sub(1)), at));
        }
        let to = match &self.to {
            Some(text) => instant(text, zone)?,
            None => Instant(engine.now().0.saturating_add(1)),
        };
        let from = match &self.from {
            Some(text) => instant(text, zone)?,
            None => engine.first().unwrap_or(to),
        };
        if from > to {
            return Err(Misunderstood("`from` is later than `to`: swap them".to_owned()));
        }
        Ok((from, to))
    }

    fn scopes(&self, engine: &Engine) -> Result<Vec<Scope>, Misunderstood> {
        let all = engine.scopes();
        if self.scopes.is_empty() {
            return Ok(all);
        }
        let mut scopes = Vec::new();
        for text in &self.scopes {
            let (kind, id) = text.split_once('/').map_or((text.as_str(), None), |(kind, id)| (kind, Some(id)));
            let Some(kind) = ScopeKind::parse(kind) else {
                let known: Vec<&str> = ScopeKind::ALL.iter().map(|kind| kind.name()).collect();
                let message = format!("unknown scope `{text}`: write {}, or one of them as team/ID", known.join(", "));
                return Err(Misunderstood(message));
            };
            match id {
                None => scopes.extend(all.iter().filter(|scope| scope.kind == kind).cloned()),
                Some(id) => {
                    let found = all.iter().find(|scope| scope.kind == kind && *scope.id == *id);
                    let message = || format!("unknown {} `{id}`: neither the roster nor any event has it", kind.name());
                    scopes.push(found.ok_or_else(|| Misunderstood(message()))?.clone());
                }
            }
        }
        Ok(scopes)
    }

    fn measures(&self, engine: &Engine) -> Result<Vec<Measure>, Misunderstood> {
        let settings = engine.settings();
        if self.measures.is_empty() {
            return Ok(measures(settings));
        }
        each(&self.measures, |name| {
            let unknown = || format!("unknown measure `{name}`: `goalkeeper definitions --list` names them all");
            Measure::named(name, settings).ok_or_else(|| Misunderstood(unknown()))
        })
    }
}

fn each<T>(texts: &[String], read: impl Fn(&str) -> Result<T, Misunderstood>) -> Result<Vec<T>, Misunderstood> {
    texts.iter().map(|text| read(text)).collect()
}

fn company_zone(engine: &Engine) -> Zone {
    engine.roster().data().company.zone.unwrap_or(Zone::UTC)
}

/// True if an answer has more rows than are given, about: calendar windows are counted in the company's zone.
fn is_too_long(query: &Query, engine: &Engine) -> bool {
    let zone = company_zone(engine);
    let rows_each = query.scopes.len() * query.measures.len();
    let stretches =
        query.windows.iter().flat_map(|window| window.between(query.from, query.to, ScopeKind::Company, zone));
    // One more than are given is enough to know.
    rows_each > 0 && stretches.take(MOST_ROWS / rows_each + 1).count() * rows_each > MOST_ROWS
}

/// Reads RFC 3339, or a date, which is its first instant in `zone`.
///
/// # Errors
/// If it is neither.
pub fn instant(text: &str, zone: Zone) -> Result<Instant, Misunderstood> {
    let date = text.parse::<NaiveDate>().ok().map(|date| day_start(date, zone));
    date.or_else(|| Instant::from_rfc3339(text)).ok_or_else(|| {
        let message = format!("`{text}` is no time: write 2026-01-05 (a local date) or 2026-01-05T08:00:00+01:00");
        Misunderstood(message)
    })
}
