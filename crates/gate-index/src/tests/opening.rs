//! What becomes of a directory.

use super::{NOON, Said, decide, directory, identity, image, next, open, settings};
use crate::{Filter, Index, IndexError, Log, Rebuilt, Settings};
use std::fs;

fn fill(dir: &std::path::Path) {
    let mut opened = open(dir);
    assert_eq!(opened.rebuilt, None);
    decide(&mut opened, (0, 0), NOON, &[Said::default()]);
}

#[test]
fn an_index_goes_on_and_another_is_begun_again() {
    let dir = directory();
    fill(dir.path());
    assert_eq!(next(&open(dir.path()), 0), 1, "what is closed is on disk");
    for (why, change) in [
        (Rebuilt::OtherCluster, (|it| it.cluster_id.push('x')) as fn(&mut crate::Identity)),
        (Rebuilt::OtherTopic, |it| it.decision_log.name.push('x')),
        (Rebuilt::TopicRecreated, |it| it.consent_change.id.push('x')),
        (Rebuilt::OtherPepper, |it| it.pepper_id = [8; 8]),
    ] {
        let mut other = identity();
        change(&mut other);
        let copy = image(dir.path());
        let opened = Index::open(copy.path(), &other, &settings()).unwrap();
        assert_eq!(opened.rebuilt, Some(why));
        assert!(opened.index.positions(Log::Decisions).unwrap().is_empty());
        drop(opened);
        assert_eq!(Index::open(copy.path(), &other, &settings()).unwrap().rebuilt, None);
    }
}

#[test]
fn damage_is_seen_and_the_index_begun_again() {
    let dir = directory();
    fill(dir.path());
    let copy = image(dir.path());
    for entry in fs::read_dir(copy.path().join("db")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|it| it == "sst") {
            fs::write(&path, b"nonsense").unwrap();
        }
    }
    let opened = Index::open(copy.path(), &identity(), &settings()).unwrap();
    assert_eq!(opened.rebuilt, Some(Rebuilt::Damaged));

    // its creation was cut off
    let copy = image(dir.path());
    fs::remove_file(copy.path().join("db/CURRENT")).unwrap();
    let opened = Index::open(copy.path(), &identity(), &settings()).unwrap();
    assert_eq!(opened.rebuilt, Some(Rebuilt::Damaged));

    // a process that found damage left word
    let copy = image(dir.path());
    let opened = open(copy.path());
    let _error = opened.index.inner.damaged("for a test");
    drop(opened);
    assert_eq!(open(copy.path()).rebuilt, Some(Rebuilt::Damaged));
    assert_eq!(open(copy.path()).rebuilt, None, "once");
}

#[test]
fn a_directory_of_somebody_else_is_left_alone() {
    let dir = directory();
    fs::create_dir(dir.path().join("db")).unwrap();
    fs::write(dir.path().join("db/precious"), "x").unwrap();
    let refused = Index::open(dir.path(), &identity(), &settings()).err().unwrap();
    assert!(matches!(refused, IndexError::NotOurs { .. }), "{refused}");
    assert!(fs::exists(dir.path().join("db/precious")).unwrap());
    assert!(refused.to_string().contains("nothing is deleted"), "{refused}");
}

#[test]
fn two_do_not_write_one_index() {
    let dir = directory();
    let opened = open(dir.path());
    let refused = Index::open(dir.path(), &identity(), &settings()).err().unwrap();
    assert!(matches!(refused, IndexError::InUse { .. }), "{refused}");
    let reader = opened.index.clone();
    drop(opened);
    let refused = Index::open(dir.path(), &identity(), &settings()).err().unwrap();
    assert!(matches!(refused, IndexError::InUse { .. }), "a reader has it open: {refused}");
    drop(reader);
    open(dir.path());
}

#[test]
fn a_bound_that_cannot_hold_is_refused() {
    let dir = directory();
    let small = Settings { memory_bytes: 1 << 20, ..settings() };
    let refused = Index::open(dir.path(), &identity(), &small).err().unwrap();
    assert!(matches!(refused, IndexError::Memory { .. }), "{refused}");
}

#[test]
#[cfg(unix)]
fn nobody_else_may_look_into_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = directory();
    let dir = dir.path().join("new");
    let _opened = open(&dir);
    for path in [dir.clone(), dir.join("db")] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o700);
    }
}

/// A kill leaves an earlier moment of everything, never a part of a record.
#[test]
fn rows_and_positions_are_of_one_moment() {
    let dir = directory();
    let mut opened = open(dir.path());
    decide(&mut opened, (0, 0), NOON, &[Said::default()]);
    opened.writer.flush().unwrap();
    decide(&mut opened, (0, 1), NOON, &[Said { offset: 1, ..Said::default() }]);
    let killed = image(dir.path());
    let after = open(killed.path());
    assert_eq!((after.rebuilt, next(&after, 0)), (None, 1));
    assert_eq!(after.index.list(&Filter::default(), None, 10).unwrap().items.len(), 1);
    assert_eq!(opened.index.list(&Filter::default(), None, 10).unwrap().items.len(), 2);
}
