//! Where events come from: files and Kafka, and the decoder of the vocabulary.

pub mod decode;
pub mod file;
mod json;
pub mod kafka;
mod names;
pub mod refusal;
pub mod schema;
mod wire;
