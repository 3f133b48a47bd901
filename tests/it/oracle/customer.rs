//! The contacts of one customer together: first-contact resolution.

use super::parts::Said;
use super::version::Key;
use super::{Ledger, Visit, World};
use std::collections::BTreeMap;

/// First-contact resolution: answered contacts whose window has passed; resolved if the customer did not come back.
pub fn first_contacts(visits: &[Visit], said: &BTreeMap<Key, Said>, world: World, ledger: &mut Ledger) {
    let window = world.settings.first_contact_window.0;
    for visit in visits.iter().filter(|visit| visit.answered && visit.first + window < world.now) {
        let came_back = visits.iter().any(|other| {
            let later = (other.first, &other.contact) > (visit.first, &visit.contact);
            later && other.first <= visit.first + window
        });
        let scopes = world.rep_side(&visit.credit, visit.first);
        ledger.said = said.get(&visit.contact).cloned();
        ledger.add(&scopes, "first_contacts", visit.first, 1);
        if !came_back {
            ledger.add(&scopes, "first_contacts_resolved", visit.first, 1);
        }
    }
}
