//! Records whose owner is not known yet, with a real store: in whatever turns partitions are read, the end is the same.

use crate::identity::Pepper;
use crate::store::{Identity, MEMORY_BYTES_MIN, Source, Store, Writer};
use gate_codec::{Codec, named_by_key};
use gate_codec::{Format, Kind};
use gate_core::{CanonicalAddress, ContactId, Receipt, SubjectKey, Subjects, Timestamp};
use gate_engine::{Keys, Owner, Suspects, possible_refusal, suspects, understand};
use proptest::prelude::*;

const PEPPER: [u8; crate::identity::PEPPER_BYTES] = [7; crate::identity::PEPPER_BYTES];
const NAMES: [&str; 3] = ["ana", "ben@example.org", "\"eve\""];

struct Gate {
    codec: Codec,
    pepper: Pepper,
    store: Store,
    writer: Writer,
    _dir: tempfile::TempDir,
}

/// A record: its key and its value.
type Sample = (Option<String>, String);

impl Gate {
    fn new() -> Self {
        let memory = std::path::Path::new("/dev/shm");
        let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let dir = dir.unwrap();
        let identity = Identity {
            cluster_id: "cluster".into(),
            topic: "consent-change".into(),
            topic_id: "id".into(),
            partitions: 2,
            pepper_id: [1; 8],
            mapping_id: [0; 8],
        };
        let (store, writer, _) = Store::open(dir.path(), &identity, MEMORY_BYTES_MIN).unwrap();
        let codec = Codec::new(Format::Json, Kind::ConsentChange, None).unwrap();
        Self { codec, pepper: Pepper::new(&PEPPER), store, writer, _dir: dir }
    }

    fn suspects(&mut self, key: Option<&[u8]>, value: &[u8]) -> Suspects {
        let Self { codec, pepper, writer, .. } = self;
        suspects(codec, pepper, (key, Some(value)), |subject| writer.is_known(subject)).unwrap()
    }

    /// As the reader does; whether its partition goes on.
    fn take(&mut self, partition: i32, offset: i64, (key, value): &Sample) -> bool {
        let id = self.pepper.event(&format!("{partition}/{offset}"));
        // receipts are what the record says, whenever it is read
        let at = Timestamp::from_millis(1_000 + offset * 7 + i64::from(partition));
        let received = Receipt::by_producer(at, self.writer.receive(partition, at));
        let source = Source { partition, offset };
        if let Ok(change) = self.codec.decode_consent(Some(value.as_bytes())) {
            let understood = understand(&self.pepper, &change, received).unwrap();
            self.writer.apply(understood.subjects, &understood.placement, source).unwrap();
            return true;
        }
        let suspects = self.suspects(key.as_deref().map(str::as_bytes), value.as_bytes());
        for subjects in &suspects.subjects {
            let placement = possible_refusal(*subjects, id, received);
            self.writer.apply(*subjects, &placement, source).unwrap();
        }
        !suspects.subjects.is_empty()
    }

    /// Reads both partitions to where they stop, `turns` saying which is read next; what is left alternates.
    fn read(mut self, partitions: &[Vec<Sample>; 2], turns: &[bool]) -> (Vec<usize>, Vec<Vec<u8>>) {
        let mut at = [0_usize; 2];
        let rest = (0..4 * partitions.iter().map(Vec::len).sum::<usize>()).map(|n| n % 2);
        for turn in turns.iter().map(|second| usize::from(*second)).chain(rest) {
            let Some(sample) = partitions[turn].get(at[turn]) else { continue };
            let offset = i64::try_from(at[turn]).unwrap();
            at[turn] += usize::from(self.take(i32::try_from(turn).unwrap(), offset, sample));
        }
        self.writer.commit().unwrap();
        (at.to_vec(), self.states())
    }

    fn states(&self) -> Vec<Vec<u8>> {
        let keys: Vec<SubjectKey> = NAMES
            .iter()
            .flat_map(|name| named_by_key(name.as_bytes()))
            .filter_map(|name| called(&self.pepper, &name))
            .flat_map(|both| [both.contact, both.address])
            .flatten()
            .collect();
        let states = self.store.snapshot().states(&keys).unwrap();
        states.iter().map(|state| state.as_deref().unwrap_or_default().to_vec()).collect()
    }
}

fn opt_in(event: &str, name: &str) -> String {
    let who = if name.contains('@') { "address" } else { "contact_id" };
    serde_json::json!({
        "event_id": event, "occurred_at": "2026-01-01T00:00:00Z", "action": "opt_in", who: name,
    })
    .to_string()
}

#[test]
fn only_what_a_readable_record_said_makes_a_key_believed() {
    let mut gate = Gate::new();
    let broken = b"nobody can read this";
    assert_eq!(gate.suspects(Some(b"ana"), broken).owner, Owner::Unknown);
    // that it was blocked as a possible refuser of a record that names it makes nobody known
    let said = (None, r#"{"contact_id":"ana","action":"opt_ouch"}"#.to_owned());
    assert!(gate.take(0, 0, &said), "the value says whose it is");
    assert_eq!(gate.suspects(Some(b"ana"), broken).owner, Owner::Unknown);
    // known from the next record on, before anything is committed
    assert!(gate.take(0, 1, &(None, opt_in("1", "ana"))));
    for key in ["ana", "\"ana\"", "Struct{contact_id=ana}", r#"{"contact_id":"ana"}"#] {
        assert_eq!(gate.suspects(Some(key.as_bytes()), broken).owner, Owner::Key, "{key}");
    }
    for key in [&b"anna"[..], b"{\"id\":9}", b"", b"\xff", &[0, 0, 0, 0, 9, 6, b'a', b'n', b'a']] {
        assert_eq!(gate.suspects(Some(key), broken).owner, Owner::Unknown, "{key:?}");
    }
    assert_eq!(gate.suspects(None, broken).owner, Owner::Unknown);
    let several = format!("[{},{}]", opt_in("2", "ana"), opt_in("3", "ben"));
    let suspects = gate.suspects(Some(b"ana"), several.as_bytes());
    assert_eq!(suspects.owner, Owner::Unknown, "the other one is nobody's guess");
}

fn sample() -> impl Strategy<Value = Sample> {
    let name = prop::sample::select(NAMES.to_vec());
    prop_oneof![
        (name.clone(), 0..4).prop_map(|(name, event)| (None, opt_in(&format!("{event}"), name))),
        name.prop_map(|name| (Some(name.to_owned()), String::from("nobody can read this"))),
        Just((Some(String::from("ana")), String::from(r#"{"address":"ben@example.org","x":1}"#))),
    ]
}

proptest! {
    /// Promise P4 with records that wait for their owner: in whatever turns the partitions are read, they get
    /// equally far and end in the same bytes.
    #[test]
    fn the_order_of_partitions_changes_nothing(
        partitions in prop::array::uniform2(prop::collection::vec(sample(), 0..7)),
        turns in prop::collection::vec(any::<bool>(), 0..20),
    ) {
        let as_it_comes = Gate::new().read(&partitions, &turns);
        for first in [false, true] {
            prop_assert_eq!(&Gate::new().read(&partitions, &[first; 40]), &as_it_comes);
        }
    }
}

/// Whoever goes by this name: a contact, an address, or both.
fn called(pepper: &Pepper, name: &str) -> Option<Subjects> {
    let contact = ContactId::new(name.into());
    let address = CanonicalAddress::parse(name, None, None).ok();
    pepper.named(contact.as_ref(), address.as_ref())
}
