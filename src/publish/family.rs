//! Families of series: what a page of metrics is made of.
//!
//! Labels are texts that stay from page to page; a sample only says which of them it has.
//!
//! ```text
//! goalkeeper_queue_answered_wait_seconds _bucket { queue="support" ,le="20.0" } 17
//! family                                 tail     head             tail         sample
//! ```

use std::sync::Arc;

/// Series of one name.
#[derive(Clone, Debug)]
pub struct Family {
    /// The name; of a counter without `_total`.
    pub name: String,
    /// What it means.
    pub help: String,
    /// What it is.
    pub kind: FamilyKind,
    /// Labels that several families share, without braces: `queue="support"`.
    pub heads: Arc<[Arc<str>]>,
    /// Labels that several heads share.
    pub tails: Arc<[Tail]>,
    /// Values, all of a head behind each other, in the order of the tails.
    pub samples: Vec<Sample>,
}

/// What a family is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FamilyKind {
    /// Only rises while the process lives.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A cumulative distribution: buckets, sum and count that only rise while the process lives.
    Histogram,
}

impl FamilyKind {
    /// The kind as pages write it.
    pub fn name(self) -> &'static str {
        match self {
            FamilyKind::Counter => "counter",
            FamilyKind::Gauge => "gauge",
            FamilyKind::Histogram => "histogram",
        }
    }

    /// What the names of all its series end with.
    pub fn suffix(self) -> &'static str {
        if self == FamilyKind::Counter { "_total" } else { "" }
    }
}

/// The end of a series' name and labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tail {
    /// Behind the family's name.
    pub suffix: &'static str,
    /// The name of the label, if there is one.
    pub label: Option<&'static str>,
    /// The label as it is written behind others, `,window="15m"`, or nothing.
    pub text: String,
}

impl Tail {
    /// No further label.
    pub fn plain(suffix: &'static str) -> Tail {
        Tail { suffix, label: None, text: String::new() }
    }

    /// One more label.
    pub fn with(suffix: &'static str, label: &'static str, value: &str) -> Tail {
        Tail { suffix, label: Some(label), text: format!(",{}", written(&[(label, value)])) }
    }
}

/// One value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Which head.
    pub head: u32,
    /// Which tail.
    pub tail: u32,
    /// The value.
    pub value: f64,
}

impl Family {
    /// A family without samples yet.
    pub fn new(
        name: String,
        help: impl Into<String>,
        kind: FamilyKind,
        heads: &Arc<[Arc<str>]>,
        tails: &Arc<[Tail]>,
    ) -> Family {
        Family { name, help: help.into(), kind, heads: heads.clone(), tails: tails.clone(), samples: Vec::new() }
    }

    /// A family whose series have nothing in common with those of others; labels as [`written`] writes them.
    pub fn of(name: &str, help: &str, kind: FamilyKind, series: Vec<(String, f64)>) -> Family {
        let tails: Arc<[Tail]> = [Tail::plain(kind.suffix())].into();
        let heads = series.iter().map(|(labels, _)| Arc::from(labels.as_str())).collect();
        let mut family = Family::new(name.to_owned(), help, kind, &heads, &tails);
        for (head, (_, value)) in series.iter().enumerate() {
            family.push(head, 0, *value);
        }
        family
    }

    /// Adds a value.
    pub fn push(&mut self, head: usize, tail: usize, value: f64) {
        self.samples.push(Sample { head: head as u32, tail: tail as u32, value });
    }

    /// Every series as it is written, name and labels, with its value.
    pub fn series(&self) -> impl Iterator<Item = (String, f64)> {
        self.samples.iter().map(|sample| {
            let (head, tail) = (&self.heads[sample.head as usize], &self.tails[sample.tail as usize]);
            (format!("{}{}{{{head}{}}}", self.name, tail.suffix, tail.text), sample.value)
        })
    }
}

/// Labels as they are written, without braces.
pub fn written(labels: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (n, (name, value)) in labels.iter().enumerate() {
        if n > 0 {
            text.push(',');
        }
        text.push_str(name);
        text.push_str("=\"");
        push_escaped(&mut text, value);
        text.push('"');
    }
    text
}

/// A label's value as pages write it.
pub fn push_escaped(text: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            c => text.push(c),
        }
    }
}
