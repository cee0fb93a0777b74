//! How the rows of a file are written, and where the plan's columns stand in it: told by its beginning.

use crate::cells::TableRow;
use crate::frame::{Rule, Shape, Window};
use crate::plan::{Format, LIST_COLUMN, Plan};
use crate::problem::ImportError;
use gate_located::nearest;
use std::io::Read;

/// Bytes of a file that its format is told by.
const LOOKED_AT_BYTES: usize = 64 * 1024;
/// Edits between a column that is not there and one that may be meant.
const EDITS_MAX: usize = 3;
/// Digits from which on a name of a column is taken for a value.
const VALUE_DIGITS: usize = 6;

/// How a file is written.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) format: Format,
    pub(crate) delimiter: u8,
    /// The names of a table's columns.
    pub(crate) header: Vec<String>,
    /// Of each column of the plan the number in the header.
    pub(crate) places: Vec<usize>,
    /// Columns of the file that the plan does not read, as they may be shown.
    pub(crate) unused: Vec<String>,
    /// Columns that stand twice, which the plan does not read, as they may be shown.
    pub(crate) repeated: Vec<String>,
}

impl Layout {
    pub(crate) const fn rule(&self) -> Rule {
        match self.format {
            Format::Csv => Rule::Quoted { delimiter: self.delimiter },
            Format::Ndjson | Format::List => Rule::Lines,
        }
    }

    /// Reads as far as the first row.
    pub(crate) fn of<R: Read>(window: &mut Window<R>, plan: &Plan) -> Result<Self, ImportError> {
        for _ in 0..plan.skip_lines {
            window.next(Rule::Lines)?;
        }
        let ahead = window.ahead(LOOKED_AT_BYTES)?;
        let first = ahead.iter().find(|byte| !byte.is_ascii_whitespace());
        let Some(first) = first else { return Err(ImportError::Empty) };
        let told = match first {
            b'{' => Format::Ndjson,
            b'[' if plan.format != Some(Format::Csv) => {
                return Err(ImportError::shape(
                    "the file is one JSON array",
                    "write one object a line (`jq -c '.[]' FILE`)",
                ));
            }
            _ => Format::Csv,
        };
        let format = plan.format.unwrap_or(told);
        let layout = Self {
            format,
            delimiter: b',',
            header: Vec::new(),
            places: Vec::new(),
            unused: Vec::new(),
            repeated: Vec::new(),
        };
        match format {
            Format::Ndjson => Ok(layout),
            Format::List => {
                Ok(Self { header: vec![LIST_COLUMN.to_owned()], places: vec![0], ..layout })
            }
            Format::Csv => layout.of_table(window, plan),
        }
    }

    fn of_table<R: Read>(
        mut self,
        window: &mut Window<R>,
        plan: &Plan,
    ) -> Result<Self, ImportError> {
        let ahead = window.ahead(LOOKED_AT_BYTES)?;
        // Excel's own word for the separator
        let excel = ahead.strip_prefix(b"sep=").and_then(|rest| rest.first().copied());
        if excel.is_some() {
            window.next(Rule::Lines)?;
        }
        self.delimiter = match plan.delimiter.or(excel) {
            Some(delimiter) => delimiter,
            None => told_delimiter(window.ahead(LOOKED_AT_BYTES)?)?,
        };
        let frame = loop {
            let frame = window.next(self.rule())?.ok_or(ImportError::Empty)?;
            if !window.slice(&frame.bytes).trim_ascii().is_empty() {
                break frame;
            }
        };
        let mut row = TableRow::new(self.delimiter);
        if frame.shape != Shape::Whole || !row.read(window.slice(&frame.bytes)) {
            return Err(ImportError::shape(
                "the header cannot be read: a quotation mark is open, or there are more than 1,024 columns",
                "mend the first line, or name `skip_lines`",
            ));
        }
        for at in 0..row.n_fields() {
            let name = String::from_utf8_lossy(row.field(at).unwrap_or_default());
            self.header.push(name.trim().to_owned());
        }
        if self.header.iter().any(|name| is_address(name)) {
            return Err(ImportError::NoHeader);
        }
        self.bind(plan)?;
        Ok(self)
    }

    /// Finds the plan's columns in the header.
    fn bind(&mut self, plan: &Plan) -> Result<(), ImportError> {
        // what may be somebody's is in no error, and no column is told by its name then: the others may be a person's name
        let has_values = self.header.iter().any(|name| is_value(name));
        let shown = |at: usize, name: &str| {
            if has_values { format!("number {}", at + 1) } else { name.to_owned() }
        };
        let mut missing = Vec::new();
        for wanted in &plan.columns {
            let same = |exact: bool| -> Vec<usize> {
                let is_same = |name: &String| {
                    if exact { name == wanted } else { name.eq_ignore_ascii_case(wanted) }
                };
                let all = self.header.iter().enumerate();
                all.filter(|(_, name)| is_same(name)).map(|(at, _)| at).collect()
            };
            let exact = same(true);
            let found = if exact.is_empty() { same(false) } else { exact };
            match found.as_slice() {
                [at] => self.places.push(*at),
                // a name that holds digits is one among names that the plan knows, and a value where it knows none of them
                [] if has_values => return Err(ImportError::NoHeader),
                [] => {
                    let names = self.header.iter().map(String::as_str);
                    let meant = nearest(wanted, names, EDITS_MAX);
                    missing.push(match meant {
                        Some(meant) => format!("`{wanted}` (is it `{meant}`?)"),
                        None => format!("`{wanted}`"),
                    });
                }
                _ => {
                    return Err(ImportError::shape(
                        format!("the column `{wanted}` stands twice in the header"),
                        "rename one of them: nobody knows which one counts",
                    ));
                }
            }
        }
        if !missing.is_empty() {
            let there = self.header.join(", ");
            return Err(ImportError::shape(
                format!("the file has no column {}", missing.join(", ")),
                format!("name columns of its header: {there}"),
            ));
        }
        for (at, name) in self.header.iter().enumerate() {
            if !self.places.contains(&at) {
                self.unused.push(shown(at, name));
            }
            if self.header.iter().take(at).any(|earlier| earlier == name) {
                self.repeated.push(shown(at, name));
            }
        }
        let is_mapped = plan.columns.is_empty();
        if is_mapped && let Some(name) = self.repeated.first() {
            return Err(ImportError::shape(
                format!("the column `{name}` stands twice in the header"),
                "rename one of them: a mapping reads rows by the names of columns",
            ));
        }
        Ok(())
    }
}

/// An address, where a name of a column should be: no header has one.
fn is_address(name: &str) -> bool {
    name.contains('@') || (name.starts_with('+') && n_digits(name) >= 7)
}

/// What may be somebody's: an address, a number of a person, a date. Some names of columns are taken for one
/// (`field_4711815`), so a file that fits its plan is read in spite of it.
fn is_value(name: &str) -> bool {
    let has_letters = name.chars().any(char::is_alphabetic);
    is_address(name)
        || n_digits(name) >= VALUE_DIGITS
        || (n_digits(name) > 0 && !has_letters)
        || is_date_in_words(name)
}

fn n_digits(text: &str) -> usize {
    text.chars().filter(|char| char.is_numeric()).count()
}

/// A day and a year beside a word, in any language: `3 Mar 2024`, `May 5, 1980`. In digits alone it has no letters.
fn is_date_in_words(name: &str) -> bool {
    let numbers = || name.split(|char: char| !char.is_ascii_digit()).filter(|it| !it.is_empty());
    numbers().any(|number| number.len() == 4) && numbers().any(|number| number.len() <= 2)
}

/// The separator that the header has most of, outside of quotation marks.
fn told_delimiter(ahead: &[u8]) -> Result<u8, ImportError> {
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0), (b'|', 0)];
    let mut is_quoted = false;
    for byte in ahead.trim_ascii_start() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' | b'\r' if !is_quoted => break,
            _ if is_quoted => {}
            byte => counts.iter_mut().filter(|(known, _)| known == byte).for_each(|(_, n)| *n += 1),
        }
    }
    counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    match counts {
        [(_, 0), ..] => Ok(b','),
        [(_, one), (_, other), ..] if one == other => Err(ImportError::shape(
            "the header has as many of one separator as of another",
            "name `delimiter`",
        )),
        [(delimiter, _), ..] => Ok(delimiter),
    }
}
