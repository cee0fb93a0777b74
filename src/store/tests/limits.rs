//! The memory cap holds, and what cannot hold is refused by name.

use super::*;
use crate::store::StoreError;
use rocksdb::properties;

#[test]
fn memory_stays_under_the_cap() {
    let dir = tempdir();
    let (store, mut writer, _) = open(dir.path());
    let cap = MEMORY as u64;
    let mut highest = 0;
    let mut check = |store: &Store| {
        let family = store.inner.family("state").unwrap();
        let cached = store.inner.db.property_int_value_cf(family, properties::BLOCK_CACHE_USAGE);
        let of_all = |property| {
            let names = crate::store::layout::COLUMN_FAMILIES.into_iter();
            let family = |name| store.inner.family(name).unwrap();
            let int = |name| store.inner.db.property_int_value_cf(family(name), property);
            names.map(|name| int(name).unwrap().unwrap()).sum::<u64>()
        };
        let memtables = of_all(properties::CUR_SIZE_ALL_MEM_TABLES);
        let readers = of_all(properties::ESTIMATE_TABLE_READERS_MEM);
        // memtables are charged to the cache; counting them twice only makes the test harder to pass
        let cached = cached.unwrap().unwrap();
        highest = highest.max(cached.max(memtables) + readers);
        assert!(cached.max(memtables) + readers <= cap, "{cached} {memtables} {readers}");
    };
    for n in 0..200_000u64 {
        let event = Event {
            id: n,
            action: Action::OptIn,
            contact: Some(n),
            address: Some(n),
            at_seconds: n as i64,
            received_seconds: n as i64,
        };
        event.apply(&mut writer, source_of(n));
        if n % 500 == 499 {
            writer.commit().unwrap();
            check(&store);
        }
    }
    for batch in 0..200u64 {
        let keys: Vec<SubjectKey> =
            (0..500).map(|n| subject(1, mix(batch * 500 + n) % 200_000)).collect();
        assert!(store.snapshot().states(&keys).unwrap().iter().all(Option::is_some));
        check(&store);
    }
    let stats = store.stats();
    assert!(stats.disk_bytes > 10 << 20, "{stats:?}");
    assert!((400_000..500_000).contains(&stats.subjects), "{stats:?}");
    assert!(stats.cache_bytes <= cap && stats.memtable_bytes <= cap, "{stats:?}");
    println!("highest {} of {} KiB, {stats:?}", highest >> 10, cap >> 10);
}

#[test]
fn a_batch_that_outgrows_its_share_commits_by_itself() {
    let dir = tempdir();
    let (store, mut writer, _) = open(dir.path());
    let mut largest = 0;
    for n in 0..60_000 {
        apply_nth(&mut writer, n, 1_000_000);
        largest = largest.max(writer.pending_bytes());
    }
    let share = crate::store::layout::Memory::divide(MEMORY).batch_bytes;
    assert!(largest < share + (64 << 10), "{largest} of {share}");
    // states may run ahead of the positions a reader sees, never behind
    let snapshot = store.snapshot();
    let covered = Model::at(&snapshot.positions().unwrap(), 1_000_000).states;
    let known = dump(&store);
    assert!(covered.keys().all(|subject| known.contains_key(subject)));
    assert!(!known.is_empty());
}

#[test]
fn too_little_memory_is_refused_by_the_name_of_its_key() {
    let dir = tempdir();
    let Err(error) = Store::open(dir.path(), &identity(), MEMORY - 1) else { panic!("opened") };
    assert!(matches!(error, StoreError::Memory { .. }));
    assert!(error.to_string().contains("state.memory_bytes"));
    assert_eq!(error.exit_code(), crate::exit::ExitCode::Config);
    assert!(!dir.path().join("db").exists());
}

#[test]
fn absurd_partition_counts_are_refused() {
    let dir = tempdir();
    let absurd = Identity { partitions: u32::MAX, ..identity() };
    let refused = Store::open(dir.path(), &absurd, MEMORY);
    assert!(matches!(refused, Err(StoreError::Partitions { .. })));
}

const CHILD_DIR: &str = "CONSENT_GATE_STORE_TEST_FULL_DIR";

/// Not a test of its own: run by the next one with a bound on file sizes, which refuses writes as a full
/// disk does (and, unlike one, needs no mount).
#[test]
fn child_that_cannot_write() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else {
        return;
    };
    let (store, mut writer, _) = open(Path::new(&dir));
    let error = (300..).find_map(|n| {
        apply_nth(&mut writer, n, 1_000_000);
        (n % 500 == 499).then(|| writer.commit().err()).flatten()
    });
    let error = error.unwrap();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    assert!(error.to_string().contains("check free space"));
    assert_eq!(error.exit_code(), crate::exit::ExitCode::Storage);
    assert!(matches!(writer.commit(), Err(StoreError::Stopped { .. })));
    assert!(matches!(writer.flush(), Err(StoreError::Stopped { .. })));
    drop((store, writer));
}

#[test]
fn a_disk_that_fills_up_stops_the_writer_and_the_next_start_goes_on() {
    let dir = tempdir();
    {
        let (_store, mut writer, _) = open(dir.path());
        for n in 0..300 {
            apply_nth(&mut writer, n, 1_000_000);
        }
        writer.commit().unwrap();
        writer.flush().unwrap();
    }
    let child = std::process::Command::new("bash")
        .args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "store::tests::limits::child_that_cannot_write"])
        .args(["--test-threads=1", "--nocapture"])
        .env(CHILD_DIR, dir.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{said}");
    let (store, writer, opened) = open(dir.path());
    assert_eq!(opened, Opened::Reused);
    let positions = writer.positions();
    assert!(positions >= &[150, 150][..]);
    assert_eq!(dump(&store), Model::at(positions, 1_000_000).states);
}
