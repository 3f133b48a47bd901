//! What to simulate: every knob of the model with its default and unit.

use crate::domain::time::Zone;
use chrono::NaiveDate;

/// A company and how busy it is. Shares and chances are fractions from 0 to 1; means are in seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Id of the company in the roster. Default `acme`.
    pub company: String,
    /// CloudEvents source of calls, chats, tickets and surveys. Default `/sim/acme`.
    pub source: String,
    /// Zone in which shifts, opening hours and days are kept. Default `Europe/Oslo`.
    pub zone: Zone,
    /// First local day. Default 2026-01-05, a Monday.
    pub start: NaiveDate,
    /// Hour of the first day at which the simulation begins, 0-23. Default 0. Shifts under way are joined.
    pub start_hour: u32,
    /// Local days to simulate, the first included; nothing is emitted from their end on. `None` runs without end.
    /// Default 7.
    pub days: Option<u32>,
    /// Reps employed. Default 24.
    pub reps: u32,
    /// Size of a team. Default 8.
    pub reps_per_team: u32,
    /// Queues. Default 3: `support`, `billing`, `sales`.
    pub queues: u32,
    /// Inbound contacts of a weekday, all queues together. `None` is 50 for each rep. Default `None`.
    pub contacts_per_day: Option<f64>,
    /// Traffic of a Saturday or Sunday as a share of a weekday's. Default 0.12.
    pub weekend: f64,
    /// True: every hour of every day is alike, and all reps are on duty without end. Default false.
    pub steady: bool,
    /// Mean talk time of an average rep, seconds. Default 240.
    pub talk_seconds: f64,
    /// How talk times spread. Default lognormal with sigma 0.6.
    pub service: Service,
    /// How much reps differ: sigma of the lognormal factor on a rep's talk and wrap times. Default 0.15.
    pub skill_spread: f64,
    /// Mean patience in a queue, seconds, exponential; `None` waits for ever. Default 240.
    pub patience_seconds: Option<f64>,
    /// Mean time in the menu before a queue, seconds; 0 is no menu and no `contact.started`. Default 15.
    pub menu_seconds: f64,
    /// Chance that a customer hangs up in the menu. Default 0.03.
    pub lost_in_menu: f64,
    /// Chance that a customer would leave the queue for voicemail or a callback if the wait is long. Default 0.06.
    pub exits: f64,
    /// Mean ring time, seconds; 0 connects at once, without `contact.offered`. Default 4.
    pub ring_seconds: f64,
    /// Chance that a ring is not answered. Default 0.03.
    pub missed: f64,
    /// Chance that a call is put on hold. Default 0.15.
    pub holds: f64,
    /// Mean after-contact work, seconds; 0 is none and no `contact.wrapped`. Default 30.
    pub wrap_seconds: f64,
    /// Chance that a contact is passed to another queue (once a contact; needs two queues). Default 0.06.
    pub transfers: f64,
    /// Share of chats. Default 0.15.
    pub chats: f64,
    /// Outbound contacts as a share of inbound ones; made only if a rep is free. Default 0.05.
    pub outbound: f64,
    /// Chance that an average rep resolves the matter; the unresolved often come back within days. Default 0.8.
    pub resolved: f64,
    /// Chance that an unresolved or unserved customer comes back. Default 0.5.
    pub returns: f64,
    /// Share of contacts without a customer. Default 0.08.
    pub anonymous: f64,
    /// Size of the pool of customers; `None` is 30 times the contacts of a day. Default `None`.
    pub customers: Option<u32>,
    /// Tickets of a weekday as a share of contacts. Default 0.2.
    pub tickets: f64,
    /// Chance that a handled contact or solved ticket is offered a survey. Default 0.3.
    pub surveys: f64,
    /// Chance that an offered survey is answered. Default 0.35.
    pub survey_answers: f64,
    /// Chance that a contact of a rep is reviewed on a working day. Default 0.5: two or three a week.
    pub reviews: f64,
    /// Chance that a customer whose matter was not resolved complains. Default 0.03.
    pub complaints: f64,
    /// Whether `rep.state` and `shift.planned` events are sent. Default true.
    pub rep_states: bool,
}

/// How talk times spread about their mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Service {
    /// Memoryless, as Erlang's formulas assume.
    Exponential,
    /// Lognormal with this sigma, as measured in real centres (0.5-1.2).
    Lognormal(f64),
}

impl Default for Profile {
    fn default() -> Profile {
        Profile {
            company: "acme".into(),
            source: "/sim/acme".into(),
            zone: Zone::Europe__Oslo,
            start: NaiveDate::from_ymd_opt(2026, 1, 5).unwrap_or_default(),
            start_hour: 0,
            days: Some(7),
            reps: 24,
            reps_per_team: 8,
            queues: 3,
            contacts_per_day: None,
            weekend: 0.12,
            steady: false,
            talk_seconds: 240.0,
            service: Service::Lognormal(0.6),
            skill_spread: 0.15,
            patience_seconds: Some(240.0),
            menu_seconds: 15.0,
            lost_in_menu: 0.03,
            exits: 0.06,
            ring_seconds: 4.0,
            missed: 0.03,
            holds: 0.15,
            wrap_seconds: 30.0,
            transfers: 0.06,
            chats: 0.15,
            outbound: 0.05,
            resolved: 0.8,
            returns: 0.5,
            anonymous: 0.08,
            customers: None,
            tickets: 0.2,
            surveys: 0.3,
            survey_answers: 0.35,
            reviews: 0.5,
            complaints: 0.03,
            rep_states: true,
        }
    }
}

impl Profile {
    /// Inbound contacts of a weekday, counting the default.
    pub fn daily_contacts(&self) -> f64 {
        self.contacts_per_day.unwrap_or(50.0 * f64::from(self.reps))
    }

    /// Size of the pool of customers, counting the default; at least 1.
    pub(super) fn customer_pool(&self) -> u64 {
        self.customers.map_or((self.daily_contacts() * 30.0) as u64, u64::from).max(1)
    }
}

/// The stationary queue of the textbooks, M/M/n or, with patience, M/M/n+M: one queue, `agents` identical reps always
/// on duty, Poisson arrivals, exponential service of `aht_s` seconds and patience of `mean_patience` seconds, and no
/// menu, ring, wrap, transfer, ticket or survey. It starts empty: leave out the first hours when comparing. Thirty
/// days long unless `days` is changed.
pub fn erlang_profile(calls_per_hour: f64, aht_s: f64, agents: u32, mean_patience: Option<f64>) -> Profile {
    Profile {
        company: "erlang".into(),
        source: "/sim/erlang".into(),
        zone: Zone::UTC,
        days: Some(30),
        reps: agents,
        reps_per_team: agents.max(1),
        queues: 1,
        contacts_per_day: Some(calls_per_hour * 24.0),
        steady: true,
        talk_seconds: aht_s,
        service: Service::Exponential,
        skill_spread: 0.0,
        patience_seconds: mean_patience,
        menu_seconds: 0.0,
        lost_in_menu: 0.0,
        exits: 0.0,
        ring_seconds: 0.0,
        missed: 0.0,
        holds: 0.0,
        wrap_seconds: 0.0,
        transfers: 0.0,
        chats: 0.0,
        outbound: 0.0,
        resolved: 1.0,
        returns: 0.0,
        anonymous: 1.0,
        tickets: 0.0,
        surveys: 0.0,
        reviews: 0.0,
        complaints: 0.0,
        rep_states: false,
        ..Profile::default()
    }
}
