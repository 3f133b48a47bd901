//! Claims about the simulated centre, its faults, and the flood.

use super::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

const SEED: u64 = 20_260_105;

fn small(days: u32) -> Profile {
    Profile { days: Some(days), rep_states: true, ..Profile::default() }
}

fn parsed(emitted: &Emitted) -> Value {
    serde_json::from_str(&emitted.json).unwrap_or_else(|error| panic!("{error} in {}", emitted.json))
}

fn text<'a>(event: &'a Value, name: &str) -> &'a str {
    event[name].as_str().unwrap_or_else(|| panic!("no {name} in {event}"))
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let run = |seed| Simulation::new(small(3), seed).collect::<Vec<_>>();
    assert_eq!(run(SEED), run(SEED));
    assert_ne!(run(SEED), run(SEED + 1));
}

#[test]
fn events_are_well_formed_in_order_and_inside_the_period() {
    let simulation = Simulation::new(small(7), SEED);
    let (start, end) = (simulation.start(), simulation.end());
    let mut last = start;
    let mut ids = BTreeSet::new();
    for emitted in simulation {
        assert!(last <= emitted.time && emitted.time < end, "{last} {end} {}", emitted.json);
        assert_eq!(emitted.sent, emitted.time);
        last = emitted.time;
        let event = parsed(&emitted);
        assert_eq!(event["specversion"], "1.0");
        let time = chrono::DateTime::parse_from_rfc3339(text(&event, "time")).unwrap();
        assert_eq!(time.timestamp_millis(), emitted.time);
        assert!(ids.insert(text(&event, "id").to_owned()), "twice: {}", emitted.json);
        let subject = ["survey", "contact", "ticket", "rep"].iter().find(|name| !event["data"][name].is_null());
        let own = text(&event["data"], subject.unwrap());
        let key = event["data"]["customer"].as_str().unwrap_or(own);
        let survey = event["type"].as_str().unwrap().starts_with("survey.");
        assert!(survey || emitted.key == key, "key {} of {}", emitted.key, emitted.json);
    }
    assert!(ids.len() > 20_000, "{} events", ids.len());
}

#[test]
fn a_week_shows_every_type_of_event_and_a_plausible_centre() {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for emitted in Simulation::new(small(7), SEED) {
        *counts.entry(text(&parsed(&emitted), "type").to_owned()).or_default() += 1;
    }
    println!("seed {SEED}: {counts:#?}");
    for what in [
        "contact.started contact.queued contact.offered contact.missed contact.answered contact.held",
        "contact.retrieved contact.abandoned contact.left contact.transferred contact.message contact.ended",
        "contact.wrapped ticket.created ticket.message ticket.assigned ticket.status ticket.deleted ticket.merged",
        "survey.offered survey.answered rep.state",
    ] {
        what.split(' ').for_each(|what| assert!(counts.contains_key(what), "no {what}"));
    }
    let share = |part: &str, whole: &str| counts[part] as f64 / counts[whole] as f64;
    assert!((0.02..0.12).contains(&share("contact.abandoned", "contact.queued")));
    assert!(share("contact.retrieved", "contact.held") > 0.99);
    assert!((0.02..0.1).contains(&share("contact.left", "contact.queued")));
}

#[test]
fn a_contact_waits_once_at_a_time_and_a_rep_has_one_contact_at_a_time() {
    let mut waiting: HashMap<String, String> = HashMap::new();
    let mut busy: HashMap<String, String> = HashMap::new();
    let mut answered = 0;
    for emitted in Simulation::new(small(5), SEED) {
        let event = parsed(&emitted);
        let (what, data) = (text(&event, "type"), &event["data"]);
        if !what.starts_with("contact.") {
            continue;
        }
        let contact = text(data, "contact").to_owned();
        let outbound = data["direction"] == "outbound";
        match what {
            "contact.queued" => {
                assert_eq!(waiting.insert(contact, text(data, "queue").to_owned()), None, "{}", emitted.json);
            }
            "contact.answered" => {
                let from = waiting.remove(&contact);
                assert_eq!(from.is_none(), outbound, "{}", emitted.json);
                assert_eq!(busy.insert(text(data, "rep").to_owned(), contact), None, "{}", emitted.json);
                answered += 1;
            }
            "contact.abandoned" => assert!(waiting.remove(&contact).is_some(), "{}", emitted.json),
            "contact.left" if data["reason"] != "closed" => {
                assert!(waiting.remove(&contact).is_some(), "{}", emitted.json);
            }
            "contact.ended" => assert!(!waiting.contains_key(&contact), "{}", emitted.json),
            "contact.wrapped" => {
                assert_eq!(busy.remove(text(data, "rep")), Some(contact), "{}", emitted.json);
            }
            _ => {}
        }
    }
    assert!(answered > 3_000, "{answered}");
    assert!(waiting.len() + busy.len() < 24, "left over at midnight: {waiting:?} {busy:?}");
}

#[test]
fn memory_is_bounded_by_what_is_open() {
    let mut simulation = Simulation::new(Profile { days: Some(28), ..Profile::default() }, SEED);
    let mut most = (0, 0, 0);
    let mut events = 0;
    while simulation.next().is_some() {
        let used = (simulation.contacts.used(), simulation.tickets.used(), simulation.surveys.used());
        most = (most.0.max(used.0), most.1.max(used.1), most.2.max(used.2));
        events += 1;
    }
    println!("seed {SEED}: {events} events, open at most {most:?} contacts, tickets, surveys");
    assert!(events > 100_000);
    // Tickets stay open for about six days of some 240 each.
    assert!(most.0 < 400 && most.1 < 3_000 && most.2 < 200, "{most:?}");
}

#[test]
fn the_roster_names_everybody_who_appears() {
    for profile in [small(2), Profile { reps: 100, queues: 40, ..small(1) }, Profile { reps: 3, queues: 9, ..small(1) }]
    {
        let roster = roster_yaml(&profile);
        for emitted in Simulation::new(profile, SEED) {
            let event = parsed(&emitted);
            for name in ["rep", "queue", "to_queue"] {
                if let Some(id) = event["data"][name].as_str() {
                    assert!(roster.contains(&format!("  - {{ id: {id}, team: ")), "{id} of {}", emitted.json);
                }
            }
        }
    }
}

#[test]
fn the_roster_of_the_default_company_reads_like_this() {
    let profile = Profile { reps: 5, reps_per_team: 2, queues: 4, ..Profile::default() };
    let expected = r#"company:
  id: "acme"
  zone: Europe/Oslo
departments:
  - { id: service }
  - { id: commerce }
teams:
  - { id: team-support-1, department: service }
  - { id: team-billing-1, department: service }
  - { id: team-sales-1, department: commerce }
queues:
  - { id: support, team: team-support-1 }
  - { id: billing, team: team-billing-1 }
  - { id: sales, team: team-sales-1 }
  - { id: technical, team: team-support-1 }
reps:
  - { id: ines, team: team-support-1 }
  - { id: omar, team: team-support-1 }
  - { id: lena, team: team-billing-1 }
  - { id: yusuf, team: team-billing-1 }
  - { id: maja, team: team-sales-1 }
"#;
    assert_eq!(roster_yaml(&profile), expected);
}

#[test]
fn texts_with_quotes_and_control_characters_stay_json() {
    let source = "/pbx/\"oslo\"\\\u{1}\u{1f}\næ";
    let profile = Profile { source: source.into(), company: "a \"b\"".into(), ..small(1) };
    assert!(roster_yaml(&profile).contains(r#"id: "a \"b\"""#));
    let first = Simulation::new(profile, SEED).next().unwrap();
    assert_eq!(text(&parsed(&first), "source"), source);
}

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
fn a_retraction_names_its_record_and_nothing_else() {
    let all = Disorder { retractions: 1.0, ..Disorder::default() };
    let mut retracted = 0;
    for emitted in Disordered::new(Simulation::new(small(1), SEED), all, SEED) {
        let event = parsed(&emitted);
        if event["retracted"] == true {
            retracted += 1;
            assert_eq!(event["data"].as_object().unwrap().len(), 1, "{}", emitted.json);
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
