//! The public pages of the people's door: a view model, its brand and its frame go in, HTML comes out.
//!
//! ```text
//! BrandSettings ─ check ─▶ Brand ──┐
//! UnsubscribePage { … }  ──────────┼─ render ─▶ templates/unsubscribe.html ─▶ HTML
//! Frame { language, now, csrf, … } ┘            words/en.ftl, de.ftl, ar.ftl
//! ```
//! For the shell, in order:
//! 1. read each brand of the configuration into [`BrandSettings`] and [`BrandSettings::check`] it: all problems at once;
//! 2. `brand.language(lang, accept_language)`: the field of the switch, else `Accept-Language` among the languages with approved
//!    texts, else the brand's default;
//! 3. fill a view model ([`mask_address`] makes the only kind of address that fits), `render` it, and send it with its `status()`,
//!    [`PAGE_HEADERS`] and [`HTML_TYPE`]; [`CSS`], [`JS`] and `/brand/{id}.css` with [`ASSET_HEADERS`];
//! 4. evidence: [`Notice::version`], [`Notice::locale`] and [`Notice::sha256`] of the text that was agreed to; where a page shows
//!    no notice, [`sha256_hex`] of [`shown_text`] of the page.
//!
//! Invariants: every value is escaped, whatever its type (`escape.rs`; no template uses `safe`); no page has inline style, script
//! or handlers, so [`CONTENT_SECURITY_POLICY`] holds; every form works without JavaScript and carries `csrf`, but the one-click
//! form, which carries none (RFC 8058 section 3.1); no page shows an address that is not [`Masked`]; nothing is ticked that is not
//! in force; no page says "in force" unless its view model does.
//!
//! Deliberately absent: I/O, clocks, tokens, zones, sessions, routes, and the gate itself. German and Arabic texts await a native
//! reader; notices are the brand's own and never translated here.

#![forbid(unsafe_code)]
#![deny(
    clippy::wildcard_enum_match_arm,
    clippy::match_wildcard_for_single_variants,
    reason = "what is added to an enum is looked at wherever its kinds are told apart"
)]

mod ask;
mod asked;
mod assets;
pub mod brand;
mod channel;
mod colour;
mod confirm;
mod digest;
mod effect;
mod escape;
mod failure;
mod frame;
mod headers;
mod language;
mod link;
mod logo;
mod mail;
mod masked;
mod notice;
mod preferences;
mod render;
mod sentences;
mod sign_up;
mod unsubscribe;
mod when;
mod words;

pub use ask::{AskAgain, ExpiredPage, LinkSentPage};
pub use asked::AskedText;
pub use assets::{Asset, CSS, CSS_TYPE, JS};
pub use brand::{Brand, BrandProblem, BrandSettings};
pub use channel::Channel;
pub use colour::{CONTRAST_MIN, Colour, NoColour};
pub use confirm::{ConfirmDonePage, ConfirmPage};
pub use digest::sha256_hex;
pub use effect::Effect;
pub use failure::{ErrorPage, NotSavedPage, Problem, Unsaved};
pub use frame::Frame;
pub use headers::{ASSET_HEADERS, CONTENT_SECURITY_POLICY, HTML_TYPE, PAGE_HEADERS, TEXT_TYPE};
pub use language::Language;
pub use link::{Csrf, LINK_BYTES_MAX, Link, NoLink};
pub use logo::{LOGO_BYTES_MAX, LOGO_DEPTH_MAX, LOGO_ELEMENTS_MAX, Logo, LogoError};
pub use mail::{ConfirmMail, MailWords};
pub use masked::{Masked, Who, mask_address};
pub use notice::{NOTICE_CHARS_MAX, Notice, NoticeError, VERSION_CHARS_MAX, shown_text};
pub use preferences::{
    ChannelLink, Choice, ChoiceGroup, ChoiceState, ChoicesAwayPage, OffBy, PreferencesPage,
    StoppedPage, choice_value, read_choice,
};
pub use render::RenderError;
pub use sign_up::{SignUpChoice, SignUpForm, SignUpPage, Wrong};
pub use unsubscribe::{UnsubscribeDonePage, UnsubscribePage};
pub use when::When;
