//! Figures that others report: how many orders were processed in time, hour by hour, and what mystery shoppers found in the
//! month before.

use super::agenda::Action;
use super::centre::Simulation;
use super::company::ORDERS;
use super::wire::{Draft, push_text};
use crate::domain::time::HOUR;
use chrono::{Datelike, Days, NaiveDate};

/// About so many orders are due in an hour, of which this share is in time.
const ORDERS_AN_HOUR: u64 = 60;
const IN_TIME: f64 = 0.94;
/// Calls of mystery shoppers in a month, and the points that they give on average, of 100.
const SHOPPERS: u64 = 40;
const POINTS: u64 = 82;

impl Simulation {
    /// The order department tells of the hour that has passed, if it was open then.
    pub(super) fn report_orders(&mut self, now: i64) {
        let from = now - HOUR;
        if from >= self.start() && self.calendar.is_open(from) {
            let due = ORDERS_AN_HOUR / 2 + self.chance.below(ORDERS_AN_HOUR);
            let in_time = (0..due).filter(|_| self.chance.happens(IN_TIME)).count() as u64;
            let figure = |draft: Draft| draft.number("numerator", in_time).number("denominator", due);
            self.report(now, "orders_in_time", ("department", ORDERS), (from, now), figure);
        }
        self.agenda.add((now.div_euclid(HOUR) + 1) * HOUR, Action::Report);
    }

    /// What mystery shoppers found in the month before `date`.
    pub(super) fn report_shoppers(&mut self, now: i64, date: NaiveDate) {
        let first_of = |date: NaiveDate| date.with_day(1).unwrap_or(date);
        let to = first_of(date);
        let from = first_of(to.checked_sub_days(Days::new(1)).unwrap_or(to));
        let span = (self.calendar.midnight(from), self.calendar.midnight(to));
        let points = POINTS - 5 + self.chance.below(11);
        let company = self.profile.company.clone();
        let figure = |draft: Draft| draft.number("value", points).number("sample", SHOPPERS);
        self.report(now, "mystery_shopping", ("company", &company), span, figure);
    }

    fn report(
        &mut self,
        now: i64,
        measure: &str,
        (kind, id): (&str, &str),
        (from, to): (i64, i64),
        figure: impl FnOnce(Draft) -> Draft,
    ) {
        self.name_record("figure-");
        let (from, to) = (self.writer.time(from), self.writer.time(to));
        let mut scope = format!("{{\"{kind}\":");
        push_text(&mut scope, id);
        scope.push('}');
        let draft = self.writer.begin("measure.reported", &self.record, 1, now, id).text("measure", measure);
        let draft = draft.json("scope", &scope).text("from", &from).text("to", &to);
        self.emit(figure(draft).end());
    }
}
