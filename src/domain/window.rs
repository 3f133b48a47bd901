//! Windows: spans of time that figures are asked for, in the scope's own zone.
//!
//! A window's grain belongs to the window, not to the age of the data: the same question has the same answer
//! tomorrow.

use super::scope::ScopeKind;
use super::time::{DAY, HOUR, Instant, MINUTE, Period, QUARTER_HOUR, Span, Zone, day_start, days_before};

/// The widths in which panes are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// One minute; not for reps.
    Minute,
    /// A quarter of an hour.
    QuarterHour,
    /// A local day of the scope's zone.
    Day,
    /// All time: what stands, which is the sum of all changes of stocks.
    Standing,
}

impl Tier {
    /// The tier in words, as errors and exports write it.
    pub fn name(self) -> &'static str {
        match self {
            Tier::Minute => "minute",
            Tier::QuarterHour => "quarter-hour",
            Tier::Day => "day",
            Tier::Standing => "standing",
        }
    }

    /// How long panes of this tier are kept for a kind of scope; `None` where there are none.
    pub fn kept(self, kind: ScopeKind) -> Option<Span> {
        match (self, kind) {
            (Tier::Minute, ScopeKind::Rep) => None,
            (Tier::Minute, _) => Some(Span::hours(26)),
            (Tier::QuarterHour, ScopeKind::Rep) => Some(Span::days(9)),
            (Tier::QuarterHour, _) => Some(Span::days(100)),
            (Tier::Day, _) => Some(Span::days(800)),
            (Tier::Standing, _) => Some(Span::UNLIMITED),
        }
    }

    /// The start of the pane that holds `instant`.
    pub fn pane_start(self, instant: Instant, zone: Zone) -> Instant {
        match self {
            Tier::Minute => instant.floor(MINUTE),
            Tier::QuarterHour => instant.floor(QUARTER_HOUR),
            Tier::Day => day_start(instant.date(zone), zone),
            Tier::Standing => Instant::default(),
        }
    }
}

/// A window as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// The last so many milliseconds, in whole panes.
    Rolling(Span),
    /// Quarters of an hour.
    QuarterHour,
    /// Hours of the local clock.
    Hour,
    /// Periods of whole local days.
    Calendar(Period),
    /// Everything from `from` to `to` in whole local days, as one row.
    All,
}

/// One stretch of time and the tier that answers for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Where its panes are.
    pub tier: Tier,
    /// The start of its first pane.
    pub start: Instant,
    /// The end of its last pane, exclusive.
    pub end: Instant,
}

const CALENDAR: [(&str, Window); 8] = [
    ("quarter_hour", Window::QuarterHour),
    ("hour", Window::Hour),
    ("day", Window::Calendar(Period::Day)),
    ("week", Window::Calendar(Period::Week)),
    ("month", Window::Calendar(Period::Month)),
    ("quarter", Window::Calendar(Period::Quarter)),
    ("year", Window::Calendar(Period::Year)),
    ("all", Window::All),
];

impl Window {
    /// Reads `15m`, `1h`, `7d` (rolling) or the name of a calendar window.
    pub fn parse(text: &str) -> Result<Window, String> {
        if let Some((_, window)) = CALENDAR.iter().find(|(name, _)| *name == text) {
            return Ok(*window);
        }
        let unit_at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(unit_at);
        let unit = match unit {
            "m" => Some(MINUTE),
            "h" => Some(HOUR),
            "d" => Some(DAY),
            _ => None,
        };
        let Some(unit) = unit.filter(|_| !number.is_empty()) else {
            return Err(format!(
                "unknown window `{text}`: write a number with m, h or d, or one of quarter_hour, hour, day, week, month, \
                 quarter, year, all"
            ));
        };
        let span = number.parse::<i64>().ok().and_then(|n| n.checked_mul(unit)).unwrap_or(i64::MAX);
        Window::rolling(Span(span)).map_err(|problem| format!("window `{text}`: {problem}"))
    }

    fn rolling(span: Span) -> Result<Window, String> {
        let Span(ms) = span;
        match ms {
            ..=0 => Err("must be longer than nothing".to_owned()),
            _ if ms > 800 * DAY => Err("days are kept for 800 d, so no window is longer".to_owned()),
            _ if ms > 7 * DAY && ms % DAY != 0 => Err("beyond 7 d only whole days are kept apart".to_owned()),
            _ if ms > 2 * HOUR && ms % QUARTER_HOUR != 0 => {
                Err("beyond 2 h only quarter-hours are kept apart".to_owned())
            }
            _ => Ok(Window::Rolling(span)),
        }
    }

    /// True if there is one row at an instant rather than one for each period.
    pub fn is_rolling(self) -> bool {
        matches!(self, Window::Rolling(_))
    }

    /// The stretch of a rolling window at `at`, or of the calendar period that holds the millisecond before `at`.
    pub fn at(self, at: Instant, kind: ScopeKind, zone: Zone) -> Stretch {
        let last = Instant(at.0.saturating_sub(1));
        match self {
            Window::Rolling(span) => rolling(span, at, kind, zone),
            Window::QuarterHour => quarters(last.floor(QUARTER_HOUR), QUARTER_HOUR),
            Window::Hour => hour_of(last, zone),
            Window::Calendar(period) => period_of(period, last, zone),
            Window::All => period_of(Period::Day, last, zone),
        }
    }

    /// The stretches of a calendar window that touch `[from, to)`, in order, one by one: there may be millions. Of a
    /// rolling window the one at `to`.
    pub fn between(
        self,
        from: Instant,
        to: Instant,
        kind: ScopeKind,
        zone: Zone,
    ) -> impl Iterator<Item = Stretch> + use<> {
        let mut next = Some(from);
        std::iter::from_fn(move || {
            let from = next.take()?;
            if self.is_rolling() {
                return Some(self.at(to, kind, zone));
            }
            if from >= to {
                return None;
            }
            let stretch = self.at(Instant(from.0 + 1), kind, zone);
            if self == Window::All {
                return Some(Stretch { end: self.at(to, kind, zone).end, ..stretch });
            }
            // At the end of the calendar no day follows.
            next = Some(stretch.end).filter(|end| *end > from);
            Some(stretch)
        })
    }
}

impl std::fmt::Display for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Window::Rolling(Span(ms)) => match *ms {
                ms if ms % DAY == 0 => write!(f, "{}d", ms / DAY),
                ms if ms % HOUR == 0 => write!(f, "{}h", ms / HOUR),
                ms => write!(f, "{}m", ms / MINUTE),
            },
            other => {
                let name = CALENDAR.iter().find(|(_, window)| window == other).map_or("", |(name, _)| name);
                f.write_str(name)
            }
        }
    }
}

/// How far back of T the panes lie, by tier, that answer for the windows in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    minutes: Span,
    quarter_hours: Span,
    days: Span,
}

impl Reach {
    /// As far as panes go.
    pub const ALL: Reach = Reach { minutes: Span::UNLIMITED, quarter_hours: Span::UNLIMITED, days: Span::UNLIMITED };

    /// How far these windows reach, and a little beyond, because events come late and zones are not at the same day.
    pub fn of(windows: &[Window]) -> Reach {
        let mut reach = Reach { minutes: Span::hours(1), quarter_hours: Span::hours(2), days: Span::days(2) };
        let extend = |reach: &mut Span, span: Span| *reach = (*reach).max(Span(span.0.saturating_add(2 * DAY)));
        for window in windows {
            match window {
                Window::Rolling(span) if span.0 > 7 * DAY => extend(&mut reach.days, *span),
                Window::Rolling(span) => {
                    // Reps have quarter-hours where others have minutes.
                    reach.quarter_hours = reach.quarter_hours.max(Span(span.0 + HOUR));
                    reach.minutes = reach.minutes.max(Span(span.0.min(2 * HOUR) + HOUR));
                }
                Window::QuarterHour | Window::Hour => {}
                Window::Calendar(period) => {
                    let longest = match period {
                        Period::Day => 1,
                        Period::Week => 7,
                        Period::Month => 31,
                        Period::Quarter => 92,
                        Period::Year => 366,
                    };
                    extend(&mut reach.days, Span::days(longest));
                }
                Window::All => reach.days = Span::UNLIMITED,
            }
        }
        reach
    }

    /// How far back in a tier.
    pub fn in_tier(self, tier: Tier) -> Span {
        match tier {
            Tier::Minute => self.minutes,
            Tier::QuarterHour => self.quarter_hours,
            Tier::Day => self.days,
            Tier::Standing => Span::UNLIMITED,
        }
    }
}

fn quarters(start: Instant, width: i64) -> Stretch {
    Stretch { tier: Tier::QuarterHour, start, end: Instant(start.0 + width) }
}

fn rolling(span: Span, at: Instant, kind: ScopeKind, zone: Zone) -> Stretch {
    let last = Instant(at.0.saturating_sub(1));
    // Before the first event T is the least instant there is: sums and differences saturate.
    let grid = |tier, width: i64| {
        let end = last.floor(width).plus(Span(width));
        let panes = (span.0 + width - 1) / width;
        Stretch { tier, start: end.minus(Span(panes * width)), end }
    };
    match span.0 {
        ms if ms <= 2 * HOUR && kind != ScopeKind::Rep => grid(Tier::Minute, MINUTE),
        ms if ms <= 7 * DAY => grid(Tier::QuarterHour, QUARTER_HOUR),
        ms => {
            // At midnight itself the day that has just ended is complete.
            let today = at.date(zone);
            let first = days_before(today, (ms / DAY) as u64);
            Stretch { tier: Tier::Day, start: day_start(first, zone), end: day_start(today, zone) }
        }
    }
}

/// The hour of the local clock: where the offset is no whole hour its bounds lie between UTC's, and where the clocks
/// change inside it, it is as long as the clock showed it.
fn hour_of(last: Instant, zone: Zone) -> Stretch {
    use chrono::{Offset, TimeZone, Timelike};
    let shown = |instant: Instant| zone.timestamp_millis_opt(instant.0).single().map(|t| (t.offset().fix(), t.hour()));
    let quarter = last.floor(QUARTER_HOUR);
    let here = shown(quarter);
    if here.is_none() {
        return quarters(last.floor(HOUR), HOUR);
    }
    let step = Span(QUARTER_HOUR);
    let (mut start, mut end) = (quarter, quarter.plus(step));
    while shown(start.minus(step)) == here && end.since(start).0 < HOUR {
        start = start.minus(step);
    }
    while shown(end) == here && end.since(start).0 < HOUR {
        end = end.plus(step);
    }
    Stretch { tier: Tier::QuarterHour, start, end }
}

fn period_of(period: Period, last: Instant, zone: Zone) -> Stretch {
    let first = period.first_date(last.date(zone));
    Stretch { tier: Tier::Day, start: day_start(first, zone), end: day_start(period.next_first(first), zone) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(window: &str, from: &str, to: &str) -> Vec<(Instant, Instant)> {
        let instant = |text| Instant::from_rfc3339(text).expect("is a time");
        let window = Window::parse(window).expect("is a window");
        let stretches = window.between(instant(from), instant(to), ScopeKind::Company, Zone::UTC);
        stretches.map(|stretch| (stretch.start, stretch.end)).collect()
    }

    #[test]
    fn calendar_windows_are_those_that_touch_and_rolling_ones_stand_at_the_end() {
        let (day, jan_5) = (Span(DAY), Instant::from_rfc3339("2026-01-05T00:00:00Z").expect("is a time"));
        let jan_6 = jan_5.plus(day);
        let found = |window| between(window, "2026-01-05T23:59:59.999Z", "2026-01-06T00:00:00.001Z");
        assert_eq!(found("day"), [(jan_5, jan_6), (jan_6, jan_6.plus(day))]);
        assert_eq!(found("all"), [(jan_5, jan_6.plus(day))]);
        assert_eq!(found("1h"), [(Instant(jan_6.0 - HOUR + MINUTE), Instant(jan_6.0 + MINUTE))]);
        assert_eq!(between("day", "2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z"), [(jan_5, jan_6)]);
        assert_eq!(between("day", "2026-01-05T00:00:00Z", "2026-01-05T00:00:00Z"), []);
        assert_eq!(between("all", "2026-01-05T00:00:00Z", "2026-01-05T00:00:00Z"), []);
    }

    #[test]
    fn a_stretch_is_worked_out_when_it_is_asked_for_and_the_calendar_ends() {
        let of_all_time = |window: &str| {
            let window = Window::parse(window).expect("is a window");
            window.between(
                Instant::from_rfc3339("0001-01-01T00:00:00Z").expect("is a time"),
                Instant::MAX,
                ScopeKind::Company,
                Zone::UTC,
            )
        };
        assert_eq!(of_all_time("quarter_hour").take(1000).count(), 1000);
        let last = chrono::NaiveDate::MAX.and_hms_opt(0, 0, 0).expect("is a time").and_utc().timestamp_millis();
        let window = Window::parse("day").expect("is a window");
        let ends = window.between(Instant(last - DAY), Instant(last + DAY), ScopeKind::Company, Zone::UTC);
        assert_eq!(ends.count(), 2);
    }

    #[test]
    fn what_is_finer_than_is_kept_is_no_window() {
        for (window, problem) in [
            ("90s", "unknown window `90s`: write a number with m, h or d"),
            ("0m", "window `0m`: must be longer than nothing"),
            ("121m", "window `121m`: beyond 2 h only quarter-hours are kept apart"),
            ("169h", "window `169h`: beyond 7 d only whole days are kept apart"),
            ("801d", "window `801d`: days are kept for 800 d"),
            ("99999999999999999999d", "window `99999999999999999999d`: days are kept for 800 d"),
            ("d", "unknown window `d`"),
        ] {
            let found = Window::parse(window).expect_err(window);
            assert!(found.starts_with(problem), "{found}");
        }
        for window in ["1m", "120m", "135m", "168h", "8d", "800d", "hour", "all"] {
            assert!(Window::parse(window).is_ok(), "{window}");
        }
    }
}
