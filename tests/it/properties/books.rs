//! P4: every event of a partition is in one of the accounts. P5: panes are the sum of what is booked and closed.

use super::chance::Chance;
use super::{centre, for_seeds, history};
use goalkeeper::domain::engine::{Accounts, Engine, Input, Outcome, Refusal};
use goalkeeper::domain::roster::Roster;
use goalkeeper::domain::time::{DAY, HOUR, Instant, MINUTE, Span};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

#[test]
fn books_balance_at_every_moment_and_no_event_is_lost() {
    let told = Cell::new(0_u64);
    let taken = Cell::new(0_u64);
    let reasons: RefCell<BTreeMap<Refusal, u64>> = RefCell::default();
    for_seeds(30, |seed| {
        let mut chance = Chance::new(seed);
        let begin = history::begin(&mut chance);
        let days = chance.pick(&[2, 20, 60]);
        let mut settings = centre::settings(&mut chance);
        settings.lateness = Span(chance.pick(&[HOUR, DAY, 7 * DAY]));
        // Small bounds, so that records of every kind outgrow them.
        settings.saturation_ids = chance.pick(&[6, 1024]);
        settings.saturation_contacts = chance.pick(&[3, 200]);
        let roster = Arc::new(Roster::new(centre::roster(begin, days, &mut chance)));
        let engine = Engine::new(roster, Arc::new(settings.clone()));
        let mut engine = engine.with_room(centre::room(&mut chance));
        let partitions = ["0", "1", "2"].map(|name| engine.partition(name));
        let mut must: Vec<Accounts> = vec![Accounts::default(); partitions.len()];
        let mut events = history::history(seed, begin, days, 300);
        events.sort_by_cached_key(|event| event.time.0 + chance.below(settings.lateness.0 * 3 / 2));
        for (n, event) in events.into_iter().enumerate() {
            let lane = chance.below(3) as usize;
            let received = Instant(event.time.0 + chance.between(-6, 60) * MINUTE);
            let time = event.time;
            let received = Some(received).filter(|_| chance.per_cent(50));
            match engine.gather(Input::Event { partition: partitions[lane], received, event }) {
                Outcome::Applied => must[lane].applied += 1,
                Outcome::Unchanged => must[lane].unchanged += 1,
                Outcome::Refused(refusal) => *must[lane].refused.entry(refusal).or_default() += 1,
                Outcome::Done => panic!("an event is applied, unchanged or refused"),
            }
            assert_eq!(*engine.accounts(partitions[lane]), must[lane]);
            if chance.per_cent(15) {
                engine.gather(Input::Tick(time.plus(Span(chance.below(3 * HOUR)))));
            }
            if chance.per_cent(2) {
                reload(&mut engine, begin, days, &mut chance);
            }
            engine.gather(Input::Rebook(chance.below(10) as usize));
            if n % 8 == 0 {
                engine.flush();
                engine.check_books().expect("books balance");
            }
        }
        let mut now = engine.now().0;
        for step in [HOUR, DAY, 9 * DAY, 40 * DAY, 100 * DAY, 400 * DAY, 900 * DAY] {
            now += step;
            engine.gather(Input::Tick(Instant(now)));
            engine.flush();
            engine.check_books().expect("books balance while records and panes expire");
            if chance.per_cent(30) {
                reload(&mut engine, begin, days, &mut chance);
                engine.gather(Input::Rebook(50));
                engine.flush();
                engine.check_books().expect("books balance in the middle of a reload");
            }
        }
        for accounts in must {
            let refused: u64 = accounts.refused.values().sum();
            taken.set(taken.get() + accounts.applied + accounts.unchanged);
            told.set(told.get() + accounts.applied + accounts.unchanged + refused);
            for (reason, n) in accounts.refused {
                *reasons.borrow_mut().entry(reason).or_default() += n;
            }
        }
    });
    let share = 100 * taken.get() / told.get();
    println!("P4, P5: {} of {} events accepted ({share} %), refused {:?}", taken.get(), told.get(), reasons.borrow());
    assert!((50..=99).contains(&share), "{share} % accepted proves little");
    for reason in [Refusal::Late, Refusal::Future, Refusal::Saturated] {
        assert!(reasons.borrow().contains_key(&reason), "nothing was refused as {reason:?}");
    }
}

fn reload(engine: &mut Engine, begin: i64, days: i64, chance: &mut Chance) {
    if chance.per_cent(50) {
        engine.gather(Input::Roster(Arc::new(Roster::new(centre::roster(begin, days, chance)))));
    } else {
        let old = engine.settings().clone();
        let mut new = centre::settings(chance);
        (new.lateness, new.saturation_ids, new.saturation_contacts) =
            (old.lateness, old.saturation_ids, old.saturation_contacts);
        engine.gather(Input::Settings(Arc::new(new)));
    }
}
