//! Looks at what Kafka has: which of the topics are there, where reading of each partition begins or goes on, and what has
//! changed under it.

use super::gap::{Gap, Identity, resume};
use super::native::{self, Topic};
use super::news::{Batch, Notice, Opened, Partition, Place, Reached};
use super::{Reader, State};
use crate::config::OnGap;
use anyhow::anyhow;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::BTreeSet;
use std::time::{Duration, Instant as Monotonic};

/// How long the broker may take to answer a question.
const ANSWER: Duration = Duration::from_secs(10);
/// So often the broker may refuse an offset that it seems to have, before the log is taken for another one.
const REFUSALS: u32 = 3;

/// Why a look did not succeed.
pub(super) enum Trouble {
    /// Worth another attempt.
    Passing(String),
    /// Nothing will help but a person.
    Lasting(anyhow::Error),
}

/// What a look finds.
struct Seen {
    /// The topics that are meant and there, by name.
    topics: Vec<(String, Topic)>,
    /// The names and patterns that are not.
    missing: BTreeSet<String>,
}

impl Reader {
    /// Looks at the topics: begins to read partitions that are not read yet, and finds gaps.
    ///
    /// If the broker has `refused` an offset, it does not say of which partition, so the place in each is looked at. Where
    /// no gap can be seen they are asked for again, with the leader epochs of what was read; where that is refused too, a
    /// log has been cut and has grown again.
    pub(super) fn look(&mut self, refused: bool) -> Result<Vec<Notice>, Trouble> {
        let Seen { topics, missing } = self.topics()?;
        let is_rewritten = refused && self.refused >= REFUSALS;
        let (mut opened, mut closed, mut identities) = (Vec::new(), Vec::new(), Vec::new());
        let mut next_place = self.partitions.len();
        for (name, topic) in &topics {
            let identity = self.identity(topic);
            let before = self.positions.topics.get(name);
            let recreated = before.zip(identity.as_ref()).and_then(|(before, now)| now.gap_since(before));
            let identity = identity.map(|identity| identity.text());
            // The client may have given up a topic that was gone for a while.
            let is_back = self.missing.contains(name);
            for &number in &topic.partitions {
                let partition = Partition { topic: name.clone(), number };
                let is_read = self.places.contains_key(&partition);
                if is_read && recreated.is_none() && !refused && !is_back {
                    continue;
                }
                opened.push(self.open(partition, identity.clone(), next_place, recreated.clone(), is_rewritten)?);
                next_place += usize::from(!is_read);
            }
            if recreated.is_some() {
                let is_gone = |p: &&Partition| p.topic == *name && !topic.partitions.contains(&p.number);
                closed.extend(self.places.keys().filter(is_gone).cloned());
            }
            identities.extend(identity.map(|identity| (name.clone(), identity)));
        }
        let is_explained = !missing.is_empty() || opened.iter().any(|one| one.gap.is_some());
        self.refused = if refused && !is_explained { self.refused + 1 } else { 0 };
        self.stop_at_gaps(&opened)?;
        let mut news = Vec::new();
        if self.missing != missing {
            self.missing = missing;
            news.push(Notice::Missing(self.missing.clone()));
        }
        news.extend(self.close(closed)?);
        self.positions.topics.extend(identities);
        if !self.is_reachable {
            news.push(Notice::Batch(self.ends_again(&topics)?));
        }
        if !opened.is_empty() {
            self.assign(&opened)?;
            news.push(Notice::Opened(opened));
        }
        if !std::mem::replace(&mut self.is_reachable, true) {
            *self.consumer.context().heard() = None;
            news.push(Notice::Reachable);
        }
        Ok(news)
    }

    /// What was at its end before Kafka could not be reached may have grown meanwhile.
    fn ends_again(&mut self, there: &[(String, Topic)]) -> Result<Batch, Trouble> {
        let mut batch = Batch { name_resets: self.decoder.name_resets(), ..Batch::default() };
        let is_there =
            |p: &Partition| there.iter().any(|(name, topic)| *name == p.topic && topic.partitions.contains(&p.number));
        for (partition, &place) in self.places.iter().filter(|(partition, _)| is_there(partition)) {
            let Partition { topic, number } = partition;
            let known = native::known_end(&self.consumer, topic, *number);
            let watermarks = self.consumer.fetch_watermarks(topic, *number, ANSWER);
            let (_, end) = watermarks.map_err(|error| Trouble::Passing(format!("{partition}: {error}")))?;
            let state = &mut self.states[place];
            // Behind the last record there may be markers of transactions: only what is new counts.
            state.at_end &= known.is_some_and(|known| end <= known);
            batch.reached.push(Reached { partition: place, to: state.place, end, at_end: state.at_end });
        }
        Ok(batch)
    }

    /// Decides where reading of a partition begins or goes on. `recreated` is the gap to the topic that was read before,
    /// `is_rewritten` says that some log is another one where this cannot be seen; a new partition gets the place `fresh`.
    fn open(
        &self,
        partition: Partition,
        topic: Option<String>,
        fresh: usize,
        recreated: Option<Gap>,
        is_rewritten: bool,
    ) -> Result<Opened, Trouble> {
        let place = self.places.get(&partition).copied();
        let is_known_topic = self.positions.topics.contains_key(&partition.topic);
        let position = match place {
            Some(place) => Some(self.states[place].place),
            // A partition that was added to a topic begins at 0.
            None => self.stored(&partition).or(is_known_topic.then_some(Place { next: 0, epoch: -1 })),
        };
        let watermarks = self.consumer.fetch_watermarks(&partition.topic, partition.number, ANSWER);
        let (begin, end) = watermarks.map_err(|error| Trouble::Passing(format!("{partition}: {error}")))?;
        let next = position.map(|position| position.next);
        let rewritten = next.filter(|_| is_rewritten).map(|position| Gap::Rewritten { position });
        let (next, gap) = resume(next, begin, end, recreated.or(rewritten));
        let epoch = position.filter(|_| gap.is_none()).map_or(-1, |position| position.epoch);
        let from = Place { next, epoch };
        Ok(Opened { place: place.unwrap_or(fresh), partition, topic, from, gap, at_end: next >= end })
    }

    fn identity(&self, topic: &Topic) -> Option<Identity> {
        match &topic.id {
            Some(id) => Some(Identity::Topic(id.clone())),
            None => self.consumer.client().fetch_cluster_id(ANSWER).map(Identity::Cluster),
        }
    }

    /// Asks which of the topics that are meant are there.
    fn topics(&self) -> Result<Seen, Trouble> {
        let mut names = self.wanted.names.clone();
        let mut missing = BTreeSet::new();
        // Listing all topics may be much; without a pattern it is only asked who answers.
        let some = if self.wanted.has_patterns() { None } else { names.first().map(String::as_str) };
        let metadata = self.consumer.fetch_metadata(some, ANSWER);
        let metadata = metadata.map_err(|error| Trouble::Passing(format!("listing topics: {error}")))?;
        let brokers = || metadata.brokers().iter().map(|broker| broker.id());
        let broker = brokers().find(|id| *id == metadata.orig_broker_id()).or(brokers().next());
        let broker = broker.ok_or_else(|| Trouble::Passing("no broker is known".to_owned()))?;
        if self.wanted.has_patterns() {
            let listed = metadata.topics().iter().map(|topic| topic.name().to_owned());
            let matching: Vec<String> = listed.filter(|topic| self.wanted.matches(topic)).collect();
            missing.extend(self.wanted.idle_patterns(&matching));
            // A topic that is gone is missed only if it was not read to its end.
            let unread = self.places.iter().filter(|(_, place)| !self.states[**place].at_end);
            let unread = unread.map(|(partition, _)| partition.topic.clone());
            names.extend(matching.into_iter().chain(unread));
            names.sort();
            names.dedup();
        }
        let mut topics = Vec::new();
        let described = native::describe(&self.consumer, broker, &names, ANSWER);
        for described in described.map_err(|error| Trouble::Passing(format!("describing topics: {error}")))? {
            match described.topic {
                Ok(topic) => topics.push((described.name, topic)),
                Err(RDKafkaErrorCode::UnknownTopicOrPartition) => drop(missing.insert(described.name)),
                Err(error) => return Err(Trouble::Passing(format!("topic {}: {error}", described.name))),
            }
        }
        topics.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Seen { topics, missing })
    }

    fn stored(&self, partition: &Partition) -> Option<Place> {
        self.positions.partitions.get(&partition.to_string()).copied()
    }

    /// Ends the reading at gaps, if that is what the configuration says.
    fn stop_at_gaps(&self, opened: &[Opened]) -> Result<(), Trouble> {
        let mut gaps = opened.iter().filter_map(|one| Some((&one.partition, one.gap.as_ref()?)));
        let (OnGap::Stop, Some((partition, gap))) = (self.on_gap, gaps.next()) else { return Ok(()) };
        let more = match gaps.count() {
            0 => String::new(),
            n => format!(" (and {n} more partitions)"),
        };
        Err(Trouble::Lasting(anyhow!(
            "{partition}{more}: {gap}. With `kafka.on_gap: continue` goalkeeper goes on with what Kafka has, and keeps and \
             completes its figures; with an empty state directory it begins anew"
        )))
    }

    /// Lets go of partitions that their topic no longer has.
    fn close(&mut self, partitions: Vec<Partition>) -> Result<Option<Notice>, Trouble> {
        if partitions.is_empty() {
            return Ok(None);
        }
        let mut batch = Batch::default();
        let mut list = TopicPartitionList::new();
        for partition in partitions {
            list.add_partition(&partition.topic, partition.number);
            let to = Place { next: 0, epoch: -1 };
            self.positions.partitions.insert(partition.to_string(), to);
            if let Some(place) = self.places.remove(&partition) {
                batch.reached.push(Reached { partition: place, to, end: 0, at_end: true });
                self.states[place].at_end = true;
            }
        }
        self.consumer.incremental_unassign(&list).map_err(|error| Trouble::Lasting(error.into()))?;
        Ok(Some(Notice::Batch(batch)))
    }

    /// Lets the client read from where partitions are opened.
    fn assign(&mut self, opened: &[Opened]) -> Result<(), Trouble> {
        let mut again = TopicPartitionList::new();
        let mut list = TopicPartitionList::new();
        let mut to_validate = TopicPartitionList::new();
        for one in opened {
            let Partition { topic, number } = &one.partition;
            let added = list.add_partition_offset(topic, *number, Offset::Offset(one.from.next));
            added.map_err(|error| Trouble::Lasting(error.into()))?;
            if one.from.next > 0 && one.from.epoch >= 0 {
                let added = to_validate.add_partition_offset(topic, *number, Offset::Offset(one.from.next));
                added.map_err(|error| Trouble::Lasting(error.into()))?;
                native::set_leader_epoch(&mut to_validate, topic, *number, one.from.epoch);
            }
            let state = State { place: one.from, at_end: one.at_end, touched: false };
            match self.states.get_mut(one.place) {
                Some(known) => {
                    again.add_partition(topic, *number);
                    *known = state;
                }
                None => {
                    self.places.insert(one.partition.clone(), one.place);
                    self.partitions.push(one.partition.clone());
                    self.states.push(state);
                }
            }
        }
        let lasting = |error: KafkaError| Trouble::Lasting(error.into());
        if again.count() > 0 {
            self.consumer.incremental_unassign(&again).map_err(lasting)?;
        }
        self.consumer.incremental_assign(&list).map_err(lasting)?;
        self.validate(to_validate).map_err(|error| Trouble::Lasting(error.context("seeking in partitions")))
    }

    /// Lets the client ask the broker whether what was read before these places is still there. It does so for a seek, and
    /// not for an assignment.
    fn validate(&self, mut list: TopicPartitionList) -> anyhow::Result<()> {
        let given_up = Monotonic::now() + ANSWER;
        while list.count() > 0 {
            list = self.consumer.seek_partitions(list, ANSWER)?;
            match list.elements().iter().find_map(|element| element.error().err()) {
                None => break,
                // The client still puts the assignment into practice.
                Some(_) if Monotonic::now() < given_up => std::thread::sleep(Duration::from_millis(10)),
                Some(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
