//! Questions for figures as people write them: on the command line and in a URL, with the same words.

use crate::domain::engine::{Engine, Query};
use crate::domain::measure::{Measure, measures};
use crate::domain::scope::{Scope, ScopeKind};
use crate::domain::slice;
use crate::domain::time::{Instant, Span, Zone, day_start};
use crate::domain::times::Times;
use crate::domain::window::Window;
use chrono::NaiveDate;

/// A question as it was written. Empty lists ask for everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// `team/billing`, or `team` for all of a kind.
    pub scopes: Vec<String>,
    /// A slice of each scope, `channel=chat`, instead of the whole.
    pub part: Option<String>,
    /// All slices of each scope by this, instead of the whole.
    pub by: Option<String>,
    /// Names of measures.
    pub measures: Vec<String>,
    /// Windows; if there are none, those given to [`Question::understand`].
    pub windows: Vec<String>,
    /// Only these weekdays of the local calendar, `mon-fri` or `sat,sun`.
    pub weekdays: Option<String>,
    /// Only these hours of the local clock, `08:00-18:00`.
    pub hours: Option<String>,
    /// The windows that hold this instant, instead of all from `from` to `to`.
    pub at: Option<String>,
    /// Where calendar windows begin; the first event if not said.
    pub from: Option<String>,
    /// Where they end and rolling ones stand; just after T if not said.
    pub to: Option<String>,
    /// Lets rolling windows stand at `from` and after each such span up to `to`, instead of at `to` only.
    pub step: Option<String>,
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
            times: self.times().map_err(Misunderstood)?,
            from,
            to,
        })
    }

    fn times(&self) -> Result<Times, String> {
        let times = self.weekdays.as_deref().map_or(Ok(Times::default()), |text| Times::default().on(text))?;
        self.hours.as_deref().map_or(Ok(times), |text| times.within_hours(text))
    }

    /// The span between two points of a history.
    ///
    /// # Errors
    /// If it is none, or there is no beginning to step from.
    pub fn step(&self) -> Result<Option<Span>, Misunderstood> {
        let Some(text) = &self.step else { return Ok(None) };
        if self.from.is_none() || self.at.is_some() {
            let message = "`step` goes with `from`: say where the history begins, and leave `at` out";
            return Err(Misunderstood(message.to_owned()));
        }
        match Window::parse(text) {
            Ok(Window::Rolling(span)) => Ok(Some(span)),
            _ => Err(Misunderstood(format!("`{text}` is no step: write a number with m, h or d, such as 15m"))),
        }
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
            return self.parts(all, engine);
        }
        let mut scopes = Vec::new();
        for text in &self.scopes {
            let (kind, id) = text.split_once('/').map_or((text.as_str(), None), |(kind, id)| (kind, Some(id)));
            let Some(kind) = ScopeKind::parse(kind) else {
                let known: Vec<&str> = ScopeKind::ALL.iter().map(|kind| kind.name()).collect();
                let message = format!("unknown scope `{text}`: write {}, or one of them as team/ID", known.join(", "));
                return Err(Misunderstood(message));
            };
            let meant: Vec<Scope> = all
                .iter()
                .filter(|scope| scope.kind == kind && id.is_none_or(|id| *scope.id == *id))
                .cloned()
                .collect();
            if let (true, Some(id)) = (meant.is_empty(), id) {
                let kind = kind.name();
                return Err(Misunderstood(format!(
                    "unknown {kind} `{id}`, which neither the roster nor any event has: ask for `{kind}` to see all"
                )));
            }
            scopes.extend(self.parts(meant, engine)?);
        }
        Ok(scopes)
    }

    /// The slices that are asked for, of those scopes that have them; the scopes themselves if none are.
    fn parts(&self, scopes: Vec<Scope>, engine: &Engine) -> Result<Vec<Scope>, Misunderstood> {
        let breakdowns = &engine.settings().breakdowns;
        let part = match &self.part {
            None => None,
            Some(text) => {
                let unreadable = || Misunderstood(format!("`{text}` is no part of a scope: write e.g. channel=chat"));
                Some(text.split_once('=').ok_or_else(unreadable)?)
            }
        };
        let slices = |kind| match (part, &self.by) {
            (None, None) => Ok(None),
            (Some(part), None) => Ok(Some(vec![slice::slice(breakdowns, part, kind)?.clone()])),
            (None, Some(by)) => Ok(Some(slice::breakdown(breakdowns, by, kind)?.slices().cloned().collect())),
            (Some(_), Some(_)) => Err(slice::NoSlice {
                problem: "figures are broken down by one thing at a time".to_owned(),
                help: "leave `by` or `where` out".to_owned(),
            }),
        };
        let (mut parts, mut problem) = (Vec::new(), None);
        for scope in scopes {
            match slices(scope.kind) {
                Ok(None) => parts.push(scope),
                Ok(Some(_)) if !engine.roster().lists(scope.kind, &scope.id) => {
                    let help = "list it there";
                    problem =
                        problem.or(Some(format!("{scope} has no parts, since the roster does not list it: {help}")));
                }
                Ok(Some(slices)) => parts.extend(slices.iter().map(|slice| scope.part(slice))),
                Err(error) => problem = problem.or(Some(error.to_string())),
            }
        }
        match problem {
            Some(problem) if parts.is_empty() => Err(Misunderstood(problem)),
            _ => Ok(parts),
        }
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
