//! The program itself, pure: no async, no I/O, no clock, no randomness, no logging, no serde.
//!
//! Events gather in records, records book amounts in panes, panes add up to windows. Time is an input like any other.
//! Files in the order of the flow:
//!
//! - [`time`], [`event`]: what is told, and when it happened;
//! - [`record`], `slots`, [`records`]: what is known of one contact, ticket, survey, customer; and all of them;
//! - `pack`, `paths`, `storage`: how records lie in memory and on disk;
//! - `contact`, `ticket`, `survey`, `customer`, [`contribution`]: what a record stands for at T;
//! - [`quantity`], [`amounts`], [`booking`]: what is added up, and the deltas that are all that panes ever see;
//! - [`scope`], [`slice`], [`roster`], [`schedule`], [`settings`]: for whom and how it counts;
//! - `batch`, `digest`, [`pane`], [`sketch`], [`window`], [`times`], [`measure`], [`flow`]: what amounts add up to, and
//!   what is made of them;
//! - [`facts`]: which records a figure is made of;
//! - `unlisted`: who else may be named;
//! - [`target`], [`interval`], [`verdict`], [`alert`], [`judge`]: goals, and what figures say of them;
//! - [`counted`], [`sliced`], [`watermark`], [`engine`]: since when thresholds and slices count, how far time has come, and the one door to all
//!   of it.

pub mod alert;
pub mod amounts;
mod audit;
mod batch;
pub mod booking;
mod certification;
mod coaching;
mod complaint;
mod contact;
pub mod contribution;
pub mod counted;
mod customer;
mod digest;
pub mod engine;
pub mod event;
mod export;
pub mod facts;
pub mod flow;
pub mod interval;
pub mod judge;
mod judgement;
pub mod measure;
pub(crate) mod pack;
pub mod pane;
pub(crate) mod paths;
pub mod quantity;
pub mod record;
pub mod records;
mod reported;
mod review;
pub mod roster;
pub mod schedule;
pub mod scope;
pub mod settings;
pub mod sketch;
pub mod slice;
pub mod sliced;
pub(crate) mod slots;
pub(crate) mod storage;
mod survey;
pub mod target;
mod ticket;
pub mod time;
mod timeline;
pub mod times;
mod unlisted;
pub mod verdict;
pub mod watermark;
pub mod window;
