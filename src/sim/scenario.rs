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
//! zone, or RFC 3339. `#` begins a comment.
//!
//! - **Who**: `company`, `department`, `team`, `queue` and `rep` with an id and `key=value` words. A second line of a rep
//!   or queue with `from=DATE` is a move; `alias.SOURCE=NAME` is what a source calls a rep. `issue invoice team=billing`
//!   (or `queue=`) says whose business an issue is.
//! - **Rules**: `set path.to.option=value`, as in `goalkeeper.yaml`. Roster lines and `set` after the first event are a
//!   reload.
//! - **Targets**: `target ID key=value ...`, as in the file of targets; the title is the id unless it is said.
//! - **Events**: time, type, id, and the data as `key=value` words; a word alone is `true`. `id`, `source`, `seq`,
//!   `revision` and `retracted` belong to the envelope. `partition` says where it comes from, `received=TIME` when (it
//!   is then held against the clock). `scope.team=care` is a part of an object, `item.concern=3/5` a mark of a review;
//!   behind it `*2` is the weight, `!` makes it fatal, `-` says that it did not apply. `times=20` makes twenty events of one
//!   line, the first of `c1-1` and the last of `c1-20`. An event that is refused or ignored is shown with the reason, unasked.
//! - **Time**: `TIME advance`. A look at figures first moves time to the latest event.
//! - **Looks**: `show SCOPE WINDOW: MEASURES` at the present instant; with `at=TIME` before the colon, just before that
//!   time; with `from=TIME to=TIME`, each window between; with `weekdays=mon-fri` or `hours=08:00-18:00`, only of those.
//!   `queue/support[channel=chat]` is a part of a scope. `show accounts` tells what became of the events of each
//!   partition, `show records` how many records of each kind are open. `show targets` holds
//!   figures against targets, as `TIME advance` does unseen, and tells what is to be said, `show verdicts` what was said at the end of windows.

use super::scenario_files::{self as files, Unit};
use crate::domain::times::Times;
use chrono::{NaiveDate, NaiveTime, TimeZone};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// How an event is said that happens to several things.
const TIMES: &str = "times=";

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
        /// The text of a `targets.yaml`.
        targets: String,
    },
    /// An event arrives, as JSON.
    Event {
        /// How a refusal of it is introduced: its line without the data.
        label: String,
        /// From which partition.
        partition: String,
        /// When it was received, if that is to be checked, in milliseconds since 1970.
        received: Option<i64>,
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
        /// When.
        when: When,
        /// At which times of the local clock.
        times: Times,
        /// Names of measures.
        measures: Vec<String>,
    },
    /// What became of the events of each partition is looked at.
    ShowAccounts,
    /// How many records are open is looked at.
    ShowRecords,
    /// What is said of targets is looked at.
    ShowTargets,
    /// The verdicts on windows that have ended are looked at.
    ShowVerdicts,
}

/// The instants of a look at figures, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The windows that hold the present instant.
    Now,
    /// Those that hold the millisecond before.
    At(i64),
    /// All that touch this stretch; the second is exclusive.
    Between(i64, i64),
}

/// A line that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}: `{text}`")]
pub struct ScenarioError {
    line: usize,
    text: String,
    problem: String,
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
    issues: Vec<Unit>,
    targets: Vec<Unit>,
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
        issues: Vec::new(),
        targets: Vec::new(),
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
            ["issue", id, ref rest @ ..] => self.add(|r| &mut r.issues, id, rest)?,
            ["target", id, ref rest @ ..] => self.add(|r| &mut r.targets, id, rest)?,
            ["set", setting] => {
                let (path, value) = setting.split_once('=').ok_or("write it as set path.to.option=value")?;
                self.settings.retain(|(other, _)| other != path);
                self.settings.push((path.to_owned(), value.to_owned()));
                self.configured = false;
            }
            ["day", date] => {
                self.day = Some(date.parse().map_err(|_| "write the day as 2026-01-05")?);
            }
            ["show", "accounts"] => {
                self.configure(steps);
                steps.push(Step::ShowAccounts);
            }
            ["show", "records"] => {
                self.configure(steps);
                steps.push(Step::ShowRecords);
            }
            ["show", "targets"] => {
                self.configure(steps);
                steps.push(Step::ShowTargets);
            }
            ["show", "verdicts"] => {
                self.configure(steps);
                steps.push(Step::ShowVerdicts);
            }
            ["show", scope, ref words @ ..] => {
                self.configure(steps);
                steps.push(self.look(scope, words)?);
            }
            [time, "advance"] => {
                let at = self.time(time)?;
                self.configure(steps);
                steps.push(Step::Advance(at.timestamp_millis()));
            }
            [time, kind, id, ref data @ ..] => {
                let at = self.time(time)?;
                self.configure(steps);
                let (times, data): (Vec<&str>, Vec<&str>) = data.iter().partition(|word| word.starts_with(TIMES));
                match times.first().map(|word| word[TIMES.len()..].parse::<u32>()) {
                    None => steps.push(self.event(time, at, kind, id, &data)?),
                    Some(Ok(times)) => {
                        for n in 1..=times {
                            steps.push(self.event(time, at, kind, &format!("{id}-{n}"), &data)?);
                        }
                    }
                    Some(Err(_)) => return Err(format!("write how often as {TIMES}20")),
                }
            }
            _ => return Err("neither a roster line, target, set, day, show, advance nor an event".to_owned()),
        }
        Ok(())
    }

    fn look(&self, scope: &str, words: &[&str]) -> Result<Step, String> {
        let how = "write it as show queue/support day: offered answered";
        let colon = words.iter().position(|word| word.ends_with(':')).ok_or(how)?;
        let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
        let (asked, measures) = (texts(&words[..=colon]), texts(&words[colon + 1..]));
        if measures.is_empty() {
            return Err(how.to_owned());
        }
        let (mut window, mut at, mut from, mut to, mut times) = (None, None, None, None, Times::default());
        for word in &asked {
            let word = word.strip_suffix(':').unwrap_or(word);
            match word.split_once('=') {
                Some(("at", time)) => at = Some(self.time(time)?.timestamp_millis()),
                Some(("from", time)) => from = Some(self.time(time)?.timestamp_millis()),
                Some(("to", time)) => to = Some(self.time(time)?.timestamp_millis()),
                Some(("weekdays", days)) => times = times.on(days)?,
                Some(("hours", hours)) => times = times.within_hours(hours)?,
                None if window.is_none() => window = Some(word.to_owned()),
                _ => return Err(how.to_owned()),
            }
        }
        let when = match (at, from, to) {
            (None, None, None) => When::Now,
            (Some(at), None, None) => When::At(at),
            (None, Some(from), Some(to)) => When::Between(from, to),
            _ => return Err("a look has at=, or from= and to=, or none of them".to_owned()),
        };
        Ok(Step::Show { scope: scope.to_owned(), window: window.ok_or(how)?, when, times, measures })
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
        if let Ok(date) = text.parse::<NaiveDate>() {
            return self.local(text, date.and_time(NaiveTime::MIN));
        }
        let padded = if text.matches(':').count() == 1 { format!("{text}:00") } else { text.to_owned() };
        let clock: NaiveTime = padded.parse().map_err(|_| format!("`{text}` is no time of day"))?;
        let day = self.day.ok_or("say which day before the first time")?;
        self.local(text, day.and_time(clock))
    }

    fn local(&self, text: &str, local: chrono::NaiveDateTime) -> Result<chrono::DateTime<chrono::Utc>, String> {
        match self.zone.from_local_datetime(&local).single() {
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
        let (mut partition, mut received) = ("0".to_owned(), None);
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
                "received" => received = Some(self.time(value)?.timestamp_millis()),
                "id" | "source" => drop(envelope.insert(key.to_owned(), json!(value))),
                "seq" | "revision" | "retracted" => drop(envelope.insert(key.to_owned(), typed(key, value))),
                "from" | "to" | "expires" if value != "null" => {
                    drop(data.insert(key.to_owned(), json!(self.time(value)?.to_rfc3339())));
                }
                _ => match key.split_once('.') {
                    Some(("item", criterion)) => push(&mut data, "items", mark(criterion, value)?),
                    Some((object, key)) => {
                        let object = data.entry(object).or_insert_with(|| json!({}));
                        object[key] = typed(key, value);
                    }
                    None => drop(data.insert(key.to_owned(), typed(key, value))),
                },
            }
        }
        envelope.insert("data".into(), Value::Object(data));
        let label = format!("{time} {kind} {id}");
        Ok(Step::Event { label, partition, received, json: Value::Object(envelope).to_string() })
    }

    /// Puts roster and settings in force, if a line has changed them.
    fn configure(&mut self, steps: &mut Vec<Step>) {
        if std::mem::replace(&mut self.configured, true) {
            return;
        }
        let [departments, teams, queues] = [&self.departments, &self.teams, &self.queues];
        let roster = files::roster(&self.company, departments, teams, queues, &self.reps, &self.issues);
        let (rules, targets) = (files::rules(&self.settings), files::targets(&self.targets));
        steps.push(Step::Configure { roster, rules, targets });
    }
}

fn unit(id: &str, words: &[&str]) -> Result<Unit, String> {
    let pairs = words.iter().map(|word| {
        let (key, value) = word.split_once('=').ok_or_else(|| format!("write `{word}` as key=value"))?;
        Ok((key.to_owned(), value.to_owned()))
    });
    Ok(Unit { id: id.to_owned(), words: pairs.collect::<Result<_, String>>()? })
}

/// Adds to a list.
fn push(data: &mut Map<String, Value>, list: &str, value: Value) {
    if let Value::Array(list) = data.entry(list).or_insert_with(|| json!([])) {
        list.push(value);
    }
}

/// A mark of a review: `3/5`, `0/1!`, `4/5*2`, `0/5-`.
fn mark(criterion: &str, text: &str) -> Result<Value, String> {
    let (fatal, applies) = (text.contains('!'), !text.contains('-'));
    let plain = text.replace(['!', '-'], "");
    let (mark, weight) = plain.split_once('*').unwrap_or((&plain, "1"));
    let (score, max) = mark.split_once('/').ok_or_else(|| format!("write the mark `{text}` as 3/5"))?;
    let number = |text: &str| text.parse::<f64>().map_err(|_| format!("`{text}` is no number"));
    let (score, max, weight) = (number(score)?, number(max)?, number(weight)?);
    Ok(
        json!({"criterion": criterion, "score": score, "max": max, "weight": weight, "fatal": fatal, "applies": applies}),
    )
}

/// A value as JSON: numbers where the vocabulary has numbers, so that a queue called `12` stays a text.
fn typed(key: &str, value: &str) -> Value {
    const NUMBERS: [&str; 15] = [
        "wait",
        "ring",
        "talk",
        "hold",
        "holds",
        "work",
        "score",
        "max",
        "weight",
        "seq",
        "revision",
        "value",
        "numerator",
        "denominator",
        "sample",
    ];
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
                    10:00  contact.queued c1 queue=12 wait=1.5\nshow queue/12 day at=11:00: offered asa\nshow accounts\n----\nseen\n";
        let scenario = parse(text).expect("reads");
        assert_eq!(scenario.blocks.len(), 1);
        let block = &scenario.blocks[0];
        assert_eq!(block.expected, ["seen"]);
        let Step::Configure { roster, rules, .. } = &block.steps[0] else { panic!("configured first") };
        assert!(roster.contains("- {id: ines, teams: [{team: care}, {team: sales, valid_from: 2026-02-01}]}"));
        assert_eq!(rules, "measures: {service_level: {threshold: 30s}, short_abandon: 5s}\n");
        let Step::Event { json, .. } = &block.steps[1] else { panic!("then the event") };
        let value: Value = serde_json::from_str(json).expect("is JSON");
        assert_eq!(value["time"], "2026-01-05T09:00:00.000Z");
        assert_eq!(value["data"], json!({"contact": "c1", "queue": "12", "wait": 1.5}));
        assert_eq!(scenario.rewritten(&[vec!["other".to_owned()]]), text.replace("seen", "other"));
    }

    #[test]
    fn one_line_may_be_several_events() {
        let scenario = parse("day 2026-01-05\n10:00  contact.queued c queue=12 times=2\n").expect("reads");
        let contacts = scenario.blocks[0].steps.iter().filter_map(|step| match step {
            Step::Event { json, .. } => Some(serde_json::from_str::<Value>(json).expect("is JSON")["data"].clone()),
            _ => None,
        });
        let expected = ["c-1", "c-2"].map(|contact| json!({"contact": contact, "queue": "12"}));
        assert_eq!(contacts.collect::<Vec<Value>>(), expected);
        let error = parse("day 2026-01-05\n10:00  contact.queued c times=often\n").expect_err("is no number");
        assert!(error.to_string().starts_with("line 2: write how often as times=20"), "{error}");
    }

    #[test]
    fn a_line_that_means_nothing_is_named() {
        let error = parse("company acme\nfoo\n").expect_err("is no line");
        assert_eq!(
            error.to_string(),
            "line 2: neither a roster line, target, set, day, show, advance nor an event: `foo`"
        );
    }
}
