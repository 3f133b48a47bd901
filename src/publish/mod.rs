//! What others see: metrics, the HTTP API, reports, the catalogue in words.

pub mod board;
pub mod board_api;
pub mod definitions;
pub mod door;
pub mod exposition;
pub mod question;
pub mod rows;
pub mod server;
pub mod targets;
pub mod tiles;
pub mod view;
pub mod wallboard;
