//! What the daemon notices by itself: books that do not balance, events that are lost, a wall clock that jumps.

use super::super::{Daemon, restore};
use super::centre;
use super::chance::Chance;
use super::disk::Disk;
use super::history;
use super::world::World;
use crate::app::mail::Mail;
use crate::telemetry::{BOOKS, Telemetry};
use goalkeeper::config::Config;
use goalkeeper::domain::pane::Digests;
use goalkeeper::domain::time::{DAY, HOUR, Instant, MINUTE};
use goalkeeper::ingest::decode::Decoded;
use goalkeeper::ingest::kafka::{Batch, Item, Notice, Opened, Partition, Place, Reached, Stamp};
use goalkeeper::store::Store;

/// A daemon that has read the events of a day, each when it happened.
struct Scene {
    world: World,
    daemon: Daemon<World>,
    offset: i64,
}

impl Scene {
    fn new() -> Scene {
        let mut chance = Chance::new(7);
        let begin = history::begin(&mut chance);
        let config = Config { settings: centre::settings(&mut chance), ..Config::default() };
        let (world, disk) = (World::new(begin), Disk::default());
        let medium = disk.clone();
        let store = Store::on(move || medium.clone()).expect("there is memory");
        let roster = centre::roster(begin, 1, &mut chance);
        let (engine, positions, in_force) = restore(&store, &config, roster).expect("nothing is there");
        let telemetry = Telemetry::new("0", "simulated", "none").expect("metrics have different names");
        let mut daemon = Daemon::new(engine, config, in_force, positions, telemetry, world.clone());
        let place = Place { next: 0, epoch: 0 };
        let partition = Partition { topic: "centre".to_owned(), number: 0 };
        let opened = Opened { place: 0, partition, topic: None, from: place, gap: None, at_end: true };
        daemon.take(Mail::Reader(Notice::Opened(vec![opened])));
        let mut scene = Scene { world, daemon, offset: 0 };
        let mut events = history::history(7, begin, 1, 100);
        events.sort_by_key(|event| event.time);
        events.retain(|event| event.time.0 < begin + DAY);
        for event in events {
            let passes = event.time.0 - scene.world.now().0;
            scene.world.state().elapsed += passes.max(0);
            scene.read(Decoded::Event(event));
        }
        scene
    }

    fn read(&mut self, what: Decoded) {
        let stamp = Stamp::Created(self.world.now());
        let item = Item { partition: 0, offset: self.offset, stamp, what: Ok(what), original: None };
        self.offset += 1;
        let to = Place { next: self.offset, epoch: 0 };
        let reached = Reached { partition: 0, to, end: self.offset, at_end: true };
        let batch = Batch { items: vec![item], reached: vec![reached], name_resets: 0 };
        self.daemon.take(Mail::Reader(Notice::Batch(batch)));
    }

    fn is_broken(&self, identity: &str) -> bool {
        self.daemon.telemetry.conservation_broken.with_label_values(&[identity]).get() == 1
    }

    fn cut(&mut self) {
        self.world.state().handed = None;
        self.daemon.cut();
    }
}

#[test]
fn books_that_do_not_balance_are_told_at_the_next_checkpoint() {
    let mut scene = Scene::new();
    scene.cut();
    assert!(!scene.is_broken(BOOKS));
    let (now, right) = (scene.daemon.engine.now(), scene.daemon.engine.panes().digests());
    let wrong = Digests { rows: right.rows + 1, ..right };
    scene.daemon.engine.parts_to_store().1.restored(now, wrong);
    scene.cut();
    assert!(scene.is_broken(BOOKS));
    // And it is told when all is well again.
    scene.daemon.engine.parts_to_store().1.restored(now, right);
    scene.cut();
    assert!(!scene.is_broken(BOOKS));
}

#[test]
fn a_record_that_is_in_no_account_is_noticed() {
    let mut scene = Scene::new();
    scene.daemon.take(Mail::Tick);
    assert!(!scene.is_broken("records") && !scene.is_broken("events"));
    scene.daemon.telemetry.records.with_label_values(&["centre", "0"]).inc();
    scene.daemon.take(Mail::Tick);
    assert!(scene.is_broken("records") && !scene.is_broken("events"));
    scene.daemon.telemetry.events_unchanged.with_label_values(&["centre", "0"]).inc();
    scene.daemon.take(Mail::Tick);
    assert!(scene.is_broken("events"));
}

#[test]
fn a_wall_clock_that_jumps_by_hours_or_a_year_moves_nothing() {
    let (mut jumping, mut steady) = (Scene::new(), Scene::new());
    assert!(jumping.daemon.clock.is_proven());
    let again = history::history(8, jumping.world.now().0, 1, 40);
    let first = again.iter().map(|event| event.time.0).min().expect("there are some");
    let by = [2 * HOUR, -2 * HOUR, 30 * HOUR, -30 * HOUR, 366 * DAY, -366 * DAY, i64::MIN / 4, 0];
    for (n, event) in again.into_iter().enumerate() {
        let wrong_by = by[n % by.len()];
        jumping.world.state().wrong_by = wrong_by;
        for scene in [&mut jumping, &mut steady] {
            let passes = event.time.0 - first + n as i64 * MINUTE;
            scene.world.state().elapsed += passes.clamp(MINUTE, 10 * MINUTE);
            scene.daemon.take(Mail::Tick);
            scene.read(Decoded::Event(event.clone()));
            assert_eq!(scene.daemon.engine.now(), scene.world.now());
        }
    }
    let totals = |scene: &Scene| scene.daemon.engine.records().totals();
    assert_eq!(totals(&jumping), totals(&steady));
    assert_eq!(jumping.daemon.engine.export(), steady.daemon.engine.export());
    let refused =
        |scene: &Scene, reason| scene.daemon.telemetry.events_refused.with_label_values(&["centre", "0", reason]).get();
    for reason in ["future", "late", "expired"] {
        assert_eq!(refused(&jumping, reason), refused(&steady, reason));
    }
}

#[test]
fn a_wall_clock_that_is_set_back_by_less_than_an_hour_makes_nothing_current_a_thing_of_the_future() {
    let mut scene = Scene::new();
    assert!(scene.daemon.clock.is_proven());
    let future =
        |scene: &Scene| scene.daemon.telemetry.events_refused.with_label_values(&["centre", "0", "future"]).get();
    let mut again = history::history(8, scene.world.now().0, 1, 40);
    again.sort_by_key(|event| event.time);
    let before = future(&scene);
    for (n, mut event) in again.into_iter().enumerate() {
        scene.world.state().elapsed += MINUTE;
        scene.world.state().wrong_by = [-6 * MINUTE, -30 * MINUTE, -59 * MINUTE, 0][n % 4];
        event.time = scene.world.now();
        scene.read(Decoded::Event(event.clone()));
        assert_eq!(future(&scene), before, "event {n}");
        // Time itself never goes back, and never ahead of the clock.
        assert!(scene.daemon.engine.now() <= scene.world.now());
        if n == 9 {
            event.time = Instant(scene.world.now().0 + 6 * MINUTE);
            scene.read(Decoded::Event(event));
            assert_eq!(future(&scene), before + 1, "what is truly ahead is refused");
            break;
        }
    }
    assert_eq!(future(&scene), before + 1);
}
