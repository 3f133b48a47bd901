//! Every metric in words: what `goalkeeper definitions --metrics` prints, and docs/metrics.md.

use super::family::Family;
use super::targets;
use super::view::{families, families_of_windows};
use crate::domain::scope::ScopeKind;
use crate::domain::settings::Settings;
use crate::domain::window::Window;
use std::fmt::Write;

/// A metric of the program itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Described {
    /// The full name.
    pub name: String,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// Names of labels.
    pub labels: Vec<String>,
    /// What it means.
    pub help: String,
}

/// The same family of several kinds of scope, named with `SCOPE`.
struct Entry {
    described: Described,
    kinds: Vec<ScopeKind>,
}

const INTRODUCTION: &str = "\
# Metrics

Every family at /metrics, under the default settings. This page is printed by `goalkeeper definitions --metrics`; a test
compares the two. [DEFINITIONS.md](../DEFINITIONS.md) says how each measure is defined.

- `SCOPE` in a name stands for each kind of scope named under *of*, and is the name of the label with its id too:
  `goalkeeper_queue_answered_total{queue=\"support\"}`. Every scope of the roster is there from the start, others as long as
  they have figures. Series of single reps exist with `server.reps: true` only, and with `server.reps_listen` on a page of
  their own.
- Where figures are broken down (`breakdowns`), each slice has the families under *Windows*, and who waits, once more, with
  `_by_` and what is broken down by behind the scope: `goalkeeper_queue_by_channel_window_offered{queue=\"support\",
  channel=\"chat\",window=\"1h\"}`. They are families of their own, so that a sum over scopes counts nothing twice.
- A scope or slice has room for all its series or for none: see `server.series_limit` and `goalkeeper_series_dropped`.
- Counters and histograms begin at 0 with the process. What is taken back because more was learned (a correction, a late
  event, another roster) is counted in the twin with `_retracted`: the difference of the two is what holds.
- Buckets of histograms are exact: at each configured threshold (`measures.wait_thresholds`, `service_level.threshold`,
  `short_abandon`, `response_thresholds`, `resolution_thresholds`), and between them at powers of two of a millisecond. A
  threshold that a queue has of its own is in `answered_in_time` and `abandoned_in_time`, not in its buckets. What was booked
  before a threshold came into force and has expired since is not parted by it. Reps have sums and counts instead.
- What stands now (`waiting_now`) is a gauge without a window; it exists once everything that was there at the start has
  been read.
- Window gauges exist once everything that was there at the start has been read, for each of `windows`. No data is not
  zero: a ratio or mean of nothing is absent. `_numerator` and `_sample` are its halves: value = numerator / sample; for
  `nps` 100 times that. `goalkeeper_window_start_timestamp_seconds` says what \"day\" means, in the zone that
  `goalkeeper_SCOPE_info` names.
- Of targets `_UNIT` stands for `_ratio`, `_seconds`, `_points`, `_per_thousand`, `_per_hour`, `_number`, and nothing where
  the measure is a count or a mean; `team` is there for reps, queues and teams. docs/targets.md says what each state
  means.
- `20s`, `60s`, `4h`, `24h` in names stand for each threshold of `measures`.
";

/// All metrics as Markdown; `own` are those of the program itself.
pub fn markdown(windows: &[Window], own: &[Described]) -> String {
    let entries = entries(windows);
    let is_window = |entry: &&Entry| entry.described.name.contains("_SCOPE_window_");
    let is_flow = |entry: &&Entry| entry.described.kind != "gauge";
    let mut text = INTRODUCTION.to_owned();
    let scopes = |kinds: &[ScopeKind]| match kinds.len() {
        5 => "all".to_owned(),
        _ => kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", "),
    };
    let mut table = |title: &str, rows: Vec<(&Described, String)>| {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "\n## {title}\n\n| metric | type | labels | unit | of | meaning |\n|---|---|---|---|---|---|"
        );
        for (Described { name, kind, labels, help }, of) in rows {
            let _ = writeln!(text, "| `{name}` | {kind} | {} | {} | {of} | {help} |", labels.join(", "), unit(name));
        }
    };
    let of_scopes = |wanted: &dyn Fn(&&Entry) -> bool| -> Vec<(&Described, String)> {
        entries.iter().filter(wanted).map(|entry| (&entry.described, scopes(&entry.kinds))).collect()
    };
    table("Now", of_scopes(&|entry| !is_window(entry) && !is_flow(entry)));
    table("Since the process began", of_scopes(&|entry| is_flow(entry)));
    table("Windows", of_scopes(&|entry| is_window(entry)));
    let bounds: Vec<Described> =
        families_of_windows().iter().map(|family| described(family, &["scope", "window", "zone"])).collect();
    table("Bounds of windows", bounds.iter().map(|one| (one, "all".to_owned())).collect());
    let targets: Vec<Described> = targets::families().unwrap_or_default().iter().map(of_target).collect();
    table("Targets", targets.iter().map(|one| (one, "whom the target means".to_owned())).collect());
    let mut own: Vec<&Described> = own.iter().collect();
    own.sort_unstable();
    table("The program itself", own.into_iter().map(|one| (one, String::new())).collect());
    text
}

fn entries(windows: &[Window]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for (kind, families) in families(&Settings::default(), windows) {
        for family in &families {
            let mut described = described(family, &["SCOPE"]);
            described.name = described.name.replacen(&format!("_{}_", kind.name()), "_SCOPE_", 1);
            match entries.iter_mut().find(|entry| entry.described.name == described.name) {
                Some(entry) => entry.kinds.push(kind),
                None => entries.push(Entry { described, kinds: vec![kind] }),
            }
        }
    }
    entries
}

/// The labels of a target's family are those of its one series.
fn of_target(family: &Family) -> Described {
    let labels: Vec<&str> = family
        .heads
        .iter()
        .flat_map(|head| head.split(','))
        .filter_map(|label| Some(label.split_once('=')?.0))
        .collect();
    let mut described = described(family, &labels);
    if let Some(name) = described.name.strip_suffix("_ratio") {
        described.name = format!("{name}_UNIT");
    }
    described
}

fn described(family: &Family, labels: &[&str]) -> Described {
    let mut labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
    labels.extend(family.tails.first().and_then(|tail| tail.label).map(str::to_owned));
    let name = format!("{}{}", family.name, family.kind.suffix());
    Described { name, kind: family.kind.name(), labels, help: family.help.clone() }
}

fn unit(name: &str) -> &'static str {
    let name = name.trim_end_matches("_total");
    let units = [
        ("_timestamp_seconds", "seconds since 1970"),
        ("_per_thousand", "per 1,000"),
        ("_per_hour", "per hour"),
        ("_seconds", "seconds"),
        ("_bytes", "bytes"),
        ("_ratio", "0 to 1"),
        ("_UNIT", "of the measure"),
        ("_nps", "-100 to 100"),
        ("_info", ""),
    ];
    units.iter().find(|(end, _)| name.ends_with(end)).map_or("count", |(_, unit)| unit)
}
