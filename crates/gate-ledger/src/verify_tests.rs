//! What was done to a log is found and named.

use super::*;
use crate::entry::sample;
use crate::note::SigningKey;
use crate::store::{MemoryStore, Store as _};
use crate::tile::{read_entries, write_entries};
use crate::writer::Writer;

const N: u64 = 700;

fn key() -> SigningKey {
    SigningKey::of_seed("log", [7; 32]).unwrap()
}

/// Checkpoints at 250, 500 and 700.
fn written() -> MemoryStore {
    let mut writer = Writer::open(MemoryStore::default(), key()).unwrap();
    extend(&mut writer, 0, N);
    writer.into_store()
}

fn extend(writer: &mut Writer<MemoryStore>, from: u64, to: u64) {
    for n in from..to {
        writer.append(&sample(n), Salt([1; 32])).unwrap();
        if (n + 1) % 250 == 0 {
            writer.commit("now").unwrap();
        }
    }
    writer.commit("now").unwrap();
}

fn report(store: &MemoryStore, known: &[(String, Checkpoint)]) -> Report {
    let key = key();
    let ledger = Ledger::new(store, key.public());
    verify_tiles::<ReadError>(&ledger, known, &mut |_| Ok(())).unwrap()
}

fn found(store: &MemoryStore) -> Finding {
    report(store, &[]).finding.expect("something is wrong")
}

/// Changes the entries of a tile.
fn edit(store: &MemoryStore, path: &str, edit: impl FnOnce(&mut Vec<Vec<u8>>)) {
    let mut entries = read_entries(&store.get(path).unwrap().unwrap()).unwrap();
    edit(&mut entries);
    store.put(path, &write_entries(&entries)).unwrap();
}

fn line(n: u64) -> Vec<u8> {
    sample(n).to_string().into_bytes()
}

#[test]
fn a_log_that_nobody_touched_verifies() {
    let report = report(&written(), &[]);
    assert_eq!(report.finding, None);
    assert_eq!((report.n_checkpoints, report.n_leaves), (3, N));
}

#[test]
fn what_was_done_to_entries_is_named_with_its_place() {
    let tile = "tile/entries/001";
    // leaf 300 is the 44th of the second tile
    type Edit = fn(&mut Vec<Vec<u8>>);
    let cases: [(Fault, u64, &str, Edit); 5] = [
        (Fault::Changed, 300, "consent-change/0/9300", |it| it[44] = line(9_300)),
        (Fault::Changed, 300, "no entry", |it| it[44] = b"nonsense".to_vec()),
        (Fault::Dropped, 300, "consent-change/0/301", |it| drop(it.remove(44))),
        (Fault::Inserted, 300, "consent-change/0/9300", |it| it.insert(44, line(9_300))),
        (Fault::Reordered, 300, "consent-change/0/301", |it| it.swap(44, 45)),
    ];
    for (fault, leaf, says, change) in cases {
        let store = written();
        edit(&store, tile, change);
        let found = found(&store);
        assert_eq!((found.fault, found.leaf), (fault, Some(leaf)), "{}", found.says);
        assert!(found.says.contains(says), "{}", found.says);
        assert!(found.says.contains("behind the consent change consent-change/0/299"));
        assert!(found.says.contains("checkpoint 1"), "{}", found.says);
    }
}

#[test]
fn entries_and_hashes_changed_together_are_left_to_kafka() {
    let store = written();
    edit(&store, "tile/entries/001", |it| it[44] = line(9_300));
    let mut hashes = store.get("tile/0/001").unwrap().unwrap();
    hashes[44 * 32..45 * 32].copy_from_slice(&leaf_hash(&line(9_300)).0);
    store.put("tile/0/001", &hashes).unwrap();
    let report = report(&store, &[]);
    let found = report.finding.unwrap();
    assert_eq!((found.fault, report.n_leaves), (Fault::Changed, 250), "{}", found.says);
    let suspect = report.suspect.unwrap();
    assert_eq!((suspect.first, suspect.entries.len()), (250, 250));
}

#[test]
fn a_cut_is_told_from_a_hole() {
    let store = written();
    store.remove_all("tile/entries/002").unwrap();
    let cut = found(&store);
    assert_eq!((cut.fault, cut.leaf), (Fault::Cut, Some(512)), "{}", cut.says);
    let store = written();
    store.remove_all("tile/entries/001").unwrap();
    let hole = found(&store);
    assert_eq!((hole.fault, hole.leaf), (Fault::Dropped, Some(256)), "{}", hole.says);
}

#[test]
fn hashes_that_were_changed_alone_are_damage() {
    let store = written();
    for path in ["tile/0/000", "tile/0/002.p/188", "tile/1/000.p/2"] {
        let before = store.get(path).unwrap().unwrap();
        let mut bytes = before.clone();
        bytes[40] ^= 1;
        store.put(path, &bytes).unwrap();
        let found = found(&store);
        assert_eq!(found.fault, Fault::Damaged, "{}", found.says);
        assert!(found.says.contains(path), "{}", found.says);
        store.put(path, &before).unwrap();
    }
    assert_eq!(report(&store, &[]).finding, None);
}

#[test]
fn checkpoints_that_are_missing_forged_or_of_another_log() {
    let store = written();
    let (first, second) = (store.get("checkpoints/000").unwrap().unwrap(), "checkpoints/001");
    store.remove_all(second).unwrap();
    assert_eq!(found(&store).fault, Fault::Dropped);
    store.put(second, &first).unwrap();
    assert_eq!(found(&store).fault, Fault::Damaged, "it is another one");
    let forged = String::from_utf8(first).unwrap().replace("\n250\n", "\n251\n");
    store.put("checkpoints/000", forged.as_bytes()).unwrap();
    let found = found(&store);
    assert!(found.says.contains("signature does not fit"), "{}", found.says);
}

/// Whoever holds the key can sign another history; whoever kept a checkpoint notices.
#[test]
fn a_log_that_was_forked_or_cut_with_its_key() {
    let key = key();
    let kept = |store: &MemoryStore, ordinal| {
        let signed = Ledger::new(store, key.public()).checkpoint(ordinal).unwrap().unwrap();
        [("kept.txt".to_owned(), signed.checkpoint)]
    };
    let before = written();
    let mut other = Writer::open(MemoryStore::default(), self::key()).unwrap();
    extend(&mut other, 0, 400);
    extend(&mut other, 9_400, 9_700);
    let other = other.into_store();
    assert_eq!(report(&other, &kept(&before, 0)).finding, None, "up to there it is the same");
    let forked = report(&other, &kept(&before, 1)).finding.unwrap();
    assert_eq!(forked.fault, Fault::Forked, "{}", forked.says);
    assert!(forked.says.contains("kept.txt"), "{}", forked.says);

    let mut short = Writer::open(MemoryStore::default(), self::key()).unwrap();
    extend(&mut short, 0, 500);
    let cut = report(short.store(), &kept(&before, 2)).finding.unwrap();
    assert_eq!((cut.fault, cut.leaf), (Fault::Cut, Some(500)), "{}", cut.says);
    let nothing = report(&MemoryStore::default(), &kept(&before, 2)).finding.unwrap();
    assert_eq!(nothing.fault, Fault::Cut);

    // the same within one storage: a checkpoint of the other history among those of this one
    let store = written();
    let alien = other.get("checkpoints/001").unwrap().unwrap();
    store.put("checkpoints/001", &alien).unwrap();
    let forked = found(&store);
    assert_eq!(forked.fault, Fault::Forked, "{}", forked.says);
    assert!(forked.says.contains("checkpoint 1 "), "{}", forked.says);
}

/// A signed checkpoint that links to its neighbours, of a tree that never was: only the key's holder can make it.
#[test]
fn a_checkpoint_of_another_tree_between_two_is_a_fork() {
    let store = written();
    let key = key();
    let at = |ordinal| {
        Ledger::new(&store, key.public()).checkpoint(ordinal).unwrap().unwrap().checkpoint
    };
    let (mut second, mut third) = (at(1), at(2));
    second.root = leaf_hash(b"another history");
    let second = second.sign(&key);
    third.previous = Some(second.hash());
    let third = third.sign(&key);
    store.put("checkpoints/001", &second.note).unwrap();
    store.put("checkpoints/002", &third.note).unwrap();
    store.put("checkpoint", &third.note).unwrap();
    let found = found(&store);
    assert_eq!(found.fault, Fault::Forked, "{}", found.says);
    assert!(found.says.contains("checkpoint 1 (500 leaves)"), "{}", found.says);
}

#[test]
fn salts_that_are_gone_are_said() {
    let store = written();
    store.remove_all("tile/salts/001").unwrap();
    let found = found(&store);
    assert_eq!(found.fault, Fault::Damaged, "{}", found.says);
    assert!(found.says.contains("salts"));
}
