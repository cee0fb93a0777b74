//! Fields of a record that the gate carries and never reads: a misspelt name is one of them.

use crate::cli::shape;
use gate_codec::{Kind, field_paths};
use serde_json::Value;

/// Names that are listed.
const NAMES_MAX: usize = 20;
/// Characters of a name.
const NAME_CHARS_MAX: usize = 80;
/// In the schemas, and carried on purpose.
const CARRIED: [&str; 5] = ["body", "attributes", "cause", "via", "received_at"];

/// The paths of those, at most [`NAMES_MAX`].
pub(super) fn not_read(kind: Kind, record: &Value) -> Vec<String> {
    let known = field_paths(kind);
    let mut found = Vec::new();
    for (name, value) in record.as_object().into_iter().flatten() {
        if CARRIED.contains(&name.as_str()) {
            continue;
        }
        let begins = format!("{name}.");
        if !known.contains(&name.as_str()) {
            found.push(name.clone());
        } else if name != "evidence" && known.iter().any(|path| path.starts_with(&begins)) {
            // what else stands in `evidence` is kept as proof
            let inner = value
                .as_object()
                .into_iter()
                .flatten()
                .map(|(inner, _)| format!("{begins}{inner}"));
            found.extend(inner.filter(|path| !known.contains(&path.as_str())));
        }
    }
    found.iter().take(NAMES_MAX).map(|name| shape::printable(name, NAME_CHARS_MAX)).collect()
}
