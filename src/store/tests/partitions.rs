//! Partitions that are added to the topic: while the store is open, while it is closed, and in checkpoints.

use super::*;
use crate::store::{Checkpoints, FillFrom, Maker, RebuildReason, Seal, StoreError};
use std::time::Duration;

const N_EVENTS: u64 = 40;

fn grown() -> Identity {
    Identity { partitions: PARTITIONS + 2, ..identity() }
}

/// Both partitions up to here.
fn known() -> i64 {
    source_of(N_EVENTS).offset
}

fn fill(writer: &mut Writer) {
    for n in 0..N_EVENTS {
        apply_nth(writer, n, 10);
    }
    writer.commit().unwrap();
}

#[test]
fn a_store_goes_on_when_partitions_were_added_while_it_was_closed() {
    let dir = tempdir();
    let before = {
        let (store, mut writer, _) = open(dir.path());
        fill(&mut writer);
        writer.flush().unwrap();
        dump(&store)
    };
    for _ in 0..2 {
        let (store, writer, opened) = Store::open(dir.path(), &grown(), MEMORY).unwrap();
        assert_eq!(opened, Opened::Reused);
        assert_eq!(writer.positions(), [known(), known(), 0, 0]);
        assert_eq!(store.snapshot().positions().unwrap(), [known(), known(), 0, 0]);
        assert_eq!(dump(&store), before);
    }
    let (_, _, opened) = open(dir.path());
    let is_moved =
        matches!(opened, Opened::Quarantined { reason: RebuildReason::PartitionsChanged, .. });
    assert!(is_moved, "partitions that are gone: {opened:?}");
}

#[test]
fn partitions_are_added_while_it_is_open() {
    let dir = tempdir();
    {
        let (store, mut writer, _) = open(dir.path());
        fill(&mut writer);
        let early = store.snapshot();
        writer.add_partitions(4).unwrap();
        writer.add_partitions(3).unwrap();
        assert_eq!(writer.positions(), [known(), known(), 0, 0], "they never become fewer");
        let added = Source { partition: 3, offset: 6 };
        Event::nth(1, 10).apply(&mut writer, added);
        writer.advance(3, 7).unwrap();
        writer.commit().unwrap();
        assert_eq!(early.positions().unwrap(), [known(), known()], "an earlier moment");
        assert_eq!(store.snapshot().positions().unwrap(), [known(), known(), 0, 7]);
        let error = writer.add_partitions(usize::MAX).unwrap_err();
        assert!(matches!(error, StoreError::Partitions { .. }), "{error:?}");
        writer.flush().unwrap();
    }
    let (_, writer, opened) = Store::open(dir.path(), &grown(), MEMORY).unwrap();
    assert_eq!((opened, writer.positions()), (Opened::Reused, &[known(), known(), 0, 7][..]));
}

#[test]
fn checkpoints_from_before_and_after_are_used() {
    let place = tempdir();
    let (state, kept) = (place.path().join("state"), place.path().join("checkpoints"));
    let checkpoints =
        || Checkpoints::new(&kept, "gate-1", 2, Duration::from_secs(60), Seal::new(&[5; 32]));
    let restored = || {
        std::fs::remove_dir_all(&state).unwrap();
        let rejected = |name: &str, why: &crate::store::Rejection| panic!("{name}: {why}");
        let source = FillFrom {
            checkpoints: &checkpoints(),
            continues: &|_| Ok(()),
            rejected: &rejected,
            pace: &|_| true,
        };
        let (store, writer, opened) =
            Store::open_from(&state, &grown(), MEMORY, Some(&source)).unwrap();
        assert!(matches!(opened, Opened::Restored { .. }), "{opened:?}");
        (writer.positions().to_vec(), dump(&store))
    };
    let states = {
        let (store, mut writer, _) = open(&state);
        fill(&mut writer);
        Maker::new(checkpoints()).make(&store, &|_| true).unwrap();
        dump(&store)
    };
    assert_eq!(restored(), (vec![known(), known(), 0, 0], states.clone()));
    {
        let (store, mut writer, _) = Store::open(&state, &grown(), MEMORY).unwrap();
        writer.advance(2, 9).unwrap();
        writer.commit().unwrap();
        Maker::new(checkpoints()).make(&store, &|_| true).unwrap();
    }
    assert_eq!(restored(), (vec![known(), known(), 9, 0], states));
}
