//! Whether every message finds exactly one base rule: per channel, day and kind of recipient.

use crate::reader::Reader;
use gate_core::policy::Rule;
use gate_core::{Channel, RecipientKind, Timestamp};
use gate_located::Place;

/// A base rule and where it stands.
type Placed = (Rule, Place);

/// Every channel has exactly one base rule at every moment, for every kind of recipient.
pub(crate) fn cover(reader: &mut Reader<'_>, at: Place, rules: &[Placed]) {
    for channel in Channel::ALL {
        let of: Vec<&Placed> =
            rules.iter().filter(|(rule, _)| rule.channels.contains(channel)).collect();
        if of.iter().all(|(rule, _)| rule.recipients.is_none()) {
            gapless(reader, at, channel, of);
        } else {
            per_kind(reader, at, channel, &of);
        }
    }
}

/// Rules for everybody stand one after the other, without a gap or an overlap.
fn gapless(reader: &mut Reader<'_>, at: Place, channel: Channel, mut of: Vec<&Placed>) {
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

/// Where rules name kinds of recipient: between any two dates at which one begins or ends, each kind has one
/// rule that names it, or else one that names none.
fn per_kind(reader: &mut Reader<'_>, at: Place, channel: Channel, of: &[&Placed]) {
    let mut dates: Vec<Timestamp> = of.iter().map(|(rule, _)| rule.from).collect();
    dates.extend(of.iter().map(|(rule, _)| rule.until).filter(|until| *until != Timestamp::MAX));
    dates.push(Timestamp::MIN);
    dates.sort_unstable();
    dates.dedup();
    let name = channel.as_str();
    for date in dates {
        let in_force = || of.iter().filter(|(rule, _)| rule.is_in_force(date));
        let for_others: Vec<_> = in_force().filter(|(rule, _)| rule.recipients.is_none()).collect();
        for kind in RecipientKind::ALL {
            let names_it = |rule: &Rule| rule.recipients.is_some_and(|set| set.contains(kind));
            let named: Vec<_> = in_force().filter(|(rule, _)| names_it(rule)).collect();
            let counting = if named.is_empty() { &for_others } else { &named };
            let kind = kind.as_str();
            match counting.as_slice() {
                [] => reader.problem(
                    at,
                    format!("no base rule for {name} to a {kind}{}", since(date)),
                    format!("add a rule for {name} without `recipients`, or one that names {kind}"),
                ),
                [_] => {}
                [.., (rule, place)] => reader.problem(
                    *place,
                    format!("`{}` overlaps another base rule for {name} to a {kind}", rule.label),
                    "name each kind in one rule a day; rules without `recipients` are for all others",
                ),
            }
        }
    }
}

fn since(date: Timestamp) -> String {
    if date == Timestamp::MIN {
        return String::new();
    }
    let at = jiff::Timestamp::from_microsecond(date.as_micros());
    at.map_or_else(|_| String::new(), |at| format!(" from {at} on"))
}
