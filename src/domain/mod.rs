//! The program itself, pure: no async, no I/O, no clock, no randomness, no logging, no serde.
//!
//! Events gather in records, records book amounts in panes, panes add up to windows. Time is an input like any other.

pub mod event;
pub mod measure;
pub mod quantity;
pub mod roster;
pub mod scope;
pub mod settings;
pub mod sketch;
pub mod time;
pub mod window;
