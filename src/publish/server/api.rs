//! The API under `/api/`: it answers in JSON whatever is asked, and one question cannot cost more than it may.

use super::{App, Shared};
use crate::publish::answer::{Ask, NoAnswer};
use crate::publish::board_api;
use crate::publish::facts::FactsQuestion;
use crate::publish::question::Question;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{any, get};
use serde_json::json;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Semaphore;

/// The longest query string.
const LONGEST_QUERY: usize = 8_192;
/// Questions to the engine that are answered at once.
const QUESTIONS: usize = 4;
/// Seconds after which a question that found no room may be asked again.
const AGAIN_AFTER: &str = "1";

/// What the handlers see: the program, and the room for questions.
#[derive(Clone)]
struct Api {
    app: App,
    room: Arc<Semaphore>,
}

/// The routes under `/api`.
pub(super) fn router(app: Arc<Shared>) -> Router {
    let api = Api { app: app.clone(), room: Arc::new(Semaphore::new(QUESTIONS)) };
    Router::new()
        .route("/api/v1/figures", get(figures))
        .route("/api/v1/facts", get(facts))
        .route("/api/v1/scopes", get(scopes))
        .route("/api/v1/measures", get(measures))
        .route("/api/v1/status", get(status))
        .merge(board_api::routes().with_state(app))
        .method_not_allowed_fallback(wrong_method)
        .route("/api", any(unknown))
        .route("/api/", any(unknown))
        .route("/api/{*path}", any(unknown))
        .layer(middleware::from_fn_with_state(api.clone(), bounded))
        .with_state(api)
}

/// What is wrong, and what to do.
fn refusal(status: StatusCode, error: &str, help: &str) -> Response {
    (status, Json(json!({"error": error, "help": help}))).into_response()
}

/// Errors say what happened, and behind the last colon what to do.
pub(in crate::publish) fn problem(status: StatusCode, problem: &str) -> Response {
    let (error, help) = problem.rsplit_once(": ").unwrap_or((problem, "see docs/api.md"));
    refusal(status, error, help)
}

/// Nobody reads a question that is longer than any sensible one.
async fn bounded(State(Api { app, .. }): State<Api>, request: Request, next: Next) -> Response {
    let length = request.uri().query().map_or(0, str::len);
    if length > LONGEST_QUERY {
        let error = format!("the query string has {length} bytes, and {LONGEST_QUERY} are the most");
        let response = refusal(StatusCode::URI_TOO_LONG, &error, "ask for fewer scopes or measures at once");
        return super::counted(&app, "too_long", Instant::now(), response);
    }
    next.run(request).await
}

async fn unknown(State(Api { app, .. }): State<Api>, request: Request) -> Response {
    let error = format!("there is no {}", request.uri().path());
    let help = "ask /api/v1/figures, facts, scopes, measures, targets, alerts or status, with GET";
    super::counted(&app, "unknown", Instant::now(), refusal(StatusCode::NOT_FOUND, &error, help))
}

async fn wrong_method(State(Api { app, .. }): State<Api>, request: Request) -> Response {
    let error = format!("{} does not take {}", request.uri().path(), request.method());
    let mut response = refusal(StatusCode::METHOD_NOT_ALLOWED, &error, "it can only be read: use GET");
    response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("GET, HEAD"));
    super::counted(&app, "wrong_method", Instant::now(), response)
}

async fn figures(State(api): State<Api>, request: Request) -> Response {
    api.answer("figures", figures_question(&parameters(&request)).map(Ask::Figures)).await
}

async fn facts(State(api): State<Api>, request: Request) -> Response {
    api.answer("facts", facts_question(parameters(&request)).map(Ask::Facts)).await
}

async fn scopes(State(api): State<Api>, request: Request) -> Response {
    api.answer("scopes", without_parameters(&request).map(|()| Ask::Scopes)).await
}

async fn measures(State(api): State<Api>, request: Request) -> Response {
    api.answer("measures", without_parameters(&request).map(|()| Ask::Measures)).await
}

async fn status(State(Api { app, .. }): State<Api>, request: Request) -> Response {
    let begun = Instant::now();
    let response = match without_parameters(&request) {
        Ok(()) => Json((app.status)()).into_response(),
        Err(told) => problem(StatusCode::BAD_REQUEST, &told),
    };
    super::counted(&app, "status", begun, response)
}

impl Api {
    async fn answer(&self, handler: &'static str, ask: Result<Ask, String>) -> Response {
        let begun = Instant::now();
        super::counted(&self.app, handler, begun, self.answered(ask).await)
    }

    async fn answered(&self, ask: Result<Ask, String>) -> Response {
        let ask = match ask {
            Ok(ask) => ask,
            Err(told) => return problem(StatusCode::BAD_REQUEST, &told),
        };
        let Ok(_room) = self.room.try_acquire() else {
            let error = format!("{QUESTIONS} questions are being answered, which are the most at once");
            return later(refusal(StatusCode::SERVICE_UNAVAILABLE, &error, "ask again in a second"));
        };
        match (self.app.ask)(ask).await {
            Ok(answer) => Json(answer).into_response(),
            Err(NoAnswer::Misunderstood(told)) => problem(StatusCode::BAD_REQUEST, &told),
            Err(NoAnswer::NotReady(told)) => later(problem(StatusCode::SERVICE_UNAVAILABLE, &told)),
        }
    }
}

fn later(mut response: Response) -> Response {
    response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static(AGAIN_AFTER));
    response
}

pub(in crate::publish) fn parameters(request: &Request) -> Vec<(String, String)> {
    let query = request.uri().query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// `scope`, `measure`, `window` (each repeatable or comma-separated), `where` or `by`, `weekdays`, `hours`,
/// and `at`, or `from`, `to` and `step`.
fn figures_question(parameters: &[(String, String)]) -> Result<Question, String> {
    let mut question = Question::default();
    for (name, value) in parameters {
        let several = || value.split(',').map(str::to_owned);
        match name.as_str() {
            "scope" => question.scopes.extend(several()),
            "where" => once(&mut question.part, name, value)?,
            "by" => once(&mut question.by, name, value)?,
            "measure" => question.measures.extend(several()),
            "window" => question.windows.extend(several()),
            "weekdays" => once(&mut question.weekdays, name, value)?,
            "hours" => once(&mut question.hours, name, value)?,
            "at" => once(&mut question.at, name, value)?,
            "from" => once(&mut question.from, name, value)?,
            "to" => once(&mut question.to, name, value)?,
            "step" => once(&mut question.step, name, value)?,
            other => {
                return Err(unknown_parameter(
                    other,
                    "scope, where, by, measure, window, weekdays, hours, at, from, to, step",
                ));
            }
        }
    }
    Ok(question)
}

/// `scope`, `where`, `measure`, `window`, `weekdays`, `hours`, `at`, `limit`, `cursor`, each once.
fn facts_question(parameters: Vec<(String, String)>) -> Result<FactsQuestion, String> {
    let mut question = FactsQuestion::default();
    for (name, value) in &parameters {
        let field = match name.as_str() {
            "scope" => &mut question.scope,
            "where" => &mut question.part,
            "measure" => &mut question.measure,
            "window" => &mut question.window,
            "weekdays" => &mut question.weekdays,
            "hours" => &mut question.hours,
            "at" => &mut question.at,
            "limit" => &mut question.limit,
            "cursor" => &mut question.cursor,
            other => {
                let known = "scope, where, measure, window, weekdays, hours, at, limit, cursor";
                return Err(unknown_parameter(other, known));
            }
        };
        once(field, name, value)?;
    }
    Ok(question)
}

fn without_parameters(request: &Request) -> Result<(), String> {
    match parameters(request).first() {
        None => Ok(()),
        Some((name, _)) => Err(format!("unknown parameter `{name}`: this is asked without any")),
    }
}

fn once(field: &mut Option<String>, name: &str, value: &str) -> Result<(), String> {
    match field.replace(value.to_owned()) {
        None => Ok(()),
        Some(_) => Err(format!("`{name}` is there twice: leave one out")),
    }
}

fn unknown_parameter(name: &str, known: &str) -> String {
    format!("unknown parameter `{name}`: known are {known}")
}
