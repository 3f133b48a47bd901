//! A real store in memory beside a run, so that records leave memory, come back, and survive restarts.

use super::centre;
use super::chance::Chance;
use goalkeeper::domain::engine::Engine;
use goalkeeper::domain::roster::Roster;
use goalkeeper::domain::settings::Settings;
use goalkeeper::store::{Checkpoint, InForce, Logs, Store};
use std::collections::BTreeMap;
use std::sync::Arc;

pub struct Disk(Store);

impl Disk {
    /// An engine that has this disk, and little room beside it.
    pub fn engine(roster: Arc<Roster>, settings: Arc<Settings>, chance: &mut Chance) -> (Engine, Disk) {
        let disk = Disk(Store::in_memory().expect("there is memory"));
        let mut engine = Engine::new(roster, settings).with_room(centre::room(chance));
        disk.0.lend_to(&mut engine);
        (engine, disk)
    }

    /// Sometimes writes a checkpoint, and then sometimes begins again from it.
    pub fn perhaps(&self, engine: &mut Engine, chance: &mut Chance) {
        if !chance.per_cent(5) {
            return;
        }
        let checkpoint = Checkpoint::cut(engine, BTreeMap::new(), Logs::default(), InForce::default());
        self.0.write(&checkpoint).expect("memory takes it");
        engine.written();
        if chance.per_cent(30) {
            let saved = self.0.saved().expect("it can be read").expect("a checkpoint was written");
            let mut next = Engine::new(engine.roster().clone(), engine.settings().clone());
            next = next.with_room(centre::room(chance));
            self.0.restore(&mut next, saved.position).expect("it can be read");
            self.0.read_all(|problem| panic!("{problem}")).expect("it can be read");
            next.audit(true, |problem| panic!("{problem}"));
            *engine = next;
        }
    }
}
