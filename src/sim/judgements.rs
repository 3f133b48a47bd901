//! What others think of how a contact was handled: reviews by colleagues, complaints by customers.

use super::centre::Simulation;
use super::contacts::push_customer;
use std::fmt::Write;

/// What is reviewed, with the best mark and the weight; whoever gets nothing for the last one has failed.
const CRITERIA: [(&str, u64, u64); 4] =
    [("greeting", 5, 1), ("understanding", 5, 2), ("answer", 5, 3), ("privacy", 1, 1)];
/// Chances that an average rep forgets one of the others, does not keep privacy, and that what was asked needed none.
const FORGOTTEN: f64 = 0.03;
const PRIVACY_FAILED: f64 = 0.02;
const PRIVACY_NOT_NEEDED: f64 = 0.2;
/// What complaints are about.
const CATEGORIES: [&str; 4] = ["waiting", "mistake", "manner", "promise"];

impl Simulation {
    /// A colleague listens to what the rep handled last, and marks it.
    pub(super) fn review(&mut self, now: i64, rep: u32) {
        let person = &self.reps[rep as usize];
        let (Some(contact), quality) = (person.handled, person.quality) else { return };
        let mut items = String::from("[");
        for (n, (criterion, best, weight)) in CRITERIA.into_iter().enumerate() {
            let is_fatal = best == 1;
            let chance_of_nothing = if is_fatal { PRIVACY_FAILED } else { FORGOTTEN };
            let share = if is_fatal { 1.0 } else { 0.85 * quality + 0.5 * (self.chance.unit() - 0.5) };
            let score = match self.chance.happens(chance_of_nothing / quality) {
                true => 0,
                false => (best as f64 * share.clamp(0.2, 1.0)) as u64,
            };
            let applies = !is_fatal || !self.chance.happens(PRIVACY_NOT_NEEDED);
            let comma = if n > 0 { "," } else { "" };
            // Writing to a string cannot fail.
            let _ = write!(
                items,
                "{comma}{{\"criterion\":\"{criterion}\",\"score\":{score},\"max\":{best},\"weight\":{weight},\
                 \"fatal\":{is_fatal},\"applies\":{applies}}}"
            );
        }
        items.push(']');
        self.name_record("review-");
        let mut about = String::new();
        contact.push(&mut about);
        let id = &self.rep_ids[rep as usize];
        let draft = self.writer.begin("review.scored", &self.record, 1, now, id).text("review", &self.record);
        let draft = draft.text("rep", id).text("contact", &about);
        self.emit(draft.json("items", &items).end());
    }

    /// The customer complains about a contact.
    pub(super) fn complain(&mut self, now: i64, contact: u32) {
        let of = &self.contacts[contact];
        let (id, customer) = (of.id, of.customer);
        let category = CATEGORIES[self.chance.index(CATEGORIES.len())];
        self.name_record("complaint-");
        let mut about = String::new();
        id.push(&mut about);
        self.key.clear();
        match customer {
            Some(customer) => push_customer(&mut self.key, customer),
            None => self.key.push_str(&about),
        }
        let draft = self.writer.begin("complaint.logged", &self.record, 1, now, &self.key);
        let draft = draft.text("complaint", &self.record).text("category", category);
        self.emit(draft.text("contact", &about).end());
    }
}
