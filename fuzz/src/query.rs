//! Requests of HTTP, answered by the daemon's routes over an engine that knows one small day.
//!
//! The bytes are written as a request is: `GET /path?query`, then lines `name: value`.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderName, HeaderValue, Method, Request, Uri};
use goalkeeper::config::Server;
use goalkeeper::config::{Config, read_roster};
use goalkeeper::domain::engine::{Engine, Input};
use goalkeeper::domain::roster::Roster;
use goalkeeper::domain::settings::Settings;
use goalkeeper::domain::time::Instant;
use goalkeeper::domain::window::Window;
use goalkeeper::ingest::decode::{Decoded, Decoder, Message};
use goalkeeper::publish::access::Access;
use goalkeeper::publish::answer::{Answer, Ask, Job, NoAnswer};
use goalkeeper::publish::server::{Shared, router};
use goalkeeper::publish::status::Status;
use goalkeeper::publish::view::{Reps, Viewer};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::Runtime;
use tower::ServiceExt;

/// Longer than any page of so small a company.
const LONGEST_PAGE: usize = 64 << 20;
/// Bytes of a page from which on it is not asked for again: as many rows as are given take their time.
const ASKED_AGAIN: usize = 1 << 20;
const ROSTER: &str = "
company: {id: acme, zone: America/Santiago}
teams: [{id: billing, zone: Europe/Oslo}]
queues: [{id: support, team: billing}]
reps: [{id: ines, team: billing}]
";
const EVENTS: [(&str, &str, &str); 5] = [
    ("contact.queued", "09:00:00", r#""contact":"1","customer":"k""#),
    ("contact.answered", "09:00:18", r#""contact":"1","rep":"ines""#),
    ("contact.ended", "09:03:00", r#""contact":"1","rep":"ines""#),
    ("contact.queued", "09:05:00", r#""contact":"2""#),
    ("contact.abandoned", "09:06:00", r#""contact":"2""#),
];

thread_local! {
    static APP: (Arc<Shared>, Runtime) = (Arc::new(shared()), runtime());
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime")
}

fn shared() -> Shared {
    let roster = read_roster("roster", ROSTER).expect("is good");
    let mut engine = Engine::new(Arc::new(Roster::new(roster)), Arc::new(Settings::default()));
    let partition = engine.partition("0");
    let mut decoder = Decoder::new([7; 16]);
    for (n, (kind, time, data)) in EVENTS.into_iter().enumerate() {
        let text = format!(
            r#"{{"specversion":"1.0","id":"{n}","source":"/pbx","type":"{kind}","time":"2026-01-05T{time}Z","data":{{"queue":"support",{data}}}}}"#
        );
        let Ok(Decoded::Event(event)) = decoder.decode(Message { payload: Some(text.as_bytes()), headers: &[] }) else {
            panic!("a good event is not read");
        };
        engine.apply(Input::Event { partition, received: None, event });
    }
    engine.apply(Input::Tick(Instant::from_rfc3339("2026-01-06T00:00:00Z").expect("is a time")));
    let windows = Config::default().windows;
    let view = Viewer::new(windows.clone(), Reps::Shown, 10_000, 10_000).view(&engine, true);
    let engine = Mutex::new(engine);
    let ask = move |ask: Ask| {
        let mut engine = engine.lock().unwrap_or_else(PoisonError::into_inner);
        Box::pin(std::future::ready(answered(&ask, &mut engine, &windows))) as _
    };
    Shared {
        view: Arc::new(view).into(),
        live: Default::default(),
        own: Box::new(Vec::new),
        healthy: Box::new(|| Ok(())),
        ready: Box::new(|| Ok(())),
        count: Box::new(|_, _, _| {}),
        rendered: Box::new(|_| {}),
        access: Arc::new(Access::new(&Server::default())),
        ask: Box::new(ask),
        status: Box::new(Status::default),
        reload: Box::new(|| Box::pin(std::future::ready(Ok("nothing has changed".to_owned())))),
    }
}

/// What the daemon would answer, however many slices it takes.
fn answered(ask: &Ask, engine: &mut Engine, windows: &[Window]) -> Result<Answer, NoAnswer> {
    let mut job = Job::begin(ask, engine, windows)?;
    loop {
        if let Some(answer) = job.go_on(engine)? {
            if let Answer::Figures(figures) = &answer {
                assert!(figures.rows.iter().all(|row| row.value.is_none_or(f64::is_finite)), "{ask:?}");
            }
            return Ok(answer);
        }
    }
}

/// Answers one request, a short one twice; true if it was understood.
pub fn run(bytes: &[u8]) -> bool {
    APP.with(|(shared, runtime)| {
        let ask = || Some(runtime.block_on(answer(shared.clone(), request(bytes)?)));
        let answer = ask();
        if answer.as_ref().is_none_or(|(.., page)| page.len() < ASKED_AGAIN) {
            assert_eq!(ask(), answer, "asked twice there are two answers");
        }
        answer.is_some_and(|(status, ..)| status == 200)
    })
}

/// The request, if the server would hand it on.
fn request(bytes: &[u8]) -> Option<Request<Body>> {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let first = lines.next()?;
    let blank = first.iter().position(|byte| *byte == b' ')?;
    let mut request = Request::new(Body::empty());
    *request.method_mut() = Method::from_bytes(&first[..blank]).ok()?;
    *request.uri_mut() = Uri::try_from(&first[blank + 1..]).ok()?;
    // A stream has no end to wait for.
    if request.uri().path() == "/api/v1/live" {
        return None;
    }
    for line in lines {
        let Some(at) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = (HeaderName::from_bytes(&line[..at]), HeaderValue::from_bytes(&line[at + 1..]));
        if let (Ok(name), Ok(value)) = (name, value) {
            request.headers_mut().append(name, value);
        }
    }
    Some(request)
}

/// Status, type and page.
async fn answer(shared: Arc<Shared>, request: Request<Body>) -> (u16, String, Vec<u8>) {
    let is_question = request.uri().path() == "/api/v1/figures";
    let response = router(shared).oneshot(request).await.expect("routes do not fail");
    let status = response.status().as_u16();
    let kind =
        response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    let page = to_bytes(response.into_body(), LONGEST_PAGE).await.expect("the page is not too long");
    assert!([200, 400, 404, 405, 414, 503].contains(&status), "{status}");
    if is_question && matches!(status, 200 | 400) && kind == "application/json" && !page.is_empty() {
        let read: serde_json::Value = serde_json::from_slice(&page).expect("is JSON");
        let named = if status == 200 { &read["rows"] } else { &read["error"] };
        assert!(!named.is_null(), "{read}");
    }
    (status, kind, page.to_vec())
}
