//! Claims about the faults of a stream, and about the flood.

use super::tests::{SEED, parsed, small, text};
use super::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The fields of an event that say when and about whom, once all versions are in: the greatest revision of each id,
/// retracted ones gone.
fn truth(events: impl Iterator<Item = Emitted>) -> (BTreeMap<String, Value>, u64) {
    let mut kept: BTreeMap<String, Value> = BTreeMap::new();
    let mut junk = 0;
    for emitted in events {
        let known = |event: &Value| {
            event["type"] != "contact.sneezed"
                && event["time"].as_str().is_some_and(|time| time.starts_with("20"))
                && event["data"].as_object().is_some_and(|data| !data.is_empty())
        };
        match serde_json::from_str::<Value>(&emitted.json).ok().filter(known) {
            None => junk += 1,
            Some(event) => {
                let rank = |event: &Value| (event["revision"].as_u64(), event["retracted"].as_bool());
                let place = kept.entry(text(&event, "id").to_owned()).or_default();
                if rank(&event) >= rank(place) {
                    *place = event;
                }
            }
        }
    }
    kept.retain(|_, event| event["retracted"] != true);
    kept.values_mut().for_each(|event| event.as_object_mut().map_or((), |fields| drop(fields.remove("revision"))));
    (kept, junk)
}

#[test]
fn faults_change_the_stream_but_not_what_is_true_at_its_end() {
    let disorder = Disorder {
        shuffle_within: Duration::from_secs(300),
        duplicates: 0.05,
        revisions: 0.05,
        late: 0.02,
        retractions: 0.05,
        malformed: 0.05,
        ..Disorder::default()
    };
    let plain: Vec<Emitted> = Simulation::new(small(3), SEED).collect();
    let faulty: Vec<Emitted> = Disordered::new(plain.clone().into_iter(), disorder.clone(), SEED).collect();
    let again: Vec<Emitted> = Disordered::new(plain.clone().into_iter(), disorder, SEED).collect();
    assert_eq!(faulty, again);
    assert!(faulty.is_sorted_by_key(|emitted| emitted.sent));
    assert!(faulty.len() as f64 > plain.len() as f64 * 1.2, "{} of {}", faulty.len(), plain.len());
    let late = faulty.iter().filter(|emitted| emitted.sent - emitted.time >= 3 * 3_600_000).count();
    assert!(late as f64 > plain.len() as f64 * 0.015, "{late} late of {}", plain.len());
    let (expected, no_junk) = truth(plain.into_iter());
    let (found, junk) = truth(faulty.into_iter());
    assert_eq!(no_junk, 0);
    assert!(junk as f64 > expected.len() as f64 * 0.03, "{junk} pieces of junk");
    assert!(expected == found, "the truth differs");
}

#[test]
fn no_faults_asked_for_leave_the_stream_as_it_is() {
    assert!(Disorder::default().is_none());
    let plain: Vec<Emitted> = Simulation::new(small(1), SEED).collect();
    let through: Vec<Emitted> = Disordered::new(plain.clone().into_iter(), Disorder::default(), SEED).collect();
    assert_eq!(plain, through);
}

#[test]
fn a_retraction_names_its_record_and_nothing_else_where_one_field_does() {
    let all = Disorder { retractions: 1.0, ..Disorder::default() };
    let mut retracted = 0;
    for emitted in Disordered::new(Simulation::new(small(1), SEED), all, SEED) {
        let event = parsed(&emitted);
        if event["retracted"] == true {
            retracted += 1;
            let fields = event["data"].as_object().unwrap().len();
            let named_by_several = ["certification.earned", "measure.reported"].contains(&text(&event, "type"));
            assert_eq!(fields > 1, named_by_several, "{}", emitted.json);
        }
    }
    assert!(retracted > 1_000);
}

#[test]
fn a_flood_has_four_events_of_one_size_for_each_contact_in_rough_order() {
    let events: Vec<Emitted> = flood(1_000, 20_000, SEED).collect();
    assert_eq!(events.len(), 80_000);
    let mut latest = 0;
    let mut reps = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for emitted in &events {
        assert_eq!(emitted.json.len(), 333, "{}", emitted.json);
        latest = latest.max(emitted.time);
        assert!(latest - emitted.time < 600_000, "{} before {latest}", emitted.time);
        let event = parsed(emitted);
        assert!(ids.insert(text(&event, "id").to_owned()));
        reps.extend(event["data"]["rep"].as_str().map(str::to_owned));
    }
    assert_eq!(reps.len(), 1_000);
    assert!(flood(1_000, 20_000, SEED).eq(events));
    let roster = flood_roster_yaml(1_000);
    assert!(reps.iter().all(|rep| roster.contains(&format!("id: {rep},"))));
}

#[test]
fn partitions_of_a_key_are_stable_and_even() {
    let mut sizes = [0_u32; 6];
    for emitted in flood(100, 6_000, SEED) {
        sizes[emitted.partition(6) as usize] += 1;
    }
    assert!(sizes.iter().all(|size| (3_000..5_000).contains(size)), "{sizes:?}");
    let of = |key: &str| Emitted { key: key.into(), json: String::new(), time: 0, sent: 0 }.partition(6);
    assert_eq!([of("c-1"), of("c-2"), of("ines")], [of("c-1"), of("c-2"), of("ines")]);
}
