//! Sample traffic as its readers see it: the codec, the canonicaliser and the built-in law.

#![allow(clippy::panic, reason = "a test")]

use super::*;
use crate::identity::Pepper;
use crate::policies::PolicySource;
use gate_codec::{Codec, Format, Kind};
use gate_core::{CanonicalAddress, Outcome};
use gate_engine::CaseRunner;
use gate_policy::RawCase;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// 2026-11-25 00:00 UTC, a Wednesday.
const WEDNESDAY: i64 = 1_795_564_800_000_000;
const HOUR: i64 = 3_600_000_000;

fn at(hours: i64) -> Timestamp {
    Timestamp::from_micros(WEDNESDAY + hours * HOUR)
}

fn traffic(recipe: Recipe, began: Timestamp) -> Traffic {
    Traffic::new(recipe, began).unwrap()
}

fn bytes(samples: &[Sample]) -> Vec<Vec<u8>> {
    samples.iter().map(|sample| sample.encode(Encoding::Json).unwrap()).collect()
}

fn next(traffic: &mut Traffic, now: Timestamp, n: usize) -> Vec<Sample> {
    (0..n).map(|_| traffic.next(now)).collect()
}

#[test]
fn the_same_seed_and_clock_give_the_same_bytes() {
    let run = |seed, began| {
        let mut traffic = traffic(Recipe { seed, contacts: 300, ..Recipe::default() }, began);
        let history: Vec<Sample> = traffic.history().collect();
        (bytes(&history), bytes(&next(&mut traffic, began, 3_000)))
    };
    let (history, live) = run(7, at(9));
    assert!(history.len() > 500 && live.len() == 3_000);
    assert_eq!((&history, &live), (&run(7, at(9)).0, &run(7, at(9)).1));
    assert_ne!(history, run(8, at(9)).0);
    // started again two days later: the history is redelivered, byte for byte, and new ids are new
    let (history_again, live_again) = run(7, at(57));
    assert_eq!(history, history_again);
    let all: HashSet<&Vec<u8>> = live.iter().chain(&live_again).collect();
    assert_eq!(all.len(), 6_000);
    assert_ne!(history, run(7, at(9 + 7 * 24)).0, "the next week has its own");
}

/// Neither within a run nor after a restart: the same id with other content would be a conflict.
#[test]
fn an_id_is_never_used_twice() {
    let mut first = traffic(Recipe::default(), at(9));
    let mut samples: Vec<Sample> = first.history().collect();
    samples.extend(next(&mut first, at(9), 5_000));
    let mut second = traffic(Recipe::default(), at(10));
    samples.extend(next(&mut second, at(10), 5_000));
    let mut seen = HashSet::new();
    for sample in samples.iter().filter(|sample| sample.kind != "invalid") {
        let id = match &sample.record {
            Record::Change(change) => change.event_id.as_deref().unwrap().to_owned(),
            Record::Message(message) => message.message_id.as_deref().unwrap().to_owned(),
        };
        assert!(seen.insert(id), "{}", sample.kind);
    }
}

#[test]
fn records_read_the_same_in_every_format_and_only_what_is_wrong_on_purpose_is_wrong() {
    let codec = |format, kind| Codec::new(format, kind, None).unwrap();
    let readers = [Kind::ConsentChange, Kind::OutboundMessage]
        .map(|kind| (codec(Format::Json, kind), codec(Format::AvroSingleObject, kind)));
    let [changes, messages] = &readers;
    let mut traffic = traffic(Recipe { invalid_share: 0.05, ..Recipe::default() }, at(9));
    let mut samples: Vec<Sample> = traffic.history().collect();
    samples.extend(next(&mut traffic, at(9), 5_000));
    let (mut n_unreadable, mut n_salvaged) = (0, 0);
    for sample in &samples {
        let text = sample.encode(Encoding::Json).unwrap();
        let avro = sample.encode(Encoding::AvroSingleObject).unwrap();
        if sample.is_message() {
            let read = messages.0.decode_message(Some(&text));
            let read_avro = messages.1.decode_message(Some(&avro));
            assert_eq!(read.is_ok(), read_avro.is_ok());
            match read {
                Ok(message) => assert_eq!(message, read_avro.unwrap()),
                Err(_) => n_unreadable += 1,
            }
            assert!(sample.kind == "invalid" || messages.0.decode_message(Some(&text)).is_ok());
        } else {
            let read = changes.0.decode_consent(Some(&text));
            if sample.kind == "invalid" {
                // it must say whose it is, or a gate would hold
                assert!(read.is_err() && changes.1.decode_consent(Some(&avro)).is_err());
                for (codec, bytes) in [(&changes.0, &text), (&changes.1, &avro)] {
                    let contact = codec.salvage_contact(Some(bytes)).unwrap();
                    assert_eq!(contact.expose(), sample.key);
                }
                n_salvaged += 1;
            } else {
                assert_eq!(read.unwrap(), changes.1.decode_consent(Some(&avro)).unwrap());
            }
        }
    }
    assert!(n_unreadable > 50 && n_salvaged > 10, "{n_unreadable} {n_salvaged}");
}

#[test]
fn addresses_are_taken_and_can_belong_to_nobody() {
    let recipe = Recipe { contacts: 6_000, invalid_share: 0.0, ..Recipe::default() };
    let mut traffic = traffic(recipe, at(9));
    let mut samples: Vec<Sample> = traffic.history().collect();
    samples.extend(next(&mut traffic, at(9), 5_000));
    let is_reserved = |address: &str| match address.rsplit_once('@') {
        Some((_, domain)) => ["example.net", "example.com", "example.org"].contains(&domain),
        // numbers are looked at in `places.rs`
        None => address.starts_with('+') || address.starts_with("install-sample-"),
    };
    let mut n_phones = 0;
    for sample in &samples {
        let address = match &sample.record {
            Record::Change(change) => {
                let Some(address) = change.address.as_deref() else { continue };
                let channel = change.channel.as_deref().and_then(Channel::parse);
                CanonicalAddress::parse(address, channel, None).unwrap();
                address
            }
            Record::Message(message) => {
                let channel = Channel::parse(message.channel.as_deref().unwrap()).unwrap();
                let address = message.recipient.as_ref().unwrap().address.as_deref().unwrap();
                CanonicalAddress::of_recipient(address, channel, None).unwrap();
                address
            }
        };
        assert!(is_reserved(address), "{}", sample.kind);
        n_phones += usize::from(address.starts_with('+'));
    }
    assert!(n_phones > 1_000, "{n_phones}");
}

#[test]
fn shares_are_kept() {
    let share = |n: usize, of: usize| n as f64 / of as f64;
    let recipe = Recipe {
        contacts: 5_000,
        opt_out_share: 0.3,
        unknown_share: 0.25,
        invalid_share: 0.04,
        changes_per_message: 0.5,
        ..Recipe::default()
    };
    let mut traffic = traffic(recipe, at(9));
    let known: HashSet<String> = traffic.history().map(|sample| sample.key).collect();
    let unknown = 1.0 - share(known.len(), 5_000);
    assert!((0.22..0.28).contains(&unknown), "unknown {unknown}");
    let samples = next(&mut traffic, at(9), 30_000);
    let messages: Vec<&Sample> = samples.iter().filter(|sample| sample.is_message()).collect();
    let changes = share(samples.len() - messages.len(), messages.len());
    assert!((0.45..0.55).contains(&changes), "changes per message {changes}");
    let invalid = messages.iter().filter(|sample| sample.kind == "invalid").count();
    let invalid = share(invalid, messages.len());
    assert!((0.03..0.05).contains(&invalid), "invalid {invalid}");
    let is_withdrawal = |sample: &&Sample| match &sample.record {
        Record::Change(change) => {
            matches!(change.action.as_deref(), Some("opt_out" | "complaint"))
                || messages::wants_confirmation(change)
        }
        Record::Message(_) => false,
    };
    let withdrawals = samples.iter().filter(is_withdrawal).count();
    let withdrawals = share(withdrawals, samples.len() - messages.len());
    assert!((0.27..0.33).contains(&withdrawals), "withdrawals {withdrawals}");
}

/// Decisions of the built-in packs over the traffic, each contact with its own history.
struct Law {
    history: BTreeMap<String, Vec<Value>>,
}

impl Law {
    fn learn(&mut self, sample: &Sample) {
        let change = serde_json::from_slice(&sample.encode(Encoding::Json).unwrap()).unwrap();
        self.history.entry(sample.key.clone()).or_default().push(change);
    }

    /// The outcome and the reason of one message.
    fn decide(
        &self,
        runner: &CaseRunner<'_, Pepper>,
        sample: &Sample,
        now: Timestamp,
    ) -> (Outcome, &'static str) {
        let bytes = sample.encode(Encoding::Json).unwrap();
        let Ok(message) = serde_json::from_slice::<Value>(&bytes) else {
            return (Outcome::Blocked, "blocked.invalid_message");
        };
        let now = jiff::Timestamp::from_microsecond(now.as_micros()).unwrap().to_string();
        let history = self.history.get(&sample.key).cloned().unwrap_or_default();
        let fields = json!({"history": history, "now": now, "message": message});
        let Value::Object(fields) = fields else { panic!("an object") };
        let decision = runner.run(&RawCase { line: 1, fields }).unwrap().remove(0).decision;
        (decision.outcome(), decision.reason().code())
    }
}

/// Sends `n_before` records nobody looks at, then decides `n` messages.
fn mix(
    recipe: Recipe,
    began: Timestamp,
    n_before: usize,
    n: usize,
) -> (BTreeMap<&'static str, f64>, BTreeSet<&'static str>) {
    let policies = PolicySource::default().load().unwrap();
    let runner = CaseRunner::new(&policies, Pepper::of_nobody()).unwrap();
    let mut traffic = traffic(recipe, began);
    let mut law = Law { history: BTreeMap::new() };
    traffic.history().for_each(|sample| law.learn(&sample));
    let (mut outcomes, mut reasons) = (BTreeMap::new(), BTreeSet::new());
    let mut n_decided = 0;
    for nth in 0.. {
        // a millisecond a record, so that the last word is known
        let now = Timestamp::from_micros(began.as_micros() + nth * 1_000);
        let sample = traffic.next(now);
        if !sample.is_message() {
            law.learn(&sample);
        } else if nth >= i64::try_from(n_before).unwrap() {
            let (outcome, reason) = law.decide(&runner, &sample, now);
            *outcomes.entry(outcome.as_str()).or_insert(0.0) += 1.0 / n as f64;
            reasons.insert(reason);
            n_decided += 1;
            if n_decided == n {
                break;
            }
        }
    }
    (outcomes, reasons)
}

#[track_caller]
fn assert_lively(
    outcomes: &BTreeMap<&'static str, f64>,
    reasons: &BTreeSet<&'static str>,
    what: &str,
) {
    let share = |outcome: &str| outcomes.get(outcome).copied().unwrap_or_default();
    assert!((0.40..0.75).contains(&share("approved")), "{what}: {outcomes:?}");
    assert!((0.20..0.50).contains(&share("blocked")), "{what}: {outcomes:?}");
    assert!((0.01..0.25).contains(&share("deferred")), "{what}: {outcomes:?}");
    assert!(reasons.len() >= 16, "{what}: {reasons:?}");
}

#[test]
fn the_law_has_something_to_say_about_it() {
    let (outcomes, reasons) = mix(Recipe::default(), at(9), 0, 2_000);
    assert_lively(&outcomes, &reasons, "at nine");
    for reason in [
        "approved.express_consent",
        "approved.soft_opt_in",
        "approved.transactional",
        "blocked.opted_out",
        "blocked.no_consent",
        "blocked.scope_mismatch",
        "blocked.complaint",
        "blocked.invalid_message",
        "blocked.content_requirement",
        "deferred.quiet_hours",
    ] {
        assert!(reasons.contains(reason), "{reason} is missing: {reasons:?}");
    }
}

/// A demo is started at any time of any day, and something must wait for the morning somewhere.
#[test]
fn at_every_hour_and_on_sundays() {
    for hours in (0..24).chain([24 * 4 + 3, 24 * 4 + 12, 24 * 4 + 18]) {
        let (outcomes, reasons) = mix(Recipe::default(), at(hours), 0, 1_000);
        assert_lively(&outcomes, &reasons, &format!("{hours} h after Wednesday 0:00"));
    }
}

/// A demo is left running: opt-outs must not pile up until nothing is approved.
#[test]
fn it_comes_to_rest() {
    let recipe = Recipe { contacts: 300, changes_per_message: 10.0, ..Recipe::default() };
    let (outcomes, reasons) = mix(recipe, at(9), 12_000, 1_000);
    assert_lively(&outcomes, &reasons, "after forty changes a contact");
}

#[test]
fn impossible_recipes_say_why() {
    let begin = |recipe| Traffic::new(recipe, at(9)).map(drop);
    let base = Recipe::default;
    assert_eq!(begin(Recipe { contacts: 0, ..base() }), Err(RecipeError::Empty));
    assert_eq!(begin(Recipe { contacts: CONTACTS_MAX + 1, ..base() }), Err(RecipeError::Empty));
    assert_eq!(begin(Recipe { places: Vec::new(), ..base() }), Err(RecipeError::Empty));
    let share = Err(RecipeError::Share { name: "share-invalid" });
    assert_eq!(begin(Recipe { invalid_share: 1.5, ..base() }), share);
    assert_eq!(begin(Recipe { invalid_share: f64::NAN, ..base() }), share);
    let texts = |contacts, codes: &[&str]| {
        let codes: Vec<String> = codes.iter().map(|code| (*code).to_owned()).collect();
        let (places, channels) = (places(&codes).unwrap(), vec![Channel::Sms]);
        begin(Recipe { contacts, places, channels, ..base() })
    };
    assert_eq!(texts(900, &["gb"]), Ok(()));
    assert_eq!(texts(901, &["GB"]), Err(RecipeError::TooFewNumbers { n: 900 }));
    assert_eq!(texts(1, &["IN", "AU"]), Err(RecipeError::TooFewNumbers { n: 0 }));
    assert_eq!(texts(1_000, &["GB", "US-FL"]), Ok(()));
    assert!(places(&["XX".to_owned()]).unwrap_err().to_string().contains("GB, US-NY"));
    assert_eq!(places(&["US".to_owned(), "US-FL".to_owned()]).unwrap().len(), 4);
}

/// Whatever is asked for, everybody can be written to by a way that was asked for.
#[test]
fn only_channels_that_were_asked_for() {
    for channel in Channel::ALL {
        let recipe = Recipe {
            channels: vec![channel],
            contacts: 200,
            invalid_share: 0.0,
            ..Recipe::default()
        };
        let mut traffic = traffic(recipe, at(9));
        for sample in next(&mut traffic, at(9), 500) {
            let Record::Message(message) = &sample.record else { continue };
            if sample.kind == "optout_confirmation" {
                continue;
            }
            assert_eq!(message.channel.as_deref(), Some(channel.as_str()));
            assert!(message.recipient.as_ref().unwrap().address.is_some(), "{channel:?}");
        }
    }
}
