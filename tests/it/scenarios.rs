//! Scenarios: every file under `tests/scenarios` is a story that must come out as it says. `UPDATE=1` writes what is seen.

use goalkeeper::config::{self, Loaded};
use goalkeeper::domain::alert::Alert;
use goalkeeper::domain::engine::{Engine, Input, Outcome, Query};
use goalkeeper::domain::event::Kind;
use goalkeeper::domain::judge::{Judged, Pair};
use goalkeeper::domain::measure::{self, Figure, Measure, Unit, measures};
use goalkeeper::domain::roster::Roster;
use goalkeeper::domain::scope::{Scope, ScopeKind};
use goalkeeper::domain::slice;
use goalkeeper::domain::target::Target;
use goalkeeper::domain::time::{Instant, Zone};
use goalkeeper::domain::times::Times;
use goalkeeper::domain::window::Window;
use goalkeeper::ingest::decode::{Decoded, Decoder, Message};
use goalkeeper::sim::scenario::{self, Step, When};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// So few scenarios are a sign that files have gone missing.
const AT_LEAST: usize = 230;

#[test]
fn every_scenario_comes_out_as_it_says() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let files = std::fs::read_dir(&folder).expect("scenarios are there");
    let mut files: Vec<PathBuf> = files.map(|entry| entry.expect("can be listed").path()).collect();
    files.sort();
    assert!(files.len() >= AT_LEAST, "scenarios have gone missing: {}", files.len());
    let (mut wrong, mut shown) = (Vec::new(), BTreeSet::new());
    for path in files {
        let text = std::fs::read_to_string(&path).expect("can be read");
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let seen = match play(&text, &mut shown) {
            Ok(seen) => seen,
            Err(problem) => {
                wrong.push(format!("--- {name}\n{problem}\n"));
                continue;
            }
        };
        if seen != text {
            match std::env::var_os("UPDATE") {
                Some(_) => std::fs::write(&path, &seen).expect("can be written"),
                None => wrong.push(format!("--- {name}\n{}", difference(&text, &seen))),
            }
        }
    }
    assert!(wrong.is_empty(), "{} scenarios come out otherwise:\n{}", wrong.len(), wrong.join("\n"));
    let untold = measure::catalogue().filter(|definition| !shown.contains(definition.name));
    let untold: Vec<&str> = untold.map(|definition| definition.name).collect();
    assert!(untold.is_empty(), "no story tells a figure of {untold:?}: each measure is worked out by hand somewhere");
}

/// Plays a story, and gives it back with what was seen in place of what was expected. Adds to `shown` which definitions have
/// had a figure other than 0.
fn play(text: &str, shown: &mut BTreeSet<&'static str>) -> Result<String, String> {
    let scenario = scenario::parse(text).map_err(|error| error.to_string())?;
    if scenario.blocks.iter().all(|block| block.expected.is_empty()) {
        return Err("nothing is expected: every story has a look, and what it shows".to_owned());
    }
    let mut stage = None;
    let mut seen = Vec::new();
    for block in &scenario.blocks {
        let mut lines = Vec::new();
        for step in &block.steps {
            match (step, &mut stage) {
                (Step::Configure { roster, rules, targets }, _) => {
                    Stage::configure(&mut stage, roster, rules, targets)?;
                }
                (_, None) => return Err("nothing is configured yet".to_owned()),
                (step, Some(stage)) => stage.step(step, &mut lines)?,
            }
        }
        if let Some(stage) = &mut stage {
            stage.engine.check_books().map_err(|problem| format!("the books do not balance: {problem}"))?;
        }
        seen.push(lines);
    }
    shown.extend(stage.iter().flat_map(|stage| &stage.shown));
    Ok(scenario.rewritten(&seen))
}

/// Where a story is played: the real decoder and the real engine.
struct Stage {
    engine: Engine,
    decoder: Decoder,
    latest: Option<Instant>,
    partitions: Vec<String>,
    shown: BTreeSet<&'static str>,
}

impl Stage {
    fn configure(stage: &mut Option<Stage>, roster: &str, rules: &str, targets: &str) -> Result<(), String> {
        let Loaded { config, roster, targets, .. } = load(roster, rules, targets)?;
        let (roster, settings) = (Arc::new(Roster::new(roster)), Arc::new(config.settings));
        match stage {
            None => {
                let mut engine = Engine::new(roster, settings);
                engine.apply(Input::Targets(targets.into()));
                let decoder = Decoder::new(config.customers_key);
                *stage = Some(Stage { engine, decoder, latest: None, partitions: Vec::new(), shown: BTreeSet::new() });
            }
            Some(stage) => {
                stage.engine.apply(Input::Roster(roster));
                stage.engine.apply(Input::Settings(settings));
                stage.engine.apply(Input::Targets(targets.into()));
                while stage.engine.rebooking() {
                    stage.engine.apply(Input::Rebook(1));
                }
            }
        }
        Ok(())
    }

    fn step(&mut self, step: &Step, lines: &mut Vec<String>) -> Result<(), String> {
        match step {
            Step::Configure { .. } => {}
            Step::Event { label, partition, received, json } => {
                lines.extend(self.event(label, partition, received.map(Instant), json));
            }
            Step::Advance(at) => {
                self.engine.apply(Input::Tick(Instant(*at)));
                self.engine.apply(Input::Judge);
            }
            Step::Show { scope, window, when, times, measures } => {
                self.catch_up();
                lines.extend(self.figures(scope, window, *when, *times, measures)?);
            }
            Step::ShowAccounts => lines.extend(self.accounts()),
            Step::ShowRecords => {
                self.catch_up();
                lines.push(self.records());
            }
            Step::ShowVerdicts => lines.extend(self.verdicts()),
            Step::ShowTargets => {
                self.catch_up();
                self.engine.apply(Input::Judge);
                let judge = self.engine.judge();
                lines.extend(judge.judged().iter().map(|judged| said(&judge.targets()[judged.target], judged)));
            }
        }
        Ok(())
    }

    /// What is said of an event that is not taken.
    fn event(&mut self, label: &str, partition: &str, received: Option<Instant>, json: &str) -> Option<String> {
        let id = self.engine.partition(partition);
        if !self.partitions.iter().any(|known| known == partition) {
            self.partitions.push(partition.to_owned());
        }
        let event = match self.decoder.decode(Message { payload: Some(json.as_bytes()), headers: &[] }) {
            Ok(Decoded::Event(event)) => event,
            Ok(Decoded::Ignored(_)) => return Some(format!("{label}: ignored, of an unknown type")),
            Err(refused) => return Some(format!("{label}: refused, {refused}")),
        };
        let time = event.time;
        match self.engine.apply(Input::Event { partition: id, received, event }) {
            Outcome::Refused(refusal) => Some(format!("{label}: refused, {}", refusal.name())),
            Outcome::Applied | Outcome::Unchanged | Outcome::Done => {
                self.latest = self.latest.max(Some(time));
                None
            }
        }
    }

    /// As at the end of a replay, time is at least that of the latest event.
    fn catch_up(&mut self) {
        if let Some(latest) = self.latest {
            self.engine.apply(Input::Tick(latest));
        }
    }

    fn figures(
        &mut self,
        scope: &str,
        window: &str,
        when: When,
        times: Times,
        names: &[String],
    ) -> Result<Vec<String>, String> {
        let (kind, id) = scope.split_once('/').ok_or_else(|| format!("write the scope `{scope}` as kind/id"))?;
        let kind = ScopeKind::parse(kind).ok_or_else(|| format!("unknown kind of scope `{kind}`"))?;
        let settings = self.engine.settings();
        let whole = |id: &str| Scope::new(kind, id);
        let asked = match id.strip_suffix(']').and_then(|id| id.split_once('[')) {
            None => whole(id),
            Some((id, part)) => {
                let part = part.split_once('=').ok_or("write a part as queue/support[channel=chat]")?;
                whole(id).part(slice::slice(&settings.breakdowns, part, kind).map_err(|error| error.to_string())?)
            }
        };
        let named = |name: &String| {
            let all = || measures(settings).into_iter().map(|measure| measure.name).collect::<Vec<_>>().join(" ");
            Measure::named(name, settings).ok_or_else(|| format!("unknown measure `{name}`: {}", all()))
        };
        let now = self.engine.now();
        let (from, to) = match when {
            When::Now => (now, Instant(now.0 + 1)),
            When::At(at) => (Instant(at - 1), Instant(at)),
            When::Between(from, to) => (Instant(from), Instant(to)),
        };
        let query = Query {
            scopes: vec![asked],
            measures: names.iter().map(named).collect::<Result<_, _>>()?,
            windows: vec![Window::parse(window)?],
            times,
            from,
            to,
        };
        let rows = match self.engine.figures(&query) {
            Ok(rows) => rows,
            Err(error) => return Ok(vec![format!("{scope} {window}: {error}")]),
        };
        if let Some(missing) = names.iter().find(|name| !rows.iter().any(|row| row.measure == **name)) {
            return Err(format!("{scope} has no `{missing}`"));
        }
        let zone = self.engine.roster().zone(&query.scopes[0]);
        let mut lines: Vec<(Instant, String)> = Vec::new();
        for row in rows {
            if row.figure.value.is_some_and(|value| value != 0.0) {
                let measure = query.measures.iter().find(|measure| measure.name == row.measure);
                self.shown.extend(measure.map(|measure| measure.definition.name));
            }
            let figure = format!("{} {}", row.measure, written(row.figure, row.unit));
            match lines.last_mut() {
                Some((start, line)) if *start == row.start => line.push_str(&format!(", {figure}")),
                _ => {
                    let span = match when {
                        When::Between(..) => format!(" {} to {}", local(row.start, zone), local(row.end, zone)),
                        When::Now | When::At(_) => String::new(),
                    };
                    lines.push((row.start, format!("{scope} {window}{span}: {figure}")));
                }
            }
        }
        Ok(lines.into_iter().map(|(_, line)| line).collect())
    }

    fn accounts(&mut self) -> Vec<String> {
        let line = |name: &String| {
            let id = self.engine.partition(name);
            let accounts = self.engine.accounts(id);
            let mut line = format!("partition {name}: {} applied, {} unchanged", accounts.applied, accounts.unchanged);
            for (refusal, n) in &accounts.refused {
                line.push_str(&format!(", {n} refused as {}", refusal.name()));
            }
            line
        };
        self.partitions.iter().map(line).collect()
    }

    fn verdicts(&self) -> Vec<String> {
        let judge = self.engine.judge();
        let mut lines = Vec::new();
        for judged in judge.judged().iter() {
            let target = &judge.targets()[judged.target];
            let pair = Pair { target: target.id.clone(), scope: judged.scope.clone() };
            let zone = self.engine.roster().zone(&judged.scope);
            for closed in judge.closed(&pair) {
                let (start, end) = (local(closed.start, zone), local(closed.end, zone));
                let figure = written(closed.figure, target.measure.definition.unit);
                lines.push(format!("{} {} {start} to {end}: {}, {figure}", target.id, pair.scope, closed.state.name()));
            }
        }
        lines
    }

    fn records(&self) -> String {
        let counted = Kind::ALL.map(|kind| (kind.name(), self.engine.records().count(kind)));
        let some = counted.iter().filter(|(_, n)| *n > 0);
        let counts: Vec<String> = some.map(|(kind, n)| format!("{kind} {n}")).collect();
        if counts.is_empty() { "records: none".to_owned() } else { format!("records: {}", counts.join(", ")) }
    }
}

/// Roster and rules through the files that they would be.
fn load(roster: &str, rules: &str, targets: &str) -> Result<Loaded, String> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    std::fs::write(folder.path().join("roster.yaml"), roster).expect("can be written");
    std::fs::write(folder.path().join("targets.yaml"), targets).expect("likewise");
    let main = format!("roster: roster.yaml\ntargets: targets.yaml\n{rules}");
    std::fs::write(folder.path().join(config::MAIN_FILE), main).expect("likewise");
    config::load(folder.path()).map_err(|problems| format!("{problems}\n{roster}{rules}{targets}"))
}

/// What is said of a target, on one line.
fn said(target: &Target, judged: &Judged) -> String {
    let unit = target.measure.definition.unit;
    let verdict = &judged.verdict;
    let common = if judged.is_common { " together" } else { "" };
    let mut line = format!("{} {}{common}: {}", target.id, judged.scope, verdict.state.name());
    if verdict.figure.value.is_some() {
        line.push_str(&format!(", {}", written(verdict.figure, unit)));
    }
    if let Some(interval) = verdict.interval {
        line.push_str(&format!(", {} to {}", unit.text(interval.low), unit.text(interval.high)));
    }
    if let Some(projection) = verdict.projection {
        line.push_str(&format!(", heading for {}", unit.text(projection)));
    }
    if let Some(until) = verdict.ramp {
        line.push_str(&format!(", new until {}", until.to_rfc3339()));
        if verdict.bound != target.bound() {
            line.push_str(&format!(" and held to {}", verdict.bound.text(unit)));
        }
    }
    if judged.is_suppressed {
        line.push_str(", told of the team");
    }
    if judged.alert != Alert::Inactive {
        line.push_str(&format!(", alert {}", judged.alert.name()));
    }
    if let Some(closed) = &judged.closed {
        line.push_str(&format!("; before: {}", closed.state.name()));
        if closed.figure.value.is_some() {
            line.push_str(&format!(", {}", written(closed.figure, unit)));
        }
        if closed.revision > 0 {
            line.push_str(&format!(", given {} times", closed.revision + 1));
        }
    }
    line
}

/// A figure as a team leader would write it down.
fn written(figure: Figure, unit: Unit) -> String {
    let Some(value) = figure.value else { return "no data".to_owned() };
    let rounded = (value * 1e6).round() / 1e6;
    let halves = match (figure.numerator, figure.denominator) {
        (Some(upper), Some(lower)) => {
            format!(" ({}/{})", upper as f64 / unit.parts() as f64, lower as f64 / unit.lower_parts() as f64)
        }
        _ => String::new(),
    };
    match unit {
        Unit::Count => format!("{rounded}"),
        Unit::Seconds => format!("{rounded} s{halves}"),
        Unit::Ratio | Unit::Score | Unit::Share | Unit::Proportion => {
            format!("{} %{halves}", (value * 1e4).round() / 1e2)
        }
        Unit::Points | Unit::Mean | Unit::Number | Unit::Weighted | Unit::PerThousand | Unit::PerHour => {
            format!("{rounded}{halves}")
        }
    }
}

fn local(instant: Instant, zone: Zone) -> String {
    use chrono::TimeZone;
    let time = zone.timestamp_millis_opt(instant.0).single().expect("is a time");
    time.format("%Y-%m-%dT%H:%M%:z").to_string()
}

/// The lines that differ, with what was expected and what was seen.
fn difference(expected: &str, seen: &str) -> String {
    let (expected, seen): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), seen.lines().collect());
    let mut text = String::new();
    for line in expected.iter().filter(|line| !seen.contains(line)) {
        text.push_str(&format!("expected  {line}\n"));
    }
    for line in seen.iter().filter(|line| !expected.contains(line)) {
        text.push_str(&format!("seen      {line}\n"));
    }
    if text.is_empty() { "the same lines in another order or number\n".to_owned() } else { text }
}

/// The file names are the table of contents: claims in words.
#[test]
fn every_scenario_is_named_as_a_claim() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    for entry in std::fs::read_dir(folder).expect("scenarios are there") {
        let name = entry.expect("can be listed").file_name().to_string_lossy().into_owned();
        let stem = name.strip_suffix(".txt").unwrap_or_default();
        let is_claim = stem.split('_').count() >= 4
            && stem.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit());
        assert!(is_claim, "{name} is no claim: name it such as a_hold_is_cut_at_the_end_of_talk.txt");
    }
}
