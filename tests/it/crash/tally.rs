//! What was done, and what came of it.

use super::compare::Differences;
use super::day::Log;
use super::trial::Blow;

/// Counts of a whole run.
#[derive(Debug, Default)]
pub struct Tally {
    pub kills: usize,
    again: usize,
    others: Vec<(Blow, usize)>,
    messages: usize,
    accepted: usize,
    late: usize,
    repeated: usize,
    junk: usize,
    comparisons: usize,
    differences: Differences,
}

impl Tally {
    /// Notes a kill after which so many events had to be taken again.
    pub fn killed(&mut self, again: usize) {
        self.kills += 1;
        self.again += again;
    }

    /// Notes a blow of another kind.
    pub fn dealt(&mut self, blow: Blow) {
        match self.others.iter_mut().find(|(known, _)| *known == blow) {
            Some((_, n)) => *n += 1,
            None => self.others.push((blow, 1)),
        }
    }

    /// Notes what was in the topic at the end of a day.
    pub fn fed(&mut self, log: &Log) {
        self.messages += log.len();
        self.accepted += log.accepted.len();
        self.late += log.late;
        self.repeated += log.repeated;
        self.junk += log.junk;
    }

    /// Notes a comparison; one that finds a difference is the last.
    pub fn compared(&mut self, found: Differences) {
        self.comparisons += 1;
        let all = &mut self.differences;
        all.with_data += found.with_data;
        all.lost += found.lost;
        all.doubled += found.doubled;
        all.wrong += found.wrong;
        let some: Vec<&String> = found.examples.iter().take(5).collect();
        let Tally { kills, others, .. } = self;
        assert!(some.is_empty(), "after {kills} kills and {others:?}: {}, such as {some:#?}", self.differences);
    }

    /// A day that is too tidy proves little.
    pub fn assert_untidy(&self) {
        for (what, n) in [("late", self.late), ("repeated", self.repeated), ("junk", self.junk)] {
            assert!(n * 200 > self.messages, "only {n} of {} messages are {what}", self.messages);
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} kills, {} events had to be taken again after them", self.kills, self.again)?;
        writeln!(f, "among them: {:?}", self.others)?;
        writeln!(
            f,
            "{} messages, {} accepted, {} late, {} repeated, {} junk",
            self.messages, self.accepted, self.late, self.repeated, self.junk
        )?;
        write!(f, "{} comparisons: {}", self.comparisons, self.differences)
    }
}
