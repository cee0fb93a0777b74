//! Somebody asks for something: a request for each purpose (`opt_in_requested`), and what the link of the one mail seals.
//!
//! A request permits nothing. What it proves is small and honest: which text was before whom, when, where, in which language. A
//! page that showed no text claims none; the confirmation shows it and carries its own evidence (GDPR Art. 7(1)).

use crate::batch::{self, IdKey};
use crate::confirmation::{CONFIRMED_CHANNEL, Confirmation, end_of};
use crate::limits::{ASKED_MAX, OPT_IN_HOURS_MAX, OPT_IN_HOURS_MIN, REPEAT_SECONDS};
use crate::mailbox::plain_address;
use crate::outcome::{Accepted, ItemProblem, seconds};
use crate::sale_share::is_sale_share;
use crate::shown::{NoticeShown, at_page, seen};
use crate::token::Asked;
use core::net::IpAddr;
use gate_codec::{ConsentChangeRecord, EvidenceRecord};
use gate_core::{Action, Timestamp};
use std::borrow::Cow;
use std::fmt;

/// Where somebody asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The sign-up form, or the form of an expired link: the texts stood beside the button.
    Form,
    /// "Turn on by e-mail" of the preference page, which shows no text.
    PreferencePage,
}

/// What somebody asks for. `Debug` shows nothing of it.
#[derive(Clone, Copy)]
pub struct Wish<'a> {
    /// The mailbox.
    pub address: &'a str,
    /// The sender's id of the person, where the page knows it.
    pub contact_id: Option<&'a str>,
    /// The legal entity.
    pub controller: Option<&'a str>,
    /// The trade name.
    pub brand: Option<&'a str>,
    /// Where the person lives, where the page knows it.
    pub jurisdiction: Option<&'a str>,
    /// The language of the texts, for `evidence.locale`.
    pub locale: &'a str,
    /// What for, each once: 1 to [`ASKED_MAX`].
    pub notices: &'a [NoticeShown<'a>],
    /// Where.
    pub way: Way,
    /// The page's address, for `evidence.source`; what follows a `?` is left out, and no token may be in it.
    pub page: &'a str,
    /// Evidence that the operator has chosen to keep; by default it is not (docs/door.md). It does not say who asked.
    pub ip: Option<IpAddr>,
    /// For how many hours the link works: [`OPT_IN_HOURS_MIN`] to [`OPT_IN_HOURS_MAX`].
    pub hours: u32,
}

impl fmt::Debug for Wish<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wish(redacted)")
    }
}

/// Why nothing is asked.
#[derive(Debug, thiserror::Error)]
pub enum WishError {
    /// It is no plain e-mail address: the person corrects it.
    #[error("no plain e-mail address; write it as `name@example.com`")]
    Address,
    /// Nothing, too much, or something twice.
    #[error("between 1 and {ASKED_MAX} purposes can be asked for, each once")]
    Purposes,
    /// Selling data.
    #[error("`sale_share` can only be refused; nobody is asked for it")]
    SaleShare,
    /// The operator's configuration.
    #[error("a link works for {OPT_IN_HOURS_MIN} to {OPT_IN_HOURS_MAX} hours")]
    Hours,
    /// The gate would not read the record.
    #[error("{0}")]
    Refused(Box<ItemProblem>),
}

/// What a wish comes to.
#[derive(Debug)]
pub struct Asking {
    /// What the link seals.
    pub confirmation: Confirmation,
    /// The requests, one a purpose: they are in Kafka before the mail is.
    pub records: Vec<Accepted>,
}

/// Takes a wish. The same wish within [`REPEAT_SECONDS`] (a button pressed twice) has the same event ids, so one mail goes out.
///
/// # Errors
/// See [`WishError`].
pub fn ask(wish: &Wish<'_>, ids: &IdKey, now: Timestamp) -> Result<Asking, WishError> {
    let address = plain_address(wish.address).ok_or(WishError::Address)?;
    purposes(wish.notices)?;
    let expires_at = end_of(now, wish.hours).ok_or(WishError::Hours)?;
    let asked = wish.notices.iter().map(|notice| Asked {
        purpose: notice.purpose.to_owned(),
        notice_version: notice.version.to_owned(),
        text_sha256: Some(Asked::seal_of(notice.sha256).to_owned()),
    });
    let own = |text: Option<&str>| text.map(str::to_owned);
    let confirmation = Confirmation {
        request: format!("opt-in:{}", ids.hash(&identity(wish, &address, now))),
        address: wish.address.trim().to_owned(),
        contact_id: own(wish.contact_id),
        controller: own(wish.controller),
        brand: own(wish.brand),
        jurisdiction: own(wish.jurisdiction),
        locale: wish.locale.to_owned(),
        asked: asked.collect(),
        asked_at: now,
        expires_at,
    };
    let mut records = Vec::new();
    for (index, notice) in wish.notices.iter().enumerate() {
        let evidence = evidence(wish, notice);
        let record = record(&confirmation, Action::OptInRequested, notice.purpose, evidence, now);
        records.push(batch::accept(index, record, &[]).map_err(WishError::Refused)?);
    }
    Ok(Asking { confirmation, records })
}

fn purposes(notices: &[NoticeShown<'_>]) -> Result<(), WishError> {
    let is_twice = |nth: usize, purpose: &str| {
        notices.iter().skip(nth + 1).any(|other| other.purpose == purpose)
    };
    let mut all = notices.iter().enumerate();
    if !(1..=ASKED_MAX).contains(&notices.len()) || all.any(|(nth, it)| is_twice(nth, it.purpose)) {
        return Err(WishError::Purposes);
    }
    if notices.iter().any(|notice| is_sale_share(notice.purpose)) {
        return Err(WishError::SaleShare);
    }
    Ok(())
}

/// What makes two wishes the same one.
fn identity(wish: &Wish<'_>, address: &str, now: Timestamp) -> Vec<String> {
    let own = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let minute = seconds(now).div_euclid(REPEAT_SECONDS);
    let mut parts = vec![address.to_owned(), own(wish.contact_id), own(wish.controller)];
    parts.extend([own(wish.brand), wish.locale.to_owned(), minute.to_string()]);
    parts.extend(wish.notices.iter().flat_map(|it| [it.purpose.to_owned(), it.version.to_owned()]));
    parts
}

fn evidence(wish: &Wish<'_>, notice: &NoticeShown<'_>) -> EvidenceRecord<'static> {
    let mut evidence = match wish.way {
        Way::Form => seen("web_form", notice),
        Way::PreferencePage => {
            EvidenceRecord { method: Some("preference_page".into()), ..EvidenceRecord::default() }
        }
    };
    at_page(&mut evidence, wish.page, wish.locale, wish.ip);
    evidence
}

/// A request or its confirmation: the same person and scope in both, which is how the gate finds the one for the other.
pub(crate) fn record(
    confirmation: &Confirmation,
    action: Action,
    purpose: &str,
    evidence: EvidenceRecord<'static>,
    now: Timestamp,
) -> ConsentChangeRecord<'static> {
    let own = |text: &Option<String>| text.clone().map(Cow::Owned);
    let id = match action {
        Action::OptInConfirmed => confirmation.confirmed_id(purpose),
        _ => confirmation.requested_id(purpose),
    };
    ConsentChangeRecord {
        event_id: Some(Cow::Owned(id)),
        occurred_at: Some(now),
        action: Some(Cow::Borrowed(action.as_str())),
        contact_id: own(&confirmation.contact_id),
        address: Some(Cow::Owned(confirmation.address.clone())),
        channel: Some(Cow::Borrowed(CONFIRMED_CHANNEL)),
        purpose: Some(Cow::Owned(purpose.to_owned())),
        controller: own(&confirmation.controller),
        brand: own(&confirmation.brand),
        basis: Some("express".into()),
        evidence: Some(evidence),
        source: Some("door".into()),
        ..ConsentChangeRecord::default()
    }
}
