//! The cost of holding figures against targets.

use super::{PAGES, median, thread_cpu};
use anyhow::Context;
use goalkeeper::domain::engine::{Engine, Input};
use goalkeeper::domain::measure::Measure;
use goalkeeper::domain::scope::{Scope, ScopeKind};
use goalkeeper::domain::target::{Bound, Goal, Severity, Target, Whom};
use goalkeeper::domain::time::Span;
use goalkeeper::domain::window::Window;

/// Holds every rep against two targets of the rep's team: a count a month and a mean a week.
pub(super) fn measure(engine: &mut Engine) -> anyhow::Result<()> {
    let mut targets = Vec::new();
    for team in &engine.roster().data().teams {
        for (name, bound, window) in
            [("handled", Bound::AtLeast(500.0), "month"), ("handle_time_mean", Bound::AtMost(300.0), "week")]
        {
            targets.push(Target {
                id: format!("{name} of {}", team.unit.id).into(),
                title: String::new(),
                owner: None,
                parent: None,
                severity: Severity::Info,
                runbook: None,
                whom: Whom::Every {
                    kind: ScopeKind::Rep,
                    of: Some(Scope::new(ScopeKind::Team, team.unit.id.clone())),
                    part: None,
                },
                measure: Measure::named(name, engine.settings()).context("a measure has gone from the catalogue")?,
                goal: Goal::Absolute(bound),
                window: Window::parse(window).map_err(anyhow::Error::msg)?,
                start: None,
                deadline: None,
                minimum_sample: 1,
                confidence: None,
                hold: Span(0),
                hysteresis: 0.0,
                margin: 0.1,
                ramp: None,
            });
        }
    }
    let number = targets.len();
    let begun = thread_cpu();
    engine.apply(Input::Targets(targets.into()));
    engine.apply(Input::Judge);
    let first = thread_cpu() - begun;
    let again = median(|| _ = engine.apply(Input::Judge));
    println!("\n{number} targets, {} verdicts, CPU    ms", engine.judge().judged().len());
    println!("  first look                     {:9.2}", first.as_secs_f64() * 1e3);
    println!("  each look after it             {:9.2}   (median of {PAGES})", again.as_secs_f64() * 1e3);
    Ok(())
}
