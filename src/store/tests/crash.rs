//! A killed process leaves a store that stands at some earlier moment of the log, exactly.

use super::*;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const SUBJECTS: u64 = 3_000;
const CHILD_DIR: &str = "CONSENT_GATE_STORE_TEST_DIR";
const KILLS: u64 = 8;

#[test]
fn without_a_flush_the_earlier_positions_come_with_the_earlier_states() {
    let dir = tempdir();
    let (store, mut writer, _) = open(dir.path());
    for n in 0..200 {
        apply_nth(&mut writer, n, 50);
    }
    writer.commit().unwrap();
    writer.flush().unwrap();
    for n in 200..500 {
        apply_nth(&mut writer, n, 50);
        writer.commit().unwrap();
    }
    // the files as a kill -9 would leave them
    let copy = tempdir();
    copy_dir(&dir.path().join("db"), &copy.path().join("db"));
    let (killed, mut resumed, opened) = open(copy.path());
    assert_eq!(opened, Opened::Reused);
    assert_eq!(resumed.positions(), [100, 100]);
    assert_eq!(dump(&killed), Model::at(&[100, 100], 50).states);
    for n in 200..500 {
        apply_nth(&mut resumed, n, 50);
    }
    resumed.commit().unwrap();
    assert_eq!(dump(&killed), dump(&store));
}

#[test]
fn closing_without_a_flush_loses_nothing_or_everything_since() {
    let dir = tempdir();
    let (store, mut writer, _) = open(dir.path());
    for n in 0..300 {
        apply_nth(&mut writer, n, 50);
    }
    writer.commit().unwrap();
    drop((store, writer));
    let (store, writer, _) = open(dir.path());
    assert_eq!(dump(&store), Model::at(writer.positions(), 50).states);
}

/// Not a test of its own: the process that `a_killed_process_resumes_exactly` starts and kills.
#[test]
fn child_that_is_killed() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else {
        return;
    };
    let (_store, mut writer, _) = open(Path::new(&dir));
    let mut n: u64 = writer.positions().iter().map(|p| *p as u64).sum();
    loop {
        for _ in 0..200 {
            apply_nth(&mut writer, n, SUBJECTS);
            n += 1;
        }
        writer.commit().unwrap();
        if mix(n).is_multiple_of(16) {
            writer.flush().unwrap();
        }
    }
}

fn start_child(dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::tests::crash::child_that_is_killed"])
        .arg("--test-threads=1")
        .env(CHILD_DIR, dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_killed_process_resumes_exactly() {
    let dir = tempdir();
    let mut reached = 0;
    for nth in 0..KILLS {
        let mut child = start_child(dir.path());
        // on a busy machine a child gets nowhere in so short a time: longer, until one does
        let slowness = if reached == 0 { 1 + nth } else { 1 };
        std::thread::sleep(Duration::from_millis((150 + mix(nth) % 250) * slowness));
        assert!(child.try_wait().unwrap().is_none(), "the child ended by itself");
        child.kill().unwrap();
        child.wait().unwrap();
        let (store, writer, opened) = open(dir.path());
        assert!(matches!(opened, Opened::Reused | Opened::Fresh), "{opened:?}");
        let positions = writer.positions();
        assert_eq!(dump(&store), Model::at(positions, SUBJECTS).states);
        let now: i64 = positions.iter().sum();
        assert!(now >= reached, "positions went back after a kill");
        reached = now;
    }
    assert!(reached > 0, "no child got far enough to flush");
}
