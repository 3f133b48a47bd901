//! The records behind a figure, page by page.

use super::answer::{NoAnswer, misunderstood};
use super::question::Question;
use super::rows::{self, Shown};
use crate::domain::engine::Engine;
use crate::domain::facts::{self, MOST_RECORDS, Order, Page, Search};
use crate::domain::measure::Measure;
use crate::domain::pack::{self, Known, Pack};
use crate::domain::record::{RecordId, RecordKey};
use crate::domain::scope::Scope;
use crate::domain::slots::check;
use crate::domain::time::Instant;
use crate::domain::times::Times;
use crate::domain::window::{Stretch, Tier, Window};
use serde::Serialize;
use std::fmt::Write;

/// Facts on a page if the question does not say.
pub const USUAL_LIMIT: usize = 100;
/// The most facts on a page.
pub const MOST_FACTS: usize = 1_000;
/// Records that are looked at in one piece of work: far less than a millisecond in memory, and few from disk.
const RECORDS_A_PIECE: usize = 32;

/// A question for facts as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FactsQuestion {
    /// `team/billing`.
    pub scope: Option<String>,
    /// A slice of it, `channel=chat`.
    pub part: Option<String>,
    /// The name of a measure.
    pub measure: Option<String>,
    /// A window.
    pub window: Option<String>,
    /// Only these weekdays of it.
    pub weekdays: Option<String>,
    /// Only these hours of its days.
    pub hours: Option<String>,
    /// The window that holds this instant, instead of T.
    pub at: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// How many facts, at most.
    pub limit: Option<String>,
}

/// Some of the facts behind a figure.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    /// How far time has come, RFC 3339.
    pub time: String,
    /// The figure as it is now: all facts of all pages add up to its numerator and denominator.
    pub figure: Shown,
    /// False if some of the records behind the figure have expired: then the facts add up to less.
    pub complete: bool,
    /// From when on the facts behind this measure are all there, RFC 3339; `null` if none have gone.
    pub complete_from: Option<String>,
    /// By time, then by record.
    pub facts: Vec<ShownFact>,
    /// Whether there may be more.
    pub more: bool,
    /// To be sent with the same question for what is behind the last of these; `null` if nothing is.
    pub cursor: Option<String>,
}

/// What one record adds to a figure at one instant.
#[derive(Clone, Debug, Serialize)]
pub struct ShownFact {
    /// `contact`, `ticket`, `survey` or `customer`.
    pub kind: &'static str,
    /// Which sources share the id: mostly the source itself.
    pub namespace: String,
    /// As the source writes it; of a customer the keyed hash, of a rep's hour the rep and when it begins.
    pub id: String,
    /// When it counts, in the scope's zone.
    pub at: String,
    /// What it adds to the upper half; seconds where the unit is seconds.
    pub numerator: f64,
    /// What it adds to the lower half.
    pub denominator: Option<serde_json::Number>,
}

/// Facts under way.
#[derive(Debug)]
pub struct FactsJob {
    search: Option<Search>,
}

impl FactsJob {
    pub(super) fn begin(asked: &FactsQuestion, engine: &Engine) -> Result<FactsJob, NoAnswer> {
        let one = |name: &str, value: &Option<String>, example: &str| {
            let missing =
                || misunderstood(format!("facts are those of one {name}, and none is named: add {name}={example}"));
            value.clone().map(|value| vec![value]).ok_or_else(missing)
        };
        let question = Question {
            scopes: one("scope", &asked.scope, "team/ID")?,
            part: asked.part.clone(),
            measures: one("measure", &asked.measure, "abandoned")?,
            windows: one("window", &asked.window, "1h")?,
            weekdays: asked.weekdays.clone(),
            hours: asked.hours.clone(),
            at: asked.at.clone(),
            ..Question::default()
        };
        let query = question.understand(engine, &[]).map_err(misunderstood)?;
        let ([scope], [measure], [window]) = (&query.scopes[..], &query.measures[..], &query.windows[..]) else {
            return Err(misunderstood("facts are those of one scope: write it as team/ID"));
        };
        let limit = match asked.limit.as_deref().map(str::parse) {
            None => USUAL_LIMIT,
            Some(Ok(limit @ 1..=MOST_FACTS)) => limit,
            Some(_) => {
                return Err(misunderstood(format!("no page has so many facts: write a limit of 1 to {MOST_FACTS}")));
            }
        };
        let cursor = match &asked.cursor {
            None => None,
            Some(text) => Some(
                Cursor::read(text, scope, measure, *window, query.times)
                    .ok_or_else(|| misunderstood("this cursor belongs to another question: begin without one"))?,
            ),
        };
        let stretch = stretch(engine, scope, *window, query.to);
        let stretch = match &cursor {
            Some(cursor) if asked.at.is_none() || cursor.stretch == stretch => cursor.stretch,
            Some(_) => {
                return Err(misunderstood("this cursor belongs to another `at`: leave that out, or begin without one"));
            }
            None => stretch,
        };
        let (scope, measure, window) = (scope.clone(), measure.clone(), *window);
        let after = cursor.map(|cursor| cursor.after);
        let question = facts::Question { scope, measure, window, stretch, times: query.times, after, limit };
        Ok(FactsJob { search: Some(engine.begin_facts(question).map_err(misunderstood)?) })
    }

    pub(super) fn go_on(&mut self, engine: &mut Engine) -> Result<Option<Facts>, NoAnswer> {
        let Some(mut search) = self.search.take() else { return Ok(None) };
        if engine.search(&mut search, RECORDS_A_PIECE) {
            return finish(search, engine).map(Some);
        }
        self.search = Some(search);
        Ok(None)
    }
}

/// The stretch of a window that ends at, or holds the millisecond before, an instant.
fn stretch(engine: &Engine, scope: &Scope, window: Window, to: Instant) -> Stretch {
    let zone = engine.roster().zone(scope);
    match (window, engine.first()) {
        (Window::All, Some(first)) if first < to => {
            let all = window.between(first, to, scope.kind, zone).next();
            all.unwrap_or_else(|| window.at(to, scope.kind, zone))
        }
        _ => window.at(to, scope.kind, zone),
    }
}

fn finish(search: Search, engine: &mut Engine) -> Result<Facts, NoAnswer> {
    engine.flush();
    let question = search.question().clone();
    let figure = engine.figure_of(&question).map_err(misunderstood)?;
    let facts::Question { scope, measure, window, stretch, times, after, .. } = question;
    let Page { facts, next } = search.page();
    if facts.is_empty() && next.is_some() && next <= after.or(Some((stretch.start, None))) {
        return Err(misunderstood(format!(
            "more than {MOST_RECORDS} records may count in one minute, which are the most that are looked at: ask for a \
             measure of fewer records"
        )));
    }
    let roster = engine.roster();
    let zone = roster.zone(&scope);
    let scale = measure.definition.unit.parts() as f64;
    let shown = |fact: facts::Fact| ShownFact {
        kind: fact.record.kind.name(),
        namespace: fact.record.namespace.to_string(),
        id: match (fact.record.rep_and_hour(), &fact.record.id) {
            (Some((rep, hour)), _) => format!("{rep} {}", hour.to_rfc3339()),
            (None, RecordId::Text(id)) => id.to_string(),
            (None, RecordId::Customer(hash)) => format!("{:032x}", hash.0),
        },
        at: rows::local_to_the_millisecond(fact.at, zone),
        numerator: fact.parts.numerator as f64 / scale,
        denominator: fact.parts.denominator.map(|n| rows::lower_half(n, measure.definition.unit)),
    };
    let since = engine.facts_since(&measure);
    Ok(Facts {
        time: engine.now().to_rfc3339(),
        figure: Shown::new(&figure, roster),
        complete: since.is_none_or(|since| since <= stretch.start),
        complete_from: since.map(Instant::to_rfc3339),
        facts: facts.into_iter().map(shown).collect(),
        more: next.is_some(),
        cursor: next.map(|after| Cursor { stretch, after }.write(&scope, &measure, window, times)),
    })
}

/// Where a page ended. It names the window's bounds, so that a window that moves on does not move the pages.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Cursor {
    stretch: Stretch,
    after: Order,
}

type Packed = ((Tier, Instant), (Instant, (Instant, Option<RecordKey>)));

impl Cursor {
    /// As hexadecimal digits, with a check over itself and the question.
    fn write(&self, scope: &Scope, measure: &Measure, window: Window, times: Times) -> String {
        let Cursor { stretch, after } = self;
        let packed: Packed = ((stretch.tier, stretch.start), (stretch.end, after.clone()));
        let mut bytes = Vec::new();
        packed.put(&mut bytes);
        let question = format!("{scope} {} {window} {times:?}", measure.name);
        let check = check([question.as_bytes(), &bytes]).get().to_be_bytes();
        [&check, &bytes[..]].concat().iter().fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// What [`Cursor::write`] wrote for this question; `None` if this is not it.
    fn read(text: &str, scope: &Scope, measure: &Measure, window: Window, times: Times) -> Option<Cursor> {
        let digits = text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        let bytes: Vec<u8> = digits.collect::<Option<_>>()?;
        let ((tier, start), (end, after)): Packed = pack::whole(bytes.get(4..)?, &mut Known::default()).ok()?;
        let cursor = Cursor { stretch: Stretch { tier, start, end }, after };
        // Only one text stands for a cursor, and its check is of this question.
        (cursor.write(scope, measure, window, times) == text).then_some(cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{CustomerHash, Kind, Name};
    use crate::domain::scope::ScopeKind;
    use crate::domain::settings::Settings;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_by_no_other_question() {
        let measure = |name| Measure::named(name, &Settings::default()).expect("is a measure");
        let (scope, asa) = (Scope::new(ScopeKind::Team, "care"), measure("asa"));
        let [hour, day] = ["1h", "day"].map(|text| Window::parse(text).expect("is a window"));
        let all = Times::default();
        let mornings = all.within_hours("08:00-12:00").expect("are some");
        let stretch = Stretch { tier: Tier::Day, start: Instant(-5), end: Instant(i64::MAX) };
        let key = |id| Some(RecordKey { kind: Kind::Customer, namespace: Name::from("é"), id });
        for record in [None, key(RecordId::Customer(CustomerHash(7))), key(RecordId::Text("c 1".into()))] {
            let cursor = Cursor { stretch, after: (Instant(3), record) };
            let text = cursor.write(&scope, &asa, day, all);
            assert_eq!(Cursor::read(&text, &scope, &asa, day, all), Some(cursor));
            assert_eq!(Cursor::read(&text, &scope, &asa, day, mornings), None);
            assert_eq!(Cursor::read(&text, &scope, &asa, hour, all), None);
            assert_eq!(Cursor::read(&text, &scope, &measure("abandoned"), day, all), None);
            assert_eq!(Cursor::read(&text, &Scope::new(ScopeKind::Queue, "care"), &asa, day, all), None);
            for damaged in
                [&text[1..], &text[..text.len() - 2], &text.replace('0', "1"), &text.to_uppercase(), "", "zz", "é"]
            {
                assert_eq!(Cursor::read(damaged, &scope, &asa, day, all), None, "{damaged}");
            }
        }
    }
}
