//! Where a row begins and ends, and in which line: before anything is parsed, and within bounds.
//!
//! A quotation mark opens a value only where a value begins (RFC 4180, and as csv-core reads it). One that is not closed would
//! swallow the rest of the file: then the row is its first line, that line is a problem, and the next line is looked at again.
//! Where one was closed and its row has the wrong number of fields, what it swallowed may be rows, or a comment that somebody
//! wrote into a form to look like rows: so what stands there is *in doubt*.

use crate::input::{Digest, Input};
use crate::limits::ROW_BYTES_MAX;
use crate::problem::ImportError;
use memchr::{memchr, memchr_iter, memchr3};
use std::io::Read;
use std::ops::Range;

/// How rows are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A line is a row.
    Lines,
    /// A row ends with the line, except within quotation marks.
    Quoted {
        /// What stands between values.
        delimiter: u8,
    },
}

/// What a row is as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// It ends where a row should.
    Whole,
    /// A quotation mark is never closed.
    OpenQuote,
    /// It is too long; only its beginning is there.
    TooLong,
}

/// A row in the window.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// The line it begins in.
    pub(crate) line: u64,
    /// Where its bytes are, without the end of the line.
    pub(crate) bytes: Range<usize>,
    pub(crate) shape: Shape,
    /// How many lines it has.
    pub(crate) n_lines: u64,
    /// Text follows a mark that closes a value. In a row of several lines it is the mark that opens another value: what lies
    /// between was swallowed.
    pub(crate) is_loose: bool,
    /// It stands within what an open quotation mark swallowed.
    pub(crate) is_in_doubt: bool,
}

/// A place between two rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    /// Bytes of UTF-8 before it.
    pub(crate) offset: u64,
    /// Lines before it.
    pub(crate) n_lines: u64,
    /// Rows that begin before this line are in doubt.
    pub(crate) doubt_until: u64,
}

/// Where the first row of some bytes ends.
enum End {
    /// With its line end; whether text follows a closing mark.
    At(usize, bool),
    /// Not within them, and not within quotation marks; whether text follows a closing mark.
    Beyond(bool),
    /// Not within them, and within quotation marks.
    Open,
}

/// A window over a file that moves on row by row.
pub(crate) struct Window<R: Read> {
    input: Input<R>,
    bytes: Vec<u8>,
    /// Where the next row begins.
    start: usize,
    is_over: bool,
    place: Place,
}

impl<R: Read> Window<R> {
    pub(crate) fn new(input: Input<R>) -> Self {
        Self { input, bytes: Vec::new(), start: 0, is_over: false, place: Place::default() }
    }

    pub(crate) fn slice(&self, range: &Range<usize>) -> &[u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }

    /// Where the next row begins.
    pub(crate) const fn place(&self) -> Place {
        self.place
    }

    pub(crate) fn n_bytes_read(&self) -> u64 {
        self.input.n_bytes_read()
    }

    /// Reads whatever is left, and says what the whole file holds.
    pub(crate) fn digest(&mut self) -> Result<Digest, ImportError> {
        while self.more()? {
            self.start = self.bytes.len();
        }
        Ok(self.input.digest())
    }

    /// What lies ahead, at least `n` bytes if there are as many.
    pub(crate) fn ahead(&mut self, n: usize) -> Result<&[u8], ImportError> {
        while self.bytes.len() - self.start < n && self.more()? {}
        Ok(self.bytes.get(self.start..).unwrap_or_default())
    }

    /// Goes to a place that was reached before.
    pub(crate) fn skip_to(&mut self, place: Place) -> Result<(), ImportError> {
        while self.place.offset < place.offset {
            if self.start == self.bytes.len() && !self.more()? {
                return Err(ImportError::Other(
                    "the file is shorter than what was imported of it; use the file the import began with",
                ));
            }
            let there = (self.bytes.len() - self.start) as u64;
            let step = there.min(place.offset - self.place.offset);
            self.start += usize::try_from(step).unwrap_or_default();
            self.place.offset += step;
        }
        self.place = place;
        Ok(())
    }

    /// Reads on; `false` at the end of the file.
    fn more(&mut self) -> Result<bool, ImportError> {
        if self.is_over {
            return Ok(false);
        }
        self.bytes.drain(..self.start);
        self.start = 0;
        self.is_over = !self.input.fill(&mut self.bytes)?;
        Ok(true)
    }

    /// The next row, or `None` at the end.
    pub(crate) fn next(&mut self, rule: Rule) -> Result<Option<Frame>, ImportError> {
        loop {
            let ahead = self.bytes.get(self.start..).unwrap_or_default();
            if ahead.is_empty() && self.is_over {
                return Ok(None);
            }
            let looked_at = ahead.get(..ROW_BYTES_MAX).unwrap_or(ahead);
            let is_all = self.is_over && looked_at.len() == ahead.len();
            let end = end_of(looked_at, rule, is_all);
            match end {
                End::At(n, is_loose) => {
                    let frame = self.take(n, Shape::Whole);
                    return Ok(Some(Frame { is_loose, ..frame }));
                }
                End::Beyond(_) | End::Open if looked_at.len() < ROW_BYTES_MAX && !self.is_over => {
                    self.more()?;
                }
                End::Open => return self.first_line(Shape::OpenQuote).map(Some),
                End::Beyond(is_loose) if is_all => {
                    let frame = self.take(looked_at.len(), Shape::Whole);
                    return Ok(Some(Frame { is_loose, ..frame }));
                }
                End::Beyond(_) => return self.first_line(Shape::TooLong).map(Some),
            }
        }
    }

    /// Goes back to the second line of a row that has several, since it is none: what it swallowed is looked at again.
    pub(crate) fn reopen(&mut self, frame: &Frame) {
        let first = memchr(b'\n', self.slice(&frame.bytes));
        let (Some(first), true) = (first, frame.n_lines > 1) else { return };
        let back = self.start - (frame.bytes.start + first + 1);
        self.start -= back;
        self.place.offset -= back as u64;
        self.place.doubt_until = self.place.doubt_until.max(self.place.n_lines + 1);
        self.place.n_lines = frame.line;
    }

    /// The line ahead as a row that is none. What is left of one that is too long is passed over.
    fn first_line(&mut self, shape: Shape) -> Result<Frame, ImportError> {
        let ahead = self.bytes.get(self.start..).unwrap_or_default();
        let looked_at = ahead.get(..ROW_BYTES_MAX).unwrap_or(ahead);
        // the mark may close beyond the bound: what it holds may be written to look like rows
        let is_bound = looked_at.len() == ROW_BYTES_MAX;
        if let Some(n) = memchr(b'\n', looked_at) {
            let frame = self.take(n + 1, shape);
            if is_bound {
                self.place.doubt_until = u64::MAX;
            }
            return Ok(frame);
        }
        let mut has_mark = shape == Shape::OpenQuote;
        if looked_at.len() < ROW_BYTES_MAX {
            return Ok(self.take(looked_at.len(), shape));
        }
        let mut frame = self.take(ROW_BYTES_MAX, Shape::TooLong);
        // its beginning is copied to where it stays while the rest goes by
        let beginning = self.slice(&frame.bytes).to_vec();
        loop {
            let ahead = self.bytes.get(self.start..).unwrap_or_default();
            let (n, is_end) =
                memchr(b'\n', ahead).map_or((ahead.len(), false), |at| (at + 1, true));
            has_mark |= memchr(b'"', ahead.get(..n).unwrap_or_default()).is_some();
            self.start += n;
            self.place.offset += n as u64;
            if is_end || !self.more()? {
                break;
            }
        }
        self.place.n_lines = frame.line;
        if has_mark {
            self.place.doubt_until = u64::MAX;
        }
        frame.bytes = 0..beginning.len();
        self.bytes.splice(..self.start, beginning);
        self.start = frame.bytes.end;
        Ok(frame)
    }

    fn take(&mut self, n: usize, shape: Shape) -> Frame {
        let begin = self.start;
        let row = self.bytes.get(begin..begin + n).unwrap_or_default();
        let n_lines = (memchr_iter(b'\n', row).count() + usize::from(!row.ends_with(b"\n"))) as u64;
        // the first mark ends an open doubt, and not before the end of the row it stands in
        let closes = self.place.doubt_until == u64::MAX && closed(row, 0).is_some();
        let n_end = match row {
            [.., b'\r', b'\n'] => 2,
            [.., b'\n' | b'\r'] => 1,
            _ => 0,
        };
        let frame = Frame {
            line: self.place.n_lines + 1,
            bytes: begin..begin + n - n_end,
            shape,
            n_lines,
            is_loose: false,
            is_in_doubt: self.place.n_lines + 1 < self.place.doubt_until,
        };
        self.start += n;
        self.place.offset += n as u64;
        self.place.n_lines += n_lines;
        if closes {
            self.place.doubt_until = self.place.n_lines + 1;
        }
        frame
    }
}

/// The end of the first row of some bytes. `is_all`: nothing follows them.
fn end_of(bytes: &[u8], rule: Rule, is_all: bool) -> End {
    let Rule::Quoted { delimiter } = rule else {
        return memchr(b'\n', bytes).map_or(End::Beyond(false), |at| End::At(at + 1, false));
    };
    let (mut at, mut is_loose) = (0, false);
    loop {
        if bytes.get(at) == Some(&b'"') {
            match closed(bytes, at + 1) {
                Some(after) if after < bytes.len() || is_all => {
                    at = after;
                    let next = bytes.get(after);
                    is_loose |=
                        next.is_some_and(|byte| *byte != delimiter && !b"\r\n".contains(byte));
                }
                // it may be the first half of a doubled one
                _ => return End::Open,
            }
        }
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(n) = memchr3(delimiter, b'\n', b'\r', rest) else { return End::Beyond(is_loose) };
        at += n;
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'\n'), _) => return End::At(at + 1, is_loose),
            (Some(b'\r'), Some(b'\n')) => return End::At(at + 2, is_loose),
            (Some(b'\r'), None) if !is_all => return End::Beyond(is_loose),
            (Some(b'\r'), _) => return End::At(at + 1, is_loose),
            _ => at += 1,
        }
    }
}

/// Behind the mark that closes a value which begins here.
fn closed(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr(b'"', bytes.get(at..)?)? + 1;
        if bytes.get(at) != Some(&b'"') {
            return Some(at);
        }
        at += 1;
    }
}
