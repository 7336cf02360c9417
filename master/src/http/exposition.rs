//! Prometheus' text: format 0.0.4, or OpenMetrics 1.0 for who asks for it.
//!
//! <https://github.com/prometheus/docs/blob/main/docs/instrumenting/exposition_formats.md>,
//! <https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md>. The two differ in how a counter's family
//! is called, in the word for what has no type, and in the last line.

use std::fmt::Write;

use salvo::Request;
use salvo::http::header::ACCEPT;

use crate::observe::Histogram;

/// Microseconds of a second, since counts are of those.
const US_PER_S: f64 = 1_000_000.0;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// 0.0.4.
    Text,
    /// 1.0.0.
    OpenMetrics,
}

impl Form {
    /// OpenMetrics where it is accepted at all: Prometheus asks for both, and for it with more weight.
    pub fn of(request: &Request) -> Self {
        let mut accepted = request.headers().get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        if accepted.any(|value| value.contains("application/openmetrics-text")) {
            Self::OpenMetrics
        } else {
            Self::Text
        }
    }

    /// The answer's content type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// What the last line is.
    pub fn end(self) -> &'static str {
        match self {
            Self::Text => "",
            Self::OpenMetrics => "# EOF\n",
        }
    }
}

/// What a family's numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// They only grow, and its name ends in `_total`.
    Counter,
    /// They go up and down.
    Gauge,
    /// Counts below bounds.
    Histogram,
    /// node_exporter does not say.
    Unknown,
}

/// A text in the making.
#[derive(Debug)]
pub struct Exposition {
    /// What is written so far.
    pub text: String,
    form: Form,
}

impl Exposition {
    /// Nothing yet.
    pub fn new(form: Form) -> Self {
        Self { text: String::new(), form }
    }

    /// Begins a family; its numbers follow before the next one begins.
    pub fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let (name, kind) = match (self.form, kind) {
            (Form::OpenMetrics, Kind::Counter) => (name.strip_suffix("_total").unwrap_or(name), "counter"),
            (Form::Text, Kind::Counter) => (name, "counter"),
            (_, Kind::Gauge) => (name, "gauge"),
            (_, Kind::Histogram) => (name, "histogram"),
            (Form::OpenMetrics, Kind::Unknown) => (name, "unknown"),
            (Form::Text, Kind::Unknown) => (name, "untyped"),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// One number of the family that was begun last. `labels` are as [`label`] writes them, with commas between.
    pub fn number(&mut self, name: &str, labels: &str, value: f64) {
        let _ = match labels {
            "" => writeln!(self.text, "{name} {value}"),
            labels => writeln!(self.text, "{name}{{{labels}}} {value}"),
        };
    }

    /// A family of one number.
    pub fn single(&mut self, name: &str, kind: Kind, help: &str, value: f64) {
        self.family(name, kind, help);
        self.number(name, "", value);
    }

    /// The numbers of a histogram; `scale` is what one of the family's unit counts.
    pub fn histogram(&mut self, name: &str, labels: &str, histogram: &Histogram, scale: f64) {
        let (classes, sum) = histogram.read();
        let all = classes.last().map_or(0, |(_, count)| *count);
        let comma = if labels.is_empty() { "" } else { "," };
        for (bound, count) in classes {
            let _ = match bound {
                Some(bound) => {
                    writeln!(self.text, "{name}_bucket{{{labels}{comma}le=\"{:?}\"}} {count}", bound as f64 / scale)
                }
                None => writeln!(self.text, "{name}_bucket{{{labels}{comma}le=\"+Inf\"}} {count}"),
            };
        }
        self.number(&format!("{name}_sum"), labels, sum as f64 / scale);
        self.number(&format!("{name}_count"), labels, all as f64);
    }

    /// The same of times.
    pub fn durations(&mut self, name: &str, labels: &str, histogram: &Histogram) {
        self.histogram(name, labels, histogram, US_PER_S);
    }
}

/// `name="value"`, with what has a meaning there escaped.
pub fn label(name: &str, value: &str) -> String {
    let mut text = format!("{name}=\"");
    for character in value.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            other => text.push(other),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_differ_in_the_names_of_counters_and_in_the_last_line() {
        let written = |form: Form| {
            let mut text = Exposition::new(form);
            text.family("a_total", Kind::Counter, "Of a.");
            text.number("a_total", &label("b", "c\"d\\e\nf"), 2.0);
            text.single("u", Kind::Unknown, "Of u.", 0.25);
            format!("{}{}", text.text, form.end())
        };
        let text = "# HELP a_total Of a.\n# TYPE a_total counter\na_total{b=\"c\\\"d\\\\e\\nf\"} 2\n# HELP u Of u.\n# TYPE u untyped\nu 0.25\n";
        assert_eq!(written(Form::Text), text);
        let open = "# HELP a Of a.\n# TYPE a counter\na_total{b=\"c\\\"d\\\\e\\nf\"} 2\n# HELP u Of u.\n# TYPE u unknown\nu 0.25\n# EOF\n";
        assert_eq!(written(Form::OpenMetrics), open);
    }

    #[test]
    fn a_histogram_counts_up_to_infinity() {
        let histogram = Histogram::new(&[500, 1_000_000]);
        histogram.see(400);
        histogram.see(2_000_000);
        let mut text = Exposition::new(Form::Text);
        text.durations("d", "r=\"x\"", &histogram);
        let expected = "d_bucket{r=\"x\",le=\"0.0005\"} 1\nd_bucket{r=\"x\",le=\"1.0\"} 1\nd_bucket{r=\"x\",le=\"+Inf\"} 2\n\
             d_sum{r=\"x\"} 2.0004\nd_count{r=\"x\"} 2\n";
        assert_eq!(text.text, expected);
    }
}
