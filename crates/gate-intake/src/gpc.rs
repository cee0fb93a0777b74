//! Global Privacy Control: a browser says "do not sell or share my data" with every request, and for whoever lives where the law
//! asks for it that is a refusal of `sale_share`, recorded and shown. It is never more than that: it stops no mail, and nothing
//! here or in the gate turns `sale_share` on.
//!
//! Sources, each read through a secondary source (L2): Cal. Civ. Code 1798.135(e); 11 CCR 7025(c)(1) (the signal is a valid
//! request for the browser and, if known, for the consumer), (c)(2) (nothing further may be asked for), (c)(6) (since 1 January
//! 2026 the site must show whether it honoured the signal). Other states: `law/gpc.txt`.

use crate::batch;
use crate::outcome::{ItemProblem, Outcome, Window, seconds};
use crate::request::Request;
use crate::sale_share::SALE_SHARE;
use crate::shown::at_page;
use crate::token::Token;
use gate_codec::{ConsentChangeRecord, EvidenceRecord};
use gate_core::Timestamp;
use std::borrow::Cow;
use std::sync::LazyLock;

/// Where a browser asks whether a site honours the signal.
pub const GPC_PATH: &str = "/.well-known/gpc.json";
/// The answer, as `application/json` (W3C Global Privacy Control, section "GPC Support Resource"; K, from memory). The day is that of
/// the statement, not of the request.
pub const GPC_JSON: &str = "{\"gpc\": true, \"lastUpdate\": \"2026-11-30\"}\n";

/// Where the law asks for it: data, as all law is.
static PLACES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let lines = include_str!("../law/gpc.txt").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_whitespace().next()).collect()
});

/// Whether the law asks to honour the signal of somebody who lives there (`law/gpc.txt`). Where nobody knows where that is, it
/// might: then the signal is honoured.
#[must_use]
pub fn asks_for_gpc(jurisdiction: Option<&str>) -> bool {
    let Some(place) = jurisdiction.map(str::trim).filter(|place| !place.is_empty()) else {
        return true;
    };
    PLACES.iter().any(|own| own.eq_ignore_ascii_case(place))
}

/// Whether the browser says so: `Sec-GPC: 1` and nothing else.
#[must_use]
pub fn says_gpc(request: &Request) -> bool {
    request.text("sec-gpc") == Some("1")
}

/// Takes the refusal that the signal is, for the person of a token. It names no brand: who sells is the legal entity. Of one
/// day and link it is one event, which a window that knows it does not write again.
///
/// # Errors
/// The gate would not read it: the token names nobody it knows.
pub fn refuse_sale_share(
    token: &Token,
    page: &str,
    locale: &str,
    window: &dyn Window,
    now: Timestamp,
) -> Result<Outcome, Box<ItemProblem>> {
    let content = &token.content;
    let own = |text: &Option<String>| text.clone().map(Cow::Owned);
    let day = seconds(now).div_euclid(24 * 3_600);
    let mut evidence = EvidenceRecord { method: Some("gpc".into()), ..EvidenceRecord::default() };
    at_page(&mut evidence, page, locale, None);
    let record = ConsentChangeRecord {
        event_id: Some(Cow::Owned(format!("gpc:{}:{day}", token.id))),
        occurred_at: Some(now),
        action: Some("opt_out".into()),
        contact_id: own(&content.contact_id),
        address: own(&content.address),
        purpose: Some(SALE_SHARE.into()),
        controller: own(&content.controller),
        evidence: Some(evidence),
        source: Some("door".into()),
        via: Some("Sec-GPC: 1".into()),
        ..ConsentChangeRecord::default()
    };
    let mut outcome = Outcome::default();
    batch::once(&mut outcome, batch::accept(0, record, &[])?, window);
    Ok(outcome)
}
