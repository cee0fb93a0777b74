//! What is decided already, found in given tails of the outputs.

use super::{Double, batch, places, source, topics};
use crate::kafka::scan::{Positions, ScanError};
use crate::kafka::source::SourcePartition;
use crate::pipeline::InDoubt;
use crate::pipeline::batch::Batch;
use crate::pipeline::reconcile::{Reconciler, StartingPoint, Tail, Tails};
use gate_log::DecisionBatch;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

const APPROVED: &str = "approved";
const BLOCKED: &str = "blocked";

/// Outputs with one partition each: the sources of their records in order.
#[derive(Default)]
struct Outputs {
    records: Vec<(&'static str, String)>,
    /// How many of them were there when nothing of the batch could be.
    n_before: usize,
    are_away: bool,
    /// The decision log has nothing of it.
    are_unlogged: bool,
}

impl Outputs {
    fn with(sources: &[(&'static str, i32, i64)]) -> Self {
        let source = |(topic, partition, offset): &(&'static str, i32, i64)| {
            (*topic, format!("outbound/{partition}/{offset}"))
        };
        Self { records: sources.iter().map(source).collect(), ..Self::default() }
    }

    fn end_of(&self, topic: &str, n: usize) -> i64 {
        let here = self.records.iter().take(n).filter(|(of, _)| *of == topic);
        i64::try_from(here.count()).unwrap()
    }

    fn positions(&self, n: usize) -> Positions {
        [APPROVED, BLOCKED].map(|topic| ((topic.to_owned(), 0), self.end_of(topic, n))).into()
    }
}

impl Tails for Outputs {
    fn ends(&self) -> Result<Positions, ScanError> {
        if self.are_away {
            return Err(ScanError::Timeout { topic: APPROVED.to_owned(), seconds: 1 });
        }
        Ok(self.positions(self.records.len()))
    }

    fn read(
        &self,
        from: &Positions,
        to: &Positions,
        take: &mut dyn FnMut(Tail<'_>),
    ) -> Result<(), ScanError> {
        for (place, begin) in from {
            let here = self.records.iter().filter(|(topic, _)| *topic == place.0);
            let (begin, end) = (usize::try_from(*begin).unwrap(), to[place]);
            for (_, source) in here.take(usize::try_from(end).unwrap()).skip(begin) {
                let (topic, reason) = (&place.0, Some("approved.transactional"));
                take(Tail::Output { topic, source: Some(source), reason });
                if let Some(value) = logged(source).filter(|_| !self.are_unlogged) {
                    take(Tail::Log { value: &value });
                }
            }
            // somebody else's records
            take(Tail::Output { topic: &place.0, source: None, reason: None });
            take(Tail::Log { value: b"{}" });
        }
        Ok(())
    }
}

/// A record of the decision log about this source.
fn logged(source: &str) -> Option<Vec<u8>> {
    let source = gate_log::SourceRef::parse(source)?;
    let batch = DecisionBatch {
        source_topic: source.topic.into(),
        source_partition: source.partition,
        first_offset: source.record_offset,
        shapes: vec![Default::default()],
        contexts: vec![Default::default()],
        offsets: vec![0],
        message_ids: vec![None],
        shape: vec![0],
        context: vec![0],
        contacts: vec![0; gate_log::CONTACT_BYTES],
        addresses: vec![0; gate_log::ADDRESS_BYTES],
        evidence: vec![0; gate_log::EVIDENCE_BYTES],
        ..DecisionBatch::default()
    };
    Some(batch.encode().unwrap())
}

fn reconciler(in_doubt: &Arc<InDoubt>) -> Reconciler {
    Reconciler::new(&topics(), APPROVED, Arc::clone(in_doubt))
}

/// A reconciler that asked for the ends of the outputs before these records were there.
fn before(outputs: &mut Outputs) -> (Reconciler, Arc<InDoubt>) {
    let in_doubt = Arc::new(InDoubt::default());
    let mut reconciler = reconciler(&in_doubt);
    let all = std::mem::take(&mut outputs.records);
    outputs.records = all.iter().take(outputs.n_before).cloned().collect();
    reconciler.note_ends(&Batch::<Double>::default(), outputs, Instant::now()).unwrap();
    outputs.records = all;
    (reconciler, in_doubt)
}

fn committed<const N: usize>(offsets: [(i32, i64); N]) -> BTreeMap<SourcePartition, i64> {
    offsets.map(|(partition, next)| (source(partition), next)).into()
}

#[test]
fn what_has_an_output_is_not_decided_again() {
    let mut outputs = Outputs::with(&[(APPROVED, 0, 5), (BLOCKED, 0, 6)]);
    let (reconciler, _) = before(&mut outputs);
    let mut batch = batch(&[(0, 5), (0, 6), (0, 7)]);
    let is_torn = reconciler.keep_undecided(&mut batch, &committed([(0, 5)]), &outputs).unwrap();
    assert!(is_torn, "outputs are there and their offsets are not");
    assert_eq!(places(&batch), [(0, 7)]);
}

#[test]
fn outputs_of_another_topic_or_message_are_no_answer() {
    let mut outputs = Outputs::with(&[(APPROVED, 1, 5), (APPROVED, 0, 4)]);
    outputs.records.push((APPROVED, String::from("another/0/5")));
    outputs.records.push((APPROVED, String::from("other/0/5")));
    outputs.records.push((APPROVED, String::from("no source")));
    let (reconciler, _) = before(&mut outputs);
    let mut batch = batch(&[(0, 5)]);
    assert!(!reconciler.keep_undecided(&mut batch, &committed([(0, 5)]), &outputs).unwrap());
    assert_eq!(places(&batch), [(0, 5)]);
}

#[test]
fn only_the_tail_is_read_that_came_after_the_ends_were_asked() {
    let mut outputs =
        Outputs { n_before: 1, ..Outputs::with(&[(APPROVED, 0, 5), (BLOCKED, 0, 6)]) };
    let (reconciler, _) = before(&mut outputs);
    let mut batch = batch(&[(0, 5), (0, 6)]);
    reconciler.keep_undecided(&mut batch, &committed([(0, 5)]), &outputs).unwrap();
    assert_eq!(places(&batch), [(0, 5)], "an output of a former life of the topic");
}

#[test]
fn outputs_that_cannot_be_read_leave_the_batch_as_it_was() {
    let mut outputs = Outputs::with(&[(APPROVED, 0, 5)]);
    let (reconciler, _) = before(&mut outputs);
    let away = Outputs { are_away: true, ..outputs };
    let mut batch = batch(&[(0, 5)]);
    assert!(reconciler.keep_undecided(&mut batch, &committed([(0, 6)]), &away).is_err());
    assert_eq!(places(&batch), [(0, 5)]);
    assert!(!batch.is_done());
}

#[test]
fn before_the_ends_were_ever_known_nothing_is_begun() {
    let mut reconciler = reconciler(&Arc::default());
    let away = Outputs { are_away: true, ..Outputs::default() };
    let nothing = Batch::<Double>::default();
    assert!(reconciler.note_ends(&nothing, &away, Instant::now()).is_err());
    reconciler.note_ends(&nothing, &Outputs::default(), Instant::now()).unwrap();
    let later = Instant::now() + Duration::from_secs(60);
    assert!(reconciler.note_ends(&nothing, &away, later).is_ok(), "the former ends are as good");
}

#[test]
fn the_ends_are_not_moved_over_a_batch_that_was_tried() {
    let mut outputs = Outputs::with(&[(APPROVED, 0, 5)]);
    let (mut reconciler, _) = before(&mut outputs);
    let mut batch = batch(&[(0, 5)]);
    batch.attempted();
    let later = Instant::now() + Duration::from_secs(60);
    reconciler.note_ends(&batch, &outputs, later).unwrap();
    reconciler.keep_undecided(&mut batch, &committed([(0, 6)]), &outputs).unwrap();
    assert!(batch.is_done(), "its output stands behind the ends that were asked for before");
}

#[test]
fn a_partition_without_doubts_is_taken_up_where_the_group_has_it() {
    let mut reconciler = reconciler(&Arc::default());
    let away = Outputs { are_away: true, ..Outputs::default() };
    let start = reconciler.take_up(source(0), 17, &away).unwrap();
    assert_eq!(start, StartingPoint { offset: 17, is_torn: false }, "and nothing is asked");
}

#[test]
fn a_doubt_that_was_aborted_is_taken_up_at_its_beginning() {
    let mut outputs = Outputs::default();
    let (mut reconciler, _) = before(&mut outputs);
    reconciler.doubt(&batch(&[(0, 5), (0, 6)]));
    let start = reconciler.take_up(source(0), 5, &outputs).unwrap();
    assert_eq!(start, StartingPoint { offset: 5, is_torn: false });
    let mut next = batch(&[(0, 5), (0, 6)]);
    reconciler.drop_decided(&mut next);
    assert_eq!(places(&next), [(0, 5), (0, 6)]);
}

#[test]
fn outputs_of_a_doubt_whose_offsets_are_lost_are_not_made_twice() {
    let mut outputs = Outputs::with(&[(APPROVED, 0, 5), (BLOCKED, 0, 6)]);
    let (mut reconciler, _) = before(&mut outputs);
    reconciler.doubt(&batch(&[(0, 5), (0, 6)]));
    let start = reconciler.take_up(source(0), 5, &outputs).unwrap();
    assert_eq!(start, StartingPoint { offset: 5, is_torn: true });
    let mut next = batch(&[(0, 5), (0, 6), (0, 7)]);
    reconciler.drop_decided(&mut next);
    assert_eq!(places(&next), [(0, 7)]);
    let approved: Vec<i64> = next.approved_before().iter().map(|m| m.offset).collect();
    assert_eq!(approved, [5], "and what was approved counts");
}

#[test]
fn offsets_of_a_doubt_whose_outputs_are_lost_are_taken_back() {
    let mut outputs = Outputs::with(&[(APPROVED, 0, 5)]);
    let (mut reconciler, _) = before(&mut outputs);
    reconciler.doubt(&batch(&[(0, 5), (0, 6)]));
    let start = reconciler.take_up(source(0), 7, &outputs).unwrap();
    assert_eq!(start, StartingPoint { offset: 6, is_torn: true });
}

#[test]
fn a_doubt_is_settled_once_and_kept_while_nobody_can_tell() {
    let mut outputs = Outputs::with(&[(APPROVED, 0, 5)]);
    let (mut reconciler, in_doubt) = before(&mut outputs);
    reconciler.doubt(&batch(&[(0, 5)]));
    outputs.are_away = true;
    assert!(reconciler.take_up(source(0), 5, &outputs).is_err());
    outputs.are_away = false;
    // another lane of this process takes it up
    let mut sibling = Reconciler::new(&topics(), APPROVED, in_doubt);
    assert!(sibling.take_up(source(0), 5, &outputs).unwrap().is_torn);
    assert!(!sibling.take_up(source(0), 6, &outputs).unwrap().is_torn);
}

#[test]
fn a_commit_that_was_acknowledged_and_is_forgotten_is_not_decided_again() {
    let mut outputs = Outputs::with(&[(APPROVED, 0, 5), (BLOCKED, 0, 6)]);
    let (mut reconciler, _) = before(&mut outputs);
    reconciler.acknowledged(&batch(&[(0, 5), (0, 6)]));
    let start = reconciler.take_up(source(0), 5, &outputs).unwrap();
    assert_eq!(start, StartingPoint { offset: 5, is_torn: true });
    let mut next = batch(&[(0, 5), (0, 6), (0, 7)]);
    reconciler.drop_decided(&mut next);
    assert_eq!(places(&next), [(0, 7)]);
}

#[test]
fn what_the_log_has_lost_is_logged_again() {
    let mut outputs = Outputs::with(&[(APPROVED, 0, 5), (BLOCKED, 0, 6)]);
    let (reconciler, _) = before(&mut outputs);
    let unlogged = Outputs { are_unlogged: true, ..outputs };
    let mut batch = batch(&[(0, 5), (0, 6)]);
    let is_torn = reconciler.keep_undecided(&mut batch, &committed([(0, 7)]), &unlogged).unwrap();
    assert!(is_torn && places(&batch).is_empty() && !batch.is_done());
    let reasons: Vec<_> = batch.unlogged().iter().map(|it| (it.offset, it.reason)).collect();
    let reason = Some(gate_core::Reason::Transactional);
    assert_eq!(reasons, [(5, reason), (6, reason)], "by what the outputs say");
}

#[test]
fn a_doubt_is_taken_up_where_the_log_lacks_something() {
    let mut outputs = Outputs::with(&[(APPROVED, 0, 5), (BLOCKED, 0, 6)]);
    let (mut reconciler, _) = before(&mut outputs);
    reconciler.doubt(&batch(&[(0, 5), (0, 6)]));
    let unlogged = Outputs { are_unlogged: true, ..outputs };
    let start = reconciler.take_up(source(0), 7, &unlogged).unwrap();
    assert_eq!(start, StartingPoint { offset: 5, is_torn: true });
    let mut next = batch(&[(0, 5), (0, 6), (0, 7)]);
    reconciler.drop_decided(&mut next);
    assert_eq!(places(&next), [(0, 7)], "and decided once");
    assert_eq!(next.unlogged().len(), 2);
}
