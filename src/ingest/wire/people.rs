//! `data` of what is told of people: reviews, complaints, states, shifts, learning; and of figures from elsewhere.

use super::object::{Fields, Problem, Read, Result, fields};
use super::value::{Count, Flag, Id, Number, Points, Time};
use super::word::{Vocabulary, Word, vocabulary};
use crate::domain::event::{Facet, RepState};
use crate::ingest::json::Value;
use schemars::JsonSchema;

fields! {
    /// All that review.scored may say.
    struct ReviewData {
        /// Id of the review; the same again replaces it.
        review: Option<Id<'a>>,
        /// The rep reviewed.
        rep: Option<Id<'a>>,
        /// The contact it is about.
        contact: Option<Id<'a>>,
        /// The source of that contact, if another.
        contact_source: Option<Id<'a>>,
        /// The ticket it is about.
        ticket: Option<Id<'a>>,
        /// The source of that ticket, if another.
        ticket_source: Option<Id<'a>>,
        /// Who reviewed.
        reviewer: Option<Id<'a>>,
        /// The form that was filled in.
        form: Option<Id<'a>>,
        /// The marks, one a criterion.
        items: Option<Vec<ReviewItem<'a>>>,
    }
}

fields! {
    /// One mark of a review.
    struct ReviewItem {
        /// What was judged.
        #[schemars(required)]
        criterion: Option<Id<'a>>,
        /// The mark.
        #[schemars(required)]
        score: Option<Points>,
        /// The best mark.
        #[schemars(required)]
        max: Option<Points>,
        /// Weight of the criterion; 1 unless said.
        weight: Option<Points>,
        /// True if failing it fails the review.
        fatal: Option<Flag>,
        /// False if it did not apply.
        applies: Option<Flag>,
    }
}

fields! {
    /// All that complaint.logged may say.
    struct ComplaintData {
        /// Id of the complaint.
        complaint: Option<Id<'a>>,
        /// What it is about.
        category: Option<Id<'a>>,
        /// The department it went to.
        department: Option<Id<'a>>,
        /// The contact it is about.
        contact: Option<Id<'a>>,
        /// The source of that contact, if another.
        contact_source: Option<Id<'a>>,
        /// The ticket it is about.
        ticket: Option<Id<'a>>,
        /// The source of that ticket, if another.
        ticket_source: Option<Id<'a>>,
        /// The rep it is about.
        rep: Option<Id<'a>>,
    }
}

fields! {
    /// All that rep.state may say.
    struct StateData {
        /// The rep.
        rep: Option<Id<'a>>,
        /// `activity` unless said.
        facet: Option<Word<Facet>>,
        /// The state that begins; an unknown one counts as `other`.
        state: Option<Word<RepState>>,
        /// Why.
        reason: Option<Id<'a>>,
    }
}

fields! {
    /// All that shift.planned may say.
    struct ShiftData {
        /// Id of the shift; the same again replaces it.
        shift: Option<Id<'a>>,
        /// The rep.
        rep: Option<Id<'a>>,
        /// When it begins.
        from: Option<Time>,
        /// When it ends.
        to: Option<Time>,
        /// What is done in it: a word of `rep.state`; an unknown one counts as `other`.
        activity: Option<Word<RepState>>,
    }
}

fields! {
    /// All that certification.earned may say.
    struct CertificationData {
        /// The rep.
        rep: Option<Id<'a>>,
        /// What was earned.
        certification: Option<Id<'a>>,
        /// When it lapses.
        expires: Option<Time>,
    }
}

fields! {
    /// All that coaching.session may say.
    struct CoachingData {
        /// The rep.
        rep: Option<Id<'a>>,
        /// The plan it belongs to.
        plan: Option<Id<'a>>,
        /// Who coached.
        coach: Option<Id<'a>>,
    }
}

fields! {
    /// All that measure.reported may say.
    struct ReportedData {
        /// Which measure.
        measure: Option<Id<'a>>,
        /// Whose.
        scope: Option<ReportedScope<'a>>,
        /// Where the period begins.
        from: Option<Time>,
        /// Where it ends.
        to: Option<Time>,
        /// The figure, or:
        value: Option<Number>,
        /// its numerator,
        numerator: Option<Number>,
        /// and its denominator.
        denominator: Option<Number>,
        /// How many observations it stands on.
        sample: Option<Count>,
    }
}

fields! {
    /// Whose figure it is: one of these.
    struct ReportedScope {
        /// A company.
        company: Option<Id<'a>>,
        /// A department.
        department: Option<Id<'a>>,
        /// A team.
        team: Option<Id<'a>>,
        /// A rep.
        rep: Option<Id<'a>>,
    }
}

vocabulary!(Facet, None, { "activity" => Activity, "presence" => Presence });
vocabulary!(RepState, Some(RepState::Other), {
    "available" => Available, "on_contact" => OnContact, "wrap_up" => WrapUp, "break" => Break,
    "training" => Training, "meeting" => Meeting, "offline" => Offline,
});
