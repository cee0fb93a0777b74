//! What the decisions of a batch share.

use gate_core::{PolicySet, Timestamp};

/// What a batch's decisions share.
#[derive(Clone, Copy)]
pub struct BatchContext<'a> {
    /// The policies in force.
    pub policies: &'a PolicySet,
    /// The topic of the messages.
    pub source_topic: &'a str,
    /// The consent topic.
    pub consent_topic: &'a str,
    /// The consent position of the snapshot: next offset per partition.
    pub consent_positions: &'a [i64],
    /// The gate's clock when the batch was judged.
    pub evaluated_at: Timestamp,
    /// Version of the program.
    pub gate_version: &'a str,
    /// `instance_id` of the gate.
    pub instance: &'a str,
}
