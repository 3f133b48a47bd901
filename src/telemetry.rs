//! What the program tells of itself: every event accounted for, how far behind it is, and how it does.

use prometheus::{
    Gauge, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    core::Collector,
    proto::{MetricFamily, MetricType},
};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Metrics of the program itself; the figures of the contact centre are elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct Telemetry {
    registry: Registry,
    described: Vec<Described>,
    /// Kafka records read, by topic and partition: decoded + refused + ignored.
    pub(crate) records: IntCounterVec,
    /// Records that became an event.
    pub(crate) records_decoded: IntCounterVec,
    /// Records that could not be read, by reason.
    pub(crate) records_refused: IntCounterVec,
    /// Well-formed records that nothing counts, by reason and type.
    pub(crate) records_ignored: IntCounterVec,
    /// Events: applied + unchanged + refused.
    pub(crate) events: IntCounterVec,
    /// Events that told something new.
    pub(crate) events_applied: IntCounterVec,
    /// Events that were known already.
    pub(crate) events_unchanged: IntCounterVec,
    /// Events that were not taken, by reason.
    pub(crate) events_refused: IntCounterVec,
    /// Copies of refused records for the dead-letter topic, by what became of them.
    pub(crate) dead_letters: IntCounterVec,
    /// 1 for each identity that does not hold: something was lost or counted twice.
    pub(crate) conservation_broken: IntGaugeVec,
    /// Records between the position and the end of the partition, as far as known.
    pub(crate) lag: IntGaugeVec,
    /// The offset that is read next.
    pub(crate) position: IntGaugeVec,
    /// The offset that would be read next after a crash.
    pub(crate) checkpoint_position: IntGaugeVec,
    /// The greatest event time of each partition, in seconds since 1970.
    pub(crate) watermark: prometheus::GaugeVec,
    /// Records that Kafka had deleted before they were read.
    pub(crate) records_lost: IntCounterVec,
    /// Gaps between the position and what Kafka has, by kind.
    pub(crate) kafka_gaps: IntCounterVec,
    /// 1 for each topic or pattern that is configured and not there.
    pub(crate) kafka_topic_missing: IntGaugeVec,
    /// Troubles with Kafka that may pass.
    pub(crate) kafka_troubles: IntCounter,
    /// T in seconds since 1970.
    pub(crate) time: Gauge,
    /// The low watermark in seconds since 1970.
    pub(crate) low_watermark: Gauge,
    /// 1 if the wall clock is not believed and therefore not followed.
    pub(crate) clock_disbelieved: IntGauge,
    /// 1 if Kafka answers.
    pub(crate) kafka_reachable: IntGauge,
    /// 1 if figures are complete and up to date.
    pub(crate) ready: IntGauge,
    /// Live records.
    pub(crate) live_records: IntGauge,
    /// Bytes of the records in memory.
    pub(crate) record_bytes: IntGauge,
    /// Records fetched from disk.
    pub(crate) records_loaded: IntGauge,
    /// Paths that bookings name by number.
    pub(crate) paths: IntGauge,
    /// Scopes that the roster does not list.
    pub(crate) unlisted: IntGauge,
    /// Rows of panes in memory.
    pub(crate) pane_rows: IntGauge,
    /// Records whose books were closed.
    pub(crate) records_expired: IntGauge,
    /// Records that grew without end.
    pub(crate) records_saturated: IntGauge,
    /// Notes to records that take none any more.
    pub(crate) notes_undelivered: IntGauge,
    /// Amounts for panes that are gone.
    pub(crate) amounts_dropped: IntGauge,
    /// Records still to be booked under the roster and settings in force.
    pub(crate) rebook_pending: IntGauge,
    /// 1 if the configuration was read without a problem when it was read last.
    pub(crate) reload_successful: IntGauge,
    /// When the configuration in force was read, in seconds since 1970.
    pub(crate) reload_time: Gauge,
    /// Checkpoints on disk.
    pub(crate) checkpoints: IntCounter,
    /// Checkpoints that the disk refused.
    pub(crate) checkpoint_failures: IntCounter,
    /// Size of the last checkpoint in bytes.
    pub(crate) checkpoint_size: IntGauge,
    /// How long the last checkpoint took to write, in seconds.
    pub(crate) checkpoint_duration: Gauge,
    /// When the last checkpoint was written, in seconds since 1970.
    pub(crate) checkpoint_time: Gauge,
    /// How long the figures took to compute, in seconds.
    pub(crate) publish_duration: Gauge,
    pub(crate) judge_duration: Gauge,
    /// How long a page took to write, in seconds.
    pub(crate) render_duration: Gauge,
    /// Series of figures, by kind of scope.
    pub(crate) series: IntGaugeVec,
    /// Series of figures that did not fit, by kind of scope.
    pub(crate) series_dropped: IntGaugeVec,
    /// Slices that the scopes of the roster have.
    pub(crate) slices: IntGauge,
    /// The most slices that they may have.
    pub(crate) slices_limit: IntGauge,
    /// The most series of figures in all.
    pub(crate) series_limit: IntGauge,
    /// The most series of figures of each kind of scope.
    pub(crate) series_limit_of_kind: IntGauge,
    /// Times that the table of shared texts was full.
    pub(crate) name_table_resets: IntGauge,
    /// Connections that found no room.
    pub(crate) http_turned_away: IntCounter,
    /// Connections on which client and server did not agree on keys.
    pub(crate) http_greetings_failed: IntCounter,
    /// HTTP requests by handler and status.
    pub(crate) http_requests: IntCounterVec,
    /// How long HTTP requests took, by handler.
    pub(crate) http_duration: HistogramVec,
}

/// One metric in words.
#[derive(Clone, Debug)]
pub(crate) struct Described {
    /// The full name.
    pub(crate) name: String,
    /// `counter`, `gauge` or `histogram`.
    pub(crate) kind: &'static str,
    /// Names of labels.
    pub(crate) labels: Vec<String>,
    /// What it means.
    pub(crate) help: String,
}

/// The identity that bookings and panes are the same.
pub(crate) const BOOKS: &str = "books";

/// What is missing in the accounts of a partition.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unaccounted {
    /// Of what.
    pub(crate) identity: &'static str,
    /// Topic and number.
    pub(crate) partition: (String, String),
    /// How many more there are than accounts have.
    pub(crate) difference: i64,
}

const PARTITION: [&str; 2] = ["topic", "partition"];
const PARTITION_REASON: [&str; 3] = ["topic", "partition", "reason"];

impl Telemetry {
    /// All metrics at 0.
    ///
    /// # Errors
    /// If two of them have one name.
    pub(crate) fn new(version: &str, revision: &str, kafka: &str) -> prometheus::Result<Telemetry> {
        let roll = Roll::default();
        let r = &roll;
        #[cfg(target_os = "linux")]
        r.register(prometheus::process_collector::ProcessCollector::for_self())?;
        let build =
            IntGaugeVec::new(opts("build_info", "What runs; always 1."), &["version", "revision", "librdkafka"])?;
        build.with_label_values(&[version, revision, kafka]).set(1);
        r.register(build)?;
        Ok(Telemetry {
            records: counters(r, "records_total", "Kafka records read: decoded, refused and ignored.", &PARTITION)?,
            records_decoded: counters(r, "records_decoded_total", "Records that became an event.", &PARTITION)?,
            records_refused: counters(
                r,
                "records_refused_total",
                "Records that could not be read, by reason.",
                &PARTITION_REASON,
            )?,
            records_ignored: counters(
                r,
                "records_ignored_total",
                "Well-formed records of a type that the vocabulary does not know, by type.",
                &["topic", "partition", "event"],
            )?,
            events: counters(r, "events_total", "Events: applied, unchanged and refused.", &PARTITION)?,
            events_applied: counters(r, "events_applied_total", "Events that told something new.", &PARTITION)?,
            events_unchanged: counters(r, "events_unchanged_total", "Events that were known already.", &PARTITION)?,
            events_refused: counters(
                r,
                "events_refused_total",
                "Events that were not taken, by reason.",
                &PARTITION_REASON,
            )?,
            dead_letters: counters(
                r,
                "dead_letters_total",
                "Copies of refused records: delivered, failed (Kafka did not take it), dropped (too many were waiting).",
                &["result"],
            )?,
            conservation_broken: put(
                r,
                IntGaugeVec::new(
                    opts(
                        "conservation_broken",
                        "1 if not every record or event of a partition is accounted for, or bookings and panes differ.",
                    ),
                    &["identity"],
                )?,
            )?,
            lag: put(
                r,
                IntGaugeVec::new(
                    opts("kafka_lag_records", "Records between the position and the partition's end, as far as known."),
                    &PARTITION,
                )?,
            )?,
            position: put(
                r,
                IntGaugeVec::new(opts("kafka_position_offset", "Offset of the record that is read next."), &PARTITION)?,
            )?,
            checkpoint_position: put(
                r,
                IntGaugeVec::new(
                    opts("checkpoint_position_offset", "Offset from which reading would go on after a crash."),
                    &PARTITION,
                )?,
            )?,
            watermark: put(
                r,
                prometheus::GaugeVec::new(
                    opts("watermark_timestamp_seconds", "The greatest event time of the partition."),
                    &PARTITION,
                )?,
            )?,
            records_lost: counters(
                r,
                "kafka_records_lost_total",
                "Records that Kafka had deleted before they were read.",
                &PARTITION,
            )?,
            kafka_gaps: counters(
                r,
                "kafka_gaps_total",
                "Times that Kafka did not have what was to be read next, by kind.",
                &["topic", "partition", "kind"],
            )?,
            kafka_topic_missing: put(
                r,
                IntGaugeVec::new(
                    opts("kafka_topic_missing", "1: the topic is not there, or the pattern meets none."),
                    &["topic"],
                )?,
            )?,
            kafka_troubles: put(
                r,
                IntCounter::with_opts(opts("kafka_troubles_total", "Troubles with Kafka that may pass: see the log."))?,
            )?,
            time: float(r, "time_timestamp_seconds", "How far time has come: figures are as of this instant.")?,
            low_watermark: float(
                r,
                "low_watermark_timestamp_seconds",
                "Event time of the slowest partition that is not idle.",
            )?,
            clock_disbelieved: gauge(
                r,
                "clock_disbelieved",
                "1 if the wall clock is not followed: it has jumped, or was ahead of the records at the start.",
            )?,
            kafka_reachable: gauge(r, "kafka_reachable", "1 if Kafka answers; 0: see the log, or /-/ready.")?,
            ready: gauge(
                r,
                "ready",
                "1 if everything that was there at the start has been read and Kafka can be reached: /-/ready says why not.",
            )?,
            live_records: gauge(r, "live_records", "Contacts, tickets, surveys and customers that have not expired.")?,
            record_bytes: gauge(r, "record_memory_bytes", "Bytes of records in memory; the others lie on disk.")?,
            records_loaded: gauge(r, "loaded_records", "Records fetched from disk since the start.")?,
            paths: gauge(r, "paths", "Different ways through the scopes that live records were booked on.")?,
            unlisted: gauge(r, "unlisted_scopes", "Queues, reps and teams named that the roster does not list.")?,
            pane_rows: gauge(r, "pane_rows", "Rows of panes in memory.")?,
            records_expired: gauge(r, "closed_records", "Records whose books were closed since the start.")?,
            records_saturated: gauge(r, "saturated_records", "Records that grew without end since the start.")?,
            notes_undelivered: gauge(
                r,
                "undelivered_notes",
                "Notes to records that are saturated or closed, since the start.",
            )?,
            amounts_dropped: gauge(r, "dropped_deltas", "Deltas for panes that are gone since the start.")?,
            rebook_pending: gauge(
                r,
                "rebook_pending_records",
                "Records still to be booked under the roster and settings in force: until it is 0, figures mix both.",
            )?,
            reload_successful: gauge(
                r,
                "config_last_reload_successful",
                "1 if the configuration had no problem when it was read last; 0: an older one is in force.",
            )?,
            reload_time: float(
                r,
                "config_last_reload_success_timestamp_seconds",
                "When the configuration in force was read.",
            )?,
            checkpoints: put(r, IntCounter::with_opts(opts("checkpoints_total", "Checkpoints written."))?)?,
            checkpoint_failures: put(
                r,
                IntCounter::with_opts(opts("checkpoint_failures_total", "Checkpoints that the disk refused."))?,
            )?,
            checkpoint_size: gauge(r, "checkpoint_size_bytes", "Size of the last checkpoint.")?,
            checkpoint_duration: float(r, "checkpoint_duration_seconds", "Time to write the last checkpoint.")?,
            checkpoint_time: float(r, "checkpoint_timestamp_seconds", "When the last checkpoint was written.")?,
            judge_duration: float(r, "evaluation_duration_seconds", "Time to hold figures against targets last time.")?,
            publish_duration: float(r, "publish_duration_seconds", "Time to compute the figures last time.")?,
            render_duration: float(
                r,
                "render_duration_seconds",
                "Time to write and pack a page of metrics last time.",
            )?,
            series: put(
                r,
                IntGaugeVec::new(opts("series", "Series of figures, by kind of scope, on all pages."), &["scope"])?,
            )?,
            series_dropped: put(
                r,
                IntGaugeVec::new(
                    opts("series_dropped", "Series of scopes that have no room: see server.series_limit."),
                    &["scope"],
                )?,
            )?,
            slices: gauge(r, "slices", "Slices that the scopes of the roster have: see breakdowns.")?,
            slices_limit: gauge(r, "slices_limit", "The most slices that they may have: limits.slices.")?,
            series_limit: gauge(r, "series_limit", "The most series of figures in all: server.series_limit.")?,
            series_limit_of_kind: gauge(
                r,
                "series_limit_of_kind",
                "The most series of figures of each kind of scope: server.series_limit_of_kind.",
            )?,
            name_table_resets: gauge(r, "name_table_resets", "Times that the table of shared texts was full.")?,
            http_turned_away: put(
                r,
                IntCounter::with_opts(opts("http_connections_refused_total", "Connections closed at once: too many."))?,
            )?,
            http_greetings_failed: put(
                r,
                IntCounter::with_opts(opts(
                    "http_tls_handshakes_failed_total",
                    "Connections without TLS, or with a certificate that one of both sides does not trust.",
                ))?,
            )?,
            http_requests: counters(r, "http_requests_total", "HTTP requests answered.", &["handler", "code"])?,
            http_duration: put(
                r,
                HistogramVec::new(
                    HistogramOpts::from(opts("http_request_duration_seconds", "Time to answer HTTP requests."))
                        .buckets(vec![0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0]),
                    &["handler"],
                )?,
            )?,
            registry: roll.registry,
            described: roll.described.into_inner(),
        })
    }

    /// Partitions in which an identity does not hold: `records = decoded + refused + ignored`, or `events = applied +
    /// unchanged + refused`. To be called when a batch is counted to its end.
    pub(crate) fn unaccounted(&self) -> Vec<Unaccounted> {
        let records = [&self.records_decoded, &self.records_refused, &self.records_ignored];
        let events = [&self.events_applied, &self.events_unchanged, &self.events_refused];
        let identities = [("records", &self.records, records), ("events", &self.events, events)];
        let mut found = Vec::new();
        for (identity, whole, parts) in identities {
            let mut left = by_partition(whole);
            for (partition, n) in parts.into_iter().flat_map(by_partition) {
                *left.entry(partition).or_default() -= n;
            }
            let differing = left.into_iter().filter(|(_, difference)| *difference != 0);
            found.extend(differing.map(|(partition, difference)| Unaccounted { identity, partition, difference }));
        }
        found
    }

    /// Every metric in words.
    pub(crate) fn described(&self) -> &[Described] {
        &self.described
    }

    /// Everything as it is now.
    pub(crate) fn gather(&self) -> Vec<MetricFamily> {
        self.registry.gather()
    }
}

/// What a counter has for each topic and partition, whatever its other labels.
fn by_partition(counter: &IntCounterVec) -> BTreeMap<(String, String), i64> {
    let mut sums = BTreeMap::new();
    for metric in counter.collect().iter().flat_map(MetricFamily::get_metric) {
        let label = |name: &str| metric.get_label().iter().find(|pair| pair.name() == name).map(|pair| pair.value());
        let [topic, number] = PARTITION.map(|name| label(name).unwrap_or_default().to_owned());
        *sums.entry((topic, number)).or_default() += metric.get_counter().get_value() as i64;
    }
    sums
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace("goalkeeper")
}

/// Metrics while they are made, each of them described.
#[derive(Default)]
struct Roll {
    registry: Registry,
    described: RefCell<Vec<Described>>,
}

impl Roll {
    fn register(&self, collector: impl Collector + 'static) -> prometheus::Result<()> {
        let families = collector.collect();
        let kind = |name: &str| match families.iter().find(|family| family.name() == name) {
            Some(family) if family.get_field_type() == MetricType::COUNTER => "counter",
            Some(family) if family.get_field_type() == MetricType::HISTOGRAM => "histogram",
            _ => "gauge",
        };
        let described = collector.desc().into_iter().map(|desc| Described {
            name: desc.fq_name.clone(),
            kind: kind(&desc.fq_name),
            labels: desc.variable_labels.clone(),
            help: desc.help.clone(),
        });
        self.described.borrow_mut().extend(described);
        self.registry.register(Box::new(collector))
    }
}

fn put<C: Collector + Clone + 'static>(roll: &Roll, collector: C) -> prometheus::Result<C> {
    roll.register(collector.clone())?;
    Ok(collector)
}

fn counters(roll: &Roll, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntCounterVec> {
    put(roll, IntCounterVec::new(opts(name, help), labels)?)
}

fn gauge(roll: &Roll, name: &str, help: &str) -> prometheus::Result<IntGauge> {
    put(roll, IntGauge::with_opts(opts(name, help))?)
}

fn float(roll: &Roll, name: &str, help: &str) -> prometheus::Result<Gauge> {
    put(roll, Gauge::with_opts(opts(name, help))?)
}
