//! The grammar of `goalkeeper.yaml`.

use super::breakdowns;
use super::document::{At, Document, Node, Section, read_text};
use super::values;
use super::{Clock, Config, Kafka, OnGap, Server, State};
use crate::domain::event::{Channel, Name};
use crate::domain::settings::{
    AbandonRate, BusinessHours, CreditRule, Durations, FirstContact, PriorityTargets, RepeatKey, ServiceLevel,
    Settings, Silence, Source, Transferred,
};
use crate::domain::time::Span;
use crate::domain::window::Window;
use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Properties of the Kafka client that goalkeeper decides itself, and why.
const OWN_PROPERTIES: [(&str, &str); 17] = [
    ("allow.auto.create.topics", "a topic that is missing is told, not made"),
    ("auto.commit.enable", "the position is in goalkeeper's state; offsets are committed for lag tools only"),
    ("auto.offset.reset", "nothing is skipped silently: see kafka.on_gap"),
    ("bootstrap.servers", "write kafka.brokers"),
    ("delivery.report.only.error", "dead letters that arrive are counted too"),
    ("enable.auto.commit", "the position is in goalkeeper's state; offsets are committed for lag tools only"),
    ("enable.auto.offset.store", "the position is in goalkeeper's state; offsets are committed for lag tools only"),
    ("enable.partition.eof", "goalkeeper must know when everything is read"),
    ("group.id", "write kafka.group_id"),
    ("group.protocol", "one process reads all partitions, and no group shares them out"),
    ("isolation.level", "records of transactions that were aborted must not count"),
    ("metadata.broker.list", "write kafka.brokers"),
    ("offset.store.method", "lag tools look for offsets in Kafka"),
    ("partition.assignment.strategy", "one process reads all partitions, and no group shares them out"),
    ("statistics.interval.ms", "nobody reads these statistics; see /metrics"),
    ("test.mock.num.brokers", "brokers would be made up"),
    ("transactional.id", "dead letters belong to no transaction"),
];

/// The other files that the file names.
pub(super) struct Named {
    pub(super) roster: PathBuf,
    pub(super) targets: Option<PathBuf>,
    pub(super) web: Option<PathBuf>,
    /// What becomes of these depends on the roster.
    pub(super) breakdowns: Vec<breakdowns::Written>,
}

/// Ways to log in to Kafka that are not there, and why.
const MISSING_MECHANISMS: [(&str, &str); 2] = [
    ("GSSAPI", "it would need the libraries of Kerberos, which are not built in"),
    ("OAUTHBEARER", "nothing here fetches tokens"),
];

/// Reads the file; problems are told to its document. Relative paths stand beside the file.
pub(super) fn read(document: &Rc<Document>, node: Node, directory: &Path) -> (Config, Named) {
    let mut file = Section::of(document, "", Some(node));
    let roster = file.read_or("roster", "roster.yaml".to_owned(), values::text);
    let targets = file.read("targets", values::text);
    let mut config = Config { kafka: kafka(&mut file, directory), ..Config::default() };
    let settings = &mut config.settings;
    settings.sources = sources(&mut file);
    rules(&mut file, settings);
    measures(&mut file, settings);
    let breakdowns = breakdowns::read(&mut file);
    let slices_limit = i64::try_from(config.slices_limit).unwrap_or(i64::MAX);
    let slices_limit = file.section("limits").read_or("slices", slices_limit, values::whole(1, 1_000_000));
    config.slices_limit = slices_limit as usize;
    let windows = file.list("windows", window);
    if let Some(windows) = windows {
        config.windows = windows.into_iter().map(|(_, window)| window).collect();
    }
    let clocks = [("wall", Clock::Wall), ("stream", Clock::Stream)];
    config.clock = file.read_or("clock", Clock::Wall, values::one_of(&clocks));
    customers(&mut file, directory, &mut config);
    config.state = state(&mut file);
    let (server, web) = server(&mut file);
    config.server = server;
    let beside = |name: String| directory.join(name);
    (config, Named { roster: beside(roster), targets: targets.map(beside), web: web.map(beside), breakdowns })
}

pub(super) fn window(node: &Node) -> Result<Window, String> {
    match Window::parse(&values::text(node)?) {
        Ok(Window::All) => Err("`all` has no end; it is for reports only".to_owned()),
        Ok(window) => Ok(window),
        Err(problem) => Err(problem.replacen(": write", "; write", 1)),
    }
}

fn kafka(file: &mut Section, directory: &Path) -> Option<Kafka> {
    let mut section = file.section("kafka");
    let document = section.document().clone();
    let defaults = Kafka::default();
    let texts = |section: &mut Section, key: &'static str| {
        let is_there = section.has(key);
        let found = section.list(key, values::text);
        if section.is_there && (!is_there || found.as_ref().is_some_and(Vec::is_empty)) {
            document.problem(section.at, format!("kafka.{key} names none"), format!("add `{key}: [...]`"));
        }
        let mut seen = HashSet::new();
        let found = found.unwrap_or_default();
        for (at, text) in &found {
            if !seen.insert(text.clone()) {
                document.problem(*at, format!("kafka.{key}: `{text}` is listed twice"), "remove one");
            }
        }
        found
    };
    let plain = |found: Vec<(At, String)>| found.into_iter().map(|(_, text)| text).collect();
    let brokers = texts(&mut section, "brokers");
    let topics = texts(&mut section, "topics");
    for (at, topic) in &topics {
        if let Err((problem, help)) = check_topic(topic) {
            document.problem(*at, format!("kafka.topics: `{topic}` {problem}"), help);
        }
    }
    let dead_letters = dead_letters(&mut section, &topics);
    let kafka = Kafka {
        brokers: plain(brokers),
        topics: plain(topics),
        on_gap: section.read_or(
            "on_gap",
            defaults.on_gap,
            values::one_of(&[("stop", OnGap::Stop), ("continue", OnGap::Continue)]),
        ),
        dead_letters,
        group_id: section.read_or("group_id", defaults.group_id, values::text),
        properties: properties(&mut section, directory),
    };
    section.is_there.then_some(kafka)
}

/// A topic that is not read: what is refused there would be refused and copied for ever.
fn dead_letters(section: &mut Section, topics: &[(At, String)]) -> Option<String> {
    let node = section.take("dead_letters")?;
    let problem = |problem: String, help: &str| {
        section.document().problem(node.at, format!("kafka.dead_letters: {problem}"), help);
        None
    };
    let Ok(topic) = values::text(&node) else { return problem("is no text".to_owned(), "name a topic") };
    if topic.starts_with('^') || check_topic(&topic).is_err() {
        return problem(format!("`{topic}` cannot be a topic's name"), "name one topic, e.g. contact-centre-refused");
    }
    let is_read = |read: &str| match read.starts_with('^') {
        true => regex::Regex::new(read).is_ok_and(|pattern| pattern.is_match(&topic)),
        false => read == topic,
    };
    if let Some((_, read)) = topics.iter().find(|(_, read)| is_read(read)) {
        let help = "name a topic that is not read: a record that is refused would be refused again for ever";
        return problem(format!("`{topic}` is among kafka.topics, as `{read}`"), help);
    }
    Some(topic)
}

/// A topic is named as Kafka allows it, or meant by a pattern.
fn check_topic(topic: &str) -> Result<(), (String, &'static str)> {
    if topic.starts_with('^') {
        let why = |error: regex::Error| {
            error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
        };
        return match regex::Regex::new(topic) {
            Ok(_) => Ok(()),
            Err(error) => Err((format!("is no pattern: {}", why(error)), "write a regular expression, e.g. ^calls-.*")),
        };
    }
    let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    match !topic.is_empty() && topic.len() <= 249 && topic.chars().all(is_legal) {
        true => Ok(()),
        false => Err(("cannot be a topic's name".to_owned(), "a pattern begins with ^, e.g. ^calls-.*")),
    }
}

/// `properties` as they are, `secrets` from the files that they name.
fn properties(section: &mut Section, directory: &Path) -> BTreeMap<String, String> {
    let document = section.document().clone();
    let is_own = |section: &str, key: &str, at| {
        let own = OWN_PROPERTIES.iter().find(|(name, _)| *name == key);
        if let Some((_, why)) = own {
            let help = format!("remove it: {why}");
            document.problem(at, format!("kafka.{section}: `{key}` is not yours to set"), help);
        }
        own.is_some()
    };
    let mut all = BTreeMap::new();
    for (key, at, node) in section.section("properties").entries() {
        if is_own("properties", &key, at) {
            continue;
        }
        let value = match &node.value {
            super::document::Value::Bool(flag) => Ok(flag.to_string()),
            super::document::Value::Float(number) => Ok(number.to_string()),
            _ => node.text(),
        };
        let is_missing = |value: &str| {
            let is_mechanism = matches!(key.as_str(), "sasl.mechanism" | "sasl.mechanisms");
            MISSING_MECHANISMS.iter().find(|(name, _)| is_mechanism && name.eq_ignore_ascii_case(value))
        };
        match value {
            Ok(value) if let Some((name, why)) = is_missing(&value) => {
                let help = format!("use PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or certificates: {why}");
                document.problem(
                    node.at,
                    format!("kafka.properties.{key}: goalkeeper cannot log in with {name}"),
                    help,
                );
            }
            Ok(value) => drop(all.insert(key, value)),
            Err(problem) => document.wrong(node.at, &format!("kafka.properties.{key}"), &problem),
        }
    }
    for (key, at, node) in section.section("secrets").entries() {
        if is_own("secrets", &key, at) {
            continue;
        }
        if all.contains_key(&key) {
            let message = format!("kafka.secrets: `{key}` is among kafka.properties too");
            document.problem(at, message, "remove one of them");
            continue;
        }
        let Ok(name) = node.text() else {
            document.problem(
                node.at,
                format!("kafka.secrets.{key} is no file name"),
                "name a file that holds the secret",
            );
            continue;
        };
        match read_text(&directory.join(&name)) {
            Ok(secret) => drop(all.insert(key, secret.trim_end_matches(['\r', '\n']).to_owned())),
            Err(error) => {
                let message = format!("kafka.secrets.{key}: {name} cannot be read: {error}");
                document.problem(at, message, "name a file that holds the secret and that goalkeeper may read");
            }
        }
    }
    all
}

fn sources(file: &mut Section) -> BTreeMap<Name, Source> {
    let section = file.section("sources");
    let document = section.document().clone();
    let mut sources = BTreeMap::new();
    for (name, _, node) in section.entries() {
        let mut section = Section::of(&document, &format!("sources.{name}"), Some(node));
        let durations = [("timestamps", Durations::Timestamps), ("reported", Durations::Reported)];
        let source = Source {
            durations: section.read_or("durations", Durations::default(), values::one_of(&durations)),
            contacts: section.read("contacts", values::id),
            tickets: section.read("tickets", values::id),
            customers: section.read("customers", values::id),
            queues: section.read("queues", values::id),
        };
        sources.insert(Name::from(name.as_str()), source);
    }
    sources
}

fn rules(file: &mut Section, settings: &mut Settings) {
    let mut section = file.section("rules");
    settings.lateness = section.read_or("lateness", settings.lateness, values::positive_duration);
    settings.future = section.read_or("future", settings.future, values::duration);
    settings.idle = section.read_or("idle", settings.idle, values::positive_duration);
    settings.longest_wait = section.read_or("longest_wait", settings.longest_wait, values::positive_duration);
    settings.longest_state = section.read_or("longest_state", settings.longest_state, values::at_most_a_day);
    settings.provisional_grace = section.read_or("provisional_grace", settings.provisional_grace, values::duration);
    settings.verdict_lateness = section.read_or("verdict_lateness", settings.verdict_lateness, values::duration);
    first_contact(&mut section, &mut settings.first_contact);
    let mut silence = section.section("silence");
    let defaults = settings.silence;
    settings.silence = Silence {
        contact: silence.read_or("contact", defaults.contact, values::positive_duration),
        ticket: silence.read_or("ticket", defaults.ticket, values::positive_duration),
        judgement: silence.read_or("judgement", defaults.judgement, values::positive_duration),
        people: silence.read_or("people", defaults.people, values::positive_duration),
        customer: silence.read_or("customer", defaults.customer, values::positive_duration),
    };
    if settings.silence.customer < settings.first_contact.window {
        let message = "rules.silence.customer is shorter than rules.first_contact.window";
        let help = "let customers stay open at least as long as a repeat contact counts";
        section.document().problem(silence.at, message, help);
    }
    let at = if silence.is_there { silence.at } else { section.at };
    let open = Span(settings.silence.contact.0 + settings.lateness.0);
    for (key, span) in [("longest_wait", settings.longest_wait), ("provisional_grace", settings.provisional_grace)] {
        if open < span {
            let message = format!("rules.silence.contact and rules.lateness together are shorter than rules.{key}");
            let help = "let contacts stay open until their outcome is decided: raise rules.silence.contact";
            section.document().problem(at, message, help);
        }
    }
    let mut saturation = section.section("saturation");
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let ids = saturation.read_or("ids", number(settings.saturation_ids), values::whole(1, 100_000));
    let contacts = saturation.read_or("contacts", number(settings.saturation_contacts), values::whole(1, 100_000));
    settings.saturation_ids = ids as usize;
    let scopes = saturation.read_or("unlisted", number(settings.unlisted_scopes), values::whole(0, 1_000_000));
    let records = saturation.read_or("records", number(settings.live_records), values::whole(1, 1_000_000_000));
    settings.saturation_contacts = contacts as usize;
    settings.unlisted_scopes = scopes as usize;
    settings.live_records = records as usize;
}

fn first_contact(rules: &mut Section, first_contact: &mut FirstContact) {
    let mut section = rules.section("first_contact");
    first_contact.window = section.read_or("window", first_contact.window, values::positive_duration);
    let keys = RepeatKey::ALL.map(|key| (key.id(), key));
    first_contact.key = section.read_or("key", first_contact.key, values::one_of(&keys));
    let channels_at = section.place_of("channels");
    if let Some(channels) = section.list("channels", values::one_of(&Channel::NAMED)) {
        if channels.is_empty() {
            let help = "list the channels over which customers come back, or leave it out: all of them count";
            section.document().problem(channels_at, "rules.first_contact.channels names no channel", help);
        }
        first_contact.channels = channels.into_iter().map(|(_, channel)| channel).collect();
    }
    first_contact.abandoned_repeats =
        section.read_or("abandoned_repeats", first_contact.abandoned_repeats, values::flag);
    let transferred = Transferred::ALL.map(|transferred| (transferred.id(), transferred));
    first_contact.transferred = section.read_or("transferred", first_contact.transferred, values::one_of(&transferred));
    let credits = CreditRule::ALL.map(|rule| (rule.id(), rule));
    first_contact.credit = section.read_or("credit", first_contact.credit, values::one_of(&credits));
}

fn measures(file: &mut Section, settings: &mut Settings) {
    let mut section = file.section("measures");
    settings.wait_thresholds = thresholds(&mut section, "wait_thresholds", &settings.wait_thresholds);
    settings.response_thresholds = thresholds(&mut section, "response_thresholds", &settings.response_thresholds);
    settings.resolution_thresholds = thresholds(&mut section, "resolution_thresholds", &settings.resolution_thresholds);
    settings.response_targets = targets(&mut section, "response_targets");
    settings.resolution_targets = targets(&mut section, "resolution_targets");
    let open = Span(settings.silence.ticket.0 + settings.lateness.0);
    let targets = settings.response_targets.spans().iter().filter(|target| !target.is_unlimited());
    if settings.response_thresholds.iter().chain(targets).any(|threshold| open < *threshold) {
        let message = "a response threshold is longer than rules.silence.ticket and rules.lateness together";
        let help = "let solved tickets stay open until a missing reply has missed it: raise rules.silence.ticket";
        section.document().problem(section.at, message, help);
    }
    settings.backlog_thresholds = thresholds(&mut section, "backlog_thresholds", &settings.backlog_thresholds);
    let clocks = [("all_schedules", BusinessHours::AllSchedules), ("last_schedule", BusinessHours::LastSchedule)];
    settings.business_clock = section.read_or("business_clock", settings.business_clock, values::one_of(&clocks));
    let faults = section.list("fault_issues", values::id).unwrap_or_default();
    settings.fault_issues = faults.into_iter().map(|(_, issue)| issue).collect();
    settings.short_abandon = section.read_or("short_abandon", settings.short_abandon, values::duration);
    let rates = AbandonRate::ALL.map(|formula| (formula.id(), formula));
    settings.abandon_rate = section.read_or("abandon_rate", settings.abandon_rate, values::one_of(&rates));
    settings.customers_day = section.read_or("customers_day", settings.customers_day, values::block);
    let mut level = section.section("service_level");
    settings.service_level_threshold = level.read_or("threshold", settings.service_level_threshold, values::threshold);
    let formulas = ServiceLevel::ALL.map(|formula| (formula.id(), formula));
    settings.service_level = level.read_or("formula", settings.service_level, values::one_of(&formulas));
    let mut transfers = section.section("transfers");
    settings.needed_transfers = dispositions(&mut transfers, "needed");
    settings.unneeded_transfers = dispositions(&mut transfers, "unneeded");
    if let Some(both) = settings.needed_transfers.iter().find(|id| settings.unneeded_transfers.contains(id)) {
        let message = format!("measures.transfers: `{both}` is both needed and unneeded");
        transfers.document().problem(transfers.at, message, "an outcome code says one of them: remove the other");
    }
}

fn dispositions(section: &mut Section, key: &'static str) -> Vec<Name> {
    section.list(key, values::id).unwrap_or_default().into_iter().map(|(_, id)| id).collect()
}

/// `{urgent: 1h, high: 4h}`.
fn targets(section: &mut Section, key: &'static str) -> PriorityTargets {
    let (document, path) = (section.document().clone(), section.path_of(key));
    let mut spans = PriorityTargets::NONE.spans().to_vec();
    for (name, at, node) in section.section(key).entries() {
        match PriorityTargets::PRIORITIES.iter().position(|(_, priority)| *priority == name) {
            None => {
                document.problem(at, format!("{path}: `{name}` is no priority"), "write low, normal, high or urgent");
            }
            Some(place) => match values::threshold(&node) {
                Ok(span) => spans[place] = span,
                Err(problem) => document.wrong(node.at, &format!("{path}.{name}"), &problem),
            },
        }
    }
    PriorityTargets::of_spans(&spans)
}

/// So many thresholds of a family are counted at most: each is a column of its own in every figure.
const MAX_THRESHOLDS: usize = 16;

fn thresholds(section: &mut Section, key: &'static str, default: &[Span]) -> Vec<Span> {
    let Some(listed) = section.list(key, values::threshold) else { return default.to_vec() };
    if listed.len() > MAX_THRESHOLDS {
        let message = format!("{} has {} thresholds", section.path_of(key), listed.len());
        section.document().problem(listed[MAX_THRESHOLDS].0, message, format!("at most {MAX_THRESHOLDS} are counted"));
    }
    let mut thresholds: Vec<Span> = listed.into_iter().map(|(_, span)| span).collect();
    thresholds.sort_unstable();
    thresholds.dedup();
    thresholds
}

fn customers(file: &mut Section, directory: &Path, config: &mut Config) {
    let mut section = file.section("customers");
    let Some(node) = section.take("key_file") else { return };
    let document = section.document();
    let help = "name a file with 32 hexadecimal digits, such as `openssl rand -hex 16` writes";
    let Ok(name) = values::text(&node) else {
        return document.problem(node.at, "customers.key_file is no file name", help);
    };
    match read_text(&directory.join(&name)) {
        Err(error) => document.problem(node.at, format!("customers.key_file: {name} cannot be read: {error}"), help),
        Ok(text) => match u128::from_str_radix(text.trim(), 16) {
            Ok(key) if text.trim().len() == 32 => config.customers_key = key.to_be_bytes(),
            _ => document.problem(node.at, format!("customers.key_file: {name} does not hold a key"), help),
        },
    }
}

fn state(file: &mut Section) -> State {
    let mut section = file.section("state");
    let defaults = State::default();
    State {
        directory: section.read("directory", values::text).map_or(defaults.directory, PathBuf::from),
        checkpoint_interval: section.read_or(
            "checkpoint_interval",
            defaults.checkpoint_interval,
            values::positive_duration,
        ),
        record_memory: section.read("record_memory_mib", values::whole(0, 1 << 20)).map_or(
            defaults.record_memory,
            // At most a tebibyte, so it fits.
            |mebibytes| (mebibytes << 20) as usize,
        ),
    }
}

/// What is served, and the name of the web configuration file.
fn server(file: &mut Section) -> (Server, Option<String>) {
    let mut section = file.section("server");
    let defaults = Server::default();
    let listen = section.read_or("listen", defaults.listen, values::address);
    let open_health = section.read_or("open_health", defaults.open_health, values::flag);
    let publish_interval = section.read_or("publish_interval", defaults.publish_interval, values::positive_duration);
    let reps = section.read_or("reps", defaults.reps, values::flag);
    let reps_listen = reps_listen(&mut section, reps);
    let mut limit = |key, default| {
        let default = i64::try_from(default).unwrap_or(i64::MAX);
        section.read_or(key, default, values::whole(1, 100_000_000)) as usize
    };
    let series_limit = limit("series_limit", defaults.series_limit);
    let series_limit_of_kind = limit("series_limit_of_kind", defaults.series_limit_of_kind);
    let server = Server {
        listen,
        web: defaults.web,
        open_health,
        publish_interval,
        reps,
        reps_listen,
        series_limit,
        series_limit_of_kind,
    };
    (server, section.read("web_config", values::text))
}

/// A page for reps without their figures would be empty for ever.
fn reps_listen(section: &mut Section, reps: bool) -> Option<SocketAddr> {
    let node = section.take("reps_listen")?;
    let problem = match values::address(&node) {
        Ok(address) if reps => return Some(address),
        Ok(_) => "server.reps_listen has nothing to serve: figures of single reps are not published".to_owned(),
        Err(problem) => {
            section.document().wrong(node.at, "server.reps_listen", &problem);
            return None;
        }
    };
    section.document().problem(node.at, problem, "add `reps: true`, or remove it");
    None
}
