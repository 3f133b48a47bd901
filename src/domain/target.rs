//! Targets: goals that people have set, and for whom.

use super::event::Name;
use super::measure::{Measure, Unit};
use super::scope::{Scope, ScopeKind};
use super::slice::Slice;
use super::time::{Instant, Span};
use super::window::Window;
use siphasher::sip::SipHasher13;
use std::fmt::Write as _;
use std::hash::Hasher;
use std::sync::Arc;

/// A goal that people have set.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Unique among targets; alerts and series carry it.
    pub id: Name,
    /// In plain words.
    pub title: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The target that this one serves.
    pub parent: Option<Name>,
    /// How loud its alert is.
    pub severity: Severity,
    /// Where to read what to do when it is missed.
    pub runbook: Option<String>,
    /// Whose figures are held against it.
    pub whom: Whom,
    /// Which figure.
    pub measure: Measure,
    /// What is wanted of it.
    pub goal: Goal,
    /// Over which time.
    pub window: Window,
    /// Before it nothing is judged. A calendar window counts from the first one that begins at or after it.
    pub start: Option<Instant>,
    /// From it on nothing is judged any more.
    pub deadline: Option<Instant>,
    /// With fewer things looked at, nothing is said. Not for counts, which are their own sample.
    pub minimum_sample: i64,
    /// How sure a miss of a ratio must be; none takes the value as it is.
    pub confidence: Option<Confidence>,
    /// For so long the figure must miss before the alert fires.
    pub hold: Span,
    /// An alert ends only when the figure is better than the bound by this share of the bound.
    pub hysteresis: f64,
    /// Within this share of the bound a figure is at risk; so is a count whose pace falls short by more.
    pub margin: f64,
    /// What holds for reps who are new; none is what holds for all.
    pub ramp: Option<Ramp>,
}

/// What is wanted of reps who are new.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ramp {
    /// For so long after the rep has started.
    pub length: Span,
    /// What is wanted meanwhile; none is nothing: the rep is not judged.
    pub bound: Option<Bound>,
}

/// What is wanted of a figure. Relative, stepwise, peer and paired goals are further kinds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// A fixed bound.
    Absolute(Bound),
}

/// A bound, in the unit of the measure; what lies on it is within it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// No less.
    AtLeast(f64),
    /// No more.
    AtMost(f64),
    /// Neither less than the first nor more than the second.
    Within(f64, f64),
}

impl Bound {
    /// True if a value keeps it.
    pub fn holds(self, value: f64) -> bool {
        self.shortfall(value) <= 0.0
    }

    /// By how much a value misses it; negative is room that is left.
    pub fn shortfall(self, value: f64) -> f64 {
        match self {
            Bound::AtLeast(least) => least - value,
            Bound::AtMost(most) => value - most,
            Bound::Within(least, most) => (least - value).max(value - most),
        }
    }

    /// The bound drawn tighter (or, where negative, wider) by a share of itself.
    #[must_use]
    pub fn tightened(self, share: f64) -> Bound {
        let by = |bound: f64| bound.abs() * share;
        match self {
            Bound::AtLeast(least) => Bound::AtLeast(least + by(least)),
            Bound::AtMost(most) => Bound::AtMost(most - by(most)),
            Bound::Within(least, most) => Bound::Within(least + by(least), most - by(most)),
        }
    }

    /// The bound times `n`, as it is for `n` members together.
    #[must_use]
    pub fn times(self, n: f64) -> Bound {
        match self {
            Bound::AtLeast(least) => Bound::AtLeast(least * n),
            Bound::AtMost(most) => Bound::AtMost(most * n),
            Bound::Within(least, most) => Bound::Within(least * n, most * n),
        }
    }

    /// True if all that keeps the other keeps this one too, and it is of the same kind.
    pub fn allows(self, other: Bound) -> bool {
        match (self, other) {
            (Bound::AtLeast(least), Bound::AtLeast(other)) => least <= other,
            (Bound::AtMost(most), Bound::AtMost(other)) => most >= other,
            (Bound::Within(least, most), Bound::Within(from, to)) => least <= from && most >= to,
            _ => false,
        }
    }

    /// The lower and the upper end, where there is one.
    pub fn ends(self) -> (Option<f64>, Option<f64>) {
        match self {
            Bound::AtLeast(least) => (Some(least), None),
            Bound::AtMost(most) => (None, Some(most)),
            Bound::Within(least, most) => (Some(least), Some(most)),
        }
    }

    /// The bound in words, such as `at most 3 %`.
    pub fn text(self, unit: Unit) -> String {
        let number = |n| unit.exact(n);
        match self {
            Bound::AtLeast(least) => format!("at least {}", number(least)),
            Bound::AtMost(most) => format!("at most {}", number(most)),
            Bound::Within(least, most) => format!("between {} and {}", number(least), number(most)),
        }
    }
}

/// How loud an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// For the record.
    Info,
    /// Somebody should look today.
    Warning,
    /// Somebody must look now.
    Critical,
}

impl Severity {
    /// All of them, quietest first.
    pub const ALL: [Severity; 3] = [Severity::Info, Severity::Warning, Severity::Critical];

    /// As labels write it.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }
}

/// How sure one must be, two-sided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// 90 %.
    Percent90,
    /// 95 %.
    Percent95,
    /// 99 %.
    Percent99,
}

impl Confidence {
    /// All of them.
    pub const ALL: [Confidence; 3] = [Confidence::Percent90, Confidence::Percent95, Confidence::Percent99];

    /// In percent.
    pub fn percent(self) -> i64 {
        match self {
            Confidence::Percent90 => 90,
            Confidence::Percent95 => 95,
            Confidence::Percent99 => 99,
        }
    }

    /// The quantile of the normal distribution.
    pub fn z(self) -> f64 {
        match self {
            Confidence::Percent90 => 1.644_853_626_951_472_7,
            Confidence::Percent95 => 1.959_963_984_540_054,
            Confidence::Percent99 => 2.575_829_303_548_900_4,
        }
    }
}

/// Whose figures are held against a target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whom {
    /// One scope, listed or not.
    One(Scope),
    /// Every scope of a kind that the roster lists, below another one if that is named.
    Every {
        /// The kind.
        kind: ScopeKind,
        /// Above them.
        of: Option<Scope>,
        /// Which part of each; none is the whole.
        part: Option<Arc<Slice>>,
    },
}

impl Whom {
    /// The kind of scope that is judged.
    pub fn kind(&self) -> ScopeKind {
        match self {
            Whom::One(scope) => scope.kind,
            Whom::Every { kind, .. } => *kind,
        }
    }

    /// Which part of each scope is judged; none is the whole.
    pub fn part(&self) -> Option<&Arc<Slice>> {
        match self {
            Whom::One(scope) => scope.slice.as_ref(),
            Whom::Every { part, .. } => part.as_ref(),
        }
    }
}

impl std::fmt::Display for Whom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Whom::One(scope) => write!(f, "{scope}"),
            Whom::Every { kind, of, part } => {
                write!(f, "every {}", kind.name())?;
                part.as_ref().map_or(Ok(()), |part| write!(f, "[{part}]"))?;
                of.as_ref().map_or(Ok(()), |above| write!(f, " of {above}"))
            }
        }
    }
}

impl Target {
    /// The bound that figures are held against.
    pub fn bound(&self) -> Bound {
        let Goal::Absolute(bound) = self.goal;
        bound
    }

    /// A number for all that decides a verdict: what was remembered under another one is of another target.
    pub fn definition(&self) -> u64 {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "{} {:?} {} {:?} {:?} {} {:?} {} {:?}",
            self.measure.name,
            self.goal,
            self.window,
            self.start,
            self.deadline,
            self.minimum_sample,
            self.confidence,
            self.margin,
            self.ramp
        );
        let mut hasher = SipHasher13::new();
        hasher.write(text.as_bytes());
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_on_a_bound_keeps_it() {
        for (bound, kept, missed) in [
            (Bound::AtLeast(0.8), 0.8, 0.799),
            (Bound::AtMost(0.03), 0.03, 0.031),
            (Bound::Within(1.0, 2.0), 1.0, 0.9),
            (Bound::Within(1.0, 2.0), 2.0, 2.1),
        ] {
            assert!(bound.holds(kept) && !bound.holds(missed), "{bound:?}");
        }
    }

    #[test]
    fn a_tighter_bound_leaves_less_room_below_zero_too() {
        assert_eq!(Bound::AtLeast(-10.0).tightened(0.1), Bound::AtLeast(-9.0));
        assert_eq!(Bound::AtMost(-10.0).tightened(0.1), Bound::AtMost(-11.0));
        assert_eq!(Bound::Within(10.0, 20.0).tightened(0.1), Bound::Within(11.0, 18.0));
    }

    #[test]
    fn a_bound_reads_as_people_say_it() {
        assert_eq!(Bound::AtMost(0.03).text(Unit::Ratio), "at most 3 %");
        assert_eq!(Bound::AtLeast(0.825).text(Unit::Ratio), "at least 82.5 %");
        assert_eq!(Bound::AtMost(0.0225).text(Unit::Ratio), "at most 2.25 %");
        assert_eq!(Bound::AtLeast(3.75).text(Unit::Points), "at least 3.75 points");
        assert_eq!(Bound::AtMost(90.5).text(Unit::Seconds), "at most 90.5 s");
        assert_eq!(Bound::AtMost(5_400.0).text(Unit::Seconds), "at most 90 min");
        assert_eq!(Bound::AtMost(7_201.0).text(Unit::Seconds), "at most 7201 s");
        assert_eq!(Bound::Within(180.0, 300.0).text(Unit::Seconds), "between 3 min and 5 min");
        assert_eq!(Bound::AtLeast(500.0).text(Unit::Count), "at least 500");
        assert_eq!(Bound::AtLeast(70.0).text(Unit::Points), "at least 70 points");
    }
}
