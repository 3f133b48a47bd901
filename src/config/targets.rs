//! The grammar of the file of targets.

use super::daemon::window;
use super::document::{At, Document, Node, Section, Value, distance};
use super::values;
use crate::domain::event::Name;
use crate::domain::measure::{Measure, Side, Unit, measures};
use crate::domain::roster::{Roster, RosterData};
use crate::domain::scope::{Scope, ScopeKind};
use crate::domain::settings::Settings;
use crate::domain::slice::{self, NoSlice};
use crate::domain::target::{Bound, Confidence, Goal, Ramp, Severity, Target, Whom};
use crate::domain::time::Span;
use crate::domain::window::Window;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// With fewer things looked at, nothing is said, unless a target says otherwise.
const MINIMUM_SAMPLE: i64 = 20;
/// How near a bound is at risk, unless a target says otherwise.
const MARGIN: f64 = 0.1;
/// So long a figure must miss before its alert fires, unless a target says otherwise.
const HOLD: Span = Span::minutes(1);
/// So many names are suggested at most.
const SUGGESTED: usize = 3;

/// Reads targets; problems are told to their document.
pub(super) fn read(document: &Rc<Document>, node: Node, roster: &RosterData, settings: &Settings) -> Vec<Target> {
    let reader = Reader { document, roster: &Roster::new(roster.clone()), settings };
    let mut file = Section::of(document, "", Some(node));
    let mut ids: HashMap<Name, usize> = HashMap::new();
    let mut parents: Vec<(At, Option<Name>)> = Vec::new();
    let mut targets = Vec::new();
    for mut section in file.sections("targets") {
        let parent = section.take("parent").map(|node| (node.at, values::id(&node)));
        let Some(target) = reader.target(&mut section) else { continue };
        if ids.insert(target.id.clone(), targets.len()).is_some() {
            let message = format!("target `{}` is listed twice", target.id);
            document.problem(section.at, message, "an id stands for one target: rename or remove one");
        }
        let (at, parent) = match parent {
            Some((at, Ok(parent))) => (at, Some(parent)),
            Some((at, Err(problem))) => {
                document.wrong(at, "parent", &problem);
                (at, None)
            }
            None => (section.at, None),
        };
        parents.push((at, parent.clone()));
        targets.push(Target { parent, ..target });
    }
    check_parents(document, &ids, &parents);
    targets
}

/// A parent is a target, and no target serves itself by way of others.
fn check_parents(document: &Document, ids: &HashMap<Name, usize>, parents: &[(At, Option<Name>)]) {
    for (at, parent) in parents {
        let Some(name) = parent else { continue };
        if !ids.contains_key(name) {
            document.problem(
                *at,
                format!("target `{name}` is not listed"),
                "name the id of another target of this file",
            );
            continue;
        }
        let mut above = parent.as_ref();
        for _ in 0..=parents.len() {
            above = above.and_then(|name| ids.get(name)).and_then(|n| parents[*n].1.as_ref());
        }
        if above.is_some() {
            document.problem(
                *at,
                "parent: the targets above this one go round in a circle",
                "let one of them have no parent",
            );
        }
    }
}

struct Reader<'a> {
    document: &'a Rc<Document>,
    roster: &'a Roster,
    settings: &'a Settings,
}

impl Reader<'_> {
    /// A target, if it can be made out; what is wrong with it is told.
    fn target(&self, section: &mut Section) -> Option<Target> {
        let zone = self.roster.data().company.zone.unwrap_or_default();
        let id = section.required("id", values::id);
        let title = section.required("title", values::text);
        let whom = section.required("scope", |node| self.whom(node));
        let whom = self.part(section, whom);
        let measure_node = section.take("measure");
        if measure_node.is_none() {
            self.document.problem(
                section.at,
                "measure is missing",
                "add `measure: ...`: `goalkeeper definitions --list` names them",
            );
        }
        let measure = measure_node.as_ref().and_then(|node| self.measure(node, whom.as_ref()));
        let unit = measure.as_ref().map(|measure| measure.definition.unit);
        let bound = self.bound(section, unit, true);
        let ramp = self.ramp(section, unit, whom.as_ref(), bound);
        let window = section.required("window", window);
        let start = section.read("start", values::instant(zone));
        let deadline = section.take("deadline").and_then(|node| {
            let read = values::instant(zone)(&node)
                .map_err(|problem| self.document.wrong(node.at, "deadline", &problem))
                .ok()?;
            if start.is_some_and(|start| read <= start) {
                self.document.problem(
                    node.at,
                    "deadline is not after start",
                    "let the target have some time between them",
                );
            }
            Some(read)
        });
        // Who reports a figure has looked, and often does not say at how many things.
        let is_reported = measure.as_ref().is_some_and(|measure| measure.definition.side == Side::Named);
        let minimum_sample = if is_reported { 1 } else { MINIMUM_SAMPLE };
        let is_rep = whom.as_ref().is_some_and(|whom| whom.kind() == ScopeKind::Rep);
        let target = Target {
            id: id?,
            title: title?,
            owner: section.read("owner", values::text),
            parent: None,
            severity: section.read_or(
                "severity",
                Severity::Warning,
                values::one_of(&Severity::ALL.map(|severity| (severity.name(), severity))),
            ),
            runbook: section.read("runbook", values::text),
            minimum_sample: section.read_or("minimum_sample", minimum_sample, values::whole(1, 1_000_000_000)),
            confidence: section.read_or("confidence", is_rep.then_some(Confidence::Percent95), confidence),
            hold: section.read_or("hold", HOLD, values::duration),
            hysteresis: section.read_or("hysteresis", 0.0, share),
            margin: section.read_or("margin", MARGIN, share),
            whom: whom?,
            measure: measure?,
            goal: Goal::Absolute(bound?),
            window: window?,
            start,
            deadline,
            ramp,
        };
        self.check_window(section.at, &target);
        Some(target)
    }

    /// Reps have no panes finer than a quarter of an hour, so a shorter window would not be what it says.
    fn check_window(&self, at: At, target: &Target) {
        if let Window::Rolling(span) = target.window
            && target.whom.kind() == ScopeKind::Rep
            && span < Span::minutes(15)
        {
            let message = format!("window: {} is shorter than what is kept apart for reps", target.window);
            self.document.problem(at, message, "take 15m or longer");
        }
    }

    /// `team/care`, `company`, `every rep of team/care`, `every queue`.
    fn whom(&self, node: &Node) -> Result<Whom, String> {
        const HELP: &str = "write company, team/ID, queue/ID, rep/ID, `every team`, or `every rep of team/ID`";
        let text = values::text(node)?;
        let words: Vec<&str> = text.split_whitespace().collect();
        match words[..] {
            [scope] => self.scope(scope).map(Whom::One),
            ["every", kind] => Ok(Whom::Every { kind: kind_of(kind)?, of: None, part: None }),
            ["every", kind, "of", above] => {
                let (kind, above) = (kind_of(kind)?, self.scope(above)?);
                match kind < above.kind && above.kind >= ScopeKind::Team {
                    true => Ok(Whom::Every { kind, of: Some(above), part: None }),
                    false => Err(format!("no {} is below {above}; {HELP}", kind.name())),
                }
            }
            _ => Err(format!("`{text}` is no scope; {HELP}")),
        }
    }

    fn scope(&self, text: &str) -> Result<Scope, String> {
        let company = &self.roster.data().company.id;
        let (kind, id) = match text.split_once('/') {
            Some((kind, id)) => (kind_of(kind)?, id),
            None if text == "company" => (ScopeKind::Company, &**company),
            None => return Err(format!("`{text}` is no scope; write company, or its kind and id, as in team/care")),
        };
        let scope = Scope::new(kind, id);
        match self.roster.scopes().contains(&scope) {
            true => Ok(scope),
            false => Err(format!("the roster lists no {} `{id}`; list it there, or correct the id", kind.name())),
        }
    }

    fn measure(&self, node: &Node, whom: Option<&Whom>) -> Option<Measure> {
        let name = match values::text(node) {
            Ok(name) => name,
            Err(problem) => {
                self.document.wrong(node.at, "measure", &problem);
                return None;
            }
        };
        let Some(measure) = Measure::named(&name, self.settings) else {
            let mut names: Vec<String> = measures(self.settings).into_iter().map(|measure| measure.name).collect();
            names.sort_by_key(|known| distance(&name, known));
            names.truncate(SUGGESTED);
            let help = format!(
                "did you mean {}? `goalkeeper definitions --list` names them all; a threshold such as 30s or 4h must be \
                 among measures.*_thresholds of goalkeeper.yaml",
                names.join(", ")
            );
            self.document.problem(node.at, format!("measure: there is no `{name}`"), help);
            return None;
        };
        if let Some(whom) = whom.filter(|whom| !measure.has(whom.kind())) {
            let message = format!("measure: a {} has no {name}", whom.kind().name());
            self.document.problem(node.at, message, format!("it counts to: {}", measure.definition.side.text()));
            return None;
        }
        Some(measure)
    }

    /// `where: {channel: chat}`: whose figures, narrowed to a part of each.
    fn part(&self, section: &mut Section, whom: Option<Whom>) -> Option<Whom> {
        let part = section.section("where");
        if !part.is_there {
            return whom;
        }
        let (at, entries) = (part.at, part.entries());
        let whom = whom?;
        let [(name, _, node)] = &entries[..] else {
            let help = "write e.g. where: {channel: chat}: figures are broken down by one thing at a time";
            self.document.problem(at, "where names no part, or several", help);
            return None;
        };
        let value = node.text().unwrap_or_default();
        match slice::slice(&self.settings.breakdowns, (name, &value), whom.kind()) {
            Err(NoSlice { problem, help }) => {
                self.document.problem(node.at, format!("where: {problem}"), help);
                None
            }
            Ok(slice) => Some(match whom {
                Whom::One(scope) => Whom::One(scope.part(slice)),
                Whom::Every { kind, of, .. } => Whom::Every { kind, of, part: Some(slice.clone()) },
            }),
        }
    }

    /// `ramp: {for: 90d, at_least: 60%}`: what holds for newcomers; without a bound they are not judged.
    fn ramp(
        &self,
        section: &mut Section,
        unit: Option<Unit>,
        whom: Option<&Whom>,
        bound: Option<Bound>,
    ) -> Option<Ramp> {
        let mut ramp = section.section("ramp");
        if !ramp.is_there {
            return None;
        }
        let length = ramp.required("for", values::positive_duration);
        let eased = self.bound(&mut ramp, unit, false);
        if whom.is_some_and(|whom| whom.kind() != ScopeKind::Rep) {
            let help = "remove it, or make the target one of reps: nobody else starts";
            self.document.problem(ramp.at, "ramp: only reps are new", help);
        }
        if let (Some(eased), Some(bound), Some(unit)) = (eased, bound, unit)
            && !eased.allows(bound)
        {
            let message = format!("ramp: {} is not easier than {}", eased.text(unit), bound.text(unit));
            self.document.problem(ramp.at, message, "ask less of newcomers than of all, with a bound of the same kind");
        }
        Some(Ramp { length: length?, bound: eased })
    }

    fn bound(&self, section: &mut Section, unit: Option<Unit>, is_required: bool) -> Option<Bound> {
        let at_least = section.take("at_least");
        let at_most = section.take("at_most");
        let within = section.take("within");
        let unit = unit?;
        let value = |key: &str, node: &Node| {
            value(unit, node).map_err(|problem| self.document.wrong(node.at, key, &problem)).ok()
        };
        match (at_least, at_most, within) {
            (Some(node), None, None) => Some(Bound::AtLeast(value("at_least", &node)?)),
            (None, Some(node), None) => Some(Bound::AtMost(value("at_most", &node)?)),
            (None, None, Some(node)) => {
                let Value::List(nodes) = &node.value else {
                    self.document.wrong(node.at, "within", "is no list of two; write within: [low, high]");
                    return None;
                };
                match nodes.iter().map(|node| value("within", node)).collect::<Option<Vec<f64>>>()?[..] {
                    [low, high] if low < high => Some(Bound::Within(low, high)),
                    _ => {
                        let problem = "is not two values, the lower one first; write within: [low, high]";
                        self.document.wrong(node.at, "within", problem);
                        None
                    }
                }
            }
            (None, None, None) if !is_required => None,
            _ => {
                let message = "a target has one of at_least, at_most, within";
                self.document.problem(section.at, message, format!("add e.g. `at_most: {}`", example(unit)));
                None
            }
        }
    }
}

fn kind_of(text: &str) -> Result<ScopeKind, String> {
    ScopeKind::parse(text).ok_or_else(|| {
        let kinds: BTreeMap<_, _> = ScopeKind::ALL.iter().map(|kind| (kind, kind.name())).collect();
        let kinds: Vec<&str> = kinds.into_values().collect();
        format!("`{text}` is no kind of scope; write one of {}", kinds.join(", "))
    })
}

fn example(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "500",
        Unit::Seconds => "20s",
        Unit::Ratio | Unit::Score | Unit::Share | Unit::Proportion => "3%",
        Unit::Points => "70",
        Unit::Mean | Unit::Number | Unit::Weighted | Unit::PerThousand | Unit::PerHour => "2.5",
    }
}

/// A value in a unit: `3%` or 0.03, `20s`, 500.
fn value(unit: Unit, node: &Node) -> Result<f64, String> {
    let help = format!("write e.g. {}", example(unit));
    if unit == Unit::Seconds {
        return values::duration(node).map(|span| span.0 as f64 / 1000.0);
    }
    let is_share = matches!(unit, Unit::Ratio | Unit::Score | Unit::Share | Unit::Proportion);
    let number = match &node.value {
        Value::Integer(number) => *number as f64,
        Value::Float(number) => *number,
        Value::Text(text) if is_share => percent(text).ok_or_else(|| format!("is no share; {help}"))?,
        _ => return Err(format!("is no number; {help}")),
    };
    let (low, high) = match unit {
        Unit::Ratio | Unit::Score | Unit::Share => (0.0, 1.0),
        Unit::Points => (-100.0, 100.0),
        Unit::Count | Unit::Seconds | Unit::Mean | Unit::PerThousand | Unit::PerHour | Unit::Proportion => (0.0, 1e15),
        Unit::Number | Unit::Weighted => (-1e15, 1e15),
    };
    match (low..=high).contains(&number) {
        true => Ok(number),
        false if is_share => Err(format!("is beyond what a share can be; {help}")),
        false => Err(format!("is beyond what the measure can be, which is {low} to {high}; {help}")),
    }
}

/// Reads `3%`. The point is moved in the text, so that 0.1 % is the number nearest to 0.001.
fn percent(text: &str) -> Option<f64> {
    let digits = text.trim().strip_suffix('%')?.trim();
    let is_plain = digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    format!("{digits}e-2").parse().ok().filter(|_| is_plain)
}

/// A share of a bound: `10%`.
fn share(node: &Node) -> Result<f64, String> {
    match value(Unit::Ratio, node)? {
        share if share < 1.0 => Ok(share),
        _ => Err("is no part of a bound; write less than 100%, e.g. 10%".to_owned()),
    }
}

fn confidence(node: &Node) -> Result<Option<Confidence>, String> {
    let wrong = || Err("is none that is known; write 90%, 95%, 99% or off".to_owned());
    let text = match &node.value {
        Value::Bool(false) => return Ok(None),
        Value::Text(text) if text == "off" => return Ok(None),
        Value::Text(text) => text.trim_end_matches('%').trim().to_owned(),
        Value::Integer(number) => number.to_string(),
        _ => return wrong(),
    };
    let known = Confidence::ALL.into_iter().find(|known| known.percent().to_string() == text);
    known.map_or_else(wrong, |known| Ok(Some(known)))
}
