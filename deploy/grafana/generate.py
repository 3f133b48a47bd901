#!/usr/bin/env python3
"""Writes Grafana's dashboards into the folder that is named, or else into dashboards/ beside this file.

What a panel reads is explained in its description with the words of docs/metrics.md; a metric that is not there is an error.
Replicas that read the same topics say the same, so queries take the greatest of them and never add them up.
"""

import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
HOST = 'job=~"$job",instance=~"$instance"'
WINDOW = 'window="$window"'
RATE = "[$__rate_interval]"
# The worst first. Where figures do not tell, that comes before what is well.
STATES = [
    ("missed", "red"), ("at_risk", "orange"), ("expired", "dark-red"), ("undetermined", "purple"),
    ("no_data", "text"), ("pending", "light-blue"), ("on_track", "light-green"), ("met", "green"),
]
NEUTRAL, GOOD_AT_0, GOOD_AT_1 = [("blue", None)], [("green", None), ("red", 1)], [("red", None), ("green", 1)]
YES_NO = {0: ("no", "red"), 1: ("yes", "green")}
TARGET_UNITS = ("", "_ratio", "_seconds", "_points", "_per_thousand", "_per_hour", "_number")
UNITS = {"ratio": "percentunit", "seconds": "s", "points": "none", "count": "none"}
OF_OTHERS = {
    "ALERTS": "Alerts of Prometheus, by the rules that `goalkeeper rules` prints.",
    "scrape_duration_seconds": "How long Prometheus took to get the page.",
    "scrape_samples_scraped": "Samples on the page.",
    "up": "1 if Prometheus could read the page.",
}


# What metrics mean.

def catalogue():
    meanings = {}
    for line in (HERE / "../../docs/metrics.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.split(" | ")]
        if line.startswith("| `"):
            name, kinds, meaning = cells[0].strip("| `"), cells[4].strip("| "), cells[5].strip("| ")
            kinds = ["company", "department", "team", "queue", "rep"] if kinds == "all" else kinds.split(", ")
            for kind in kinds if "SCOPE" in name else [""]:
                for unit in TARGET_UNITS if name.endswith("_UNIT") else ["_UNIT"]:
                    exact = name.replace("SCOPE", kind).replace("_UNIT", unit)
                    meanings[exact] = meaning.removesuffix(": counted since the process began.")
    return meanings | OF_OTHERS


MEANINGS = catalogue()


def meaning(name):
    if name.endswith("_"):  # a pattern
        names = [other for other in MEANINGS if other.startswith(name)]
        return f"`{name}...`", MEANINGS[min(names, key=len)]
    plain = name if name in MEANINGS else re.sub("_(bucket|sum|count)$", "", name)
    shown = re.sub(f"^(goalkeeper_target_(value|at_least|at_most))({'|'.join(TARGET_UNITS)})$", r"\1_UNIT", plain)
    return f"`{shown}`", MEANINGS[plain]


def metrics_of(expression):
    words = re.findall(r"(?<![\w$\"])(?:(?:goalkeeper|process|scrape)_\w+|ALERTS|up(?={))", re.sub(r'="[^"]*"', "", expression))
    return words + re.findall(r"goalkeeper_\w+", " ".join(re.findall(r'__name__=~"([^"]*)"', expression)))


def described(text, targets):
    read = dict.fromkeys(meaning(name) for target in targets for name in metrics_of(target["expr"]))
    said = [f"{name}: {words}" for name, words in read if "_retracted" not in name]
    if any("_retracted" in name for name, _ in read):
        said.append("Less what was taken back because more was learned (`..._retracted...`).")
    return "\n\n".join([text, "It reads:\n" + "\n".join(f"- {line}" for line in said)])


# Queries.

def of(name, *matchers):
    return f"{name}{{{','.join((HOST, *matchers))}}}"


def named(names, *matchers):
    return "{" + ",".join((f'__name__=~"{"|".join(names)}"', HOST, *matchers)) + "}"


def most(by, expression):
    return f"max by ({by}) ({expression})"


def window(kind, figure, *matchers):
    """A figure of the chosen window."""
    return most(kind, of(f"goalkeeper_{kind}_window_{figure}", WINDOW, *matchers))


def pooled(kind, measure, *matchers):
    """A ratio of the chosen window, of all chosen scopes together."""
    numerator, sample = (f"sum({window(kind, f'{measure}_{half}', *matchers)})" for half in ("numerator", "sample"))
    return f"{numerator} / {sample}"


def net(name, by, *matchers, over=RATE):
    """What was counted, less what was taken back."""
    twin = re.sub(r"(_seconds)?(_total|_bucket)$", r"_retracted\1\2", name)
    counted, taken = (f"increase({of(it, *matchers)}{over})" for it in (name, twin))
    return most(by, f"{counted} - {taken}")


def goal(measure, kind, unit):
    """The bounds of targets on a measure, for scopes of a kind and the chosen window."""
    suffix = "" if unit == "count" else f"_{unit}"
    bounds = named([f"goalkeeper_target_at_least{suffix}", f"goalkeeper_target_at_most{suffix}"])
    info = of("goalkeeper_target_info", f'measure=~"{measure}"', WINDOW)
    judged = of("goalkeeper_target_state", f'scope_kind="{kind}"')
    return f"max by (__name__, target) ({bounds} and on (job, instance, target) {info} and on (job, instance, target) {judged})"


def states(*matchers):
    """Each state as a number: the greatest is the worst."""
    worst = len(STATES)
    each = (f"""{worst - n} * {of("goalkeeper_target_state", *matchers, f'state="{name}"')}""" for n, (name, _) in enumerate(STATES))
    return most("target, scope_kind, scope", " or ".join(each))


def room(*matchers):
    """How far a figure is from its bound, as a share of the bound."""
    def families(name):
        return [f"goalkeeper_target_{name}{suffix}" for suffix in TARGET_UNITS]
    value = named(families("value"), *matchers)
    at_least, at_most = (named(families(name)) for name in ("at_least", "at_most"))
    joint = "/ on (job, instance, target) group_left ()"
    # A target may have both bounds: each room has a label of its own, so that `or` keeps both.
    rooms = [(f"{value} {joint} {at_least} - 1", "at_least"), (f"1 - {value} {joint} {at_most}", "at_most")]
    each = " or ".join(f'label_replace({room}, "bound", "{bound}", "", "")' for room, bound in rooms)
    return f"min by (target, scope_kind, scope) ({each})"


# Parts of panels.

def query(expression, legend="", ref=None, table=False, heat=False):
    form = "table" if table else "heatmap" if heat else "time_series"
    made = {"datasource": SOURCE, "editorMode": "code", "expr": expression, "format": form, "legendFormat": legend or "__auto"}
    made |= {"instant": True, "range": False} if table else {"instant": False, "range": True}
    return made | ({"refId": ref} if ref else {})


def mapped(words):
    options = {str(value): {"text": text, "color": color, "index": n} for n, (value, (text, color)) in enumerate(words.items())}
    return [{"type": "value", "options": options}]


def steps(thresholds):
    return {"mode": "absolute", "steps": [{"color": color, "value": value} for color, value in thresholds]}


def override(matcher, options, **properties):
    listed = [{"id": name.replace("__", "."), "value": value} for name, value in properties.items()]
    return {"matcher": {"id": matcher, "options": options}, "properties": listed}


def is_called(name, **properties):
    return override("byName", name, **properties)


STATE_WORDS = mapped({len(STATES) - n: (name.replace("_", " "), color) for n, (name, color) in enumerate(STATES)})
COLORED = {"type": "color-background", "mode": "basic"}
TO_QUEUE = [{"title": "This queue", "url": "/d/goalkeeper-queue?var-queue=${__field.labels.queue}&${__url_time_range}"}]
GOAL_LINE = override(
    "byFrameRefID", "Goal", color={"mode": "fixed", "fixedColor": "red"}, custom__fillOpacity=0, custom__lineWidth=2,
    custom__lineStyle={"fill": "dash", "dash": [8, 8]}, displayName="target ${__field.labels.target}",
)


def panel(kind, title, text, targets, unit, size, options, thresholds=NEUTRAL, custom=None, overrides=(), words=None,
          transformations=(), color="thresholds", links=(), low=None, high=None):
    targets = [query(it) if isinstance(it, str) else dict(it) for it in targets]
    for n, target in enumerate(targets):
        target.setdefault("refId", chr(ord("A") + n))
    defaults = {"unit": unit, "color": {"mode": color}, "thresholds": steps(thresholds), "mappings": words or [],
                "custom": custom or {}, "links": list(links), "min": low, "max": high}
    defaults = {key: value for key, value in defaults.items() if value is not None and value != []}
    made = {"type": kind, "title": title, "description": described(text, targets), "datasource": SOURCE,
            "gridPos": {"w": size[0], "h": size[1]}, "targets": targets, "options": options,
            "fieldConfig": {"defaults": defaults, "overrides": list(overrides)}}
    return made | ({"transformations": list(transformations)} if transformations else {})


REDUCED = {"calcs": ["lastNotNull"], "fields": "", "values": False}


def stat(title, text, targets, unit="none", thresholds=NEUTRAL, size=(4, 4), background=False, text_mode="auto", **more):
    options = {"reduceOptions": REDUCED, "colorMode": "background" if background else "value", "graphMode": "none",
               "justifyMode": "auto", "orientation": "auto", "textMode": text_mode, "wideLayout": True,
               "showPercentChange": False, "percentChangeColorMode": "standard"}
    return panel("stat", title, text, targets, unit, size, options, thresholds, **more)


def lines(title, text, targets, unit="none", size=(12, 8), goals=(), stacked=False, bars=False, overrides=(), low=0, **more):
    custom = {"drawStyle": "bars" if bars else "line", "lineWidth": 0 if bars else 1, "fillOpacity": 60 if bars else 25 if stacked else 5,
              "showPoints": "never", "spanNulls": False, "stacking": {"mode": "normal" if stacked else "none", "group": "A"}}
    options = {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
               "tooltip": {"mode": "multi", "sort": "desc"}}
    if goals:
        text += " The dashed line is the target's bound, where a target is on this figure and window."
    targets = [*targets, *(query(it, ref="Goal") for it in goals)]
    return panel("timeseries", title, text, targets, unit, size, options, custom=custom, color="palette-classic",
                 overrides=[*overrides, *([GOAL_LINE] if goals else [])], low=low, **more)


def table(title, text, targets, overrides, size=(24, 9), transformations=(), **more):
    options = {"frameIndex": 0, "showHeader": True, "cellHeight": "sm", "footer": {"show": False, "reducer": ["sum"], "countRows": False, "fields": ""}}
    targets = [query(it, table=True) if isinstance(it, str) else it for it in targets]
    return panel("table", title, text, targets, "none", size, options, overrides=overrides,
                 custom={"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False}, transformations=transformations, **more)


def timeline(title, text, targets, size=(24, 8)):
    options = {"mergeValues": True, "showValue": "auto", "alignValue": "left", "rowHeight": 0.85,
               "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []},
               "tooltip": {"mode": "single", "sort": "none"}}
    return panel("state-timeline", title, text, targets, "none", size, options, words=STATE_WORDS,
                 custom={"lineWidth": 0, "fillOpacity": 80})


def heatmap(title, text, expression, size=(12, 9)):
    options = {"calculate": False, "cellGap": 1, "yAxis": {"unit": "s", "axisPlacement": "left"}, "rowsFrame": {"layout": "auto"},
               "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64, "exponent": 0.5, "fill": "dark-orange", "reverse": False},
               "legend": {"show": True}, "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": False},
               "exemplars": {"color": "rgba(255,0,255,0.7)"}, "filterValues": {"le": 1e-9}, "showValue": "never"}
    return panel("heatmap", title, text, [query(expression, "{{le}}", heat=True)], "none", size, options)


def note(title, text, size=(24, 3)):
    return {"type": "text", "title": title, "description": text, "datasource": SOURCE, "gridPos": {"w": size[0], "h": size[1]},
            "options": {"mode": "markdown", "content": text}}


def row(title):
    return {"type": "row", "title": title, "collapsed": False, "gridPos": {"w": 24, "h": 1}, "panels": []}


def renamed(order, hidden=("Time",)):
    """Columns in an order, with names."""
    by_name = {name: title for name, title in order}
    options = {"excludeByName": dict.fromkeys(hidden, True), "indexByName": {name: n for n, name in enumerate(by_name)}, "renameByName": by_name}
    return {"id": "organize", "options": options}


def sorted_by(field, desc):
    return {"id": "sortBy", "options": {"fields": {}, "sort": [{"field": field, "desc": desc}]}}


MERGE = {"id": "merge", "options": {}}


def target_table(title, text, *matchers, size=(24, 10)):
    """Targets, the worst first."""
    def values(*suffixes):
        return most("target, scope_kind, scope", named([f"goalkeeper_target_value{suffix}" for suffix in suffixes], *matchers))
    columns = [("target", "Target"), ("scope_kind", "Kind"), ("scope", "Scope"), ("Value #A", "State"), ("Value #B", "Room to the bound"),
               ("Value #C", "Share"), ("Value #D", "Time"), ("Value #E", "Points"), ("Value #F", "Number"), ("Value #G", "Sample")]
    sample = most("target, scope_kind, scope", of("goalkeeper_target_sample", *matchers))
    queries = [states(*matchers), room(*matchers), values("_ratio"), values("_seconds"), values("_points"),
               values("", "_per_thousand", "_per_hour", "_number"), sample]
    overrides = [
        is_called("State", mappings=STATE_WORDS, custom__cellOptions=COLORED),
        is_called("Room to the bound", unit="percentunit", decimals=1, custom__cellOptions={"type": "color-text"},
                  thresholds=steps([("red", None), ("green", 0)])),
        is_called("Share", unit="percentunit", decimals=1), is_called("Time", unit="s"), is_called("Points", decimals=0), is_called("Number", decimals=2),
    ]
    text += (" Room to the bound: value / bound - 1 for `at_least`, 1 - value / bound for `at_most`; below 0 the bound is not kept."
             " The figure is in the column of its unit.")
    return table(title, text, queries, overrides, size, [MERGE, renamed(columns), sorted_by("State", True)])


# Dashboards.

def variable(name, label, metric, label_name, multi=False, current=None, hide=0):
    made = {"type": "query", "name": name, "label": label, "datasource": SOURCE, "refresh": 2, "sort": 1, "hide": hide, "multi": multi,
            "includeAll": multi, "query": {"query": f"label_values({metric}, {label_name})", "refId": "Variable"},
            "definition": f"label_values({metric}, {label_name})", "regex": "", "options": []}
    if multi:
        made |= {"allValue": ".+", "current": {"selected": True, "text": ["All"], "value": ["$__all"]}}
    elif current:
        made["current"] = {"selected": True, "text": current, "value": current}
    return made


def dashboard(uid, title, text, variables, panels, root="goalkeeper_build_info", span="now-6h"):
    source = {"type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus", "refresh": 1, "hide": 0,
              "regex": "", "multi": False, "includeAll": False, "options": [],
              "current": {"selected": True, "text": "default", "value": "default"}}
    hosts = [variable("job", "Job", root, "job", multi=True),
             variable("instance", "Instance", f'{root}{{job=~"$job"}}', "instance", multi=True)]
    link = {"type": "dashboards", "title": "Goalkeeper", "tags": ["goalkeeper"], "asDropdown": True, "includeVars": True, "keepTime": True,
            "icon": "external link", "targetBlank": False, "tooltip": "The other dashboards of goalkeeper", "url": ""}
    x = y = height = 0
    for n, it in enumerate(panels):
        place = it["gridPos"]
        if x + place["w"] > 24:
            x, y, height = 0, y + height, 0
        it["id"], it["gridPos"] = n + 1, {"x": x, "y": y} | place
        x, height = x + place["w"], max(height, place["h"])
    return {"id": None, "uid": uid, "title": title, "description": text, "tags": ["goalkeeper"], "schemaVersion": 39, "version": 1,
            "editable": False, "graphTooltip": 1, "refresh": "30s", "time": {"from": span, "to": "now"}, "timezone": "browser",
            "annotations": {"list": []}, "links": [link], "templating": {"list": [source, *hosts, *variables]}, "panels": panels}


CHOSEN_WINDOW = variable("window", "Window", f"goalkeeper_window_start_timestamp_seconds{{{HOST}}}", "window", current="day")
NOT_REPS = 'scope_kind!="rep"'
FRESHNESS = (
    stat("Ready", "Whether everything that was there at the start has been read and Kafka can be reached. While it is not, figures are old.",
         [f'min({of("goalkeeper_ready")})'], thresholds=GOOD_AT_1, words=mapped(YES_NO), background=True)
)


OCCUPANCY = ("Occupancy: time on contacts / that and the time free for them. Utilisation: time on contacts / time signed in. Both are in DEFINITIONS.md.")
REVIEWS = "Mean score of quality reviews as a share of the best one: review_score in DEFINITIONS.md."
TRANSFERS = "Completed transfers, in the window so far, by whether they were needed: transfers_needed in DEFINITIONS.md says who decides."
CLASSES = (("needed", "needed"), ("unneeded", "not needed"), ("unclassified", "nobody says"))


def day_of(kind, one):
    """What reps did with their time; `one` is the query of a figure."""
    states = [("on_contact", "on contacts"), ("wrap_up", "after-contact work"), ("available", "free for contacts"), ("break", "break"),
              ("meeting", "meeting"), ("training", "training"), ("other", "other")]
    return lines("Time by state", f"What {'the rep' if kind == 'rep' else 'reps of all chosen teams'} did, in the window so far.",
                 [query(one(f"time_{name}_seconds"), words) for name, words in states], "s", stacked=True)


def teams():
    chosen = (NOT_REPS, 'target=~"$target"', 'scope=~"$scope"')
    all_states = most("target, scope_kind, scope, state", of("goalkeeper_target_state", *chosen))

    def share(*of_them):
        wanted = most("target, scope_kind, scope, state", of("goalkeeper_target_state", *chosen, f'state=~"{"|".join(of_them)}"'))
        return f"sum({wanted}) / sum({all_states})"
    firing = most("target, scope_kind, scope, severity, alertstate", 'ALERTS{target=~"$target",scope=~"$scope",scope_kind!="rep",job=~"$job"}')
    return dashboard("goalkeeper-teams", "Goalkeeper: teams against targets", "Who meets its targets, who does not, and how that came.", [
        CHOSEN_WINDOW,
        variable("target", "Target", of("goalkeeper_target_info"), "target", multi=True),
        variable("scope", "Scope", of("goalkeeper_target_state", NOT_REPS, 'target=~"$target"'), "scope", multi=True),
    ], [
        stat("Kept", "Share of targets, each for each of its scopes, whose bound is kept, or will be if things go on like this (states met, on_track).",
             [share("met", "on_track")], "percentunit", [("green", None)]),
        stat("At risk", "Share of targets, each for each of its scopes, that will be missed if things go on like this (state at_risk).",
             [share("at_risk")], "percentunit", [("green", None), ("orange", 0.000001)]),
        stat("Missed", "Share of targets, each for each of its scopes, whose bound is not kept (states missed, expired).",
             [share("missed", "expired")], "percentunit", [("green", None), ("red", 0.000001)]),
        stat("Not to be told", "Share of targets, each for each of its scopes, of which nothing can be said (states no_data, undetermined, pending).",
             [share("no_data", "undetermined", "pending")], "percentunit", [("text", None)]),
        stat("Breached", "How many targets, each for each of its scopes, are missed or will be, as alerts see it.",
             [f'sum({most("target, scope_kind, scope", of("goalkeeper_target_breached", *chosen))})'], thresholds=GOOD_AT_0),
        FRESHNESS,
        table("Teams and their targets", "The state of each target for each team.",
              [most("target, scope", states('scope_kind="team"', *chosen[1:]))],
              [override("byType", "number", custom__cellOptions=COLORED, mappings=STATE_WORDS)], (24, 8),
              [{"id": "groupingToMatrix", "options": {"columnField": "target", "rowField": "scope", "valueField": "Value", "emptyValue": "null"}}]),
        target_table("Targets, the worst first", "Every target for each of its scopes, reps not included.", *chosen),
        table("Alerts", "What Prometheus tells, or will when it has held for long enough (pending).", [firing],
              [is_called("Severity", mappings=mapped({"critical": ("critical", "red"), "warning": ("warning", "orange"), "info": ("info", "blue")}),
                         custom__cellOptions={"type": "color-text"})], (12, 8),
              [renamed([("target", "Target"), ("scope_kind", "Kind"), ("scope", "Scope"), ("severity", "Severity"), ("alertstate", "Alert")], ("Time", "Value"))]),
        lines("Targets by state", "How many targets, each for each of its scopes, are in each state.",
              [query(f"sum by (state) ({all_states})", "{{state}}")], stacked=True,
              overrides=[is_called(name, color={"mode": "fixed", "fixedColor": color}) for name, color in STATES]),
        timeline("Teams through time", "The state of each target for each team.",
                 [query(most("target, scope", states('scope_kind="team"', *chosen[1:])), "{{scope}}: {{target}}")]),
        row("Figures of teams, over the chosen window"),
        lines("Service level", "Share of contacts served in time: service_level in DEFINITIONS.md.",
              [query(window("team", "service_level_ratio"), "{{team}}")], "percentunit", goals=[goal("service_level", "team", "ratio")]),
        lines("Abandon rate", "Share of contacts in which the customer gave up: abandon_rate in DEFINITIONS.md.",
              [query(window("team", "abandon_rate_ratio"), "{{team}}")], "percentunit", goals=[goal("abandon_rate", "team", "ratio")]),
        lines("Handle time", "Mean of talk, hold and after-contact work together (AHT): handle_time_mean in DEFINITIONS.md.",
              [query(window("team", "handle_time_mean_seconds"), "{{team}}")], "s", goals=[goal("handle_time_mean", "team", "seconds")]),
        lines("First-contact resolution", "first_contact_resolution in DEFINITIONS.md.",
              [query(window("team", "first_contact_resolution_ratio"), "{{team}}")], "percentunit",
              goals=[goal("first_contact_resolution", "team", "ratio")]),
        lines("Net promoter score", "100 * (promoters - detractors) / answers: nps in DEFINITIONS.md.",
              [query(window("team", "nps"), "{{team}}")], goals=[goal("nps", "team", "points")], low=-100, high=100),
        lines("Contacts handled", "Inbound contacts that reps finished handling, in the window so far: handled in DEFINITIONS.md.",
              [query(window("team", "handled"), "{{team}}")], goals=[goal("handled", "team", "count")]),
    ])


def queue():
    mine = 'queue=~"$queue"'

    def bucket(name):
        return f"goalkeeper_queue_{name}_wait_seconds_bucket"

    def quantile(q, name):
        return query(f'histogram_quantile({q}, sum by (le) ({net(bucket(name), "queue, le", mine)}))', f"p{q * 100:.0f}")
    longest = of("goalkeeper_queue_longest_wait_now_seconds", mine)
    columns = [("queue", "Queue"), ("Value #A", "Offered"), ("Value #B", "Answered"), ("Value #C", "Abandoned"), ("Value #D", "Service level"),
               ("Value #E", "Abandon rate"), ("Value #F", "Mean wait"), ("Value #G", "p90 of waits"), ("Value #H", "Handle time")]
    names = ("offered", "answered", "abandoned", "service_level_ratio", "abandon_rate_ratio", "asa_seconds", "wait_answered_p90_seconds",
             "handle_time_mean_seconds")
    return dashboard("goalkeeper-queue", "Goalkeeper: queues", "What came in, how long it waited, what became of it.", [
        CHOSEN_WINDOW, variable("queue", "Queue", of("goalkeeper_queue_info"), "queue", multi=True),
    ], [
        stat("Waiting now", "Contacts that wait now, in all chosen queues.", [f'sum({most("queue", of("goalkeeper_queue_waiting_now", mine))})']),
        stat("Longest wait now", "How long the contact that waits longest has waited. Nothing while nobody waits.",
             [f"max({longest})"], "s", words=[
                 {"type": "special", "options": {"match": "null", "result": {"text": "nobody waits", "color": "green"}}}]),
        stat("Service level", "Of all chosen queues together, over the window: numerator / sample of service_level in DEFINITIONS.md.",
             [pooled("queue", "service_level", mine)], "percentunit"),
        stat("Abandon rate", "Of all chosen queues together, over the window: numerator / sample of abandon_rate in DEFINITIONS.md.",
             [pooled("queue", "abandon_rate", mine)], "percentunit"),
        stat("Mean wait until answered", "Of all chosen queues together, over the window: numerator / sample of asa in DEFINITIONS.md.",
             [f'sum({window("queue", "asa_numerator_seconds", mine)}) / sum({window("queue", "asa_sample", mine)})'], "s"),
        FRESHNESS,
        table("Queues, over the chosen window", "The figures of each queue, as DEFINITIONS.md defines them.", [window("queue", name, mine) for name in names],
              [*(is_called(name, unit="percentunit", decimals=1) for name in ("Service level", "Abandon rate")),
               *(is_called(name, unit="s") for name in ("Mean wait", "p90 of waits", "Handle time"))], (24, 7),
              [MERGE, renamed(columns), sorted_by("Queue", False)]),
        lines("Waiting", "Contacts that wait, by queue.", [query(most("queue", of("goalkeeper_queue_waiting_now", mine)), "{{queue}}")],
              stacked=True, links=TO_QUEUE),
        lines("What became of contacts", "Legs by outcome, in all chosen queues, as they came to be known (bars: between two points of the graph).",
              [query(f'sum({net(f"goalkeeper_queue_{name}_total", by, mine)})', name)
               for name, by in (("answered", "queue"), ("abandoned", "queue"), ("left", "queue, reason"), ("unknown", "queue"))],
              stacked=True, bars=True, low=None),
        lines("Service level", "Share of contacts served in time, over the window: service_level in DEFINITIONS.md.",
              [query(window("queue", "service_level_ratio", mine), "{{queue}}")], "percentunit", goals=[goal("service_level", "queue", "ratio")]),
        lines("Abandon rate", "Share of contacts in which the customer gave up, over the window: abandon_rate in DEFINITIONS.md.",
              [query(window("queue", "abandon_rate_ratio", mine), "{{queue}}")], "percentunit", goals=[goal("abandon_rate", "queue", "ratio")]),
        lines("Offered and answered", "Legs that reached an outcome, and those connected to somebody, in the window so far.",
              [query(window("queue", "offered", mine), "{{queue}} offered"), query(window("queue", "answered", mine), "{{queue}} answered")]),
        lines("Left another way", "Legs that left the queue neither answered nor abandoned, by reason, in all chosen queues.",
              [query(f'sum by (reason) ({net("goalkeeper_queue_left_total", "queue, reason", mine)})', "{{reason}}")], stacked=True, bars=True, low=None),
        row("Waits"),
        lines("Waits until answered, over the window", "How long answered contacts waited, by queue: percentiles of all in the window.",
              [query(window("queue", f"wait_answered_{name}_seconds", mine), "{{queue}} " + name) for name in ("p50", "p90", "p95", "max")], "s",
              goals=[goal("wait_answered_(p50|p90|p95|max)|asa", "queue", "seconds")]),
        lines("Waits until given up, over the window", "How long customers waited before they gave up, by queue: percentiles of all in the window.",
              [query(window("queue", f"wait_abandoned_{name}_seconds", mine), "{{queue}} " + name) for name in ("p50", "p90", "max")], "s"),
        lines("Waits until answered, as they came in", "Percentiles of contacts that were answered lately, of all chosen queues, from the histogram: as fine as its buckets.",
              [quantile(q, "answered") for q in (0.5, 0.9, 0.99)], "s"),
        lines("Waits until given up, as they came in", "Percentiles of contacts that were abandoned lately, of all chosen queues, from the histogram: as fine as its buckets.",
              [quantile(q, "abandoned") for q in (0.5, 0.9)], "s"),
        heatmap("Waits until answered", "How many contacts were answered after how long, in all chosen queues.",
                f'sum by (le) ({net(bucket("answered"), "queue, le", mine)})'),
        heatmap("Waits until given up", "How many customers gave up after how long, in all chosen queues.",
                f'sum by (le) ({net(bucket("abandoned"), "queue, le", mine)})'),
        row("Targets"),
        target_table("Targets of these queues, the worst first", "Every target for each of the chosen queues.", 'scope_kind="queue"', 'scope=~"$queue"',
                     size=(24, 8)),
    ])


def rep():
    mine = 'rep="$rep"'
    one = lambda name: window("rep", name, mine)  # noqa: E731
    return dashboard("goalkeeper-rep", "Goalkeeper: one rep", "The figures of one rep, for those who may see them.", [
        # With server.reps_listen nothing else on that page has windows.
        variable("window", "Window", of("goalkeeper_rep_window_handled"), "window", current="day"),
        variable("rep", "Rep", of("goalkeeper_rep_info"), "rep"),
    ], [
        note("For those allowed", "These are personal data: give the folder of this dashboard to those who may see them only. Series of reps exist "
             "with `server.reps: true` only; with `server.reps_listen` they have a scrape job of their own. Small samples tell little: "
             "see docs/targets.md, *Fair to people*."),
        stat("Handled", "Inbound contacts that the rep finished handling, in the window so far.", [one("handled")]),
        stat("Handle time", "Mean of talk, hold and after-contact work together: handle_time_mean in DEFINITIONS.md.", [one("handle_time_mean_seconds")], "s"),
        stat("First-contact resolution", "first_contact_resolution in DEFINITIONS.md.", [one("first_contact_resolution_ratio")], "percentunit"),
        stat("Satisfaction", "Satisfied answers / answers: csat in DEFINITIONS.md.", [one("csat_ratio")], "percentunit"),
        stat("Answers", "How many answers the satisfaction is about.", [one("csat_sample")]),
        stat("Tickets solved", "Tickets that are solved, each once, in the window so far.", [one("tickets_solved")]),
        target_table("Targets", "Every target for this rep. Undetermined: chance may have decided.", 'scope_kind="rep"', 'scope="$rep"', size=(24, 6)),
        lines("Handled", "Inbound contacts that the rep finished handling, in the window so far.", [query(one("handled"), "handled")],
              goals=[goal("handled", "rep", "count")]),
        lines("Handle time and its parts", "Means over the window: handle_time_mean, talk_time_mean, hold_time_mean, wrap_time_mean in DEFINITIONS.md.",
              [query(one(f"{name}_time_mean_seconds"), name) for name in ("handle", "talk", "hold", "wrap")], "s",
              goals=[goal("handle_time_mean", "rep", "seconds")]),
        lines("First-contact resolution", "first_contact_resolution in DEFINITIONS.md.", [query(one("first_contact_resolution_ratio"), "resolved")],
              "percentunit", goals=[goal("first_contact_resolution", "rep", "ratio")]),
        lines("Satisfaction", "Satisfied answers / answers: csat in DEFINITIONS.md.", [query(one("csat_ratio"), "satisfied")], "percentunit",
              goals=[goal("csat", "rep", "ratio")]),
        lines("Net promoter score", "100 * (promoters - detractors) / answers: nps in DEFINITIONS.md.", [query(one("nps"), "score")],
              goals=[goal("nps", "rep", "points")], low=-100, high=100),
        lines("Missed rings", "Rings that the rep did not answer, in the window so far, by reason.",
              [query(one(f"missed_{name}"), name.replace("_", " ")) for name in ("no_answer", "rejected", "busy", "caller_left", "dumped", "other")], stacked=True),
        day_of("rep", one),
        lines("Occupancy and utilisation", OCCUPANCY, [query(one(f"{name}_ratio"), name) for name in ("occupancy", "utilisation")],
              "percentunit", goals=[goal("occupancy|utilisation", "rep", "ratio")]),
        lines("Passed on", TRANSFERS, [query(one(f"transfers_{name}"), words) for name, words in CLASSES], stacked=True),
        lines("Quality reviews", REVIEWS, [query(one("review_score_ratio"), "score")], "percentunit", goals=[goal("review_score", "rep", "ratio")]),
        lines("Tickets", "Tickets solved and solves undone by a reopening, in the window so far.",
              [query(one("tickets_solved"), "solved"), query(one("tickets_reopened"), "reopened")], goals=[goal("tickets_solved", "rep", "count")]),
        lines("Ticket times", "Means over the window, on the calendar clock: first_response_mean, full_resolution_mean in DEFINITIONS.md.",
              [query(one("first_response_mean_seconds"), "first response"), query(one("full_resolution_mean_seconds"), "full resolution")], "s"),
    ], root="goalkeeper_rep_info")


def team():
    mine = 'team=~"$team"'
    one = lambda name: window("team", name, mine)  # noqa: E731
    by_team = lambda figure, words="": query(one(figure), "{{team}}" + words)  # noqa: E731
    share = lambda title, text, measure: stat(title, f"Of all chosen teams together, over the window: {text}", [pooled("team", measure, mine)], "percentunit")  # noqa: E731
    return dashboard("goalkeeper-team", "Goalkeeper: a team's day", "What reps do with their time, what is settled at once, what is passed on, and what "
                     "customers and reviewers say.", [
        CHOSEN_WINDOW, variable("team", "Team", of("goalkeeper_team_info"), "team", multi=True),
    ], [
        share("Occupancy", "time on contacts / that and the time free for them; occupancy in DEFINITIONS.md.", "occupancy"),
        share("Resolved at once, so far", "contacts after which the customer has not come back so far; first_contact_resolution_provisional in DEFINITIONS.md.",
              "first_contact_resolution_provisional"),
        share("Passed on needlessly", "of transfers of which it is known; transfer_unneeded_rate in DEFINITIONS.md.", "transfer_unneeded_rate"),
        share("Satisfaction", "satisfied answers / answers; csat in DEFINITIONS.md.", "csat"),
        share("Quality reviews", "mean score; review_score in DEFINITIONS.md.", "review_score"),
        stat("Complaints per 1,000", "Of all chosen teams together, over the window: complaints_per_1000_contacts in DEFINITIONS.md.",
             [f'1000 * {pooled("team", "complaints_per_1000_contacts", mine)}']),
        row("What reps do"),
        day_of("team", lambda name: f"sum({one(name)})"),
        lines("Occupancy and utilisation", OCCUPANCY, [by_team("occupancy_ratio", " occupancy"), by_team("utilisation_ratio", " utilisation")],
              "percentunit", goals=[goal("occupancy|utilisation", "team", "ratio")]),
        lines("Signed in and scheduled", "Time in which reps were signed in, and time that was planned to be worked, in the window so far, of all chosen teams.",
              [query(f'sum({one(f"{name}_time_seconds")})', words) for name, words in (("signed_in", "signed in"), ("scheduled", "scheduled"))], "s"),
        lines("Contacts an hour", "Contacts handled for each hour on contacts or free for them: contacts_per_available_hour in DEFINITIONS.md.",
              [by_team("contacts_per_available_hour_per_hour")], goals=[goal("contacts_per_available_hour", "team", "per_hour")]),
        row("Settled at once, or passed on"),
        lines("First-contact resolution", "Settled: of contacts whose first-contact window has passed. So far: of those whose window still runs, so it looks too good.",
              [by_team("first_contact_resolution_ratio", " settled"), by_team("first_contact_resolution_provisional_ratio", " so far")], "percentunit",
              goals=[goal("first_contact_resolution(_provisional)?", "team", "ratio")]),
        lines("Customers who came back", "Share of contacts that came within the first-contact window of another: repeat_rate in DEFINITIONS.md.",
              [by_team("repeat_rate_ratio")], "percentunit", goals=[goal("repeat_rate", "team", "ratio")]),
        lines("Passed on", TRANSFERS, [query(f'sum({one(f"transfers_{name}")})', words) for name, words in CLASSES], stacked=True),
        lines("Share passed on", "Share of handled contacts that the rep passed on: transfer_rate in DEFINITIONS.md.", [by_team("transfer_rate_ratio")],
              "percentunit", goals=[goal("transfer_rate", "team", "ratio")]),
        row("What others say"),
        lines("Satisfaction", "Satisfied answers / answers: csat in DEFINITIONS.md.", [by_team("csat_ratio")], "percentunit",
              goals=[goal("csat", "team", "ratio")]),
        lines("Net promoter score", "100 * (promoters - detractors) / answers: nps in DEFINITIONS.md.", [by_team("nps")],
              goals=[goal("nps", "team", "points")], low=-100, high=100),
        lines("Satisfaction index", "10 to 100, questions by their weight: csi in DEFINITIONS.md.", [by_team("csi")], goals=[goal("csi", "team", "number")],
              high=100, size=(8, 8)),
        lines("Effort", "Mean effort score, in the points of its scale: ces_mean in DEFINITIONS.md.", [by_team("ces_mean")],
              goals=[goal("ces_mean", "team", "number")], size=(8, 8)),
        lines("Surveys answered", "Share of offered surveys that were answered: survey_response_rate in DEFINITIONS.md. A low one says little.",
              [by_team("survey_response_rate_ratio")], "percentunit", goals=[goal("survey_response_rate", "team", "ratio")], size=(8, 8)),
        lines("Quality reviews", REVIEWS, [by_team("review_score_ratio")], "percentunit", goals=[goal("review_score", "team", "ratio")]),
        lines("Complaints per 1,000 contacts", "Complaints for each thousand handled contacts: complaints_per_1000_contacts in DEFINITIONS.md.",
              [by_team("complaints_per_1000_contacts_per_thousand")], goals=[goal("complaints_per_1000_contacts", "team", "per_thousand")]),
    ])


def tickets():
    mine = 'team=~"$team"'
    one = lambda name: window("team", name, mine)  # noqa: E731

    def now(figure):
        return most("team", of(f"goalkeeper_team_{figure}", mine))
    ages = most("__name__, team", named(["goalkeeper_team_backlog_older_than_.+"], mine))

    def in_time(name):
        within, due = (f'sum by (threshold) ({net(f"goalkeeper_team_{name}_{half}_total", "team, threshold", mine, over="[$__range]")})'
                       for half in ("within", "due"))
        return query(f"{within} / {due}", "{{threshold}}")

    def within(name):
        figures = named([f"goalkeeper_team_window_{name}_within_.+_ratio"], WINDOW, mine)
        return query(f"max by (__name__, team) ({figures})", "{{team}}")
    percentiles = ("p50", "p90", "p95")
    return dashboard("goalkeeper-tickets", "Goalkeeper: tickets", "How many tickets come and are solved, and how long that takes.", [
        CHOSEN_WINDOW, variable("team", "Team", of("goalkeeper_team_info"), "team", multi=True),
    ], [
        stat("Created", "Tickets that came into being, in the window so far, of all chosen teams.", [f'sum({one("tickets_created")})']),
        stat("Solved", "Tickets that are solved, each once, in the window so far, of all chosen teams.", [f'sum({one("tickets_solved")})']),
        stat("More created than solved", "Created less solved, in the window so far: by so much the backlog grew.",
             [f'sum({one("tickets_created")}) - sum({one("tickets_solved")})']),
        stat("Reopened", "Of all chosen teams together: solves that were undone / solves; reopen_rate in DEFINITIONS.md.",
             [pooled("team", "reopen_rate", mine)], "percentunit"),
        stat("First responses in time", "Over the dashboard's time, as they came in: tickets with a first response within the threshold / those, and those "
             "without one when it had passed.", [in_time("first_response")], "percentunit"),
        stat("Resolutions in time", "Over the dashboard's time, as they came in: tickets solved within the threshold / those, and those not solved when it "
             "had passed.", [in_time("full_resolution")], "percentunit"),
        stat("Backlog now", "Tickets that are not solved, of all chosen teams.", [f'sum({now("backlog")})']),
        stat("Nobody holds them", "Tickets of the backlog that are assigned to nobody, of all chosen teams.", [f'sum({now("backlog_unassigned")})']),
        stat("Mean age of the backlog", "From creation until now, of all tickets that are not solved: backlog_age_mean in DEFINITIONS.md.",
             [f'sum({now("backlog_age_mean_numerator_seconds")}) / sum({now("backlog_age_mean_sample")})'], "s"),
        stat("First responses in business hours", "As first responses in time, by the business clock: it stands still while the place is closed.",
             [in_time("first_response_business")], "percentunit"),
        stat("Resolutions in business hours", "As resolutions in time, by the business clock: it stands still while the place is closed.",
             [in_time("full_resolution_business")], "percentunit"),
        stat("Solved with one reply", "Of all chosen teams together: solved tickets with exactly one reply / those with any; one_touch_rate in DEFINITIONS.md.",
             [pooled("team", "one_touch_rate", mine)], "percentunit"),
        row("Backlog"),
        lines("Backlog", "Tickets that are not solved, by team.", [query(now("backlog"), "{{team}}")], stacked=True),
        lines("Old tickets", "Tickets of the backlog that are older than each of `measures.backlog_thresholds`, of all chosen teams.",
              [query(f'sum by (age) (label_replace({ages}, "age", "$1", "__name__", ".+_older_than_(.+)"))', "older than {{age}}")]),
        row("Came and went"),
        lines("Created and solved", "Tickets in the window so far, by team.",
              [query(one("tickets_created"), "{{team}} created"), query(one("tickets_solved"), "{{team}} solved")],
              goals=[goal("tickets_solved", "team", "count")]),
        lines("Reopened", "Share of solves that were undone, by team, over the window: reopen_rate in DEFINITIONS.md.",
              [query(one("reopen_rate_ratio"), "{{team}}")], "percentunit", goals=[goal("reopen_rate", "team", "ratio")]),
        row("On the calendar clock: as long as the customer waits"),
        lines("First response in time", "Share of tickets with a first response within each threshold of `measures`, by team, over the window.",
              [within("first_response")], "percentunit", goals=[goal("first_response_within_.+", "team", "ratio")]),
        lines("Resolution in time", "Share of tickets solved within each threshold of `measures`, by team, over the window.",
              [within("full_resolution")], "percentunit", goals=[goal("full_resolution_within_.+", "team", "ratio")]),
        lines("First response", "From creation to the first public message of a rep, by team: percentiles over the window.",
              [query(one(f"first_response_{name}_seconds"), "{{team}} " + name) for name in percentiles], "s",
              goals=[goal("first_response_(mean|p50|p90|p95)", "team", "seconds")]),
        lines("Resolution", "From creation to the last solve, by team: percentiles over the window.",
              [query(one(f"full_resolution_{name}_seconds"), "{{team}} " + name) for name in percentiles], "s",
              goals=[goal("full_resolution_(mean|p50|p90|p95)", "team", "seconds")]),
        heatmap("First responses", "How many tickets got their first response after how long, of all chosen teams.",
                f'sum by (le) ({net("goalkeeper_team_first_response_seconds_bucket", "team, le", mine)})'),
        heatmap("Resolutions", "How many tickets were solved after how long, of all chosen teams.",
                f'sum by (le) ({net("goalkeeper_team_full_resolution_seconds_bucket", "team, le", mine)})'),
        row("On the business clock: as long as the place is open"),
        lines("First response in time, business hours", "Share of tickets with a first response within each threshold of `measures`, by team, over the window.",
              [within("first_response_business")], "percentunit", goals=[goal("first_response_business_within_.+", "team", "ratio")]),
        lines("Resolution in time, business hours", "Share of tickets solved within each threshold of `measures`, by team, over the window.",
              [within("full_resolution_business")], "percentunit", goals=[goal("full_resolution_business_within_.+", "team", "ratio")]),
        lines("First response, business hours", "From creation to the first public message of a rep, by team: percentiles over the window.",
              [query(one(f"first_response_business_{name}_seconds"), "{{team}} " + name) for name in percentiles], "s",
              goals=[goal("first_response_business_(mean|p50|p90|p95)", "team", "seconds")]),
        lines("Resolution, business hours", "From creation to the last solve, by team: percentiles over the window.",
              [query(one(f"full_resolution_business_{name}_seconds"), "{{team}} " + name) for name in percentiles], "s",
              goals=[goal("full_resolution_business_(mean|p50|p90|p95)", "team", "seconds")]),
        row("Where the time goes"),
        lines("Waits of customers", "Mean time of solved tickets in new, open and on hold, in which the customer waits: requester_wait_mean in DEFINITIONS.md.",
              [query(one("requester_wait_mean_seconds"), "{{team}}"), query(one("requester_wait_business_mean_seconds"), "{{team}}, business hours")], "s"),
        lines("On hold", "Mean time of solved tickets on hold, in which others have something to do: on_hold_mean in DEFINITIONS.md.",
              [query(one("on_hold_mean_seconds"), "{{team}}"), query(one("on_hold_business_mean_seconds"), "{{team}}, business hours")], "s"),
    ], span="now-24h")


def health():
    def rate(name, by, *matchers):
        return f"sum by ({by}) (rate({of(name, *matchers)}{RATE}))"
    each = "{{instance}}"
    flag = dict(thresholds=GOOD_AT_1, words=mapped(YES_NO), background=True)
    alarm = dict(thresholds=GOOD_AT_0, background=True)
    quantiles = [query(f'histogram_quantile({q}, {rate("goalkeeper_http_request_duration_seconds_bucket", "handler, le")})', "{{handler}} " + f"p{q * 100:.0f}")
                 for q in (0.5, 0.99)]
    return dashboard("goalkeeper-health", "Goalkeeper: the daemon's health", "Whether figures are whole, fresh, and cheap.", [], [
        stat("Ready", "Whether everything that was there at the start has been read and Kafka can be reached: /-/ready says why not.",
             [f'min({of("goalkeeper_ready")})'], **flag),
        stat("Kafka reachable", "Whether Kafka answers.", [f'min({of("goalkeeper_kafka_reachable")})'], **flag),
        stat("Configuration in force", "Whether the configuration had no problem when it was read last; no: an older one is in force.",
             [f'min({of("goalkeeper_config_last_reload_successful")})'], **flag),
        stat("Books in balance", "Identities that are broken: records read = decoded + refused + ignored; events = applied + unchanged + refused; bookings and "
             "panes are the same. Anything but 0 means that figures are wrong.", [f'sum({of("goalkeeper_conservation_broken")})'], **alarm),
        stat("Clock disbelieved", "1 if the wall clock is not followed: it has jumped, or was ahead of the records at the start.",
             [f'max({of("goalkeeper_clock_disbelieved")})'], **alarm),
        stat("What runs", "Version and revision.", [query(of("goalkeeper_build_info"), "{{version}} {{revision}}")], text_mode="name"),
        row("Kafka"),
        lines("Age of the watermark", "The wall clock less the event time of the slowest partition that is not idle. With `clock: stream` events may be of any age.",
              [query(f'time() - {most("instance", of("goalkeeper_low_watermark_timestamp_seconds"))}', each)], "s"),
        lines("Lag", "Records between the position and the partition's end.",
              [query(most("instance, topic, partition", of("goalkeeper_kafka_lag_records")), "{{topic}} {{partition}} " + each)]),
        lines("Records", "Records read each second: records = decoded + refused + ignored.",
              [query(rate("goalkeeper_records_decoded_total", "instance"), "decoded " + each),
               query(rate("goalkeeper_records_refused_total", "instance"), "refused " + each),
               query(rate("goalkeeper_records_ignored_total", "instance"), "ignored " + each)], "reqps", stacked=True),
        lines("Events", "Events each second: events = applied + unchanged + refused.",
              [query(rate("goalkeeper_events_applied_total", "instance"), "applied " + each),
               query(rate("goalkeeper_events_unchanged_total", "instance"), "unchanged " + each),
               query(rate("goalkeeper_events_refused_total", "instance"), "refused " + each)], "reqps", stacked=True),
        lines("Refusals by reason", "Records and events refused, between two points of the graph.",
              [query(f'sum by (reason) (increase({of("goalkeeper_records_refused_total")}{RATE}))', "record: {{reason}}"),
               query(f'sum by (reason) (increase({of("goalkeeper_events_refused_total")}{RATE}))', "event: {{reason}}")], bars=True, stacked=True),
        lines("Gaps and troubles", "Records lost to gaps, gaps, troubles with Kafka, and copies of refused records, between two points of the graph.",
              [query(f'sum by (kind) (increase({of("goalkeeper_kafka_gaps_total")}{RATE}))', "gap: {{kind}}"),
               query(f'sum(increase({of("goalkeeper_kafka_records_lost_total")}{RATE}))', "records lost"),
               query(f'sum(increase({of("goalkeeper_kafka_troubles_total")}{RATE}))', "troubles"),
               query(f'sum by (result) (increase({of("goalkeeper_dead_letters_total")}{RATE}))', "dead letters {{result}}")], bars=True),
        row("State"),
        lines("Age of the checkpoint", "The wall clock less when the last checkpoint was written: so much would be read again after a crash.",
              [query(f'time() - {most("instance", of("goalkeeper_checkpoint_timestamp_seconds"))}', each)], "s", size=(8, 8)),
        lines("Time of a checkpoint", "How long it took to write the last one.", [query(most("instance", of("goalkeeper_checkpoint_duration_seconds")), each)],
              "s", size=(8, 8)),
        lines("Size of a checkpoint", "How large the last one was.", [query(most("instance", of("goalkeeper_checkpoint_size_bytes")), each)], "bytes", size=(8, 8)),
        lines("Checkpoints", "Written and refused by the disk, between two points of the graph.",
              [query(f'sum by (instance) (increase({of("goalkeeper_checkpoints_total")}{RATE}))', "written " + each),
               query(f'sum by (instance) (increase({of("goalkeeper_checkpoint_failures_total")}{RATE}))', "failed " + each)], bars=True, size=(8, 8)),
        lines("Records", "Contacts, tickets, surveys and customers that have not expired, and those to be booked anew.",
              [query(most("instance", of("goalkeeper_live_records")), "live " + each),
               query(most("instance", of("goalkeeper_rebook_pending_records")), "to be booked anew " + each)], size=(8, 8)),
        lines("Memory of records", "Bytes of records in memory; the others lie on disk.", [query(most("instance", of("goalkeeper_record_memory_bytes")), each)],
              "bytes", size=(8, 8)),
        row("Series"),
        lines("Series", "Series of figures by kind of scope, and the most there may be: `server.series_limit`, `server.series_limit_of_kind`.",
              [query(most("scope", of("goalkeeper_series")), "{{scope}}"), query(f'max({of("goalkeeper_series_limit")})', "limit of all", "Limit"),
               query(f'max({of("goalkeeper_series_limit_of_kind")})', "limit of each kind", "LimitOfKind")], size=(8, 8)),
        lines("Series without room", "Series of scopes that are not published because a limit is reached.",
              [query(most("scope", of("goalkeeper_series_dropped")), "{{scope}}")], size=(8, 8)),
        lines("Unlisted", "Queues, reps and teams that events name and the roster does not list.",
              [query(most("instance", of("goalkeeper_unlisted_scopes")), each)], size=(8, 8)),
        row("Cost"),
        lines("Figures and pages", "Time to compute the figures, to write and pack a page, and for Prometheus to get it.",
              [query(most("instance", of("goalkeeper_publish_duration_seconds")), "compute " + each),
               query(most("instance", of("goalkeeper_render_duration_seconds")), "write " + each),
               query(most("instance", of("scrape_duration_seconds")), "scrape " + each)], "s", size=(8, 8)),
        lines("Samples on the page", "Samples that Prometheus read.", [query(most("instance", of("scrape_samples_scraped")), each)], size=(8, 8)),
        lines("Time to answer", "HTTP requests, by handler, from the histogram: as fine as its buckets.", quantiles, "s", size=(8, 8)),
        lines("HTTP requests", "Requests answered each second, by handler and code.",
              [query(rate("goalkeeper_http_requests_total", "handler, code"), "{{handler}} {{code}}")], "reqps", size=(8, 8)),
        lines("Memory", "Memory of the process.", [query(most("instance", of("process_resident_memory_bytes")), each)], "bytes", size=(8, 8)),
        lines("CPU", "Cores in use.", [query(rate("process_cpu_seconds_total", "instance"), each)], "none", size=(8, 8)),
        lines("Open files", "Open file descriptors, and the most there may be.", [query(most("instance", of("process_open_fds")), "open " + each),
              query(most("instance", of("process_max_fds")), "most " + each)], size=(8, 8)),
        lines("Scrapes", "1 if Prometheus could read the page.", [query(most("instance", of("up")), each)], size=(8, 8)),
        lines("Since when it runs", "The wall clock less when the process began.",
              [query(f'time() - {most("instance", of("process_start_time_seconds"))}', each)], "s", size=(8, 8)),
    ])


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "dashboards"
    for made in (teams(), team(), queue(), rep(), tickets(), health()):
        path = folder / f"{made['uid'].removeprefix('goalkeeper-')}.json"
        path.write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
