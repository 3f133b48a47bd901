//! A broker and the reader of it: partitions that only grow, read in batches of any size, sometimes once more.

use super::chance::Chance;
use goalkeeper::domain::event::{Event, Name};
use goalkeeper::domain::settings::Settings;
use goalkeeper::domain::time::Instant;
use goalkeeper::ingest::decode::Decoded;
use goalkeeper::ingest::kafka::{Batch, Item, Opened, Partition, Place, Positions, Reached, Stamp};
use goalkeeper::ingest::refusal::{Reason, Refused};

const TOPIC: &str = "centre";

/// The log, and how far the daemon at work has been told of it.
#[derive(Default)]
pub struct Broker {
    partitions: Vec<Log>,
    /// Partitions that the daemon knows.
    opened: usize,
    /// Rises with each place that is told, as its leader epoch: so no two are alike.
    told: i32,
}

struct Log {
    messages: Vec<Message>,
    place: Place,
}

#[derive(Clone)]
struct Message {
    stamp: Stamp,
    what: Result<Decoded, Refused>,
}

impl Log {
    fn is_read(&self) -> bool {
        self.place.next == self.messages.len() as i64
    }
}

impl Broker {
    /// One more partition.
    pub fn add_partition(&mut self) {
        self.partitions.push(Log { messages: Vec::new(), place: Place { next: 0, epoch: 0 } });
    }

    /// How many partitions there are.
    pub fn partitions(&self) -> usize {
        self.partitions.len()
    }

    /// Appends an event; a producer that did not hear of it appends it once more.
    pub fn append(&mut self, event: &Event, now: Instant, chance: &mut Chance) {
        let at = chance.below(self.partitions.len() as i64) as usize;
        let what = match chance.below(30) {
            0 => Err(Refused::new(Reason::NotJson, "made up")),
            1 => Ok(Decoded::Ignored(Name::from("lunch.eaten"))),
            _ => Ok(Decoded::Event(event.clone())),
        };
        let is_event = matches!(what, Ok(Decoded::Event(_)));
        let messages = &mut self.partitions[at].messages;
        messages.push(Message { stamp: Stamp::Appended(now), what });
        if !is_event || chance.per_cent(10) {
            messages.push(Message { stamp: Stamp::Appended(now), what: Ok(Decoded::Event(event.clone())) });
        }
    }

    /// A new reader goes on from these positions.
    pub fn restart(&mut self, positions: &Positions) -> Vec<Opened> {
        self.opened = 0;
        for (number, log) in self.partitions.iter_mut().enumerate() {
            let place = positions.partitions.get(&name(number).to_string());
            log.place = place.copied().unwrap_or(Place { next: 0, epoch: 0 });
        }
        self.open_new()
    }

    /// What the reader tells of partitions that it has not told of yet.
    pub fn open_new(&mut self) -> Vec<Opened> {
        let first = std::mem::replace(&mut self.opened, self.partitions.len());
        (first..self.partitions.len()).map(|number| self.opening(number)).collect()
    }

    /// The reader goes back in a partition, as after a gap.
    pub fn go_back(&mut self, chance: &mut Chance) -> Option<Opened> {
        let number = chance.below(self.opened as i64) as usize;
        let place = &mut self.partitions[number].place;
        let next = chance.below(place.next);
        if next == place.next {
            return None;
        }
        self.told += 1;
        *place = Place { next, epoch: self.told };
        Some(self.opening(number))
    }

    fn opening(&self, number: usize) -> Opened {
        let log = &self.partitions[number];
        Opened {
            place: number,
            partition: name(number),
            topic: Some("id".to_owned()),
            from: log.place,
            gap: None,
            at_end: log.is_read(),
        }
    }

    /// The next batch: some of what is there, of some partitions.
    pub fn fetch(&mut self, chance: &mut Chance) -> Batch {
        let mut batch = Batch::default();
        for number in 0..self.opened {
            if chance.per_cent(40) {
                continue;
            }
            let log = &mut self.partitions[number];
            let from = log.place.next;
            let next = (from + 1 + chance.below(20)).min(log.messages.len() as i64);
            for offset in from..next {
                let Message { stamp, what } = log.messages[offset as usize].clone();
                batch.items.push(Item { partition: number, offset, stamp, what, original: None });
            }
            self.told += 1;
            log.place = Place { next, epoch: self.told };
            batch.reached.push(Reached {
                partition: number,
                to: log.place,
                end: log.messages.len() as i64,
                at_end: log.is_read(),
            });
        }
        batch
    }

    /// True if the daemon has been told everything.
    pub fn is_read(&self) -> bool {
        self.opened == self.partitions.len() && self.partitions.iter().all(Log::is_read)
    }

    /// How far the daemon at work has come in each partition.
    pub fn read(&self) -> Vec<Place> {
        self.partitions.iter().map(|log| log.place).collect()
    }

    /// What must have been accepted of the first messages of each partition, by the rules of lateness and future alone.
    pub fn accepted(&self, known: &[i64], settings: &Settings) -> Vec<(usize, Event)> {
        let mut accepted = Vec::new();
        for (number, (log, known)) in self.partitions.iter().zip(known).enumerate() {
            let mut reached = i64::MIN;
            for Message { stamp, what } in &log.messages[..*known as usize] {
                let (Ok(Decoded::Event(event)), Stamp::Appended(appended)) = (what, stamp) else { continue };
                let is_future = event.time.0 > appended.0 + settings.future.0;
                if !is_future && event.time.0 >= reached.saturating_sub(settings.lateness.0) {
                    reached = reached.max(event.time.0);
                    accepted.push((number, event.clone()));
                }
            }
        }
        accepted
    }

    /// Messages that hold an event.
    pub fn events(&self) -> usize {
        let messages = self.partitions.iter().flat_map(|log| &log.messages);
        messages.filter(|message| matches!(message.what, Ok(Decoded::Event(_)))).count()
    }
}

/// The partition of a number.
pub fn name(number: usize) -> Partition {
    Partition { topic: TOPIC.to_owned(), number: number as i32 }
}
