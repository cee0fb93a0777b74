//! Which key somebody may have meant who wrote one that is none.

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
            .map(|known| {
                (distance(known, path).min(distance(last_word(known), written_last)), known)
            })
            .filter(|(distance, known)| *distance <= (last_word(known).len() + 1) / 3)
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, known)| known)
    })
}

/// Levenshtein distance over bytes: names of keys are ASCII, and a wrong guess only costs a suggestion.
fn distance(left: &str, right: &str) -> usize {
    const COMPARED_BYTES_MAX: usize = 64;
    if left.len() > COMPARED_BYTES_MAX || right.len() > COMPARED_BYTES_MAX {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.bytes().enumerate() {
        let mut diagonal = i;
        let mut beside = i + 1;
        let mut next_row = vec![beside];
        for (b, above) in right.bytes().zip(row.iter().skip(1)) {
            let cost = (diagonal + usize::from(a != b)).min(above + 1).min(beside + 1);
            diagonal = *above;
            beside = cost;
            next_row.push(cost);
        }
        row = next_row;
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        for (left, right, edits) in [
            ("", "", 0),
            ("a", "", 1),
            ("", "ab", 2),
            ("kitten", "sitting", 3),
            ("lanes", "lane", 1),
        ] {
            assert_eq!(distance(left, right), edits, "{left} {right}");
        }
    }

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
