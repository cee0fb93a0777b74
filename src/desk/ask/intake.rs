//! Consent records that nobody can read, and what holds the gates because of one.
//!
//! What is open, and what was decided about it, says the topic of dead letters; what is unreadable, the index.

use std::collections::BTreeSet;
use std::sync::Arc;

use gate_codec::DecodeError;
use gate_index::Log;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Desk;
use super::super::access_log::{Access, Act};
use super::super::asked::Asked;
use super::super::roles::Right;
use super::decisions::storage;
use super::status::{GateAnswer, gates};
use super::{blocking, release, search};
use crate::answers::Problem;
use crate::clock::{now, utc};
use crate::exit::{ExitCode, Failure};
use crate::unresolved::Place;
use crate::unresolved::queue::Queue;

/// Bytes of a record that are shown.
const SHOWN_MAX: usize = 4_096;

/// What cannot be read.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::desk) struct IntakeAnswer {
    /// The latest, by their places.
    pub(in crate::desk) unreadable: Vec<UnreadableAnswer>,
    /// How many there are.
    pub(in crate::desk) n_unreadable: u64,
    pub(in crate::desk) gates: Vec<GateAnswer>,
}

/// One of them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::desk) struct UnreadableAnswer {
    pub(in crate::desk) source: String,
    #[serde(skip)]
    pub(in crate::desk) place: (i32, i64),
    /// What is wrong with it.
    pub(in crate::desk) class: String,
    pub(in crate::desk) received_at: Option<String>,
    /// Who gets nothing because of it: `everybody`, `contact`, `nobody` (it was released) or `unknown` (the gate has no dead
    /// letter of it).
    pub(in crate::desk) blocks: &'static str,
    pub(in crate::desk) release: Option<ReleasedAnswer>,
}

/// What was decided about one.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::desk) struct ReleasedAnswer {
    pub(in crate::desk) operator: String,
    pub(in crate::desk) reason: String,
    pub(in crate::desk) at: String,
}

impl UnreadableAnswer {
    /// With what the dead letters say of it.
    fn judged(mut self, letters: &Queue<()>) -> Self {
        let (partition, offset) = self.place;
        let Some(letter) = letters.get(Place { partition, offset }) else { return self };
        self.blocks = match (&letter.release, letter.is_owner_known) {
            (Some(_), _) => "nobody",
            (None, true) => "contact",
            (None, false) => "everybody",
        };
        self.release = letter.release.as_ref().map(|release| ReleasedAnswer {
            operator: release.operator.clone(),
            reason: release.reason.clone(),
            at: release.at.clone(),
        });
        self
    }
}

/// A record as it lies there.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::desk) struct RecordAnswer {
    #[serde(flatten)]
    pub(in crate::desk) record: UnreadableAnswer,
    /// Its key as text, for officers.
    pub(in crate::desk) key: Option<String>,
    /// Its beginning as text, for officers.
    pub(in crate::desk) text: Option<String>,
    #[serde(skip)]
    pub(in crate::desk) bytes: Vec<u8>,
    /// Bytes of all of it.
    pub(in crate::desk) size: usize,
    /// Whether this version reads it.
    pub(in crate::desk) is_readable: bool,
    pub(in crate::desk) gates: Vec<GateAnswer>,
}

/// # Errors
/// The index cannot be read.
pub(in crate::desk) async fn answer(desk: &Arc<Desk>) -> Result<IntakeAnswer, Problem> {
    let figures = blocking(desk, |desk| desk.index.figures().map_err(storage));
    let letters = blocking(desk, |desk| release::letters(&desk.config));
    let (gates, figures, letters) = tokio::join!(gates(desk), figures, letters);
    let (figures, letters) = (figures?, letters?);
    let topic = &desk.config.topics.consent_change;
    let of_consent = figures.unreadable.iter().filter(|record| record.log == Log::Consent);
    let mut unreadable: Vec<UnreadableAnswer> = of_consent
        .map(|record| UnreadableAnswer {
            source: format!("{topic}/{}/{}", record.place.partition, record.place.offset),
            place: (record.place.partition, record.place.offset),
            class: record.class.to_string(),
            received_at: None,
            blocks: "unknown",
            release: None,
        })
        .map(|record| record.judged(&letters))
        .collect();
    unreadable.sort_by_key(|record| std::cmp::Reverse(record.place));
    let counts = figures.n_unreadable.iter().filter(|(log, ..)| *log == Log::Consent);
    Ok(IntakeAnswer { unreadable, n_unreadable: counts.map(|(.., n)| n).sum(), gates })
}

/// # Errors
/// There is no such record, or the look at it cannot be recorded.
pub(in crate::desk) async fn record(
    desk: &Arc<Desk>,
    asked: &Asked,
) -> Result<RecordAnswer, Problem> {
    let place: (i32, i64) = (asked.number("partition")?, asked.number("offset")?);
    let source = format!("{}/{}/{}", desk.config.topics.consent_change, place.0, place.1);
    let mut access =
        Access::new(now(), (&asked.account.id, asked.account.role()), Act::ReadRecord, "intake");
    access.place = Some(source.clone());
    search::record(desk, access).await?;
    let in_clear = asked.account.may(Right::People);
    let read = blocking(desk, move |desk| {
        let topic = &desk.config.topics.consent_change;
        let found = desk.places.read(topic, &BTreeSet::from([place]))?;
        let Some(found) = found.get(&place) else {
            let reason = format!("`{source}` is not there, or not any more");
            return Err(Failure::new(ExitCode::No, reason));
        };
        let records = crate::service::consent_records(&desk.config)?;
        let class = found.record.read(|value, origin| match records.read(value, origin) {
            Ok(_) => Ok(None),
            Err(DecodeError::Unreadable(why)) => Ok(Some(why.class.as_str())),
            Err(error @ DecodeError::Unavailable { .. }) => {
                Err(Failure::new(ExitCode::TryAgain, error))
            }
        })?;
        let value = found.record.value.as_deref().unwrap_or_default();
        let shown = value.get(..value.len().min(SHOWN_MAX)).unwrap_or_default();
        let clear = |bytes: &[u8]| in_clear.then(|| String::from_utf8_lossy(bytes).into_owned());
        Ok(RecordAnswer {
            record: UnreadableAnswer {
                source,
                place,
                class: class.unwrap_or("readable").to_owned(),
                received_at: Some(utc(found.at_ms)),
                blocks: "unknown",
                release: None,
            }
            .judged(&release::letters(&desk.config)?),
            key: found.record.key.as_deref().and_then(clear),
            text: clear(shown),
            bytes: if in_clear { shown.to_vec() } else { Vec::new() },
            size: value.len(),
            is_readable: class.is_none(),
            gates: Vec::new(),
        })
    });
    let (gates, read) = tokio::join!(gates(desk), read);
    Ok(RecordAnswer { gates, ..read? })
}
