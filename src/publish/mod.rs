//! What others see: metrics, the HTTP API, reports, the catalogue in words.

pub mod access;
pub mod answer;
pub mod board;
pub mod board_api;
pub mod definitions;
pub mod door;
pub mod exposition;
pub mod facts;
pub mod family;
pub mod promql;
pub mod question;
pub mod reference;
pub mod rows;
pub mod rules;
pub mod server;
pub mod status;
pub mod targets;
pub mod tiles;
pub mod view;
pub mod wallboard;
