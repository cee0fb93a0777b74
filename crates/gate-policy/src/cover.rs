//! Whether every message finds exactly one base rule.

use crate::node::Place;
use crate::reader::Reader;
use gate_core::policy::Rule;
use gate_core::{Channel, Timestamp};

/// Every channel has exactly one base rule at every moment.
pub(crate) fn cover(reader: &mut Reader<'_>, at: Place, rules: &[(Rule, Place)]) {
    for channel in Channel::ALL {
        let mut of: Vec<&(Rule, Place)> =
            rules.iter().filter(|(rule, _)| rule.channels.contains(channel)).collect();
        of.sort_by_key(|(rule, _)| rule.from);
        let name = channel.as_str();
        let mut covered_until = Timestamp::MIN;
        for (rule, place) in of {
            if rule.from < covered_until {
                reader.problem(
                    *place,
                    format!("`{}` overlaps another base rule for {name}", rule.label),
                    "give the older rule an `until`, or the newer one a `from`, so that one applies each day",
                );
            } else if rule.from > covered_until {
                reader.problem(
                    *place,
                    format!("no base rule for {name} before `{}` begins", rule.label),
                    "drop its `from`, or add a rule for the time before",
                );
            }
            covered_until = covered_until.max(rule.until);
        }
        if covered_until != Timestamp::MAX {
            reader.problem(
                at,
                format!("no base rule for {name} without an end: a default is missing"),
                format!("add `{name}` to the channels of a rule, or drop its `until`"),
            );
        }
    }
}
