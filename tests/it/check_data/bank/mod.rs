//! A real bank's calls in February 1999: waits, abandonment, sums by rep and day, clocks that disagree.

mod compare;
mod convert;

use super::kill::Killed;
use super::runs::{Events, Order, Question, Report, tell_seed};
use super::table::{Check, Table};
use super::{folder, json, rows};
use compare::Seen;
use convert::{Call, Outcome, PHANTOM, PLAIN, View};

const FROM: &str = "1999-02-01";
/// The last calls of February may end in March.
const TO: &str = "1999-03-02";
const REFERENCE: &str = "1999-02";

fn question<'q>(scopes: &'q str, measures: &'q str, windows: &'q str) -> Question<'q> {
    Question { scopes, measures, windows, from: FROM, to: TO }
}

#[test]
#[ignore = "needs recorded data: make check-data"]
fn bank_1999_comes_out() {
    let Some(folder) = folder("bank-1999") else { return };
    tell_seed();
    let calls: Vec<Call> = rows(folder.join("1999-02.tsv.gz"), b'\t').iter().map(Call::new).collect();
    let moved = convert::moved(&calls);
    let mut table = Table::new("bank-1999", json(folder.join("reference.json"))[REFERENCE].take());
    let plain = convert::events(&calls, &PLAIN);
    let views = Views::new(&calls);
    let mut first = None;
    for order in Order::ALL {
        let replayed = plain.replay(order, &question("company,team,queue,rep", "", "all,day"));
        let mut check = table.run(order.name());
        let (ignored, refused) = (replayed.fates["ignored"], replayed.fates["refused"]);
        // What is ignored has no record that would know it again: each time counts.
        let times = if order == Order::Doubled { 2 } else { 1 };
        check.follows("ignored phantoms, as often as they came", times * phantoms(&calls), Some(ignored));
        let seen = Seen { report: &replayed.report, ignored: ignored / times, refused };
        compare::plain(&seen, &mut check);
        compare::days(&replayed.report, &moved, &mut check);
        let ask = |view: &Events, scopes: &str, measures: &str, windows: &str| {
            view.replay(order, &question(scopes, measures, windows)).report
        };
        views.compare(ask, &calls, &mut check);
        let repeated = (times - 1) * (plain.events.len() as i64 - phantoms(&calls));
        check.follows("events that told nothing new", repeated, replayed.fates.get("unchanged").copied());
        let export = first.get_or_insert_with(|| replayed.export.clone());
        check.equal("canonical export, as in order", export, &replayed.export);
        check.end();
    }
    let killed = Killed::feed("bank", &plain, &[]);
    let mut check = table.run("kill -9");
    killed.tell(&mut check);
    let asked = [
        "scope=company,team,queue,rep&window=all&from=1999-02-01&to=1999-03-02",
        "scope=company,team&window=day&from=1999-02-01&to=1999-03-02",
    ];
    let report = killed.report(&asked);
    // What was read again after the kill was counted again, too: a daemon that was left alone counts each once.
    let undisturbed = killed.undisturbed();
    let ignored = undisturbed.metric("goalkeeper_records_ignored_total{", &format!("event=\"{PHANTOM}\""));
    let refused = undisturbed.metric("goalkeeper_records_refused_total{", "")
        + undisturbed.metric("goalkeeper_events_refused_total{", "");
    compare::plain(&Seen { report: &report, ignored, refused }, &mut check);
    compare::days(&report, &moved, &mut check);
    let ask = |view: &Events, scopes: &str, measures: &str, windows: &str| {
        let question = format!("scope={scopes}&measure={measures}&window={windows}&from={FROM}&to={TO}");
        Killed::feed("bank-view", view, &[]).report(&[&question])
    };
    views.compare(ask, &calls, &mut check);
    killed.tell_equal(&undisturbed, &asked, &mut check);
    check.end();
    table.finish();
}

fn phantoms(calls: &[Call]) -> i64 {
    calls.iter().filter(|call| call.outcome == Outcome::Phantom).count() as i64
}

/// The same calls told so that they answer what the plain events cannot: by something else than their type, without
/// the longest services, by the log's timestamps.
struct Views {
    by_server: Events,
    by_hour: Events,
    without_long: Events,
    by_clock: Events,
}

impl Views {
    fn new(calls: &[Call]) -> Views {
        let events = |view: View| convert::events(calls, &view);
        Views {
            by_server: events(View { queue: |call| call.server.clone(), ..PLAIN }),
            by_hour: events(View { queue: |call| call.entered.format("%-H").to_string(), ..PLAIN }),
            without_long: events(View { long_services_unknown: true, ..PLAIN }),
            by_clock: events(View { durations: "timestamps", ..PLAIN }),
        }
    }

    fn compare(&self, ask: impl Fn(&Events, &str, &str, &str) -> Report, calls: &[Call], check: &mut Check<'_>) {
        compare::by_server(&ask(&self.by_server, "queue", "asa", "all"), check);
        compare::by_hour(&ask(&self.by_hour, "queue", "asa", "all"), check);
        let services = "talk_time_mean,talk_time_p50,handled";
        compare::without_long(&ask(&self.without_long, "company,queue", services, "all"), check);
        let measures = "asa,talk_time_mean,clock_skew,queued,offered";
        compare::by_clock(&ask(&self.by_clock, "company", measures, "all,quarter_hour"), calls, check);
    }
}
