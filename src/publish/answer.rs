//! Questions to the engine and their answers. An answer may be much work, so it is made in small pieces: whoever owns
//! the engine does some, sees what else has come, and goes on.

use super::facts::{Facts, FactsJob, FactsQuestion};
use super::question::Question;
use super::rows::Shown;
use crate::domain::engine::{Engine, Query};
use crate::domain::measure::{Measure, measures};
use crate::domain::roster::Roster;
use crate::domain::scope::{Scope, ScopeKind};
use crate::domain::time::{DAY, Instant, MINUTE, QUARTER_HOUR, Span};
use crate::domain::window::{Stretch, Tier, Window};
use serde::Serialize;
use std::collections::HashSet;

/// The most rows that one question gets.
pub const MOST_ROWS: usize = 200_000;
/// The most panes that are added up for one question.
pub const MOST_PANES: usize = 5_000_000;

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Figures, now or through time.
    Figures(Question),
    /// The records behind one figure.
    Facts(FactsQuestion),
    /// Every scope.
    Scopes,
    /// Every measure.
    Measures,
}

/// What is answered.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// To [`Ask::Figures`].
    Figures(Figures),
    /// To [`Ask::Facts`].
    Facts(Box<Facts>),
    /// To [`Ask::Scopes`].
    Scopes(Scopes),
    /// To [`Ask::Measures`].
    Measures(Measures),
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The question makes no sense or asks for too much; and behind the last colon, what would do.
    Misunderstood(String),
    /// It is too early or too late to ask.
    NotReady(String),
}

/// Rows of figures.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// How far time has come, RFC 3339: the figures are as of this instant.
    pub time: String,
    /// Event time of the slowest source that is not idle, RFC 3339.
    pub low_watermark: String,
    /// The figures.
    pub rows: Vec<Shown>,
}

/// The tree of scopes.
#[derive(Clone, Debug, Serialize)]
pub struct Scopes {
    /// From the company down.
    pub scopes: Vec<ShownScope>,
}

/// One scope.
#[derive(Clone, Debug, Serialize)]
pub struct ShownScope {
    /// As questions name it, `team/billing`.
    pub scope: String,
    /// `company`, `department`, `team`, `queue` or `rep`.
    pub kind: &'static str,
    /// Unique within its kind.
    pub id: String,
    /// What it belongs to now, as questions name it.
    pub parent: Option<String>,
    /// The IANA zone of its days.
    pub zone: &'static str,
    /// False if only events have named it.
    pub listed: bool,
}

/// The catalogue under the settings in force.
#[derive(Clone, Debug, Serialize)]
pub struct Measures {
    /// In the order of DEFINITIONS.md.
    pub measures: Vec<ShownMeasure>,
}

/// One measure.
#[derive(Clone, Debug, Serialize)]
pub struct ShownMeasure {
    /// As questions name it.
    pub measure: String,
    /// What it means, in one sentence.
    pub meaning: &'static str,
    /// `count`, `seconds`, `ratio` or `points`.
    pub unit: &'static str,
    /// In words.
    pub formula: &'static str,
    /// Which halves it is made of; none if it is read off a distribution, and then it has no facts.
    pub components: &'static [&'static str],
    /// When it counts.
    pub instant: &'static str,
    /// What decides in odd cases.
    pub edges: &'static str,
    /// The kinds of scope that have it.
    pub scopes: Vec<&'static str>,
}

/// An answer under way.
#[derive(Debug)]
pub enum Job {
    /// Figures.
    Figures(FiguresJob),
    /// Facts.
    Facts(Box<FactsJob>),
    /// What needs no more work than to be written down.
    Done(Option<Answer>),
}

impl Job {
    /// Begins an answer; `windows` are those of a question that names none.
    ///
    /// # Errors
    /// If the question makes no sense, or asks for too much.
    pub fn begin(ask: &Ask, engine: &mut Engine, windows: &[Window]) -> Result<Job, NoAnswer> {
        engine.flush();
        Ok(match ask {
            Ask::Figures(question) => Job::Figures(FiguresJob::begin(question, engine, windows)?),
            Ask::Facts(question) => Job::Facts(Box::new(FactsJob::begin(question, engine)?)),
            Ask::Scopes => Job::Done(Some(Answer::Scopes(scopes(engine)))),
            Ask::Measures => Job::Done(Some(Answer::Measures(catalogue(engine)))),
        })
    }

    /// Does some more of it, mostly in less than a millisecond; the answer once it is there.
    ///
    /// # Errors
    /// If it turns out that there is none.
    pub fn go_on(&mut self, engine: &mut Engine) -> Result<Option<Answer>, NoAnswer> {
        match self {
            Job::Figures(job) => Ok(job.go_on(engine)?.map(Answer::Figures)),
            Job::Facts(job) => Ok(job.go_on(engine)?.map(|facts| Answer::Facts(Box::new(facts)))),
            Job::Done(answer) => Ok(answer.take()),
        }
    }
}

pub(super) fn misunderstood(problem: impl ToString) -> NoAnswer {
    NoAnswer::Misunderstood(problem.to_string())
}

/// Figures under way, scope by scope and window by window.
#[derive(Debug)]
pub struct FiguresJob {
    query: Query,
    /// Where rolling windows stand.
    points: Vec<Instant>,
    /// The scope, window and point that are next.
    next: (usize, usize, usize),
    figures: Figures,
}

impl FiguresJob {
    fn begin(question: &Question, engine: &Engine, windows: &[Window]) -> Result<FiguresJob, NoAnswer> {
        let query = question.understand(engine, windows).map_err(misunderstood)?;
        let points = match question.step().map_err(misunderstood)? {
            None => vec![query.to],
            Some(_) if !query.windows.iter().any(|window| window.is_rolling()) => {
                return Err(misunderstood(
                    "`step` is for rolling windows such as 1h, and none is asked for: calendar windows come one by one \
                     without it",
                ));
            }
            Some(step) => points(&query, step),
        };
        check_cost(&query, &points, engine)?;
        let rows = Vec::new();
        let (time, low_watermark) = (engine.now().to_rfc3339(), engine.low_watermark().to_rfc3339());
        Ok(FiguresJob { query, points, next: (0, 0, 0), figures: Figures { time, low_watermark, rows } })
    }

    fn go_on(&mut self, engine: &Engine) -> Result<Option<Figures>, NoAnswer> {
        let (scope, window, point) = self.next;
        let Some(scope_asked) = self.query.scopes.get(scope) else {
            let none = Figures { time: String::new(), low_watermark: String::new(), rows: Vec::new() };
            return Ok(Some(std::mem::replace(&mut self.figures, none)));
        };
        let Some(window_asked) = self.query.windows.get(window).copied() else {
            self.next = (scope + 1, 0, 0);
            return Ok(None);
        };
        let (from, to) = match window_asked.is_rolling() {
            true => (self.points[point], self.points[point]),
            false => (self.query.from, self.query.to),
        };
        let zone = engine.roster().zone(scope_asked);
        for stretch in window_asked.between(from, to, scope_asked.kind, zone) {
            let rows = &mut self.figures.rows;
            engine
                .visit_stretch(scope_asked, window_asked, stretch, &self.query, |row| {
                    rows.push(Shown::new(&row, engine.roster()));
                })
                .map_err(misunderstood)?;
        }
        self.next = match window_asked.is_rolling() && point + 1 < self.points.len() {
            true => (scope, window, point + 1),
            false => (scope, window + 1, 0),
        };
        Ok(None)
    }
}

/// From the beginning to the end, step by step.
fn points(query: &Query, step: Span) -> Vec<Instant> {
    let next = |at: &Instant| Some(at.plus(step)).filter(|next| *next > *at);
    let all = std::iter::successors(Some(query.from), next).take_while(|at| *at <= query.to);
    // One more than there may be rows is enough to know.
    all.take(MOST_ROWS + 1).collect()
}

/// Calendar windows are counted in the company's zone, so this is about right.
fn check_cost(query: &Query, points: &[Instant], engine: &Engine) -> Result<(), NoAnswer> {
    let zone = engine.roster().data().company.zone.unwrap_or_default();
    let rows_each = query.scopes.len() * query.measures.len();
    if rows_each == 0 {
        return Ok(());
    }
    let (mut rows, mut panes) = (0_usize, 0_usize);
    // What stood at the end of a stretch is what stands less all that has changed since.
    let up_to = if query.measures.iter().any(Measure::is_stock) { engine.now() } else { Instant::MIN };
    for window in &query.windows {
        let stretches: Box<dyn Iterator<Item = Stretch>> = match window.is_rolling() {
            true => Box::new(points.iter().map(|at| window.at(*at, ScopeKind::Company, zone))),
            false => Box::new(window.between(query.from, query.to, ScopeKind::Company, zone)),
        };
        for stretch in stretches {
            rows += rows_each;
            let looked_at = Stretch { end: stretch.end.max(up_to), ..query.times.fine(stretch) };
            panes = panes.saturating_add(panes_of(looked_at).saturating_mul(query.scopes.len()));
            if rows > MOST_ROWS || panes > MOST_PANES {
                return Err(misunderstood(format!(
                    "the answer has more than {MOST_ROWS} rows or is made of more than {MOST_PANES} panes, which are the \
                     most for one question: ask for fewer scopes, measures, windows or days, or a longer step"
                )));
            }
        }
    }
    Ok(())
}

fn panes_of(stretch: Stretch) -> usize {
    let width = match stretch.tier {
        Tier::Minute => MINUTE,
        Tier::QuarterHour => QUARTER_HOUR,
        Tier::Day | Tier::Standing => DAY,
    };
    // Panes are kept for a time, however long the stretch is.
    usize::try_from(stretch.end.since(stretch.start).0 / width).unwrap_or(0).clamp(1, 10_000)
}

fn scopes(engine: &Engine) -> Scopes {
    let roster = engine.roster();
    let listed: HashSet<Scope> = roster.scopes().into_iter().collect();
    let shown = |scope: Scope| ShownScope {
        parent: parent(&scope, roster, engine.now()).map(|parent| parent.to_string()),
        zone: roster.zone(&scope).name(),
        listed: listed.contains(&scope),
        scope: scope.to_string(),
        kind: scope.kind.name(),
        id: scope.id.to_string(),
    };
    Scopes { scopes: engine.scopes().into_iter().map(shown).collect() }
}

/// What is above a scope at an instant: the second step of the path that it counts on.
fn parent(scope: &Scope, roster: &Roster, at: Instant) -> Option<Scope> {
    let path = match scope.kind {
        ScopeKind::Company => return None,
        ScopeKind::Department => return Some(Scope::new(ScopeKind::Company, roster.data().company.id.clone())),
        ScopeKind::Team => roster.queue_path(None, Some(&scope.id), at),
        ScopeKind::Queue => roster.queue_path(Some(&scope.id), None, at),
        ScopeKind::Rep => roster.rep_path(Some(&scope.id), None, None, at),
    };
    path.steps().get(1).map(|(scope, _)| scope.clone())
}

fn catalogue(engine: &Engine) -> Measures {
    let settings = engine.settings();
    let shown = measures(settings).into_iter().map(|measure| {
        let definition = measure.definition;
        let components = measure.components();
        ShownMeasure {
            scopes: ScopeKind::ALL.into_iter().filter(|kind| measure.has(*kind)).map(ScopeKind::name).collect(),
            measure: measure.name,
            meaning: definition.meaning,
            unit: definition.unit.name(),
            formula: definition.formula_text,
            components,
            instant: definition.instant,
            edges: definition.edges,
        }
    });
    Measures { measures: shown.collect() }
}
