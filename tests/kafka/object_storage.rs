//! A ledger in object storage: each decision and change once over kills, one writer at a time, and what is done to it is named.

use crate::harness::data;
use crate::harness::gate::Setup;
use crate::harness::load::Stage;
use crate::harness::objects::S3;
use crate::harness::topics::Topics;
use crate::harness::{broker, environment};
use crate::tampering::{start, verified, with_ledger};
use std::time::Duration;

const N_PEOPLE: usize = 300;
const PATIENCE: Duration = Duration::from_secs(90);
const BUCKET: &str = "audit";

#[test]
fn a_ledger_in_object_storage_has_everything_once() {
    let test = "a_ledger_in_object_storage_has_everything_once";
    let Some(broker) = broker::shared(test) else { return };
    let Some(s3) = S3::start(test, BUCKET) else { return };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "objects");
    let stage = Stage::new(bootstrap, &topics);
    let setup = Setup { header: "reference", ..Setup::new("objects", bootstrap, &topics) };
    let stored = |setup: &Setup, dir: &std::path::Path| {
        let mut ledger = with_ledger(setup, dir, &setup.dir.join("ledger-key"));
        let store = format!("s3://{BUCKET}/consent/gate-1");
        ledger.environment.push(("CONSENT_GATE__LEDGER__STORE".to_owned(), store));
        ledger.environment.extend(s3.environment());
        ledger
    };
    let ledger = stored(&setup, &setup.dir);
    let people = data::contacts("objects", N_PEOPLE);
    stage.opt_in(&people);
    let gate = setup.spawn_ready();

    // killed twice while it writes
    for _ in 0..2 {
        stage.message_all(&people);
        let mut running = start(&ledger);
        environment::wait_until("something is signed", PATIENCE, || {
            assert_eq!(running.exited(), None, "{}", running.log_text());
            running.metric_sum("consent_gate_ledger_leaves") > 0.0
        });
        running.kill();
    }
    stage.message_all(&people);
    let n_leaves = (4 * N_PEOPLE) as f64;
    let running = start(&ledger);
    environment::wait_until("the ledger covers everything", PATIENCE, || {
        running.metric_sum("consent_gate_ledger_leaves") >= n_leaves
    });
    // one more, elsewhere: it stands by, and goes on at once when the first stops
    let elsewhere = stored(&setup, &setup.dir.join("elsewhere"));
    let mut second = start(&elsewhere);
    environment::wait_until("the second waits", PATIENCE, || {
        assert_eq!(second.exited(), None, "{}", second.log_text());
        second.log_text().contains("another ledger writes there")
    });
    assert!(!second.is_ready());
    stage.message_all(&people);
    let n_leaves = n_leaves + N_PEOPLE as f64;
    environment::wait_until("the first goes on", PATIENCE, || {
        running.metric_sum("consent_gate_ledger_leaves") >= n_leaves
    });
    running.stop();
    stage.message_all(&people);
    environment::wait_until("the second takes over", PATIENCE, || {
        second.metric_sum("consent_gate_ledger_leaves") >= n_leaves + N_PEOPLE as f64
    });
    let is_file = |key: &String| key.contains("/parquet/date=") && key.ends_with(".parquet");
    environment::wait_until("the archive is written", PATIENCE, || {
        s3.keys(BUCKET).iter().any(is_file)
    });
    second.stop();
    gate.stop();

    let report = verified(&ledger, 0, &[]);
    assert_eq!(report["leaves"], 6 * N_PEOPLE, "each once: {report}");
    assert_eq!(report["compared"]["decisions"], 5 * N_PEOPLE, "{report}");
    assert_eq!(report["not_covered_yet"], 0, "{report}");
    let keys = s3.keys(BUCKET);
    assert!(keys.iter().all(|key| key.starts_with("consent/gate-1/")), "{keys:?}");
    assert!(!setup.dir.join("ledger/checkpoint").exists(), "nothing of it is here");
    assert!(!setup.dir.join("ledger/parquet").exists());
    // what was there in part is gone when it is whole
    let partial = |tile: &str| keys.iter().filter(|key| key.contains(tile)).count();
    assert_eq!(partial("/tile/entries/000.p/") + partial("/tile/salts/001.p/"), 0, "{keys:?}");

    let doctor = ledger.run(&["doctor"]);
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(doctor.contains("decisions and changes are signed"), "{doctor}");
    let forget = ledger.run(&["ledger", "forget", "--contact", &people[0].id]);
    let forgotten = String::from_utf8_lossy(&forget.stdout).into_owned();
    assert_eq!(forgotten, "6 salts deleted, 0 were deleted before\n");
    assert_eq!(verified(&ledger, 0, &[])["salt_deleted"], 6);

    s3.put(&format!("{BUCKET}/consent/gate-1/tile/entries/001"), "nothing of it");
    let finding = &verified(&ledger, 1, &["--offline"])["finding"];
    assert_eq!(finding["fault"], "damaged", "{finding}");
}
