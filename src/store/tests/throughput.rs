//! Measurements, not assertions: `cargo test --release --lib store::tests::throughput -- --ignored --nocapture`.

use super::*;
use std::time::{Duration, Instant};

const EVENTS: u64 = 500_000;
const BATCH: u64 = 2_000;

fn fresh(n: u64) -> Event {
    Event {
        id: n,
        action: Action::OptIn,
        contact: Some(n),
        address: Some(n),
        at_seconds: n as i64,
        received_seconds: n as i64,
    }
}

/// CPU used so far by the process (`self`) or this thread (`thread-self`).
fn cpu(of: &str) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{of}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

fn measure(what: &str, n: u64, work: impl FnOnce()) {
    let (started, all, own) = (Instant::now(), cpu("self"), cpu("thread-self"));
    work();
    let micros = |spent: Duration| spent.as_secs_f64() * 1e6 / n as f64;
    println!(
        "{what}: {:.0}/s wall; CPU us each: {:.2} this thread, {:.2} with RocksDB's own",
        n as f64 / started.elapsed().as_secs_f64(),
        micros(cpu("thread-self") - own),
        micros(cpu("self") - all),
    );
}

fn apply_all(writer: &mut Writer, prefetch: bool) {
    let from = writer.positions()[0];
    for start in (0..EVENTS).step_by(BATCH as usize) {
        if prefetch {
            let keys: Vec<SubjectKey> =
                (start..start + BATCH).flat_map(|n| [subject(1, n), subject(2, n)]).collect();
            writer.prefetch(&keys).unwrap();
        }
        for n in start..start + BATCH {
            fresh(n).apply(writer, source_of(n));
        }
        writer.advance(0, from + (start + BATCH) as i64).unwrap();
        writer.commit().unwrap();
    }
}

#[test]
#[ignore = "a measurement"]
fn throughput() {
    let memory = 256 << 20;
    for prefetch in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let (store, mut writer, _) = Store::open(dir.path(), &identity(), memory).unwrap();
        measure(&format!("apply, fresh subjects, prefetch {prefetch}"), EVENTS, || {
            apply_all(&mut writer, prefetch);
        });
        measure("flush", 1, || writer.flush().unwrap());
        if !prefetch {
            continue;
        }
        let reads = |hit: bool| {
            for batch in 0..EVENTS / BATCH {
                let keys: Vec<SubjectKey> = (0..BATCH)
                    .map(|n| subject(if hit { 1 } else { 5 }, mix(batch * BATCH + n) % EVENTS))
                    .collect();
                let snapshot = store.snapshot();
                let states = snapshot.states(&keys).unwrap();
                assert!(states.iter().all(|state| state.is_some() == hit));
                std::hint::black_box(snapshot.positions().unwrap());
            }
        };
        measure("states, hit (first pass)", EVENTS, || reads(true));
        measure("states, hit (second pass)", EVENTS, || reads(true));
        measure("states, miss", EVENTS, || reads(false));
        measure("apply again (all unchanged)", EVENTS, || apply_all(&mut writer, true));
        println!("{:?}", store.stats());
        drop((store, writer));
        measure("reopen with verification", 1, || {
            let (_store, _writer, opened) = Store::open(dir.path(), &identity(), memory).unwrap();
            assert_eq!(opened, Opened::Reused);
        });
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap());
    }
}
