//! The business clock: how much of a stretch of time a place was open, and when so much open time has passed.
//!
//! A moment is open if the local wall clock stands in a block of its weekday and its date is no holiday. So an hour that the
//! clocks skip is not open, and one that comes twice is open twice.

use super::time::{DAY, Instant, MINUTE, Span, Zone};
use chrono::{DateTime, NaiveDate, Offset, TimeZone, Utc};

/// A week of opening hours, and from which local date on it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatedWeek {
    /// The first date; the first week of a list may hold from [`NaiveDate::MIN`] on.
    pub valid_from: NaiveDate,
    /// For Monday to Sunday, blocks of minutes of the day, half open, sorted, not overlapping. What spans midnight is a
    /// block of either day.
    pub days: [Vec<(u16, u16)>; 7],
}

/// When a place is open.
#[derive(Debug, PartialEq)]
pub struct Schedule {
    zone: Zone,
    /// Each with the local time from which on it holds, in milliseconds as if the zone were UTC.
    weeks: Vec<(i64, Week)>,
    /// Starts of days that are closed, in such milliseconds, sorted.
    holidays: Vec<i64>,
}

/// The schedules of one place: from when on which one holds, sorted, the first from [`Instant::MIN`] on; none is always open.
/// Of two from the same instant on, the later one holds.
pub type Timetable = Vec<(Instant, Option<Schedule>)>;

/// Blocks in milliseconds since Monday, and their sum.
#[derive(Debug, PartialEq)]
struct Week {
    blocks: Vec<(i64, i64)>,
    total: i64,
}

const WEEK: i64 = 7 * DAY;
/// 1970 began on a Thursday.
const MONDAY_BEFORE_1970: i64 = -3 * DAY;
/// Nobody waits longer for a place to open.
const LONGEST: Span = Span::days(4000);

impl Schedule {
    /// A schedule of weeks in their order; before the first of them nothing is open. Without any week it is always open
    /// but on holidays.
    pub fn new(zone: Zone, weeks: &[DatedWeek], holidays: &[NaiveDate]) -> Schedule {
        let mut weeks: Vec<(i64, Week)> =
            weeks.iter().map(|week| (midnight(week.valid_from), Week::new(&week.days))).collect();
        if weeks.is_empty() {
            weeks.push((i64::MIN, Week { blocks: vec![(0, WEEK)], total: WEEK }));
        }
        let mut holidays: Vec<i64> = holidays.iter().map(|date| midnight(*date)).collect();
        holidays.sort_unstable();
        holidays.dedup();
        Schedule { zone, weeks, holidays }
    }

    fn open_between(&self, from: Instant, to: Instant) -> i64 {
        let (mut open, mut at) = (0, from);
        while at < to {
            let (offset, until) = self.steady(at, to);
            open += self.open(at.0 + offset, until.0 + offset);
            at = until;
        }
        open
    }

    /// The first instant up to `to` by which `missing` has been open, else how much is still missing then.
    fn passed(&self, from: Instant, to: Instant, mut missing: i64) -> Result<Instant, i64> {
        let mut at = from;
        while at < to {
            let (offset, until) = self.steady(at, to.min(at.plus(Span(WEEK))));
            let open = |to: Instant| self.open(at.0 + offset, to.0 + offset);
            if open(until) >= missing {
                return Ok(first(at, until, |to| open(to) >= missing));
            }
            missing -= open(until);
            at = until;
        }
        Err(missing)
    }

    /// The offset from UTC at `at`, and until when, `to` at most, it stays.
    fn steady(&self, at: Instant, to: Instant) -> (i64, Instant) {
        let offset = self.offset(at);
        let mut known = at;
        while known < to {
            // No zone changes its offset and takes it back within a day.
            let next = to.min(known.plus(Span(DAY)));
            if self.offset(next) != offset {
                return (offset, first(known, next, |instant| self.offset(instant) != offset));
            }
            known = next;
        }
        (offset, to)
    }

    fn offset(&self, at: Instant) -> i64 {
        let utc = DateTime::<Utc>::from_timestamp_millis(at.0).unwrap_or_default();
        i64::from(self.zone.offset_from_utc_datetime(&utc.naive_utc()).fix().local_minus_utc()) * 1000
    }

    /// How long it is open between two local times.
    fn open(&self, from: i64, to: i64) -> i64 {
        let ends = self.weeks.iter().skip(1).map(|(since, _)| *since).chain([i64::MAX]);
        let weeks = self.weeks.iter().zip(ends).map(|((since, week), end)| (from.max(*since), to.min(end), week));
        weeks.filter(|(from, to, _)| from < to).map(|(from, to, week)| self.open_in(week, from, to)).sum()
    }

    fn open_in(&self, week: &Week, from: i64, to: i64) -> i64 {
        let first = self.holidays.partition_point(|day| day + DAY <= from);
        let holidays = self.holidays[first..].iter().take_while(|day| **day < to);
        let closed: i64 = holidays.map(|day| week.open(from.max(*day), to.min(day + DAY))).sum();
        week.open(from, to) - closed
    }
}

impl Week {
    fn new(days: &[Vec<(u16, u16)>; 7]) -> Week {
        let minutes = |day: i64, (from, to): (u16, u16)| {
            (day * DAY + i64::from(from) * MINUTE, day * DAY + i64::from(to) * MINUTE)
        };
        let blocks = (0..).zip(days).flat_map(|(day, blocks)| blocks.iter().map(move |block| minutes(day, *block)));
        let blocks: Vec<(i64, i64)> = blocks.collect();
        Week { total: blocks.iter().map(|(from, to)| to - from).sum(), blocks }
    }

    fn open(&self, from: i64, to: i64) -> i64 {
        self.open_until(to) - self.open_until(from)
    }

    /// How long it is open from a Monday of long ago until a local time.
    fn open_until(&self, local: i64) -> i64 {
        let since_monday = local - MONDAY_BEFORE_1970;
        let of_this_week = since_monday.rem_euclid(WEEK);
        let blocks = self.blocks.iter().map(|(from, to)| (of_this_week.min(*to) - from).max(0));
        since_monday.div_euclid(WEEK) * self.total + blocks.sum::<i64>()
    }
}

fn midnight(date: NaiveDate) -> i64 {
    date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis()
}

/// The first instant after `no`, and up to `yes`, of which something holds: it does of `yes`, and of all between.
fn first(no: Instant, yes: Instant, holds: impl Fn(Instant) -> bool) -> Instant {
    let (mut no, mut yes) = (no.0, yes.0);
    while yes - no > 1 {
        let middle = no + (yes - no) / 2;
        if holds(Instant(middle)) { yes = middle } else { no = middle }
    }
    Instant(yes)
}

/// The schedules of a thing that moves from place to place, one after the other; of the first one, from
/// [`Instant::MIN`] on.
#[derive(Debug, Default)]
pub struct BusinessClock<'a> {
    /// From when on which schedule holds, sorted, the first from [`Instant::MIN`] on; none is always open.
    stretches: Vec<(Instant, Option<&'a Schedule>)>,
}

impl<'a> BusinessClock<'a> {
    /// One schedule all the time; none is always open.
    pub fn of(schedule: Option<&'a Schedule>) -> BusinessClock<'a> {
        BusinessClock { stretches: vec![(Instant::MIN, schedule)] }
    }

    /// From here on it lies in another place, whose schedules hold in their turn; told in order of time.
    pub fn move_to(&mut self, at: Instant, timetable: &'a Timetable) {
        self.stretches.retain(|(since, _)| *since < at);
        let ends = timetable.iter().skip(1).map(|(since, _)| *since).chain([Instant::MAX]);
        for ((since, schedule), _) in timetable.iter().zip(ends).filter(|(_, end)| at < *end) {
            self.change(at.max(*since), schedule.as_ref());
        }
    }

    /// The schedule that holds at an instant; none is always open.
    pub fn schedule_at(&self, at: Instant) -> Option<&'a Schedule> {
        self.stretches.iter().rfind(|(since, _)| *since <= at).and_then(|(_, schedule)| *schedule)
    }

    fn change(&mut self, at: Instant, schedule: Option<&'a Schedule>) {
        let is_same = |before: Option<&Schedule>| match (before, schedule) {
            (Some(before), Some(schedule)) => std::ptr::eq(before, schedule),
            (before, schedule) => before.is_none() && schedule.is_none(),
        };
        if !self.stretches.last().is_some_and(|(_, before)| is_same(*before)) {
            self.stretches.push((at, schedule));
        }
    }

    /// How much of the time from `from` to `to` was open; less than nothing where `to` comes first.
    pub fn open_between(&self, from: Instant, to: Instant) -> Span {
        if to < from {
            return Span(-self.open_between(to, from).0);
        }
        let open = self.between(from, to).map(|(from, to, schedule)| match schedule {
            Some(schedule) => schedule.open_between(from, to),
            None => to.since(from).0,
        });
        Span(open.sum())
    }

    /// The last instant by which no more than `span` has been open since `from`; none if that is not over within some ten
    /// years.
    pub fn after(&self, from: Instant, span: Span) -> Option<Instant> {
        let mut missing = span.0 + 1;
        for (from, to, schedule) in self.between(from, from.plus(span).plus(LONGEST)) {
            let passed = match schedule {
                Some(schedule) => schedule.passed(from, to, missing),
                None if to.since(from).0 >= missing => Ok(from.plus(Span(missing))),
                None => Err(missing - to.since(from).0),
            };
            match passed {
                Ok(passed) => return Some(passed.minus(Span(1))),
                Err(still) => missing = still,
            }
        }
        None
    }

    fn between(&self, from: Instant, to: Instant) -> impl Iterator<Item = (Instant, Instant, Option<&'a Schedule>)> {
        let ends = self.stretches.iter().skip(1).map(|(since, _)| *since).chain([Instant::MAX]);
        let stretches = self.stretches.iter().zip(ends);
        let cut = stretches.map(move |((since, schedule), end)| (from.max(*since), to.min(end), *schedule));
        cut.filter(|(from, to, _)| from < to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Datelike, Timelike};
    use proptest::prelude::*;

    const ZONES: [Zone; 6] = [
        Zone::Europe__Oslo,
        Zone::America__Santiago,
        Zone::America__Havana,
        Zone::Asia__Kolkata,
        Zone::Australia__Lord_Howe,
        Zone::UTC,
    ];

    fn instant(text: &str) -> Instant {
        Instant::from_rfc3339(text).expect("is a time")
    }

    fn date(text: &str) -> NaiveDate {
        text.parse().expect("is a date")
    }

    fn minutes(clock: &BusinessClock<'_>, from: &str, to: &str) -> f64 {
        clock.open_between(instant(from), instant(to)).0 as f64 / 60_000.0
    }

    fn week(valid_from: NaiveDate, days: impl Fn(usize) -> Vec<(u16, u16)>) -> DatedWeek {
        DatedWeek { valid_from, days: std::array::from_fn(days) }
    }

    fn every_day(zone: Zone, from: u16, to: u16) -> Schedule {
        Schedule::new(zone, &[week(NaiveDate::MIN, |_| vec![(from * 60, to * 60)])], &[])
    }

    #[test]
    fn an_hour_that_is_skipped_is_not_open_and_one_that_comes_twice_is_open_twice() {
        let nights = every_day(Zone::Europe__Oslo, 1, 4);
        let clock = BusinessClock::of(Some(&nights));
        assert_eq!(minutes(&clock, "2026-03-28T00:00:00+01:00", "2026-03-29T00:00:00+01:00"), 180.0);
        assert_eq!(minutes(&clock, "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00"), 120.0);
        assert_eq!(minutes(&clock, "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00"), 240.0);
    }

    #[test]
    fn half_an_hour_may_be_skipped_and_zones_lie_half_an_hour_beside_utc() {
        let nights = every_day(Zone::Australia__Lord_Howe, 1, 4);
        let clock = BusinessClock::of(Some(&nights));
        // 02:00 becomes 02:30 on 2024-10-06, and 02:00 becomes 01:30 on 2024-04-07.
        assert_eq!(minutes(&clock, "2024-10-05T14:00:00Z", "2024-10-06T13:00:00Z"), 150.0);
        assert_eq!(minutes(&clock, "2024-04-06T13:00:00Z", "2024-04-07T13:30:00Z"), 210.0);
        let mornings = every_day(Zone::Asia__Kolkata, 9, 10);
        let clock = BusinessClock::of(Some(&mornings));
        assert_eq!(minutes(&clock, "2026-01-05T03:30:00Z", "2026-01-05T04:00:00Z"), 30.0);
        assert_eq!(minutes(&clock, "2026-01-05T04:30:00Z", "2026-01-05T05:30:00Z"), 0.0);
    }

    #[test]
    fn another_week_holds_from_its_first_local_date_on_and_holidays_are_closed() {
        let weeks = [
            week(NaiveDate::MIN, |_| vec![(0, 24 * 60)]),
            week(date("2026-01-07"), |day| if day < 5 { vec![(8 * 60, 12 * 60), (13 * 60, 17 * 60)] } else { vec![] }),
        ];
        let schedule = Schedule::new(Zone::Europe__Oslo, &weeks, &[date("2026-01-08")]);
        let clock = BusinessClock::of(Some(&schedule));
        assert_eq!(minutes(&clock, "2026-01-06T12:00:00+01:00", "2026-01-07T12:30:00+01:00"), 960.0);
        assert_eq!(minutes(&clock, "2026-01-07T12:30:00+01:00", "2026-01-09T09:00:00+01:00"), 300.0);
        let after = clock.after(instant("2026-01-07T16:00:00+01:00"), Span::minutes(90));
        assert_eq!(after, Some(instant("2026-01-09T08:30:00+01:00")));
        // What is over at the end of a block is over when the next one begins.
        let after = clock.after(instant("2026-01-07T16:00:00+01:00"), Span::minutes(60));
        assert_eq!(after, Some(instant("2026-01-09T08:00:00+01:00")));
    }

    #[test]
    fn what_never_opens_is_never_over() {
        let closed = Schedule::new(Zone::UTC, &[week(NaiveDate::MIN, |_| vec![])], &[]);
        let mut clock = BusinessClock::of(Some(&closed));
        assert_eq!(clock.after(instant("2026-01-05T00:00:00Z"), Span::minutes(1)), None);
        clock.change(instant("2026-02-05T00:00:00Z"), None);
        let after = clock.after(instant("2026-01-05T00:00:00Z"), Span::minutes(1));
        assert_eq!(after, Some(instant("2026-02-05T00:01:00Z")));
    }

    fn a_schedule() -> impl Strategy<Value = Schedule> {
        let a_week = proptest::collection::vec(proptest::collection::vec(0..=1440_u16, 0..5), 7);
        let weeks = proptest::collection::vec((0..60_u64, a_week), 0..3);
        let holidays = proptest::collection::vec(0..60_u64, 0..6);
        (0..ZONES.len(), weeks, holidays).prop_map(|(zone, weeks, holidays)| {
            let begin = date("2024-03-01");
            let on = |n: u64| begin + chrono::Days::new(n);
            let mut dated: Vec<DatedWeek> = weeks
                .into_iter()
                .map(|(from, mut days)| {
                    days.iter_mut().for_each(|bounds| bounds.sort_unstable());
                    let blocks = |bounds: &Vec<u16>| bounds.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
                    week(on(from), |day| blocks(&days[day]))
                })
                .collect();
            dated.sort_by_key(|week| week.valid_from);
            dated.dedup_by_key(|week| week.valid_from);
            let holidays: Vec<NaiveDate> = holidays.into_iter().map(on).collect();
            Schedule::new(ZONES[zone], &dated, &holidays)
        })
    }

    /// One minute after the other, each asked of the zone.
    fn counted(schedule: &Schedule, from: Instant, to: Instant) -> i64 {
        let is_open = |minute: i64| {
            let utc = DateTime::<Utc>::from_timestamp_millis(minute * MINUTE).expect("is a time");
            let local = utc.with_timezone(&schedule.zone).naive_local();
            let date = midnight(local.date());
            let Some((_, week)) = schedule.weeks.iter().rev().find(|(since, _)| *since <= date) else { return false };
            let day = i64::from(local.weekday().num_days_from_monday()) * DAY;
            let at = day + i64::from(local.num_seconds_from_midnight()) * 1000;
            !schedule.holidays.contains(&date) && week.blocks.iter().any(|(from, to)| *from <= at && at < *to)
        };
        let of_minute = |minute: i64| to.0.min((minute + 1) * MINUTE) - from.0.max(minute * MINUTE);
        let minutes = from.0.div_euclid(MINUTE)..=to.0.div_euclid(MINUTE);
        minutes.filter(|minute| is_open(*minute)).map(of_minute).sum()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn open_time_is_that_of_each_minute(schedule in a_schedule(), from in 0..50 * DAY, length in 0..9 * DAY) {
            let begin = instant("2024-03-01T00:00:00Z");
            let from = begin.plus(Span(from));
            let to = from.plus(Span(length));
            let clock = BusinessClock::of(Some(&schedule));
            prop_assert_eq!(clock.open_between(from, to).0, counted(&schedule, from, to));
            prop_assert_eq!(clock.open_between(to, from).0, -counted(&schedule, from, to));
        }

        #[test]
        fn open_times_add_up_and_are_found_again(
            schedules in [a_schedule(), a_schedule()], from in 0..50 * DAY, parts in [0..30 * DAY, 0..30 * DAY],
        ) {
            let from = instant("2024-03-01T00:00:00Z").plus(Span(from));
            let middle = from.plus(Span(parts[0]));
            let to = middle.plus(Span(parts[1]));
            let mut clock = BusinessClock::of(Some(&schedules[0]));
            clock.change(from.plus(Span(parts[1] / 2)), Some(&schedules[1]));
            let open = clock.open_between(from, to);
            prop_assert_eq!(clock.open_between(from, middle).0 + clock.open_between(middle, to).0, open.0);
            if let Some(over) = clock.after(from, open) {
                prop_assert!(over >= to);
                prop_assert_eq!(clock.open_between(from, over), open);
                prop_assert_eq!(clock.open_between(from, over.plus(Span(1))).0, open.0 + 1);
            }
        }
    }
}
