//! Where a rule comes from: its law, how far that was looked up, and the sources.

use crate::context::Context;
use crate::reader::{Fields, Reader};
use gate_core::policy::{Provenance, Status};
use gate_located::{Node, Value};

/// `law`, `status`, `source`, and `note`, which is for the reader of the file alone.
pub(crate) fn provenance(
    reader: &mut Reader<'_>,
    fields: &mut Fields<'_>,
    context: &Context<'_>,
) -> Provenance {
    let law = fields.take("law").and_then(|node| reader.text(node, "an explanation"));
    if let Some(node) = fields.take("note") {
        reader.text(node, "an explanation");
    }
    let status = fields.require("status", reader);
    let status = status.map(|node| marks(reader, node)).unwrap_or_default();
    let sources = fields.take("source").map(|node| sources(reader, node, context));
    Provenance {
        law: law.unwrap_or_default().to_owned(),
        status,
        sources: sources.unwrap_or_default(),
    }
}

fn marks(reader: &mut Reader<'_>, node: &Node) -> Vec<Status> {
    let words = Status::ALL.map(|status| (status.as_str(), status));
    let items = reader.items(node, "`status`").iter();
    items.filter_map(|item| reader.word(item, "status", &words)).collect()
}

fn sources(reader: &mut Reader<'_>, node: &Node, context: &Context<'_>) -> Vec<String> {
    let mut out = Vec::new();
    for item in reader.items(node, "`source`") {
        let name = match &item.value {
            Value::Integer(number) => number.to_string(),
            Value::Text(text) => text.trim().to_owned(),
            _ => String::new(),
        };
        if !context.sources.iter().any(|(known, _)| *known == name) {
            reader.problem(
                item.place,
                format!("source `{name}` is not in `sources`"),
                "add it there, with where it was read",
            );
        }
        out.push(name);
    }
    out
}
