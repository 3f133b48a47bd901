//! Who may come in: the certificate that is shown, and the passwords that are asked for. Both can change at any time.

use super::server::Shared;
use crate::config::Server;
use arc_swap::ArcSwap;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use ring::rand::SystemRandom;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

/// What may be asked without a password where health is open.
const HEALTH: [&str; 2] = ["/-/healthy", "/-/ready"];

/// Who may come in at present.
pub struct Access {
    present: ArcSwap<Present>,
    /// Passwords are held against their hashes one after the other, so that a flood of wrong ones takes one core at most.
    turn: Arc<Semaphore>,
}

struct Present {
    tls: Option<TlsAcceptor>,
    users: BTreeMap<String, String>,
    headers: Vec<(HeaderName, HeaderValue)>,
    open_health: bool,
    /// The mark of each user's password that was right: its hash takes a tenth of a second, too long for every scrape.
    verified: Mutex<BTreeMap<String, hmac::Tag>>,
    /// Makes marks of passwords, which are therefore worth nothing elsewhere.
    marker: hmac::Key,
}

impl Access {
    /// As the configuration says.
    pub fn new(server: &Server) -> Access {
        Access { present: ArcSwap::from_pointee(Present::of(server)), turn: Arc::new(Semaphore::new(1)) }
    }

    /// From now on as this configuration says; every password is held against its hash again.
    pub fn change(&self, server: &Server) {
        self.present.store(Arc::new(Present::of(server)));
    }

    /// True if connections begin with TLS.
    pub fn is_encrypted(&self) -> bool {
        self.present.load().tls.is_some()
    }

    /// What a connection begins with, if that is TLS.
    pub(super) fn tls(&self) -> Option<TlsAcceptor> {
        self.present.load().tls.clone()
    }

    async fn lets_in(&self, path: &str, headers: &HeaderMap) -> bool {
        let present = self.present.load_full();
        if present.users.is_empty() || present.open_health && HEALTH.contains(&path) {
            return true;
        }
        let Some((user, password)) = credentials(headers) else { return false };
        if present.has_verified(&user, &password) {
            return true;
        }
        let Ok(turn) = self.turn.clone().acquire_owned().await else { return false };
        // The turn is kept to the end of the work, also if whoever asked goes away meanwhile.
        let verify = move || {
            let _turn = turn;
            present.verify(&user, &password)
        };
        tokio::task::spawn_blocking(verify).await.unwrap_or(false)
    }
}

impl Present {
    fn of(server: &Server) -> Present {
        let web = &server.web;
        let header = |(name, value): &(&'static str, String)| {
            Some((HeaderName::try_from(*name).ok()?, HeaderValue::try_from(value).ok()?))
        };
        Present {
            tls: web.tls.as_ref().map(|tls| TlsAcceptor::from(tls.0.clone())),
            users: web.users.clone(),
            headers: web.headers.iter().filter_map(header).collect(),
            open_health: server.open_health,
            verified: Mutex::default(),
            marker: hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
                .expect("the system gives random numbers"),
        }
    }

    fn has_verified(&self, user: &str, password: &str) -> bool {
        let mark = self.verified.lock().unwrap_or_else(PoisonError::into_inner).get(user).copied();
        mark.is_some_and(|mark| hmac::verify(&self.marker, password.as_bytes(), mark.as_ref()).is_ok())
    }

    fn verify(&self, user: &str, password: &str) -> bool {
        // Whoever asked before may have brought the same password.
        if self.has_verified(user, password) {
            return true;
        }
        let known = self.users.get(user);
        // A name that nobody has takes as long as one that somebody has: so names cannot be found out.
        let Some(hash) = known.or_else(|| self.users.values().next()) else { return false };
        let is_right = bcrypt::verify(password, hash).unwrap_or(false) && known.is_some();
        if is_right {
            let mark = hmac::sign(&self.marker, password.as_bytes());
            self.verified.lock().unwrap_or_else(PoisonError::into_inner).insert(user.to_owned(), mark);
        }
        is_right
    }
}

/// Name and password, as a client sends them.
fn credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, coded) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let text = String::from_utf8(STANDARD.decode(coded.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    scheme.eq_ignore_ascii_case("basic").then(|| (user.to_owned(), password.to_owned()))
}

/// Stands before all handlers.
pub(super) async fn guard(State(app): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let mut response = match app.access.lets_in(request.uri().path(), request.headers()).await {
        true => next.run(request).await,
        false => {
            (app.count)("login", StatusCode::UNAUTHORIZED.as_u16(), begun.elapsed());
            let ask = [(header::WWW_AUTHENTICATE, "Basic realm=\"goalkeeper\", charset=\"UTF-8\"")];
            let help = "Name and password are missing or wrong: basic_auth_users of the web configuration has who may come in.\n";
            (StatusCode::UNAUTHORIZED, ask, help).into_response()
        }
    };
    for (name, value) in &app.access.present.load().headers {
        response.headers_mut().insert(name, value.clone());
    }
    response
}
