//! How far event time has come: watermarks of partitions, the low watermark of those that are not idle, and T.

use super::time::{Instant, Span};

/// How far one partition has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watermark {
    /// The greatest event time accepted; `None` before the first event.
    pub reached: Option<Instant>,
    /// T when the last event was accepted.
    pub heard: Instant,
}

impl Default for Watermark {
    fn default() -> Watermark {
        Watermark { reached: None, heard: Instant::MIN }
    }
}

impl Watermark {
    /// Notes an accepted event.
    pub fn accept(&mut self, time: Instant, now: Instant) {
        self.reached = Some(self.reached.map_or(time, |reached| reached.max(time)));
        self.heard = self.heard.max(now);
    }

    /// True if no event came for `idle` of T; a partition whose own time is ahead of T is not idle.
    pub fn is_idle(&self, now: Instant, idle: Span) -> bool {
        match self.reached {
            None => true,
            Some(reached) => now.since(self.heard.max(reached)) >= idle,
        }
    }
}

/// The lowest watermark of the partitions that are not idle; T itself if all are.
pub fn low<'a>(watermarks: impl Iterator<Item = &'a Watermark>, now: Instant, idle: Span) -> Instant {
    let awake = watermarks.filter(|watermark| !watermark.is_idle(now, idle));
    awake.filter_map(|watermark| watermark.reached).min().unwrap_or(now)
}

/// What a reader of several partitions knows when it asks how late it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The partition's watermark.
    pub reached: Option<Instant>,
    /// True if everything that was there has been read.
    pub at_end: bool,
}

/// What T follows once every partition is read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// The wall clock, which says this.
    Wall(Instant),
    /// The wall clock, once something speaks for it; until then the events.
    Unproven,
    /// The events, always.
    Stream,
}

/// T: wall time while every partition is read to its end, else the low watermark of those that are not. With a stream
/// clock it is always the low watermark, and with an unproven one too once every partition is read to its end. `None`
/// while a partition that is behind has shown no event yet.
pub fn time_of(readings: &[Reading], follows: Follows) -> Option<Instant> {
    let at_end = readings.iter().all(|reading| reading.at_end);
    let behind = || readings.iter().filter(|reading| !reading.at_end).map(|reading| reading.reached).min().flatten();
    // Partitions that are empty to their end hold the low watermark back for ever if they count.
    let low = || readings.iter().filter(|r| r.reached.is_some() || !r.at_end).map(|r| r.reached).min().flatten();
    match follows {
        Follows::Wall(wall) if at_end => Some(wall),
        Follows::Wall(wall) => behind().map(|lowest| lowest.min(wall)),
        Follows::Unproven if !at_end => behind(),
        Follows::Unproven | Follows::Stream => low(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(reached: i64, at_end: bool) -> Reading {
        Reading { reached: Some(Instant(reached)), at_end }
    }

    #[test]
    fn t_is_wall_time_once_every_partition_is_read_to_its_end() {
        let wall = Follows::Wall(Instant(100));
        assert_eq!(time_of(&[reading(10, true), reading(20, true)], wall), Some(Instant(100)));
        assert_eq!(time_of(&[reading(10, false), reading(20, true)], wall), Some(Instant(10)));
        assert_eq!(time_of(&[reading(10, true), reading(20, false)], wall), Some(Instant(20)));
        assert_eq!(time_of(&[Reading { reached: None, at_end: false }, reading(20, false)], wall), None);
        assert_eq!(time_of(&[reading(200, false)], wall), Some(Instant(100)));
        assert_eq!(time_of(&[], wall), Some(Instant(100)));
    }

    #[test]
    fn with_a_stream_clock_t_is_the_low_watermark() {
        assert_eq!(time_of(&[reading(10, true), reading(20, false)], Follows::Stream), Some(Instant(10)));
        assert_eq!(
            time_of(&[Reading { reached: None, at_end: true }, reading(20, true)], Follows::Stream),
            Some(Instant(20))
        );
    }

    #[test]
    fn while_the_wall_clock_is_unproven_t_stays_with_the_events() {
        let unproven = |readings: &[Reading]| time_of(readings, Follows::Unproven);
        assert_eq!(unproven(&[reading(10, true), reading(20, true)]), Some(Instant(10)));
        // A partition that is read to its end holds no catch-up back, whatever the clock.
        assert_eq!(unproven(&[reading(10, true), reading(20, false)]), Some(Instant(20)));
        assert_eq!(unproven(&[Reading { reached: None, at_end: true }]), None);
    }

    #[test]
    fn an_idle_partition_holds_nothing_back() {
        let idle = Span::minutes(10);
        let old = Watermark { reached: Some(Instant(0)), heard: Instant(0) };
        let new = Watermark { reached: Some(Instant(600_000)), heard: Instant(600_000) };
        assert_eq!(low([old, new].iter(), Instant(600_000), idle), Instant(600_000));
        assert_eq!(low([old, new].iter(), Instant(599_999), idle), Instant(0));
        assert_eq!(low([old].iter(), Instant(900_000), idle), Instant(900_000));
    }
}
