//! Surveys: offered after contacts and solved tickets, answered by some, now and then answered again.

use super::agenda::Action;
use super::centre::Simulation;
use super::contacts::{ContactId, push_customer};
use super::wire::{Draft, push_number};

/// Mean time until an answer, in seconds, and until it is changed.
const ANSWER_SECONDS: f64 = 2400.0;
const CHANGE_SECONDS: f64 = 7200.0;
/// Chance that an answer is changed.
const CHANGES: f64 = 0.05;

/// A survey that may still be answered.
pub(super) struct Survey {
    number: u64,
    about: About,
    customer: Option<u64>,
    /// Between 0 and 1: how glad the customer is.
    mood: f64,
    events: u32,
}

/// What a survey asks about.
#[derive(Clone, Copy)]
pub(super) enum About {
    Contact(ContactId),
    Ticket(u64),
}

impl Simulation {
    /// Puts a survey to a customer.
    pub(super) fn offer_survey(&mut self, now: i64, about: About, customer: Option<u64>, quality: f64, resolved: bool) {
        let number = self.number();
        let mood = if resolved { 0.82 } else { 0.45 } * quality + 0.35 * (self.chance.unit() - 0.5);
        let place = self.surveys.insert(Survey { number, about, customer, mood, events: 0 });
        let offered = self.survey_event(now, place, "survey.offered").end();
        self.emit(offered);
        if self.chance.happens(self.profile.survey_answers) {
            self.agenda.add(now + 5000 + self.chance.span(ANSWER_SECONDS), Action::Survey(place));
        } else {
            self.surveys.remove(place);
        }
    }

    /// The customer answers both questions; perhaps changes the answers later.
    pub(super) fn step_survey(&mut self, now: i64, place: u32) {
        let first_time = self.surveys[place].events == 1;
        let mood = if first_time { self.surveys[place].mood } else { self.chance.unit() };
        let recommend = (mood * 10.5).clamp(0.0, 10.0) as u64;
        let draft = self.survey_event(now, place, "survey.answered").text("question", "recommend");
        self.emit(draft.text("scale", "nps").number("score", recommend).end());
        let satisfied = 1 + (mood * 4.6).clamp(0.0, 4.0) as u64;
        let draft = self.survey_event(now, place, "survey.answered").text("question", "satisfied");
        self.emit(draft.text("scale", "csat").number("score", satisfied).number("max", 5).end());
        if first_time && self.chance.happens(CHANGES) {
            self.agenda.add(now + self.chance.span(CHANGE_SECONDS), Action::Survey(place));
        } else {
            self.surveys.remove(place);
        }
    }

    fn survey_event(&mut self, now: i64, place: u32, what: &str) -> Draft {
        let survey = &mut self.surveys[place];
        survey.events += 1;
        let (record, key) = (&mut self.record, &mut self.key);
        key.clear();
        let mut about = String::new();
        let name = match survey.about {
            About::Contact(id) => {
                id.push(&mut about);
                "contact"
            }
            About::Ticket(number) => {
                about.push_str("t-");
                push_number(&mut about, number);
                "ticket"
            }
        };
        match survey.customer {
            Some(customer) => push_customer(key, customer),
            None => key.push_str(&about),
        }
        record.clear();
        record.push_str("s-");
        push_number(record, survey.number);
        let draft = self.writer.begin(what, record, survey.events, now, key);
        draft.text("survey", record).text(name, &about)
    }
}
