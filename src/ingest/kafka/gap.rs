//! Where reading of a partition goes on, and what is wrong with that.

/// What stands between the position and what Kafka still has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// Kafka has deleted records before they were read.
    Deleted {
        /// The offset that was to be read next.
        position: i64,
        /// The first offset that is left.
        begin: i64,
    },
    /// Records that were read are gone from the end of the log.
    Truncated {
        /// The offset that was to be read next.
        position: i64,
        /// The offset after the last record.
        end: i64,
    },
    /// Records that were read are gone, and others stand in their place.
    Rewritten {
        /// The offset that was to be read next.
        position: i64,
    },
    /// The topic is another one of the same name.
    Recreated {
        /// What identified the one that was read.
        before: String,
        /// What identifies the one that is there.
        now: String,
    },
}

impl Gap {
    /// All kinds, as labels write them.
    pub const KINDS: [&str; 4] = ["deleted", "truncated", "rewritten", "recreated"];

    /// The kind as labels write it.
    pub fn kind(&self) -> &'static str {
        match self {
            Gap::Deleted { .. } => "deleted",
            Gap::Truncated { .. } => "truncated",
            Gap::Rewritten { .. } => "rewritten",
            Gap::Recreated { .. } => "recreated",
        }
    }

    /// How many records are known to have been deleted unread.
    pub fn lost(&self) -> u64 {
        match self {
            Gap::Deleted { position, begin } => (begin - position).unsigned_abs(),
            Gap::Truncated { .. } | Gap::Rewritten { .. } | Gap::Recreated { .. } => 0,
        }
    }
}

impl std::fmt::Display for Gap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Gap::Deleted { position, begin } => write!(
                f,
                "offset {position} was to be read next, but Kafka has deleted everything before {begin}: figures miss {} \
                 records",
                self.lost()
            ),
            Gap::Truncated { position, end } => write!(
                f,
                "all before offset {position} have been read, but the log ends at {end}: Kafka has lost records that \
                 figures hold"
            ),
            Gap::Rewritten { position } => write!(
                f,
                "all before offset {position} have been read, but Kafka has lost some of them and has others in their place: \
                 figures hold both"
            ),
            Gap::Recreated { before, now } => write!(
                f,
                "the topic was deleted and made anew, or it is in another cluster: it was {before} and is {now}"
            ),
        }
    }
}

/// The offset to go on from in a log from `begin` to `end`, and the gap that is there. `position` is the offset that was
/// to be read next, if it is known; `other` says why it is one of another log.
///
/// After any gap the log is read from its beginning: what was counted already changes nothing when it comes again, and
/// nobody knows how far a log was cut before it grew again.
pub(super) fn resume(position: Option<i64>, begin: i64, end: i64, other: Option<Gap>) -> (i64, Option<Gap>) {
    match position {
        None => (begin, other),
        Some(_) if other.is_some() => (begin, other),
        Some(position) if position < begin => (begin, Some(Gap::Deleted { position, begin })),
        Some(position) if position > end => (begin, Some(Gap::Truncated { position, end })),
        Some(position) => (position, None),
    }
}

/// What identifies a topic: its id, or where the broker gives none (before Kafka 2.8) the cluster's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    Topic(String),
    Cluster(String),
}

impl Identity {
    /// As it is kept.
    pub(super) fn text(&self) -> String {
        match self {
            Identity::Topic(id) => format!("topic {id}"),
            Identity::Cluster(id) => format!("cluster {id}"),
        }
    }

    /// The gap to a topic that was identified by `before`. Identities of different kinds say nothing of each other.
    pub(super) fn gap_since(&self, before: &str) -> Option<Gap> {
        let now = self.text();
        let kind = |text: &str| text.split(' ').next().map(str::to_owned);
        (kind(before) == kind(&now) && before != now).then(|| Gap::Recreated { before: before.to_owned(), now })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_goes_on_where_it_was_or_says_why_not() {
        assert_eq!(resume(None, 7, 9, None), (7, None));
        for position in 7..=9 {
            assert_eq!(resume(Some(position), 7, 9, None), (position, None));
        }
        assert_eq!(resume(Some(4), 7, 9, None), (7, Some(Gap::Deleted { position: 4, begin: 7 })));
        assert_eq!(resume(Some(10), 7, 9, None), (7, Some(Gap::Truncated { position: 10, end: 9 })));
        let recreated = Some(Gap::Recreated { before: "topic a".to_owned(), now: "topic b".to_owned() });
        for position in [None, Some(8), Some(10)] {
            assert_eq!(resume(position, 7, 9, recreated.clone()), (7, recreated.clone()));
        }
    }

    #[test]
    fn a_topic_of_another_id_is_another_topic() {
        let (topic, cluster) = (Identity::Topic("b".to_owned()), Identity::Cluster("b".to_owned()));
        assert_eq!(topic.gap_since("topic b"), None);
        assert!(topic.gap_since("topic a").is_some());
        assert!(cluster.gap_since("cluster a").is_some());
        // Brokers that learned to tell ids while goalkeeper was away.
        assert_eq!(topic.gap_since("cluster a"), None);
    }

    #[test]
    fn every_kind_of_gap_has_a_label_and_a_text() {
        let gaps = [
            Gap::Deleted { position: 4, begin: 7 },
            Gap::Truncated { position: 10, end: 9 },
            Gap::Rewritten { position: 10 },
            Gap::Recreated { before: "topic a".to_owned(), now: "topic b".to_owned() },
        ];
        assert_eq!(gaps.clone().map(|gap| gap.kind()), Gap::KINDS);
        assert_eq!(gaps.clone().map(|gap| gap.lost()), [3, 0, 0, 0]);
        assert_eq!(gaps[0].to_string().matches("figures miss 3 records").count(), 1);
    }
}
