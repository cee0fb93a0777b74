//! The consent reader: holds, releases, and what is known by then.

use super::{Cluster, Gate, change, newsletter, opt_in, service};
use serde_json::json;

#[test]
fn a_refusal_acknowledged_before_a_message_is_judged_counts() {
    let cluster = Cluster::new();
    cluster.consent(&opt_in("1", "ana"));
    cluster.consent(&opt_in("2", "ben"));
    cluster.send(0, &newsletter("to-ana", "ana"));
    cluster.send(1, &newsletter("to-ben", "ben"));
    cluster.consent(&change("3", "ana", "opt_out"));
    let _gate = Gate::start(&cluster);
    let decided = cluster.decisions(2);
    assert_eq!(decided["to-ana"], "blocked.opted_out");
    assert!(decided["to-ben"].starts_with("approved."), "{decided:?}");
}

#[test]
fn a_record_nobody_can_attribute_holds_until_it_is_released() {
    let cluster = Cluster::new();
    let gate = Gate::start(&cluster).ready();
    let (partition, offset) = cluster.unreadable(0, "whoever");
    gate.held("consent_poison");
    cluster.send(0, &service("waits", "ana"));
    let letter = cluster.letters(1).remove(0);
    assert_eq!(letter.source, format!("consent-change/{partition}/{offset}"));
    assert!(!letter.detail.contains("nobody can read"), "{}", letter.detail);
    gate.held("consent_poison");
    cluster.release(&letter);
    assert!(cluster.decisions(1)["waits"].starts_with("approved."));
    gate.ready();
}

#[test]
fn a_record_goes_on_by_itself_when_its_owner_becomes_known() {
    let cluster = Cluster::new();
    let gate = Gate::start(&cluster).ready();
    cluster.unreadable(0, "ana");
    gate.held("consent_poison");
    cluster.send(0, &newsletter("to-ana", "ana"));
    // another partition says who ana is
    let value = opt_in("1", "ana").to_string();
    let record = rdkafka::producer::BaseRecord::to(super::cluster::CONSENT).partition(1);
    cluster.publish(record.key(&b"ana"[..]).payload(value.as_bytes()));
    gate.ready();
    // a proven act that came later ends the doubt
    assert_eq!(cluster.decisions(1)["to-ana"], "approved.express_consent");
}

#[test]
fn an_unreadable_record_of_somebody_known_blocks_only_them() {
    let cluster = Cluster::new();
    for (id, who) in [("1", "ana"), ("2", "ben")] {
        cluster.consent(&opt_in(id, who));
    }
    let gate = Gate::start(&cluster).ready();
    cluster.unreadable(1, "ana");
    cluster.letters(1);
    cluster.send(0, &newsletter("to-ana", "ana"));
    cluster.send(0, &newsletter("to-ben", "ben"));
    let decided = cluster.decisions(2);
    assert_eq!(decided["to-ana"], "blocked.consent_unreadable");
    assert!(decided["to-ben"].starts_with("approved."), "{decided:?}");
    gate.ready();
}

#[test]
fn what_stands_behind_a_record_nobody_can_attribute_is_put_aside_with_it() {
    let cluster = Cluster::new();
    let gate = Gate::start(&cluster).ready();
    for n in 0..5 {
        cluster.unreadable(0, &format!("whoever-{n}"));
    }
    gate.held("consent_poison");
    let letters = cluster.letters(5);
    letters.iter().for_each(|letter| cluster.release(letter));
    gate.ready();
}

#[test]
fn a_release_laid_in_wait_counts_for_nothing() {
    let cluster = Cluster::new();
    let gate = Gate::start(&cluster).ready();
    cluster.unreadable(0, "first");
    let first = cluster.letters(1).remove(0);
    let mut next = first.clone();
    let (place, offset) = next.source.rsplit_once('/').unwrap();
    next.source = format!("{place}/{}", offset.parse::<i64>().unwrap() + 1);
    cluster.release(&next); // before there is such a record
    cluster.release(&first);
    let gate = gate.ready();
    cluster.unreadable(0, "second");
    gate.held("consent_poison");
    let letters = cluster.letters(2);
    let second = letters.iter().find(|letter| letter.source != first.source).unwrap();
    gate.held("consent_poison");
    cluster.release(second);
    gate.ready();
}

#[test]
fn a_held_gate_holds_again_after_a_restart_and_writes_its_letter_once() {
    let cluster = Cluster::new();
    let gate = Gate::start(&cluster).ready();
    cluster.unreadable(1, "whoever");
    gate.held("consent_poison");
    let letter = cluster.letters(1).remove(0);
    let (ended, dir) = gate.stop();
    assert!(ended.is_ok(), "a held gate stops when it is told to");
    let gate = Gate::start_as(&cluster, "gate-1", dir);
    gate.held("consent_poison");
    cluster.release(&letter);
    let gate = gate.ready();
    assert_eq!(gate.count("consent_gate_dead_letters_total"), 0, "it was there");
}

#[test]
fn a_refusal_with_an_address_nobody_can_read_is_applied_and_put_aside() {
    let cluster = Cluster::new();
    cluster.consent(&opt_in("1", "ana"));
    let mut odd = change("2", "ana", "opt_out");
    odd["address"] = json!("not an address @@");
    cluster.consent(&odd);
    cluster.send(0, &newsletter("to-ana", "ana"));
    let gate = Gate::start(&cluster);
    assert_eq!(cluster.decisions(1)["to-ana"], "blocked.opted_out");
    assert_eq!(cluster.letters(1).len(), 1);
    gate.ready();
}

#[test]
fn state_is_not_folded_again_after_a_restart() {
    let cluster = Cluster::new();
    for n in 0..20 {
        cluster.consent(&opt_in(&format!("{n}"), &format!("contact-{n}")));
    }
    let gate = Gate::start(&cluster).ready();
    let (ended, dir) = gate.stop();
    assert!(ended.is_ok());
    cluster.consent(&change("out", "contact-3", "opt_out"));
    cluster.send(0, &newsletter("to-3", "contact-3"));
    let gate = Gate::start_as(&cluster, "gate-1", dir).ready();
    assert_eq!(cluster.decisions(1)["to-3"], "blocked.opted_out");
    assert_eq!(gate.count("consent_gate_consent_changes_total"), 1);
}
