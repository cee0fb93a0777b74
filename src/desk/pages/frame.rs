//! What surrounds every page: who is signed in, how the gates do, how far the index is.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;
use gate_index::Log;
use gate_pages::{Corner, Frame, IndexBuilding, Language, Roles};

use super::super::Desk;
use super::super::ask::status::{GateAnswer, gates};
use super::super::fields::Fields;
use super::super::progress::BEHIND_MAX_S;
use super::super::roles::Account;
use super::super::session::Cookie;
use crate::access::Role;
use crate::clock::now;
use crate::headers::rfc3339;

/// Behind by more than so much is said on every page, in seconds.
const STALE_S: f64 = 10.0;
const _: () = assert!(STALE_S < BEHIND_MAX_S, "what is not ready is stale");

/// The language of a page: chosen, remembered, or what the browser asks for.
pub(super) fn language(desk: &Desk, headers: &HeaderMap, query: &Fields) -> Language {
    let chosen = query.get("lang").and_then(Language::from_code);
    let remembered = || {
        let code = desk.cookies.read(Cookie::Language, headers)?;
        Language::from_code(&code)
    };
    let asked = || {
        let header = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Language::from_accept_language(header.unwrap_or_default())
    };
    chosen.or_else(remembered).unwrap_or_else(asked)
}

pub(super) async fn frame(desk: &Arc<Desk>, account: Option<&Account>, path: &str) -> Frame {
    let gates = if account.is_some() { gates(desk).await } else { Vec::new() };
    let decisions = desk.progress.of(Log::Decisions);
    let consent = desk.progress.of(Log::Consent);
    let is_whole = decisions.was_whole && consent.was_whole;
    let behind = decisions.behind_s.max(consent.behind_s);
    let roles = account.map(|account| Roles {
        viewer: true,
        officer: account.roles.contains(&Role::Officer),
        operator: account.roles.contains(&Role::Operator),
    });
    Frame {
        now: rfc3339(now()),
        name: account.filter(|_| desk.visitors.is_none()).map(|account| account.id.clone()),
        roles: roles.unwrap_or_default(),
        scope: desk.config.kafka.group_id.clone(),
        corner: corner(&gates, desk.config.desk.gates.len()),
        waiting: 0,
        csrf: account.and_then(|account| account.csrf.clone()).unwrap_or_default(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        path: path.to_owned(),
        observe: false,
        // shown in whole seconds
        stale_seconds: (is_whole && behind >= STALE_S).then_some(behind as u64),
        building: (!is_whole).then(|| IndexBuilding {
            percent: decisions.percent().min(consent.percent()),
            minutes_left: None,
            since: None,
        }),
    }
}

/// How the gates do, the worst first.
fn corner(gates: &[GateAnswer], n_gates: usize) -> Corner {
    if n_gates == 0 || gates.is_empty() {
        return Corner::Unknown;
    }
    let known: Vec<_> =
        gates.iter().filter_map(|gate| Some((gate, gate.status.as_ref()?))).collect();
    if known.is_empty() {
        return Corner::GatesAway;
    }
    let held = known
        .iter()
        .flat_map(|(_, status)| status.holds.iter().map(move |hold| (hold, status.now_ms)));
    if let Some((hold, now_ms)) = held.max_by_key(|(hold, _)| hold.seconds) {
        let since = now_ms - i64::try_from(hold.seconds).unwrap_or_default() * 1_000;
        return Corner::Held { code: hold.cause.clone(), since: crate::clock::utc(since) };
    }
    let named = |is_ready: bool| -> Vec<String> {
        let of = known.iter().filter(|(_, status)| status.readiness.ready == is_ready);
        of.map(|(gate, _)| short(&gate.address)).collect()
    };
    let not_ready = named(false);
    if not_ready.is_empty() {
        Corner::Ready { instances: named(true) }
    } else {
        Corner::NotReady { instances: not_ready }
    }
}

/// An address without its scheme.
fn short(address: &str) -> String {
    address.split_once("://").map_or(address, |(_, rest)| rest).to_owned()
}
