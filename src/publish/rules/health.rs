//! Alerts on goalkeeper itself.

use super::{FRESH, Options, Rule, runbook};
use crate::config::{Clock, Loaded};
use crate::domain::measure::short;
use crate::domain::target::Severity::{self, Critical, Warning};
use crate::domain::time::Span;

/// A checkpoint is old after so many times its interval, ...
const CHECKPOINTS_MISSED: i64 = 10;
/// ... but not before.
const CHECKPOINT_OLD: Span = Span::minutes(5);
/// Time may stand still for so long until a wall clock is believed, or longer if `rules.idle` is.
const PATIENCE: Span = Span::minutes(10);
/// This share of a bound is nearly all of it.
const NEARLY: f64 = 0.8;

/// An alert on goalkeeper itself: when it fires, and what it says then. `SEL` stands for the selector.
type Health<'a> = (&'static str, Severity, &'a str, &'a str, &'static str, &'static str);

/// All of them, the watchdog last.
pub(super) fn rules(loaded: &Loaded, options: &Options) -> Vec<Rule> {
    let config = &loaded.config;
    let settings = &config.settings;
    let checkpoint_old = CHECKPOINT_OLD.max(Span(config.state.checkpoint_interval.0 * CHECKPOINTS_MISSED)).0 / 1000;
    let checkpoint_old = format!("time() - (goalkeeper_checkpoint_timestamp_seconds{{SEL}} > 0) > {checkpoint_old}");
    let nearly_full = format!(
        "goalkeeper_unlisted_scopes{{SEL}} > {}\nor goalkeeper_live_records{{SEL}} > {}",
        (settings.unlisted_scopes as f64 * NEARLY).floor(),
        (settings.live_records as f64 * NEARLY).floor()
    );
    let figures_old = format!("time() - (goalkeeper_time_timestamp_seconds{{SEL}} > 0) > {FRESH}");
    let patience = short(settings.idle.max(PATIENCE));

    let mut all: Vec<Health<'_>> = vec![
        (
            "GoalkeeperAbsent",
            Critical,
            "5m",
            "absent(up{SEL})",
            "Prometheus knows no goalkeeper",
            "Nothing that is scraped matches the selector of these rules: no target is told while this lasts",
        ),
        (
            "GoalkeeperDown",
            Critical,
            "5m",
            "up{SEL} == 0",
            "goalkeeper cannot be scraped",
            "Prometheus gets no page from {{ $labels.instance }}: it is stopped, unreachable, or too slow",
        ),
        (
            "GoalkeeperNotReady",
            Warning,
            "15m",
            "goalkeeper_ready{SEL} == 0",
            "goalkeeper is not ready",
            "{{ $labels.instance }} has not read everything yet, or waits for Kafka or a topic: its /-/ready says why. \
             Figures and targets are held back after a start until it is ready",
        ),
        (
            "GoalkeeperKafkaUnreachable",
            Critical,
            "5m",
            "goalkeeper_kafka_reachable{SEL} == 0",
            "Kafka cannot be reached",
            "{{ $labels.instance }} gets no answer from Kafka: time stands still and figures are old",
        ),
        (
            "GoalkeeperTopicMissing",
            Warning,
            "10m",
            "goalkeeper_kafka_topic_missing{SEL} == 1",
            "A topic is not there",
            "Kafka has no topic {{ $labels.topic }}, which {{ $labels.instance }} is to read",
        ),
        (
            "GoalkeeperNoData",
            Warning,
            "15m",
            "sum by (job) (increase(goalkeeper_records_total{SEL}[1h])) == 0\n\
             and (\n  sum by (job) (increase(goalkeeper_records_total{SEL}[1h] offset 1w)) > 0\n  \
             or\n  sum by (job) (increase(goalkeeper_records_total{SEL}[1d])) == 0\n)",
            "No data comes in",
            "No record has come for an hour, in which there were some a week ago; or none has come for a day",
        ),
        (
            "GoalkeeperLagging",
            Warning,
            "10m",
            "sum without (topic, partition) (goalkeeper_kafka_lag_records{SEL}) > 10000\n\
             and\n  sum without (topic, partition) (goalkeeper_kafka_lag_records{SEL})\n  \
             >= sum without (topic, partition) (goalkeeper_kafka_lag_records{SEL} offset 5m)",
            "goalkeeper does not keep up",
            "{{ $labels.instance }} is {{ printf \"%.0f\" $value }} records behind, and they do not become fewer",
        ),
        (
            "GoalkeeperRefusals",
            Warning,
            "15m",
            "(\n  sum without (topic, partition, reason) (rate(goalkeeper_records_refused_total{SEL}[15m]))\n  \
             + sum without (topic, partition, reason) (rate(goalkeeper_events_refused_total{SEL}[15m]))\n)\n\
             / sum without (topic, partition) (rate(goalkeeper_records_total{SEL}[15m])) > 0.01",
            "Records are refused",
            "{{ $labels.instance }} refuses {{ printf \"%.3f\" $value | humanizePercentage }} of what comes in: figures \
             lack it",
        ),
        (
            "GoalkeeperNearlyFull",
            Warning,
            "5m",
            &nearly_full,
            "goalkeeper is nearly full",
            "{{ $labels.instance }} knows {{ printf \"%.0f\" $value }} unlisted names or live records, which is nearly \
             all that it takes; what comes beyond is refused",
        ),
        (
            "GoalkeeperFull",
            Critical,
            "0s",
            "sum without (topic, partition) (increase(goalkeeper_events_refused_total{reason=~\"crowded|full\",SEL}[15m])) > 0",
            "Events find no room",
            "{{ $labels.instance }} refuses events as {{ $labels.reason }}: rules.saturation is reached, and figures lack \
             them",
        ),
        (
            "GoalkeeperCheckpointOld",
            Warning,
            "5m",
            &checkpoint_old,
            "The last checkpoint is old",
            "{{ $labels.instance }} has written no state for {{ $value | humanizeDuration }}: so much is read again after \
             a crash",
        ),
        (
            "GoalkeeperCheckpointFailing",
            Warning,
            "0s",
            "increase(goalkeeper_checkpoint_failures_total{SEL}[10m]) > 0",
            "The disk refuses checkpoints",
            "{{ $labels.instance }} cannot write its state. Figures go on, and it tries again",
        ),
        (
            "GoalkeeperConservationBroken",
            Critical,
            "0s",
            "max_over_time(goalkeeper_conservation_broken{SEL}[15m]) == 1",
            "Figures may be wrong",
            "{{ $labels.instance }} finds that its {{ $labels.identity }} do not balance",
        ),
        (
            "GoalkeeperRecordsLost",
            Critical,
            "0s",
            // A gap that is found at the start is there in the first sample already.
            "increase(goalkeeper_kafka_gaps_total{SEL}[1h]) > 0\nor (\n  goalkeeper_kafka_gaps_total{SEL} > 0\n  \
             and on (job, instance) time() - process_start_time_seconds{SEL} < 3600\n)",
            "Kafka did not have what was to be read next",
            "In partition {{ $labels.partition }} of {{ $labels.topic }} there was a gap ({{ $labels.kind }}): figures lack \
             what was in it",
        ),
        (
            "GoalkeeperDeadLettersLost",
            Warning,
            "0s",
            "sum without (result) (increase(goalkeeper_dead_letters_total{result=~\"failed|dropped\",SEL}[15m])) > 0",
            "Copies of refused records are lost",
            "{{ $labels.instance }} could not copy {{ printf \"%.0f\" $value }} refused records to the topic of dead letters",
        ),
        (
            "GoalkeeperSeriesCapped",
            Warning,
            "5m",
            "goalkeeper_series_dropped{SEL} > 0",
            "Series are missing from the page of metrics",
            "{{ $labels.instance }} has {{ printf \"%.0f\" $value }} series more than server.series_limit allows",
        ),
        (
            "GoalkeeperReloadFailed",
            Warning,
            "1m",
            "goalkeeper_config_last_reload_successful{SEL} == 0",
            "The configuration has a problem",
            "{{ $labels.instance }} goes on with an older configuration: the files were wrong when it read them last",
        ),
        (
            "GoalkeeperClockDisbelieved",
            Warning,
            "5m",
            "goalkeeper_clock_disbelieved{SEL} == 1",
            "The wall clock is not believed",
            "The clock of {{ $labels.instance }} has jumped, or is far beyond what comes in: time goes on without it",
        ),
    ];
    // Where events tell the time, how old it is says nothing.
    if config.clock == Clock::Wall {
        all.push((
            "GoalkeeperFiguresOld",
            Warning,
            &patience,
            &figures_old,
            "Figures are old",
            "Figures of {{ $labels.instance }} are as of {{ $value | humanizeDuration }} ago: it waits for Kafka, or is \
             behind",
        ));
        all.push((
            "GoalkeeperEventsOld",
            Warning,
            "15m",
            "time() - max without (topic, partition) (goalkeeper_watermark_timestamp_seconds{SEL}) > 1800\n\
             and sum without (topic, partition) (rate(goalkeeper_records_total{SEL}[5m])) > 0",
            "What comes in is old",
            "Records come in, but the newest event that {{ $labels.instance }} knows is {{ $value | humanizeDuration }} \
             old: something before Kafka is late",
        ));
    }
    let rule = |(alert, severity, hold, expression, summary, description): Health<'_>| Rule {
        alert,
        expression: expression.replace("SEL", &options.selector),
        hold: hold.to_owned(),
        severity: Some(severity),
        labels: Vec::new(),
        annotations: annotations(options, alert, summary, description),
    };
    let watchdog = Rule {
        alert: "GoalkeeperWatchdog",
        expression: "vector(1)".to_owned(),
        hold: "0s".to_owned(),
        severity: None,
        labels: Vec::new(),
        annotations: annotations(
            options,
            "GoalkeeperWatchdog",
            "Alerts arrive",
            "This alert always fires. Whoever does not receive it would receive no other one either",
        ),
    };
    all.into_iter().map(rule).chain([watchdog]).collect()
}

fn annotations(options: &Options, alert: &str, summary: &str, description: &str) -> Vec<(&'static str, String)> {
    vec![
        ("summary", summary.to_owned()),
        ("description", description.to_owned()),
        ("runbook_url", runbook(options, alert)),
    ]
}
