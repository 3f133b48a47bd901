//! The catalogue of measures: every figure the program publishes, its formula and its edges, in one place.
//!
//! Names, help texts, the `definitions` command and DEFINITIONS.md come from here.

mod books;
mod chats;
mod contacts;
mod first_contact;
mod house;
mod judgements;
mod tickets;
mod time;
mod transfers;

use super::Definition;

/// The chapters of the catalogue, in the order of its documentation.
static CHAPTERS: [&[Definition]; 9] = [
    contacts::DEFINITIONS,
    transfers::DEFINITIONS,
    chats::DEFINITIONS,
    first_contact::DEFINITIONS,
    tickets::DEFINITIONS,
    judgements::DEFINITIONS,
    time::DEFINITIONS,
    house::DEFINITIONS,
    books::DEFINITIONS,
];

/// Every entry of the catalogue, in the order of its documentation.
pub fn catalogue() -> impl Iterator<Item = &'static Definition> {
    CHAPTERS.into_iter().flatten()
}
