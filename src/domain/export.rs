//! The canonical export: everything that is known, as sorted lines of text, so that two states can be compared.

use super::booking::{Credit, Message, Visit};
use super::judge::Judge;
use super::pane::Panes;
use super::records::Records;
use std::fmt::Write;

/// Records with their entries, notes and bookings, then panes, then what is said of targets now.
pub(super) fn text(records: &Records, panes: &Panes, judge: &Judge) -> String {
    let mut lines: Vec<String> = Vec::new();
    records.visit(|key, record| {
        if record.saturated {
            lines.push(format!("record {key} saturated"));
        }
        for entry in &record.entries {
            let time = entry.time.to_rfc3339();
            let retracted = if entry.retracted { " retracted" } else { "" };
            lines.push(format!(
                "record {key} entry {:?} {:?} {time} seq {} revision {}{retracted} {:?}",
                entry.source, entry.id, entry.seq, entry.revision, entry.content
            ));
        }
        for received in &record.received {
            lines.push(format!("record {key} from {} {}", received.from, told(&received.message)));
        }
        for booking in &record.booked {
            let mut line = format!("record {key} booked {}", booking.at.to_rfc3339());
            // Writing to a string cannot fail.
            if booking.length() > 0 {
                let _ = write!(line, " to {}", booking.until.to_rfc3339());
            }
            let _ = write!(line, " {}", booking.path);
            for (cell, n) in booking.amounts.cells() {
                let _ = write!(line, " {cell}={n}");
            }
            lines.push(line);
        }
    });
    panes.visit(|key, row| {
        let mut line = format!("pane {} {} {}", key.tier.name(), key.start.to_rfc3339(), key.scope);
        for (cell, n) in row.cells() {
            let _ = write!(line, " {cell}={n}");
        }
        lines.push(line);
    });
    for judged in judge.judged().iter() {
        let (target, verdict) = (&judge.targets()[judged.target], &judged.verdict);
        // Where alerts stand depends on when somebody looked: it is no part of this.
        lines.push(format!("verdict {} {} {} {:?}", target.id, judged.scope, verdict.state.name(), verdict.figure));
    }
    lines.sort_unstable();
    lines.push(String::new());
    lines.join("\n")
}

fn told(message: &Message) -> String {
    match message {
        Message::Link(since) => format!("link {}", since.to_rfc3339()),
        Message::Visit(visit) => {
            let Visit { first, root, reached, channel, issue, transferred, queue, team, credit, earlier } = &**visit;
            let earlier: Vec<String> = earlier.iter().map(credited).collect();
            format!(
                "visit {} of {} {reached:?} {channel:?} issue {issue:?} transferred {transferred} in {queue:?} {team:?} {} after {earlier:?}",
                first.to_rfc3339(),
                root.as_ref().map_or("itself".to_owned(), ToString::to_string),
                credited(credit)
            )
        }
        Message::States { facet, hour, states } => {
            let told = states.iter().map(|(at, state)| format!(" {} {state:?}", at.to_rfc3339()));
            format!("states {} of {}:{}", facet.name(), hour.to_rfc3339(), told.collect::<String>())
        }
        Message::Handled(spans) => {
            let told = spans.iter().map(|(from, to)| format!(" {} to {}", from.to_rfc3339(), to.to_rfc3339()));
            format!("handled{}", told.collect::<String>())
        }
        Message::Planned { hour, from, to, activity } => {
            let [hour, from, to] = [hour, from, to].map(|at| at.to_rfc3339());
            format!("planned {activity:?} from {from} to {to}, for the hour {hour}")
        }
        Message::Handling(credit) => format!("handling {}", credited(credit)),
    }
}

fn credited(credit: &Credit) -> String {
    let mut text =
        format!("known {} rep {:?} queue {:?} team {:?}", credit.known, credit.rep, credit.queue, credit.team);
    for slice in credit.slices.all() {
        // Writing to a string cannot fail.
        let _ = write!(text, " {slice}");
    }
    text
}
