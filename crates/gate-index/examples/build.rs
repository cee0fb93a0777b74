//! How fast an index is built, and how large it becomes.
//!
//! `cargo run --release -p gate-index --example build -- [decisions] [in a record] [uuid|short]`

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measurement for people"
)]

use gate_index::{
    Applied, Bucket, Dimension, Filter, Identity, Index, Person, Place, Prefix, Settings, Window,
};
use gate_log::{Context, DecisionBatch, Instant as LogInstant, Shape};
use std::borrow::Cow;
use std::time::Instant;

/// People behind a thousand decisions.
const PEOPLE_PER_MILLE: u64 = 300;
const FIRST_MICROS: i64 = 1_790_000_000_000_000;
/// Between two records of a partition.
const STEP_MICROS: i64 = 250_000;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// How long something took, by the clock and on this thread's CPU.
#[derive(Default)]
struct Took {
    wall: std::time::Duration,
    cpu_s: f64,
}

impl Took {
    fn time(&mut self, work: impl FnOnce()) {
        let (begin, cpu) = (Instant::now(), cpu_s());
        work();
        self.wall += begin.elapsed();
        self.cpu_s += cpu_s() - cpu;
    }
}

/// Seconds that this thread has run.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = stat.split(' ').next().and_then(|it| it.parse::<f64>().ok());
    nanos.unwrap_or(f64::NAN) / 1e9
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let n: u64 = arguments.next().map_or(1_000_000, |it| it.parse().unwrap());
    let in_a_record: usize = arguments.next().map_or(200, |it| it.parse().unwrap());
    let has_uuids = arguments.next().is_none_or(|it| it == "uuid");
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings::default();
    let opened = Index::open(dir.path(), &Identity::default(), &settings).unwrap();
    let (index, mut writer) = (opened.index, opened.writer);
    let mut random = Random(1);
    let n_people = (n * PEOPLE_PER_MILLE / 1_000).max(1);
    let (mut n_done, mut record) = (0, 0i64);
    let (mut building, mut logged) = (Took::default(), 0);
    while n_done < n {
        let batches: Vec<DecisionBatch<'_>> = (0..16)
            .map(|nth| batch(&mut random, record + nth, in_a_record, n_people, has_uuids))
            .collect();
        logged += batches.iter().map(|batch| batch.encode().unwrap().len()).sum::<usize>();
        let applied: Vec<Applied<'_>> = (record..)
            .zip(&batches)
            .map(|(record, batch)| {
                let place = Place { partition: batch.source_partition, offset: record / 2 * 2 };
                Applied::Decisions { place, batch }
            })
            .collect();
        building.time(|| writer.apply(&applied).unwrap());
        record += 16;
        n_done += 16 * in_a_record as u64;
    }
    building.time(|| writer.flush().unwrap());
    println!(
        "{n_done} decisions in records of {in_a_record}, {} bytes of log each before zstd",
        logged as u64 / n_done
    );
    println!(
        "built in {:.2?}: {:.0} decisions/s; {:.2} s on the CPU of this thread, {:.0} decisions/s",
        building.wall,
        n_done as f64 / building.wall.as_secs_f64(),
        building.cpu_s,
        n_done as f64 / building.cpu_s
    );
    let say = |when: &str| {
        let figures = index.figures().unwrap();
        println!("{when}: {:.1} bytes a decision", figures.disk_bytes as f64 / n_done as f64);
        for (family, bytes) in figures.disk_bytes_of {
            println!("  {family:<10}{:.1}", bytes as f64 / n_done as f64);
        }
    };
    say("as it was written");
    let begin = Instant::now();
    writer.compact().unwrap();
    say(&format!("compacted in {:.1?}", begin.elapsed()));
    ask(&index, &mut random, n_people);
}

fn ask(index: &Index, random: &mut Random, n_people: u64) {
    let begin = Instant::now();
    let mut found = 0;
    for _ in 0..1_000 {
        let person = Person { contact: contact(random.below(n_people)), address: None };
        found += index.of_person(&person, None, 100).unwrap().items.len();
    }
    println!("a person: {:.0?} ({found} decisions of 1000 people)", begin.elapsed() / 1_000);
    let filter = |campaign: &str| Filter { campaign: Some(campaign.into()), ..Filter::default() };
    for (what, filter) in [
        ("everything", Filter::default()),
        ("a campaign", filter("campaign-7")),
        ("a rare campaign", filter("rare")),
        ("no campaign at all", filter("nothing")),
    ] {
        let begin = Instant::now();
        let page = index.list(&filter, None, 100).unwrap();
        let cut = if page.is_cut_off { ", cut off" } else { "" };
        println!("list of {what}: {:.1?} ({}{cut})", begin.elapsed(), page.items.len());
    }
    let by = [Dimension::Outcome, Dimension::Reason, Dimension::Channel];
    let begin = Instant::now();
    let counts = index.counts(&Window::default(), &Filter::default(), &by, Bucket::Hour).unwrap();
    println!(
        "counts by hour: {:.1?} ({} rows, {} decisions)",
        begin.elapsed(),
        counts.rows.len(),
        counts.n_decisions
    );
}

fn contact(nth: u64) -> Option<Prefix> {
    let [_, _, bytes @ ..] = (Random(nth).next() >> 1 | 1).to_be_bytes();
    Prefix::new(bytes)
}

fn batch(
    random: &mut Random,
    record: i64,
    n: usize,
    n_people: u64,
    has_uuids: bool,
) -> DecisionBatch<'static> {
    let text = |text: String| Some(Cow::Owned(text));
    let shapes = (0..24).map(|nth| Shape {
        channel: text(["email", "sms", "push", "voice_live"][nth % 4].to_owned()),
        outcome: Cow::Borrowed(["approved", "blocked", "deferred"][nth % 3]),
        reason: Cow::Owned(format!("reason.number_{nth}")),
        reasons: vec![Cow::Owned(format!("reason.number_{nth}"))],
        jurisdictions: vec![Cow::Borrowed(["GB", "DE", "FR", "US-CA"][nth % 4])],
        ..Shape::default()
    });
    let contexts = (0..12u64).map(|nth| Context {
        purpose: text("marketing.newsletter".to_owned()),
        brand: text(format!("brand-{}", nth % 3)),
        controller: text("shop".to_owned()),
        campaign: text(match nth {
            11 if record == 1 => "rare".to_owned(),
            _ => format!("campaign-{nth}"),
        }),
        probe: false,
    });
    let (partition, first) = ((record % 2) as i32, record / 2 * n as i64);
    let mut out = DecisionBatch {
        source_topic: Cow::Borrowed("outbound-message"),
        source_partition: partition,
        first_offset: first,
        evaluated_at: FIRST_MICROS + record * STEP_MICROS,
        policy_revision: Cow::Borrowed("0f6b7c"),
        shapes: shapes.collect(),
        contexts: contexts.collect(),
        ..DecisionBatch::default()
    };
    for nth in 0..n {
        out.offsets.push(i32::from(nth > 0));
        let id = if has_uuids {
            let (a, b) = (random.next(), random.next());
            format!(
                "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
                a >> 32,
                a >> 16 & 0xFFFF,
                a & 0xFFF,
                b >> 48 & 0xFFF,
                b & 0xFFFF_FFFF_FFFF
            )
        } else {
            format!("m-{}", first + nth as i64)
        };
        out.message_ids.push(Some(Cow::Owned(id)));
        out.shape.push(random.below(24) as i32);
        out.context.push(random.below(12) as i32);
        let person = contact(random.below(n_people)).unwrap();
        out.contacts.extend_from_slice(person.expose());
        let mut address = *person.expose();
        address[0] |= 0x80;
        address[5] ^= 0x5A;
        out.addresses.extend_from_slice(&address);
        out.evidence.extend_from_slice(&[0; 4]);
        if random.below(20) == 0 {
            let at = out.evaluated_at + 3_600_000_000;
            out.not_before.push(LogInstant { nth: nth as i32, at });
        }
    }
    out
}
