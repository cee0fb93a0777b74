//! What stands here: the consent topic folded once more, into a store of this command's own, as a gate folds it.

use std::collections::BTreeMap;
use std::path::Path;

use gate_codec::DecodeError;
use gate_core::Receipt;
use gate_core::{CanonicalAddress, ConsentState, SubjectKey, Timestamp};
use gate_engine::{Keys as _, understand};
use gate_reconcile::{Frame, Report, Row, standing};
use rustc_hash::FxHashSet;

use super::runs::Runs;
use crate::cli::{ExitCode, Failure, output};
use crate::config::Config;
use crate::decisions::stretch;
use crate::decisions::window::Window;
use crate::exit::OrFail as _;
use crate::identity::{Pepper, PepperFile};
use crate::kafka::preflight::preflight;
use crate::records::{Change, origin_of};
use crate::store::{Identity, Source, Store, Writer};

/// Memory of the store.
const MEMORY_BYTES: usize = 256 << 20;
/// Addresses that are told apart, 16 bytes each and the table around them.
const PEOPLE_MAX: usize = 100_000_000;
/// Changes between two looks at the clock of the store.
const COMMIT_EACH: u64 = 2_000;
/// States read at a time.
const STATES: usize = 1_000;

/// The pepper, without which nobody's state is found.
pub(super) fn pepper(config: &Config) -> Result<Pepper, Failure> {
    let path = &config.state.pepper_file;
    let found = PepperFile::load(path).or_fail(ExitCode::Config)?;
    found.map(|pepper| Pepper::new(pepper.expose())).ok_or_else(|| {
        let reason = format!(
            "there is no pepper at `{}`: run this where the gate runs, or with a copy of it",
            path.display()
        );
        Failure::new(ExitCode::Config, reason)
    })
}

/// Rows of everybody whose address the topic names.
pub(super) fn read(
    config: &Config,
    frame: &Frame,
    now: Timestamp,
    pepper: &Pepper,
    rows: &mut Runs<'_>,
    report: &mut Report,
    dir: &Path,
) -> Result<(), Failure> {
    let topic = &config.topics.consent_change;
    let cluster = preflight(config)?;
    let identity = Identity {
        cluster_id: cluster.cluster_id.clone(),
        topic: topic.clone(),
        topic_id: "reconcile".to_owned(),
        partitions: cluster.require(topic)?.partitions,
        pepper_id: pepper.id(),
        mapping_id: [0; 8],
    };
    let (store, mut writer, _) = Store::open(&dir.join("state"), &identity, MEMORY_BYTES)
        .map_err(|error| Failure::new(ExitCode::Storage, error))?;
    let mut folding = Folding {
        pepper,
        frame,
        writer: &mut writer,
        rows,
        people: FxHashSet::default(),
        received: BTreeMap::new(),
        n: 0,
    };
    report.is_cut_off = folding.topic(config)?;
    let people = folding.people;
    writer.commit().map_err(|error| Failure::new(ExitCode::Storage, error))?;
    let people: Vec<SubjectKey> = people.into_iter().collect();
    let snapshot = store.snapshot();
    for keys in people.chunks(STATES) {
        let states =
            snapshot.states(keys).map_err(|error| Failure::new(ExitCode::Storage, error))?;
        for (key, state) in keys.iter().zip(states) {
            let Some(state) = state else { continue };
            let state = ConsentState::decode(&state)
                .map_err(|error| Failure::new(ExitCode::Internal, error))?;
            report.n_people += 1;
            for row in standing(&state, frame, *key, now) {
                rows.push(row)?;
            }
        }
    }
    Ok(())
}

struct Folding<'f, 'd> {
    pepper: &'f Pepper,
    frame: &'f Frame,
    writer: &'f mut Writer,
    rows: &'f mut Runs<'d>,
    people: FxHashSet<SubjectKey>,
    /// The latest time of a record, by partition.
    received: BTreeMap<i32, Timestamp>,
    n: u64,
}

impl Folding<'_, '_> {
    /// Folds the topic; whether its beginning is gone.
    fn topic(&mut self, config: &Config) -> Result<bool, Failure> {
        let topic = &config.topics.consent_change;
        let records = crate::service::consent_records(config)?;
        let all = Window::new(jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::MAX)?;
        let stretch = stretch::stretch(config, topic, &all)?;
        let is_cut_off = stretch.values().any(|marks| marks.begin > 0);
        if is_cut_off {
            output::note(&format!(
                "warning: the beginning of `{topic}` was deleted (retention, or by hand). Who refused there is not found here and is not \
                 written to the provider, and who agreed there counts as not having: this comparison is not whole, and its exit code is 1"
            ));
        }
        let spinner = output::spinner("reading what was said here");
        stretch::read(config, topic, &stretch, &mut |record| {
            let at = Timestamp::from_millis(record.timestamp_ms);
            let log = self.received.entry(record.partition).or_insert(at);
            *log = at.max(*log);
            let receipt = Receipt { at, log: *log, is_broker: record.is_dated_by_broker };
            let origin = origin_of(record);
            let changes = match records.read(record.value, origin) {
                Ok(changes) => changes,
                // a possible refusal of the gate's own, and never written to a provider
                Err(DecodeError::Unreadable(_)) => return Ok(()),
                Err(error @ DecodeError::Unavailable { .. }) => {
                    return Err(Failure::new(ExitCode::TryAgain, error));
                }
            };
            let source = Source { partition: record.partition, offset: record.offset };
            let all = changes.all().iter();
            let all = all.map(|it| understand(self.pepper, &it.change, receipt));
            // a record counts as a whole, as in the gate
            let Ok(understood) = all.collect::<Result<Vec<_>, _>>() else { return Ok(()) };
            for (Change { change, .. }, understood) in changes.all().iter().zip(&understood) {
                for address in [&change.address, &change.new_address].into_iter().flatten() {
                    self.known(address.expose())?;
                }
                self.writer
                    .apply(understood.subjects, &understood.placement, source)
                    .map_err(|error| Failure::new(ExitCode::Storage, error))?;
                self.n += 1;
                if self.n.is_multiple_of(COMMIT_EACH) {
                    self.writer.commit().map_err(|error| Failure::new(ExitCode::Storage, error))?;
                    spinner.set_message(format!("reading what was said here: {} changes", self.n));
                }
            }
            Ok(())
        })?;
        spinner.finish_and_clear();
        Ok(is_cut_off)
    }

    /// An address of the channel: its state is asked for, and the provider can be told about it.
    fn known(&mut self, address: &str) -> Result<(), Failure> {
        let key = |canonical: &CanonicalAddress| self.pepper.address(canonical);
        let Some(row) = Row::known(self.frame, address, key) else { return Ok(()) };
        if !self.people.insert(row.key) {
            return Ok(());
        }
        if self.people.len() > PEOPLE_MAX {
            return Err(Failure::new(
                ExitCode::Usage,
                "there are more than 100 million addresses here",
            ));
        }
        self.rows.push(row)
    }
}
