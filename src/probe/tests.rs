//! The probe's people over years: approved and blocked in turn, and never in the way.

use super::cast::{Cast, Contact, ROUNDS_MAX};
use super::partitions;
use super::rehearsal::{Stage, rehearse};
use crate::config::Policies;
use crate::policies::PolicySource;
use gate_core::{CanonicalAddress, Channel, Outcome, PolicySet, Timestamp};
use std::collections::BTreeSet;
use std::time::Duration;

fn built_in() -> PolicySet {
    PolicySource::of(&Policies { dir: None, tz_dir: None }).load().unwrap()
}

fn noon() -> Timestamp {
    Timestamp::from_millis(1_795_000_000_000)
}

#[test]
fn the_probe_passes_with_the_built_in_packs_at_any_hour() {
    assert_eq!(rehearse(&built_in(), "GB", noon()), Ok(()));
}

#[test]
fn a_jurisdiction_that_would_block_the_probe_is_told_before() {
    let policies = built_in();
    // unknown ones are judged by STRICT: daytime, and one message a day
    for jurisdiction in ["STRICT", "XX"] {
        let told = rehearse(&policies, jurisdiction, noon()).unwrap_err();
        assert!(told.contains("probe.jurisdiction"), "{told}");
    }
}

/// Plays rounds as [`super::Probe`] does, with the built-in law, and returns the most facts that were kept.
fn play(contact: &mut Contact, n_rounds: u32, mut now: Timestamp, step: Duration) -> usize {
    let policies = built_in();
    let mut stage = Stage::new().unwrap();
    let mut n_facts = 0;
    for n_round in 0..n_rounds {
        contact.begin_round();
        stage.change(contact, Contact::opt_in, now).unwrap();
        let allowed = stage.decide(&policies, contact, now).unwrap();
        assert_eq!(allowed.outcome(), Outcome::Approved, "round {n_round}: {:?}", allowed.reason());
        stage.change(contact, Contact::opt_out, now).unwrap();
        let refused = stage.decide(&policies, contact, now).unwrap();
        assert_eq!(refused.reason().code(), "blocked.opted_out", "round {n_round}");
        n_facts = n_facts.max(stage.n_facts());
        now = now.saturating_add(step);
    }
    stage.change(contact, Contact::erase, now).unwrap();
    let erased = stage.decide(&policies, contact, now).unwrap();
    assert_eq!(erased.outcome(), Outcome::Blocked);
    assert!(stage.n_facts() <= 4, "erased, {} facts are left", stage.n_facts());
    n_facts
}

#[test]
fn a_contact_lasts_its_rounds_and_leaves_next_to_nothing() {
    let mut contact = Cast::new("gate-1", "GB", noon()).contact(0);
    let n_facts = play(&mut contact, ROUNDS_MAX, noon(), Duration::from_secs(10));
    assert!(contact.is_worn());
    // an opt-in each, one opt-out and one link: contact and address
    assert!(n_facts <= 2 * (ROUNDS_MAX as usize + 2), "{n_facts}");
}

#[test]
fn a_clock_that_stands_still_or_goes_back_does_not_mix_the_rounds_up() {
    let mut contact = Cast::new("gate-1", "GB", noon()).contact(0);
    play(&mut contact, 5, noon(), Duration::ZERO);
    let mut contact = Cast::new("gate-1", "GB", noon()).contact(0);
    let mut stage = Stage::new().unwrap();
    let policies = built_in();
    for seconds_back in [0, 1, 60, 3] {
        let now = noon().saturating_sub(Duration::from_secs(seconds_back));
        stage.change(&mut contact, Contact::opt_in, now).unwrap();
        let allowed = stage.decide(&policies, &mut contact, noon()).unwrap();
        assert_eq!(allowed.outcome(), Outcome::Approved, "{seconds_back} s back");
        stage.change(&mut contact, Contact::opt_out, now).unwrap();
        let refused = stage.decide(&policies, &mut contact, noon()).unwrap();
        assert_eq!(refused.outcome(), Outcome::Blocked, "{seconds_back} s back");
    }
}

#[test]
fn no_two_contacts_are_one_and_nobody_is_behind_their_addresses() {
    let long = "x".repeat(64);
    let mut seen = BTreeSet::new();
    for instance in ["gate-1", "gate-2", long.as_str()] {
        for began in [0, 1_795_000_000_000] {
            let mut cast = Cast::new(instance, "GB", Timestamp::from_millis(began));
            for partition in [0, 0, 1, 1_023] {
                let mut contact = cast.contact(partition);
                let record = contact.message("x");
                let recipient = record.recipient.unwrap();
                let (id, address) = (recipient.contact_id.unwrap(), recipient.address.unwrap());
                assert!(id.starts_with(crate::headers::PROBE_CONTACTS), "{id}");
                assert!(id.len() <= gate_codec::ID_BYTES_MAX, "{id}");
                assert!(address.ends_with("@probe.invalid"), "{address}");
                let canonical = CanonicalAddress::of_recipient(&address, Channel::Email, None);
                assert!(canonical.is_ok(), "{address}");
                assert!(seen.insert(id.into_owned()) && seen.insert(address.into_owned()));
            }
        }
    }
}

#[test]
fn every_pair_of_partitions_comes() {
    for (n_outbound, n_consent) in [(1i32, 1i32), (4, 3), (4, 4), (12, 6), (1, 5), (6, 1)] {
        let n_pairs = n_outbound * n_consent;
        // two numbers with a common divisor take some cycles more
        let n_rounds = n_pairs.unsigned_abs() * n_outbound.unsigned_abs();
        let pairs: BTreeSet<_> =
            (0..n_rounds).map(|n| partitions(n, n_outbound, n_consent)).collect();
        assert_eq!(pairs.len(), n_pairs.unsigned_abs() as usize, "{n_outbound} {n_consent}");
        let first: BTreeSet<_> = (0..n_outbound.unsigned_abs())
            .map(|n| partitions(n, n_outbound, n_consent).0)
            .collect();
        assert_eq!(first.len(), n_outbound.unsigned_abs() as usize, "one cycle proves them all");
    }
}
