//! Scenarios: stories in a text that a team leader can check, and a machine too.
//!
//! ```text
//! company acme zone=Europe/Oslo
//! team care
//! queue support team=care
//! rep ines team=care
//! set measures.short_abandon=5s
//!
//! day 2026-01-05
//! 10:00:00  contact.queued    c1 queue=support
//! 10:00:12  contact.answered  c1 rep=ines
//! 10:05:00  advance
//! show queue/support day: offered answered asa
//! ----
//! queue/support day: offered 1, answered 1, asa 12 s
//! ```
//!
//! Lines up to `----` happen; what they show stands below it, up to the next empty line. Times are of the company's
//! zone, or RFC 3339. Words of an event after its id are its data; `id`, `source`, `seq`, `revision`, `retracted` and
//! `partition` belong to its envelope. Roster lines and `set` after the first event are a reload.

use chrono::{NaiveDate, NaiveTime, TimeZone};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// A scenario as read.
#[derive(Debug)]
pub struct Scenario {
    /// What happens and what must be seen, in order.
    pub blocks: Vec<Block>,
}

/// Some steps, and what they must show.
#[derive(Debug)]
pub struct Block {
    /// The lines of the block as written, up to and without the dashes.
    pub input: String,
    /// What happens.
    pub steps: Vec<Step>,
    /// What the steps must show, a line each.
    pub expected: Vec<String>,
}

/// One thing that happens.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A roster and rules come into force, as configuration files.
    Configure {
        /// The text of a `roster.yaml`.
        roster: String,
        /// The text of a `goalkeeper.yaml`.
        rules: String,
    },
    /// An event arrives, as JSON.
    Event {
        /// How a refusal of it is introduced: its line without the data.
        label: String,
        /// From which partition.
        partition: String,
        /// The structured CloudEvent.
        json: String,
    },
    /// Time comes this far, in milliseconds since 1970.
    Advance(i64),
    /// Figures are looked at.
    Show {
        /// `kind/id`.
        scope: String,
        /// The window's name.
        window: String,
        /// Names of measures.
        measures: Vec<String>,
    },
}

/// A line that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}: `{text}`")]
pub struct ScenarioError {
    line: usize,
    text: String,
    problem: String,
}

#[derive(Debug, Default)]
struct Unit {
    id: String,
    words: Vec<(String, String)>,
}

#[derive(Debug)]
struct Reader {
    zone: Tz,
    day: Option<NaiveDate>,
    events: usize,
    company: Unit,
    departments: Vec<Unit>,
    teams: Vec<Unit>,
    queues: Vec<Unit>,
    reps: Vec<Unit>,
    settings: Vec<(String, String)>,
    configured: bool,
}

/// Reads a scenario.
pub fn parse(text: &str) -> Result<Scenario, ScenarioError> {
    let mut reader = Reader {
        zone: Tz::UTC,
        day: None,
        events: 0,
        company: Unit { id: "company".into(), words: Vec::new() },
        departments: Vec::new(),
        teams: Vec::new(),
        queues: Vec::new(),
        reps: Vec::new(),
        settings: Vec::new(),
        configured: false,
    };
    let mut blocks = Vec::new();
    let mut block = Block { input: String::new(), steps: Vec::new(), expected: Vec::new() };
    let mut expecting = false;
    for (n, line) in text.lines().enumerate() {
        match (expecting, line.trim()) {
            (true, "") => {
                expecting = false;
                blocks.push(std::mem::replace(
                    &mut block,
                    Block { input: String::new(), steps: Vec::new(), expected: Vec::new() },
                ));
            }
            (true, _) => block.expected.push(line.trim_end().to_owned()),
            (false, "----") => expecting = true,
            (false, trimmed) => {
                block.input.push_str(line);
                block.input.push('\n');
                let plain = trimmed.split(" #").next().unwrap_or("").trim();
                if plain.is_empty() || plain.starts_with('#') {
                    continue;
                }
                let wrong = |problem: String| ScenarioError { line: n + 1, text: line.to_owned(), problem };
                reader.line(plain, &mut block.steps).map_err(wrong)?;
            }
        }
    }
    if expecting || !block.steps.is_empty() {
        blocks.push(block);
    }
    Ok(Scenario { blocks })
}

impl Scenario {
    /// The text again, with what was really seen in place of what was expected.
    pub fn rewritten(&self, seen: &[Vec<String>]) -> String {
        let mut text = String::new();
        for (n, (block, seen)) in self.blocks.iter().zip(seen).enumerate() {
            let gap = if n == 0 { "" } else { "\n" };
            // Writing to a string cannot fail.
            let _ = write!(text, "{gap}{}----\n{}\n", block.input, seen.join("\n"));
        }
        text
    }
}

impl Reader {
    fn line(&mut self, line: &str, steps: &mut Vec<Step>) -> Result<(), String> {
        let words = split(line)?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words[..] {
            ["company", id, ref rest @ ..] => {
                self.company = unit(id, rest)?;
                if let Some((_, zone)) = self.company.words.iter().find(|(key, _)| key == "zone") {
                    self.zone = zone.parse().map_err(|_| format!("unknown zone `{zone}`"))?;
                }
                self.configured = false;
            }
            ["department", id, ref rest @ ..] => self.add(|r| &mut r.departments, id, rest)?,
            ["team", id, ref rest @ ..] => self.add(|r| &mut r.teams, id, rest)?,
            ["queue", id, ref rest @ ..] => self.add(|r| &mut r.queues, id, rest)?,
            ["rep", id, ref rest @ ..] => self.add(|r| &mut r.reps, id, rest)?,
            ["set", setting] => {
                let (path, value) = setting.split_once('=').ok_or("write it as set path.to.option=value")?;
                self.settings.retain(|(other, _)| other != path);
                self.settings.push((path.to_owned(), value.to_owned()));
                self.configured = false;
            }
            ["day", date] => {
                self.day = Some(date.parse().map_err(|_| "write the day as 2026-01-05")?);
            }
            ["show", scope, window, ref measures @ ..] => {
                self.configure(steps);
                steps.push(Step::Show {
                    scope: scope.to_owned(),
                    window: window.trim_end_matches(':').to_owned(),
                    measures: measures.iter().map(|m| (*m).to_owned()).collect(),
                });
            }
            [time, "advance"] => {
                let at = self.time(time)?;
                self.configure(steps);
                steps.push(Step::Advance(at.timestamp_millis()));
            }
            [time, kind, id, ref data @ ..] => {
                let at = self.time(time)?;
                self.configure(steps);
                steps.push(self.event(time, at, kind, id, data)?);
            }
            _ => return Err("neither a roster line, set, day, show, advance nor an event".to_owned()),
        }
        Ok(())
    }

    fn add(&mut self, list: impl Fn(&mut Reader) -> &mut Vec<Unit>, id: &str, words: &[&str]) -> Result<(), String> {
        let new = unit(id, words)?;
        self.configured = false;
        let list = list(self);
        // A second line of a rep or queue with `from` is a move; without it the line is said anew.
        if !new.words.iter().any(|(key, _)| key == "from") {
            list.retain(|other| other.id != new.id);
        }
        list.push(new);
        Ok(())
    }

    fn time(&self, text: &str) -> Result<chrono::DateTime<chrono::Utc>, String> {
        if let Ok(time) = chrono::DateTime::parse_from_rfc3339(text) {
            return Ok(time.to_utc());
        }
        let padded = if text.matches(':').count() == 1 { format!("{text}:00") } else { text.to_owned() };
        let clock: NaiveTime = padded.parse().map_err(|_| format!("`{text}` is no time of day"))?;
        let day = self.day.ok_or("say which day before the first time")?;
        let local = self.zone.from_local_datetime(&day.and_time(clock));
        match local.single() {
            Some(time) => Ok(time.to_utc()),
            None => Err(format!("{text} comes twice or never on that day: write the time as RFC 3339")),
        }
    }

    fn event(
        &mut self,
        time: &str,
        at: chrono::DateTime<chrono::Utc>,
        kind: &str,
        id: &str,
        words: &[&str],
    ) -> Result<Step, String> {
        self.events += 1;
        let mut partition = "0".to_owned();
        let mut envelope = Map::new();
        envelope.insert("specversion".into(), json!("1.0"));
        envelope.insert("id".into(), json!(format!("e{}", self.events)));
        envelope.insert("source".into(), json!("pbx"));
        envelope.insert("type".into(), json!(kind));
        envelope.insert("time".into(), json!(at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)));
        let mut data = Map::new();
        let subject = kind.split('.').next().unwrap_or(kind);
        data.insert(subject.to_owned(), json!(id));
        for word in words {
            let (key, value) = word.split_once('=').unwrap_or((word, "true"));
            match key {
                "partition" => value.clone_into(&mut partition),
                "id" | "source" => drop(envelope.insert(key.to_owned(), json!(value))),
                "seq" | "revision" | "retracted" => drop(envelope.insert(key.to_owned(), typed(key, value))),
                _ => drop(data.insert(key.to_owned(), typed(key, value))),
            }
        }
        envelope.insert("data".into(), Value::Object(data));
        let label = format!("{time} {kind} {id}");
        Ok(Step::Event { label, partition, json: Value::Object(envelope).to_string() })
    }

    /// Puts roster and settings in force, if a line has changed them.
    fn configure(&mut self, steps: &mut Vec<Step>) {
        if std::mem::replace(&mut self.configured, true) {
            return;
        }
        let mut roster = String::from("company: ");
        flow(&mut roster, &self.company, &["zone"]);
        for (name, units, scalars) in [
            ("departments", &self.departments, &["zone"][..]),
            ("teams", &self.teams, &["department", "zone"]),
            ("queues", &self.queues, &["zone", "service_level_threshold", "short_abandon"]),
            ("reps", &self.reps, &["zone"]),
        ] {
            let _ = write!(roster, "\n{name}:");
            if units.is_empty() {
                roster.push_str(" []");
            }
            let mut seen: Vec<&str> = Vec::new();
            for unit in units {
                if seen.contains(&unit.id.as_str()) {
                    continue;
                }
                seen.push(&unit.id);
                roster.push_str("\n  - ");
                let lines: Vec<&Unit> = units.iter().filter(|other| other.id == unit.id).collect();
                member(&mut roster, &lines, scalars);
            }
        }
        roster.push('\n');
        let mut rules = String::new();
        let mut sections: Vec<&str> = Vec::new();
        for (path, _) in &self.settings {
            let section = path.split('.').next().unwrap_or(path);
            if !sections.contains(&section) {
                sections.push(section);
            }
        }
        for section in sections {
            let _ = writeln!(rules, "{}", nested(section, &self.settings));
        }
        steps.push(Step::Configure { roster, rules });
    }
}

/// One section of the settings as a YAML flow mapping: `measures: {short_abandon: 5s}`.
fn nested(section: &str, settings: &[(String, String)]) -> String {
    let mut inner: Vec<String> = Vec::new();
    let mut below: Vec<&str> = Vec::new();
    for (path, value) in settings {
        if path == section {
            return format!("{section}: {value}");
        }
        let Some(rest) = path.strip_prefix(section).and_then(|rest| rest.strip_prefix('.')) else { continue };
        let first = rest.split('.').next().unwrap_or(rest);
        if !below.contains(&first) {
            below.push(first);
            let deeper: Vec<(String, String)> = settings
                .iter()
                .filter_map(|(path, value)| {
                    let rest = path.strip_prefix(section)?.strip_prefix('.')?;
                    Some((rest.to_owned(), value.clone()))
                })
                .collect();
            inner.push(nested(first, &deeper));
        }
        let _ = value;
    }
    format!("{section}: {{{}}}", inner.join(", "))
}

fn flow(text: &mut String, unit: &Unit, scalars: &[&str]) {
    let _ = write!(text, "{{id: {}", unit.id);
    for (key, value) in unit.words.iter().filter(|(key, _)| scalars.contains(&key.as_str())) {
        let _ = write!(text, ", {key}: {value}");
    }
    text.push('}');
}

/// A team, queue or rep with its teams through time and its aliases.
fn member(text: &mut String, lines: &[&Unit], scalars: &[&str]) {
    let word = |unit: &Unit, key: &str| unit.words.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone());
    let first = lines[0];
    let _ = write!(text, "{{id: {}", first.id);
    for (key, value) in first.words.iter().filter(|(key, _)| scalars.contains(&key.as_str())) {
        let _ = write!(text, ", {key}: {value}");
    }
    let memberships: Vec<String> = lines
        .iter()
        .filter_map(|line| {
            let team = word(line, "team")?;
            Some(match word(line, "from") {
                Some(from) => format!("{{team: {team}, valid_from: {from}}}"),
                None => format!("{{team: {team}}}"),
            })
        })
        .collect();
    if !memberships.is_empty() {
        let _ = write!(text, ", teams: [{}]", memberships.join(", "));
    }
    let aliases: Vec<String> = lines
        .iter()
        .flat_map(|line| &line.words)
        .filter_map(|(key, value)| Some(format!("{}: [{value}]", key.strip_prefix("alias.")?)))
        .collect();
    if !aliases.is_empty() {
        let _ = write!(text, ", aliases: {{{}}}", aliases.join(", "));
    }
    text.push('}');
}

fn unit(id: &str, words: &[&str]) -> Result<Unit, String> {
    let pairs = words.iter().map(|word| {
        let (key, value) = word.split_once('=').ok_or_else(|| format!("write `{word}` as key=value"))?;
        Ok((key.to_owned(), value.to_owned()))
    });
    Ok(Unit { id: id.to_owned(), words: pairs.collect::<Result<_, String>>()? })
}

/// A value as JSON: numbers where the vocabulary has numbers, so that a queue called `12` stays a text.
fn typed(key: &str, value: &str) -> Value {
    const NUMBERS: [&str; 11] =
        ["wait", "ring", "talk", "hold", "holds", "work", "score", "max", "weight", "seq", "revision"];
    match value {
        "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ if NUMBERS.contains(&key) => serde_json::from_str(value).unwrap_or_else(|_| json!(value)),
        _ => json!(value),
    }
}

/// Words parted by blanks; a text in double quotes is one word.
fn split(line: &str) -> Result<Vec<String>, String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => {
                if words.last().is_some_and(|word| !word.is_empty()) {
                    words.push(String::new());
                }
            }
            c => {
                if let Some(word) = words.last_mut() {
                    word.push(c);
                }
            }
        }
    }
    words.retain(|word| !word.is_empty());
    if quoted { Err("a quote is not closed".to_owned()) } else { Ok(words) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story_becomes_steps_and_expectations() {
        let text = "company acme zone=Europe/Oslo\nteam care\nrep ines team=care\nrep ines team=sales from=2026-02-01\n\
                    set measures.service_level.threshold=30s\nset measures.short_abandon=5s\n\nday 2026-01-05\n\
                    10:00  contact.queued c1 queue=12 wait=1.5\nshow queue/12 day: offered asa\n----\nseen\n";
        let scenario = parse(text).expect("reads");
        assert_eq!(scenario.blocks.len(), 1);
        let block = &scenario.blocks[0];
        assert_eq!(block.expected, ["seen"]);
        let Step::Configure { roster, rules } = &block.steps[0] else { panic!("configured first") };
        assert!(roster.contains("- {id: ines, teams: [{team: care}, {team: sales, valid_from: 2026-02-01}]}"));
        assert_eq!(rules, "measures: {service_level: {threshold: 30s}, short_abandon: 5s}\n");
        let Step::Event { json, .. } = &block.steps[1] else { panic!("then the event") };
        let value: Value = serde_json::from_str(json).expect("is JSON");
        assert_eq!(value["time"], "2026-01-05T09:00:00.000Z");
        assert_eq!(value["data"], json!({"contact": "c1", "queue": "12", "wait": 1.5}));
        assert_eq!(scenario.rewritten(&[vec!["other".to_owned()]]), text.replace("seen", "other"));
    }

    #[test]
    fn a_line_that_means_nothing_is_named() {
        let error = parse("company acme\nfoo\n").expect_err("is no line");
        assert_eq!(error.to_string(), "line 2: neither a roster line, set, day, show, advance nor an event: `foo`");
    }
}
