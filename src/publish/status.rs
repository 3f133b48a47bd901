//! How the daemon is doing, as the API shows it.

use serde::Serialize;
use std::collections::BTreeMap;

/// How the daemon is doing. Instants are RFC 3339, or `null` if it has not come to that yet.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Status {
    /// Of the program.
    pub version: String,
    /// Whether figures are complete and up to date.
    pub ready: bool,
    /// Why not.
    pub not_ready_because: Option<String>,
    /// T: how far time has come.
    pub time: Option<String>,
    /// Event time of the slowest partition that is not idle.
    pub low_watermark: Option<String>,
    /// What is read.
    pub partitions: Vec<PartitionStatus>,
    /// Records and events that were not taken since the process began, by reason.
    pub refused: BTreeMap<String, u64>,
    /// Live records.
    pub records: i64,
    /// Live records still to be booked under the roster and settings in force.
    pub records_to_book_anew: i64,
    /// What is on disk.
    pub state: StateStatus,
    /// The configuration.
    pub configuration: ConfigurationStatus,
}

/// One partition of a topic.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PartitionStatus {
    /// The topic.
    pub topic: String,
    /// The number of the partition.
    pub partition: i32,
    /// The greatest event time accepted from it.
    pub watermark: Option<String>,
    /// Kafka records that are still to be read, as far as known.
    pub lag: i64,
}

/// What is on disk.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StateStatus {
    /// Bytes of the state directory.
    pub bytes: u64,
    /// When the last checkpoint of this process was written.
    pub last_checkpoint: Option<String>,
    /// Bytes of that checkpoint.
    pub last_checkpoint_bytes: i64,
    /// Checkpoints that the disk refused since the process began.
    pub checkpoint_failures: u64,
}

/// The configuration.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ConfigurationStatus {
    /// When the one in force was read.
    pub last_reload: Option<String>,
    /// False if a later one has a problem and is therefore not in force.
    pub is_latest: bool,
}
