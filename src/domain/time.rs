//! Instants, spans and the calendar of a zone. Nothing here reads a clock: "now" is always an argument.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

/// An IANA time zone.
pub type Zone = Tz;

/// A moment, in milliseconds since 1970-01-01T00:00:00Z. Finer digits of a source are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(pub i64);

/// A length of time in milliseconds; may be negative where two clocks disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(pub i64);

/// One minute in milliseconds.
pub const MINUTE: i64 = 60_000;
/// A quarter of an hour in milliseconds: the finest grid on which every zone's midnight falls.
pub const QUARTER_HOUR: i64 = 15 * MINUTE;
/// One hour in milliseconds.
pub const HOUR: i64 = 60 * MINUTE;
/// A day of 24 hours in milliseconds. A local day may be shorter or longer: see [`day_start`].
pub const DAY: i64 = 24 * HOUR;

impl Span {
    /// A span without end, for horizons that are switched off.
    pub const UNLIMITED: Span = Span(i64::MAX);

    /// A span of whole seconds.
    pub const fn seconds(n: i64) -> Span {
        Span(n * 1000)
    }
    /// A span of whole minutes.
    pub const fn minutes(n: i64) -> Span {
        Span(n * MINUTE)
    }
    /// A span of whole hours.
    pub const fn hours(n: i64) -> Span {
        Span(n * HOUR)
    }
    /// A span of days of 24 hours.
    pub const fn days(n: i64) -> Span {
        Span(n * DAY)
    }
    /// True for [`Span::UNLIMITED`].
    pub const fn is_unlimited(self) -> bool {
        self.0 == i64::MAX
    }
}

impl Instant {
    /// Before everything: a position that nothing has moved yet.
    pub const MIN: Instant = Instant(i64::MIN);
    /// After everything.
    pub const MAX: Instant = Instant(i64::MAX);

    /// This instant moved by a span. Saturates, so that [`Span::UNLIMITED`] leads to [`Instant::MAX`].
    pub fn plus(self, span: Span) -> Instant {
        Instant(self.0.saturating_add(span.0))
    }
    /// This instant moved back by a span. Saturates.
    pub fn minus(self, span: Span) -> Instant {
        Instant(self.0.saturating_sub(span.0))
    }
    /// The span from `earlier` to this instant; negative if it is later.
    pub fn since(self, earlier: Instant) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
    /// The start of the grid cell of `width` milliseconds that holds this instant. Saturates.
    pub fn floor(self, width: i64) -> Instant {
        Instant(self.0.saturating_sub(self.0.rem_euclid(width)))
    }
    /// The instant as RFC 3339 in UTC with milliseconds: `2026-01-05T09:00:18.250Z`.
    pub fn to_rfc3339(self) -> String {
        match DateTime::<Utc>::from_timestamp_millis(self.0) {
            Some(t) => t.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
            None => format!("{} ms", self.0),
        }
    }
    /// Reads RFC 3339; digits finer than a millisecond are cut, not rounded.
    pub fn from_rfc3339(text: &str) -> Option<Instant> {
        DateTime::parse_from_rfc3339(text).ok().map(|t| Instant(t.timestamp_millis()))
    }
    /// What the clock of `zone` shows at this instant, in minutes since it showed midnight.
    pub fn minute_of_day(self, zone: Zone) -> u16 {
        let shown = local(self, zone);
        (shown.hour() * 60 + shown.minute()) as u16
    }
    /// The local date of this instant in `zone`.
    pub fn date(self, zone: Zone) -> NaiveDate {
        local(self, zone).date()
    }
}

fn local(instant: Instant, zone: Zone) -> NaiveDateTime {
    // Every instant that enters the program was parsed from a calendar date, so it has one again.
    let utc = DateTime::<Utc>::from_timestamp_millis(instant.0).unwrap_or_default();
    utc.with_timezone(&zone).naive_local()
}

/// The first instant of `date` in `zone`. Where midnight is missing (Santiago, 2024-09-08) it is the moment the
/// clocks jump to; where it comes twice (Havana, 2024-11-03) the first of the two.
pub fn day_start(date: NaiveDate, zone: Zone) -> Instant {
    let midnight = date.and_time(NaiveTime::MIN);
    match zone.from_local_datetime(&midnight).earliest() {
        Some(t) => Instant(t.timestamp_millis()),
        None => {
            // In the gap no local time maps to an instant; the first quarter-hour after it does, and gaps are
            // whole quarter-hours, so the search finds the jump itself. The bound is the longest known gap: a day.
            (1..=96)
                .find_map(|n| {
                    let later = midnight + chrono::Duration::milliseconds(n * QUARTER_HOUR);
                    zone.from_local_datetime(&later).earliest()
                })
                .map_or(Instant(midnight.and_utc().timestamp_millis()), |t| Instant(t.timestamp_millis()))
        }
    }
}

/// The local day that holds `instant`: its first instant, and the first instant of the next.
pub fn day_of(instant: Instant, zone: Zone) -> (Instant, Instant) {
    let date = instant.date(zone);
    (day_start(date, zone), day_start(next_date(date), zone))
}

/// The date after `date`.
pub fn next_date(date: NaiveDate) -> NaiveDate {
    date.checked_add_days(Days::new(1)).unwrap_or(date)
}

/// The date `n` days before `date`.
pub fn days_before(date: NaiveDate, n: u64) -> NaiveDate {
    date.checked_sub_days(Days::new(n)).unwrap_or(date)
}

/// A calendar period of whole local days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// One local day.
    Day,
    /// Seven local days from Monday on.
    Week,
    /// A calendar month.
    Month,
    /// Three calendar months from January, April, July or October on.
    Quarter,
    /// A calendar year.
    Year,
}

impl Period {
    /// The first date of the period that holds `date`.
    pub fn first_date(self, date: NaiveDate) -> NaiveDate {
        let first_of = |month| NaiveDate::from_ymd_opt(date.year(), month, 1).unwrap_or(date);
        match self {
            Period::Day => date,
            Period::Week => days_before(date, u64::from(date.weekday().num_days_from_monday())),
            Period::Month => first_of(date.month()),
            Period::Quarter => first_of((date.month() - 1) / 3 * 3 + 1),
            Period::Year => first_of(1),
        }
    }

    /// The first date of the period after the one that begins at `first`.
    pub fn next_first(self, first: NaiveDate) -> NaiveDate {
        let months = |n| first.checked_add_months(Months::new(n)).unwrap_or(first);
        match self {
            Period::Day => next_date(first),
            Period::Week => first.checked_add_days(Days::new(7)).unwrap_or(first),
            Period::Month => months(1),
            Period::Quarter => months(3),
            Period::Year => months(12),
        }
    }
}
