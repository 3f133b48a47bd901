//! A contact centre in a box: seeded, streaming, the same seed gives the same bytes.
//!
//! [`Simulation`] is a discrete-event model (arrivals, patience, queues, reps on shifts, tickets, surveys) and an
//! iterator of [`Emitted`] events in order of time. [`Disordered`] is a stage behind it that repeats, delays, corrects
//! and garbles events without changing what is true at the end. [`Flood`] makes plain events fast, for benchmarks.
//! Memory is bounded by what is open: contacts, tickets, surveys, customers who will call again, reps.

mod agenda;
mod calendar;
mod centre;
mod company;
mod contacts;
mod disorder;
mod flood;
mod judgements;
mod limits;
mod outbound;
mod people;
mod profile;
mod queueing;
mod random;
mod reported;
pub mod scenario;
mod scenario_files;
mod surveys;
mod talks;
mod tickets;
pub mod topic;
mod wire;

#[cfg(test)]
mod erlang_tests;
#[cfg(test)]
mod stream_tests;
#[cfg(test)]
mod tests;

pub use centre::Simulation;
pub use company::roster_yaml;
pub use disorder::{Disorder, Disordered};
pub use flood::{FLOOD_QUEUES, Flood, flood, flood_roster_yaml};
pub use limits::OutOfRange;
pub use profile::{Profile, Service, erlang_profile};

/// One message as a producer would send it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Emitted {
    /// The Kafka key: the customer if known, else the contact or ticket; for what is told of a rep, the rep.
    pub key: String,
    /// A structured CloudEvents 1.0 event, or junk if junk was asked for.
    pub json: String,
    /// The moment the thing happened, milliseconds since 1970.
    pub time: i64,
    /// The moment the message is sent, milliseconds since 1970, never falling from one message to the next. Equal to
    /// `time` unless the stream is disordered.
    pub sent: i64,
}

impl Emitted {
    /// The partition this message belongs to, of `partitions`: a fixed hash of the key, so that one customer's
    /// messages stay in order. 0 if there are no partitions.
    pub fn partition(&self, partitions: u32) -> u32 {
        // FNV-1a: stable across releases and machines, which the standard library's hasher does not promise.
        let hash = self
            .key
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        // Short keys leave the high bits of such a hash almost alike.
        let hash = random::mix(hash);
        u32::try_from(((hash >> 32) * u64::from(partitions)) >> 32).unwrap_or(0)
    }
}
