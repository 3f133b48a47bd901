//! Alerts on targets.

use super::{FRESH, KEPT, Options, Rule, literal, quoted, runbook};
use crate::config::{Clock, Loaded};
use crate::domain::measure::{Unit, short};
use crate::domain::scope::ScopeKind;
use crate::domain::target::{Target, Whom};
use crate::publish::board::{ended, part_text, when};
use crate::publish::targets::family_name;

/// The alert that a target is missed: one name for all of them, which routes and inhibitions can go by.
const MISSED: &str = "GoalkeeperTargetMissed";
/// What is said of targets by figures that are up to date.
pub(super) const FRESH_BREACH: &str = "goalkeeper:target_breached:fresh";

/// What is said of targets, while it is up to date. Where events tell the time nobody knows how old it is: then it is up
/// to date while goalkeeper is ready.
pub(super) fn fresh_breach(loaded: &Loaded, options: &Options) -> String {
    let sel = &options.selector;
    let fresh = match loaded.config.clock {
        Clock::Wall => format!("time() - goalkeeper_time_timestamp_seconds{{{sel}}} < {FRESH}"),
        Clock::Stream => format!("goalkeeper_ready{{{sel}}} == 1"),
    };
    format!("goalkeeper_target_breached{{{sel}}}\nand on (job, instance) ({fresh})")
}

/// An alert for each target that has series, and what there is to know about those that have none.
pub(super) fn rules(loaded: &Loaded, options: &Options) -> (Vec<Rule>, Vec<String>) {
    let mut warnings = Vec::new();
    let mut rules = Vec::new();
    for target in &loaded.targets {
        let has_reps = loaded.config.server.reps || target.whom.kind() != ScopeKind::Rep;
        match (&target.whom, has_reps) {
            (Whom::One(_), false) => {
                warnings.push(format!(
                    "target {} has no alert: it is about a rep, and figures of reps are not published; see server.reps",
                    target.id
                ));
                continue;
            }
            (Whom::Every { .. }, false) => warnings.push(format!(
                "target {} is told of teams most of whose reps miss, and of no rep: figures of reps are not published; \
                 see server.reps",
                target.id
            )),
            (_, true) => {}
        }
        rules.push(rule(target, options));
    }
    (rules, warnings)
}

fn rule(target: &Target, options: &Options) -> Rule {
    let unit = target.measure.definition.unit;
    let title = literal(&target.title);
    let mut annotations = vec![
        ("summary", format!("Missed by {{{{ $labels.scope_kind }}}} {{{{ $labels.scope }}}}{}: {title}", part(target))),
        ("description", sentence(target, options)),
        ("threshold", target.bound().text(unit)),
        ("runbook_url", target.runbook.as_deref().map_or_else(|| runbook(options, MISSED), literal)),
    ];
    annotations.extend(target.owner.as_deref().map(|owner| ("owner", literal(owner))));
    if let Some(address) = &options.dashboard {
        let joint = if address.contains('?') { '&' } else { '?' };
        let link = format!(
            "{address}{joint}var-target={{{{ urlquery $labels.target }}}}&var-scope={{{{ urlquery $labels.scope }}}}"
        );
        annotations.push(("dashboard_url", link));
    }
    Rule {
        alert: MISSED,
        expression: expression(target, options),
        hold: short(target.hold),
        severity: Some(target.severity),
        // The series have it; said here too, rules of one name differ.
        labels: vec![("target", literal(&target.id))],
        annotations,
    }
}

/// The figure that is told, of whoever misses; NaN where there is none. A restart, when series are gone for some time,
/// ends nothing. Replicas say the same: who of them says it is no label.
fn expression(target: &Target, options: &Options) -> String {
    let matchers = format!("{{target={},{}}}[{KEPT}]", quoted(&target.id), options.selector);
    let told = family_name("told", target.measure.definition.unit);
    format!(
        "max without (instance, pod) (\n  (\n    last_over_time({told}{matchers})\n    or\n    \
         last_over_time({FRESH_BREACH}{matchers}) * NaN\n  )\n  and\n    \
         last_over_time({FRESH_BREACH}{matchers}) == 1\n)"
    )
}

/// What is wrong, in plain words: `abandon_rate of team care is 4.2 % this week; the target is at most 3 %`.
fn sentence(target: &Target, options: &Options) -> String {
    let unit = target.measure.definition.unit;
    let is_of_reps = target.whom.kind() == ScopeKind::Rep;
    let part = part(target);
    let whose = match is_of_reps {
        true => format!(
            "{{{{ if eq $labels.scope_kind \"team\" }}}}most reps of team {{{{ $labels.scope }}}}{part}, and of the team as a \
             whole,{{{{ else }}}}rep {{{{ $labels.scope }}}}{part}{{{{ end }}}}"
        ),
        false => format!("{{{{ $labels.scope_kind }}}} {{{{ $labels.scope }}}}{part}"),
    };
    // A query, for what is no part of the alert itself.
    let look = |name: &str, more: &str| {
        let query = format!(
            "last_over_time({name}{{target={},scope_kind=%q,scope=%q,{}}}[{KEPT}]){more}",
            percent_free(&quoted(&target.id)),
            percent_free(&options.selector)
        );
        format!("query (printf {} $labels.scope_kind $labels.scope)", quoted(&query))
    };
    let (figure, now) = (figure(unit), when(target.window));
    let (first, is_figure) = match target.window.is_rolling() {
        true => (String::new(), format!("is {figure} {now}")),
        false => (
            format!("{{{{ $ended := {} }}}}", look("goalkeeper_target_told_ended", " == 1")),
            format!(
                "{{{{ if $ended }}}}was{{{{ else }}}}is{{{{ end }}}} {figure} {{{{ if $ended }}}}{}{{{{ else }}}}{now}{{{{ end \
                 }}}}",
                ended(target.window)
            ),
        ),
    };
    let projection = match unit {
        Unit::Count => {
            let found = look("goalkeeper_target_projection", "");
            format!(
                "{{{{ with {found} }}}}, at this pace {{{{ . | first | value | printf \"%.0f\" }}}} at its end{{{{ end }}}}"
            )
        }
        _ => String::new(),
    };
    let newcomers = match target.ramp.and_then(|ramp| ramp.bound) {
        Some(eased) => {
            let found = look("goalkeeper_target_ramp_end_timestamp_seconds", "");
            format!("{{{{ if {found} }}}}, and {} of this newcomer{{{{ end }}}}", eased.text(unit))
        }
        None => String::new(),
    };
    let each = if is_of_reps && unit == Unit::Count { " for each rep" } else { "" };
    format!(
        "{first}{} of {whose} {is_figure}{projection}; the target is {}{each}{newcomers}",
        target.measure.name,
        target.bound().text(unit)
    )
}

/// The part of each scope that the target is about, as it is written into a template.
fn part(target: &Target) -> String {
    literal(&part_text(target))
}

/// A value in a template, as people write it.
fn figure(unit: Unit) -> String {
    let number = match unit {
        Unit::Count => "{{ printf \"%.0f\" $value }}",
        Unit::Mean => "{{ printf \"%.2f\" $value }}",
        Unit::Points => "{{ printf \"%.1f\" $value }} points",
        Unit::Number | Unit::Weighted => "{{ printf \"%.2f\" $value }}",
        Unit::PerThousand => "{{ printf \"%.2f\" $value }} per 1,000",
        Unit::PerHour => "{{ printf \"%.2f\" $value }} per hour",
        Unit::Seconds => "{{ $value | humanizeDuration }}",
        Unit::Ratio | Unit::Score | Unit::Share | Unit::Proportion => {
            "{{ printf \"%.3f\" $value | humanizePercentage | reReplaceAll \"%\" \" %\" }}"
        }
    };
    format!("{{{{ if ne $value $value }}}}without data{{{{ else }}}}{number}{{{{ end }}}}")
}

/// A text for `printf` to leave as it is.
fn percent_free(text: &str) -> String {
    text.replace('%', "%%")
}
