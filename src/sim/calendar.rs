//! Local time of the simulated company: how busy each quarter-hour is, and when shifts begin.

use super::profile::Profile;
use super::random::Chance;
use crate::domain::time::{DAY, HOUR, Instant, MINUTE, QUARTER_HOUR, Zone, day_start, next_date};
use chrono::{DateTime, Datelike, NaiveDate, TimeZone, Timelike};

/// Arrivals of each local hour of a weekday, per thousand of the day; interpolated between the hours' middles.
const HOURS: [f64; 24] = [
    1.0, 0.5, 0.5, 0.5, 0.5, 1.0, 4.0, 24.0, 70.0, 105.0, 118.0, 112.0, 92.0, 96.0, 104.0, 98.0, 76.0, 42.0, 26.0,
    16.0, 6.0, 4.0, 2.0, 1.0,
];
/// The lines are open from this local hour ...
const OPENS: u32 = 8;
/// ... to this one.
const CLOSES: u32 = 20;
/// Begin and length of the shifts of a team's reps, by their place in it: minutes of the local day.
const SHIFTS: [(i64, i64); 4] = [(8 * 60, 510), (9 * 60, 510), (8 * 60, 510), (12 * 60 - 30, 510)];
/// When a shift has its break, a coaching session and a training: minutes after its begin.
const BREAK: i64 = 240;
const COACHING: i64 = 120;
const TRAINING: i64 = 360;

/// A span of duty of one rep, in milliseconds since 1970, and when pauses are due in it.
pub(super) struct Shift {
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) pauses: Vec<(i64, Pause)>,
}

/// What keeps a rep on duty from contacts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pause {
    Break,
    Coaching,
    Training,
}

impl Pause {
    /// What it is called in `rep.state`.
    pub(super) fn state(self) -> &'static str {
        match self {
            Pause::Break => "break",
            Pause::Coaching => "meeting",
            Pause::Training => "training",
        }
    }

    /// How long it takes, in minutes.
    pub(super) fn minutes(self) -> i64 {
        match self {
            Pause::Break | Pause::Coaching => 30,
            Pause::Training => 60,
        }
    }
}

/// The calendar of one profile.
#[derive(Clone, Copy)]
pub(super) struct Calendar {
    zone: Zone,
    weekend: f64,
    steady: bool,
    total: f64,
}

impl Calendar {
    pub(super) fn new(profile: &Profile) -> Calendar {
        let quarters = (0..96).map(|quarter| weight(quarter * 15 + 7));
        Calendar { zone: profile.zone, weekend: profile.weekend, steady: profile.steady, total: quarters.sum() }
    }

    /// Share of a weekday's arrivals that falls into the quarter-hour which holds `time`.
    fn share(&self, time: i64) -> f64 {
        if self.steady {
            return QUARTER_HOUR as f64 / DAY as f64;
        }
        let local = self.local(time);
        let day = if local.weekday().num_days_from_monday() < 5 { 1.0 } else { self.weekend };
        day * weight(local.hour() * 60 + local.minute() / 15 * 15 + 7) / self.total
    }

    /// The hours in which the lines are open, as a roster writes them; `None` if they never close.
    pub(super) fn opening_hours(&self) -> Option<String> {
        (!self.steady).then(|| format!("{{mon-sun: [\"{OPENS:02}:00-{CLOSES:02}:00\"]}}"))
    }

    /// True while the lines are open.
    pub(super) fn is_open(&self, time: i64) -> bool {
        self.steady || (OPENS..CLOSES).contains(&self.local(time).hour())
    }

    /// `time`, or some minutes after the lines next open.
    pub(super) fn when_open(&self, time: i64, chance: &mut Chance) -> i64 {
        if self.is_open(time) {
            return time;
        }
        let date = Instant(time).date(self.zone);
        let hour = self.local(time).hour();
        let date = if hour < OPENS { date } else { next_date(date) };
        self.at(date, i64::from(OPENS) * 60) + chance.span(3600.0).min(4 * HOUR)
    }

    /// The local date of `time`.
    pub(super) fn date(&self, time: i64) -> NaiveDate {
        Instant(time).date(self.zone)
    }

    /// The first instant of `date`.
    pub(super) fn midnight(&self, date: NaiveDate) -> i64 {
        day_start(date, self.zone).0
    }

    /// Minute `minute` of the local day `date`.
    pub(super) fn at(&self, date: NaiveDate, minute: i64) -> i64 {
        let local = date.and_hms_opt(0, 0, 0).map(|midnight| midnight + chrono::Duration::minutes(minute));
        match local.and_then(|local| self.zone.from_local_datetime(&local).earliest()) {
            Some(instant) => instant.timestamp_millis(),
            // A minute that the clocks skip: as long after midnight as the clock face says.
            None => self.midnight(date) + minute * MINUTE,
        }
    }

    /// The shift of the rep at `place` of a team on `date`, if it is a working day. One in four works weekends and is
    /// off on Tuesdays and Wednesdays. Once a week there is a coaching session and a training, for a fifth of the reps
    /// each weekday.
    pub(super) fn shift(&self, place: u32, date: NaiveDate) -> Option<Shift> {
        let weekday = date.weekday().num_days_from_monday();
        let works = if place % 4 == 3 { !(1..=2).contains(&weekday) } else { weekday < 5 };
        if !works {
            return None;
        }
        // Moved on by one every four, so that those who work weekends do not all have the same shift.
        let (begin, length) = SHIFTS[(place + place / 4) as usize % SHIFTS.len()];
        // Those who share a shift take their breaks one after the other.
        let mut pauses = vec![(BREAK + i64::from(place % 8 / 4) * Pause::Break.minutes(), Pause::Break)];
        if weekday == place % 5 {
            pauses.push((COACHING, Pause::Coaching));
        }
        if weekday == (place + 3) % 5 {
            pauses.push((TRAINING, Pause::Training));
        }
        let at = |minutes| self.at(date, begin + minutes);
        let pauses = pauses.into_iter().map(|(minutes, pause)| (at(minutes), pause)).collect();
        Some(Shift { from: at(0), to: at(length), pauses })
    }

    fn local(&self, time: i64) -> DateTime<Zone> {
        DateTime::from_timestamp_millis(time).unwrap_or_default().with_timezone(&self.zone)
    }
}

/// Weight of a minute of the day, between the middles of the hours around it.
fn weight(minute: u32) -> f64 {
    let shifted = (minute + 24 * 60 - 30) % (24 * 60);
    let (hour, part) = (shifted as usize / 60, f64::from(shifted % 60) / 60.0);
    HOURS[hour] * (1.0 - part) + HOURS[(hour + 1) % 24] * part
}

/// A Poisson process whose rate changes with every quarter-hour.
pub(super) struct Arrivals {
    calendar: Calendar,
    per_day: f64,
    clock: f64,
    quarter_end: i64,
    per_milli: f64,
}

impl Arrivals {
    /// Arrivals from `start` on, `per_day` of them on a weekday.
    pub(super) fn new(calendar: Calendar, per_day: f64, start: i64) -> Arrivals {
        Arrivals { calendar, per_day, clock: start as f64, quarter_end: start, per_milli: 0.0 }
    }

    /// The next arrival before `end`.
    pub(super) fn next(&mut self, end: i64, chance: &mut Chance) -> Option<i64> {
        if self.per_day <= 0.0 {
            return None;
        }
        // The process has no memory, so what is left of the draw carries over to the next quarter's rate.
        let mut left = chance.exponential();
        loop {
            let room = (self.quarter_end as f64 - self.clock) * self.per_milli;
            if left < room {
                self.clock += left / self.per_milli;
                return Some(self.clock as i64).filter(|time| *time < end);
            }
            left -= room;
            if self.quarter_end >= end {
                return None;
            }
            let begin = self.quarter_end;
            self.clock = begin as f64;
            self.quarter_end = (begin.div_euclid(QUARTER_HOUR) + 1) * QUARTER_HOUR;
            self.per_milli = self.per_day * self.calendar.share(begin) / QUARTER_HOUR as f64;
        }
    }
}
