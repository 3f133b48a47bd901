//! Generated reviews, complaints, certifications, coaching and figures from elsewhere.

use super::centre::{ASKED, PHONES, REPS, TEAMS, name};
use super::history::Pen;
use goalkeeper::domain::event::{
    About, CertificationEvent, CoachingEvent, ComplaintEvent, Content, Kind, Name, ReportedEvent, ReportedFigure,
    ReviewEvent, ReviewItem,
};
use goalkeeper::domain::scope::ScopeKind;
use goalkeeper::domain::time::{DAY, HOUR, Instant};

/// What a judgement is about, as the story before it left it.
pub type Told = Option<(Kind, &'static str, String)>;

/// Writes a review or a complaint, now and then a second time.
pub fn judge(pen: &mut Pen, at: i64, about: Told) {
    let id = format!("j{}", pen.surveys);
    pen.surveys += 1;
    let about = about.map(|(kind, from, id)| About { kind, id: id.into(), source: Some(name(from)) });
    let mut at = at;
    let is_review = pen.chance.per_cent(60);
    for _ in 0..pen.chance.between(1, 3) {
        let about = about.clone().filter(|_| pen.chance.per_cent(90));
        let (kind, content) = match is_review {
            true => (Kind::Review, review(pen, about)),
            false => (Kind::Complaint, complaint(pen, about)),
        };
        pen.write(ASKED, (kind, id.clone()), at, 0, content);
        at += pen.chance.span(6 * HOUR);
    }
}

fn rep(pen: &mut Pen) -> Name {
    name(pen.chance.pick(&REPS))
}

fn review(pen: &mut Pen, about: Option<About>) -> Content {
    let item = |pen: &mut Pen| {
        let max = pen.chance.pick(&[1000, 5000, 3000, 7000]);
        ReviewItem {
            criterion: name(pen.chance.pick(&["concern", "greeting", "law"])),
            score: if pen.chance.per_cent(30) { 0 } else { pen.chance.between(0, max + 1) },
            max,
            weight: pen.chance.pick(&[1000, 1000, 500, 2500, 0]),
            fatal: pen.chance.per_cent(15),
            applies: pen.chance.per_cent(70),
        }
    };
    let items = (0..pen.chance.below(5)).map(|_| item(pen)).collect();
    Content::Review(Box::new(ReviewEvent { rep: rep(pen), about, reviewer: None, form: None, items }))
}

fn complaint(pen: &mut Pen, about: Option<About>) -> Content {
    let departments = ["service", "trade", "d-unlisted"];
    Content::Complaint(Box::new(ComplaintEvent {
        category: name(pen.chance.pick(&["invoice", "delay"])),
        department: pen.chance.per_cent(30).then(|| name(pen.chance.pick(&departments))),
        about,
        rep: pen.chance.per_cent(30).then(|| rep(pen)),
    }))
}

fn alias(pen: &mut Pen, source: &str) -> Name {
    let rep = pen.chance.pick(&REPS);
    pen.alias(source, rep)
}

/// Writes what a rep learned, or a figure from elsewhere.
pub fn house(pen: &mut Pen, at: i64) {
    let source = if pen.chance.per_cent(70) { ASKED } else { PHONES[1] };
    match pen.chance.below(3) {
        0 => {
            let rep = alias(pen, source);
            let certification = name(pen.chance.pick(&["ccna", "itil"]));
            let id = format!("{rep}\t{certification}");
            let mut at = at;
            for _ in 0..pen.chance.between(1, 4) {
                let expires = pen.chance.per_cent(80).then(|| Instant(at + pen.chance.span(10 * DAY)));
                let (rep, certification) = (rep.clone(), certification.clone());
                let content = Content::Certification(Box::new(CertificationEvent { rep, certification, expires }));
                pen.write(source, (Kind::Certification, id.clone()), at, 0, content);
                at += pen.chance.span(5 * DAY);
            }
        }
        1 => {
            let rep = alias(pen, source);
            let id = format!("{}\t{rep}", at / DAY);
            let content = Content::Coaching(Box::new(CoachingEvent { rep, plan: None, coach: None }));
            pen.write(source, (Kind::Coaching, id), at, 0, content);
        }
        _ => reported(pen, source, at),
    }
}

fn reported(pen: &mut Pen, source: &'static str, at: i64) {
    let (kind, id) = match pen.chance.below(4) {
        0 => (ScopeKind::Company, name("whatever")),
        1 => (ScopeKind::Department, name(pen.chance.pick(&["service", "trade", "d-unlisted"]))),
        2 => (ScopeKind::Team, name(pen.chance.pick(&TEAMS))),
        _ => (ScopeKind::Rep, alias(pen, source)),
    };
    let measure = name(pen.chance.pick(&["sales", "order_days"]));
    let from = Instant(at.div_euclid(DAY) * DAY - DAY);
    let to = Instant(from.0 + pen.chance.pick(&[0, HOUR, DAY, DAY]));
    let subject = format!("{measure}\t{}\t{id}\t{}\t{}", kind.name(), from.0, to.0);
    for n in 0..pen.chance.between(1, 3) {
        let figure = match pen.chance.per_cent(50) {
            true => ReportedFigure::Value(pen.chance.between(-5000, 90_000)),
            false => ReportedFigure::Fraction {
                numerator: pen.chance.between(0, 90_000),
                denominator: pen.chance.between(1, 200_000),
            },
        };
        let sample = pen.chance.per_cent(60).then(|| pen.chance.below(40));
        let event = ReportedEvent { measure: measure.clone(), kind, id: id.clone(), from, to, figure, sample };
        pen.write(source, (Kind::Reported, subject.clone()), at + n * HOUR, 0, Content::Reported(Box::new(event)));
    }
}
