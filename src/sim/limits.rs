//! Ranges of the options: what cannot be simulated is refused by name.

use super::disorder::Disorder;
use super::profile::{Profile, Service};

const WEEK_SECONDS: f64 = 7.0 * 86_400.0;

/// An option of a simulation or of its faults that is out of its range.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{field} of a simulation is {value}, which is not between {least} and {most}: give a value in that range")]
pub struct OutOfRange {
    /// The field of [`Profile`] or [`super::Disorder`].
    pub field: &'static str,
    /// What it was.
    pub value: f64,
    /// The least value allowed.
    pub least: f64,
    /// The greatest value allowed.
    pub most: f64,
}

/// The first of (field, value, least, most) that is out of range; what is not a number is in no range.
fn in_range(fields: impl IntoIterator<Item = (&'static str, f64, f64, f64)>) -> Result<(), OutOfRange> {
    let wrong = fields.into_iter().find(|(_, value, least, most)| !(least..=most).contains(&value));
    wrong.map_or(Ok(()), |(field, value, least, most)| Err(OutOfRange { field, value, least, most }))
}

impl Profile {
    /// Refuses what cannot be simulated.
    ///
    /// # Errors
    /// Names the first field that is out of its range, and the range.
    pub fn check(&self) -> Result<(), OutOfRange> {
        let shares = [
            ("lost_in_menu", self.lost_in_menu),
            ("exits", self.exits),
            ("missed", self.missed),
            ("holds", self.holds),
            ("transfers", self.transfers),
            ("chats", self.chats),
            ("outbound", self.outbound),
            ("resolved", self.resolved),
            ("returns", self.returns),
            ("anonymous", self.anonymous),
            ("surveys", self.surveys),
            ("survey_answers", self.survey_answers),
            ("reviews", self.reviews),
            ("complaints", self.complaints),
        ];
        let sigma = if let Service::Lognormal(sigma) = self.service { sigma } else { 0.0 };
        let amounts = [
            ("contacts_per_day", self.daily_contacts(), 1e8),
            ("weekend", self.weekend, 10.0),
            ("talk_seconds", self.talk_seconds, WEEK_SECONDS),
            ("service", sigma, 4.0),
            ("skill_spread", self.skill_spread, 4.0),
            ("patience_seconds", self.patience_seconds.unwrap_or(0.0), WEEK_SECONDS),
            ("menu_seconds", self.menu_seconds, WEEK_SECONDS),
            ("ring_seconds", self.ring_seconds, WEEK_SECONDS),
            ("wrap_seconds", self.wrap_seconds, WEEK_SECONDS),
            ("tickets", self.tickets, 100.0),
        ];
        let numbers = [
            ("start_hour", self.start_hour, 0, 23),
            ("reps", self.reps, 1, 10_000_000),
            ("reps_per_team", self.reps_per_team, 1, 10_000_000),
            ("queues", self.queues, 1, 1_000_000),
        ];
        let shares = shares.map(|(field, value)| (field, value, 0.0, 1.0));
        let amounts = amounts.map(|(field, value, most)| (field, value, 0.0, most));
        let numbers =
            numbers.map(|(field, value, least, most)| (field, f64::from(value), f64::from(least), f64::from(most)));
        in_range(shares.into_iter().chain(amounts).chain(numbers))
    }
}

impl Disorder {
    /// Refuses shares that are none.
    ///
    /// # Errors
    /// Names the first field that is not between 0 and 1.
    pub fn check(&self) -> Result<(), OutOfRange> {
        let shares = [
            ("duplicates", self.duplicates),
            ("revisions", self.revisions),
            ("late", self.late),
            ("retractions", self.retractions),
            ("malformed", self.malformed),
        ];
        in_range(shares.map(|(field, value)| (field, value, 0.0, 1.0)))
    }
}
