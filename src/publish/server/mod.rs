//! The HTTP server: metrics, health, and the API of figures. It reads an immutable view; what only the engine knows it
//! asks through a door that the application gives it.

mod api;

pub(super) use api::{parameters, problem};

use super::access::{Access, guard};
use super::answer::{Answer, Ask, NoAnswer};
use super::exposition::{Format, gzip, page, takes_gzip};
use super::status::Status;
use super::view::View;
use super::wallboard::{self, Live};
use arc_swap::ArcSwap;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use prometheus::proto::MetricFamily;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Asks the engine.
pub type AskEngine = dyn Fn(Ask) -> Pin<Box<dyn Future<Output = Result<Answer, NoAnswer>> + Send>> + Send + Sync;

/// Reads the configuration anew: what that did, or why it was not put in force.
pub type Reload = dyn Fn() -> Pin<Box<dyn Future<Output = Result<String, String>> + Send>> + Send + Sync;

/// What the handlers see of the program.
pub struct Shared {
    /// The figures as they were last computed.
    pub view: ArcSwap<View>,
    /// The wallboards that are connected.
    pub live: Live,
    /// The program's own metrics.
    pub own: Box<dyn Fn() -> Vec<MetricFamily> + Send + Sync>,
    /// `Err` with the reason while something is broken for good.
    pub healthy: Box<dyn Fn() -> Result<(), String> + Send + Sync>,
    /// `Err` with the reason while figures are not complete yet.
    pub ready: Box<dyn Fn() -> Result<(), String> + Send + Sync>,
    /// Counts an answered request by handler and status, and how long it took.
    pub count: Box<dyn Fn(&'static str, u16, Duration) + Send + Sync>,
    /// Hears how long a page of metrics took to write.
    pub rendered: Box<dyn Fn(Duration) + Send + Sync>,
    /// Who may come in.
    pub access: Arc<Access>,
    /// The door to the engine.
    pub ask: Box<AskEngine>,
    /// How the daemon is doing.
    pub status: Box<dyn Fn() -> Status + Send + Sync>,
    /// The door to the configuration.
    pub reload: Box<Reload>,
}

impl Shared {
    /// Puts new figures in the place of those before.
    pub fn publish(&self, view: View) {
        let view = Arc::new(view);
        self.view.store(view.clone());
        self.live.show(view);
    }
}

pub(super) type App = Arc<Shared>;

/// The routes of the listener for single reps: their series, and health.
pub fn router_of_reps(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/metrics", get(metrics_of_reps))
        .route("/-/healthy", get(healthy))
        .route("/-/ready", get(ready))
        .with_state(shared.clone())
        .layer(from_fn_with_state(shared, guard))
}

/// The routes.
pub fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/-/healthy", get(healthy))
        .route("/-/ready", get(ready))
        .route("/-/reload", post(reload))
        .merge(wallboard::routes())
        .with_state(shared.clone())
        .merge(api::router(shared.clone()))
        .layer(from_fn_with_state(shared, guard))
}

async fn metrics(State(app): State<App>, headers: HeaderMap) -> Response {
    metrics_page(app, headers, Page::Main).await
}

async fn metrics_of_reps(State(app): State<App>, headers: HeaderMap) -> Response {
    metrics_page(app, headers, Page::Reps).await
}

/// Which families a page has.
#[derive(Clone, Copy)]
enum Page {
    /// The program's own, and all of scopes that have no page of their own.
    Main,
    /// Those of single reps.
    Reps,
}

async fn metrics_page(app: App, headers: HeaderMap, which: Page) -> Response {
    let begun = Instant::now();
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let format = Format::negotiate(text(header::ACCEPT));
    let packed = takes_gzip(text(header::ACCEPT_ENCODING));
    let for_page = app.clone();
    // A large page is work for milliseconds: not on the threads that answer everyone.
    let written = tokio::task::spawn_blocking(move || {
        let begun = Instant::now();
        let view = for_page.view.load();
        let body = match which {
            Page::Main => page(&(for_page.own)(), &view.families, format),
            Page::Reps => page(&[], &view.reps, format),
        };
        let body = if packed { gzip(&body) } else { Ok(body) };
        (for_page.rendered)(begun.elapsed());
        body
    });
    let response = match written.await {
        Ok(Ok(body)) => {
            let mut response = ([(header::CONTENT_TYPE, format.content_type())], body).into_response();
            if packed {
                response.headers_mut().insert(header::CONTENT_ENCODING, header::HeaderValue::from_static("gzip"));
            }
            response
        }
        Ok(Err(error)) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    };
    counted(&app, "metrics", begun, response)
}

async fn healthy(State(app): State<App>) -> Response {
    let begun = Instant::now();
    let response = state((app.healthy)());
    counted(&app, "healthy", begun, response)
}

async fn ready(State(app): State<App>) -> Response {
    let begun = Instant::now();
    let response = state((app.ready)());
    counted(&app, "ready", begun, response)
}

async fn reload(State(app): State<App>) -> Response {
    let begun = Instant::now();
    let response = match (app.reload)().await {
        Ok(done) => format!("{done}\n").into_response(),
        Err(problem) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{problem}\n")).into_response(),
    };
    counted(&app, "reload", begun, response)
}

fn state(state: Result<(), String>) -> Response {
    match state {
        Ok(()) => "yes\n".into_response(),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("no: {reason}\n")).into_response(),
    }
}

pub(super) fn counted(app: &App, handler: &'static str, begun: Instant, response: Response) -> Response {
    (app.count)(handler, response.status().as_u16(), begun.elapsed());
    response
}
