//! `/api/v1/targets` and `/api/v1/alerts`: what is said of targets, as programs read it.

use super::board::ShownTarget;
use super::rows::local;
use super::server::{App, counted, parameters, problem};
use super::view::View;
use crate::domain::judge::Judged;
use crate::domain::scope::ScopeKind;
use crate::domain::target::Target;
use crate::domain::verdict::State as VerdictState;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use serde::Serialize;
use std::time::Instant;

/// Verdicts and alerts in one answer at most.
const MOST_ROWS: usize = 20_000;

/// Targets that an error names.
const NAMED: usize = 20;

/// The routes.
pub fn routes() -> Router<App> {
    Router::new().route("/api/v1/targets", get(targets)).route("/api/v1/alerts", get(alerts))
}

/// Which verdicts are asked for. Of each kind of filter one must fit; a kind that is not named lets all through.
#[derive(Debug, Default, PartialEq)]
struct Filter {
    targets: Vec<String>,
    scopes: Vec<(ScopeKind, Option<String>)>,
    states: Vec<String>,
}

#[derive(Serialize)]
struct Targets {
    time: String,
    targets: Vec<ShownTarget>,
}

#[derive(Serialize)]
struct Alerts {
    time: String,
    alerts: Vec<super::board::ShownAlert>,
}

async fn targets(State(app): State<App>, request: Request) -> Response {
    let (begun, parameters) = (Instant::now(), parameters(&request));
    let view = app.view.load_full();
    counted(&app, "targets", begun, answer((app.ready)(), || shown_targets(&view, &parameters)))
}

async fn alerts(State(app): State<App>, request: Request) -> Response {
    let (begun, parameters) = (Instant::now(), parameters(&request));
    let view = app.view.load_full();
    counted(&app, "alerts", begun, answer((app.ready)(), || shown_alerts(&view, &parameters)))
}

fn answer<T: Serialize>(ready: Result<(), String>, find: impl FnOnce() -> Result<T, String>) -> Response {
    if let Err(reason) = ready {
        let told = format!("not ready, {reason}: ask again when /-/ready says yes");
        return problem(StatusCode::SERVICE_UNAVAILABLE, &told);
    }
    match find() {
        Ok(found) => Json(found).into_response(),
        Err(told) => problem(StatusCode::BAD_REQUEST, &told),
    }
}

fn shown_targets(view: &View, parameters: &[(String, String)]) -> Result<Targets, String> {
    let known: Vec<&str> = VerdictState::ALL.iter().map(|state| state.name()).collect();
    let filter = Filter::read(parameters, &["target", "scope", "state"], &known)?;
    let Some(board) = &view.board else { return Ok(Targets { time: String::new(), targets: Vec::new() }) };
    filter.check_targets(&board.targets)?;
    let fits = |target: &Target, judged: &Judged| filter.fits(target, judged, judged.verdict.state.name());
    check_size(board.judged.iter().filter(|judged| fits(&board.targets[judged.target], judged)).count())?;
    let mut targets = board.targets(fits);
    targets.retain(|target| filter.names(&target.id));
    Ok(Targets { time: local(board.time, board.roster.data().company.zone.unwrap_or_default()), targets })
}

fn shown_alerts(view: &View, parameters: &[(String, String)]) -> Result<Alerts, String> {
    let filter = Filter::read(parameters, &["target", "scope", "state"], &["pending", "firing", "resolved"])?;
    let Some(board) = &view.board else { return Ok(Alerts { time: String::new(), alerts: Vec::new() }) };
    filter.check_targets(&board.targets)?;
    let alerts = board.alerts(|judged| filter.fits(&board.targets[judged.target], judged, judged.alert.name()));
    check_size(alerts.len())?;
    Ok(Alerts { time: local(board.time, board.roster.data().company.zone.unwrap_or_default()), alerts })
}

fn check_size(rows: usize) -> Result<(), String> {
    match rows <= MOST_ROWS {
        true => Ok(()),
        false => Err(format!(
            "the answer has {rows} rows, and {MOST_ROWS} are the most that are given: ask for fewer with target=ID, \
             scope=team or scope=rep/ID, or state=missed"
        )),
    }
}

impl Filter {
    /// Reads the parameters, each repeatable or comma-separated.
    fn read(parameters: &[(String, String)], known: &[&str], states: &[&str]) -> Result<Filter, String> {
        let mut filter = Filter::default();
        for (name, value) in parameters {
            for text in value.split(',') {
                match name.as_str() {
                    "target" => filter.targets.push(text.to_owned()),
                    "scope" => filter.scopes.push(scope(text)?),
                    "state" if states.contains(&text) => filter.states.push(text.to_owned()),
                    "state" => return Err(format!("unknown state `{text}`: known are {}", states.join(", "))),
                    other => return Err(format!("unknown parameter `{other}`: known are {}", known.join(", "))),
                }
            }
        }
        Ok(filter)
    }

    fn check_targets(&self, targets: &[Target]) -> Result<(), String> {
        let is_known = |id: &&String| !targets.iter().any(|target| *target.id == ***id);
        match self.targets.iter().find(is_known) {
            Some(id) => {
                let known: Vec<&str> = targets.iter().take(NAMED).map(|target| &*target.id).collect();
                Err(format!(
                    "unknown target `{id}`: {}",
                    match known.is_empty() {
                        true => "there is none; goalkeeper.yaml names a file of them with `targets:`".to_owned(),
                        false => format!(
                            "known are {}{}",
                            known.join(", "),
                            if targets.len() > NAMED { ", ..." } else { "" }
                        ),
                    }
                ))
            }
            None => Ok(()),
        }
    }

    fn names(&self, target: &str) -> bool {
        self.targets.is_empty() || self.targets.iter().any(|id| id == target)
    }

    fn fits(&self, target: &Target, judged: &Judged, state: &str) -> bool {
        let scope = &judged.scope;
        let is_it = |(kind, id): &(ScopeKind, Option<String>)| {
            *kind == scope.kind && id.as_ref().is_none_or(|id| **id == *scope.id)
        };
        self.names(&target.id)
            && (self.scopes.is_empty() || self.scopes.iter().any(is_it))
            && (self.states.is_empty() || self.states.iter().any(|wanted| wanted == state))
    }
}

fn scope(text: &str) -> Result<(ScopeKind, Option<String>), String> {
    let (kind, id) = text.split_once('/').map_or((text, None), |(kind, id)| (kind, Some(id.to_owned())));
    let known = || ScopeKind::ALL.map(|kind| kind.name()).join(", ");
    let unknown = || format!("unknown scope `{text}`: write {}, or one of them as team/ID", known());
    Ok((ScopeKind::parse(kind).ok_or_else(unknown)?, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(parameters: &[(&str, &str)]) -> Result<Filter, String> {
        let parameters: Vec<(String, String)> =
            parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Filter::read(&parameters, &["target", "scope", "state"], &["met", "missed"])
    }

    #[test]
    fn filters_may_be_repeated_or_listed() {
        let filter = read(&[("scope", "team,queue/support"), ("state", "met"), ("state", "missed")]).expect("is one");
        assert_eq!(filter.scopes, [(ScopeKind::Team, None), (ScopeKind::Queue, Some("support".to_owned()))]);
        assert_eq!(filter.states, ["met", "missed"]);
    }

    #[test]
    fn what_makes_no_sense_is_answered_with_what_would() {
        for (parameter, problem) in [
            (("scope", "galaxy"), "unknown scope `galaxy`: write company, department, team, queue, rep"),
            (("state", "happy"), "unknown state `happy`: known are met, missed"),
            (("colour", "red"), "unknown parameter `colour`: known are target, scope, state"),
        ] {
            let said = read(&[parameter]).expect_err("makes no sense");
            assert!(said.contains(problem), "{said}");
        }
    }

    #[test]
    fn an_answer_that_is_too_long_says_what_to_ask_instead() {
        assert_eq!(check_size(MOST_ROWS), Ok(()));
        let said = check_size(MOST_ROWS + 1).expect_err("is too long");
        assert!(said.contains("20001 rows") && said.contains("scope=team"), "{said}");
    }
}
