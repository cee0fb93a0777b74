//! Header fields of mails and of the blocks inside reports: unfolded, names in lower case, values as text.
//!
//! Reports are read by this and not by the mail parser, which knows types for some names and then has no text.

use crate::limits::REPORT_BLOCKS_MAX;

/// Fields in order.
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The fields up to the first blank line.
    pub(crate) fn read(text: &str) -> Self {
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in text.lines().take(REPORT_BLOCKS_MAX) {
            let line = line.trim_end_matches('\r');
            if line.trim().is_empty() {
                break;
            }
            if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = fields.last_mut() {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':') {
                fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        Self(fields)
    }

    /// The first value of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a name.
    pub(crate) fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Blocks of fields with blank lines between them.
pub(crate) fn blocks(text: &str) -> Vec<Fields> {
    let plain = text.replace("\r\n", "\n");
    let each = plain.split("\n\n").filter(|block| !block.trim().is_empty());
    each.take(REPORT_BLOCKS_MAX).map(|block| Fields::read(block.trim_start_matches('\n'))).collect()
}

/// The address in `rfc822; <ana@example.com>` or `<ana@example.com>`.
pub(crate) fn address(value: &str) -> Option<String> {
    let text = match value.split_once(';') {
        Some((kind, rest)) if kind.trim().eq_ignore_ascii_case("rfc822") => rest,
        Some(_) => return None,
        None => value,
    };
    let text = text.trim().trim_start_matches('<').trim_end_matches('>').trim();
    let is_address = text.contains('@') && !text.contains(char::is_whitespace);
    is_address.then(|| text.to_owned())
}
