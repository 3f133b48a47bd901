//! Alerts: what becomes of a target that is missed for long enough.
//!
//! ```text
//! inactive -> pending -> firing -> resolved -> inactive
//!     ^          |          ^         |
//!     +----------+          +---------+ (through pending, if there is a hold)
//! ```

use super::time::{Instant, Span};

/// Where an alert stands, and since when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Alert {
    /// There is nothing to tell.
    #[default]
    Inactive,
    /// It is missed, but not for long enough.
    Pending {
        /// Since when it is missed.
        since: Instant,
    },
    /// It is told.
    Firing {
        /// Since when.
        since: Instant,
    },
    /// It was told, and is over.
    Resolved {
        /// Since when.
        since: Instant,
    },
}

/// An alert that is over is remembered for so long.
const RESOLVED_FOR: Span = Span::minutes(15);

impl Alert {
    /// The words for the four states.
    pub const NAMES: [&'static str; 4] = ["inactive", "pending", "firing", "resolved"];

    /// The state as labels write it.
    pub fn name(self) -> &'static str {
        match self {
            Alert::Inactive => "inactive",
            Alert::Pending { .. } => "pending",
            Alert::Firing { .. } => "firing",
            Alert::Resolved { .. } => "resolved",
        }
    }

    /// Since when, but of an inactive one.
    pub fn since(self) -> Option<Instant> {
        match self {
            Alert::Inactive => None,
            Alert::Pending { since } | Alert::Firing { since } | Alert::Resolved { since } => Some(since),
        }
    }

    /// True while it is missed.
    pub fn is_active(self) -> bool {
        matches!(self, Alert::Pending { .. } | Alert::Firing { .. })
    }

    /// Where it stands at `now`, if the target is breached or not.
    #[must_use]
    pub fn step(self, breached: bool, hold: Span, now: Instant) -> Alert {
        match (self, breached) {
            (Alert::Firing { .. }, true) => self,
            (Alert::Pending { since }, true) if now.since(since) >= hold => Alert::Firing { since: now },
            (Alert::Pending { .. }, true) => self,
            (Alert::Inactive | Alert::Resolved { .. }, true) if hold <= Span(0) => Alert::Firing { since: now },
            (Alert::Inactive | Alert::Resolved { .. }, true) => Alert::Pending { since: now },
            (Alert::Firing { .. }, false) => Alert::Resolved { since: now },
            (Alert::Resolved { since }, false) if now.since(since) < RESOLVED_FOR => self,
            (_, false) => Alert::Inactive,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_fires_after_the_hold_and_is_over_when_the_target_is_kept() {
        let hold = Span::minutes(5);
        let mut alert = Alert::default();
        let mut told = Vec::new();
        for (minute, breached) in
            [(0, true), (3, false), (4, true), (8, true), (9, true), (20, false), (34, false), (35, false)]
        {
            alert = alert.step(breached, hold, Instant(0).plus(Span::minutes(minute)));
            told.push(alert.name());
        }
        assert_eq!(told, ["pending", "inactive", "pending", "pending", "firing", "resolved", "resolved", "inactive"]);
    }

    #[test]
    fn without_a_hold_it_fires_at_once_and_again_after_it_was_over() {
        let at = |minute| Instant(0).plus(Span::minutes(minute));
        let firing = Alert::default().step(true, Span(0), at(0));
        assert_eq!(firing, Alert::Firing { since: at(0) });
        let over = firing.step(false, Span(0), at(1));
        assert_eq!(over.step(true, Span(0), at(2)), Alert::Firing { since: at(2) });
    }
}
