//! What is kept comes back as it was, and nothing else does: damage, strangers, other names, too many, brokers that are away.

use super::directory::{DirectoryError, SETS_MAX};
use super::set::SET_BYTES_MAX;
use super::*;
use crate::metrics::TopicNames;
use crate::policies::{PolicySource, Revision};
use gate_core::Timestamp;
use gate_policy::File;
use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

fn file(name: &str, text: &str) -> File {
    File { name: name.to_owned(), text: text.to_owned() }
}

fn set(text: &str) -> KeptSet {
    let files = vec![file("GB.yaml", text), file("data/zones.csv", "zone\n")];
    KeptSet::new(SetFiles::new(files, "2026a"), Timestamp::from_millis(1_700_000_000_000))
}

fn built_in() -> SetFiles {
    PolicySource::default().set_files().unwrap()
}

/// A set as somebody else might write it.
fn packed(value: &Value) -> Vec<u8> {
    zstd::bulk::compress(&serde_json::to_vec(value).unwrap(), 1).unwrap()
}

fn written(files: &[(&str, &str)]) -> Value {
    let of = |(name, text): &(&str, &str)| file(name, text);
    let revision = Revision::of(&files.iter().map(of).collect::<Vec<_>>(), "2026a");
    let files: Vec<Value> =
        files.iter().map(|(name, text)| json!({"name": name, "text": text})).collect();
    json!({
        "format": 1, "revision": revision.as_str(), "tz_version": "2026a", "gate_version": "9",
        "first_seen": "2026-11-30T10:00:00Z", "files": files,
    })
}

#[test]
fn a_set_comes_back_as_it_was() {
    for set in [set("a: 1\r\n\u{feff}ü"), KeptSet::new(built_in(), Timestamp::from_millis(1))] {
        let bytes = set.encode().unwrap();
        assert!(bytes.len() < SET_BYTES_MAX / 10, "{} bytes", bytes.len());
        assert_eq!(KeptSet::decode(&bytes).unwrap(), set);
    }
    let files = [file("data/zones.csv", "z"), file("GB.yaml", "a")];
    let [one, other] = [files.to_vec(), files.iter().rev().cloned().collect()]
        .map(|files| SetFiles::new(files, "2026a"));
    assert_eq!(one, other, "the order of reading does not matter");
    assert_ne!(one.revision(), SetFiles::new(files.to_vec(), "2026b").revision());
    KeptSet::decode(&packed(&written(&[("GB.yaml", "a")]))).unwrap();
}

#[test]
fn what_is_damaged_is_refused() {
    let set = set("a: 1");
    let bytes = set.encode().unwrap();
    for n in 0..bytes.len() {
        assert!(KeptSet::decode(&bytes[..n]).is_err(), "cut short at {n}");
        let mut changed = bytes.clone();
        changed[n] ^= 0x10;
        // a bit of the frame that means nothing may be another one
        let read = KeptSet::decode(&changed);
        assert!(read.as_ref().map_or(true, |read| *read == set), "byte {n}: {read:?}");
    }
}

#[test]
fn what_is_somebody_elses_is_refused_by_name() {
    let with = |key: &str, value: Value| {
        let mut written = written(&[("GB.yaml", "a")]);
        written[key] = value;
        packed(&written)
    };
    let other = written(&[("GB.yaml", "b")])["revision"].clone();
    let bomb = zstd::bulk::compress(&vec![b' '; 64 << 20], 1).unwrap();
    assert!(bomb.len() < SET_BYTES_MAX);
    for (bytes, says) in [
        (b"GB.yaml".to_vec(), "cannot be unpacked"),
        (Vec::new(), "no policy set"),
        (zstd::bulk::compress(b"[1]", 1).unwrap(), "no policy set"),
        (bomb, "has more than 16777216 bytes"),
        (vec![0; SET_BYTES_MAX + 1], "too large to be kept: 1000001 bytes"),
        (with("format", json!(2)), "form 2, and this version reads form 1"),
        (with("revision", other), "they were changed"),
        (with("tz_version", json!("2026b")), "they were changed"),
        (with("first_seen", json!("yesterday")), "`first_seen` is no time"),
        (with("gate_version", json!("\u{1b}[2J")), "\"\\u{1b}[2J\" is no version"),
        (with("tz_version", json!("9".repeat(65))), "9\" is no version"),
        (packed(&written(&[("\u{1b}[2J.yaml", "a")])), "\"\\u{1b}[2J.yaml\" is no file"),
        (with("files", json!("GB.yaml")), "no policy set"),
        (packed(&written(&[("../GB.yaml", "a")])), "\"../GB.yaml\" is no file of a policy set"),
        (packed(&written(&[("data/../zones.csv", "a")])), "\"data/../zones.csv\" is no file"),
        (packed(&written(&[("/etc/GB.yaml", "a")])), "\"/etc/GB.yaml\" is no file"),
        (packed(&written(&[("GB.cases.yaml", "a")])), "\"GB.cases.yaml\" is no file"),
        (packed(&written(&[("GB.yaml", "a"), ("GB.yaml", "b")])), "order of names"),
        (packed(&written(&[("GB.yaml", "a"), ("FR.yaml", "b")])), "order of names"),
    ] {
        let error = KeptSet::decode(&bytes).unwrap_err().to_string();
        assert!(error.contains(says), "{says}: {error}");
    }
}

#[test]
fn a_set_that_no_record_takes_is_not_kept() {
    // what does not shrink
    let mut bytes = vec![0; SET_BYTES_MAX];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    let text = crate::headers::hex(&bytes);
    let dir = tempfile::tempdir().unwrap();
    let error = Directory::of(dir.path()).keep(&set(&text)).unwrap_err();
    assert!(error.to_string().contains("too large to be kept"), "{error}");
    assert!(Directory::of(dir.path()).revisions().unwrap().is_empty());
}

#[test]
fn a_file_is_written_once_and_believed_under_its_own_name() {
    let dir = tempfile::tempdir().unwrap();
    let directory = Directory::of(dir.path());
    let first = set("a: 1");
    assert!(directory.revisions().unwrap().is_empty());
    assert_eq!(directory.get(first.revision()).unwrap(), None);
    // a gate that was killed over it
    std::fs::create_dir(directory.path()).unwrap();
    let draft = directory.path().join(format!(".{}.draft", first.revision()));
    std::fs::write(&draft, "half").unwrap();
    assert!(directory.keep(&first).unwrap());
    assert!(!draft.exists());
    let later = KeptSet { first_seen: Timestamp::from_millis(1_800_000_000_000), ..first.clone() };
    assert!(!directory.keep(&later).unwrap(), "it is there");
    assert_eq!(directory.get(first.revision()).unwrap().as_ref(), Some(&first), "as it was");
    let path = directory.path().join(format!("{}.json.zst", first.revision()));
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);

    // under another name it is another set
    let other = set("a: 2");
    let other_path = directory.path().join(format!("{}.json.zst", other.revision()));
    std::fs::copy(&path, &other_path).unwrap();
    std::fs::write(directory.path().join("README"), "").unwrap();
    assert_eq!(directory.revisions().unwrap().len(), 2);
    let refused = directory.get(other.revision()).unwrap_err();
    assert!(matches!(refused, DirectoryError::Damaged { .. }), "{refused}");
    // and what is damaged stays for a person to see
    let before = std::fs::read(&other_path).unwrap();
    let refused = directory.keep(&other).unwrap_err().to_string();
    assert!(refused.contains("move it away") && refused.contains(".json.zst"), "{refused}");
    assert_eq!(std::fs::read(&other_path).unwrap(), before);
    std::fs::remove_file(&other_path).unwrap();

    for n in 1..SETS_MAX {
        std::fs::write(directory.path().join(format!("{n:012x}.json.zst")), "").unwrap();
    }
    let refused = directory.keep(&other).unwrap_err();
    assert!(matches!(refused, DirectoryError::Full { .. }), "{refused}");
    assert!(!directory.keep(&first).unwrap(), "what is there needs no room");
}

fn config(state_dir: &Path, bootstrap: &str) -> Config {
    let text = format!(
        "kafka: {{bootstrap_servers: \"{bootstrap}\"}}\nstate: {{dir: \"{}\"}}\n",
        state_dir.display()
    );
    Config::parse("gate.yaml", &text, []).unwrap()
}

#[test]
fn a_former_set_is_judged_with_the_zones_that_are_here_and_that_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path(), "127.0.0.1:1");
    let now = built_in();
    let same = load(&config, now.revision().as_str()).unwrap();
    assert_eq!((same.home, same.other_zones), (Home::BuiltIn, None));
    let former = SetFiles::new(now.files().to_vec(), "2001a");
    Directory::of(dir.path()).keep(&KeptSet::new(former.clone(), crate::clock::now())).unwrap();
    let found = load(&config, former.revision().as_str()).unwrap();
    assert_eq!(found.home, Home::Directory);
    assert_eq!(found.set.revision(), former.revision().as_str(), "the name of its day");
    let other = found.other_zones.unwrap();
    assert_eq!((other.then.as_str(), other.here.as_str()), ("2001a", now.tz_version()));
    assert_eq!(found.set.packs(), same.set.packs());

    let not_ours = SetFiles::new(vec![file("GB.yaml", "pack: [")], "2001a");
    Directory::of(dir.path()).keep(&KeptSet::new(not_ours.clone(), crate::clock::now())).unwrap();
    let error = load(&config, not_ours.revision().as_str()).unwrap_err();
    assert!(matches!(error, FormerError::Invalid { .. }), "{error}");
    assert_eq!(find(&config, "HEAD").unwrap_err().exit_code(), crate::exit::ExitCode::Usage);
}

#[test]
fn a_disk_that_refuses_stops_nothing_and_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("policies"), "a file").unwrap();
    let metrics = Metrics::new(TopicNames::default()).unwrap();
    let config = config(dir.path(), "127.0.0.1:1");
    let (archive, keeper) = Archive::new(&config, &metrics, &Shutdown::default());
    archive.keep(built_in());
    assert_eq!(metrics.policy_sets_unkept.of(PolicyArchive::Directory).get(), 1);
    assert_eq!(metrics.policy_archive_failures.of(PolicyArchive::Directory).get(), 1);
    std::fs::remove_file(dir.path().join("policies")).unwrap();
    archive.keep(built_in());
    assert_eq!(metrics.policy_sets_unkept.of(PolicyArchive::Directory).get(), 0);
    assert_eq!(keeper.arrivals.try_iter().count(), 2, "the topic is tried");
    (0..=keeper::WAITING_MAX).for_each(|_| archive.keep(built_in()));
    assert_eq!(metrics.policy_archive_failures.of(PolicyArchive::Topic).get(), 1, "bounded");
}

/// Brokers, and gates as far as the archive goes.
struct Scene {
    brokers: MockCluster<'static, rdkafka::producer::DefaultProducerContext>,
    bootstrap: String,
}

struct Gate {
    dir: tempfile::TempDir,
    config: Config,
    archive: Archive,
    metrics: Arc<Metrics>,
    shutdown: Shutdown,
    thread: Option<std::thread::JoinHandle<()>>,
}

const TOPIC: &str = "consent-gate-policies";

impl Scene {
    fn new() -> Self {
        let brokers = MockCluster::new(1).unwrap();
        brokers.create_topic(TOPIC, 1, 1).unwrap();
        let bootstrap = brokers.bootstrap_servers();
        Self { brokers, bootstrap }
    }

    fn gate(&self) -> Gate {
        self.gate_in(tempfile::tempdir().unwrap())
    }

    fn gate_in(&self, dir: tempfile::TempDir) -> Gate {
        let config = config(dir.path(), &self.bootstrap);
        let metrics = Metrics::new(TopicNames::default()).unwrap();
        let shutdown = Shutdown::default();
        let (archive, keeper) = Archive::new(&config, &metrics, &shutdown);
        let thread = Some(std::thread::spawn(move || keeper.run()));
        Gate { dir, config, archive, metrics, shutdown, thread }
    }

    fn write(&self, key: &str, value: Option<&[u8]>) {
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", &self.bootstrap);
        let producer: BaseProducer = client.create().unwrap();
        let record = BaseRecord::<str, [u8]>::to(TOPIC).key(key);
        let record = match value {
            Some(value) => record.payload(value),
            None => record,
        };
        producer.send(record).map_err(|(error, _)| error).unwrap();
        producer.flush(PATIENCE).unwrap();
    }

    /// Key and whether the value proves itself, of all records.
    fn records(&self, gate: &Gate) -> Vec<(Option<String>, bool)> {
        let mut found = Vec::new();
        let read = SetsTopic::of(&gate.config).read(&mut || false, &|_| true, &mut |seen| {
            found.push((seen.revision.map(|it| it.to_string()), seen.set.is_ok()));
        });
        read.unwrap();
        found
    }
}

impl Gate {
    fn n_unkept(&self) -> i64 {
        self.metrics.policy_sets_unkept.of(PolicyArchive::Topic).get()
    }

    fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !is_so(self) {
            assert!(began.elapsed() < PATIENCE, "not in time: {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn is_in_topic(&self, scene: &Scene, revision: &Revision) -> bool {
        let records = scene.records(self);
        let last = records.iter().rev().find(|(key, _)| key.as_deref() == Some(revision.as_str()));
        last.is_some_and(|(_, is_set)| *is_set)
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.shutdown.request();
        let ended = self.thread.take().unwrap().join();
        assert!(ended.is_ok() || std::thread::panicking());
    }
}

#[test]
fn the_topic_has_each_set_once_and_gives_it_to_whoever_has_nothing() {
    let scene = Scene::new();
    let former = SetFiles::new(built_in().files().to_vec(), "2001a");
    let (revision, now) = (former.revision().clone(), built_in().revision().clone());
    let one = scene.gate();
    one.archive.keep(former.clone());
    one.until("the topic has it", |gate| gate.is_in_topic(&scene, &revision));
    // another instance with the same set, and one more of its own
    let two = scene.gate();
    two.archive.keep(former.clone());
    two.archive.keep(built_in());
    two.until("the topic has the other", |gate| gate.is_in_topic(&scene, &now));
    two.until("nothing waits", |gate| gate.n_unkept() == 0);
    let records = scene.records(&two);
    let expected = [&revision, &now].map(|it| (Some(it.to_string()), true));
    assert_eq!(records, expected, "nobody writes what is there");

    // an instance without state finds it there
    let three = scene.gate();
    let found = load(&three.config, revision.as_str()).unwrap();
    assert_eq!((found.home, found.set.revision()), (Home::Topic, revision.as_str()));
    let unknown = find(&three.config, "0123456789ab").unwrap_err();
    assert_eq!(unknown.exit_code(), crate::exit::ExitCode::No);
    let text = unknown.to_string();
    for part in [
        "built into this program: ",
        "/policies`: not there",
        "topic `consent-gate-policies`: not there",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let listing = list(&three.config).unwrap();
    let of = |wanted: &Revision| listing.sets.iter().find(|set| set.revision == *wanted).unwrap();
    assert_eq!(of(&revision).homes, [Home::Topic].into());
    assert_eq!(of(&now).homes, [Home::BuiltIn, Home::Topic].into());
    assert!(of(&now).packs.as_ref().unwrap().len() > 40 && of(&now).first_seen.is_some());
    assert!(listing.damaged.is_empty() && listing.unread.is_empty());

    // who may write there takes one away, replaces another, and adds a record of his own
    scene.write(revision.as_str(), None);
    scene.write(now.as_str(), Some(&set("a: 1").encode().unwrap()));
    scene.write("whatever", Some(b"else"));
    assert_eq!(list(&three.config).unwrap().damaged.len(), 3);
    assert!(find(&three.config, revision.as_str()).is_ok(), "until it is compacted");
    // the next start mends it from the files of a gate that has them
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("policies");
    std::fs::create_dir(&state).unwrap();
    for entry in std::fs::read_dir(two.dir.path().join("policies")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), state.join(entry.file_name())).unwrap();
    }
    let four = scene.gate_in(dir);
    four.until("both are mended", |gate| {
        gate.is_in_topic(&scene, &revision) && gate.is_in_topic(&scene, &now)
    });
}

#[test]
fn brokers_that_are_away_are_waited_for() {
    let scene = Scene::new();
    scene.brokers.broker_down(1).unwrap();
    let gate = scene.gate();
    gate.archive.keep(built_in());
    gate.until("it was tried", |gate| {
        gate.n_unkept() == 1
            && gate.metrics.policy_archive_failures.of(PolicyArchive::Topic).get() > 0
    });
    scene.brokers.broker_up(1).unwrap();
    gate.until("the topic has it", |gate| gate.n_unkept() == 0);
    assert!(gate.is_in_topic(&scene, built_in().revision()));
}
