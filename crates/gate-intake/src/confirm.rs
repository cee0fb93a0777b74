//! The button behind the link of a confirmation mail: `opt_in_confirmed` for each purpose, with what proves it.
//!
//! The record names the text by version and hash, the language, the page, the request and when it was made, and the mail that
//! carried the link: the whole declaration can be shown and printed (GDPR Art. 7(1); BGH I ZR 164/09, headnote b) as long as the
//! texts of the configuration are kept. Only the POST comes here; a `GET` confirms nothing.

use crate::ask::record;
use crate::batch;
use crate::confirmation::Confirmation;
use crate::outcome::{ItemProblem, Outcome, Window};
use crate::shown::{NoticeShown, at_page, seen};
use core::net::IpAddr;
use gate_core::{Action, Timestamp};
use std::borrow::Cow;
use std::fmt;

/// What stood on the page whose button was pressed. `Debug` shows nothing of it.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// The texts, of the versions that the request names and in its order.
    pub notices: &'a [NoticeShown<'a>],
    /// The page's address without its token, for `evidence.source`: `https://consent.example.com/c`.
    pub page: &'a str,
    /// Evidence that the operator has chosen to keep; by default it is not.
    pub ip: Option<IpAddr>,
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown(redacted)")
    }
}

/// Why nothing is confirmed.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// The page showed other texts than those that the request names: nobody has agreed to these.
    #[error(
        "the texts that were shown are not those of the request; ask again with the texts of now"
    )]
    OtherTexts,
    /// The gate would not read the record.
    #[error("{0}")]
    Refused(Box<ItemProblem>),
}

/// Confirms. A repeat that the window knows is in [`Outcome::repeated`] and is not written again.
///
/// # Errors
/// See [`ConfirmError`].
pub fn confirm(
    confirmation: &Confirmation,
    shown: &Shown<'_>,
    window: &dyn Window,
    now: Timestamp,
) -> Result<Outcome, ConfirmError> {
    let n_asked = confirmation.asked.len();
    let mut pairs = confirmation.asked.iter().zip(shown.notices);
    let is_asked = pairs.all(|(asked, seen)| {
        (&*asked.purpose, &*asked.notice_version) == (seen.purpose, seen.version)
            && asked.is_text(seen.sha256)
    });
    if n_asked != shown.notices.len() || !is_asked {
        return Err(ConfirmError::OtherTexts);
    }
    let mut outcome = Outcome::default();
    for (index, notice) in shown.notices.iter().enumerate() {
        let mut evidence = seen("double_opt_in", notice);
        at_page(&mut evidence, shown.page, &confirmation.locale, shown.ip);
        let requested_at = jiff::Timestamp::from_microsecond(confirmation.asked_at.as_micros());
        let further = [
            ("request_event_id", Some(confirmation.requested_id(notice.purpose))),
            ("requested_at", requested_at.ok().map(|at| at.to_string())),
            ("mail_message_id", Some(confirmation.message_id())),
        ];
        let further = further.into_iter().filter_map(|(name, text)| Some((name, text?)));
        evidence.further.extend(further.map(|(name, text)| (name.into(), Cow::Owned(text))));
        let record = record(confirmation, Action::OptInConfirmed, notice.purpose, evidence, now);
        let accepted = batch::accept(index, record, &[]).map_err(ConfirmError::Refused)?;
        batch::once(&mut outcome, accepted, window);
    }
    Ok(outcome)
}
