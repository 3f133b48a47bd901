//! How the daemon is doing: read from its own metrics, so that asking costs the engine nothing.

use crate::telemetry::Telemetry;
use goalkeeper::domain::time::Instant;
use goalkeeper::publish::status::{ConfigurationStatus, PartitionStatus, StateStatus, Status};
use prometheus::core::Collector;
use prometheus::proto::{Metric, MetricFamily};
use std::collections::BTreeMap;
use std::path::Path;

/// The status now. `directory` is that of the state.
pub(super) fn status(telemetry: &Telemetry, ready: &Result<(), String>, directory: &Path) -> Status {
    Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ready: ready.is_ok(),
        not_ready_because: ready.as_ref().err().cloned(),
        time: instant(telemetry.time.get()),
        low_watermark: instant(telemetry.low_watermark.get()),
        partitions: partitions(telemetry),
        refused: refused(telemetry),
        records: telemetry.live_records.get(),
        records_to_book_anew: telemetry.rebook_pending.get(),
        state: StateStatus {
            bytes: size(directory),
            last_checkpoint: instant(telemetry.checkpoint_time.get()),
            last_checkpoint_bytes: telemetry.checkpoint_size.get(),
            checkpoint_failures: telemetry.checkpoint_failures.get(),
        },
        configuration: ConfigurationStatus {
            last_reload: instant(telemetry.reload_time.get()),
            is_latest: telemetry.reload_successful.get() == 1,
        },
    }
}

/// Seconds since 1970 as RFC 3339; 0 is not yet.
fn instant(seconds: f64) -> Option<String> {
    (seconds != 0.0).then(|| Instant((seconds * 1000.0).round() as i64).to_rfc3339())
}

fn partitions(telemetry: &Telemetry) -> Vec<PartitionStatus> {
    let mut partitions: BTreeMap<(String, i32), PartitionStatus> = BTreeMap::new();
    let mut each = |families: Vec<MetricFamily>, note: fn(&mut PartitionStatus, f64)| {
        for metric in families.iter().flat_map(MetricFamily::get_metric) {
            let (topic, partition) = (label(metric, "topic"), label(metric, "partition").parse().unwrap_or_default());
            let empty = PartitionStatus { topic: topic.clone(), partition, ..PartitionStatus::default() };
            note(partitions.entry((topic, partition)).or_insert(empty), metric.get_gauge().get_value());
        }
    };
    // Each partition has a position from the start.
    each(telemetry.position.collect(), |_, _| {});
    each(telemetry.watermark.collect(), |partition, seconds| partition.watermark = instant(seconds));
    each(telemetry.lag.collect(), |partition, lag| partition.lag = lag as i64);
    partitions.into_values().collect()
}

/// Every reason for which anything was refused.
fn refused(telemetry: &Telemetry) -> BTreeMap<String, u64> {
    let mut refused = BTreeMap::new();
    let families = [telemetry.records_refused.collect(), telemetry.events_refused.collect()].concat();
    for metric in families.iter().flat_map(MetricFamily::get_metric) {
        *refused.entry(label(metric, "reason")).or_default() += metric.get_counter().get_value() as u64;
    }
    refused.retain(|_, n| *n > 0);
    refused
}

fn label(metric: &Metric, name: &str) -> String {
    let pair = metric.get_label().iter().find(|pair| pair.name() == name);
    pair.map(|pair| pair.value().to_owned()).unwrap_or_default()
}

fn size(directory: &Path) -> u64 {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
}
