//! The files read back: which decisions are about somebody.

use super::files::{Content, Files, Stretch};
use crate::ledger::LedgerError;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, FileReader as _, SerializedFileReader};
use parquet::record::Field;
use parquet::schema::parser::parse_message_type;
use std::collections::HashSet;

const COLUMNS: &str = "
message decision {
  required binary decision_id (STRING);
  optional binary contact_key (STRING);
  optional binary address_key (STRING);
}
";

impl Files {
    /// Where the messages stand that were decided about a person; keys in hexadecimal, empty for none.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn sources_of(
        &self,
        contact: &str,
        address: &str,
        found: &mut HashSet<String>,
    ) -> std::result::Result<(), LedgerError> {
        let list = self.list().map_err(|error| LedgerError::Archive(error.to_string()))?;
        for stretch in &list {
            let content = self.read(stretch);
            let content = content.map_err(|error| ParquetError::External(Box::new(error)));
            let read = content.and_then(|content| match content {
                Content::File(file) => read(file, contact, address, found),
                Content::Bytes(bytes) => read(bytes, contact, address, found),
            });
            read.map_err(|error| {
                let Stretch { partition, first, .. } = stretch;
                LedgerError::Archive(format!(
                    "file of partition {partition} from offset {first}: {error}"
                ))
            })?;
        }
        Ok(())
    }
}

fn read(
    content: impl ChunkReader + 'static,
    contact: &str,
    address: &str,
    found: &mut HashSet<String>,
) -> Result<()> {
    let reader = SerializedFileReader::new(content)?;
    for row in reader.get_row_iter(Some(parse_message_type(COLUMNS)?))? {
        let row = row?;
        let (mut source, mut is_theirs) = (None, false);
        for (name, field) in row.get_column_iter() {
            match (name.as_str(), field) {
                ("decision_id", Field::Str(text)) => source = Some(text),
                ("contact_key", Field::Str(key)) => is_theirs |= contact.starts_with(key.as_str()),
                ("address_key", Field::Str(key)) => is_theirs |= address.starts_with(key.as_str()),
                _ => {}
            }
        }
        if is_theirs {
            found.extend(source.cloned());
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
