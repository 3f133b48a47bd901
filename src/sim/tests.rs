//! Claims about the simulated centre.

use super::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub(super) const SEED: u64 = 20_260_105;

pub(super) fn small(days: u32) -> Profile {
    Profile { days: Some(days), ..Profile::default() }
}

pub(super) fn parsed(emitted: &Emitted) -> Value {
    serde_json::from_str(&emitted.json).unwrap_or_else(|error| panic!("{error} in {}", emitted.json))
}

pub(super) fn text<'a>(event: &'a Value, name: &str) -> &'a str {
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
        let (family, _) = text(&event, "type").split_once('.').unwrap();
        let key = match family {
            "contact" | "ticket" => event["data"]["customer"].as_str().unwrap_or(text(&event["data"], family)),
            "rep" | "shift" | "review" | "certification" | "coaching" => text(&event["data"], "rep"),
            // Those name what they are about, and not its customer; figures are of no one.
            _ => continue,
        };
        assert_eq!(emitted.key, key, "{}", emitted.json);
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
        "survey.offered survey.answered review.scored complaint.logged rep.state shift.planned coaching.session",
        "certification.earned measure.reported",
    ] {
        what.split(' ').for_each(|what| assert!(counts.contains_key(what), "no {what}"));
    }
    let share = |part: &str, whole: &str| counts[part] as f64 / counts[whole] as f64;
    assert!((0.02..0.12).contains(&share("contact.abandoned", "contact.queued")));
    assert!(share("contact.retrieved", "contact.held") > 0.99);
    assert!((0.02..0.1).contains(&share("contact.left", "contact.queued")));
    // 24 reps with five shifts each, or four if they work weekends.
    assert!((108..=120).contains(&counts["shift.planned"]));
    assert!((1.0..4.0).contains(&(counts["review.scored"] as f64 / 24.0)), "reviews of a rep in a week");
    assert!((0.002..0.01).contains(&share("complaint.logged", "contact.answered")));
    // From 8 to 20 each day, each told when it is over, and the mystery shoppers of the month before.
    assert_eq!(counts["measure.reported"], 7 * 12 + 1);
}

#[test]
fn a_week_of_a_rep_has_the_shifts_breaks_coaching_and_training_that_are_planned() {
    const MINUTE: i64 = 60_000;
    let mut planned: HashMap<String, i64> = HashMap::new();
    let mut now_in: HashMap<String, (String, i64)> = HashMap::new();
    let mut spent: BTreeMap<(String, String), (u32, i64)> = BTreeMap::new();
    for emitted in Simulation::new(small(7), SEED) {
        let event = parsed(&emitted);
        let data = &event["data"];
        match text(&event, "type") {
            "shift.planned" => {
                let at = |name| chrono::DateTime::parse_from_rfc3339(text(data, name)).unwrap().timestamp_millis();
                *planned.entry(text(data, "rep").to_owned()).or_default() += at("to") - at("from");
            }
            "rep.state" => {
                let (rep, state) = (text(data, "rep").to_owned(), text(data, "state").to_owned());
                if let Some((state, since)) = now_in.insert(rep.clone(), (state, emitted.time)) {
                    let (times, time) = spent.entry((rep, state)).or_default();
                    *times += 1;
                    *time += emitted.time - since;
                }
            }
            _ => {}
        }
    }
    assert_eq!(planned.len(), 24);
    for (rep, planned) in planned {
        let of = |state: &str| spent.get(&(rep.clone(), state.to_owned())).copied().unwrap_or_default();
        let states = ["available", "on_contact", "wrap_up", "break", "training", "meeting"];
        let worked: i64 = states.iter().map(|state| of(state).1).sum();
        // Whoever has a contact when the shift ends finishes it.
        assert!((planned..planned + 120 * MINUTE).contains(&worked), "{rep} worked {worked} of {planned}");
        let shifts = (planned / (510 * MINUTE)) as u32;
        assert_eq!(of("break"), (shifts, 30 * MINUTE * i64::from(shifts)), "{rep}");
        // None on a day off.
        assert!([(0, 0), (1, 30 * MINUTE)].contains(&of("meeting")), "{rep} {:?}", of("meeting"));
        assert!([(0, 0), (1, 60 * MINUTE)].contains(&of("training")), "{rep} {:?}", of("training"));
    }
    assert!(spent.keys().filter(|(_, state)| state == "meeting").count() > 16);
}

#[test]
fn contacts_are_passed_on_in_every_way_and_mostly_it_is_said_whether_that_was_needed() {
    let mut kinds = BTreeMap::new();
    let (mut all, mut needed, mut unneeded, mut failed) = (0, 0, 0, 0);
    for emitted in Simulation::new(small(14), SEED) {
        let event = parsed(&emitted);
        if text(&event, "type") == "contact.transferred" {
            all += 1;
            *kinds.entry(text(&event["data"], "kind").to_owned()).or_insert(0) += 1;
            needed += i32::from(event["data"]["needed"] == true);
            unneeded += i32::from(event["data"]["needed"] == false);
            failed += i32::from(event["data"]["result"] == "failed");
        }
    }
    let kinds_seen: Vec<&str> = kinds.keys().map(String::as_str).collect();
    assert_eq!(kinds_seen, ["attended", "blind", "consult", "queue"]);
    let share = |n: i32| f64::from(n) / f64::from(all);
    assert!(all > 400, "{all}");
    assert!(
        (0.5..0.7).contains(&share(needed)) && (0.18..0.32).contains(&share(unneeded)),
        "{needed} {unneeded} {all}"
    );
    assert!((0.02..0.09).contains(&share(failed)), "{failed} of {all}");
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
            if let Some(id) = event["data"]["scope"]["department"].as_str() {
                assert!(roster.contains(&format!("  - {{ id: {id} }}")), "{id} of {}", emitted.json);
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
  hours: {mon-sun: ["08:00-20:00"]}
departments:
  - { id: service }
  - { id: commerce }
  - { id: orders }
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

#[test]
fn options_out_of_range_are_refused_with_their_name() {
    assert_eq!(Profile::default().check(), Ok(()));
    assert_eq!(erlang_profile(720.0, 240.0, 50, None).check(), Ok(()));
    assert_eq!(Disorder::default().check(), Ok(()));
    let field = |result: Result<(), OutOfRange>| result.unwrap_err().field;
    assert_eq!(field(Profile { reps: 0, ..Profile::default() }.check()), "reps");
    assert_eq!(field(Profile { chats: 1.5, ..Profile::default() }.check()), "chats");
    assert_eq!(field(Profile { talk_seconds: f64::NAN, ..Profile::default() }.check()), "talk_seconds");
    assert_eq!(field(Profile { contacts_per_day: Some(-1.0), ..Profile::default() }.check()), "contacts_per_day");
    let refusal = Disorder { late: 2.0, ..Disorder::default() }.check().unwrap_err().to_string();
    assert_eq!(refusal, "late of a simulation is 2, which is not between 0 and 1: give a value in that range");
}

#[test]
fn extreme_companies_run() {
    let quiet = Profile { contacts_per_day: Some(0.0), ..small(2) };
    let of_people = ["rep.state", "shift.planned", "coaching.session", "certification.earned", "measure.reported"];
    for emitted in Simulation::new(quiet, SEED) {
        assert!(of_people.contains(&text(&parsed(&emitted), "type")), "{}", emitted.json);
    }
    for profile in [
        Profile { reps: 1, queues: 1, ..small(2) },
        Profile { days: Some(0), ..small(0) },
        Profile { reps: 7, reps_per_team: 1, queues: 50, patience_seconds: None, ..small(2) },
        Profile { transfers: 1.0, missed: 1.0, exits: 1.0, ring_seconds: 0.0, ..small(1) },
        Profile { missed: 0.9, holds: 1.0, chats: 0.0, outbound: 1.0, lost_in_menu: 0.0, ..small(1) },
        Profile { start_hour: 12, zone: chrono_tz::America::Santiago, ..small(1) },
    ] {
        let simulation = Simulation::new(profile.clone(), SEED);
        let (start, end) = (simulation.start(), simulation.end());
        let events: Vec<Emitted> = simulation.collect();
        assert_eq!(events.is_empty(), profile.days == Some(0), "{profile:?}");
        assert!(events.is_sorted_by_key(|emitted| emitted.time));
        assert!(events.iter().all(|emitted| (start..end).contains(&emitted.time)));
        events.iter().for_each(|emitted| drop(parsed(emitted)));
    }
}

#[test]
fn a_simulation_without_end_goes_on() {
    let endless = Simulation::new(Profile { days: None, reps: 4, ..Profile::default() }, SEED);
    let days = endless.take(60_000).last().unwrap().time;
    let start = Simulation::new(Profile::default(), SEED).start();
    assert!(days - start > 20 * 86_400_000, "{days}");
}
