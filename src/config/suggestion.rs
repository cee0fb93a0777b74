//! Which key somebody may have meant who wrote one that is none.

use gate_located::edits;

use super::key::Table;

/// The key somebody who wrote `path` may have meant: the same last word elsewhere, or a spelling close by.
pub(super) fn nearest(table: Table, path: &str) -> Option<&'static str> {
    let last_word = |path: &'static str| path.rsplit('.').next().unwrap_or(path);
    let written_last = path.rsplit('.').next().unwrap_or(path);
    let paths = || table.keys().map(|key| key.path);
    let mut sections: Vec<&'static str> =
        paths().filter_map(|path| path.split_once('.')).map(|(section, _)| section).collect();
    sections.dedup();
    paths().find(|known| last_word(known) == written_last).or_else(|| {
        paths()
            .chain(sections)
            .map(|known| (edits(known, path).min(edits(last_word(known), written_last)), known))
            .filter(|(edits, known)| *edits <= (last_word(known).len() + 1) / 3)
            .min_by_key(|(edits, _)| *edits)
            .map(|(_, known)| known)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_key_is_the_one_meant() {
        for (written, meant) in [
            ("group_id", Some("kafka.group_id")),
            ("kafka.group_idd", Some("kafka.group_id")),
            ("kafak", Some("kafka")),
            ("lane", Some("lanes")),
            ("topics.aproved", Some("topics.approved")),
            ("quite_something_else", None),
        ] {
            assert_eq!(nearest(crate::config::keys::TABLE, written), meant, "{written}");
        }
    }
}
