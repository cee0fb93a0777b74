//! How fast people are compared, and how much memory and disk it takes: `speed [MILLIONS OF PEOPLE]`, runs in files of the
//! system's temporary directory. Every person has agreed here, one in ten refused here, one in ten is on the list.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "an example"
)]

use gate_core::{SubjectKey, Timestamp};
use gate_intake::{Source, SourceSpec};
use gate_reconcile::{Class, Diff, Frame, Kind, Lane, Merge, Row, Rows, Said, Sorter};
use std::fs::{self, File};
use std::io::{BufReader, Write as _};
use std::time::Instant;

fn key(number: u64) -> SubjectKey {
    // spread like a hash
    let high = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let low = high.rotate_left(31).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    SubjectKey((u128::from(high) << 64 | u128::from(low)).to_be_bytes())
}

fn main() {
    let millions: u64 = std::env::args().nth(1).map_or(1, |text| text.parse().unwrap());
    let people = millions * 1_000_000;
    let dir = std::env::temp_dir().join("gate-reconcile-speed");
    fs::create_dir_all(&dir).unwrap();
    let began = Instant::now();
    let mut sorter = Sorter::default();
    let (mut n_rows, mut n_bytes, mut files) = (0_u64, 0, Vec::new());
    for number in 0..people {
        let at = Some(Timestamp::from_micros(number.cast_signed()));
        let ours = |said| Row::ours(key(number), said, Lane::Everything, Kind::Unsubscribe, at);
        let address = Some(format!("person{number}@example.com").into());
        let mut rows = vec![ours(Said::Agreed)];
        match number % 20 {
            0 => rows.extend([ours(Said::Refused), Row { address, ..ours(Said::There) }]),
            1 => rows.push(ours(Said::Refused)),
            2 => rows.push(Row { address, ..ours(Said::There) }),
            _ => {}
        }
        for row in rows {
            n_rows += 1;
            let Some(run) = sorter.push(row).unwrap() else { continue };
            let path = dir.join(files.len().to_string());
            File::create(&path).unwrap().write_all(&run).unwrap();
            n_bytes += run.len();
            files.push(path);
        }
    }
    let sorted = began.elapsed();
    type Run = Box<dyn Iterator<Item = std::io::Result<Row>>>;
    let mut runs: Vec<Run> = Vec::new();
    for path in &files {
        runs.push(Box::new(Rows::new(BufReader::new(File::open(path).unwrap()))));
    }
    let n_files = files.len();
    runs.push(Box::new(sorter.finish().into_iter().map(Ok)));
    let mut found = [0_u64; Class::ALL.len()];
    let spec = SourceSpec {
        name: "s".to_owned(),
        provider: "sendgrid".to_owned(),
        ..SourceSpec::default()
    };
    let source = Source::for_lists(spec, &|_| Err(String::new())).unwrap();
    let frame = Frame::of(&source).unwrap();
    for finding in Diff::new(Merge::new(runs).unwrap(), &frame) {
        let class = finding.unwrap().class;
        found[Class::ALL.into_iter().position(|one| one == class).unwrap()] += 1;
    }
    println!("{n_rows} rows, {n_files} files of {n_bytes} bytes in all; found {found:?}");
    println!("sorted in {sorted:.1?}, compared in {:.1?}", began.elapsed() - sorted);
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
    fs::remove_dir_all(dir).unwrap();
}
