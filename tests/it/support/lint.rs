//! What must hold on every page of metrics, beside what promtool looks at.

use std::collections::{BTreeMap, BTreeSet};

/// A page, and what is wrong with it.
pub struct Page {
    /// Every series as it is written, with its value.
    pub series: BTreeMap<String, f64>,
    /// What is wrong.
    pub faults: Vec<String>,
}

/// Reads a page in either format.
pub fn lint(text: &str) -> Page {
    let mut page = Page { series: BTreeMap::new(), faults: Vec::new() };
    let open = text.ends_with("# EOF\n");
    let mut helped = BTreeSet::new();
    // Name in the head, kind, and label names that series of each suffix must have.
    let mut family: Option<(String, String, BTreeMap<String, Vec<String>>)> = None;
    let mut buckets: Option<(String, f64, f64)> = None;
    for line in text.lines() {
        let mut fault = |what: &str| page.faults.push(format!("{what}: {line}"));
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap_or((rest, ""));
            if help.trim().is_empty() {
                fault("no help");
            }
            if !helped.insert(name.to_owned()) {
                fault("a family twice");
            }
            continue;
        }
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap_or((rest, ""));
            if !helped.contains(name) {
                fault("a type without help");
            }
            if ["_percent", "_ms", "_millis", "_milliseconds", "_minutes", "_hours"]
                .iter()
                .any(|end| name.contains(end))
            {
                fault("not in base units");
            }
            if !open && (kind == "counter") != name.ends_with("_total") {
                fault("counters, and nothing else, end with _total");
            }
            family = Some((name.to_owned(), kind.to_owned(), BTreeMap::new()));
            buckets = None;
            continue;
        }
        if line == "# EOF" {
            continue;
        }
        let Some((series, value)) = line.rsplit_once(' ') else {
            fault("no value");
            continue;
        };
        let Ok(value) = value.parse::<f64>() else {
            fault("no number");
            continue;
        };
        if page.series.insert(series.to_owned(), value).is_some() {
            page.faults.push(format!("a series twice: {line}"));
            continue;
        }
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let labels = labels_of(labels.trim_end_matches('}'));
        let Some((head, kind, known)) = &mut family else {
            fault("a series without a type");
            continue;
        };
        let Some(suffix) = name.strip_prefix(head.as_str()) else {
            fault("a series of another family");
            continue;
        };
        let suffixes: &[&str] = match (kind.as_str(), open) {
            ("histogram", _) => &["_bucket", "_sum", "_count"],
            ("counter", true) => &["_total"],
            _ => &[""],
        };
        if !suffixes.contains(&suffix) {
            fault("a suffix that its type does not have");
        }
        let names: Vec<String> = labels.iter().map(|(name, _)| name.clone()).collect();
        if known.entry(suffix.to_owned()).or_insert_with(|| names.clone()) != &names {
            fault("other labels, or another order, than the series before");
        }
        if kind == "counter" && value < 0.0 {
            fault("a counter below 0");
        }
        if suffix == "_bucket" && kind == "histogram" {
            let others = labels[..labels.len() - 1].iter().map(|(name, value)| format!("{name}={value},")).collect();
            let bound = match labels.last().map(|(name, value)| (name.as_str(), value.as_str())) {
                Some(("le", "+Inf")) => f64::INFINITY,
                Some(("le", bound)) => bound.parse().unwrap_or(f64::NAN),
                _ => f64::NAN,
            };
            if let Some((same, before, count)) = &buckets
                && *same == others
                && (*before >= bound || *count > value)
            {
                fault("buckets that do not rise");
            }
            if bound.is_nan() {
                fault("a bucket without le as its last label");
            }
            buckets = Some((others, bound, value));
        }
    }
    let counts: Vec<(&String, f64)> = page.series.iter().map(|(name, value)| (name, *value)).collect();
    for (name, value) in counts {
        if let Some((family, rest)) = name.split_once("_bucket{")
            && let Some(labels) = rest.strip_suffix("le=\"+Inf\"}")
        {
            let labels = labels.trim_end_matches(',');
            let count =
                if labels.is_empty() { format!("{family}_count") } else { format!("{family}_count{{{labels}}}") };
            if page.series.get(&count) != Some(&value) {
                page.faults.push(format!("{name} is not {count}"));
            }
        }
    }
    page
}

/// `a="b",c="d"` as pairs; values stay escaped.
fn labels_of(text: &str) -> Vec<(String, String)> {
    let mut labels = Vec::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once("=\"") {
        let mut escaped = false;
        let end = after.find(|c: char| {
            let is_end = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            is_end
        });
        let end = end.unwrap_or(after.len());
        labels.push((name.trim_start_matches(',').to_owned(), after[..end].to_owned()));
        rest = after.get(end + 1..).unwrap_or_default();
    }
    labels
}

#[test]
fn a_page_with_a_fault_is_found_out() {
    let head = "# HELP a_total A.\n# TYPE a_total counter\n";
    let histogram = "# HELP h H.\n# TYPE h histogram\n";
    for (page, fault) in [
        (format!("{head}a_total{{x=\"1\"}} 1\na_total{{x=\"1\"}} 2\n"), "a series twice"),
        (format!("{head}a_total{{x=\"1\",y=\"2\"}} 1\na_total{{y=\"1\",x=\"2\"}} 2\n"), "another order"),
        (format!("{head}a_total -1\n"), "below 0"),
        (format!("{head}b_total 1\n"), "another family"),
        ("# TYPE a gauge\na 1\n".to_owned(), "without help"),
        ("# HELP a \n# TYPE a gauge\na 1\n".to_owned(), "no help"),
        ("# HELP a_percent A.\n# TYPE a_percent gauge\na_percent 1\n".to_owned(), "base units"),
        ("# HELP a A.\n# TYPE a counter\na 1\n".to_owned(), "_total"),
        (format!("{head}{head}"), "a family twice"),
        (format!("{histogram}h_bucket{{le=\"1.0\"}} 2\nh_bucket{{le=\"+Inf\"}} 1\nh_count 1\n"), "do not rise"),
        (format!("{histogram}h_bucket{{le=\"+Inf\"}} 1\nh_count 2\n"), "is not h_count"),
    ] {
        let faults = lint(&page).faults.join("\n");
        assert!(faults.contains(fault), "{page}\n{faults}");
    }
    assert_eq!(lint(&format!("{head}a_total{{x=\"a,\\\"b=\"}} 1\n")).faults, Vec::<String>::new());
}
