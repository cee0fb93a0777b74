//! The harness itself on a real broker, without a gate: what it writes is what it reads.

use crate::harness::data;
use crate::harness::load::Stage;
use crate::harness::oracle;
use crate::harness::produce::{Outgoing, Transactional};
use crate::harness::readers::{During, read_all};
use crate::harness::topics::Topics;
use crate::harness::{broker, environment};
use std::time::Duration;

#[test]
fn the_readers_see_what_was_committed_and_nothing_else() {
    let Some(broker) = broker::shared("the_readers_see_what_was_committed_and_nothing_else") else {
        return;
    };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "harness");
    let stage = Stage::new(bootstrap, &topics);
    let during = During::follow(bootstrap, &topics.outputs());
    let producer = Transactional::new(bootstrap, &topics.approved, Duration::from_secs(60));
    for (n, commit) in [true, false, true].into_iter().enumerate() {
        producer.begin();
        for key in 0..50 {
            let record = Outgoing::new(format!("key-{key}"), format!("{n}").into_bytes());
            producer.write(&topics.approved, &record.header("a", "1").header("a", "2"));
        }
        if commit {
            producer.commit();
        } else {
            producer.abort();
        }
    }
    environment::wait_for_progress("committed records seen", 100, Duration::from_secs(30), || {
        during.count()
    });
    let after = read_all(bootstrap, &topics.outputs());
    assert_eq!(after.len(), 100);
    assert!(
        after.iter().all(|record| record.value.as_deref() != Some(b"1")),
        "aborted records stay unseen"
    );
    assert!(after.iter().all(|record| record.headers.len() == 2));

    // without a gate every message is lost, and outputs that no message caused are invented
    let people = data::contacts("harness", 30);
    stage.opt_in(&people);
    stage.message_all(&people);
    let findings = oracle::examine_logs(bootstrap, &topics, &during, &stage.ledger);
    assert_eq!((findings.n_inputs, findings.lost.len(), findings.invented.len()), (30, 30, 100));
    assert!(findings.vanished.is_empty() && findings.wrong_approvals.is_empty());
}
