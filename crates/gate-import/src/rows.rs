//! A file, row by row: each with the changes it makes and what is wrong with it. Memory does not grow with the file.

use crate::cells::{Cell, ObjectRow, TableRow};
use crate::frame::{Frame, Place, Shape, Window};
use crate::ids::Import;
use crate::input::{Digest, Input};
use crate::judge::{Cells, Context, Judge, Said};
use crate::layout::Layout;
use crate::plan::{Format, Plan, Reading};
use crate::problem::{ImportError, Loss, Problem, ProblemKind};
use crate::resume::Resume;
use crate::row::{ERROR_COLUMNS, Raw, Row, quoted};
use crate::statement;
use gate_core::Timestamp;
use gate_mapping::Mapping;
use std::io::Read;

/// The rows of a file, by a plan.
pub struct Rows<'p, R: Read> {
    window: Window<R>,
    plan: &'p Plan,
    layout: Layout,
    context: Context,
    table: TableRow,
    object: ObjectRow,
    /// A row of a table as JSON, for a mapping.
    json: Vec<u8>,
    loses: Loss,
    n_rows: u64,
}

impl<'p, R: Read> Rows<'p, R> {
    /// Opens a file to look at it. Its changes have no event ids that count: [`Rows::apply`] with the digest that this reading
    /// ends with gives them. `now` is the clock: what lies after it is in the future.
    ///
    /// # Errors
    /// When the file cannot be read or does not fit the plan.
    pub fn preview(file: R, plan: &'p Plan, now: Timestamp) -> Result<Self, ImportError> {
        let context =
            Context { prefix: String::from("preview:"), via: String::from("preview"), now };
        Self::open(file, plan, context)
    }

    /// Opens a file to import it: the same rows with the event ids of the import.
    ///
    /// # Errors
    /// As [`Rows::preview`], and when the import is of another plan.
    pub fn apply(file: R, plan: &'p Plan, import: &Import) -> Result<Self, ImportError> {
        if import.plan != plan.fingerprint {
            return Err(ImportError::Other(
                "the plan is not the one the import began with; use that one, or another import id after `import undo`",
            ));
        }
        let context = Context {
            prefix: import.event_prefix(),
            via: format!("import {}", import.id),
            now: import.begun_at(),
        };
        Self::open(file, plan, context)
    }

    /// Goes on where an import was interrupted. The file must hold what it held: compare [`Import::file`] with the digest of a
    /// preview first, or with that at the end.
    ///
    /// # Errors
    /// As [`Rows::apply`], when the file is shorter than what was imported of it, and when the import was undone.
    pub fn resume(file: R, plan: &'p Plan, resume: &Resume) -> Result<Self, ImportError> {
        if resume.is_undone {
            let reason = "the import was undone, and what is written under its name permits nothing; import the list under another";
            return Err(ImportError::Other(reason));
        }
        let mut rows = Self::apply(file, plan, &resume.import)?;
        if resume.place != Place::default() {
            rows.window.skip_to(resume.place)?;
        }
        rows.n_rows = resume.n_rows;
        Ok(rows)
    }

    fn open(file: R, plan: &'p Plan, context: Context) -> Result<Self, ImportError> {
        let mut window = Window::new(Input::open(file, plan.encoding)?);
        let layout = Layout::of(&mut window, plan)?;
        let loses = if plan.may_refuse() { Loss::PerhapsRefusal } else { Loss::Nothing };
        Ok(Self {
            table: TableRow::new(layout.delimiter),
            object: ObjectRow::new(&plan.columns),
            window,
            plan,
            layout,
            context,
            json: Vec::new(),
            loses,
            n_rows: 0,
        })
    }

    /// How rows are written.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.layout.format
    }

    /// Columns of the file that the plan does not read: is one of them a refusal?
    #[must_use]
    pub fn unused_columns(&self) -> &[String] {
        if self.plan.columns.is_empty() { &[] } else { &self.layout.unused }
    }

    /// Columns that stand twice and are not read.
    #[must_use]
    pub fn repeated_columns(&self) -> &[String] {
        &self.layout.repeated
    }

    /// Bytes that were read of the file, packed as it is: for progress.
    #[must_use]
    pub fn n_bytes_read(&self) -> u64 {
        self.window.n_bytes_read()
    }

    /// Rows that were read.
    #[must_use]
    pub const fn n_rows(&self) -> u64 {
        self.n_rows
    }

    /// Where to go on once the changes of all rows so far are in Kafka.
    #[must_use]
    pub fn resume_state(&self, import: &Import) -> Resume {
        Resume {
            import: import.clone(),
            place: self.window.place(),
            n_rows: self.n_rows,
            is_undone: false,
        }
    }

    /// What the whole file holds; reads whatever is left of it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn digest(&mut self) -> Result<Digest, ImportError> {
        self.window.digest()
    }

    /// The first line of the file of rows that were not taken; empty for JSON.
    #[must_use]
    pub fn error_header(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.layout.format == Format::Ndjson {
            return out;
        }
        let names = self.layout.header.iter().map(String::as_str).chain(ERROR_COLUMNS);
        for (at, name) in names.enumerate() {
            if at > 0 {
                out.push(self.layout.delimiter);
            }
            quoted(name.as_bytes(), &mut out);
        }
        out.push(b'\n');
        out
    }

    /// The next row; `None` at the end. Blank lines are none.
    ///
    /// # Errors
    /// When the file cannot be read.
    #[allow(
        clippy::should_implement_trait,
        reason = "a row borrows from the reader, so this is no iterator"
    )]
    pub fn next(&mut self) -> Result<Option<Row<'_>>, ImportError> {
        let frame = loop {
            let Some(frame) = self.window.next(self.layout.rule())? else { return Ok(None) };
            if !self.window.slice(&frame.bytes).trim_ascii().is_empty() {
                break frame;
            }
        };
        self.n_rows += 1;
        let read = self.take_apart(&frame);
        Ok(Some(self.row(&frame, read)))
    }

    /// Into values.
    fn take_apart(&mut self, frame: &Frame) -> Result<(), ProblemKind> {
        match frame.shape {
            Shape::Whole => {}
            Shape::OpenQuote => return Err(ProblemKind::OpenQuote),
            Shape::TooLong => return Err(ProblemKind::TooLong),
        }
        let is_mapped = matches!(self.plan.reading, Reading::Mapping(_));
        match self.layout.format {
            Format::List => Ok(()),
            Format::Ndjson if is_mapped => Ok(()),
            Format::Ndjson => self.object.read(self.window.slice(&frame.bytes)),
            Format::Csv => {
                let is_row = self.table.read(self.window.slice(&frame.bytes));
                let is_row = is_row && self.table.n_fields() == self.layout.header.len();
                if frame.n_lines > 1 && (!is_row || frame.is_loose || self.is_broken_over()) {
                    self.window.reopen(frame);
                    return Err(ProblemKind::OpenQuote);
                }
                match is_row {
                    true if is_mapped => self.write_json(),
                    true => Ok(()),
                    false => Err(ProblemKind::FieldCount),
                }
            }
        }
    }

    /// Whether a value that the plan reads goes over several lines: no id, address, time or word does.
    fn is_broken_over(&self) -> bool {
        let mut fields = self.layout.places.iter().filter_map(|place| self.table.field(*place));
        fields.any(|field| memchr::memchr(b'\n', field).is_some())
    }

    /// The row as a JSON object.
    fn write_json(&mut self) -> Result<(), ProblemKind> {
        self.json.clear();
        for (at, name) in self.layout.header.iter().enumerate() {
            let text = match self.table.cell(at) {
                Cell::Absent => "",
                Cell::Text(text) => text,
                Cell::Broken(kind) => return Err(kind),
            };
            self.json.push(if at == 0 { b'{' } else { b',' });
            for (text, end) in [(name.as_str(), &b":"[..]), (text, b"")] {
                serde_json::to_writer(&mut self.json, text).map_err(|_| ProblemKind::Refused)?;
                self.json.extend_from_slice(end);
            }
        }
        self.json.push(b'}');
        Ok(())
    }

    fn row(&self, frame: &Frame, read: Result<(), ProblemKind>) -> Row<'_> {
        let bytes = self.window.slice(&frame.bytes);
        let judge = Judge {
            plan: self.plan,
            context: &self.context,
            line: frame.line,
            is_in_doubt: frame.is_in_doubt,
        };
        let mut said = Said::default();
        let is_apart = read.is_ok();
        match (read, &self.plan.reading) {
            (Err(kind), _) => said.problems.push(judge.problem(None, kind, self.loses)),
            (Ok(()), Reading::Statements(all)) => {
                let values = Values { rows: self, bytes };
                for (n, one) in all.iter().enumerate() {
                    statement::read(&judge, &values, one, n, &mut said);
                }
            }
            (Ok(()), Reading::Mapping(mapping)) => {
                let json = if self.layout.format == Format::Csv { &self.json } else { bytes };
                mapped(&judge, mapping, json, &mut said);
            }
        }
        let raw = match self.layout.format {
            Format::Csv => Raw::Table {
                bytes,
                cells: &self.table,
                is_apart,
                n_columns: self.layout.header.len(),
                delimiter: self.layout.delimiter,
            },
            Format::List => Raw::Line(bytes),
            Format::Ndjson => Raw::Object(bytes),
        };
        Row {
            line: frame.line,
            changes: said.changes,
            problems: said.problems,
            n_skipped: said.n_skipped,
            raw,
        }
    }
}

/// The values of the row that was taken apart.
struct Values<'r, 'p, R: Read> {
    rows: &'r Rows<'p, R>,
    bytes: &'r [u8],
}

impl<'r, R: Read> Cells<'r> for Values<'r, '_, R> {
    fn cell(&self, slot: usize) -> Cell<'r> {
        match self.rows.layout.format {
            Format::Ndjson => self.rows.object.cell(slot),
            Format::List => Cell::of_bytes(self.bytes),
            Format::Csv => match self.rows.layout.places.get(slot) {
                Some(place) => self.rows.table.cell(*place),
                None => Cell::Absent,
            },
        }
    }
}

/// What a mapping reads of a row. Controller and brand are the plan's, as a source's at the door.
fn mapped<'r>(judge: &Judge<'r>, mapping: &'r Mapping, json: &'r [u8], said: &mut Said<'r>) {
    use gate_codec::DecodeError;
    use std::borrow::Cow;
    let changes = match mapping.map_consent(Some(json), gate_mapping::Origin::of_key(None)) {
        Ok(gate_mapping::Changes::Ignored) => {
            said.n_skipped += 1;
            return;
        }
        Ok(changes) => changes,
        Err(DecodeError::Unreadable(why)) => {
            let mut problem = judge.unreadable(why, Loss::PerhapsRefusal);
            if problem.kind == ProblemKind::Refused {
                problem.kind = ProblemKind::Unmapped;
            }
            said.problems.push(problem);
            return;
        }
        Err(DecodeError::Unavailable { .. }) => {
            let problem = judge.problem(None, ProblemKind::Unmapped, Loss::PerhapsRefusal);
            said.problems.push(Problem { detail: Some("it needs a schema registry"), ..problem });
            return;
        }
    };
    for (n, mut record) in changes.into_records().enumerate() {
        let own = [
            ("controller", &judge.plan.controller, &mut record.controller),
            ("brand", &judge.plan.brand, &mut record.brand),
        ];
        let mut foreign = None;
        for (name, own, said) in own {
            let Some(own) = own else { continue };
            let is_foreign =
                said.as_deref().is_some_and(|it| !it.trim().is_empty() && it.trim() != &**own);
            foreign = foreign.or(is_foreign.then_some(name));
            *said = Some(Cow::Borrowed(&**own));
        }
        match foreign {
            Some(name) => {
                let problem =
                    judge.problem(Some(name), ProblemKind::ForeignScope, Loss::PerhapsRefusal);
                said.problems.push(problem);
            }
            None => judge.accept(record, n, false, said),
        }
    }
}
