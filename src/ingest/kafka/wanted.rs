//! Which topics are meant: by name, or by a pattern.

use regex::Regex;

/// The topics that the configuration names.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) names: Vec<String>,
    patterns: Vec<Regex>,
}

impl Wanted {
    /// Entries that begin with `^` are patterns.
    pub(super) fn of(topics: &[String]) -> Result<Wanted, regex::Error> {
        let (patterns, names): (Vec<&String>, Vec<&String>) = topics.iter().partition(|topic| topic.starts_with('^'));
        let patterns = patterns.into_iter().map(|pattern| Regex::new(pattern)).collect::<Result<_, _>>()?;
        Ok(Wanted { names: names.into_iter().cloned().collect(), patterns })
    }

    /// True if the cluster's topics must be listed to know which are meant.
    pub(super) fn has_patterns(&self) -> bool {
        !self.patterns.is_empty()
    }

    /// True if a pattern means the topic. Kafka's own topics are never meant.
    pub(super) fn matches(&self, topic: &str) -> bool {
        !topic.starts_with("__") && self.patterns.iter().any(|pattern| pattern.is_match(topic))
    }

    /// The patterns that mean none of `topics`.
    pub(super) fn idle_patterns<'a>(&'a self, topics: &'a [String]) -> impl Iterator<Item = String> + 'a {
        let idle = |pattern: &&Regex| !topics.iter().any(|topic| pattern.is_match(topic));
        self.patterns.iter().filter(idle).map(|pattern| pattern.as_str().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_that_begins_with_a_caret_is_a_pattern_from_the_beginning_of_the_name() {
        let wanted = Wanted::of(&["calls".to_owned(), "^tickets-.".to_owned(), "^_".to_owned()]).expect("are patterns");
        assert_eq!(wanted.names, ["calls"]);
        for (topic, matches) in [
            ("calls", false),
            ("tickets-", false),
            ("tickets-oslo", true),
            ("old-tickets-oslo", false),
            ("_own", true),
            ("__consumer_offsets", false),
        ] {
            assert_eq!(wanted.matches(topic), matches, "{topic}");
        }
        assert_eq!(wanted.idle_patterns(&["tickets-a".to_owned()]).collect::<Vec<_>>(), ["^_"]);
    }
}
