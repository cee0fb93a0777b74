//! The word somebody may have meant. Neighbours that changed places count as one edit: that is how people mistype.

/// Longer words are compared with nothing: the cost grows with the product of the lengths.
const COMPARED_CHARS_MAX: usize = 64;

/// How many letters were forgotten, added, changed or swapped with their neighbour.
#[must_use]
pub fn edits(left: &str, right: &str) -> usize {
    let is_long = |word: &str| word.chars().nth(COMPARED_CHARS_MAX).is_some();
    if is_long(left) || is_long(right) { usize::MAX } else { strsim::osa_distance(left, right) }
}

/// The known word that is at most `edits_max` away; of several the nearest, then the first in the alphabet.
pub fn nearest<'w>(
    word: &str,
    known: impl Iterator<Item = &'w str>,
    edits_max: usize,
) -> Option<&'w str> {
    let scored = known.map(|candidate| (edits(word, candidate), candidate));
    scored.filter(|(edits, _)| *edits <= edits_max).min().map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        for (left, right, n) in [
            ("", "", 0),
            ("a", "", 1),
            ("", "ab", 2),
            ("kitten", "sitting", 3),
            ("lanes", "lane", 1),
            ("regime", "regmie", 1),
            ("größe", "grösse", 2),
        ] {
            assert_eq!(edits(left, right), n, "{left} {right}");
        }
        assert_eq!(edits(&"a".repeat(65), &"a".repeat(65)), usize::MAX);
    }

    #[test]
    fn words_nearby() {
        let of = |word, known: &[&'static str]| nearest(word, known.iter().copied(), 2);
        assert_eq!(of("chanels", &["channels", "content"]), Some("channels"));
        assert_eq!(of("zebra", &["channels", "content"]), None);
        // swapped neighbours are nearer than two other letters
        assert_eq!(of("form", &["bowl", "farm", "from"]), Some("farm"));
        assert_eq!(of("on", &["in", "no"]), Some("in"));
        assert_eq!(of("rfom", &["room", "from"]), Some("from"));
    }
}
