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

/// Questions: name, scale, least and best score, weight. All surveys ask the first ones, every fourth the others too.
const USUAL: [Question; 2] = [("recommend", "nps", 0, 10, None), ("satisfied", "csat", 1, 5, None)];
const THOROUGH: [Question; 3] =
    [("effort", "ces", 1, 7, None), ("speed", "csi", 1, 10, Some(1)), ("advice", "csi", 1, 10, Some(2))];
type Question = (&'static str, &'static str, u64, u64, Option<u64>);

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

    /// The customer answers the questions; perhaps changes the answers later.
    pub(super) fn step_survey(&mut self, now: i64, place: u32) {
        let first_time = self.surveys[place].events == 1;
        let mood = if first_time { self.surveys[place].mood } else { self.chance.unit() };
        let is_thorough = self.surveys[place].number.is_multiple_of(4);
        let thorough = THOROUGH.into_iter().filter(|_| is_thorough);
        for (question, scale, least, best, weight) in USUAL.into_iter().chain(thorough) {
            let steps = (best - least) as f64;
            let score = least + (mood * (steps + 0.55)).clamp(0.0, steps) as u64;
            let mut draft = self.survey_event(now, place, "survey.answered").text("question", question);
            draft = draft.text("scale", scale).number("score", score);
            if scale == "csat" {
                draft = draft.number("max", best);
            }
            if let Some(weight) = weight {
                draft = draft.number("weight", weight);
            }
            self.emit(draft.end());
        }
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
