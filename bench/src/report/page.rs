//! The text of the page.

use crate::figures::Figures;
use crate::machine::Circumstances;
use crate::table::{self, Style};

const HEAD: &str = "\
<!-- Written by `gate-bench report` from docs/performance/figures.json; change bench/src/report/page.rs, or notes.md. -->
# Performance

How fast the gate is beside the same gate on Kafka Streams (the peer) and beside the floor of the client library,
measured in one run on one broker on one machine, alternating. The gate is the program as released: full policy packs,
barrier, exactly-once, one snapshot a batch, decision headers on every record. Nothing is switched off.

";

const REPEAT: &str = "
## Repeat it

```sh
make bench                                              # everything; needs the peer in ../shared/peer for its columns
make bench BENCH_ARGS='throughput latency --runs 3'     # some of it
target/release/gate-bench --help                        # sizes, places
target/release/gate-bench report                        # this page again, from target/bench/figures.json
```

`figures.json` holds every single run with machine, load, versions and commit of its part. Medians are over the runs of
one part; a ratio is one of medians of the same part. Wall-clock figures depend on who else uses the machine: look at the
load averages, and prefer CPU-seconds and ratios.
";

/// Longest line of a paragraph.
const COLUMNS: usize = 120;

/// All of it.
pub(super) fn text(figures: &Figures, notes: &str) -> String {
    let mut page = HEAD.to_owned();
    page += "## Targets\n\n";
    page += &format!("{}\n", table::of_targets(figures, Style::Markdown));
    page += &machine(figures);
    for section in [
        throughput(figures),
        latency(figures),
        enforcement(figures),
        door(figures),
        restore(figures),
        recovery(figures),
        barrier(figures),
        scaling(figures),
    ] {
        page += &section;
    }
    if !notes.is_empty() {
        page += "\n";
        page += notes.trim_end();
        page += "\n";
    }
    wrapped(&page) + REPEAT
}

/// Paragraphs broken into lines of a length that a diff can show; tables, headings and lists stay as they are.
fn wrapped(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut used = 0;
        let is_prose = line.starts_with(|first: char| first.is_alphanumeric() || first == '`');
        for word in line.split(' ').filter(|_| is_prose) {
            let width = word.chars().count();
            if used > 0 && used + 1 + width > COLUMNS {
                out.push('\n');
                used = 0;
            } else if used > 0 {
                out.push(' ');
                used += 1;
            }
            out.push_str(word);
            used += width;
        }
        if !is_prose {
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}

/// Where each part was measured.
fn machine(figures: &Figures) -> String {
    let parts: [(&str, Option<&Circumstances>); 8] = [
        ("throughput", figures.throughput.as_ref().map(|s| &s.circumstances)),
        ("latency", figures.latency.as_ref().map(|s| &s.circumstances)),
        ("enforcement", figures.enforcement.as_ref().map(|s| &s.circumstances)),
        ("door", figures.door.as_ref().map(|s| &s.circumstances)),
        ("restore", figures.restore.as_ref().map(|s| &s.circumstances)),
        ("recovery", figures.recovery.as_ref().map(|s| &s.circumstances)),
        ("barrier", figures.barrier.as_ref().map(|s| &s.circumstances)),
        ("scaling", figures.scaling.as_ref().map(|s| &s.circumstances)),
    ];
    let mut text = "\n## Machine\n\n".to_owned();
    if let Some(c) = parts.iter().find_map(|(_, circumstances)| *circumstances) {
        let v = &c.versions;
        text += &format!(
            "{} cores of {}, {} MiB, Linux {}. Broker, load, gate and reader share them. Gate {}, librdkafka {}, \
             Apache Kafka {} (one broker, KRaft, 4 partitions a topic), Java {}.\n\n",
            c.cores, c.processor, c.memory_mib, c.kernel, v.gate, v.librdkafka, v.kafka, v.java
        );
    }
    text += "| part | began | commit | load average before | used by others meanwhile |\n|---|---|---|---|---|\n";
    for (name, circumstances) in parts {
        text += &circumstances.map_or_else(
            || format!("| {name} | not measured | | | |\n"),
            |c| {
                let [one, five, fifteen] = c.load_average;
                let foreign = c.foreign_cpu_share.map(|share| share * 100.0);
                let foreign = table::number(foreign, 0);
                let (began, commit) = (&c.began, &c.commit);
                format!(
                    "| {name} | {began} | `{commit}` | {one} {five} {fifteen} | {foreign} % |\n"
                )
            },
        );
    }
    text + "\nA `+` behind a commit: files in the tree differed from it. What others use of the processors is missing for \
            the broker and whoever is measured: above a few per cent, wall-clock figures and latencies say little.\n"
}

fn throughput(figures: &Figures) -> String {
    let Some(section) = &figures.throughput else { return String::new() };
    let f = &section.figures;
    format!(
        "\n## Throughput, CPU, memory\n\n\
         {} contacts with consent (an opt-in each, an opt-out for every fifth), a backlog of {} messages of 600 bytes, the \
         peer's formulas; {} lanes, `state.memory_bytes` {} MiB. Each run is a new process with a new group on new output \
         topics over the same backlog; the store is filled before, and the broker has run some rounds of the floor that do \
         not count, since a virtual machine that was just started is slow. What counts is the window from the first to the last \
         offset the group has committed, looked up at the broker every 20 ms in the same way for all; rate, CPU of the process \
         (difference of `/proc/PID/stat`) and CPU of the broker are those of that window, start-up is outside. Peak memory is \
         `VmHWM`, start-up included. Avro is the same content in the single-object encoding. A gate run counts only when its \
         decisions are those the data set calls for.\n\n\
         The floor is `gate-bench floor`: the gate's own clients and settings, consume in native batches, produce key and value \
         unchanged to one topic without headers, offsets and commit in one transaction of up to 10,000 records, and nothing else.\n\n\
         {}\n\n![throughput](performance/throughput.svg)\n\n![CPU](performance/cpu.svg)\n",
        table::number(Some(f.contacts as f64), 0),
        table::number(Some(f.messages as f64), 0),
        f.lanes,
        f.memory_bytes >> 20,
        table::throughput(f, Style::Markdown)
    )
}

fn latency(figures: &Figures) -> String {
    let Some(section) = &figures.latency else { return String::new() };
    let f = &section.figures;
    format!(
        "\n## Latency\n\n\
         An open-loop load for {} s after 15 s of warm-up; each message counts from the moment it was *due* to be produced \
         (acks=all, no linger) to its arrival at a `read_committed` reader of the outputs. {} contacts. The peer is paced and \
         read by its own harness in the same way. Medians over the runs:\n\n\
         {}\n\n![latency](performance/latency.svg)\n",
        f.seconds,
        table::number(Some(f.contacts as f64), 0),
        table::latency(f, Style::Markdown)
    )
}

fn enforcement(figures: &Figures) -> String {
    let Some(section) = &figures.enforcement else { return String::new() };
    let rates = section.figures.rounds.iter().map(|round| round.messages_per_s);
    let rate = table::number(crate::stats::median(rates), 0);
    let own = [0.5, 0.99].map(|share| table::number(section.figures.own_bound_ms(share), 0));
    let [own_p50, own_p99] = own;
    format!(
        "\n## Enforcement\n\n\
         While the gate works off a backlog at full speed (here {rate} messages/s), an opt-out every 25 ms: from its \
         acknowledgement (acks=all) to the moment `/metrics` shows its offset as applied, seen from outside, so the way to the \
         endpoint and back is included. By the gate's own histogram (record timestamp to applied) half of them took at most \
         {own_p50} ms and 99 of 100 at most {own_p99} ms. No message taken up after the acknowledgement is decided without it in any case: \
         the barrier waits.\n\n![enforcement](performance/enforcement.svg)\n"
    )
}

fn door(figures: &Figures) -> String {
    let Some(section) = &figures.door else { return String::new() };
    let f = &section.figures;
    let mut sorted = f.enforced_ms.clone();
    sorted.sort_by(f64::total_cmp);
    let shown = |share| table::number(crate::stats::percentile(&sorted, share), 1);
    let c = &section.circumstances;
    format!(
        "\n## The people's door\n\n\
         Opt-outs posted to `/v1/consent-changes` of one door over 64 kept connections (large posts: 8), beside a gate that applies \
         each of them; broker (one, so `acks=all` is one replica), gate, door and clients share {} cores. A paced load is open: a post counts from the \
         moment it was due. After each run every record is read back from Kafka, and each change that was answered for is looked for by its \
         event id. *Silent connections* say nothing and *slow ones* send a letter of their headers or body each half second, from the \
         clients' own address; the door keeps 4,096 connections and cuts the others, who come back after a second. *Sent again*: attempts that were cut or sent away, repeated by \
         the client as a provider does.\n\n{}\n\n\
         One opt-out after the other, from the post to the answer that it is in force (`?wait=enforced`), nothing else going on: p50 {} ms, \
         p99 {} ms, at most {} ms, n = {}.\n",
        c.cores,
        table::door(f, Style::Markdown),
        shown(0.5),
        shown(0.99),
        shown(1.0),
        sorted.len()
    )
}

fn restore(figures: &Figures) -> String {
    let Some(section) = &figures.restore else { return String::new() };
    let f = &section.figures;
    let plots = if f.large.is_some() {
        "\n![restore](performance/restore.svg)\n\n![memory](performance/restore-memory.svg)\n"
    } else {
        ""
    };
    let cap = f.large.as_ref().map_or_else(String::new, |large| {
        format!(
            " The large round ran with `state.memory_bytes` {} MiB; afterwards a backlog over all its contacts was decided \
             at {} messages/s with a peak of {} MiB.",
            large.memory_bytes >> 20,
            table::number(Some(large.load.window.messages_per_s()), 0),
            table::number(Some(large.load.peak_rss_mib), 0)
        )
    });
    format!(
        "\n## Restore\n\n\
         An empty state directory, all consent in the topic. Gate: from the start of the process to 200 from `/readyz`, \
         start-up included. *Checkpoint*: the same with a checkpoint of the whole store (`state.checkpoints.dir`) beside it; \
         changes are then those the store stands for, none of them is folded, and every byte is hashed. *Linked*: on the file \
         system of the state, out of the page cache before. *Copied*: from `/dev/shm` to the disk of the state and synced, since \
         this machine has one disk; a slower source would add its reading. Peer: from the start of Kafka Streams in a running virtual machine to RUNNING, from its changelog.\
         {cap}\n\n{}\n{plots}",
        table::restore(f, Style::Markdown)
    )
}

fn recovery(figures: &Figures) -> String {
    let Some(section) = &figures.recovery else { return String::new() };
    let f = &section.figures;
    let peer = figures.restore.as_ref().and_then(|section| {
        let runs = section.figures.runs.iter();
        crate::stats::median(runs.filter_map(|run| run.kill_to_running_s))
    });
    let peer = peer.map_or_else(
        || "The peer was not measured.".to_owned(),
        |seconds| format!("The peer is back (RUNNING, store in place) {seconds:.1} s after its kill, by its own harness."),
    );
    format!(
        "\n## Recovery\n\n\
         `kill -9` under {} messages/s, seen by a `read_committed` reader. *Same instance*: started at once; {} kills, to the \
         first decision of the new process. *Second decides*: another instance lives on; until it has committed decisions in \
         every partition. *Second, visible*: until readers have every message due in the second after the kill, which an open \
         transaction of the killed instance can hold up. *Readers unblocked*: killed in the middle of a backlog, nobody \
         restarts; until readers see what was written behind the open transaction. The broker ends it after \
         `kafka.transaction_timeout_ms` and looks every 10 s (`transaction.abort.timed.out.transaction.cleanup.interval.ms`). \
         {peer}\n\n![recovery](performance/recovery.svg)\n",
        f.rate,
        f.again_ms.len()
    )
}

fn barrier(figures: &Figures) -> String {
    if figures.barrier.is_none() {
        return String::new();
    }
    "\n## The barrier\n\n\
     Its cost is the difference to the same program with the barrier switched off (`consent-gate-faults`, a build for tests \
     that must be able to fail), throughput and latency alternating. See the targets above.\n"
        .to_owned()
}

fn scaling(figures: &Figures) -> String {
    let Some(section) = &figures.scaling else { return String::new() };
    let f = &section.figures;
    format!(
        "\n## Scaling\n\n\
         Lanes, on the backlog of the throughput part:\n\n{}\n\n![lanes](performance/lanes.svg)\n\n\
         Contacts, in a store that is filled directly and read as a lane reads it (one snapshot and one sorted read of 2,000 \
         keys), uniformly at random over everybody, which is the worst case for any cache. Memory for caches and write \
         buffers: {} MiB.\n\n{}\n\n![contacts](performance/contacts.svg)\n",
        table::lanes(f, Style::Markdown),
        f.store_memory_bytes >> 20,
        table::contacts(f, Style::Markdown)
    )
}
