//! Whether the topics hold sample traffic only: the oldest and the newest records of each partition are looked at.
//!
//! Why so: a wrong `-c` is how samples would get into production, and a topic in use betrays itself by its records.
//! A flag that one always has to give is soon given without thinking; this one is needed only where it matters. An
//! empty topic is taken: sample contacts live at reserved addresses, so what lands there reaches nobody.

use std::ffi::CStr;
use std::ops::ControlFlow;
use std::time::Duration;

use super::super::{ExitCode, Failure};
use crate::config::Config;
use crate::generate::HEADER_VALUE;
use crate::headers::PROBE_CONTACTS;
use crate::kafka::Sight;
use crate::kafka::native::Record;
use crate::kafka::observer::{Edge, Look, Looked, Observer};
use crate::kafka::preflight::ClusterInfo;

/// Records looked at, at each end of each partition.
const LOOK: u32 = 20;
/// Longest look at one topic.
const LOOK_MAX: Duration = Duration::from_secs(10);
const DOING: &str = "looking at what the topics hold";
/// `crate::generate::HEADER`, as records are asked for it.
const HEADER: &CStr = c"sample-traffic";

/// Nothing but samples in both inputs.
pub(super) fn only_samples(config: &Config, cluster: &ClusterInfo) -> Result<(), Failure> {
    let observer = Observer::of(config);
    for topic in [&config.topics.consent_change, config.topics.own_outbound()] {
        let n_partitions = cluster.require(topic)?.partitions;
        for at in [Edge::Oldest, Edge::Newest] {
            if let Some((partition, offset)) = foreign(&observer, topic, n_partitions, at)? {
                return Err(refusal(topic, partition, offset));
            }
        }
    }
    Ok(())
}

fn refusal(topic: &str, partition: i32, offset: i64) -> Failure {
    Failure::new(
        ExitCode::Config,
        format!(
            "`{topic}` is used by somebody else: partition {partition} offset {offset} is no sample traffic, and whoever \
             reads there would take samples for real\n    fix: give samples topics of their own, or say `--force` if this \
             cluster is only for trying things out"
        ),
    )
}

/// The first record that is no sample, among the [`LOOK`] at this end of each partition.
fn foreign(
    observer: &Observer,
    topic: &str,
    n_partitions: u32,
    at: Edge,
) -> Result<Option<(i32, i64)>, Failure> {
    let look = Look {
        topic,
        n_partitions,
        at,
        records_max: LOOK,
        sight: Sight::Committed,
        limit: LOOK_MAX,
        doing: DOING,
    };
    let mut found = None;
    let looked = observer.look(&look, &mut |record| {
        if is_sample(record) {
            return ControlFlow::Continue(());
        }
        found = Some((record.partition, record.offset));
        ControlFlow::Break(())
    })?;
    match looked {
        Looked::Whole | Looked::Enough => Ok(found),
        Looked::Late(_) => {
            let why =
                format!("{DOING}: `{topic}` could not be read within {} s", LOOK_MAX.as_secs());
            Err(Failure::new(ExitCode::TryAgain, why))
        }
    }
}

fn is_sample(record: &Record<'_>) -> bool {
    let is_marked = record.header(HEADER) == Some(HEADER_VALUE.as_bytes());
    // a running gate's own probe may write there
    is_marked || record.key.is_some_and(|key| key.starts_with(PROBE_CONTACTS.as_bytes()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_mark_is_the_one_that_samples_carry() {
        assert_eq!(super::HEADER.to_str(), Ok(crate::generate::HEADER));
    }
}
