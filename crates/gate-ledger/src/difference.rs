//! The first place where two sequences part, and what has happened there.

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Another stands in its place.
    Changed,
    /// It is gone, and what came behind it has moved up.
    Dropped,
    /// Something stands before it that was not there.
    Inserted,
    /// It stands further behind, and something from behind stands here.
    Reordered,
    /// It is gone, and everything behind it.
    Cut,
}

/// Where `found` first is not what was `signed`, and what has happened there.
pub fn first_difference<T: PartialEq>(signed: &[T], found: &[T]) -> Option<(usize, Difference)> {
    let at = signed.iter().zip(found).position(|(signed, found)| signed != found);
    let at = at.unwrap_or(signed.len().min(found.len()));
    let behind = at + 1;
    let difference = match (signed.get(at), found.get(at)) {
        (None, None) => return None,
        (Some(_), None) => Difference::Cut,
        (None, Some(_)) => Difference::Inserted,
        (Some(was), Some(is)) => {
            let is_there = found.get(behind..).is_some_and(|rest| rest.contains(was));
            let was_there = signed.get(behind..).is_some_and(|rest| rest.contains(is));
            match (is_there, was_there) {
                (false, false) => Difference::Changed,
                (false, true) => Difference::Dropped,
                (true, false) => Difference::Inserted,
                (true, true) => Difference::Reordered,
            }
        }
    };
    Some((at, difference))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_named() {
        let signed = [1, 2, 3, 4, 5];
        for (found, expected) in [
            (vec![1, 2, 3, 4, 5], None),
            (vec![1, 9, 3, 4, 5], Some((1, Difference::Changed))),
            (vec![1, 2, 3, 4, 9], Some((4, Difference::Changed))),
            (vec![1, 3, 4, 5], Some((1, Difference::Dropped))),
            (vec![1, 2, 9, 3, 4, 5], Some((2, Difference::Inserted))),
            (vec![1, 2, 3, 4, 5, 6], Some((5, Difference::Inserted))),
            (vec![1, 2, 4, 3, 5], Some((2, Difference::Reordered))),
            (vec![1, 2, 3], Some((3, Difference::Cut))),
            (vec![], Some((0, Difference::Cut))),
        ] {
            assert_eq!(first_difference(&signed, &found), expected, "{found:?}");
        }
    }
}
