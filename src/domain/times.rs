//! Times of the local clock: weekdays and hours, to which figures can be narrowed when they are read.

use super::time::{Instant, MINUTE, QUARTER_HOUR, Zone, day_of};
use super::window::{Stretch, Tier};
use chrono::Datelike;

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Which times of the local clock are wanted; all of them unless something is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// From Monday on.
    weekdays: Option<[bool; 7]>,
    /// From when to when, in minutes since midnight, the second exclusive. Where the second is not later, they go over
    /// midnight: the hours before it are those of one date, the hours after it of the next.
    hours: Option<(u16, u16)>,
}

impl Times {
    /// All times of weekdays written as `mon-fri` or `sat,sun`.
    ///
    /// # Errors
    /// If that is no weekday.
    pub fn on(mut self, text: &str) -> Result<Times, String> {
        let day = |name: &str| WEEKDAYS.iter().position(|known| *known == name);
        let mut weekdays = [false; 7];
        for range in text.split(',') {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let (Some(first), Some(last)) = (day(first), day(last)) else {
                let known = WEEKDAYS.join(", ");
                return Err(format!("`{range}` is no weekday: write some of {known}, or a range such as mon-fri"));
            };
            // Over the end of the week if the last is before the first.
            (0..=(last + 7 - first) % 7).for_each(|n| weekdays[(first + n) % 7] = true);
        }
        self.weekdays = Some(weekdays);
        Ok(self)
    }

    /// The same within hours written as `08:00-18:00`.
    ///
    /// # Errors
    /// If these are no hours, or finer than quarter-hours.
    pub fn within_hours(mut self, text: &str) -> Result<Times, String> {
        let minutes = |text: &str| {
            let (hour, minute) = text.split_once(':').filter(|(hour, minute)| hour.len() == 2 && minute.len() == 2)?;
            let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
            (minute < 60 && hour * 60 + minute <= 24 * 60).then_some(hour * 60 + minute)
        };
        let wrong = || format!("`{text}` is no part of a day: write it as 08:00-18:00");
        let (from, to) = text.split_once('-').ok_or_else(wrong)?;
        match (minutes(from), minutes(to)) {
            (Some(from), Some(to)) if from == to => Err(wrong()),
            (Some(from), Some(to)) if from % 15 == 0 && to % 15 == 0 => {
                self.hours = Some((from, to));
                Ok(self)
            }
            (Some(_), Some(_)) => {
                Err(format!("`{text}` parts a quarter of an hour, and nothing finer is kept: write e.g. 08:00-18:15"))
            }
            _ => Err(wrong()),
        }
    }

    /// True if nothing is left out.
    pub fn are_all(self) -> bool {
        self == Times::default()
    }

    /// True if hours of the day are left out.
    pub fn part_days(self) -> bool {
        self.hours.is_some()
    }

    /// The stretch by panes that are fine enough.
    pub fn fine(self, stretch: Stretch) -> Stretch {
        match stretch.tier {
            Tier::Day if self.part_days() => Stretch { tier: Tier::QuarterHour, ..stretch },
            _ => stretch,
        }
    }

    /// What of a stretch is wanted, by the clock of a zone.
    pub fn of(self, stretch: Stretch, zone: Zone) -> Vec<Stretch> {
        let Stretch { tier, start, end } = self.fine(stretch);
        let mut parts: Vec<Stretch> = Vec::new();
        let mut pane = start;
        while pane < end {
            let next = match tier {
                Tier::Minute => Instant(pane.0 + MINUTE),
                Tier::QuarterHour => Instant(pane.0 + QUARTER_HOUR),
                Tier::Day => day_of(pane, zone).1,
                Tier::Standing => end,
            };
            if next <= pane {
                // At the end of the calendar no day follows.
                break;
            }
            if self.have(pane, zone) {
                match parts.last_mut().filter(|last| last.end == pane) {
                    Some(last) => last.end = next,
                    None => parts.push(Stretch { tier, start: pane, end: next }),
                }
            }
            pane = next;
        }
        parts
    }

    fn have(self, at: Instant, zone: Zone) -> bool {
        let is_hour = |(from, to): (u16, u16)| {
            let shown = at.minute_of_day(zone);
            if from < to { from <= shown && shown < to } else { from <= shown || shown < to }
        };
        let is_day = |weekdays: [bool; 7]| weekdays[at.date(zone).weekday().num_days_from_monday() as usize];
        self.weekdays.is_none_or(is_day) && self.hours.is_none_or(is_hour)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What of the time between two instants in Oslo is wanted, as whole hours since the first.
    fn hours_of(times: Times, from: &str, to: &str) -> Vec<(i64, i64)> {
        let instant = |text| Instant::from_rfc3339(text).expect("is a time");
        let (start, end) = (instant(from), instant(to));
        let hours = |at: Instant| at.since(start).0 / (60 * MINUTE);
        let parts = times.of(Stretch { tier: Tier::Day, start, end }, chrono_tz::Europe::Oslo);
        parts.into_iter().map(|part| (hours(part.start), hours(part.end))).collect()
    }

    #[test]
    fn weekdays_are_those_of_the_local_date() {
        let weekend = Times::default().on("sat-sun").expect("is some");
        // From Thursday to Tuesday.
        let found = hours_of(weekend, "2026-01-08T00:00:00+01:00", "2026-01-13T00:00:00+01:00");
        assert_eq!(found, [(48, 96)]);
        let over_sunday = Times::default().on("sat-mon").expect("is some");
        assert_eq!(over_sunday, Times::default().on("mon,sat,sun").expect("is some"));
    }

    #[test]
    fn hours_are_those_that_the_clock_shows_when_it_changes_too() {
        let morning = Times::default().within_hours("01:00-04:00").expect("are some");
        // The clock jumps from 2 to 3, so the morning has two hours.
        let spring = hours_of(morning, "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00");
        assert_eq!(spring, [(1, 3)]);
        // It shows the hour from 2 to 3 twice, so it has four.
        let autumn = hours_of(morning, "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00");
        assert_eq!(autumn, [(1, 5)]);
        let night = Times::default().within_hours("22:00-06:00").expect("are some");
        let day = hours_of(night, "2026-01-05T00:00:00+01:00", "2026-01-06T00:00:00+01:00");
        assert_eq!(day, [(0, 6), (22, 24)]);
        let monday_night = night.on("mon").expect("is one");
        let two_days = hours_of(monday_night, "2026-01-05T00:00:00+01:00", "2026-01-07T00:00:00+01:00");
        assert_eq!(two_days, [(0, 6), (22, 24)], "Tuesday's hours are none of Monday's");
    }

    #[test]
    fn what_is_no_time_is_told() {
        let on = |text| Times::default().on(text).expect_err(text);
        assert!(on("monday").starts_with("`monday` is no weekday: write some of mon"));
        assert!(on("mon-").starts_with("`mon-` is no weekday"));
        let within = |text| Times::default().within_hours(text).expect_err(text);
        for text in ["8", "8:00-9:00", "08:00", "08:00-08:00", "08:00-24:15", "08:60-09:00"] {
            assert!(within(text).ends_with("is no part of a day: write it as 08:00-18:00"), "{text}");
        }
        assert!(within("08:00-18:10").contains("parts a quarter of an hour"));
    }
}
