//! Checkpoints: what they hold, what is filled from them, and everything that must not be.

use super::*;
use crate::store::checkpoint::{Made, Maker, Seal};
use crate::store::{
    CheckpointError, Checkpoints, FillFrom, RebuildReason, Rejection, StoreError, mark_for_rebuild,
};
use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const SUBJECTS: u64 = 60;
const INTERVAL: Duration = Duration::from_secs(900);

fn go_on(_: usize) -> bool {
    true
}

fn checkpoints(dir: &Path, instance_id: &str, keep: usize) -> Checkpoints {
    Checkpoints::new(dir, instance_id, keep, INTERVAL, Seal::new(&[5; 32]))
}

/// A state directory and one for checkpoints.
struct Place {
    root: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { root: tempdir() }
    }

    fn state(&self) -> PathBuf {
        self.root.path().join("state")
    }

    fn checkpoints(&self) -> PathBuf {
        self.root.path().join("checkpoints")
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.checkpoints())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// A store of the first `n_events`, and a checkpoint at each of these numbers on the way.
    fn fill(&self, n_events: u64, checkpoint_at: &[u64]) -> Vec<Made> {
        let (store, mut writer, _) = open(&self.state());
        let mut maker = Maker::new(checkpoints(&self.checkpoints(), "gate-1", 2));
        let mut made = Vec::new();
        for n in 0..=n_events {
            if checkpoint_at.contains(&n) {
                writer.commit().unwrap();
                made.push(maker.make(&store, &go_on).unwrap());
            }
            if n < n_events {
                apply_nth(&mut writer, n, SUBJECTS);
            }
        }
        writer.commit().unwrap();
        writer.flush().unwrap();
        made
    }

    /// Opens the store as the gate does.
    fn open(&self) -> Started {
        self.open_as(&identity(), &|_| Ok(()), &go_on).unwrap()
    }

    fn open_as(
        &self,
        identity: &Identity,
        continues: &dyn Fn(&[i64]) -> Result<(), RebuildReason>,
        pace: &(dyn Fn(usize) -> bool + Sync),
    ) -> Result<Started, StoreError> {
        let told = RefCell::new(Vec::new());
        let opened = Store::open_from(
            &self.state(),
            identity,
            MEMORY,
            Some(&FillFrom {
                checkpoints: &checkpoints(&self.checkpoints(), "gate-2", 2),
                continues,
                rejected: &|name, why| told.borrow_mut().push((name.to_owned(), why.to_string())),
                pace,
            }),
        )?;
        let (store, writer, opened) = opened;
        Ok(Started { store, writer, opened, rejected: told.into_inner() })
    }

    fn lose_state(&self) {
        fs::remove_dir_all(self.state()).unwrap();
    }
}

struct Started {
    store: Store,
    writer: Writer,
    opened: Opened,
    rejected: Vec<(String, String)>,
}

impl Started {
    fn restored(&self) -> Option<&str> {
        match &self.opened {
            Opened::Restored { checkpoint, .. } => Some(checkpoint),
            _ => None,
        }
    }

    /// Reads on to `n_events` and compares with the law.
    fn goes_on_to(mut self, n_events: u64) {
        for n in 0..n_events {
            let source = source_of(n);
            if source.offset >= self.writer.positions()[source.partition as usize] {
                apply_nth(&mut self.writer, n, SUBJECTS);
            }
        }
        self.writer.commit().unwrap();
        let positions = self.writer.positions().to_vec();
        assert_eq!(positions.iter().sum::<i64>(), n_events as i64);
        assert_eq!(dump(&self.store), Model::at(&positions, SUBJECTS).states);
    }
}

#[test]
fn a_lost_store_begins_where_the_checkpoint_ends() {
    let place = Place::new();
    let made = place.fill(900, &[300, 600]);
    place.lose_state();
    let started = place.open();
    assert_eq!(started.restored(), Some(made[1].name.as_str()));
    assert_eq!(started.writer.positions(), [300, 300]);
    assert_eq!(dump(&started.store), Model::at(&[300, 300], SUBJECTS).states);
    assert!(started.rejected.is_empty(), "{:?}", started.rejected);
    started.goes_on_to(1_200);
    // and from then on it is a store as any other
    let again = place.open();
    assert_eq!(again.opened, Opened::Reused);
    again.goes_on_to(1_500);
}

#[test]
fn a_checkpoint_is_one_moment_of_a_store_that_is_written_to() {
    let place = Place::new();
    let (store, mut writer, _) = open(&place.state());
    let mut maker = Maker::new(checkpoints(&place.checkpoints(), "gate-1", 100));
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut n = 0;
            while !is_over.load(Ordering::Relaxed) {
                for _ in 0..37 {
                    apply_nth(&mut writer, n, SUBJECTS);
                    n += 1;
                }
                writer.commit().unwrap();
            }
        });
        for _ in 0..12 {
            maker.make(&store, &go_on).unwrap();
        }
        is_over.store(true, Ordering::Relaxed);
    });
    drop((store, writer));
    let mut reached = BTreeMap::new();
    while let Some(newest) = place.names().last() {
        place.lose_state();
        let started = place.open();
        assert_eq!(started.restored(), Some(newest.as_str()));
        let positions = started.writer.positions().to_vec();
        assert_eq!(dump(&started.store), Model::at(&positions, SUBJECTS).states, "{newest}");
        reached.insert(positions, newest.clone());
        fs::remove_dir_all(place.checkpoints().join(newest)).unwrap();
    }
    assert!(reached.len() > 3, "the writer stood still: {reached:?}");
}

#[test]
fn the_one_that_saves_most_work_is_used_whoever_made_it_and_when() {
    let place = Place::new();
    let made = place.fill(900, &[600]);
    // a newer one of an instance that is behind
    let (store, mut writer, _) = open(&place.root.path().join("behind"));
    apply_nth(&mut writer, 0, SUBJECTS);
    writer.commit().unwrap();
    let behind = checkpoints(&place.checkpoints(), "gate-9", 2);
    Maker::new(behind).make(&store, &go_on).unwrap();
    place.lose_state();
    let started = place.open();
    assert_eq!(started.restored(), Some(made[0].name.as_str()));
    started.goes_on_to(900);
}

#[test]
fn one_that_is_removed_while_it_is_looked_at_is_gone_and_not_damaged() {
    let place = Place::new();
    place.fill(900, &[300, 600]);
    let found = checkpoints(&place.checkpoints(), "gate-1", 2).list().unwrap();
    let (gone, damaged) = (&found[0], &found[1]);
    fs::remove_dir_all(&gone.path).unwrap();
    assert!(matches!(gone.verify(&go_on), Err(Rejection::Gone)));
    fs::remove_file(damaged.path.join("CURRENT")).unwrap();
    assert!(matches!(damaged.verify(&go_on), Err(Rejection::File(name)) if name == "CURRENT"));
}

#[test]
fn a_restored_store_does_not_write_into_its_checkpoint() {
    let place = Place::new();
    place.fill(900, &[600]);
    place.lose_state();
    place.open().goes_on_to(3_000);
    let found = checkpoints(&place.checkpoints(), "gate-1", 2).list().unwrap();
    found[0].verify(&go_on).unwrap();
    place.lose_state();
    let _open = place.open();
    for entry in fs::read_dir(&found[0].path).unwrap() {
        let entry = entry.unwrap();
        let is_table = entry.path().extension().is_some_and(|end| end == "sst");
        // only what RocksDB never writes to again may have a second name
        assert!(is_table || entry.metadata().unwrap().nlink() == 1, "{:?}", entry.path());
    }
}

#[test]
fn a_checkpoint_that_goes_while_it_is_used_is_no_reason_to_fold_everything() {
    let place = Place::new();
    let made = place.fill(900, &[600]);
    let (old, new) = (place.checkpoints().join(&made[0].name), "gate-1@29990203T040506.000000Z");
    let new = place.checkpoints().join(new);
    place.lose_state();
    // its owner makes the next one and removes it, right after it was chosen
    let removes = |_: &[i64]| {
        if old.exists() {
            fs::rename(&old, &new).unwrap();
        }
        Ok(())
    };
    let started = place.open_as(&identity(), &removes, &go_on).unwrap();
    assert_eq!(started.restored().map(|name| name.ends_with("000000Z")), Some(true));
    assert!(started.rejected[0].1.contains("removed meanwhile"), "{:?}", started.rejected);
    started.goes_on_to(900);
}

#[test]
fn a_damaged_file_is_found_and_the_older_checkpoint_used() {
    let place = Place::new();
    let made = place.fill(900, &[300, 600]);
    let (older, newer) = (&made[0].name, &made[1].name);
    let newer_dir = place.checkpoints().join(newer);
    let names: Vec<String> = fs::read_dir(&newer_dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(names.iter().filter(|name| name.ends_with(".sst")).count() >= 3, "{names:?}");
    for name in names {
        let path = newer_dir.join(&name);
        let sound = fs::read(&path).unwrap();
        if sound.is_empty() || place.checkpoints().join(older).join(&name).exists() {
            continue; // nothing to damage, or the same file on disk
        }
        for shortened in [false, true] {
            let mut damaged = sound.clone();
            let middle = damaged.len() / 2;
            if shortened {
                damaged.truncate(middle)
            } else {
                damaged[middle] ^= 4
            }
            replace(&path, &damaged);
            place.lose_state();
            let started = place.open();
            assert_eq!(started.restored(), Some(older.as_str()), "{name} {shortened}");
            assert_eq!(started.rejected.len(), 1);
            assert_eq!(&started.rejected[0].0, newer);
            started.goes_on_to(900);
        }
        fs::remove_file(&path).unwrap();
        place.lose_state();
        assert_eq!(place.open().restored(), Some(older.as_str()), "{name} is missing");
        replace(&path, &sound);
    }
    place.lose_state();
    assert_eq!(place.open().restored(), Some(newer.as_str()), "sound again");
}

/// Writes a new file instead of into the old one, which may have other names.
fn replace(path: &Path, bytes: &[u8]) {
    if path.exists() {
        fs::remove_file(path).unwrap();
    }
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_file_that_hashes_right_and_is_no_store_is_rejected() {
    let place = Place::new();
    let made = place.fill(300, &[300]);
    let dir = place.checkpoints().join(&made[0].name);
    // sealed with the right key, but the table files of a store that stands elsewhere
    let other = Place::new();
    let elsewhere = other.fill(500, &[500]);
    let from = other.checkpoints().join(&elsewhere[0].name);
    let seal = Seal::new(&[5; 32]);
    let mut manifest = crate::store::Manifest::read(&from, &seal).unwrap();
    fs::remove_dir_all(&dir).unwrap();
    copy_dir(&from, &dir);
    manifest.positions = vec![150, 150];
    fs::remove_file(dir.join("checkpoint.json")).unwrap();
    manifest.write(&dir, &seal).unwrap();
    place.lose_state();
    let started = place.open();
    assert_eq!(started.opened, Opened::Fresh);
    assert!(started.rejected[0].1.contains("positions"), "{:?}", started.rejected);
    started.goes_on_to(400);
}

#[test]
fn a_checkpoint_of_another_log_or_pepper_is_not_used() {
    let place = Place::new();
    place.fill(300, &[300]);
    let changes: [fn(&mut Identity); 6] = [
        |i| i.cluster_id = "cluster-2".into(),
        |i| i.topic = "other".into(),
        |i| i.topic_id = "topic-2".into(),
        |i| i.topic_id = String::new(),
        |i| i.partitions = 1,
        |i| i.pepper_id = [2; 8],
    ];
    for change in changes {
        place.lose_state();
        let mut other = identity();
        change(&mut other);
        let started = place.open_as(&other, &|_| Ok(()), &go_on).unwrap();
        assert_eq!(started.opened, Opened::Fresh, "{other:?}");
        assert_eq!(started.rejected.len(), 1, "{other:?}");
        assert!(dump(&started.store).is_empty());
    }
    // the seal of another pepper
    place.lose_state();
    let started = Store::open_from(
        &place.state(),
        &identity(),
        MEMORY,
        Some(&FillFrom {
            checkpoints: &Checkpoints::new(
                &place.checkpoints(),
                "gate-1",
                2,
                INTERVAL,
                Seal::new(&[6; 32]),
            ),
            continues: &|_| Ok(()),
            rejected: &|_, why| assert!(matches!(why, Rejection::Seal), "{why}"),
            pace: &go_on,
        }),
    );
    assert_eq!(started.unwrap().2, Opened::Fresh);
}

#[test]
fn a_checkpoint_the_log_does_not_continue_is_not_used() {
    let place = Place::new();
    let made = place.fill(900, &[300, 600]);
    place.lose_state();
    let n_asked = AtomicUsize::new(0);
    // the log ends before the newer one
    let continues = |positions: &[i64]| {
        n_asked.fetch_add(1, Ordering::Relaxed);
        if positions[0] > 200 { Err(RebuildReason::AheadOfLog) } else { Ok(()) }
    };
    let started = place.open_as(&identity(), &continues, &go_on).unwrap();
    assert_eq!(started.restored(), Some(made[0].name.as_str()));
    assert_eq!(n_asked.load(Ordering::Relaxed), 2);
    drop(started);
    // the log begins behind both
    place.lose_state();
    let gone = |_: &[i64]| Err(RebuildReason::LogTruncated);
    let started = place.open_as(&identity(), &gone, &go_on).unwrap();
    assert_eq!(started.opened, Opened::Fresh);
    assert_eq!(started.rejected.len(), 2);
    assert!(started.rejected[0].1.contains("log-truncated"), "{:?}", started.rejected);
}

#[test]
fn a_store_in_quarantine_is_replaced_from_a_checkpoint() {
    let place = Place::new();
    let made = place.fill(900, &[600]);
    mark_for_rebuild(&place.state(), RebuildReason::Damaged).unwrap();
    let started = place.open();
    let Opened::Restored { checkpoint, quarantined: Some((reason, moved_to)) } = &started.opened
    else {
        panic!("{:?}", started.opened)
    };
    assert_eq!((checkpoint, *reason), (&made[0].name, RebuildReason::Damaged));
    assert!(moved_to.join("CURRENT").exists());
    started.goes_on_to(900);
}

#[test]
fn a_store_that_has_begun_is_kept_and_an_untouched_one_is_not() {
    let place = Place::new();
    let made = place.fill(600, &[600]);
    place.lose_state();
    drop(open(&place.state()));
    assert_eq!(place.open().restored(), Some(made[0].name.as_str()));
    place.lose_state();
    {
        let (_store, mut writer, _) = open(&place.state());
        apply_nth(&mut writer, 0, SUBJECTS);
        writer.commit().unwrap();
        writer.flush().unwrap();
    }
    assert_eq!(place.open().opened, Opened::Reused);
}

#[test]
fn what_is_unfinished_or_something_else_is_never_looked_at() {
    let place = Place::new();
    let made = place.fill(300, &[300]);
    let whole = place.checkpoints().join(&made[0].name);
    for suffix in [".making", ".deleting"] {
        copy_dir(&whole, &place.checkpoints().join(format!("{}{suffix}", made[0].name)));
    }
    fs::remove_dir_all(&whole).unwrap();
    copy_dir(&place.checkpoints().join(format!("{}.making", made[0].name)), &whole);
    fs::remove_file(whole.join("checkpoint.json")).unwrap();
    fs::write(place.checkpoints().join("gate-1@yesterday"), "").unwrap();
    fs::create_dir(place.checkpoints().join("lost+found")).unwrap();
    place.lose_state();
    let started = place.open();
    assert_eq!(started.opened, Opened::Fresh);
    let [(name, why)] = started.rejected.as_slice() else { panic!("{:?}", started.rejected) };
    assert_eq!((name, why.contains("there is none")), (&made[0].name, true), "{why}");
}

#[test]
fn a_restore_that_is_cut_off_leaves_no_store() {
    let place = Place::new();
    let made = place.fill(900, &[900]);
    let n_steps = AtomicUsize::new(0);
    place.lose_state();
    let count = |_: usize| {
        n_steps.fetch_add(1, Ordering::Relaxed);
        assert!(place.state().join("CREATING").exists(), "a crash here would leave half a store");
        true
    };
    drop(place.open_as(&identity(), &|_| Ok(()), &count).unwrap());
    let n_steps = n_steps.into_inner();
    assert!(n_steps > 4, "{n_steps}");
    for stop_at in 0..n_steps {
        place.lose_state();
        let left = AtomicUsize::new(stop_at);
        let stop = |_: usize| {
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                .is_ok()
        };
        let stopped = place.open_as(&identity(), &|_| Ok(()), &stop);
        assert!(matches!(stopped, Err(StoreError::Interrupted { .. })), "{stop_at}");
        assert!(!place.state().join("db").exists(), "{stop_at}");
        assert_eq!(place.open().restored(), Some(made[0].name.as_str()), "{stop_at}");
    }
}

#[test]
fn a_crash_while_restoring_is_clean_at_the_next_start() {
    let place = Place::new();
    let made = place.fill(900, &[900]);
    let whole = place.checkpoints().join(&made[0].name);
    let names: Vec<_> =
        fs::read_dir(&whole).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    // the files that a kill -9 leaves: some of them, the last one half
    for n_files in 0..names.len() {
        place.lose_state();
        let db = place.state().join("db");
        fs::create_dir_all(&db).unwrap();
        fs::write(place.state().join("CREATING"), "").unwrap();
        for name in &names[..n_files] {
            fs::copy(whole.join(name), db.join(name)).unwrap();
        }
        let half = fs::read(whole.join(&names[n_files])).unwrap();
        fs::write(db.join(&names[n_files]), &half[..half.len() / 2]).unwrap();
        let started = place.open();
        assert_eq!(started.restored(), Some(made[0].name.as_str()), "{n_files} files");
        started.goes_on_to(900);
    }
}

#[test]
fn an_instance_keeps_its_newest_and_leaves_those_of_others() {
    let place = Place::new();
    let (store, mut writer, _) = open(&place.state());
    let dir = place.checkpoints();
    let mut own = Maker::new(checkpoints(&dir, "gate-1", 2));
    let mut other = Maker::new(checkpoints(&dir, "gate-1.b", 1));
    let mut all = Vec::new();
    for n in 0..4 {
        apply_nth(&mut writer, n, SUBJECTS);
        writer.commit().unwrap();
        all.push(own.make(&store, &go_on).unwrap().name);
        all.push(other.make(&store, &go_on).unwrap().name);
    }
    let mut kept = vec![all[4].clone(), all[6].clone(), all[7].clone()];
    kept.sort();
    assert_eq!(place.names(), kept);
    let found = checkpoints(&dir, "gate-3", 1).list().unwrap();
    assert_eq!(found.len(), 3);
    for found in found {
        found.verify(&go_on).unwrap();
    }
}

#[test]
fn what_crashes_and_gone_instances_leave_is_removed_and_nothing_else() {
    let place = Place::new();
    let (store, writer, _) = open(&place.state());
    let dir = place.checkpoints();
    let old = "20010203T040506.000000Z";
    let far = "29990203T040506.000000Z";
    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S%.6fZ");
    let gone = [
        format!("gate-1@{now}.making"),
        format!("gone@{old}"),
        format!("gone@{far}"),
        format!("gone@{old}.making"),
        format!("gone@{now}.deleting"),
    ];
    let stays = [
        format!("busy@{now}"),
        format!("busy@{now}.making"),
        "notes".to_owned(),
        old.to_owned(),
        "gate-1@".to_owned(),
    ];
    for name in gone.iter().chain(&stays) {
        fs::create_dir_all(dir.join(name)).unwrap();
        fs::write(dir.join(name).join("000001.sst"), "x").unwrap();
    }
    let made = Maker::new(checkpoints(&dir, "gate-1", 2)).make(&store, &go_on).unwrap();
    assert_eq!(made.left_behind, None);
    let mut expected = [stays.as_slice(), &[made.name]].concat();
    expected.sort();
    assert_eq!(place.names(), expected);
    drop((store, writer));
}

#[test]
fn instances_that_make_use_and_remove_at_the_same_time_get_along() {
    let place = Place::new();
    place.fill(300, &[300]);
    let dir = place.checkpoints();
    let n_rounds = 40;
    std::thread::scope(|scope| {
        for instance in ["gate-a", "gate-b"] {
            let (dir, root) = (dir.clone(), place.root.path().to_path_buf());
            scope.spawn(move || {
                let (store, mut writer, _) = open(&root.join(format!("state-{instance}")));
                let mut maker = Maker::new(checkpoints(&dir, instance, 1));
                for n in 0..n_rounds {
                    apply_nth(&mut writer, n, SUBJECTS);
                    writer.commit().unwrap();
                    let made = maker.make(&store, &go_on).unwrap();
                    assert_eq!(made.left_behind, None);
                }
            });
        }
        // positions are those of gate-1, far ahead, so that its checkpoint is the best one; it goes in between
        for round in 0..n_rounds {
            if round == n_rounds / 2 {
                checkpoints(&dir, "gate-1", 1).remove_all_own().unwrap();
            }
            place.lose_state();
            let started = place.open();
            let positions = started.writer.positions().to_vec();
            assert_eq!(dump(&started.store), Model::at(&positions, SUBJECTS).states);
        }
    });
}

#[test]
fn a_disk_that_refuses_harms_nothing_but_the_checkpoint() {
    let place = Place::new();
    let (store, mut writer, _) = open(&place.state());
    apply_nth(&mut writer, 0, SUBJECTS);
    writer.commit().unwrap();
    // a file where the directory should be
    fs::write(place.checkpoints(), "").unwrap();
    let mut maker = Maker::new(checkpoints(&place.checkpoints(), "gate-1", 2));
    let failed = maker.make(&store, &go_on);
    assert!(matches!(failed, Err(CheckpointError::Io { .. })), "{failed:?}");
    assert!(!place.state().join("checkpoint").exists(), "the stage is removed");
    // asked to stop in the middle: nothing is left, and the next one is made
    fs::remove_file(place.checkpoints()).unwrap();
    let failed = maker.make(&store, &|_| false);
    assert!(matches!(failed, Err(CheckpointError::Io { .. })), "{failed:?}");
    assert!(place.names().is_empty(), "{:?}", place.names());
    for n in 1..100 {
        apply_nth(&mut writer, n, SUBJECTS);
        writer.commit().unwrap();
    }
    maker.make(&store, &go_on).unwrap();
    drop((store, writer));
    place.lose_state();
    place.open().goes_on_to(200);
}

#[test]
fn a_state_disk_that_refuses_the_copy_ends_in_a_fresh_store() {
    let place = Place::new();
    let made = place.fill(300, &[300]);
    let table = fs::read_dir(place.checkpoints().join(&made[0].name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|end| end == "sst"))
        .unwrap();
    // cannot be read as a file
    fs::remove_file(&table).unwrap();
    fs::create_dir(&table).unwrap();
    place.lose_state();
    let started = place.open();
    assert_eq!(started.opened, Opened::Fresh);
    assert_eq!(started.rejected.len(), 1);
    started.goes_on_to(300);
}

#[test]
fn what_did_not_change_is_linked_from_the_last_checkpoint_and_everything_else_is_new() {
    let place = Place::new();
    let other_disk = tempfile::tempdir().unwrap();
    let (store, mut writer, _) = open(&place.state());
    let mut maker = Maker::new(checkpoints(other_disk.path(), "gate-1", 3));
    for n in 0..2_000 {
        apply_nth(&mut writer, n, SUBJECTS);
    }
    writer.commit().unwrap();
    let first = maker.make(&store, &go_on).unwrap();
    apply_nth(&mut writer, 2_000, SUBJECTS);
    writer.commit().unwrap();
    let second = maker.make(&store, &go_on).unwrap();
    assert!(second.bytes > first.bytes / 2);
    if first.bytes_copied == first.bytes {
        // two file systems: a table file travels once
        assert!(second.bytes_copied < first.bytes_copied, "{first:?} {second:?}");
    }
    for found in checkpoints(other_disk.path(), "gate-1", 3).list().unwrap() {
        found.verify(&go_on).unwrap();
    }
    drop((store, writer));
    // the database counts its files anew: nothing of the old ones may be taken for them
    place.lose_state();
    let (store, mut writer, _) = open(&place.state());
    let mut maker = Maker::new(checkpoints(other_disk.path(), "gate-1", 3));
    for n in 0..100 {
        apply_nth(&mut writer, n, SUBJECTS);
    }
    writer.commit().unwrap();
    maker.make(&store, &go_on).unwrap();
    for found in checkpoints(other_disk.path(), "gate-1", 3).list().unwrap() {
        found.verify(&go_on).unwrap();
    }
    drop(writer);
}

#[test]
fn nobody_else_reads_checkpoints() {
    let place = Place::new();
    let made = place.fill(300, &[300]);
    place.lose_state();
    drop(place.open());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let dir = place.checkpoints().join(&made[0].name);
    assert_eq!((mode(&place.checkpoints()), mode(&dir)), (0o700, 0o700));
    assert_eq!(mode(&place.state().join("db")), 0o700);
    for entry in fs::read_dir(dir).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[test]
fn a_clock_that_was_set_back_does_not_cost_the_newest() {
    let place = Place::new();
    let (store, _writer, _) = open(&place.state());
    let minutes = |n: i64| jiff::Timestamp::now() + jiff::SignedDuration::from_mins(n);
    let ahead: Vec<String> =
        [5, 10].map(|n| format!("gate-1@{}", minutes(n).strftime("%Y%m%dT%H%M%S%.6fZ"))).to_vec();
    for name in &ahead {
        fs::create_dir_all(place.checkpoints().join(name)).unwrap();
    }
    let mut maker = Maker::new(checkpoints(&place.checkpoints(), "gate-1", 2));
    for _ in 0..2 {
        let made = maker.make(&store, &go_on).unwrap();
        assert_eq!(place.names(), [made.name, ahead[1].clone()]);
    }
}

#[test]
fn half_a_checkpoint_beside_the_store_goes_at_the_next_start() {
    let place = Place::new();
    drop(open(&place.state()));
    for name in ["checkpoint", "checkpoint.tmp"] {
        fs::create_dir_all(place.state().join(name)).unwrap();
        fs::write(place.state().join(name).join("000012.sst"), "x").unwrap();
    }
    drop(open(&place.state()));
    let left = ["checkpoint", "checkpoint.tmp"].map(|name| place.state().join(name).exists());
    assert_eq!(left, [false, false]);
}
