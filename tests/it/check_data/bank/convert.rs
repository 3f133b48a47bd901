//! Each row of the bank's log is one call; this makes events of it.

use crate::check_data::runs::{Event, Events};
use chrono::{NaiveDate, NaiveTime, SecondsFormat, TimeDelta, TimeZone};
use chrono_tz::Asia::Jerusalem;
use chrono_tz::Tz;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Phantom rows become events of a type that the program does not know: it ignores and counts them.
pub const PHANTOM: &str = "bank.phantom";
pub const NO_SERVER: &str = "NO_SERVER";
/// A service longer than this is left out by some of the reference's figures, in seconds.
const LONG_SERVICE: i64 = 3600;

/// One row, its times made whole.
#[derive(Clone, Debug)]
pub struct Call {
    pub id: String,
    customer: Option<String>,
    pub kind: String,
    pub server: String,
    /// The date that the log files the call under: that of its entry.
    pub date: NaiveDate,
    pub entered: Moment,
    left_menu: Moment,
    queued: Moment,
    left_queue: Moment,
    pub wait: i64,
    pub outcome: Outcome,
    pub answered: Moment,
    ended: Moment,
    pub service: i64,
}

type Moment = chrono::DateTime<Tz>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Answered,
    Abandoned,
    LostInMenu,
    Phantom,
}

/// What a question needs of the events beyond what the log's description says.
#[derive(Clone, Copy)]
pub struct View {
    /// What serves as the queue.
    pub queue: fn(&Call) -> String,
    /// Whose durations count.
    pub durations: &'static str,
    /// Services of more than an hour are told as unknown.
    pub long_services_unknown: bool,
}

/// As the log's description says.
pub const PLAIN: View = View { queue: |call| call.kind.clone(), durations: "reported", long_services_unknown: false };

impl Call {
    pub fn new(row: &csv::StringRecord) -> Call {
        let fields: Vec<&str> = row.iter().collect();
        let [
            line,
            id,
            customer,
            _,
            kind,
            date,
            entry,
            exit,
            _,
            queue_start,
            queue_exit,
            wait,
            outcome,
            start,
            end,
            service,
            server,
        ] = fields.try_into().expect("seventeen columns");
        let date = NaiveDate::parse_from_str(&format!("19{date}"), "%Y%m%d").expect("a date");
        let clock = |text: &str| NaiveTime::parse_from_str(text, "%H:%M:%S").expect("a time");
        // Midnight stands for "none", too; and what is half a day before the entry is of the next day.
        let moment = |time: NaiveTime| {
            let next_day = clock(entry) - time > TimeDelta::hours(12);
            let local = (if next_day { date.succ_opt().expect("a date") } else { date }).and_time(time);
            Jerusalem.from_local_datetime(&local).single().expect("no clock change in this month")
        };
        let whole = |text: &str| text.parse::<i64>().expect("whole seconds");
        let (wait, service) = (whole(wait), whole(service));
        let has_queued = wait > 0;
        let has_service = [start, end].iter().any(|time| clock(time) != NaiveTime::MIN);
        let left_menu = moment(clock(exit));
        let left_queue = if has_queued { moment(clock(queue_exit)) } else { left_menu };
        Call {
            // Ids repeat from line to line.
            id: format!("{line}-{id}"),
            customer: (customer != "0").then(|| customer.to_owned()),
            kind: kind.to_owned(),
            server: server.to_owned(),
            date,
            entered: moment(clock(entry)),
            left_menu,
            queued: if has_queued { moment(clock(queue_start)) } else { left_menu },
            left_queue,
            wait,
            outcome: match outcome {
                "AGENT" => Outcome::Answered,
                "PHANTOM" => Outcome::Phantom,
                "HANG" if has_queued => Outcome::Abandoned,
                "HANG" => Outcome::LostInMenu,
                other => panic!("unknown outcome {other}"),
            },
            answered: if has_service { moment(clock(start)) } else { left_queue },
            ended: if has_service { moment(clock(end)) } else { left_queue },
            service,
        }
    }

    /// When its outcome came: the instant under which it counts.
    pub fn decided(&self) -> Moment {
        match self.outcome {
            Outcome::Answered => self.answered,
            Outcome::Abandoned => self.left_queue,
            Outcome::LostInMenu | Outcome::Phantom => self.left_menu,
        }
    }

    /// Seconds from queue entry to answer on the log's disagreeing clocks; may be negative.
    pub fn wait_by_clock(&self) -> i64 {
        (self.answered - self.queued).num_seconds()
    }

    fn events(&self, view: &View, events: &mut Vec<Event>) {
        let rep = (self.server != NO_SERVER).then_some(&self.server);
        let queue = (view.queue)(self);
        let talk = (!view.long_services_unknown || self.service <= LONG_SERVICE).then_some(self.service);
        let mut add = |seq: u8, kind: &str, at: Moment, more: Value| {
            let mut data = json!({"contact": self.id});
            let known = data.as_object_mut().expect("is one");
            known.extend(self.customer.iter().map(|customer| ("customer".to_owned(), json!(customer))));
            known.extend(more.as_object().expect("is one").clone());
            let event = json!({
                "specversion": "1.0", "id": format!("{}-{seq}", self.id), "source": "/bank", "type": kind, "seq": seq,
                "time": at.to_rfc3339_opts(SecondsFormat::Secs, true), "data": data,
            });
            let key = self.customer.as_ref().unwrap_or(&self.id).clone();
            events.push(Event { time: at.timestamp_millis(), key, json: event.to_string() });
        };
        let with_rep = |mut data: Value| {
            let known = data.as_object_mut().expect("is one");
            known.extend(rep.map(|rep| ("rep".to_owned(), json!(rep))));
            data
        };
        if self.outcome == Outcome::Phantom {
            return add(0, PHANTOM, self.entered, json!({}));
        }
        add(0, "contact.started", self.entered, json!({}));
        if self.outcome != Outcome::LostInMenu {
            add(1, "contact.queued", self.queued, json!({"queue": queue}));
        }
        match self.outcome {
            Outcome::Answered => {
                let data = with_rep(json!({"queue": queue, "wait": self.wait}));
                add(2, "contact.answered", self.answered, data);
                add(3, "contact.ended", self.ended, with_rep(json!({"queue": queue, "talk": talk})));
            }
            Outcome::Abandoned => {
                add(2, "contact.abandoned", self.left_queue, json!({"queue": queue, "wait": self.wait}));
            }
            Outcome::LostInMenu => add(1, "contact.ended", self.left_menu, json!({"ended_by": "customer"})),
            Outcome::Phantom => {}
        }
    }
}

/// The events of all calls, with a roster in which every server has another id than in the log.
pub fn events(calls: &[Call], view: &View) -> Events {
    let mut events = Vec::new();
    for call in calls {
        call.events(view, &mut events);
    }
    events.sort_by_key(|event| event.time);
    let kinds: BTreeSet<&str> = calls.iter().map(|call| call.kind.as_str()).collect();
    let servers: BTreeSet<&str> = calls.iter().map(|call| call.server.as_str()).filter(|s| *s != NO_SERVER).collect();
    let queues: Vec<String> = kinds.iter().map(|kind| format!("  - {{id: {kind:?}, team: desk}}\n")).collect();
    let reps: Vec<String> = servers
        .iter()
        .map(|name| format!("  - {{id: {}, team: desk, aliases: {{/bank: [{name:?}]}}}}\n", rep(name)))
        .collect();
    Events {
        config: format!(
            "sources: {{/bank: {{durations: {}}}}}\nmeasures: {{wait_thresholds: [1ms, 20s, 60s]}}\n",
            view.durations
        ),
        roster: format!(
            "company: {{id: bank, zone: Asia/Jerusalem}}\nteams: [{{id: desk}}]\nqueues:\n{}reps:\n{}",
            queues.concat(),
            reps.concat()
        ),
        events,
    }
}

/// The roster's id of a server.
pub fn rep(server: &str) -> String {
    format!("rep-{}", server.to_lowercase())
}

/// How many calls, and seconds of waiting before an answer, count on another date than the log files them under:
/// they entered before midnight and their outcome came after it.
pub fn moved(calls: &[Call]) -> BTreeMap<NaiveDate, Moved> {
    let mut moved: BTreeMap<NaiveDate, Moved> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.outcome != Outcome::Phantom) {
        let counted = call.decided().date_naive();
        for (date, sign) in [(call.date, -1), (counted, 1)] {
            if counted == call.date {
                continue;
            }
            let of = moved.entry(date).or_default();
            match call.outcome {
                Outcome::Answered => {
                    of.served += sign;
                    of.waited += sign * call.wait;
                }
                Outcome::Abandoned => of.abandoned += sign,
                Outcome::LostInMenu | Outcome::Phantom => of.lost += sign,
            }
        }
    }
    moved
}

/// What a date gains by calls that entered on the day before, less what it loses to the day after.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moved {
    pub served: i64,
    pub abandoned: i64,
    pub lost: i64,
    pub waited: i64,
}
