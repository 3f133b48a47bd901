//! What measures are made of: the meaning of each quantity, for those that are published by themselves.

use super::Unit;
use crate::domain::quantity::Quantity as Q;

/// What a quantity counts or adds up, and in which unit. Distributions and stocks have words of their own.
pub fn meaning_of(quantity: Q) -> (Unit, &'static str) {
    let count = |meaning| (Unit::Count, meaning);
    let seconds = |meaning| (Unit::Seconds, meaning);
    match quantity {
        Q::Queued => count("Contacts that entered a queue"),
        Q::Answered => count("Legs that were connected to somebody"),
        Q::Abandoned => count("Legs in which the customer gave up waiting, short ones included"),
        Q::Left => count("Legs that left the queue another way, by reason"),
        Q::Unknown => count("Legs whose outcome nobody told"),
        Q::LostInMenu => count("Contacts that ended before they reached any queue or rep"),
        Q::AnsweredWait => seconds("Wait of answered legs"),
        Q::AnsweredWaitKnown => count("Answered legs with a known wait"),
        Q::AnsweredInTime => count("Legs answered within the service-level threshold of their queue"),
        Q::AnsweredWithin => count("Answered legs with a wait of at most the threshold"),
        Q::AbandonedWait => seconds("Wait of abandoned legs"),
        Q::AbandonedWaitKnown => count("Abandoned legs with a known wait"),
        Q::AbandonedInTime => count("Legs abandoned within the service-level threshold of their queue"),
        Q::AbandonedShort => count("Legs abandoned within the short-abandon limit of their queue"),
        Q::AbandonedWithin => count("Abandoned legs with a wait of at most the threshold"),
        Q::LeftWait => seconds("Wait of left legs"),
        Q::LeftWaitKnown => count("Left legs with a known wait"),
        Q::LeftWithin => count("Left legs with a wait of at most the threshold"),
        Q::RepAnswered => count("Handlings that the rep began"),
        Q::Missed => count("Rings that ended without an answer, by reason"),
        Q::Handled => count("Inbound contacts that a rep finished handling"),
        Q::Talk => seconds("Connected time less hold of handled contacts"),
        Q::TalkKnown => count("Handled contacts with a known talk"),
        Q::Hold => seconds("Hold of handled contacts"),
        Q::HoldKnown => count("Handled contacts with a known hold, those without hold included"),
        Q::Wrap => seconds("After-contact work of handled contacts"),
        Q::WrapKnown => count("Handled contacts whose after-contact work is known, those without any included"),
        Q::HandleTime => seconds("Talk, hold and after-contact work of handled contacts"),
        Q::HandleTimeKnown => count("Handled contacts in which talk, hold and after-contact work are known"),
        Q::ClockSkew => count("Durations that came out negative and were counted as 0"),
        Q::FirstContactEligible => {
            count("Answered inbound contacts with a customer whose first-contact window has passed")
        }
        Q::FirstContactResolved => count("Those of them after which the customer did not come back within the window"),
        Q::OutboundContacts => count("Contacts that the centre began"),
        Q::OutboundHandled => count("Outbound contacts that a rep finished handling"),
        Q::OutboundTalk => seconds("Talk of outbound contacts"),
        Q::OutboundTalkKnown => count("Outbound contacts with a known talk"),
        Q::OutboundHandleTime => seconds("Handle time of outbound contacts"),
        Q::OutboundHandleTimeKnown => count("Outbound contacts with a known handle time"),
        Q::TicketsCreated => count("Tickets that came into being"),
        Q::TicketsSolved => count("Tickets that are solved, each once"),
        Q::TicketSolves => count("Solves, each of them"),
        Q::TicketsReopened => count("Solves that were undone by a reopening"),
        Q::TicketsSolvedAgain => count("Tickets that were solved more than once"),
        Q::FirstResponses => count("Tickets with a first response"),
        Q::FirstResponseTime => seconds("From creation to first response"),
        Q::FirstResponseDue => {
            count("Tickets with a first response within the threshold, or without one when it had passed")
        }
        Q::FirstResponseWithin => count("Tickets with a first response within the threshold"),
        Q::FullResolutions => count("Solved tickets whose creation is known"),
        Q::FullResolutionTime => seconds("From creation to the last solve"),
        Q::FullResolutionDue => count("Tickets solved within the threshold, or not solved when it had passed"),
        Q::FullResolutionWithin => count("Tickets solved within the threshold"),
        Q::SurveysOffered => count("Surveys put to customers"),
        Q::SurveysAnswered => count("Offered surveys with an answer"),
        Q::NpsAnswers => count("Answers on the scale of the net promoter score"),
        Q::NpsPromoters => count("Answers of 9 and 10"),
        Q::NpsDetractors => count("Answers of 0 to 6"),
        Q::CsatAnswers => count("Answers on a scale of satisfaction"),
        Q::CsatSatisfied => count("Satisfied answers: at least 80 % of the best score"),
        Q::CsatScore => (Unit::Score, "Scores as shares of the best one"),
        Q::SurveysUnattributed => count("Surveys that name a contact or ticket of which nothing is known"),
        Q::Tied => count("Events of one record, type and instant, whose order only their ids settle"),
        Q::AnsweredWaits
        | Q::AbandonedWaits
        | Q::LeftWaits
        | Q::TalkTimes
        | Q::HandleTimes
        | Q::FirstResponseTimes
        | Q::FullResolutionTimes => count("Values by bucket"),
        Q::Waiting => count("Contacts that wait now"),
    }
}
