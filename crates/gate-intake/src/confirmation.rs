//! The token behind the link of a confirmation mail: which request of whom it confirms, with which texts, and until when.
//!
//! It is used once by construction: what it confirms has event ids made of the request's, and the gate counts an event id once,
//! by its earliest act (docs/law.md section 10, state rule 3). So nothing has to be remembered for it, and a link that is
//! pressed again, perhaps after an opt-out, permits nothing anew.

use crate::limits::{ASKED_MAX, CONFIRM_TOKEN_CHARS_MAX, OPT_IN_HOURS_MAX, OPT_IN_HOURS_MIN};
use crate::token::{Asked, TokenContent, TokenError, TokenKeys, TokenKind};
use gate_core::Timestamp;
use std::fmt;
use std::time::Duration;

/// The only channel that a link in an e-mail proves anything about. An e-mail says nothing about whose a telephone is (BGH I ZR
/// 164/09, 10 February 2011, headnote c): texts are confirmed by a texted YES, calls by what a caller records.
pub const CONFIRMED_CHANNEL: &str = "email";

/// A request that waits for its confirmation. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// What the event ids of request and confirmation begin with.
    pub request: String,
    /// The mailbox that the link was sent to, and that it proves.
    pub address: String,
    /// The sender's id of the person, where the page that asked knew it.
    pub contact_id: Option<String>,
    /// The legal entity.
    pub controller: Option<String>,
    /// The trade name.
    pub brand: Option<String>,
    /// Where the person lives, if it was stated.
    pub jurisdiction: Option<String>,
    /// The language of the texts.
    pub locale: String,
    /// What was asked for: 1 to [`ASKED_MAX`].
    pub asked: Vec<Asked>,
    /// When.
    pub asked_at: Timestamp,
    /// Until when the link works.
    pub expires_at: Timestamp,
}

impl fmt::Debug for Confirmation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Confirmation(redacted)")
    }
}

/// What a link says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It works.
    Valid(Confirmation),
    /// It worked, and its time is over: with what it holds one can ask again.
    Expired(Confirmation),
    /// Unknown, foreign, damaged or for something else: nobody is told which.
    Wrong,
}

impl Confirmation {
    /// The event id of the request for a purpose.
    #[must_use]
    pub fn requested_id(&self, purpose: &str) -> String {
        format!("{}:{purpose}", self.request)
    }

    /// The event id of its confirmation: the same however often it is pressed.
    #[must_use]
    pub fn confirmed_id(&self, purpose: &str) -> String {
        format!("{}:{purpose}:confirmed", self.request)
    }

    /// The id of the message that carries the link.
    #[must_use]
    pub fn message_id(&self) -> String {
        format!("{}:mail", self.request)
    }

    /// The same person, for a preference page's link.
    #[must_use]
    pub fn person(&self) -> TokenContent {
        TokenContent {
            contact_id: self.contact_id.clone(),
            address: Some(self.address.clone()),
            controller: self.controller.clone(),
            brand: self.brand.clone(),
            jurisdiction: self.jurisdiction.clone(),
            ..TokenContent::default()
        }
    }

    fn content(&self) -> TokenContent {
        TokenContent {
            channel: Some(CONFIRMED_CHANNEL.to_owned()),
            request_event_id: Some(self.request.clone()),
            expires_at: Some(self.expires_at),
            asked: self.asked.clone(),
            locale: Some(self.locale.clone()),
            asked_at: Some(self.asked_at),
            ..self.person()
        }
    }

    /// From an opened token; `None` when it lacks something, or says more than a mail can prove.
    fn of(content: TokenContent) -> Option<Self> {
        let confirmation = Self {
            request: content.request_event_id?,
            address: content.address?,
            contact_id: content.contact_id,
            controller: content.controller,
            brand: content.brand,
            jurisdiction: content.jurisdiction,
            locale: content.locale?,
            asked: content.asked,
            asked_at: content.asked_at?,
            expires_at: content.expires_at?,
        };
        let is_mail = content.channel.as_deref() == Some(CONFIRMED_CHANNEL);
        (is_mail && confirmation.is_whole()).then_some(confirmation)
    }

    fn is_whole(&self) -> bool {
        let life = self.expires_at.as_micros().saturating_sub(self.asked_at.as_micros());
        let bounds = micros(OPT_IN_HOURS_MIN)..=micros(OPT_IN_HOURS_MAX);
        let has_texts =
            self.asked.iter().all(|it| !it.purpose.is_empty() && !it.notice_version.is_empty());
        let n_asked = self.asked.len();
        has_texts && (1..=ASKED_MAX).contains(&n_asked) && bounds.contains(&life)
    }
}

fn micros(hours: u32) -> i64 {
    i64::from(hours) * 3_600_000_000
}

/// The end of a link that works for `hours`; `None` outside of what is allowed.
pub(crate) fn end_of(asked_at: Timestamp, hours: u32) -> Option<Timestamp> {
    let is_allowed = (OPT_IN_HOURS_MIN..=OPT_IN_HOURS_MAX).contains(&hours);
    is_allowed.then(|| asked_at.saturating_add(Duration::from_hours(hours.into())))
}

impl TokenKeys {
    /// Seals the token of a confirmation link: `/c/TOKEN`.
    ///
    /// # Errors
    /// [`TokenError::Content`] when it lacks something, lives too long or too short, or is longer than a link may be.
    pub fn seal(&self, confirmation: &Confirmation) -> Result<String, TokenError> {
        if !confirmation.is_whole() {
            return Err(TokenError::Content);
        }
        let token = self.mint(TokenKind::Confirm, &confirmation.content())?;
        (token.len() <= CONFIRM_TOKEN_CHARS_MAX).then_some(token).ok_or(TokenError::Content)
    }

    /// Reads one.
    #[must_use]
    pub fn read(&self, text: &str, now: Timestamp) -> Reading {
        let token = self.open(text).ok().filter(|token| token.kind == TokenKind::Confirm);
        match token.and_then(|token| Confirmation::of(token.content)) {
            None => Reading::Wrong,
            Some(confirmation) if now > confirmation.expires_at => Reading::Expired(confirmation),
            Some(confirmation) => Reading::Valid(confirmation),
        }
    }
}
