//! Short tokens for links in text messages: a telephone number and who wrote to it, in one block of AES-256, 22 characters.
//!
//! ```text
//! version and channel 1 · number 7 · sender 4 · zeros 4
//! ```
//! A number is small enough to be carried, so nothing is stored. A block cipher is a permutation that nobody can tell from a random
//! one: a block that somebody makes up opens to four zeros, a number, and the tag of a known sender by chance only (encode, then
//! encipher: Bellare and Rogaway, ASIACRYPT 2000), at about 2^-70 for each try, key and sender. A sender is known by four bytes of a
//! keyed hash of its names; it is looked for among those that the configuration lists, and a token of any other opens nothing.
//! The same number and sender have the same token, which is what a person sees in each text anyway. One block and one key for this
//! alone: no mode is needed.
//!
//! Like those of mail these links never expire: keys and listed senders stay as long as the texts may be read.

use crate::crypto::{self, Mac};
use aws_lc_rs::cipher::{
    AES_256, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext, UnboundCipherKey,
};
use zeroize::Zeroizing;

/// Characters of a short token.
pub const SHORT_TOKEN_CHARS: usize = 22;
/// Senders that short links can name.
pub const SHORT_SENDERS_MAX: usize = 256;

const BLOCK: usize = 16;
/// The high half of the first byte.
const VERSION: u8 = 1;
/// Digits of a number in international form (E.164).
const DIGITS: core::ops::RangeInclusive<usize> = 7..=15;
/// The low half of the first byte, by channel.
const CHANNELS: [&str; 4] = ["sms", "mms", "rcs", "whatsapp"];

/// Who writes: the names of a message, in their canonical form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShortSender {
    /// The legal entity.
    pub controller: Option<String>,
    /// The trade name.
    pub brand: Option<String>,
}

/// What a short token names.
pub(crate) struct Short {
    pub(crate) address: String,
    pub(crate) channel: &'static str,
    pub(crate) sender: ShortSender,
}

/// The key of short tokens, made of a key of the ring.
pub(crate) struct ShortKey {
    block: Zeroizing<Vec<u8>>,
    naming: Zeroizing<Vec<u8>>,
}

impl ShortKey {
    pub(crate) fn new(bytes: &[u8; 32]) -> Self {
        let derive = |label: &[u8]| Zeroizing::new(Mac::Sha256.of(bytes, label));
        Self {
            block: derive(b"consent-gate short block 1"),
            naming: derive(b"consent-gate short sender 1"),
        }
    }

    fn sender(&self, sender: &ShortSender) -> Option<[u8; 4]> {
        let mut names = Vec::new();
        for name in [&sender.controller, &sender.brand] {
            // absent is another thing than empty
            names.push(u8::from(name.is_some()));
            let name = name.as_deref().unwrap_or_default();
            names.extend(u64::try_from(name.len()).ok()?.to_be_bytes());
            names.extend(name.as_bytes());
        }
        Mac::Sha256.of(&self.naming, &names).first_chunk().copied()
    }

    fn sealed(&self, mut block: [u8; BLOCK]) -> Option<[u8; BLOCK]> {
        let key = UnboundCipherKey::new(&AES_256, &self.block).ok()?;
        let key = EncryptingKey::ecb(key).ok()?;
        key.less_safe_encrypt(&mut block, EncryptionContext::None).ok()?;
        Some(block)
    }

    fn opened(&self, mut block: [u8; BLOCK]) -> Option<[u8; BLOCK]> {
        let key = UnboundCipherKey::new(&AES_256, &self.block).ok()?;
        let key = DecryptingKey::ecb(key).ok()?;
        key.decrypt(&mut block, DecryptionContext::None).ok()?;
        Some(block)
    }

    /// A token; `None` for another channel, and for what is no number in international form.
    pub(crate) fn seal(
        &self,
        address: &str,
        channel: &str,
        sender: &ShortSender,
    ) -> Option<String> {
        let code = CHANNELS.iter().position(|known| *known == channel)?;
        let [_, number @ ..] = number(address)?.to_be_bytes();
        let mut block = [0; BLOCK];
        let head = VERSION << 4 | u8::try_from(code).ok()?;
        let bytes = [head].into_iter().chain(number).chain(self.sender(sender)?);
        for (to, from) in block.iter_mut().zip(bytes) {
            *to = from;
        }
        Some(crypto::to_base64url(&self.sealed(block)?))
    }

    /// What a token names, if it is one of this key and of one of these senders.
    pub(crate) fn open(&self, text: &str, senders: &[ShortSender]) -> Option<Short> {
        if text.len() != SHORT_TOKEN_CHARS {
            return None;
        }
        // one spelling a token: the decoder takes no bits behind the end
        let block: [u8; BLOCK] = crypto::base64url(text.as_bytes())?.try_into().ok()?;
        let [head, n1, n2, n3, n4, n5, n6, n7, sender @ .., 0, 0, 0, 0] = self.opened(block)?
        else {
            return None;
        };
        let channel = CHANNELS.get(usize::from(head & 15)).filter(|_| head >> 4 == VERSION)?;
        let digits = u64::from_be_bytes([0, n1, n2, n3, n4, n5, n6, n7]).to_string();
        let mut known = senders.iter().take(SHORT_SENDERS_MAX);
        let known = known.find(|it| self.sender(it).is_some_and(|tag| tag == sender))?;
        DIGITS.contains(&digits.len()).then(|| Short {
            address: format!("+{digits}"),
            channel,
            sender: known.clone(),
        })
    }
}

/// The digits of a number in international form.
fn number(address: &str) -> Option<u64> {
    let digits = address.strip_prefix('+')?;
    let is_number = DIGITS.contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_number)
}
