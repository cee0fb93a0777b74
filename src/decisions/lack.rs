//! What an answer from the outputs may lack, so that it is said and never silently left out.

use std::collections::BTreeMap;

use super::decision::Unreadable;
use crate::clock::utc;

/// Places of unreadable records that are listed.
const PLACES_MAX: usize = 20;

/// Of bounded size.
#[derive(Debug, Default)]
pub(crate) struct Lack {
    pub(crate) unreadable: BTreeMap<Unreadable, u64>,
    /// Where the first of them are.
    pub(crate) places: Vec<String>,
    /// Partitions whose log may begin inside the window, with the oldest record that is left.
    cut_off: Vec<(String, i32, Option<i64>)>,
}

impl Lack {
    /// A record that is no decision of the gate.
    pub(crate) fn unreadable(&mut self, class: Unreadable, place: String) {
        *self.unreadable.entry(class).or_default() += 1;
        if self.places.len() < PLACES_MAX {
            self.places.push(place);
        }
    }

    pub(super) fn cut_off(&mut self, topic: &str, partition: i32, oldest_ms: Option<i64>) {
        self.cut_off.push((topic.to_owned(), partition, oldest_ms));
    }

    /// Sentences for people; none when nothing is missing.
    pub(crate) fn say(&self, from: jiff::Timestamp) -> Vec<String> {
        let mut missing = Vec::new();
        for (topic, partition, oldest) in &self.cut_off {
            let left = match oldest {
                Some(ms) => format!("its oldest decision is of {}", utc(*ms)),
                None => "nothing of the window is left".to_owned(),
            };
            missing.push(format!(
                "`{topic}` partition {partition}: older decisions have been deleted, {left}; the window begins at {from}"
            ));
        }
        for (class, n) in &self.unreadable {
            missing.push(format!("{n} not counted ({}): {}", class.as_str(), class.meaning()));
        }
        if !self.places.is_empty() {
            let n: u64 = self.unreadable.values().sum();
            let more = n.saturating_sub(self.places.len() as u64);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            missing.push(format!("these are at {}{more}", self.places.join(", ")));
        }
        missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_with_its_place_and_the_list_is_bounded() {
        let mut lack = Lack::default();
        let from = jiff::Timestamp::UNIX_EPOCH;
        assert!(lack.say(from).is_empty());
        for offset in 0..30 {
            lack.unreadable(Unreadable::NoRecord, format!("approved/0/{offset}"));
        }
        lack.cut_off("blocked", 3, None);
        let said = lack.say(from).join("\n");
        assert!(
            said.contains("`blocked` partition 3") && said.contains("30 not counted"),
            "{said}"
        );
        assert!(said.contains("approved/0/19 and 10 more"), "{said}");
    }
}
