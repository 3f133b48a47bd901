//! What others see: metrics, the HTTP API, reports, the catalogue in words.

pub mod definitions;
pub mod question;
pub mod rows;
