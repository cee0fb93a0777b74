//! Where a rule comes from: its law, how far that was looked up, and the sources.

use crate::node::Value;
use crate::pack::Context;
use crate::reader::{Fields, Reader};

/// `law`, `status`, `source`, `note`: read for their form; people read their content.
pub(crate) fn provenance(reader: &mut Reader<'_>, fields: &mut Fields<'_>, context: &Context<'_>) {
    for name in ["law", "note"] {
        if let Some(node) = fields.take(name) {
            reader.text(node, "an explanation");
        }
    }
    if let Some(node) = fields.require("status", reader) {
        let marks = [("L1", ()), ("L2", ()), ("K", ()), ("P", ())];
        for item in reader.items(node, "`status`") {
            reader.word(item, "status", &marks);
        }
    }
    if let Some(node) = fields.take("source") {
        for item in reader.items(node, "`source`") {
            let name = match &item.value {
                Value::Integer(number) => number.to_string(),
                Value::Text(text) => text.trim().to_owned(),
                _ => String::new(),
            };
            if !context.sources.contains(&name) {
                reader.problem(
                    item.place,
                    format!("source `{name}` is not in `sources`"),
                    "add it there, with where it was read",
                );
            }
        }
    }
}
