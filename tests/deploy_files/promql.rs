//! Which series a PromQL expression asks for. Only that: whether it is PromQL at all, `promtool` says.

/// One selector of an expression.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Selector {
    pub(crate) metric: String,
    pub(crate) matchers: Vec<Matcher>,
}

/// One condition on a label.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Matcher {
    pub(crate) label: String,
    /// `=`, `!=`, `=~` or `!~`.
    pub(crate) operator: String,
    pub(crate) value: String,
}

/// Words that may stand without a parenthesis behind them and are no metric.
const WORDS: &[&str] = &[
    "and",
    "or",
    "unless",
    "bool",
    "offset",
    "inf",
    "nan",
    "sum",
    "min",
    "max",
    "avg",
    "count",
    "stddev",
    "stdvar",
    "topk",
    "bottomk",
    "quantile",
    "count_values",
    "group",
    "atan2",
];

/// Words in front of a list of labels.
const BEFORE_LABELS: &[&str] = &["by", "without", "on", "ignoring", "group_left", "group_right"];

/// The selectors of `expression`, in order.
pub(crate) fn selectors(expression: &str) -> Vec<Selector> {
    let mut rest = expression;
    let mut found = Vec::new();
    while let Some(first) = rest.chars().next() {
        rest = match first {
            '"' | '\'' | '`' => behind_string(rest).1,
            '[' => behind(rest, ']'),
            _ if is_name_start(first) => {
                let (name, tail) = split_while(rest, is_name_part);
                name_at(name, tail, &mut found)
            }
            // numbers and durations: their letters are no names
            _ if first.is_ascii_digit() => split_while(rest, |c| c.is_alphanumeric() || c == '.').1,
            _ => &rest[first.len_utf8()..],
        };
    }
    found
}

/// Deals with a name in front of `tail`; returns where to go on.
fn name_at<'t>(name: &str, tail: &'t str, found: &mut Vec<Selector>) -> &'t str {
    let next = tail.trim_start();
    if BEFORE_LABELS.contains(&name) {
        return if next.starts_with('(') { behind(next, ')') } else { tail };
    }
    if next.starts_with('(') || WORDS.contains(&name.to_ascii_lowercase().as_str()) {
        return tail;
    }
    let (matchers, tail) = next.strip_prefix('{').map_or((Vec::new(), tail), matchers);
    found.push(Selector { metric: name.to_owned(), matchers });
    tail
}

/// Reads `label="value", …}`.
fn matchers(mut rest: &str) -> (Vec<Matcher>, &str) {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', ',', '\n']);
        if let Some(tail) = rest.strip_prefix('}') {
            return (found, tail);
        }
        let (label, tail) = split_while(rest, is_name_part);
        let (operator, tail) = split_while(tail.trim_start(), |c| matches!(c, '=' | '!' | '~'));
        let (value, tail) = behind_string(tail.trim_start());
        assert!(!label.is_empty() && !operator.is_empty(), "no matcher at `{rest}`");
        found.push(Matcher {
            label: label.to_owned(),
            operator: operator.to_owned(),
            value: value.to_owned(),
        });
        rest = tail;
    }
}

const fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == ':'
}

const fn is_name_part(c: char) -> bool {
    is_name_start(c) || c.is_ascii_digit()
}

fn split_while(text: &str, is_part: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !is_part(c)).unwrap_or(text.len()))
}

/// What follows the next `end`; a range or a list of labels holds no strings and no nesting.
fn behind(text: &str, end: char) -> &str {
    text.find(end).map_or("", |at| &text[at + end.len_utf8()..])
}

/// The string at the start of `text`, and what follows it.
fn behind_string(text: &str) -> (&str, &str) {
    let quote = text.chars().next().expect("a string begins here");
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if c == quote => return (&text[1..at], &text[at + 1..]),
            _ => {}
        }
    }
    panic!("a string without an end: {text}");
}

#[test]
fn selectors_are_found_and_nothing_else_is() {
    let found = selectors(
        r#"sum by (le, topic) (rate(a_bucket{le=~"5([.]0)?", topic!="x}y"}[$__rate_interval] offset 1d))
           / on (job) group_left () (max(b:c{}) > 0.5e3) unless label_replace(d, "z", "e", "", "")[5m:15s]"#,
    );
    let names: Vec<&str> = found.iter().map(|selector| selector.metric.as_str()).collect();
    assert_eq!(names, ["a_bucket", "b:c", "d"]);
    let matcher = |label: &str, operator: &str, value: &str| Matcher {
        label: label.to_owned(),
        operator: operator.to_owned(),
        value: value.to_owned(),
    };
    assert_eq!(found[0].matchers, [matcher("le", "=~", "5([.]0)?"), matcher("topic", "!=", "x}y")]);
}
