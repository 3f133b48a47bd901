//! What others see: metrics, the HTTP API, reports, the catalogue in words.

pub mod access;
pub mod board;
pub mod definitions;
pub mod door;
pub mod exposition;
pub mod question;
pub mod rows;
pub mod server;
pub mod targets;
pub mod view;
