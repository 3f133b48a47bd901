//! Pages of metrics in the Prometheus text format and in OpenMetrics.

use super::view::{Family, FamilyKind, View};
use prometheus::proto::{MetricFamily, MetricType};
use std::io::Write;

/// The forms of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Prometheus text format 0.0.4.
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

/// True if an `Accept-Encoding` header lets the page be packed.
pub fn takes_gzip(accept_encoding: &str) -> bool {
    let wanted = |coding: &str| {
        let mut parts = coding.split(';').map(str::trim);
        parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip")) && weight(parts) > 0.0
    };
    accept_encoding.split(',').any(wanted)
}

/// The weight among the parameters of an offer.
fn weight<'a>(mut parameters: impl Iterator<Item = &'a str>) -> f32 {
    let q = parameters.find_map(|part| part.trim().strip_prefix("q="));
    q.map_or(1.0, |q| q.parse().unwrap_or(0.0))
}

impl Format {
    /// The form that an `Accept` header likes best; the text format if it says nothing that is known.
    pub fn negotiate(accept: &str) -> Format {
        let weight = |name: &str| {
            let offers = accept.split(',').map(str::trim).filter(|offer| offer.split(';').next() == Some(name));
            offers.map(|offer| weight(offer.split(';').skip(1))).fold(0.0, f32::max)
        };
        match weight("application/openmetrics-text") {
            wanted if wanted > 0.0 && wanted >= weight("text/plain") => Format::OpenMetrics,
            _ => Format::Text,
        }
    }

    /// The content type of the page.
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Text => "text/plain; version=0.0.4; charset=utf-8",
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// Writes a page: the program's own metrics, then the figures.
pub fn page(own: &[MetricFamily], view: &View, format: Format) -> Vec<u8> {
    let mut out = Vec::with_capacity(4096 + view.series * 96);
    for family in own {
        write_own(&mut out, family, format);
    }
    for family in &view.families {
        write_family(&mut out, family, format);
    }
    if format == Format::OpenMetrics {
        out.extend_from_slice(b"# EOF\n");
    }
    out
}

fn write_family(out: &mut Vec<u8>, family: &Family, format: Format) {
    let (kind, suffix) = match family.kind {
        FamilyKind::Counter => ("counter", "_total"),
        FamilyKind::Gauge => ("gauge", ""),
    };
    write_head(out, &family.name, suffix, kind, &family.help, format);
    for (labels, value) in &family.samples {
        out.extend_from_slice(family.name.as_bytes());
        out.extend_from_slice(suffix.as_bytes());
        out.extend_from_slice(labels.as_bytes());
        out.push(b' ');
        write_number(out, *value);
        out.push(b'\n');
    }
}

/// In OpenMetrics the family of a counter is named without `_total`, in the text format with it.
fn write_head(out: &mut Vec<u8>, name: &str, suffix: &str, kind: &str, help: &str, format: Format) {
    let suffix = if format == Format::Text { suffix } else { "" };
    for (word, text) in [("HELP", help), ("TYPE", kind)] {
        for part in ["# ", word, " ", name, suffix, " "] {
            out.extend_from_slice(part.as_bytes());
        }
        out.extend_from_slice(text.replace('\\', "\\\\").replace('\n', "\\n").as_bytes());
        out.push(b'\n');
    }
}

fn write_own(out: &mut Vec<u8>, family: &MetricFamily, format: Format) {
    let kind = family.get_field_type();
    let (name, suffix, word) = match kind {
        MetricType::COUNTER => (family.name().trim_end_matches("_total"), "_total", "counter"),
        _ => (family.name(), "", "gauge"),
    };
    write_head(out, name, suffix, word, family.help(), format);
    for metric in family.get_metric() {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(suffix.as_bytes());
        for (n, label) in metric.get_label().iter().enumerate() {
            let value = label.value().replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let separator = if n == 0 { "{" } else { "," };
            for part in [separator, label.name(), "=\"", &value, "\""] {
                out.extend_from_slice(part.as_bytes());
            }
        }
        if !metric.get_label().is_empty() {
            out.push(b'}');
        }
        out.push(b' ');
        let value = match kind {
            MetricType::COUNTER => metric.get_counter().get_value(),
            _ => metric.get_gauge().get_value(),
        };
        write_number(out, value);
        out.push(b'\n');
    }
}

fn write_number(out: &mut Vec<u8>, value: f64) {
    // Most figures are counts, and whole numbers are much quicker to write.
    let whole = value as i64;
    let written = if whole as f64 == value { write!(out, "{whole}") } else { write!(out, "{value}") };
    debug_assert!(written.is_ok(), "writing to memory cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_what_the_reader_likes_best() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
        assert_eq!(Format::negotiate(prometheus), Format::OpenMetrics);
        assert_eq!(Format::negotiate("text/plain"), Format::Text);
        assert_eq!(Format::negotiate("text/plain;q=0.9, application/openmetrics-text;q=0.1"), Format::Text);
        assert_eq!(Format::negotiate("*/*"), Format::Text);
        assert_eq!(Format::negotiate(""), Format::Text);
    }

    #[test]
    fn a_page_is_packed_for_those_who_take_gzip() {
        for (header, takes) in [
            ("gzip", true),
            ("deflate, GZIP;q=0.5", true),
            ("br ,gzip ; q=1.0", true),
            ("gzip;q=0", false),
            ("gzip; q=0.000, identity", false),
            ("gzip;q=none", false),
            ("gzipped", false),
            ("identity", false),
            ("", false),
        ] {
            assert_eq!(takes_gzip(header), takes, "{header}");
        }
    }

    #[test]
    fn counters_are_named_as_each_form_wants_it() {
        let family = Family {
            name: "goalkeeper_queue_answered".to_owned(),
            help: "Answered\nlegs.".to_owned(),
            kind: FamilyKind::Counter,
            samples: vec![("{queue=\"a\"}".into(), 3.0), ("{queue=\"b\"}".into(), 0.25)],
        };
        let view = View { families: vec![family], series: 2, dropped: 0 };
        let text = |format| String::from_utf8(page(&[], &view, format)).expect("is text");
        assert_eq!(
            text(Format::Text),
            "# HELP goalkeeper_queue_answered_total Answered\\nlegs.\n# TYPE goalkeeper_queue_answered_total counter\n\
             goalkeeper_queue_answered_total{queue=\"a\"} 3\ngoalkeeper_queue_answered_total{queue=\"b\"} 0.25\n"
        );
        assert!(text(Format::OpenMetrics).starts_with("# HELP goalkeeper_queue_answered Answered"));
        assert!(text(Format::OpenMetrics).ends_with("{queue=\"b\"} 0.25\n# EOF\n"));
    }
}
