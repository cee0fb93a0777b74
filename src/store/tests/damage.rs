//! A flipped bit anywhere is found or harmless; it never becomes another state.

use super::*;
use crate::store::{RebuildReason, StoreError};
use std::fs;

const SUBJECTS: u64 = 300;
/// Flips in each file; small files get one in every byte.
const FLIPS_PER_FILE: usize = 24;

/// A store with several generations of table files, and its truth at each flush.
fn build(dir: &Path) -> BTreeMap<Vec<i64>, States> {
    let (store, mut writer, _) = open(dir);
    let mut truth = BTreeMap::from([(vec![0, 0], States::new())]);
    for n in 0..2_400 {
        apply_nth(&mut writer, n, SUBJECTS);
        if n % 400 == 399 {
            writer.commit().unwrap();
            writer.flush().unwrap();
            truth.insert(writer.positions().to_vec(), dump(&store));
        }
        if n == 1_599 {
            let state = store.inner.family("state").unwrap();
            store.inner.db.compact_range_cf(state, None::<&[u8]>, None::<&[u8]>);
        }
    }
    truth
}

/// What reading all states gives, as a lane would do it.
fn read_all(store: &Store) -> Result<(Vec<i64>, States), StoreError> {
    let keys: Vec<SubjectKey> =
        (0..SUBJECTS).flat_map(|n| [subject(1, n), subject(2, n)]).collect();
    let snapshot = store.snapshot();
    let states = snapshot.states(&keys)?;
    let known = keys.into_iter().zip(states);
    let known = known.filter_map(|(key, state)| Some((key, state?.to_vec())));
    Ok((snapshot.positions()?, known.collect()))
}

#[derive(Default, Debug)]
struct Tally {
    quarantined: usize,
    harmless: usize,
    found_later: usize,
}

fn try_damaged(dir: &Path, truth: &BTreeMap<Vec<i64>, States>, what: &str, tally: &mut Tally) {
    let (store, writer, opened) = match Store::open(dir, &identity(), MEMORY) {
        Ok(opened) => opened,
        Err(error) => panic!("{what}: cannot start at all: {error}"),
    };
    match (opened, read_all(&store)) {
        (Opened::Quarantined { .. }, Ok((positions, states))) => {
            assert!(states.is_empty() && positions == [0, 0], "{what}");
            tally.quarantined += 1;
        }
        (Opened::Reused, Ok((positions, states))) => {
            let expected = truth.get(&positions);
            assert_eq!(Some(&states), expected, "{what}: another state, silently");
            tally.harmless += 1;
        }
        (Opened::Reused, Err(StoreError::Corrupt { .. })) => {
            drop((store, writer));
            let (_, _, opened) = open(dir);
            assert!(matches!(opened, Opened::Quarantined { .. }), "{what}");
            tally.found_later += 1;
        }
        (opened, Err(error)) => panic!("{what}: {opened:?} then {error}"),
        (Opened::Fresh | Opened::Restored { .. }, Ok(_)) => {
            panic!("{what}: the store was overlooked")
        }
    }
}

#[test]
fn a_flipped_bit_is_found_or_harmless() {
    let dir = tempdir();
    let truth = build(dir.path());
    let mut files: Vec<_> = fs::read_dir(dir.path().join("db"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with("LO"))
        .collect();
    files.sort();
    assert!(files.iter().filter(|name| name.ends_with(".sst")).count() >= 6);
    let mut total = Tally::default();
    for file in files {
        let length = fs::metadata(dir.path().join("db").join(&file)).unwrap().len() as usize;
        let n_flips = FLIPS_PER_FILE.min(length);
        let mut tally = Tally::default();
        for nth in 0..n_flips {
            let at = nth * length / n_flips;
            let bit = mix(nth as u64) % 8;
            let copy = tempdir();
            copy_dir(&dir.path().join("db"), &copy.path().join("db"));
            let path = copy.path().join("db").join(&file);
            let mut bytes = fs::read(&path).unwrap();
            bytes[at] ^= 1 << bit;
            fs::write(&path, bytes).unwrap();
            let what = format!("{file} byte {at} bit {bit}");
            try_damaged(copy.path(), &truth, &what, &mut tally);
        }
        println!("{file}: {length} bytes, {tally:?}");
        total.quarantined += tally.quarantined;
    }
    assert!(total.quarantined > 60, "the flips did not reach data: {total:?}");
}

#[test]
fn a_missing_or_shortened_file_is_found_or_harmless() {
    let dir = tempdir();
    let truth = build(dir.path());
    let mut tally = Tally::default();
    for entry in fs::read_dir(dir.path().join("db")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        for shortened in [false, true] {
            let copy = tempdir();
            copy_dir(&dir.path().join("db"), &copy.path().join("db"));
            let path = copy.path().join("db").join(&name);
            if shortened {
                let bytes = fs::read(&path).unwrap();
                fs::write(&path, &bytes[..bytes.len() * 2 / 3]).unwrap();
            } else {
                fs::remove_file(&path).unwrap();
            }
            let what = format!("{name} {}", if shortened { "shortened" } else { "missing" });
            try_damaged(copy.path(), &truth, &what, &mut tally);
        }
    }
    assert!(tally.quarantined > 10, "{tally:?}");
}

#[test]
fn damage_found_while_running_stops_the_writer_and_rebuilds_at_the_next_start() {
    let dir = tempdir();
    build(dir.path());
    let (store, mut writer, _) = open(dir.path());
    let state = store.inner.family("state").unwrap();
    let key = Event::nth(0, SUBJECTS).subjects();
    let key = key.contact.or(key.address).unwrap();
    store
        .inner
        .db
        .put_cf_opt(state, key.0, b"\x01\x00\x7f", &crate::store::layout::write_options())
        .unwrap();
    let failed = Event::nth(0, SUBJECTS)
        .placed(|subjects, placement| writer.apply(subjects, placement, source_of(9_999)));
    assert!(matches!(failed, Err(StoreError::Corrupt { .. })), "{failed:?}");
    assert!(matches!(writer.commit(), Err(StoreError::Stopped { .. })));
    assert!(matches!(writer.flush(), Err(StoreError::Stopped { .. })));
    drop((store, writer));
    let (_, _, opened) = open(dir.path());
    let Opened::Quarantined { reason, .. } = opened else { panic!("{opened:?}") };
    assert_eq!(reason, RebuildReason::Damaged);
}

#[test]
fn a_state_that_does_not_decode_is_found_at_open() {
    let dir = tempdir();
    build(dir.path());
    {
        let (store, mut writer, _) = open(dir.path());
        let state = store.inner.family("state").unwrap();
        store
            .inner
            .db
            .put_cf_opt(state, [3; 16], b"\x01\x00\x7f", &crate::store::layout::write_options())
            .unwrap();
        writer.flush().unwrap();
    }
    assert!(matches!(
        open(dir.path()).2,
        Opened::Quarantined { reason: RebuildReason::Damaged, .. }
    ));
}

#[test]
fn a_position_that_goes_back_is_damage() {
    let dir = tempdir();
    let (store, mut writer, _) = open(dir.path());
    writer.advance(1, 10).unwrap();
    writer.advance(1, 10).unwrap();
    assert!(matches!(writer.advance(2, 1), Err(StoreError::Partitions { .. })));
    assert!(matches!(writer.advance(-1, 1), Err(StoreError::Partitions { .. })));
    assert!(matches!(writer.advance(1, 9), Err(StoreError::Corrupt { .. })));
    assert!(matches!(writer.commit(), Err(StoreError::Stopped { .. })));
    drop((store, writer));
    assert!(matches!(open(dir.path()).2, Opened::Quarantined { .. }));
}
