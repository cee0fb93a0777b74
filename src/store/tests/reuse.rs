//! What is reused and what is moved aside, and what readers see meanwhile.

use super::*;
use crate::store::{RebuildReason, StoreError, mark_for_rebuild};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

fn fill(dir: &Path, n_events: u64) {
    let (_store, mut writer, _) = open(dir);
    for n in 0..n_events {
        apply_nth(&mut writer, n, 50);
    }
    writer.commit().unwrap();
    writer.flush().unwrap();
}

fn quarantined(opened: &Opened) -> (RebuildReason, PathBuf) {
    match opened {
        Opened::Quarantined { reason, moved_to } => (*reason, moved_to.clone()),
        other => panic!("not quarantined: {other:?}"),
    }
}

#[test]
fn states_positions_and_timeline_survive_a_restart() {
    let dir = tempdir();
    let (store, mut writer, opened) = open(dir.path());
    assert_eq!(opened, Opened::Fresh);
    assert_eq!(store.snapshot().positions().unwrap(), vec![0, 0]);
    for n in 0..500 {
        apply_nth(&mut writer, n, 50);
        if n % 7 == 0 {
            writer.commit().unwrap();
        }
    }
    writer.commit().unwrap();
    writer.flush().unwrap();
    let before = dump(&store);
    assert_eq!(before, Model::at(&[250, 250], 50).states);
    drop((store, writer));

    let (store, writer, opened) = open(dir.path());
    assert_eq!(opened, Opened::Reused);
    assert_eq!(writer.positions(), [250, 250]);
    assert_eq!(store.snapshot().positions().unwrap(), vec![250, 250]);
    assert_eq!(dump(&store), before);
}

#[test]
fn how_far_each_log_has_come_survives_a_restart() {
    let dir = tempdir();
    let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
    let (store, mut writer, _) = open(dir.path());
    assert_eq!(writer.receive(0, at(50)), at(50));
    assert_eq!(writer.receive(0, at(20)), at(50), "a record that was dated back");
    assert_eq!(writer.receive(1, at(20)), at(20), "each partition by itself");
    assert_eq!(writer.receive(2, at(20)), at(20), "one that is none is refused by `advance`");
    writer.advance(0, 2).unwrap();
    writer.commit().unwrap();
    assert_eq!(writer.receive(0, at(70)), at(70), "not committed");
    writer.flush().unwrap();
    drop((store, writer));

    let (_store, mut writer, opened) = open(dir.path());
    assert_eq!(opened, Opened::Reused);
    assert_eq!(writer.receive(0, at(1)), at(50), "as far as the positions go");
    assert_eq!(writer.receive(1, at(1)), at(1), "nothing of it was applied");
}

/// A batch that is read again, and a commit in the middle of one, give every record the times it had.
#[test]
fn what_is_received_again_has_come_as_far_as_before() {
    let dir = tempdir();
    let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
    let (store, mut writer, _) = open(dir.path());
    assert_eq!(writer.receive(0, at(50)), at(50));
    writer.advance(0, 1).unwrap();
    assert_eq!(writer.receive(0, at(70)), at(70));
    writer.set_back(0);
    assert_eq!(writer.receive(0, at(60)), at(60));
    // `apply` commits by itself when a batch outgrows its bound
    writer.commit().unwrap();
    writer.flush().unwrap();
    drop((store, writer));
    let (_store, mut writer, _) = open(dir.path());
    assert_eq!((writer.positions()[0], writer.receive(0, at(1))), (1, at(50)));
}

#[test]
fn states_come_in_the_order_asked_for() {
    let dir = tempdir();
    let (store, mut writer, _) = open(dir.path());
    for n in 0..200 {
        apply_nth(&mut writer, n, 50);
    }
    writer.commit().unwrap();
    let model = Model::at(&[100, 100], 50).states;
    let mut keys: Vec<SubjectKey> = (0..80).map(|n| subject(1 + n % 2, n / 2)).collect();
    keys.push(keys[0]); // the same subject twice
    for flushed in [false, true] {
        if flushed {
            writer.flush().unwrap();
        }
        let snapshot = store.snapshot();
        let states = snapshot.states(&keys).unwrap();
        assert_eq!(states.len(), keys.len());
        for (key, state) in keys.iter().zip(&states) {
            assert_eq!(state.as_deref(), model.get(key).map(Vec::as_slice));
        }
        assert!(states.iter().any(Option::is_some) && states.iter().any(Option::is_none));
    }
    assert!(store.snapshot().states(&[]).unwrap().is_empty());
}

#[test]
fn a_snapshot_does_not_see_later_commits() {
    let dir = tempdir();
    let (store, mut writer, _) = open(dir.path());
    for n in 0..100 {
        apply_nth(&mut writer, n, 20);
    }
    writer.commit().unwrap();
    let early = store.snapshot();
    let keys: Vec<SubjectKey> = (0..20).flat_map(|n| [subject(1, n), subject(2, n)]).collect();
    let model = Model::at(&[50, 50], 20).states;
    for n in 100..400 {
        apply_nth(&mut writer, n, 20);
        writer.commit().unwrap();
    }
    writer.flush().unwrap();
    assert_eq!(early.positions().unwrap(), vec![50, 50]);
    for (key, state) in keys.iter().zip(early.states(&keys).unwrap()) {
        assert_eq!(state.as_deref(), model.get(key).map(Vec::as_slice));
    }
    let late = store.snapshot();
    assert_eq!(late.positions().unwrap(), vec![200, 200]);
    assert!(late.sequence() > early.sequence());
}

#[test]
fn readers_see_whole_commits_while_the_writer_goes_on() {
    let dir = tempdir();
    let (store, mut writer, _) = open(dir.path());
    let keys: Vec<SubjectKey> = (0..60).flat_map(|n| [subject(1, n), subject(2, n)]).collect();
    let read = || {
        let snapshot = store.snapshot();
        let states = snapshot.states(&keys).unwrap();
        let known = keys.iter().zip(states);
        let known = known.filter_map(|(key, state)| Some((*key, state?.to_vec())));
        let positions = snapshot.positions().unwrap();
        assert_eq!(known.collect::<States>(), Model::at(&positions, 60).states, "at {positions:?}");
        positions[0]
    };
    let goal = 1_500;
    std::thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| while read() < goal {});
        }
        for n in 0..2 * goal as u64 {
            apply_nth(&mut writer, n, 60);
            if n % 20 == 19 {
                writer.commit().unwrap();
            }
            if n % 300 == 299 {
                writer.flush().unwrap();
            }
        }
    });
}

#[test]
fn uncommitted_changes_are_read_by_the_writer_and_by_nobody_else() {
    let dir = tempdir();
    let (store, mut writer, _) = open(dir.path());
    let event = Event::nth(3, 5);
    let source = source_of(3);
    assert!(event.apply(&mut writer, source));
    assert!(!event.apply(&mut writer, source), "the same event again");
    assert!(dump(&store).is_empty());
    writer.commit().unwrap();
    assert!(!event.apply(&mut writer, source));
    assert!(!dump(&store).is_empty());
}

#[test]
fn prefetching_changes_nothing_but_the_speed() {
    let dir = tempdir();
    let (store, mut writer, _) = open(dir.path());
    for n in 0..600 {
        if n % 50 == 0 {
            let next = (n..n + 50).map(|n| Event::nth(n, 40).subjects());
            let keys: Vec<SubjectKey> =
                next.flat_map(|s| s.contact.into_iter().chain(s.address)).collect();
            writer.prefetch(&keys).unwrap();
        }
        apply_nth(&mut writer, n, 40);
        if n % 50 == 49 {
            writer.commit().unwrap();
        }
    }
    assert_eq!(dump(&store), Model::at(&[300, 300], 40).states);
}

#[test]
fn every_mismatch_moves_the_store_aside() {
    type Change = fn(&mut Identity);
    let wrong: [(RebuildReason, Change); 5] = [
        (RebuildReason::OtherCluster, |i| i.cluster_id = "cluster-2".into()),
        (RebuildReason::OtherTopic, |i| i.topic = "consent".into()),
        (RebuildReason::TopicRecreated, |i| i.topic_id = "topic-2".into()),
        (RebuildReason::PartitionsChanged, |i| i.partitions = 1),
        (RebuildReason::OtherPepper, |i| i.pepper_id = [2; 8]),
    ];
    for (expected, change) in wrong {
        let dir = tempdir();
        fill(dir.path(), 40);
        let mut other = identity();
        change(&mut other);
        let (store, writer, opened) = Store::open(dir.path(), &other, MEMORY).unwrap();
        let (reason, moved_to) = quarantined(&opened);
        assert_eq!(reason, expected);
        assert!(moved_to.join("CURRENT").exists());
        assert!(moved_to.to_string_lossy().ends_with(expected.as_str()));
        assert!(dump(&store).is_empty());
        assert!(writer.positions().iter().all(|position| *position == 0));
        assert_eq!(writer.positions().len(), other.partitions as usize);
    }
}

#[test]
fn another_format_or_layout_moves_the_store_aside() {
    for (byte, expected) in [
        (8, RebuildReason::StoreLayout),
        (9, RebuildReason::StateFormat),
        (0, RebuildReason::NoHeader),
    ] {
        let dir = tempdir();
        {
            let (store, _writer, _) = open(dir.path());
            let meta = store.inner.family("meta").unwrap();
            let mut header = crate::store::header::encode(&identity());
            header[byte] = header[byte].wrapping_add(1);
            store.inner.db.put_cf(meta, "header", header).unwrap();
        }
        assert_eq!(quarantined(&open(dir.path()).2).0, expected);
    }
}

#[test]
fn a_topic_id_that_was_unknown_is_learned_once() {
    let dir = tempdir();
    let unknown = Identity { topic_id: String::new(), ..identity() };
    let recreated = Identity { topic_id: "topic-2".into(), ..identity() };
    drop(Store::open(dir.path(), &unknown, MEMORY).unwrap());
    assert_eq!(open(dir.path()).2, Opened::Reused);
    assert_eq!(Store::open(dir.path(), &unknown, MEMORY).unwrap().2, Opened::Reused);
    let (_, _, opened) = Store::open(dir.path(), &recreated, MEMORY).unwrap();
    assert_eq!(quarantined(&opened).0, RebuildReason::TopicRecreated);
}

#[test]
fn a_marked_store_is_moved_aside_once() {
    let dir = tempdir();
    fill(dir.path(), 40);
    mark_for_rebuild(dir.path(), RebuildReason::LogTruncated).unwrap();
    let (store, _writer, opened) = open(dir.path());
    assert_eq!(quarantined(&opened).0, RebuildReason::LogTruncated);
    assert!(dump(&store).is_empty());
    drop((store, _writer));
    assert_eq!(open(dir.path()).2, Opened::Reused);
}

#[test]
fn a_store_marked_while_open_is_rebuilt_in_the_same_process() {
    let dir = tempdir();
    fill(dir.path(), 40);
    let (store, writer, _) = open(dir.path());
    store.mark_for_rebuild(RebuildReason::LogTruncated).unwrap();
    drop((store, writer));
    assert_eq!(quarantined(&open(dir.path()).2).0, RebuildReason::LogTruncated);
}

#[test]
fn a_store_whose_creation_was_cut_off_is_no_evidence() {
    let dir = tempdir();
    fill(dir.path(), 0);
    std::fs::write(dir.path().join("CREATING"), "").unwrap();
    std::fs::remove_file(dir.path().join("db/CURRENT")).unwrap();
    assert_eq!(open(dir.path()).2, Opened::Fresh);
    assert_eq!(open(dir.path()).2, Opened::Reused);
}

#[test]
fn a_marker_without_words_counts_as_damage() {
    let dir = tempdir();
    fill(dir.path(), 40);
    std::fs::write(dir.path().join("REBUILD"), "").unwrap();
    assert_eq!(quarantined(&open(dir.path()).2).0, RebuildReason::Damaged);
}

#[test]
fn the_newest_two_are_kept() {
    let dir = tempdir();
    let mut moved = Vec::new();
    for _ in 0..4 {
        fill(dir.path(), 4);
        mark_for_rebuild(dir.path(), RebuildReason::Requested).unwrap();
        moved.push(quarantined(&open(dir.path()).2).1);
    }
    let kept: Vec<bool> = moved.iter().map(|path| path.exists()).collect();
    assert_eq!(kept, [false, false, true, true]);
}

#[test]
fn a_directory_in_use_is_named() {
    let dir = tempdir();
    let _open = open(dir.path());
    let Err(error) = Store::open(dir.path(), &identity(), MEMORY) else { panic!("opened twice") };
    assert!(matches!(error, StoreError::Locked { .. }));
    assert!(error.to_string().contains(&dir.path().display().to_string()));
    assert_eq!(error.exit_code(), crate::exit::ExitCode::TryAgain);
}

#[test]
fn a_disk_that_refuses_is_an_error_and_no_damage() {
    let dir = tempdir();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let Err(error) = Store::open(&file.join("state"), &identity(), MEMORY) else {
        panic!("opened below a file")
    };
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    assert_eq!(error.exit_code(), crate::exit::ExitCode::Storage);
}

#[test]
fn nobody_else_reads_the_directory() {
    let parent = tempdir();
    let dir = parent.path().join("state");
    let _open = open(&dir);
    let mode = std::fs::metadata(&dir).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

/// Made by somebody else with a mode of his own, as the directory of a pepper once was, or a volume.
#[test]
fn nobody_else_can_look_into_the_store() {
    let dir = tempdir();
    let open_to_all = |path: &Path| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let database = dir.path().join(super::super::layout::DB_DIR);
    open_to_all(dir.path());
    drop(open(dir.path()));
    assert_eq!([mode(dir.path()), mode(&database)], [0o700, 0o700]);
    // and when it is opened again
    open_to_all(dir.path());
    open_to_all(&database);
    drop(open(dir.path()));
    assert_eq!([mode(dir.path()), mode(&database)], [0o700, 0o700]);
}
