//! Tokens of the door: who may be unsubscribed, shown preferences, or asked to confirm, sealed so that a link shows nobody.
//!
//! ```text
//! clear:  version 1 · kind 1 · key id 4 · nonce 12          also the associated data
//! sealed: fields, padded to a multiple of 64 bytes · tag 16
//! ```
//! AES-256-GCM-SIV (RFC 8452), written in base64url. The nonce is the beginning of a keyed hash of kind and content, under a key
//! derived for that alone: the same content gives the same token (a link can be minted again, an event id be made of it), and two
//! contents share a nonce with probability 2^-96, which a misuse-resistant cipher survives anyway. What is lost by determinism is
//! that two equal tokens show that they are equal.
//!
//! An unknown key id is answered like a damaged token: who holds none of our tokens learns no key id from us.
//!
//! Unsubscribe tokens never expire: a key stays in the ring as long as mail sealed with it may be read. Unknown, foreign and
//! damaged tokens give one answer after the same work.

use crate::crypto::{self, Mac};
use crate::limits::TOKEN_CHARS_MAX;
use crate::short::{ShortKey, ShortSender};
use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use gate_core::Timestamp;
use std::fmt;
use zeroize::Zeroizing;

/// The layout's version.
const VERSION: u8 = 1;
/// Version, kind, key id.
const HEAD: usize = 6;
/// Version, kind, key id, nonce.
const CLEAR: usize = HEAD + NONCE_LEN;
/// The tag of the cipher.
const TAG: usize = 16;
/// Content is padded to a multiple of this, so that its length shows little.
const STEP: usize = 64;
/// Longest content that is sealed, in bytes: 1,923 characters of a link. Older tokens may be longer, and open all the same.
const CONTENT_BYTES_MAX: usize = 22 * STEP;
/// The number of a field that may stand there more than once.
const ASKED: u8 = 13;
/// Hexadecimal digits of a text's hash that are sealed: enough to tell apart what one operator writes.
const TEXT_HEX: usize = 16;
/// Most keys of a ring.
pub const RING_MAX: usize = 64;

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Refuses what it names.
    Unsubscribe,
    /// Opens the preference page.
    Preferences,
    /// Confirms one request to be written to.
    Confirm,
}

impl TokenKind {
    const fn code(self) -> u8 {
        match self {
            Self::Unsubscribe => 1,
            Self::Preferences => 2,
            Self::Confirm => 3,
        }
    }

    const fn of(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Unsubscribe),
            2 => Some(Self::Preferences),
            3 => Some(Self::Confirm),
            _ => None,
        }
    }
}

/// Whom and what a token is about. `Debug` shows nothing of it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TokenContent {
    /// The sender's id of the person.
    pub contact_id: Option<String>,
    /// The address.
    pub address: Option<String>,
    /// The legal entity.
    pub controller: Option<String>,
    /// The trade name.
    pub brand: Option<String>,
    /// The channel.
    pub channel: Option<String>,
    /// The purpose; absent: everything of the brand.
    pub purpose: Option<String>,
    /// The message the token was put into.
    pub message_id: Option<String>,
    /// For confirmations: the event that asked.
    pub request_event_id: Option<String>,
    /// For confirmations: until when.
    pub expires_at: Option<Timestamp>,
    /// Where the person lives, as a message states it: what may come depends on it.
    pub jurisdiction: Option<String>,
    /// For confirmations: what was asked for, each with the text that asks.
    pub asked: Vec<Asked>,
    /// For confirmations: the language of those texts.
    pub locale: Option<String>,
    /// For confirmations: when the person asked.
    pub asked_at: Option<Timestamp>,
}

impl TokenContent {
    /// The same person at the same sender and nothing else of this token: what a preference page's link is made of. A
    /// confirmation's end, and what it asked for, must not come along.
    #[must_use]
    pub fn person(&self) -> Self {
        Self {
            contact_id: self.contact_id.clone(),
            address: self.address.clone(),
            controller: self.controller.clone(),
            brand: self.brand.clone(),
            jurisdiction: self.jurisdiction.clone(),
            ..Self::default()
        }
    }
}

/// A purpose that somebody asked for, and the version of the approved text that says what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The purpose's code.
    pub purpose: String,
    /// `evidence.notice_version`; it has no blank.
    pub notice_version: String,
    /// The beginning of the text's SHA-256 ([`Asked::seal_of`]), of links that say it: a version whose text was changed is another.
    pub text_sha256: Option<String>,
}

impl Asked {
    /// What a link says of a text: the first 8 bytes of its SHA-256, in hexadecimal digits.
    #[must_use]
    pub fn seal_of(sha256: &str) -> &str {
        sha256.get(..TEXT_HEX).unwrap_or(sha256)
    }

    /// Whether a text with this SHA-256 is the one that was asked with, as far as the link says so.
    #[must_use]
    pub fn is_text(&self, sha256: &str) -> bool {
        self.text_sha256.as_deref().is_none_or(|own| own == Self::seal_of(sha256))
    }
}

impl fmt::Debug for TokenContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenContent(redacted)")
    }
}

/// An opened token.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is for.
    pub kind: TokenKind,
    /// Whom and what it is about.
    pub content: TokenContent,
    /// A name of the token that shows nothing of it: the same for the same token, for event ids.
    pub id: String,
}

impl Token {
    /// Whether its time is over. Unsubscribe tokens have no end.
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.content.expires_at.is_some_and(|end| now > end)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Why there is no token, or no ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Unknown, foreign or damaged: nobody is told which.
    #[error("no token of this door")]
    Unknown,
    /// The content does not fit, or names nobody.
    #[error(
        "a token names a contact or an address, in at most {CONTENT_BYTES_MAX} bytes with all it says"
    )]
    Content,
    /// The ring has no keys, too many, or an id twice.
    #[error("a ring has 1 to 64 keys with different ids, and the current one among them")]
    Ring,
}

/// The keys that open tokens, and the one that seals new ones.
pub struct TokenKeys {
    ring: Vec<(u32, Key)>,
    current: u32,
}

struct Key {
    sealing: LessSafeKey,
    short: ShortKey,
    naming: Zeroizing<Vec<u8>>,
}

impl Key {
    fn new(bytes: &[u8; 32]) -> Option<Self> {
        let derive = |label: &[u8]| Zeroizing::new(Mac::Sha256.of(bytes, label));
        let sealing = derive(b"consent-gate token seal 1");
        let unbound = UnboundKey::new(&AES_256_GCM_SIV, &sealing).ok()?;
        Some(Self {
            sealing: LessSafeKey::new(unbound),
            short: ShortKey::new(bytes),
            naming: derive(b"consent-gate token nonce 1"),
        })
    }
}

impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKeys").field("n_keys", &self.ring.len()).finish_non_exhaustive()
    }
}

impl TokenKeys {
    /// A ring of keys by id. `current` seals; all open.
    ///
    /// # Errors
    /// [`TokenError::Ring`].
    pub fn new(keys: &[(u32, [u8; 32])], current: u32) -> Result<Self, TokenError> {
        let mut ring: Vec<(u32, Key)> = Vec::new();
        for (id, bytes) in keys {
            if ring.len() == RING_MAX || ring.iter().any(|(known, _)| known == id) {
                return Err(TokenError::Ring);
            }
            ring.push((*id, Key::new(bytes).ok_or(TokenError::Ring)?));
        }
        let has_current = ring.iter().any(|(id, _)| *id == current);
        if has_current { Ok(Self { ring, current }) } else { Err(TokenError::Ring) }
    }

    /// A short token (`short.rs`) that refuses what `sender` sends to this number over this channel (`sms`, `mms`, `rcs`,
    /// `whatsapp`). The same gives the same. `None` for another channel, and for what is no number in international form.
    #[must_use]
    pub fn mint_short(&self, address: &str, channel: &str, sender: &ShortSender) -> Option<String> {
        let (_, key) = self.ring.iter().find(|(id, _)| *id == self.current)?;
        key.short.seal(address, channel, sender)
    }

    /// What a short token names; `None` for one that is unknown, foreign or damaged, or of a sender that is not listed.
    #[must_use]
    pub fn open_short(&self, text: &str, senders: &[ShortSender]) -> Option<TokenContent> {
        let short = self.ring.iter().find_map(|(_, key)| key.short.open(text, senders))?;
        Some(TokenContent {
            address: Some(short.address),
            controller: short.sender.controller,
            brand: short.sender.brand,
            channel: Some(short.channel.to_owned()),
            ..TokenContent::default()
        })
    }

    /// Seals a token. The same content gives the same token.
    ///
    /// # Errors
    /// [`TokenError::Content`].
    pub fn mint(&self, kind: TokenKind, content: &TokenContent) -> Result<String, TokenError> {
        if content.contact_id.is_none() && content.address.is_none() {
            return Err(TokenError::Content);
        }
        let (id, key) =
            self.ring.iter().find(|(id, _)| *id == self.current).ok_or(TokenError::Ring)?;
        let mut bytes = vec![VERSION, kind.code()];
        bytes.extend_from_slice(&id.to_be_bytes());
        let mut sealed = fields(content)?;
        let mut named = bytes.clone();
        named.extend_from_slice(&sealed);
        let name = Mac::Sha256.of(&key.naming, &named);
        bytes.extend_from_slice(name.get(..NONCE_LEN).ok_or(TokenError::Content)?);
        let nonce = nonce(&bytes).ok_or(TokenError::Content)?;
        key.sealing
            .seal_in_place_append_tag(nonce, Aad::from(&bytes), &mut sealed)
            .map_err(|_| TokenError::Content)?;
        bytes.extend_from_slice(&sealed);
        Ok(crypto::to_base64url(&bytes))
    }

    /// Opens a token of whatever kind and age; [`Token::kind`] and [`TokenContent::expires_at`] are the caller's to look at.
    ///
    /// # Errors
    /// [`TokenError::Unknown`], after the same work whatever is wrong with it.
    pub fn open(&self, text: &str) -> Result<Token, TokenError> {
        // one spelling a token: the decoder takes neither padding nor bits behind the end
        let bytes =
            if text.len() <= TOKEN_CHARS_MAX { crypto::base64url(text.as_bytes()) } else { None };
        let is_whole = bytes.as_ref().is_some_and(|bytes| bytes.len() >= CLEAR + STEP + TAG);
        let mut bytes = bytes.filter(|_| is_whole).unwrap_or_else(|| vec![0; CLEAR + STEP + TAG]);
        let id = bytes.get(2..HEAD).and_then(|id| id.try_into().ok()).map(u32::from_be_bytes);
        let own = self.ring.iter().find(|(known, _)| Some(*known) == id);
        // an unknown key costs as much as a known one
        let (_, key) = own.or_else(|| self.ring.first()).ok_or(TokenError::Unknown)?;
        let opened = opened(key, &mut bytes);
        let opened = opened.filter(|_| own.is_some() && is_whole).ok_or(TokenError::Unknown)?;
        let (kind, content) = opened;
        let id = crypto::to_hex(crypto::sha256(text.as_bytes()).get(..16).unwrap_or_default());
        Ok(Token { kind, content, id })
    }
}

fn nonce(bytes: &[u8]) -> Option<Nonce> {
    Nonce::try_assume_unique_for_key(bytes.get(HEAD..CLEAR)?).ok()
}

fn opened(key: &Key, bytes: &mut [u8]) -> Option<(TokenKind, TokenContent)> {
    let nonce = nonce(bytes)?;
    let (clear, sealed) = bytes.split_at_mut_checked(CLEAR)?;
    let plain = key.sealing.open_in_place(nonce, Aad::from(&*clear), sealed).ok()?;
    let (version, kind) = (*clear.first()?, *clear.get(1)?);
    if version != VERSION {
        return None;
    }
    Some((TokenKind::of(kind)?, content(plain)?))
}

/// The fields in order: number, length, bytes; then a zero and padding.
fn fields(content: &TokenContent) -> Result<Vec<u8>, TokenError> {
    let micros = |at: Timestamp| at.as_micros().to_string();
    let (until, asked_at) = (content.expires_at.map(micros), content.asked_at.map(micros));
    let fields = [
        &content.contact_id,
        &content.address,
        &content.controller,
        &content.brand,
        &content.channel,
        &content.purpose,
        &content.message_id,
        &content.request_event_id,
        &until,
        &content.jurisdiction,
        &content.locale,
        &asked_at,
    ];
    let mut bytes = Vec::new();
    for (number, text) in (1_u8..).zip(fields) {
        if let Some(text) = text {
            field(number, text, &mut bytes)?;
        }
    }
    for asked in &content.asked {
        let Asked { purpose, notice_version, text_sha256 } = asked;
        if purpose.contains(' ') || (text_sha256.is_some() && notice_version.contains(' ')) {
            return Err(TokenError::Content);
        }
        let mut text = format!("{purpose} {notice_version}");
        if let Some(hash) = text_sha256 {
            text.push(' ');
            text.push_str(hash);
        }
        field(ASKED, &text, &mut bytes)?;
    }
    bytes.push(0);
    if bytes.len() > CONTENT_BYTES_MAX {
        return Err(TokenError::Content);
    }
    bytes.resize(bytes.len().next_multiple_of(STEP), 0);
    Ok(bytes)
}

fn field(number: u8, text: &str, bytes: &mut Vec<u8>) -> Result<(), TokenError> {
    let length = u16::try_from(text.len()).map_err(|_| TokenError::Content)?;
    bytes.push(number);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
    Ok(())
}

fn content(mut bytes: &[u8]) -> Option<TokenContent> {
    let mut content = TokenContent::default();
    while let Some((number, rest)) = bytes.split_first() {
        if *number == 0 {
            return Some(content);
        }
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (text, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        let text = String::from_utf8(text.to_vec()).ok()?;
        bytes = rest;
        match *number {
            1 => content.contact_id = Some(text),
            2 => content.address = Some(text),
            3 => content.controller = Some(text),
            4 => content.brand = Some(text),
            5 => content.channel = Some(text),
            6 => content.purpose = Some(text),
            7 => content.message_id = Some(text),
            8 => content.request_event_id = Some(text),
            9 => content.expires_at = Some(Timestamp::from_micros(text.parse().ok()?)),
            10 => content.jurisdiction = Some(text),
            11 => content.locale = Some(text),
            12 => content.asked_at = Some(Timestamp::from_micros(text.parse().ok()?)),
            ASKED => {
                let (purpose, rest) = text.split_once(' ')?;
                let (version, hash) = match rest.split_once(' ') {
                    Some((version, hash)) => (version, Some(hash.to_owned())),
                    // a link of before texts were sealed
                    None => (rest, None),
                };
                let (purpose, notice_version) = (purpose.to_owned(), version.to_owned());
                content.asked.push(Asked { purpose, notice_version, text_sha256: hash });
            }
            _ => return None,
        }
    }
    None
}
