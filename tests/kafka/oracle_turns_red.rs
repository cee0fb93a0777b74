//! The tests of promise P1 can fail: with the barrier switched off, the same runs must report wrong approvals.
//!
//! Needs `consent-gate-faults`, the program built with `--features fault-injection`.

use crate::harness::oracle::Findings;
use crate::harness::{broker, environment, figures};
use crate::live_refusals::{self, Producer};
use crate::queued_refusals;
use std::path::PathBuf;

const NO_BARRIER: [(&str, &str); 1] = [("CONSENT_GATE_FAULT", "no_barrier")];

fn program(test: &str) -> Option<PathBuf> {
    let program = environment::faults_program();
    if program.is_none() {
        let why = "consent-gate-faults is missing; cargo build --release --features fault-injection --bin consent-gate-faults";
        environment::skip(test, why);
    }
    program
}

/// Only the barrier is off: delivery still holds, so that red means what it says. Permissions that were
/// not read yet block wrongly for the same reason.
fn assert_red(name: &str, findings: &Findings) {
    figures::record(name, findings.figures());
    let n = findings.wrong_approvals.len();
    assert!(n > 0, "without a barrier the oracle must find wrong approvals");
    for (kind, faults) in findings.faults() {
        let expected = ["wrong_approvals", "wrong_blocks"].contains(&kind);
        assert!(expected || faults.is_empty(), "{kind}: {:?}", faults.first());
    }
}

#[test]
fn without_a_barrier_live_refusals_turn_red() {
    let test = "without_a_barrier_live_refusals_turn_red";
    let (Some(broker), Some(program)) = (broker::shared(test), program(test)) else {
        return;
    };
    let n = environment::count("RED", 2000);
    for (name, how) in [("red-plain", Producer::Plain), ("red-txn", Producer::Transactional)] {
        let findings =
            live_refusals::run(&broker.bootstrap, name, how, n, program.clone(), &NO_BARRIER);
        assert_red(&name.replace('-', "_"), &findings);
    }
}

#[test]
fn without_a_barrier_queued_refusals_turn_red() {
    let test = "without_a_barrier_queued_refusals_turn_red";
    let (Some(broker), Some(program)) = (broker::shared(test), program(test)) else {
        return;
    };
    let n = environment::count("RED", 2000);
    let findings = queued_refusals::run(&broker.bootstrap, "red-queued", n, program, &NO_BARRIER);
    assert_red("red_queued", &findings);
}
