//! The wall clock, as far as it can be believed.
//!
//! At the start nothing is known but what the last checkpoint and Kafka's own timestamps say; once these speak for the
//! wall clock, the monotonic clock watches it.

use goalkeeper::domain::time::{Instant, Span};
use std::time::{Duration, Instant as Monotonic, SystemTime, UNIX_EPOCH};

/// A wall clock may stray so far from what is known.
const BELIEVED: Duration = Duration::from_secs(3600);

/// The time of day now, as the system has it.
pub(crate) fn wall() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A clock that follows the wall clock once that is proven, and as long as it does not jump.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    proven: bool,
    before: Option<Known>,
    known: Option<Known>,
    live: bool,
    heard: Monotonic,
    patience: Duration,
    leap: Span,
    latest: Option<Known>,
}

/// It was `time` at `since`; from there the monotonic clock counts.
#[derive(Clone, Copy, Debug)]
struct Known {
    time: Instant,
    since: Monotonic,
}

impl Known {
    fn at(self, now: Monotonic) -> Instant {
        self.time.plus(Span(millis(now.saturating_duration_since(self.since))))
    }
}

/// What a look at the clock says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// The time of day to go by; `None` while nothing speaks for or against the wall clock.
    pub(crate) now: Option<Instant>,
    /// What the wall clock says.
    pub(crate) wall: Instant,
    /// Why the wall clock is not followed, if it is not.
    pub(crate) doubt: Option<Doubt>,
    /// The latest that it can be. A wall clock that is set back by less than it takes to be disbelieved may have been right
    /// before: what is current must not be taken to be from the future then.
    pub(crate) latest: Instant,
}

/// Why the wall clock is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// It strayed more than an hour from what the monotonic clock allows.
    Jumped,
    /// It was more than an hour beyond the records that came in when the program started.
    AheadOfRecords,
    /// It is so far beyond what was known when the program started that silence does not speak for it.
    FarAhead,
    /// It is more than an hour behind what the program knew when it ended last.
    Behind,
}

/// What becomes of a wall clock that is not proven yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Believed,
    Disbelieved(Doubt),
    Open,
}

impl Clock {
    /// A clock that knows how far time had come when the program ended last, if it ever ran. Where no record comes for
    /// `patience`, a wall clock is believed that is ahead by no more than `leap`: if that is an error, events that come
    /// later must still find their records.
    pub(crate) fn start(now: Monotonic, before: Option<Instant>, patience: Duration, leap: Span) -> Clock {
        let known = before.map(|time| Known { time, since: now });
        Clock { proven: false, before: known, known, live: false, heard: now, patience, leap, latest: known }
    }

    /// True once records have nothing more to say about the wall clock.
    pub(crate) fn is_proven(&self) -> bool {
        self.proven
    }

    /// Notes Kafka's timestamp of a record. It is `live` if it was written after the program had read all there was; what
    /// lay there before may be as old as it likes.
    pub(crate) fn note(&mut self, now: Monotonic, timestamp: Instant, live: bool) {
        if self.proven {
            return;
        }
        self.heard = now;
        self.live |= live;
        if self.known.is_none_or(|known| known.at(now) < timestamp) {
            self.known = Some(Known { time: timestamp, since: now });
        }
    }

    /// Notes that no record could have come until now.
    pub(crate) fn hear_nothing(&mut self, now: Monotonic) {
        self.heard = now;
    }

    /// What time it is, as the monotonic clock and the wall clock have it.
    pub(crate) fn look(&mut self, now: Monotonic, wall: Instant) -> Look {
        let (time, doubt) = self.judge(now, wall);
        if let Some(time) = time
            && self.latest.is_none_or(|latest| latest.at(now) < time)
        {
            self.latest = Some(Known { time, since: now });
        }
        let latest = match (time, doubt) {
            (Some(_), _) => self.latest,
            // Nobody but the records knows then what time it is.
            (None, Some(Doubt::Behind)) => self.known,
            // As long as nobody knows better, the wall clock may be right.
            (None, _) => self.latest.filter(|latest| latest.at(now) > wall),
        };
        Look { now: time, wall, doubt, latest: latest.map_or(wall, |latest| latest.at(now)) }
    }

    /// The time to go by, if there is one yet, and what is wrong with the wall clock.
    fn judge(&mut self, now: Monotonic, wall: Instant) -> (Option<Instant>, Option<Doubt>) {
        if !self.proven {
            let [before, known] = [self.before, self.known].map(|known| known.map(|known| known.at(now)));
            let quiet = now.saturating_duration_since(self.heard) >= self.patience;
            if before.is_some_and(|before| wall < before && strays(wall, before)) {
                return (None, Some(Doubt::Behind));
            }
            match judge_start(wall, known, self.live, quiet, self.leap) {
                Verdict::Open => return (None, None),
                Verdict::Disbelieved(Doubt::AheadOfRecords) => return (known, Some(Doubt::AheadOfRecords)),
                Verdict::Disbelieved(doubt) => return (None, Some(doubt)),
                Verdict::Believed => (self.proven, self.known) = (true, Some(Known { time: wall, since: now })),
            }
        }
        match self.known.map(|known| known.at(now)) {
            Some(expected) if strays(wall, expected) => (Some(expected), Some(Doubt::Jumped)),
            _ => (Some(wall), None),
        }
    }
}

/// Judges a wall clock at the start: by how far time is known to have come, whether any record was `live`, whether it has
/// been `quiet` since, and how far ahead of what is known silence lets it be.
fn judge_start(wall: Instant, known: Option<Instant>, live: bool, quiet: bool, leap: Span) -> Verdict {
    match known {
        Some(known) if wall <= known || !strays(wall, known) => Verdict::Believed,
        _ if live => Verdict::Disbelieved(Doubt::AheadOfRecords),
        Some(known) if quiet && wall.since(known) > leap => Verdict::Disbelieved(Doubt::FarAhead),
        _ if quiet => Verdict::Believed,
        _ => Verdict::Open,
    }
}

fn strays(wall: Instant, expected: Instant) -> bool {
    wall.since(expected).0.saturating_abs() > millis(BELIEVED)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;
    const WALL: Instant = Instant(1_000 * HOUR);
    const PATIENCE: Duration = Duration::from_secs(600);

    fn ago(ms: i64) -> Instant {
        Instant(WALL.0 - ms)
    }

    const LEAP: Span = Span(168 * HOUR);

    fn start(began: Monotonic, before: Option<Instant>) -> Clock {
        Clock::start(began, before, PATIENCE, LEAP)
    }

    fn followed(wall: Instant) -> Look {
        Look { now: Some(wall), wall, doubt: None, latest: wall }
    }

    fn open(wall: Instant) -> Look {
        Look { now: None, wall, doubt: None, latest: wall }
    }

    fn ahead_of_records(wall: Instant, now: Instant) -> Look {
        Look { now: Some(now), wall, doubt: Some(Doubt::AheadOfRecords), latest: now }
    }

    #[test]
    fn a_wall_clock_that_jumps_is_not_believed() {
        let began = Monotonic::now();
        let mut clock = start(began, Some(WALL));
        assert_eq!(clock.look(began, WALL), followed(WALL));
        let (later, expected) = (began + Duration::from_secs(60), Instant(WALL.0 + 60_000));
        let jumped = |wall| Look { now: Some(expected), wall, doubt: Some(Doubt::Jumped), latest: expected };
        for wall in [Instant(expected.0 + HOUR + 1), Instant(expected.0 - HOUR - 1), Instant(0), Instant(i64::MAX)] {
            assert_eq!(clock.look(later, wall), jumped(wall));
        }
        // It is followed again where it comes back, and small steps are followed always.
        for wall in [Instant(expected.0 - HOUR), expected, Instant(expected.0 + HOUR)] {
            assert_eq!(clock.look(later, wall), Look { latest: wall.max(expected), ..followed(wall) });
        }
    }

    #[test]
    fn a_wall_clock_that_is_set_back_does_not_take_back_how_late_it_can_be() {
        let began = Monotonic::now();
        let mut clock = start(began, None);
        clock.note(began, WALL, false);
        assert_eq!(clock.look(began, WALL).latest, WALL);
        let after =
            |minutes: u64| (began + Duration::from_secs(60 * minutes), Instant(WALL.0 + minutes as i64 * 60_000));
        for minutes in [1, 50, 90, 3_000] {
            let (now, truth) = after(minutes);
            let set_back = Instant(truth.0 - HOUR / 2);
            assert_eq!(clock.look(now, set_back), Look { latest: truth, ..followed(set_back) });
        }
        // What it says too much is no more than what is believed.
        let (now, truth) = after(3_001);
        assert_eq!(clock.look(now, Instant(truth.0 + HOUR)).latest, Instant(truth.0 + HOUR));
        assert_eq!(clock.look(now, Instant(truth.0 + 9 * HOUR)).latest, Instant(truth.0 + HOUR));
        // Nor is it taken back by a restart.
        let mut clock = start(now, Some(truth));
        let set_back = Instant(truth.0 - HOUR / 2);
        assert_eq!(clock.look(now, set_back), Look { latest: truth, ..followed(set_back) });
    }

    #[test]
    fn a_wall_clock_that_has_gone_far_back_while_the_program_was_away_is_not_believed_until_it_is_set() {
        let began = Monotonic::now();
        let mut clock = start(began, Some(WALL));
        let behind = |latest| Look { now: None, wall: Instant(0), doubt: Some(Doubt::Behind), latest };
        assert_eq!(clock.look(began, Instant(0)), behind(WALL));
        // The program was away for a day: its records know.
        let truth = Instant(WALL.0 + 24 * HOUR);
        clock.note(began, truth, true);
        assert_eq!(clock.look(began + PATIENCE, Instant(0)), behind(Instant(truth.0 + millis(PATIENCE))));
        let set = Instant(truth.0 + millis(PATIENCE));
        assert_eq!(clock.look(began + PATIENCE, set), followed(set));
    }

    #[test]
    fn the_start_is_judged_by_records_and_silence() {
        let judge = |known: Option<i64>, live, quiet| judge_start(WALL, known.map(ago), live, quiet, LEAP);
        for (live, quiet) in [(false, false), (false, true), (true, false), (true, true)] {
            assert_eq!(judge(Some(HOUR), live, quiet), Verdict::Believed);
            assert_eq!(judge(Some(-100 * HOUR), live, quiet), Verdict::Believed, "only a clock that is ahead");
        }
        assert_eq!(judge(Some(HOUR + 1), false, false), Verdict::Open);
        assert_eq!(judge(Some(HOUR + 1), false, true), Verdict::Believed);
        let ahead = Verdict::Disbelieved(Doubt::AheadOfRecords);
        assert_eq!(judge(Some(HOUR + 1), true, false), ahead);
        assert_eq!(judge(Some(HOUR + 1), true, true), ahead);
        assert_eq!(judge(Some(LEAP.0), false, true), Verdict::Believed);
        assert_eq!(judge(Some(LEAP.0 + 1), false, true), Verdict::Disbelieved(Doubt::FarAhead));
        assert_eq!(judge(Some(LEAP.0 + 1), true, true), ahead);
        assert_eq!(judge(None, false, false), Verdict::Open);
        assert_eq!(judge(None, false, true), Verdict::Believed);
    }

    #[test]
    fn a_restart_after_a_short_break_believes_the_wall_clock_at_once() {
        let began = Monotonic::now();
        assert_eq!(start(began, Some(ago(HOUR))).look(began, WALL), followed(WALL));
        assert_eq!(start(began, Some(ago(HOUR + 1))).look(began, WALL), open(WALL));
        assert_eq!(start(began, None).look(began, WALL), open(WALL));
    }

    #[test]
    fn a_backlog_proves_the_clock_with_its_newest_record_and_never_disproves_it() {
        let began = Monotonic::now();
        let mut clock = start(began, None);
        clock.note(began, ago(500 * HOUR), false);
        assert_eq!(clock.look(began, WALL), open(WALL));
        clock.note(began, ago(1_000), false);
        clock.note(began, ago(700 * HOUR), false);
        assert_eq!(clock.look(began, WALL), followed(WALL));
    }

    #[test]
    fn a_quiet_topic_that_gets_current_records_is_believed() {
        let began = Monotonic::now();
        let mut clock = start(began, Some(ago(60 * HOUR)));
        clock.note(began, ago(50 * HOUR), false);
        assert_eq!(clock.look(began, WALL), open(WALL));
        clock.note(began, WALL, true);
        assert_eq!(clock.look(began, WALL), followed(WALL));
    }

    #[test]
    fn where_nothing_comes_nothing_speaks_against_the_clock() {
        let began = Monotonic::now();
        let mut clock = start(began, Some(ago(60 * HOUR)));
        let noted = began + Duration::from_secs(5);
        clock.note(noted, ago(50 * HOUR), false);
        assert_eq!(clock.look(noted + PATIENCE - Duration::from_millis(1), WALL), open(WALL));
        // Before the program could hear anything, silence says nothing.
        let mut deaf = clock.clone();
        deaf.hear_nothing(noted + PATIENCE);
        assert_eq!(deaf.look(noted + PATIENCE, WALL), open(WALL));
        assert_eq!(deaf.look(noted + 2 * PATIENCE, WALL), followed(WALL));
        assert_eq!(clock.look(noted + PATIENCE, WALL), followed(WALL));
    }

    #[test]
    fn silence_does_not_speak_for_a_clock_that_is_weeks_ahead_and_a_current_record_does() {
        let began = Monotonic::now();
        let mut clock = start(began, Some(ago(500 * HOUR)));
        let far_ahead = Look { doubt: Some(Doubt::FarAhead), ..open(WALL) };
        assert_eq!(clock.look(began, WALL), open(WALL));
        assert_eq!(clock.look(began + PATIENCE, WALL), far_ahead);
        assert_eq!(clock.look(began + 9 * PATIENCE, WALL), far_ahead);
        clock.note(began + 9 * PATIENCE, ago(1), true);
        assert_eq!(clock.look(began + 9 * PATIENCE, WALL), followed(WALL));
    }

    #[test]
    fn a_clock_ahead_of_live_records_is_not_believed_however_quiet_it_gets() {
        let began = Monotonic::now();
        let mut clock = start(began, None);
        clock.note(began, ago(9_000 * HOUR), true);
        assert_eq!(clock.look(began, WALL), ahead_of_records(WALL, ago(9_000 * HOUR)));
        let after = |duration: Duration| Instant(ago(9_000 * HOUR).0 + millis(duration));
        let night = Duration::from_secs(12 * 3600);
        let wall = Instant(WALL.0 + millis(night));
        assert_eq!(clock.look(began + night, wall), ahead_of_records(wall, after(night)));
        // Time goes on with the monotonic clock; a record that lags behind does not set it back, one ahead takes it along.
        clock.note(began + night, ago(9_000 * HOUR), true);
        assert_eq!(clock.look(began + night, wall), ahead_of_records(wall, after(night)));
        clock.note(began + night, ago(8_000 * HOUR), true);
        assert_eq!(clock.look(began + night, wall), ahead_of_records(wall, ago(8_000 * HOUR)));
        // The wall clock is set right, or the records turn out to have been old ones.
        let mut mended = clock.clone();
        assert_eq!(mended.look(began + night, ago(8_000 * HOUR)), followed(ago(8_000 * HOUR)));
        clock.note(began + night, Instant(wall.0 - HOUR), true);
        assert_eq!(clock.look(began + night, wall), followed(wall));
    }
}
