//! The wallboard: its pages, which lie in the program, and what keeps them live. Each new view wakes the streams, which
//! send the latest there is: one that takes its time misses what came between, and nothing waits for it.

use super::board::{Board, ShownAlert, when};
use super::definitions;
use super::rows::local;
use super::server::{App, counted, problem};
use super::tiles::{Choices, Tile};
use super::view::View;
use crate::domain::event::Name;
use crate::domain::judge::Judged;
use crate::domain::measure::{Unit, measures};
use crate::domain::scope::ScopeKind;
use crate::domain::time::Instant;
use crate::domain::verdict::State as VerdictState;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use futures_util::stream;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant as Monotonic};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// Streams at once.
pub const MOST_STREAMS: usize = 100;
/// Something is sent at least so often, so that a page sees that the connection is there.
const BEAT: Duration = Duration::from_secs(5);
/// Figures of one tile at most: more cannot be read from across a room.
const MOST_FIGURES: usize = 6;
/// Alerts on the board at most; the rest are only counted.
const MOST_ALERTS: usize = 50;

/// The files of the pages: name, type and content.
const FILES: [(&str, &str, &str); 7] = [
    ("icon.svg", "image/svg+xml", include_str!("pages/icon.svg")),
    ("wallboard.css", "text/css; charset=utf-8", include_str!("pages/wallboard.css")),
    ("common.js", "text/javascript; charset=utf-8", include_str!("pages/common.js")),
    ("wallboard.js", "text/javascript; charset=utf-8", include_str!("pages/wallboard.js")),
    ("figures.js", "text/javascript; charset=utf-8", include_str!("pages/figures.js")),
    // What somebody needs who sees an empty board, as the files themselves explain it.
    ("targets.yaml", "text/plain; charset=utf-8", include_str!("../../config/targets.yaml")),
    ("roster.yaml", "text/plain; charset=utf-8", include_str!("../../config/roster.yaml")),
];

/// Sent with everything: a page of ours loads from here only, and runs no script that is not a file of ours.
const SECURITY: [(HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    // After an update the screens on the walls must not show old pages.
    (header::CACHE_CONTROL, "no-cache"),
];

/// The routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/", get(wallboard))
        .route("/figures", get(figures))
        .route("/pages/{name}", get(file))
        .route("/pages/choices.json", get(choices))
        .route("/api/v1/live", get(live))
}

async fn wallboard(State(app): State<App>) -> Response {
    counted(&app, "wallboard", Monotonic::now(), page("text/html; charset=utf-8", include_str!("pages/wallboard.html")))
}

async fn figures(State(app): State<App>) -> Response {
    counted(
        &app,
        "figures_page",
        Monotonic::now(),
        page("text/html; charset=utf-8", include_str!("pages/figures.html")),
    )
}

async fn file(State(app): State<App>, Path(name): Path<String>) -> Response {
    let response = match FILES.iter().find(|(known, _, _)| *known == name) {
        Some((_, kind, content)) => page(kind, content),
        None => (StatusCode::NOT_FOUND, "no such file\n").into_response(),
    };
    counted(&app, "page_file", Monotonic::now(), response)
}

fn page(kind: &'static str, content: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], SECURITY, content).into_response()
}

async fn choices(State(app): State<App>) -> Response {
    let response = Json(ShownChoices::of(&app.view.load().choices)).into_response();
    counted(&app, "choices", Monotonic::now(), response)
}

async fn live(State(app): State<App>) -> Response {
    let Some((views, permit)) = app.live.enter() else {
        let told = format!(
            "{MOST_STREAMS} boards are connected, which are the most that are served: close one, or ask \
             /api/v1/targets and /api/v1/alerts from time to time instead"
        );
        return counted(&app, "live", Monotonic::now(), problem(StatusCode::SERVICE_UNAVAILABLE, &told));
    };
    let begin = Viewing { app: app.clone(), views, _permit: permit };
    let frames = stream::unfold(begin, |mut viewing| async move {
        // Either something is new or it is time for a sign of life. The sender lives as long as the program.
        let _ = tokio::time::timeout(BEAT, viewing.views.changed()).await;
        let shown = viewing.views.borrow_and_update().clone();
        let event = Event::default().data(viewing.app.live.frame(&shown, (viewing.app.ready)()));
        Some((Ok::<_, Infallible>(event), viewing))
    });
    counted(&app, "live", Monotonic::now(), Sse::new(frames).into_response())
}

/// One stream.
struct Viewing {
    app: App,
    views: watch::Receiver<Latest>,
    _permit: OwnedSemaphorePermit,
}

/// The wallboards that are connected, and what they are to show.
#[derive(Debug)]
pub struct Live {
    views: watch::Sender<Latest>,
    room: Arc<Semaphore>,
    /// The board of the last view that somebody saw, as it is sent: it is written once for all.
    written: Mutex<(Weak<View>, Arc<RawValue>)>,
}

/// The latest view, and since when T is what it is.
#[derive(Clone, Debug)]
struct Latest {
    view: Arc<View>,
    time: Option<Instant>,
    since: Monotonic,
}

impl Default for Live {
    fn default() -> Live {
        let latest = Latest { view: Arc::default(), time: None, since: Monotonic::now() };
        let room = Arc::new(Semaphore::new(MOST_STREAMS));
        Live {
            views: watch::channel(latest).0,
            room,
            written: Mutex::new((Weak::new(), RawValue::NULL.to_owned().into())),
        }
    }
}

impl Live {
    /// Shows a new view to all who are connected. It waits for nobody.
    pub fn show(&self, view: Arc<View>) {
        let time = view.board.as_ref().map(|board| board.time);
        self.views.send_modify(|latest| {
            if latest.time != time {
                latest.since = Monotonic::now();
            }
            latest.time = time;
            latest.view = view;
        });
    }

    /// Lets one more stream in, if there is room; it gets the present view at once.
    fn enter(&self) -> Option<(watch::Receiver<Latest>, OwnedSemaphorePermit)> {
        let permit = self.room.clone().try_acquire_owned().ok()?;
        let mut views = self.views.subscribe();
        views.mark_changed();
        Some((views, permit))
    }

    /// What is sent.
    fn frame(&self, latest: &Latest, ready: Result<(), String>) -> String {
        let board = self.board(&latest.view);
        let frame =
            Frame { version: env!("CARGO_PKG_VERSION"), waits_for: ready.err(), age: age(latest), board: &board };
        serde_json::to_string(&frame).unwrap_or_default()
    }

    fn board(&self, view: &Arc<View>) -> Arc<RawValue> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if !Weak::ptr_eq(&written.0, &Arc::downgrade(view)) {
            let board = view.board.as_ref().map(|board| ShownBoard::of(board, view));
            let text = serde_json::value::to_raw_value(&board).unwrap_or_else(|_| RawValue::NULL.to_owned());
            *written = (Arc::downgrade(view), text.into());
        }
        written.1.clone()
    }
}

/// How old the newest of the data is, in seconds. Where T is the wall clock, it runs away from the events; where it is that
/// of the events, or Kafka cannot be reached, it stands still.
fn age(latest: &Latest) -> Option<f64> {
    let reached = latest.view.tiles.reached?;
    let behind = latest.time?.since(reached).0.max(0) as f64 / 1000.0;
    Some(((behind + latest.since.elapsed().as_secs_f64()) * 10.0).round() / 10.0)
}

/// What is sent at each new view, and at least each [`BEAT`].
#[derive(Serialize)]
struct Frame<'a> {
    /// A page of another version loads itself anew.
    version: &'static str,
    /// What is missing for figures that are complete and up to date.
    waits_for: Option<String>,
    /// How old the newest of the data is, in seconds; none before the first event.
    age: Option<f64>,
    /// Everything else.
    board: &'a RawValue,
}

#[derive(Serialize)]
struct ShownBoard {
    company: Name,
    /// T in the company's zone; none before the first event.
    time: Option<String>,
    /// How far events have come, in the company's zone.
    reached: Option<String>,
    /// True once figures have been whole.
    complete: bool,
    targets: usize,
    tiles: Vec<ShownTile>,
    hidden_tiles: usize,
    alerts: Vec<ShownAlert>,
    hidden_alerts: usize,
}

#[derive(Serialize)]
struct ShownTile {
    kind: &'static str,
    id: Name,
    team: Option<Name>,
    figures: Vec<ShownTileFigure>,
}

#[derive(Serialize)]
struct ShownTileFigure {
    measure: String,
    /// What it is called on the tile, if not by the measure.
    label: Option<&'static str>,
    /// Which part of the scope it is of.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    part: Option<String>,
    /// In which window, in words.
    when: String,
    /// The window, as the API takes it.
    window: String,
    /// The value as people write it.
    text: Option<String>,
    /// What is said of the target; none where there is none.
    state: Option<&'static str>,
    /// The bound in words.
    bound: Option<String>,
    /// What a count will be at the window's end at the present pace.
    projection: Option<String>,
}

impl ShownBoard {
    fn of(board: &Board, view: &View) -> ShownBoard {
        let zone = board.roster.data().company.zone.unwrap_or_default();
        let mut alerts = board.alerts(is_for_all);
        let hidden_alerts = alerts.len().saturating_sub(MOST_ALERTS);
        alerts.truncate(MOST_ALERTS);
        // What is said of a part of a scope stands on the tile of the whole.
        let mut said: HashMap<(ScopeKind, &Name), Vec<&Judged>> = HashMap::new();
        for judged in board.judged.iter().filter(|judged| is_for_all(judged)) {
            said.entry((judged.scope.kind, &judged.scope.id)).or_default().push(judged);
        }
        ShownBoard {
            company: board.roster.data().company.id.clone(),
            time: view.tiles.reached.map(|_| local(board.time, zone)),
            reached: view.tiles.reached.map(|reached| local(reached, zone)),
            complete: view.tiles.complete,
            targets: board.targets.len(),
            tiles: view
                .tiles
                .tiles
                .iter()
                .map(|tile| {
                    let said = said.get(&(tile.scope.kind, &tile.scope.id));
                    shown_tile(tile, board, said.map_or(&[], Vec::as_slice))
                })
                .collect(),
            hidden_tiles: view.tiles.hidden,
            alerts,
            hidden_alerts,
        }
    }
}

/// True if everybody may see it: what is said of a single rep is not for the wall.
fn is_for_all(judged: &Judged) -> bool {
    judged.scope.kind != ScopeKind::Rep
}

/// A tile with what is said of its targets first, then what else there is room for.
fn shown_tile(tile: &Tile, board: &Board, said: &[&Judged]) -> ShownTile {
    let mut figures: Vec<ShownTileFigure> = said.iter().map(|judged| held(board, judged)).collect();
    if figures.len() > MOST_FIGURES {
        // What is wrong must not be what is left out.
        figures.sort_by_key(|figure| std::cmp::Reverse(figure.state.map(urgency)));
        figures.truncate(MOST_FIGURES);
    }
    figures.extend(tile.waiting.map(shown_waiting));
    for figure in &tile.figures {
        // Three or four are enough where they only fill the room.
        if figures.len() >= MOST_FIGURES - 2 {
            break;
        }
        if figures.iter().all(|other| other.measure != figure.measure || other.part.is_some()) {
            figures.push(ShownTileFigure {
                measure: figure.measure.clone(),
                label: None,
                part: None,
                when: when(figure.window),
                window: figure.window.to_string(),
                text: Some(figure.text.clone()),
                state: None,
                bound: None,
                projection: None,
            });
        }
    }
    ShownTile { kind: tile.scope.kind.name(), id: tile.scope.id.clone(), team: tile.team.clone(), figures }
}

/// Who waits now: what somebody can still do something about.
fn shown_waiting((count, longest): (i64, Option<f64>)) -> ShownTileFigure {
    let longest = longest.map(|seconds| Unit::Seconds.text(seconds.floor()));
    ShownTileFigure {
        measure: "waiting_now".to_owned(),
        label: Some("Waiting now"),
        part: None,
        when: longest.map_or_else(|| "nobody waits".to_owned(), |longest| format!("the longest for {longest}")),
        window: "hour".to_owned(),
        text: Some(count.to_string()),
        state: None,
        bound: None,
        projection: None,
    }
}

/// A figure that is held against a target.
fn held(board: &Board, judged: &Judged) -> ShownTileFigure {
    let target = &board.targets[judged.target];
    let unit = target.measure.definition.unit;
    ShownTileFigure {
        measure: target.measure.name.clone(),
        label: None,
        part: judged.scope.slice.as_ref().map(|slice| slice.to_string()),
        when: when(target.window),
        window: target.window.to_string(),
        text: judged.verdict.figure.value.map(|value| unit.text(value)),
        state: Some(judged.verdict.state.name()),
        bound: Some(target.bound().text(unit)),
        projection: judged.verdict.projection.map(|value| unit.text(value.round())),
    }
}

fn urgency(state: &'static str) -> usize {
    let order = [VerdictState::Met, VerdictState::OnTrack, VerdictState::AtRisk, VerdictState::Missed];
    order.iter().position(|known| known.name() == state).map_or(0, |n| n + 1)
}

/// The choices of the page of figures.
#[derive(Serialize)]
struct ShownChoices {
    scopes: Vec<String>,
    windows: Vec<String>,
    measures: Vec<ShownMeasure>,
}

#[derive(Serialize)]
struct ShownMeasure {
    name: String,
    unit: &'static str,
    meaning: &'static str,
    formula: &'static str,
    side: &'static str,
    instant: &'static str,
    edges: &'static str,
    source: &'static str,
    /// True if samples are seconds.
    of_time: bool,
    /// The kinds of scope that have it.
    kinds: Vec<&'static str>,
}

impl ShownChoices {
    fn of(choices: &Choices) -> ShownChoices {
        let shown = measures(&choices.settings).into_iter().map(|measure| ShownMeasure {
            unit: measure.definition.unit.name(),
            meaning: measure.definition.meaning,
            formula: definitions::formula(&measure, &choices.settings),
            side: measure.definition.side.text(),
            instant: measure.definition.instant,
            edges: measure.definition.edges,
            source: measure.definition.source,
            of_time: measure.looks_at_time(),
            kinds: ScopeKind::ALL.into_iter().filter(|kind| measure.has(*kind)).map(ScopeKind::name).collect(),
            name: measure.name,
        });
        ShownChoices {
            scopes: choices.scopes.iter().map(ToString::to_string).collect(),
            windows: choices.windows.iter().map(ToString::to_string).collect(),
            measures: shown.collect(),
        }
    }
}
