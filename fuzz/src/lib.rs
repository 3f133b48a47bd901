//! What each fuzz target does with the bytes that it is given: the program's own way in, and beside "nothing panics" what
//! must hold of whatever comes out. `tests/it/fuzz.rs` includes this file, and does the same with each committed corpus.

pub mod configuration;
pub mod decode;
pub mod query;
pub mod state;
