//! Decisions by the brand and by the campaign of their message, so that one that is suddenly blocked is seen.
//!
//! As with sources, the label is never taken from a record: a message only picks one of the names the configuration lists,
//! or `other`. Without a list there are no series, and nothing is looked at.

use super::Metrics;
use gate_core::{Name, OutboundMessage, Outcome};
use prometheus::{IntCounter, IntCounterVec};
use rustc_hash::FxHashMap;

/// Brands with series of their own, and campaigns likewise.
pub const NAMED_MAX: usize = 64;
/// Longest name of either.
pub const NAMED_BYTES_MAX: usize = 128;
/// What all others, and messages without one, are counted as.
pub const NAMED_OTHER: &str = "other";

/// The series of the configured names; shared by all lanes.
#[derive(Debug, Default)]
pub struct Named {
    brands: List,
    campaigns: List,
}

/// Where a message is counted; found while it is at hand, used when its transaction is committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NamedPlaces {
    brand: usize,
    campaign: usize,
}

#[derive(Debug, Default)]
struct List {
    places: FxHashMap<Box<str>, usize>,
    /// For each name one counter for each outcome; the first is for the others. Empty without a list.
    counters: Vec<[IntCounter; 3]>,
}

impl Named {
    /// Makes the series of these names and of `other`. Names beyond [`NAMED_MAX`] have none; the configuration refuses them.
    #[must_use]
    pub fn new(metrics: &Metrics, brands: &[String], campaigns: &[String]) -> Self {
        // brands are compared as consent compares them
        let brand = |name: &str| Name::new(name.into()).map(|name| Box::from(&*name));
        let campaign = |name: &str| Some(Box::from(name.trim()));
        Self {
            brands: List::new(&metrics.brand_decisions, brands, brand),
            campaigns: List::new(&metrics.campaign_decisions, campaigns, campaign),
        }
    }

    /// Where a message is counted.
    #[must_use]
    pub fn places(&self, message: Option<&OutboundMessage<'_>>) -> NamedPlaces {
        let mut places = NamedPlaces::default();
        if !self.brands.counters.is_empty() {
            let brand = message.and_then(|message| message.brand.as_deref());
            places.brand = self.brands.place(brand);
        }
        if !self.campaigns.counters.is_empty() {
            let campaign = message.and_then(|message| message.campaign.as_deref());
            places.campaign = self.campaigns.place(campaign);
        }
        places
    }

    /// Counts a decision whose transaction was committed.
    pub fn decided(&self, places: NamedPlaces, outcome: Outcome) {
        self.brands.inc(places.brand, outcome);
        self.campaigns.inc(places.campaign, outcome);
    }
}

impl List {
    fn new(
        decisions: &IntCounterVec,
        names: &[String],
        canonical: impl Fn(&str) -> Option<Box<str>>,
    ) -> Self {
        let mut list = Self::default();
        if names.is_empty() {
            return list;
        }
        list.counters.extend(counters(decisions, NAMED_OTHER));
        for name in names.iter().take(NAMED_MAX) {
            if let (Some(key), Some(counters)) = (canonical(name), counters(decisions, name)) {
                list.places.insert(key, list.counters.len());
                list.counters.push(counters);
            }
        }
        list
    }

    fn place(&self, name: Option<&str>) -> usize {
        name.and_then(|name| self.places.get(name).copied()).unwrap_or_default()
    }

    fn inc(&self, place: usize, outcome: Outcome) {
        let nth = match outcome {
            Outcome::Approved => 0,
            Outcome::Blocked => 1,
            Outcome::Deferred => 2,
        };
        if let Some(counter) = self.counters.get(place).and_then(|of_name| of_name.get(nth)) {
            counter.inc();
        }
    }
}

fn counters(decisions: &IntCounterVec, name: &str) -> Option<[IntCounter; 3]> {
    // the number of labels is right by construction (tested)
    let of =
        |outcome: Outcome| decisions.get_metric_with_label_values(&[name, outcome.as_str()]).ok();
    let [approved, blocked, deferred] = Outcome::ALL.map(of);
    Some([approved?, blocked?, deferred?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::TopicNames;
    use gate_core::Channel;

    fn message(brand: &str) -> OutboundMessage<'_> {
        let mut message = OutboundMessage::new("m", Some(Channel::Email));
        message.brand = Name::new(brand.into());
        message
    }

    #[test]
    fn a_message_picks_a_configured_name_or_other_and_never_makes_one() {
        let metrics = Metrics::new(TopicNames::default()).unwrap();
        let names = ["Tents".to_owned(), "boats".to_owned()];
        let named = Named::new(&metrics, &names, &["winter".to_owned()]);
        let text = metrics.encode().unwrap();
        for series in [
            "consent_gate_brand_decisions_total{brand=\"Tents\",outcome=\"approved\"} 0",
            "consent_gate_brand_decisions_total{brand=\"other\",outcome=\"deferred\"} 0",
            "consent_gate_campaign_decisions_total{campaign=\"winter\",outcome=\"blocked\"} 0",
        ] {
            assert!(text.contains(series), "{series}: there from the start\n{text}");
        }
        for (brand, campaign, outcome) in [
            ("tents", Some("winter"), Outcome::Approved),
            ("TENTS ", None, Outcome::Blocked),
            ("ana@example.net", Some("ana"), Outcome::Blocked),
        ] {
            let mut message = message(brand);
            message.campaign = campaign.map(Into::into);
            let places = named.places(Some(&message));
            named.decided(places, outcome);
        }
        named.decided(named.places(None), Outcome::Blocked);
        let text = metrics.encode().unwrap();
        for series in [
            "consent_gate_brand_decisions_total{brand=\"Tents\",outcome=\"approved\"} 1",
            "consent_gate_brand_decisions_total{brand=\"Tents\",outcome=\"blocked\"} 1",
            "consent_gate_brand_decisions_total{brand=\"other\",outcome=\"blocked\"} 2",
            "consent_gate_campaign_decisions_total{campaign=\"winter\",outcome=\"approved\"} 1",
            "consent_gate_campaign_decisions_total{campaign=\"other\",outcome=\"blocked\"} 3",
        ] {
            assert!(text.contains(series), "{series}\n{text}");
        }
        assert!(!text.contains("=\"ana"), "nothing out of a record");
    }

    #[test]
    fn without_a_list_there_are_no_series() {
        let metrics = Metrics::new(TopicNames::default()).unwrap();
        let named = Named::new(&metrics, &[], &[]);
        named.decided(named.places(Some(&message("tents"))), Outcome::Approved);
        let text = metrics.encode().unwrap();
        assert!(!text.contains("brand_decisions_total{"), "{text}");
    }
}
