//! A provider's export as a file: CSV in UTF-8 or UTF-16, pushed in pieces, entries out.
//!
//! The parser keeps one line, so that a quotation mark that is never closed is an error and not a field of 50 million lines. A
//! stray mark swallows lines up to the next one, and a refusal that was swallowed would be missing without a trace: so marks that
//! stand wrong, a line with fewer or more fields than the heading, and a line break within an address, a kind, a time or a group
//! are errors of the whole file. What else a line lacks is a problem of that line, counted and kept with its number; a word nobody
//! knows in the column of kinds is a refusal of everything: on a list of suppressions the unknown restricts.

mod columns;
mod quotes;
mod text;

pub use columns::{Columns, Word};

use self::columns::Places;
use self::quotes::Quotes;
use self::text::Decoder;
use crate::entry::{Entry, Reason};
use crate::limits::{COLUMNS_MAX, LINE_BYTES_MAX, PROBLEMS_KEPT_MAX, SMTP_BYTES_MAX};
use crate::problem::ListProblem;
use crate::time;
use csv_core::{ReadRecordResult, ReaderBuilder};

/// What to do about quotation marks that stand wrong.
const MARK_FIX: &str =
    "look there for a quotation mark too many or too few, and export the file again";

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineProblem {
    /// Its number, from 1.
    pub line: u64,
    /// What is wrong, without a value.
    pub reason: &'static str,
}

/// What was read of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileCounts {
    /// Entries.
    pub n_entries: u64,
    /// Lines that say somebody is not suppressed.
    pub n_skipped: u64,
    /// Lines that could not be used; the first of them in `problems`.
    pub n_problems: u64,
    /// Kinds that nobody knows, taken as refusals of everything.
    pub n_unknown_kinds: u64,
    /// Times that could not be read: these entries have none.
    pub n_unknown_times: u64,
    /// The first problems.
    pub problems: Vec<LineProblem>,
}

/// A file that is being read.
pub struct FileList {
    name: String,
    columns: Columns,
    decoder: Decoder,
    /// Text of the first line while its separator is looked for.
    head: Vec<u8>,
    reader: Option<csv_core::Reader>,
    separator: u8,
    quotes: Quotes,
    places: Option<Places>,
    /// Of the heading, and so of every line.
    n_columns: usize,
    output: Vec<u8>,
    ends: Vec<usize>,
    n_output: usize,
    n_ends: usize,
    counts: FileCounts,
}

impl std::fmt::Debug for FileList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileList").field("name", &self.name).finish_non_exhaustive()
    }
}

impl FileList {
    /// Begins a file; `name` is for errors.
    #[must_use]
    pub fn new(name: &str, columns: Columns) -> Self {
        Self {
            name: name.to_owned(),
            columns,
            decoder: Decoder::default(),
            head: Vec::new(),
            reader: None,
            separator: b',',
            quotes: Quotes::default(),
            places: None,
            n_columns: 0,
            output: vec![0; LINE_BYTES_MAX],
            ends: vec![0; COLUMNS_MAX],
            n_output: 0,
            n_ends: 0,
            counts: FileCounts::default(),
        }
    }

    /// What was read so far.
    #[must_use]
    pub const fn counts(&self) -> &FileCounts {
        &self.counts
    }

    /// Takes a piece of the file, of any length.
    ///
    /// # Errors
    /// When the file as a whole cannot be read. Nothing of it may be compared then.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Entry>, ListProblem> {
        let text = self
            .decoder
            .push(bytes)
            .map_err(|reason| self.wrong(reason, "save the file as UTF-8"))?;
        let mut entries = Vec::new();
        self.text(&text, &mut entries)?;
        Ok(entries)
    }

    /// The end of the file: its last entries.
    ///
    /// # Errors
    /// As [`FileList::push`], and when the file was empty: an export has at least its heading.
    pub fn finish(&mut self) -> Result<Vec<Entry>, ListProblem> {
        let mut entries = Vec::new();
        let is_cut = self.decoder.is_cut();
        if is_cut {
            return Err(self.wrong("it ends within a character", "copy the file again: it was cut"));
        }
        self.text(b"\n", &mut entries)?;
        if let Some(line) = self.quotes.open() {
            return Err(self.at(line, "the file ends within quotation marks", MARK_FIX));
        }
        self.records(&[], &mut entries)?;
        if self.places.is_none() {
            return Err(self.wrong("it is empty", "an export has a line that names its columns"));
        }
        Ok(entries)
    }

    fn wrong(&self, reason: &'static str, fix: &'static str) -> ListProblem {
        self.at(self.reader.as_ref().map_or(1, csv_core::Reader::line), reason, fix)
    }

    fn at(&self, line: u64, reason: &'static str, fix: &'static str) -> ListProblem {
        ListProblem::new(self.name.clone(), format!("line {line}"), reason, fix)
    }

    fn text(&mut self, text: &[u8], entries: &mut Vec<Entry>) -> Result<(), ListProblem> {
        if self.reader.is_some() {
            return self.records(text, entries);
        }
        self.head.extend_from_slice(text);
        if !self.head.contains(&b'\n') && self.head.len() < LINE_BYTES_MAX {
            return Ok(());
        }
        self.start();
        let head = std::mem::take(&mut self.head);
        self.records(&head, entries)
    }

    /// Decides on the separator by the first line.
    fn start(&mut self) {
        if self.reader.is_some() {
            return;
        }
        let first = self.head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let count = |separator: u8| first.iter().filter(|byte| **byte == separator).count();
        let found = [b',', b';', b'\t'].into_iter().rev().max_by_key(|separator| count(*separator));
        self.separator =
            self.columns.separator.and_then(|c| u8::try_from(c).ok()).or(found).unwrap_or(b',');
        self.reader = Some(ReaderBuilder::new().delimiter(self.separator).build());
    }

    fn records(&mut self, mut input: &[u8], entries: &mut Vec<Entry>) -> Result<(), ListProblem> {
        let is_end = input.is_empty();
        self.quotes
            .push(input, self.separator)
            .map_err(|line| self.at(line, "text follows a quotation mark that closes", MARK_FIX))?;
        loop {
            let Some(reader) = &mut self.reader else { return Ok(()) };
            let output = self.output.get_mut(self.n_output..).unwrap_or_default();
            let ends = self.ends.get_mut(self.n_ends..).unwrap_or_default();
            let (result, n_in, n_out, n_ends) = reader.read_record(input, output, ends);
            input = input.get(n_in..).unwrap_or_default();
            self.n_output += n_out;
            self.n_ends += n_ends;
            match result {
                ReadRecordResult::InputEmpty if is_end => {}
                ReadRecordResult::InputEmpty | ReadRecordResult::End => return Ok(()),
                ReadRecordResult::OutputFull => {
                    return Err(self.wrong(
                        "the line is too long",
                        "look for a quotation mark there that is opened and never closed",
                    ));
                }
                ReadRecordResult::OutputEndsFull => {
                    return Err(self.wrong("the line has too many columns", "check the separator"));
                }
                ReadRecordResult::Record => {
                    self.record(entries)?;
                    (self.n_output, self.n_ends) = (0, 0);
                    if !is_end && input.is_empty() {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// One line: the heading, or an entry.
    fn record(&mut self, entries: &mut Vec<Entry>) -> Result<(), ListProblem> {
        let ends = self.ends.get(..self.n_ends).unwrap_or_default();
        let starts = std::iter::once(&0).chain(ends);
        let fields: Vec<&[u8]> = starts
            .zip(ends)
            .map(|(start, end)| self.output.get(*start..*end).unwrap_or_default())
            .collect();
        let has_break = |field: &&[u8]| field.contains(&b'\n') || field.contains(&b'\r');
        // where the record begins: behind its last line, less the breaks in its fields
        let after = self.reader.as_ref().map_or(1, csv_core::Reader::line);
        let n_breaks =
            fields.iter().flat_map(|field| *field).filter(|byte| **byte == b'\n').count();
        let line = after.saturating_sub(1 + n_breaks as u64);
        let Some(places) = &self.places else {
            if fields.iter().any(has_break) {
                return Err(self.at(line, "the name of a column holds a line break", MARK_FIX));
            }
            self.n_columns = fields.len();
            let places = Places::find(&self.columns, &fields).map_err(|(key, reason, fix)| {
                ListProblem::new(self.name.clone(), key, reason, fix)
            })?;
            self.places = Some(places);
            return Ok(());
        };
        if fields.len() != self.n_columns {
            return Err(self.at(line, "it has not as many fields as the heading", MARK_FIX));
        }
        let of_one_line = [Some(places.address), places.kind, places.at, places.group];
        if of_one_line.into_iter().flatten().filter_map(|place| fields.get(place)).any(has_break) {
            return Err(self.at(
                line,
                "an address, kind, time or group holds a line break",
                MARK_FIX,
            ));
        }
        match entry(&self.columns, places, &fields, &mut self.counts) {
            Ok(Some(entry)) => {
                self.counts.n_entries += 1;
                entries.push(entry);
            }
            Ok(None) => self.counts.n_skipped += 1,
            Err(reason) => {
                self.counts.n_problems += 1;
                if self.counts.problems.len() < PROBLEMS_KEPT_MAX {
                    self.counts.problems.push(LineProblem { line, reason });
                }
            }
        }
        Ok(())
    }
}

/// What a line says; `None` when it says that somebody is not suppressed.
fn entry(
    columns: &Columns,
    places: &Places,
    fields: &[&[u8]],
    counts: &mut FileCounts,
) -> Result<Option<Entry>, &'static str> {
    let text = |place: Option<usize>| -> Result<Option<&str>, &'static str> {
        let Some(field) = place.and_then(|place| fields.get(place)) else { return Ok(None) };
        let text = std::str::from_utf8(field).map_err(|_| "it is not in UTF-8")?.trim();
        Ok(Some(text).filter(|text| !text.is_empty()))
    };
    let address = text(Some(places.address))?.ok_or("it names nobody")?;
    let word = text(places.kind)?;
    let reason = match columns.reason(word) {
        Word::Is(reason) => reason,
        Word::NotListed => return Ok(None),
        Word::Unknown => {
            counts.n_unknown_kinds += 1;
            Reason::Unsubscribe
        }
    };
    let written = text(places.at)?;
    let at = written.and_then(time::text);
    counts.n_unknown_times += u64::from(written.is_some() && at.is_none());
    let mut entry = Entry::new(address, reason, at);
    entry.group = text(places.group)?.filter(|group| *group != "*").map(Into::into);
    let cut = |text: &str| {
        text.get(..text.floor_char_boundary(SMTP_BYTES_MAX)).unwrap_or_default().into()
    };
    entry.smtp = text(places.smtp)?.map(cut);
    Ok(Some(entry))
}
