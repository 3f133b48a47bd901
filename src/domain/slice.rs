//! Slices: parts of a scope's figures, such as the chats of a queue. A breakdown says which scopes have which.
//!
//! ```text
//! booking of queue/support, team/care, company/acme       of a chat about an invoice
//!   + queue/support[channel=chat]                         breakdown channel of queues
//!   + team/care[issue=invoice], company/acme[issue=...]   breakdown issue of teams and the company
//! ```

use super::event::{Channel, Direction, Name, Priority};
use super::roster::RosterData;
use super::scope::{Path, ScopeKind};
use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

/// What is not said counts for this value.
pub const NONE: &str = "none";
/// What is said and not listed counts for this value.
pub const OTHER: &str = "other";

/// So many values are named in an error at most.
const NAMED_AT_MOST: usize = 30;

/// What figures can be broken down by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// The queue, for scopes that are no queues.
    Queue,
    /// The channel of the contact or ticket.
    Channel,
    /// Who began it.
    Direction,
    /// Its issue type.
    Issue,
    /// How urgent it is; of a ticket, how urgent it was at its creation.
    Priority,
    /// The hour of the customer's clock at the contact's first event.
    CustomerHour,
    /// An attribute of this name.
    Attribute(Name),
    /// A survey's question, or a review's criterion.
    Criterion,
    /// A complaint's category.
    Category,
    /// What a rep has proven.
    Certification,
    /// The name of a figure from elsewhere.
    Reported,
}

/// What the names of attributes begin with.
const ATTRIBUTE: &str = "attribute.";

impl Dimension {
    /// All but attributes.
    pub const NAMED: [Dimension; 10] = [
        Dimension::Queue,
        Dimension::Channel,
        Dimension::Direction,
        Dimension::Issue,
        Dimension::Priority,
        Dimension::CustomerHour,
        Dimension::Criterion,
        Dimension::Category,
        Dimension::Certification,
        Dimension::Reported,
    ];

    /// Reads what is displayed.
    pub fn parse(text: &str) -> Option<Dimension> {
        match text.strip_prefix(ATTRIBUTE) {
            Some("") => None,
            Some(name) => Some(Dimension::Attribute(name.into())),
            None => Dimension::NAMED.into_iter().find(|dimension| dimension.to_string() == text),
        }
    }

    /// The values of a dimension that has no others, without [`NONE`].
    pub fn words(&self) -> Option<Vec<String>> {
        let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
        match self {
            Dimension::Channel => words(&Channel::NAMED.map(|(name, _)| name)),
            Dimension::Direction => words(&[Direction::Inbound, Direction::Outbound].map(Direction::name)),
            Dimension::Priority => words(&Priority::ALL.map(Priority::name)),
            Dimension::CustomerHour => Some((0..24).map(|hour| format!("{hour:02}")).collect()),
            _ => None,
        }
    }

    /// True if all that contacts, tickets, judgements and customers book has it; of the others, a few things do.
    pub(super) fn is_of_contacts(&self) -> bool {
        !matches!(self, Dimension::Criterion | Dimension::Category | Dimension::Certification | Dimension::Reported)
    }
}

impl Display for Dimension {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dimension::Queue => "queue",
            Dimension::Channel => "channel",
            Dimension::Direction => "direction",
            Dimension::Issue => "issue",
            Dimension::Priority => "priority",
            Dimension::CustomerHour => "customer_hour",
            Dimension::Attribute(name) => return write!(f, "{ATTRIBUTE}{name}"),
            Dimension::Criterion => "criterion",
            Dimension::Category => "category",
            Dimension::Certification => "certification",
            Dimension::Reported => "reported",
        })
    }
}

/// The dimension as names of series and labels write it.
pub fn label(dimension: &Dimension) -> String {
    let text = dimension.to_string();
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// One value of one dimension.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slice {
    /// What is broken down by.
    pub dimension: Dimension,
    /// Which part it is.
    pub value: Name,
}

impl Display for Slice {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.dimension, self.value)
    }
}

/// Which scopes have slices by a dimension, and which.
#[derive(Clone, Debug, PartialEq)]
pub struct Breakdown {
    /// By what.
    pub dimension: Dimension,
    /// Scopes of these kinds have the slices, if the roster lists them.
    pub kinds: Kinds,
    /// Every slice, by its value.
    slices: BTreeMap<Name, Arc<Slice>>,
}

impl Breakdown {
    /// A breakdown by the values of a dimension that has no others, or by `values`; what is not among those is [`OTHER`].
    pub fn new(dimension: Dimension, values: &[Name], kinds: Kinds) -> Breakdown {
        let words = dimension.words();
        let is_open = words.is_none();
        let mut values: Vec<Name> = match words {
            Some(words) => words.iter().map(|word| Name::from(word.as_str())).collect(),
            None => values.to_vec(),
        };
        values.push(NONE.into());
        if is_open {
            values.push(OTHER.into());
        }
        let slice = |value: Name| (value.clone(), Arc::new(Slice { dimension: dimension.clone(), value }));
        Breakdown { slices: values.into_iter().map(slice).collect(), dimension, kinds }
    }

    /// How many slices the scopes of a roster have by it.
    pub fn count(&self, roster: &RosterData) -> usize {
        let scopes = |kind| match kind {
            ScopeKind::Rep => roster.reps.len(),
            ScopeKind::Queue => roster.queues.len(),
            ScopeKind::Team => roster.teams.len(),
            ScopeKind::Department => roster.departments.len(),
            ScopeKind::Company => 1,
        };
        let scopes: usize = ScopeKind::ALL.into_iter().filter(|kind| self.kinds.has(*kind)).map(scopes).sum();
        scopes * self.slices.len()
    }

    /// Every slice, by value.
    pub fn slices(&self) -> impl ExactSizeIterator<Item = &Arc<Slice>> {
        self.slices.values()
    }

    /// The slice of exactly this value.
    pub fn slice(&self, value: &str) -> Option<&Arc<Slice>> {
        self.slices.get(value)
    }

    /// The slice that something counts for which says this, or nothing.
    pub(super) fn of(&self, said: Option<&str>) -> Option<&Arc<Slice>> {
        self.slice(said.unwrap_or(NONE)).or_else(|| self.slice(OTHER))
    }
}

/// What is asked for and not there: what is wrong, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}: {help}")]
pub struct NoSlice {
    /// What is wrong.
    pub problem: String,
    /// What would be right.
    pub help: String,
}

/// By what figures of scopes of a kind are broken down that is called `name`.
///
/// # Errors
/// If they are not.
pub fn breakdown<'a>(breakdowns: &'a [Breakdown], name: &str, kind: ScopeKind) -> Result<&'a Breakdown, NoSlice> {
    let of_kind = || breakdowns.iter().filter(|breakdown| breakdown.kinds.has(kind));
    of_kind().find(|breakdown| breakdown.dimension.to_string() == name).ok_or_else(|| {
        let known: Vec<String> = of_kind().map(|breakdown| breakdown.dimension.to_string()).collect();
        NoSlice {
            problem: format!("figures of a {} are not broken down by `{name}`", kind.name()),
            help: match known.is_empty() {
                true => "list it under `breakdowns` in goalkeeper.yaml".to_owned(),
                false => format!("they are by {}; more can be listed under `breakdowns`", known.join(", ")),
            },
        }
    })
}

/// The slice of scopes of a kind that is called `value` by the dimension called `name`.
///
/// # Errors
/// If there is none.
pub fn slice<'a>(
    breakdowns: &'a [Breakdown],
    (name, value): (&str, &str),
    kind: ScopeKind,
) -> Result<&'a Arc<Slice>, NoSlice> {
    let breakdown = breakdown(breakdowns, name, kind)?;
    breakdown.slice(value).ok_or_else(|| {
        let known: Vec<&str> = breakdown.slices().take(NAMED_AT_MOST).map(|slice| &*slice.value).collect();
        let more = if breakdown.slices().len() > NAMED_AT_MOST { ", ..." } else { "" };
        NoSlice {
            problem: format!("there is no {name} `{value}`"),
            help: format!("known are {}{more}", known.join(", ")),
        }
    })
}

/// A set of kinds of scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Kinds(u8);

impl Kinds {
    /// True if the kind is among them.
    pub fn has(self, kind: ScopeKind) -> bool {
        self.0 & 1 << kind as u8 != 0
    }
}

impl FromIterator<ScopeKind> for Kinds {
    fn from_iter<I: IntoIterator<Item = ScopeKind>>(kinds: I) -> Kinds {
        Kinds(kinds.into_iter().fold(0, |set, kind| set | 1 << kind as u8))
    }
}

/// What something is a part of, for all dimensions that are broken down by: one slice each. Nothing where nothing is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slices(pub(super) Option<Arc<Chosen>>);

/// Slices, at most one of each dimension.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Chosen {
    /// True if there is one of the queue too: which one, each booking tells.
    pub(super) by_queue: bool,
    /// All others.
    pub(super) slices: Vec<Arc<Slice>>,
}

impl Slices {
    /// What these breakdowns make of what a contact, ticket or judgement says; its queue is that of each booking.
    pub(super) fn of_contact<'a>(
        breakdowns: &[Breakdown],
        said: impl Fn(&Dimension) -> Option<std::borrow::Cow<'a, str>>,
    ) -> Slices {
        if breakdowns.is_empty() {
            return Slices::default();
        }
        let has =
            |breakdown: &&Breakdown| breakdown.dimension.is_of_contacts() && breakdown.dimension != Dimension::Queue;
        let slice = |breakdown: &Breakdown| breakdown.of(said(&breakdown.dimension).as_deref()).cloned();
        let slices = breakdowns.iter().filter(has).filter_map(slice).collect();
        Slices(Some(Arc::new(Chosen { by_queue: true, slices })))
    }

    /// The same, and this slice.
    pub(super) fn and(&self, slice: &Arc<Slice>) -> Slices {
        let mut sliced = self.0.as_deref().cloned().unwrap_or_default();
        sliced.slices.push(slice.clone());
        Slices(Some(Arc::new(sliced)))
    }

    /// The value by a dimension.
    pub(super) fn value(&self, dimension: &Dimension) -> Option<&Name> {
        self.all().iter().find(|slice| slice.dimension == *dimension).map(|slice| &slice.value)
    }

    /// All slices but that of the queue.
    pub(super) fn all(&self) -> &[Arc<Slice>] {
        self.0.as_ref().map_or(&[], |sliced| &sliced.slices)
    }

    /// The slice of a breakdown that a booking on a path counts for.
    pub(super) fn slice<'a>(&'a self, breakdown: &'a Breakdown, path: &Path) -> Option<&'a Arc<Slice>> {
        let sliced = self.0.as_ref()?;
        if breakdown.dimension != Dimension::Queue {
            return sliced.slices.iter().find(|slice| slice.dimension == breakdown.dimension);
        }
        let mut steps = path.steps().iter().map(|(scope, _)| scope);
        let queue = steps.find(|scope| scope.kind == ScopeKind::Queue).map(|scope| &*scope.id);
        sliced.by_queue.then(|| breakdown.of(queue)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::scope::Scope;
    use crate::domain::time::Zone;

    #[test]
    fn dimensions_are_read_as_they_are_written() {
        let attribute = Dimension::Attribute("product".into());
        for dimension in Dimension::NAMED.into_iter().chain([attribute]) {
            assert_eq!(Dimension::parse(&dimension.to_string()), Some(dimension));
        }
        for text in ["", "attribute", "attribute.", "colour"] {
            assert_eq!(Dimension::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_listed_is_other_and_what_is_not_said_is_none() {
        let issues = Breakdown::new(Dimension::Issue, &["invoice".into()], Kinds::default());
        let value = |said| issues.of(said).map(|slice| slice.to_string());
        assert_eq!(value(Some("invoice")).as_deref(), Some("issue=invoice"));
        assert_eq!(value(Some("outage")).as_deref(), Some("issue=other"));
        assert_eq!(value(None).as_deref(), Some("issue=none"));
        assert_eq!(issues.slices().len(), 3);
        let hours = Breakdown::new(Dimension::CustomerHour, &[], Kinds::default());
        assert_eq!(hours.slices().len(), 25, "a day's hours, and none");
        assert_eq!(hours.of(Some("24")), None);
    }

    #[test]
    fn the_queue_of_a_booking_is_that_of_its_path() {
        let queues = Breakdown::new(Dimension::Queue, &["support".into()], [ScopeKind::Team].into_iter().collect());
        let of = |ids: &[(ScopeKind, &str)], slices: &Slices| {
            let steps = ids.iter().map(|(kind, id)| (Scope::new(*kind, *id), Zone::UTC)).collect();
            slices.slice(&queues, &Path::new(steps)).map(|slice| slice.value.to_string())
        };
        let breakdowns = [queues.clone()];
        let slices = Slices::of_contact(&breakdowns, |_| None);
        assert_eq!(
            of(&[(ScopeKind::Queue, "support"), (ScopeKind::Team, "care")], &slices).as_deref(),
            Some("support")
        );
        assert_eq!(of(&[(ScopeKind::Queue, "else"), (ScopeKind::Team, "care")], &slices).as_deref(), Some(OTHER));
        assert_eq!(of(&[(ScopeKind::Team, "care")], &slices).as_deref(), Some(NONE));
        assert_eq!(of(&[(ScopeKind::Queue, "support")], &Slices::default()), None);
    }
}
