//! Prometheus' text format, as much of it as there is in `/metrics`: samples with their labels.
//!
//! Written here because the one crate for it (`prometheus-parse`) brings `chrono`, which `deny.toml` forbids, and the
//! format of a sample is a page. Comments, types and timestamps are not looked at.

use std::collections::BTreeMap;

/// Most samples taken; a gate has a few thousand.
const SAMPLES_MAX: usize = 200_000;

/// A page of metrics.
#[derive(Debug, Default)]
pub(super) struct Exposition(BTreeMap<String, Vec<Sample>>);

/// One value of a metric.
#[derive(Debug, PartialEq)]
pub(super) struct Sample {
    labels: Vec<(String, String)>,
    pub(super) value: f64,
}

impl Sample {
    /// The value of a label, empty when there is none.
    pub(super) fn label(&self, name: &str) -> &str {
        let found = self.labels.iter().find(|(label, _)| label == name);
        found.map_or("", |(_, value)| value)
    }
}

/// Not a page of metrics. Quotes nothing: the address may have been anything's.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ExpositionError {
    #[error("line {0} is no sample in Prometheus' text format")]
    Line(usize),
    #[error("more than {SAMPLES_MAX} samples")]
    TooMany,
}

impl Exposition {
    pub(super) fn parse(text: &str) -> Result<Self, ExpositionError> {
        let mut all = Self::default();
        let mut n = 0;
        for (line, number) in text.lines().zip(1..) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, sample) = sample(line).ok_or(ExpositionError::Line(number))?;
            n += 1;
            if n > SAMPLES_MAX {
                return Err(ExpositionError::TooMany);
            }
            match all.0.get_mut(name) {
                Some(samples) => samples.push(sample),
                None => drop(all.0.insert(name.to_owned(), vec![sample])),
            }
        }
        Ok(all)
    }

    /// All values of a metric; `None` when the gate does not know it.
    pub(super) fn all(&self, name: &str) -> Option<&[Sample]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// The sum over all labels.
    pub(super) fn sum(&self, name: &str) -> Option<f64> {
        self.all(name).map(|samples| samples.iter().map(|sample| sample.value).sum())
    }

    /// The sums by one label.
    pub(super) fn by(&self, name: &str, label: &str) -> Option<BTreeMap<String, f64>> {
        let samples = self.all(name)?;
        let mut sums = BTreeMap::new();
        for sample in samples {
            *sums.entry(sample.label(label).to_owned()).or_insert(0.0) += sample.value;
        }
        Some(sums)
    }
}

/// `name{label="value",…} value [timestamp]`.
fn sample(line: &str) -> Option<(&str, Sample)> {
    let name_end = line.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | ':')))?;
    let (name, rest) = line.split_at_checked(name_end).filter(|(name, _)| !name.is_empty())?;
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (Vec::new(), rest),
    };
    // the words after it are a timestamp, if anything
    let value = rest.strip_prefix(char::is_whitespace)?.split_whitespace().next()?.parse().ok()?;
    Some((name, Sample { labels, value }))
}

/// The labels up to `}`, and what follows.
fn labels(mut rest: &str) -> Option<(Vec<(String, String)>, &str)> {
    let mut labels = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', ',']);
        if let Some(rest) = rest.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, after) = rest.split_once('=')?;
        let (value, after) = quoted(after.trim_start().strip_prefix('"')?)?;
        labels.push((name.trim().to_owned(), value));
        rest = after;
    }
}

/// A value up to its closing quote, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            // a label is shown on a terminal: what could move the cursor is not
            c if c.is_control() => {}
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_labels_and_odd_values() {
        let page = Exposition::parse(
            "# HELP a help\n# TYPE a counter\na 1\nb{x=\"1\",y=\"two\"} 2.5\nb{x=\"2\",y=\"a \\\"q\\\" \\\\ \\n }\",} 3e2 1700000000\n\
             \nc NaN\nd{} +Inf\n e{le=\"+Inf\"} 7\n",
        )
        .unwrap();
        assert_eq!(page.sum("a"), Some(1.0));
        assert_eq!(page.sum("b"), Some(302.5));
        assert_eq!(
            page.by("b", "x").unwrap(),
            BTreeMap::from([("1".into(), 2.5), ("2".into(), 300.0)])
        );
        assert_eq!(page.all("b").unwrap()[1].label("y"), "a \"q\" \\ \n }");
        assert_eq!(page.all("b").unwrap()[1].label("none"), "");
        assert!(page.sum("c").unwrap().is_nan() && page.sum("d").unwrap().is_infinite());
        assert_eq!(page.all("e").unwrap()[0].label("le"), "+Inf");
        assert_eq!(page.sum("unknown"), None);
    }

    #[test]
    fn what_is_no_metric_is_refused_with_its_line() {
        for (text, line) in [
            ("<html>", 1),
            ("a 1\nb", 2),
            ("a one", 1),
            ("a{x=1} 1", 1),
            ("a{x=\"1\" 1", 1),
            ("a{x=\"1\"}1", 1),
            ("{x=\"1\"} 1", 1),
            ("a 1\n\nb{", 3),
        ] {
            assert_eq!(Exposition::parse(text).unwrap_err(), ExpositionError::Line(line), "{text}");
        }
        let many = "a 1\n".repeat(SAMPLES_MAX + 1);
        assert_eq!(Exposition::parse(&many).unwrap_err(), ExpositionError::TooMany);
    }

    #[test]
    fn labels_cannot_move_the_cursor() {
        let page = Exposition::parse("a{x=\"\u{1b}[2Jb\u{7}\"} 1").unwrap();
        assert_eq!(page.all("a").unwrap()[0].label("x"), "[2Jb");
    }

    /// What the gate itself writes.
    #[test]
    fn a_page_of_the_gate_is_read() {
        let metrics = crate::metrics::Metrics::new(crate::metrics::TopicNames::default()).unwrap();
        let page = Exposition::parse(&metrics.encode().unwrap()).unwrap();
        assert_eq!(page.sum("consent_gate_build_info"), Some(1.0));
        assert!(page.all("consent_gate_decisions_total").unwrap().len() > 100);
    }
}
