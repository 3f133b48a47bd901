//! Tiles: what a wallboard shows of the company, its departments, teams and queues. Never of a rep: the screen hangs where
//! everybody passes.

use crate::domain::engine::{Engine, Query};
use crate::domain::event::Name;
use crate::domain::measure::{Measure, Unit};
use crate::domain::roster::Queue;
use crate::domain::scope::{Scope, ScopeKind};
use crate::domain::settings::Settings;
use crate::domain::time::Instant;
use crate::domain::times::Times;
use crate::domain::window::Window;
use std::sync::Arc;

/// Scopes with tiles at most: no screen shows as many.
const MOST_TILES: usize = 200;
/// Figures that are shown where no target says what matters, most wanted first.
const USUAL: [&str; 8] =
    ["service_level", "abandon_rate", "asa", "offered", "handled", "handle_time_mean", "tickets_solved", "csat"];

/// What a wallboard shows beside targets and alerts.
#[derive(Debug, Default)]
pub struct Tiles {
    /// How far events have come: the low watermark, or the newest event where no partition has had one for long. None
    /// before the first event.
    pub reached: Option<Instant>,
    /// The tiles, from the company down.
    pub tiles: Vec<Tile>,
    /// True if figures are whole: everything that was there at the start has been read.
    pub complete: bool,
    /// Scopes beyond those that are shown.
    pub hidden: usize,
}

/// What is shown of one scope.
#[derive(Debug)]
pub struct Tile {
    /// Whose tile.
    pub scope: Scope,
    /// Its team.
    pub team: Option<Name>,
    /// How many wait there now, and for how many seconds the first of them has; none of what has no queues, or until
    /// figures are whole.
    pub waiting: Option<(i64, Option<f64>)>,
    /// Figures that have a value; none until everything that was there at the start has been read.
    pub figures: Vec<TileFigure>,
}

/// A figure of a tile.
#[derive(Debug)]
pub struct TileFigure {
    /// The measure.
    pub measure: String,
    /// The window.
    pub window: Window,
    /// The value as people write it.
    pub text: String,
}

impl Tiles {
    /// The tiles of `scopes`, with figures of `window` if they are whole.
    pub fn of(engine: &Engine, window: Option<&Window>, scopes: &[Scope], ready: bool) -> Tiles {
        let now = engine.now();
        let measures: Vec<Measure> = USUAL.iter().filter_map(|name| Measure::named(name, engine.settings())).collect();
        let shown = scopes.iter().filter(|scope| scope.kind != ScopeKind::Rep);
        let tile = |scope: &Scope| Tile {
            scope: scope.clone(),
            team: engine.roster().team_of(scope, now).cloned(),
            waiting: (ready && has_queues(engine, scope)).then(|| {
                let now = |name| figure_now(engine, name, scope);
                (now("waiting_now").map_or(0, |waiting| waiting as i64), now("longest_wait_now"))
            }),
            figures: window.filter(|_| ready).map_or_else(Vec::new, |w| figures(engine, &measures, *w, scope)),
        };
        Tiles {
            reached: engine.newest().map(|newest| newest.min(engine.low_watermark())),
            tiles: shown.clone().take(MOST_TILES).map(tile).collect(),
            complete: ready,
            hidden: shown.count().saturating_sub(MOST_TILES),
        }
    }
}

/// True if contacts can wait there: a team of reps alone has nobody waiting, and that is no good news.
fn has_queues(engine: &Engine, scope: &Scope) -> bool {
    let (roster, now) = (engine.roster(), engine.now());
    let team = |queue: &Queue| roster.team_of(&Scope::new(ScopeKind::Queue, queue.unit.id.clone()), now).cloned();
    match scope.kind {
        ScopeKind::Company | ScopeKind::Queue => true,
        ScopeKind::Team => roster.queues().any(|queue| team(queue).as_ref() == Some(&scope.id)),
        ScopeKind::Department => {
            roster.queues().any(|queue| team(queue).is_some_and(|team| roster.department_of(&team) == Some(&scope.id)))
        }
        ScopeKind::Rep => false,
    }
}

/// The value of a measure of what stands now.
fn figure_now(engine: &Engine, name: &str, scope: &Scope) -> Option<f64> {
    let measure = Measure::named(name, engine.settings())?;
    let window = Window::QuarterHour;
    let stretch = window.at(Instant(engine.now().0.saturating_add(1)), scope.kind, engine.roster().zone(scope));
    engine.figure(&measure, scope, window, stretch).figure.value
}

fn figures(engine: &Engine, measures: &[Measure], window: Window, scope: &Scope) -> Vec<TileFigure> {
    let now = engine.now();
    let query = Query {
        scopes: vec![scope.clone()],
        measures: measures.to_vec(),
        windows: vec![window],
        times: Times::default(),
        from: now,
        to: Instant(now.0.saturating_add(1)),
    };
    let mut figures = Vec::new();
    let asked = engine.visit_figures(&query, |row| {
        // A tile has room for little: of what nothing happened there is nothing to show.
        let is_something = |value: &f64| row.unit != Unit::Count || *value != 0.0;
        figures.extend(row.figure.value.filter(is_something).map(|value| TileFigure {
            measure: row.measure.clone(),
            window: row.window,
            text: row.unit.text(value),
        }));
    });
    if let Err(error) = asked {
        tracing::debug!("no tile: {error}");
    }
    figures
}

/// What can be asked for: the choices of the page of figures.
#[derive(Debug, Default)]
pub struct Choices {
    /// Every scope, reps too.
    pub scopes: Vec<Scope>,
    /// The configured windows.
    pub windows: Vec<Window>,
    /// They decide which measures there are.
    pub settings: Arc<Settings>,
}
