//! Generated tickets and surveys.

use super::centre::{ASKED, DESKS, ISSUES, PHONES, QUEUES, REPS, TEAMS, name};
use super::history::Pen;
use super::{contacts, parts};
use goalkeeper::domain::event::{
    About, Author, Content, DeleteReason, Direction, Field, Kind, Name, Priority, Rare, Scale, Shared, SurveyEvent,
    SurveyWhat, TicketEvent, TicketStatus, TicketWhat,
};
use goalkeeper::domain::time::{DAY, HOUR};

/// Writes a ticket that begins at `at` and gives its source and id.
pub fn write(pen: &mut Pen, at: i64) -> (&'static str, String) {
    let source = pen.chance.pick(&DESKS);
    let id = format!("t{}", pen.chance.below(pen.tickets + 2).max(pen.tickets - 4));
    pen.tickets += 1;
    let mut at = at;
    let mut seq = 0;
    if pen.chance.per_cent(92) {
        tell(pen, source, &id, (at, seq), TicketWhat::Created);
    }
    let talks = pen.chance.per_cent(40);
    for n in 0..pen.chance.between(1, 12) {
        let pause = if pen.chance.per_cent(20) { 2 * DAY } else { 5 * HOUR };
        at += pen.chance.span(pause);
        seq = if pen.chance.per_cent(80) { seq + 1 } else { 0 };
        let what = if talks && pen.chance.per_cent(70) { said(pen, n) } else { anything(pen) };
        let source = if pen.chance.per_cent(90) { source } else { DESKS[1] };
        tell(pen, source, &id, (at, seq), what);
    }
    (source, id)
}

/// Something said between customer and rep, in a message of its own.
fn said(pen: &mut Pen, n: i64) -> TicketWhat {
    let author = pen.chance.pick(&[Author::Rep, Author::Customer]);
    TicketWhat::Message { message: name(&format!("said-{n}")), author, public: true, deleted: false }
}

fn anything(pen: &mut Pen) -> TicketWhat {
    match pen.chance.below(30) {
        0..=9 => TicketWhat::Message {
            message: name(pen.chance.pick(&["m1", "m2", "m3", "m4", "m5", "m6"])),
            author: pen.chance.pick(&[
                Author::Rep,
                Author::Rep,
                Author::Customer,
                Author::Customer,
                Author::Bot,
                Author::System,
            ]),
            public: pen.chance.per_cent(75),
            deleted: pen.chance.per_cent(12),
        },
        10..=11 => TicketWhat::Updated,
        12..=15 => TicketWhat::Assigned,
        16..=25 => TicketWhat::Status(pen.chance.pick(&[
            TicketStatus::New,
            TicketStatus::Open,
            TicketStatus::Pending,
            TicketStatus::OnHold,
            TicketStatus::Solved,
            TicketStatus::Solved,
            TicketStatus::Solved,
            TicketStatus::Closed,
            TicketStatus::Other,
        ])),
        26 => TicketWhat::Merged { into: name("t0") },
        27 => TicketWhat::Deleted { reason: DeleteReason::Spam },
        28 => TicketWhat::Restored,
        _ => TicketWhat::Created,
    }
}

fn field(pen: &mut Pen, share: i64, of: &[&str]) -> Field<Name> {
    match pen.chance.per_cent(share) {
        true if pen.chance.per_cent(12) => Field::Null,
        true => Field::Value(name(pen.chance.pick(of))),
        false => Field::Absent,
    }
}

fn tell(pen: &mut Pen, source: &'static str, id: &str, (at, seq): (i64, i64), what: TicketWhat) {
    let named = matches!(what, TicketWhat::Created | TicketWhat::Assigned | TicketWhat::Message { .. });
    let mut shared = Shared {
        queue: field(pen, if named { 60 } else { 15 }, &QUEUES),
        rep: field(pen, if named { 60 } else { 10 }, &REPS),
        ..Shared::default()
    };
    let is_created = what == TicketWhat::Created;
    let team = pen.chance.per_cent(5).then(|| name(pen.chance.pick(&TEAMS)));
    let priority = pen.chance.per_cent(if is_created { 70 } else { 10 }).then(|| {
        pen.chance.pick(&[Priority::Low, Priority::Normal, Priority::High, Priority::Urgent, Priority::Other])
    });
    if team.is_some() || priority.is_some() {
        shared.rare = Some(Box::new(Rare { team, priority, ..Rare::default() }));
    }
    shared.issue = field(pen, if is_created { 70 } else { 10 }, &ISSUES);
    let direction = pen.chance.pick(&[Direction::Inbound, Direction::Outbound, Direction::Outbound]);
    shared.direction = pen.chance.per_cent(if is_created { 30 } else { 3 }).then_some(direction);
    if is_created || pen.chance.per_cent(4) {
        shared.customer = pen.comes_back.map_or_else(|| contacts::customer(&mut pen.chance), Field::Value);
    }
    if let Some(root) = pen.root.clone().filter(|_| pen.chance.per_cent(30)) {
        shared.rare.get_or_insert_default().root = Some(root);
    }
    parts::say(&mut shared, &mut pen.chance);
    let by = pen.chance.per_cent(20).then(|| name(pen.chance.pick(&REPS)));
    let by_queue = pen.chance.per_cent(15).then(|| name(pen.chance.pick(&QUEUES)));
    let content = Content::Ticket(Box::new(TicketEvent { what, shared, by, by_queue }));
    pen.write(source, (Kind::Ticket, id.to_owned()), at, seq, content);
}

/// Writes a survey about a contact or ticket (or about none, or one that comes later or never).
pub fn survey(pen: &mut Pen, at: i64, about: Option<(Kind, &'static str, String)>) {
    let id = format!("s{}", pen.surveys);
    pen.surveys += 1;
    let source = if pen.chance.per_cent(90) { ASKED } else { PHONES[0] };
    let mut at = at;
    let about = about.map(|(kind, from, id)| About { kind, id: id.into(), source: Some(name(from)) });
    let about = if pen.chance.per_cent(5) {
        Some(About { kind: Kind::Contact, id: "never-heard-of".into(), source: None })
    } else {
        about
    };
    if pen.chance.per_cent(85) {
        ask(pen, source, &id, at, about.clone(), SurveyWhat::Offered);
    }
    for _ in 0..pen.chance.below(4) {
        at += pen.chance.span(6 * HOUR);
        let scale = match pen.chance.below(8) {
            0..=2 => Scale::Nps,
            3..=5 => Scale::Csat { max: pen.chance.pick(&[5000, 7000, 3000, 100_000]) },
            6 => Scale::Ces,
            _ => Scale::Csi,
        };
        let best = match scale {
            Scale::Csat { max } => max,
            _ => 10_000,
        };
        let fine = if pen.chance.per_cent(80) { 1000 } else { 1 };
        let what = SurveyWhat::Answered {
            question: pen.chance.per_cent(50).then(|| name(pen.chance.pick(&["nice", "again"]))),
            scale,
            score: pen.chance.below(best / fine + 1) * fine,
            weight: pen.chance.pick(&[1000, 1000, 500, 3000]),
        };
        let about = if pen.chance.per_cent(70) { about.clone() } else { None };
        ask(pen, source, &id, at, about, what);
    }
}

fn ask(pen: &mut Pen, source: &'static str, id: &str, at: i64, about: Option<About>, what: SurveyWhat) {
    let rep = pen.chance.per_cent(15).then(|| name(pen.chance.pick(&REPS)));
    let queue = pen.chance.per_cent(15).then(|| name(pen.chance.pick(&QUEUES)));
    let content = Content::Survey(Box::new(SurveyEvent { what, about, rep, queue }));
    pen.write(source, (Kind::Survey, id.to_owned()), at, 0, content);
}
