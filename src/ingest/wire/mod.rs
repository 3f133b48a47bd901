//! The shapes of messages as they are written: the envelope, and the `data` of each family of types.
//!
//! The JSON Schemas are made from these types, so what a field means is said here.

mod contact;
mod envelope;
mod object;
mod people;
mod survey;
mod ticket;
mod value;
mod word;

pub(super) use contact::ContactData;
pub(super) use envelope::{Address, Envelope};
pub(super) use object::Read;
pub(super) use people::{
    CertificationData, CoachingData, ComplaintData, ReportedData, ReportedScope, ReviewData, ShiftData, StateData,
};
pub(super) use survey::{ScaleName, SurveyData};
pub(super) use ticket::TicketData;
pub(super) use value::{Attributes, Count, Flag, Id, Integer, Number, Points, Said, Text, Time, Zone};
pub(super) use word::{Vocabulary, Word};
