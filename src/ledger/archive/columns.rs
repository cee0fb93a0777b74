//! Decisions as columns, and how Parquet writes them.

use gate_log::{DetailWords, Entry, hex};
use parquet::basic::{Compression, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use std::borrow::Cow;
use std::io::Write;
use std::sync::Arc;

/// The schema of the files: add at the end, never rename.
pub const MESSAGE_TYPE: &str = "
message decision {
  required binary decision_id (STRING);
  required binary source_topic (STRING);
  required int32 source_partition;
  required int64 source_offset;
  required int64 log_offset;
  required int64 evaluated_at (TIMESTAMP(MICROS, true));
  optional binary message_id (STRING);
  optional binary channel (STRING);
  required binary outcome (STRING);
  required binary reason (STRING);
  required group reasons (LIST) { repeated group list { required binary element (STRING); } }
  optional binary detail (STRING);
  optional binary basis (STRING);
  required group warnings (LIST) { repeated group list { required binary element (STRING); } }
  required group jurisdictions (LIST) { repeated group list { required binary element (STRING); } }
  required group packs (LIST) { repeated group list { required binary element (STRING); } }
  required group rules (LIST) { repeated group list { required binary element (STRING); } }
  required group zones (LIST) { repeated group list { required binary element (STRING); } }
  optional binary purpose (STRING);
  optional binary brand (STRING);
  optional binary controller (STRING);
  optional binary campaign (STRING);
  optional binary contact_key (STRING);
  optional binary address_key (STRING);
  optional binary evidence (STRING);
  optional int64 not_before (TIMESTAMP(MICROS, true));
  optional int64 registry_checked_at (TIMESTAMP(MICROS, true));
  required binary policy_revision (STRING);
  required binary tz_version (STRING);
  required binary consent_topic (STRING);
  required group consent_position (LIST) { repeated group list { required int64 element; } }
  required binary gate_version (STRING);
  required binary instance (STRING);
  required boolean probe;
  required boolean reconstructed;
}
";

/// A column: values, and for each row (or item of a list) whether there is one, and whether it continues a list.
#[derive(Default)]
struct Column<T> {
    values: Vec<T>,
    defined: Vec<i16>,
    repeated: Vec<i16>,
}

impl<T> Column<T> {
    fn one(&mut self, value: T) {
        self.values.push(value);
    }

    fn maybe(&mut self, value: Option<T>) {
        self.defined.push(i16::from(value.is_some()));
        self.values.extend(value);
    }

    fn list(&mut self, items: impl IntoIterator<Item = T>) {
        let before = self.values.len();
        self.values.extend(items);
        let n_items = self.values.len() - before;
        // a list without items is a row all the same
        self.defined.extend(std::iter::repeat_n(i16::from(n_items > 0), n_items.max(1)));
        self.repeated.extend((0..n_items.max(1)).map(|nth| i16::from(nth > 0)));
    }
}

enum Cells {
    Text(Column<ByteArray>),
    Long(Column<i64>),
    Number(Column<i32>),
    Truth(Column<bool>),
}

/// Rows of one file, in memory as columns.
#[derive(Default)]
pub struct Rows {
    columns: Vec<Cells>,
    n_rows: usize,
}

/// Puts the cells of one row into their columns, from the left.
struct Row<'r> {
    columns: &'r mut Vec<Cells>,
    at: usize,
}

macro_rules! column {
    ($row:expr, $kind:ident) => {{
        let row = $row;
        if row.columns.len() <= row.at {
            row.columns.push(Cells::$kind(Column::default()));
        }
        row.at += 1;
        match row.columns.get_mut(row.at - 1) {
            Some(Cells::$kind(column)) => Some(column),
            // each row puts the same kinds in the same order
            _ => None,
        }
    }};
}

fn bytes(text: &str) -> ByteArray {
    ByteArray::from(text.as_bytes().to_vec())
}

impl Row<'_> {
    fn text(&mut self, text: &str) {
        if let Some(column) = column!(self, Text) {
            column.one(bytes(text));
        }
    }

    fn maybe_text(&mut self, text: Option<&str>) {
        if let Some(column) = column!(self, Text) {
            column.maybe(text.map(bytes));
        }
    }

    fn texts(&mut self, texts: &[Cow<'_, str>]) {
        if let Some(column) = column!(self, Text) {
            column.list(texts.iter().map(|text| bytes(text)));
        }
    }

    fn long(&mut self, value: i64) {
        if let Some(column) = column!(self, Long) {
            column.one(value);
        }
    }

    fn maybe_long(&mut self, value: Option<i64>) {
        if let Some(column) = column!(self, Long) {
            column.maybe(value);
        }
    }

    fn longs(&mut self, values: &[i64]) {
        if let Some(column) = column!(self, Long) {
            column.list(values.iter().copied());
        }
    }

    fn number(&mut self, value: i32) {
        if let Some(column) = column!(self, Number) {
            column.one(value);
        }
    }

    fn truth(&mut self, value: bool) {
        if let Some(column) = column!(self, Truth) {
            column.one(value);
        }
    }
}

impl Rows {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.n_rows
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.n_rows == 0
    }

    /// Adds a decision of the record at this offset of the decision log. In the order of [`MESSAGE_TYPE`].
    pub fn add(&mut self, entry: &Entry<'_>, log_offset: i64) {
        let (batch, shape, context) = (entry.batch(), entry.shape, entry.context);
        let mut row = Row { columns: &mut self.columns, at: 0 };
        row.text(&entry.source().to_string());
        row.text(&batch.source_topic);
        row.number(batch.source_partition);
        row.long(entry.offset);
        row.long(log_offset);
        row.long(batch.evaluated_at);
        row.maybe_text(entry.message_id);
        row.maybe_text(shape.channel.as_deref());
        row.text(&shape.outcome);
        row.text(&shape.reason);
        row.texts(&shape.reasons);
        row.maybe_text(shape.detail.as_ref().and_then(detail).as_deref());
        row.maybe_text(shape.basis.as_deref());
        for texts in
            [&shape.warnings, &shape.jurisdictions, &shape.packs, &shape.rules, &shape.zones]
        {
            row.texts(texts);
        }
        for text in [&context.purpose, &context.brand, &context.controller, &context.campaign] {
            row.maybe_text(text.as_deref());
        }
        for key in [entry.contact, entry.address, entry.evidence] {
            row.maybe_text(key.map(hex).as_deref());
        }
        row.maybe_long(entry.not_before.map(gate_core::Timestamp::as_micros));
        row.maybe_long(entry.registry_checked_at.map(gate_core::Timestamp::as_micros));
        row.text(&batch.policy_revision);
        row.text(&batch.tz_version);
        row.text(&batch.consent_topic);
        row.longs(&batch.consent_position);
        row.text(&batch.gate_version);
        row.text(&batch.instance);
        row.truth(context.probe);
        row.truth(shape.is_reconstructed);
        self.n_rows += 1;
    }

    /// Writes them as one file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write<W: Write + Send>(&self, to: W) -> Result<W> {
        let schema = Arc::new(parse_message_type(MESSAGE_TYPE)?);
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
            .set_created_by(format!("consent-gate {}", env!("CARGO_PKG_VERSION")))
            .build();
        let mut file = SerializedFileWriter::new(to, schema, Arc::new(properties))?;
        let mut group = file.next_row_group()?;
        for cells in &self.columns {
            let mut writer = group.next_column()?.ok_or_else(|| {
                ParquetError::General("more columns than the schema has".to_owned())
            })?;
            match (cells, writer.untyped()) {
                (Cells::Text(it), ColumnWriter::ByteArrayColumnWriter(to)) => {
                    to.write_batch(&it.values, levels(&it.defined), levels(&it.repeated))?
                }
                (Cells::Long(it), ColumnWriter::Int64ColumnWriter(to)) => {
                    to.write_batch(&it.values, levels(&it.defined), levels(&it.repeated))?
                }
                (Cells::Number(it), ColumnWriter::Int32ColumnWriter(to)) => {
                    to.write_batch(&it.values, None, None)?
                }
                (Cells::Truth(it), ColumnWriter::BoolColumnWriter(to)) => {
                    to.write_batch(&it.values, None, None)?
                }
                _ => return Err(ParquetError::General("a column of another type".to_owned())),
            };
            writer.close()?;
        }
        group.close()?;
        file.into_inner()
    }
}

fn levels(levels: &[i16]) -> Option<&[i16]> {
    (!levels.is_empty()).then_some(levels)
}

fn detail(detail: &DetailWords<'_>) -> Option<String> {
    serde_json::to_string(detail).ok()
}
