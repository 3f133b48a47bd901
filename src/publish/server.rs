//! The HTTP server: metrics, health, and the API of figures. It reads an immutable view; what only the engine knows it
//! asks through a door that the application gives it.

use super::exposition::{Format, page, takes_gzip};
use super::question::Question;
use super::rows::Shown;
use super::view::View;
use arc_swap::ArcSwap;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Json, Response};
use axum::routing::{get, post};
use flate2::Compression;
use flate2::write::GzEncoder;
use prometheus::proto::MetricFamily;
use serde::Serialize;
use std::future::Future;
use std::io::Write;
use std::pin::Pin;
use std::sync::Arc;

/// What the engine answers to a question.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// How far time has come, RFC 3339: the figures are as of this instant.
    pub time: String,
    /// Event time of the slowest source that is not idle, RFC 3339.
    pub low_watermark: String,
    /// The figures.
    pub rows: Vec<Shown>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The question makes no sense; what would.
    Misunderstood(String),
    /// It is too early or too late to ask.
    NotReady(String),
}

/// Asks the engine.
pub type Ask = dyn Fn(Question) -> Pin<Box<dyn Future<Output = Result<Answer, NoAnswer>> + Send>> + Send + Sync;

/// Reads the configuration anew: what that did, or why it was not put in force.
pub type Reload = dyn Fn() -> Pin<Box<dyn Future<Output = Result<String, String>> + Send>> + Send + Sync;

/// What the handlers see of the program.
pub struct Shared {
    /// The figures as they were last computed.
    pub view: ArcSwap<View>,
    /// The program's own metrics.
    pub own: Box<dyn Fn() -> Vec<MetricFamily> + Send + Sync>,
    /// `Err` with the reason while something is broken for good.
    pub healthy: Box<dyn Fn() -> Result<(), String> + Send + Sync>,
    /// `Err` with the reason while figures are not complete yet.
    pub ready: Box<dyn Fn() -> Result<(), String> + Send + Sync>,
    /// Counts an answered request by handler and status.
    pub count: Box<dyn Fn(&'static str, u16) + Send + Sync>,
    /// The door to the engine.
    pub ask: Box<Ask>,
    /// The door to the configuration.
    pub reload: Box<Reload>,
}

type App = Arc<Shared>;

/// The routes.
pub fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(landing))
        .route("/metrics", get(metrics))
        .route("/-/healthy", get(healthy))
        .route("/-/ready", get(ready))
        .route("/-/reload", post(reload))
        .route("/api/v1/figures", get(figures))
        .with_state(shared)
}

async fn landing(State(app): State<App>) -> Response {
    let page = "<!doctype html><html lang=\"en\"><title>goalkeeper</title><h1>goalkeeper</h1><ul>\
                <li><a href=\"/metrics\">metrics</a><li><a href=\"/api/v1/figures\">figures</a>\
                <li><a href=\"/-/ready\">ready?</a><li><a href=\"/-/healthy\">healthy?</a></ul></html>";
    counted(&app, "landing", Html(page).into_response())
}

async fn metrics(State(app): State<App>, headers: HeaderMap) -> Response {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let format = Format::negotiate(text(header::ACCEPT));
    let packed = takes_gzip(text(header::ACCEPT_ENCODING));
    let for_page = app.clone();
    // A large page is work for milliseconds: not on the threads that answer everyone.
    let written = tokio::task::spawn_blocking(move || {
        let body = page(&(for_page.own)(), &for_page.view.load(), format);
        if packed { gzip(&body) } else { Ok(body) }
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
    counted(&app, "metrics", response)
}

fn gzip(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 8), Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}

async fn healthy(State(app): State<App>) -> Response {
    let response = state((app.healthy)());
    counted(&app, "healthy", response)
}

async fn ready(State(app): State<App>) -> Response {
    let response = state((app.ready)());
    counted(&app, "ready", response)
}

async fn reload(State(app): State<App>) -> Response {
    let response = match (app.reload)().await {
        Ok(done) => format!("{done}\n").into_response(),
        Err(problem) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{problem}\n")).into_response(),
    };
    counted(&app, "reload", response)
}

fn state(state: Result<(), String>) -> Response {
    match state {
        Ok(()) => "yes\n".into_response(),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("no: {reason}\n")).into_response(),
    }
}

async fn figures(State(app): State<App>, Query(parameters): Query<Vec<(String, String)>>) -> Response {
    let response = match question(&parameters) {
        Err(problem) => refusal(StatusCode::BAD_REQUEST, &problem),
        Ok(question) => match (app.ask)(question).await {
            Ok(answer) => Json(answer).into_response(),
            Err(NoAnswer::Misunderstood(problem)) => refusal(StatusCode::BAD_REQUEST, &problem),
            Err(NoAnswer::NotReady(problem)) => refusal(StatusCode::SERVICE_UNAVAILABLE, &problem),
        },
    };
    counted(&app, "figures", response)
}

fn refusal(status: StatusCode, problem: &str) -> Response {
    (status, Json(serde_json::json!({"error": problem}))).into_response()
}

/// `scope`, `measure`, `window` (each repeatable or comma-separated), and `at`, or `from` and `to`.
fn question(parameters: &[(String, String)]) -> Result<Question, String> {
    let mut question = Question::default();
    for (name, value) in parameters {
        let several = || value.split(',').map(str::to_owned);
        match name.as_str() {
            "scope" => question.scopes.extend(several()),
            "measure" => question.measures.extend(several()),
            "window" => question.windows.extend(several()),
            "at" => question.at = Some(value.clone()),
            "from" => question.from = Some(value.clone()),
            "to" => question.to = Some(value.clone()),
            other => {
                return Err(format!("unknown parameter `{other}`: known are scope, measure, window, at, from, to"));
            }
        }
    }
    Ok(question)
}

fn counted(app: &App, handler: &'static str, response: Response) -> Response {
    (app.count)(handler, response.status().as_u16());
    response
}
