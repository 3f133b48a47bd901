//! Pages of metrics in the Prometheus text format and in OpenMetrics.

use super::family::{Family, FamilyKind, Tail, written};
use flate2::Compression;
use flate2::write::GzEncoder;
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
pub fn page(own: &[MetricFamily], families: &[Family], format: Format) -> Vec<u8> {
    let series: usize = families.iter().map(|family| family.samples.len()).sum();
    let mut out = Vec::with_capacity(4096 + series * 96);
    for family in own {
        write_own(&mut out, family, format);
    }
    for family in families {
        write_family(&mut out, family, format);
    }
    if format == Format::OpenMetrics {
        out.extend_from_slice(b"# EOF\n");
    }
    out
}

/// Packs a page. Level 1 is a tenth of the cost of the usual one, and hardly larger.
///
/// # Errors
/// Never: memory takes everything.
pub fn gzip(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 8), Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}

fn write_family(out: &mut Vec<u8>, family: &Family, format: Format) {
    write_head(out, &family.name, family.kind.suffix(), family.kind.name(), &family.help, format);
    let around = |tail: &Tail| (format!("{}{}{{", family.name, tail.suffix), format!("{}}} ", tail.text));
    let tails: Vec<(String, String)> = family.tails.iter().map(around).collect();
    for sample in &family.samples {
        let (before, after) = &tails[sample.tail as usize];
        out.extend_from_slice(before.as_bytes());
        out.extend_from_slice(family.heads[sample.head as usize].as_bytes());
        out.extend_from_slice(after.as_bytes());
        write_number(out, sample.value);
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

/// Writes a family of the `prometheus` crate.
fn write_own(out: &mut Vec<u8>, family: &MetricFamily, format: Format) {
    let name = family.name().trim_end_matches("_total");
    let kind = match family.get_field_type() {
        MetricType::COUNTER => FamilyKind::Counter,
        MetricType::HISTOGRAM => FamilyKind::Histogram,
        _ => FamilyKind::Gauge,
    };
    write_head(out, name, kind.suffix(), kind.name(), family.help(), format);
    for metric in family.get_metric() {
        let mut labels: Vec<(&str, &str)> = metric.get_label().iter().map(|pair| (pair.name(), pair.value())).collect();
        let mut line = |suffix: &str, labels: &[(&str, &str)], value: f64| {
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", written(labels)) };
            for part in [name, suffix, &labels, " "] {
                out.extend_from_slice(part.as_bytes());
            }
            write_number(out, value);
            out.push(b'\n');
        };
        match kind {
            FamilyKind::Counter => line("_total", &labels, metric.get_counter().get_value()),
            FamilyKind::Gauge => line("", &labels, metric.get_gauge().get_value()),
            FamilyKind::Histogram => {
                let histogram = metric.get_histogram();
                let (sum, count) = (histogram.get_sample_sum(), histogram.get_sample_count() as f64);
                line("_sum", &labels, sum);
                line("_count", &labels, count);
                for bucket in histogram.get_bucket() {
                    let bound = format!("{:?}", bucket.upper_bound());
                    let mut labels = labels.clone();
                    labels.push(("le", &bound));
                    line("_bucket", &labels, bucket.cumulative_count() as f64);
                }
                labels.push(("le", "+Inf"));
                line("_bucket", &labels, count);
            }
        }
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
        let series = vec![("queue=\"a\"".to_owned(), 3.0), ("queue=\"b\"".to_owned(), 0.25)];
        let family = Family::of("goalkeeper_queue_answered", "Answered\nlegs.", FamilyKind::Counter, series);
        let text = |format| String::from_utf8(page(&[], std::slice::from_ref(&family), format)).expect("is text");
        assert_eq!(
            text(Format::Text),
            "# HELP goalkeeper_queue_answered_total Answered\\nlegs.\n# TYPE goalkeeper_queue_answered_total counter\n\
             goalkeeper_queue_answered_total{queue=\"a\"} 3\ngoalkeeper_queue_answered_total{queue=\"b\"} 0.25\n"
        );
        assert!(text(Format::OpenMetrics).starts_with("# HELP goalkeeper_queue_answered Answered"));
        assert!(text(Format::OpenMetrics).ends_with("{queue=\"b\"} 0.25\n# EOF\n"));
    }

    #[test]
    fn histograms_of_the_crate_have_every_bucket_and_the_last_one() {
        use prometheus::core::Collector;
        let opts = prometheus::HistogramOpts::new("x_seconds", "X.").buckets(vec![0.5, 1.0]);
        let histogram = prometheus::HistogramVec::new(opts, &["handler"]).expect("is well formed");
        for value in [0.5, 0.75, 7.0] {
            histogram.with_label_values(&["a\"b"]).observe(value);
        }
        assert_eq!(
            String::from_utf8(page(&histogram.collect(), &[], Format::Text)).expect("is text"),
            "# HELP x_seconds X.\n# TYPE x_seconds histogram\nx_seconds_sum{handler=\"a\\\"b\"} 8.25\n\
             x_seconds_count{handler=\"a\\\"b\"} 3\nx_seconds_bucket{handler=\"a\\\"b\",le=\"0.5\"} 1\n\
             x_seconds_bucket{handler=\"a\\\"b\",le=\"1.0\"} 2\nx_seconds_bucket{handler=\"a\\\"b\",le=\"+Inf\"} 3\n"
        );
    }
}
