//! Where the gates stand, what the probe says, and whether the desk itself is ready.

use std::sync::Arc;

use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::reply::Reply;
use super::super::{Desk, measures};
use crate::status::{Counts, Snapshot};

const TEXT: &str = "text/plain; charset=utf-8";

/// A gate.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::desk) struct GateAnswer {
    pub(in crate::desk) address: String,
    /// Where it stands, as its `/status` says (`docs/reference/status.md`).
    #[schema(value_type = Option<Object>)]
    pub(in crate::desk) status: Option<Snapshot>,
    /// Why it says nothing.
    pub(in crate::desk) missing: Option<String>,
}

/// All gates.
pub(in crate::desk) async fn gates(desk: &Arc<Desk>) -> Vec<GateAnswer> {
    let found = desk.gates.status().await.into_iter().map(|(address, answer)| {
        let answer = answer.and_then(|value| {
            serde_json::from_value::<Snapshot>(value)
                .map_err(|_| "says something that this version cannot read".to_owned())
        });
        match answer {
            Ok(status) => GateAnswer { address, status: Some(status), missing: None },
            Err(why) => GateAnswer { address, status: None, missing: Some(why) },
        }
    });
    found.collect()
}

/// What the probe says.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::desk) struct ProbeAnswer {
    /// Whether a gate runs it.
    pub(in crate::desk) enabled: bool,
    /// Its last round passed.
    pub(in crate::desk) up: bool,
    /// When a round last passed, Unix seconds.
    pub(in crate::desk) last_success_s: Option<f64>,
    /// Rounds by result since the gate's start.
    #[schema(value_type = Object)]
    pub(in crate::desk) rounds: Counts,
}

pub(in crate::desk) async fn probe(desk: &Arc<Desk>) -> ProbeAnswer {
    probe_of(&gates(desk).await)
}

pub(in crate::desk) fn probe_of(gates: &[GateAnswer]) -> ProbeAnswer {
    let probes = gates.iter().filter_map(|gate| gate.status.as_ref()).map(|status| &status.probe);
    let found = probes.into_iter().find(|probe| probe.enabled);
    found.map_or_else(
        || ProbeAnswer {
            enabled: false,
            up: false,
            last_success_s: None,
            rounds: Counts::default(),
        },
        |probe| ProbeAnswer {
            enabled: true,
            up: probe.up,
            last_success_s: probe.last_success_s,
            rounds: probe.rounds.clone(),
        },
    )
}

/// Whether questions are answered in full.
pub(super) fn ready(desk: &Desk) -> Reply {
    let (is_ready, lines) = desk.progress.readiness();
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Reply::Text(status, TEXT, lines)
}

pub(super) fn metrics(desk: &Desk) -> Reply {
    let text = measures::text(&desk.metrics, &desk.index, &desk.progress);
    Reply::Text(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text)
}
