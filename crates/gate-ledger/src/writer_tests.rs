//! Appending, being killed at any point, and going on.

use super::*;
use crate::entry::sample;
use crate::store::MemoryStore;
use crate::tree::tests::naive_root;
use crate::verify::verify_tiles;
use proptest::prelude::*;
use std::cell::Cell;
use std::rc::Rc;

/// Fails from the nth writing on, like a machine that loses power.
#[derive(Clone)]
struct Failing {
    store: Rc<MemoryStore>,
    left: Rc<Cell<usize>>,
}

impl Failing {
    fn new(store: &Rc<MemoryStore>, left: usize) -> Self {
        Self { store: Rc::clone(store), left: Rc::new(Cell::new(left)) }
    }

    fn spend(&self) -> io::Result<()> {
        match self.left.get().checked_sub(1) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(io::Error::other("no power")),
        }
    }
}

impl Store for Failing {
    fn get(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        self.store.get(path)
    }
    fn put(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.spend()?;
        self.store.put(path, bytes)
    }
    fn create(&self, path: &str, bytes: &[u8]) -> io::Result<bool> {
        self.spend()?;
        self.store.create(path, bytes)
    }
    fn remove_all(&self, prefix: &str) -> io::Result<()> {
        self.spend()?;
        self.store.remove_all(prefix)
    }
    fn sync(&self) -> io::Result<()> {
        self.spend()
    }
}

fn key() -> SigningKey {
    SigningKey::of_seed("log", [7; 32]).unwrap()
}

/// Appends the entries `positions.next..to` as a follower of Kafka would, committing every `every`.
fn follow(store: Failing, to: u64, every: u64) -> Result<Option<Signed>, WriteError> {
    let mut writer = Writer::open(store, key()).unwrap();
    let begin = writer.positions().get(&("t".to_owned(), 0)).copied().unwrap_or(0);
    for n in u64::try_from(begin).unwrap()..to {
        // another salt each time: what a killed writer has left behind is another file
        writer.append(&sample(n), Salt([n as u8 | 1; 32]))?;
        writer.set_position("t", 0, i64::try_from(n + 1).unwrap());
        if (n + 1) % every == 0 {
            writer.commit("now")?;
        }
    }
    writer.commit("now")?;
    Ok(writer.last().cloned())
}

fn root_of(n: u64) -> crate::hash::Hash {
    let leaves: Vec<_> = (0..n).map(|n| sample(n).leaf_hash()).collect();
    naive_root(&leaves)
}

#[test]
fn tiles_lie_where_the_standard_says() {
    let store = Rc::new(MemoryStore::default());
    follow(Failing::new(&store, usize::MAX), 600, 250).unwrap();
    let paths = store.paths();
    for path in [
        "checkpoint",
        "checkpoints/000",
        "checkpoints/002",
        "tile/0/000",
        "tile/0/001",
        "tile/0/002.p/88",
        "tile/1/000.p/2",
        "tile/entries/000",
        "tile/entries/002.p/88",
        "tile/salts/002.p/88",
    ] {
        assert!(paths.contains(&path.to_owned()), "{path}: {paths:?}");
    }
    assert!(!paths.iter().any(|path| path.contains("000.p/250")), "{paths:?}");
    assert_eq!(store.get("checkpoint").unwrap(), store.get("checkpoints/002").unwrap());
}

#[test]
fn nothing_new_is_no_checkpoint_and_an_empty_log_has_none() {
    let mut writer = Writer::open(MemoryStore::default(), key()).unwrap();
    assert_eq!(writer.commit("now").unwrap(), None);
    assert_eq!(writer.size(), 0);
    assert!(writer.store().paths().is_empty());
}

#[test]
fn of_two_writers_one_is_told() {
    let store = Rc::new(MemoryStore::default());
    let open = || Writer::open(Failing::new(&store, usize::MAX), key()).unwrap();
    let (mut one, mut two) = (open(), open());
    one.append(&sample(0), Salt([1; 32])).unwrap();
    two.append(&sample(0), Salt([2; 32])).unwrap();
    one.commit("now").unwrap();
    assert!(matches!(two.commit("now"), Err(WriteError::Fenced { ordinal: 0 })));
}

#[test]
fn tiles_that_are_not_as_signed_are_not_continued() {
    let store = Rc::new(MemoryStore::default());
    follow(Failing::new(&store, usize::MAX), 300, 300).unwrap();
    let path = "tile/0/001.p/44";
    let mut bytes = store.get(path).unwrap().unwrap();
    bytes[5] ^= 1;
    store.put(path, &bytes).unwrap();
    let opened = Writer::open(Failing::new(&store, usize::MAX), key());
    assert!(matches!(opened, Err(OpenError::Root { ordinal: 0, size: 300 })));
    store.remove_all("tile/").unwrap();
    assert!(Writer::open(Failing::new(&store, usize::MAX), key()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Killed anywhere, any number of times: every entry once, in order, and all of it verifies.
    #[test]
    fn a_killed_writer_goes_on(
        kills in proptest::collection::vec(0usize..60, 0..6),
        n in 1u64..1_400,
        every in 1u64..400,
    ) {
        let store = Rc::new(MemoryStore::default());
        for left in kills {
            // what it has committed is whole, whether it was killed or not
            follow(Failing::new(&store, left), n, every).ok();
            let writer = Writer::open(Failing::new(&store, usize::MAX), key()).unwrap();
            prop_assert_eq!(writer.tree.root(), root_of(writer.size()));
        }
        let last = follow(Failing::new(&store, usize::MAX), n, every).unwrap().unwrap();
        prop_assert_eq!((last.checkpoint.size, last.checkpoint.root), (n, root_of(n)));
        let key = key();
        let ledger = Ledger::new(&*store, key.public());
        let mut seen = 0;
        let report = verify_tiles::<ReadError>(&ledger, &[], &mut |window| {
            for entry in &window.entries {
                assert_eq!(*entry, sample(seen));
                seen += 1;
            }
            Ok(())
        });
        let report = report.unwrap();
        prop_assert_eq!(report.finding, None);
        prop_assert_eq!((seen, report.n_leaves), (n, n));
    }
}
