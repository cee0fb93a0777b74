//! The people's door without HTTP and without Kafka: a request as raw bytes goes in, an answer and consent changes come out.
//!
//! ```text
//! Request ─ receive ─▶ proof over raw bytes ─▶ items ─▶ drafts ─▶ records, read back by gate-codec ─▶ Outcome
//! ```
//! The caller owns clock, network, Kafka and memory: it hands in the time, certificates and what it remembers, writes
//! [`Outcome::records`] with acks=all, and only then sends [`Outcome::answer`]. Rules of every source, schemes and keys of the
//! configuration: docs/door-sources.md; what single providers send: docs/providers.
//!
//! Invariants: no input panics; nothing is parsed before its sender is known; one bad item stops no other; every record was
//! read back by the gate's own reader; no error, `Debug` or answer holds a person's data or a secret.

#![forbid(unsafe_code)]

mod ask;
mod batch;
mod changes;
mod confirm;
mod confirmation;
mod crypto;
mod draft;
mod form;
mod gpc;
mod json;
mod limits;
mod listed;
mod mail;
mod mailbox;
mod mapped;
mod one_click;
mod outcome;
mod provider;
mod receive;
mod request;
mod request_mail;
mod sale_share;
mod sample;
mod scheme;
mod secret;
mod short;
mod shown;
mod sign_up;
mod source;
mod table;
mod throttle;
mod time;
mod token;

pub use ask::{Asking, Way, Wish, WishError, ask};
pub use batch::{IdKey, accept};
pub use confirm::{ConfirmError, Shown, confirm};
pub use confirmation::{CONFIRMED_CHANNEL, Confirmation, Reading};
pub use gpc::{GPC_JSON, GPC_PATH, asks_for_gpc, refuse_sale_share, says_gpc};
pub use limits::*;
pub use listed::{Listed, ListedKind, listed};
pub use mail::receive_mail;
pub use one_click::{PAGE_FIELD, can_be_followed, one_click};
pub use outcome::{
    Accepted, Answer, CertificateUrl, Effect, ItemProblem, Outcome, ProblemClass, Refusal, Skip,
    Step, Window,
};
pub use provider::sns::{Certificates, NoCertificate};
pub use receive::{Context, is_from, may_be_from, receive};
pub use request::Request;
pub use request_mail::{MailText, RequestMail, RequestMailError, can_be_mailed, consent_request};
pub use sale_share::{SALE_SHARE, is_sale_share};
pub use sample::{CaseResult, Report, run as run_sample, run_with as run_sample_with};
pub use scheme::{
    Algorithm, BearerScheme, Encoding, HeaderNames, JwtScheme, KeyForm, Part, Scheme,
    SignatureScheme, Template, TimestampRule, Unit, Written,
};
pub use secret::{Keys, Secret, SecretSpec};
pub use short::{SHORT_SENDERS_MAX, SHORT_TOKEN_CHARS, ShortSender};
pub use shown::NoticeShown;
pub use sign_up::{SignUp, SignUpError, SignUpFault};
pub use source::{
    BasicPair, BasicSpec, Provider, Remark, SchemeSpec, ScopeSpec, Source, SourceProblem,
    SourceSpec, Texts,
};
pub use table::{
    AtUnit, BodyKind, Mapping, NAMES as MAPPED_PROVIDERS, NamedScheme, Rule, TimeField,
};
pub use throttle::{NETWORK_BITS_V4, NETWORK_BITS_V6, ThrottleKeys, network_of, throttle_keys};
pub use token::{Asked, RING_MAX, Token, TokenContent, TokenError, TokenKeys, TokenKind};
