//! A brand as configuration writes it. Everything is text here; `check.rs` reads it and names what is wrong.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A brand as it stands in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrandSettings {
    /// The brand's code, as in `brand` of a consent change, and in `/brand/{id}.css`: `tents`.
    pub id: String,
    /// The name people know: `Example Tents`.
    pub name: String,
    /// Who is behind it, with the postal address: `Tents Ltd, 1 Example Street, Exampleton`.
    pub legal_name: String,
    /// Where people turn to.
    pub contact: ContactSettings,
    /// The brand's colours; without them the door's own.
    #[serde(default)]
    pub colours: Option<ColoursSettings>,
    /// One inline SVG of plain shapes; without it the name stands alone.
    #[serde(default)]
    pub logo: Option<String>,
    /// The languages of its pages: those with approved notices.
    pub locales: Vec<String>,
    /// The language for whoever asks for none of them.
    pub default_locale: String,
    /// What still comes after everything is stopped, by locale: `Receipts and messages about your orders still come.` (the
    /// default).
    #[serde(default)]
    pub still_comes: BTreeMap<String, String>,
    /// The channels it uses, by their codes.
    pub channels: Vec<String>,
    /// What it writes or calls for.
    #[serde(default)]
    pub purposes: Vec<PurposeSettings>,
    /// The approved texts that people agree to.
    #[serde(default)]
    pub notices: Vec<NoticeSettings>,
    /// The sign-up form (double opt-in by e-mail); without it there is none.
    #[serde(default)]
    pub sign_up: Option<SignUpSettings>,
}

/// The sign-up form of a brand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignUpSettings {
    /// The legal entity, as `controller` of the consent changes.
    pub controller: String,
    /// The purposes it offers, by e-mail: 1 to 8, each with an approved notice.
    pub purposes: Vec<String>,
    /// For how many hours the link in the mail works: 48 to 168 (the default).
    #[serde(default = "week")]
    pub link_hours: u32,
    /// Whether the IP address is kept as evidence; by default it is not. It does not say who asked.
    #[serde(default)]
    pub keep_ip: bool,
}

fn week() -> u32 {
    7 * 24
}

/// Where people turn to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactSettings {
    /// An address where a written refusal is read and acted on.
    pub email: String,
    /// The brand's page for contact (https); without it the address.
    #[serde(default)]
    pub page: Option<String>,
    /// The brand's privacy notice (https).
    #[serde(default)]
    pub privacy: Option<String>,
}

/// Colours on light and dark pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColoursSettings {
    /// On white.
    pub light: SchemeSettings,
    /// On near black.
    pub dark: SchemeSettings,
}

/// Three colours, `#rrggbb`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemeSettings {
    /// Buttons and links.
    pub brand: String,
    /// Text on buttons.
    pub brand_ink: String,
    /// Behind quiet buttons under the pointer.
    pub brand_soft: String,
}

/// What a brand writes or calls for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurposeSettings {
    /// The dotted path of `purpose`: `marketing.newsletter`.
    pub id: String,
    /// The channels it comes by.
    pub channels: Vec<String>,
    /// Its words by locale; every locale of the brand.
    pub words: BTreeMap<String, PurposeWords>,
}

/// A purpose in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurposeWords {
    /// As a heading: `Newsletter`.
    pub name: String,
    /// As the object of a sentence ("Do you want …?", "You will get …"): `the newsletter`; without it the name.
    #[serde(default)]
    pub in_sentence: Option<String>,
    /// What and how often: `About twice a month`.
    #[serde(default)]
    pub explanation: String,
    /// Where a channel needs another explanation: `voice_live: Rarely, from 08:00 to 21:00`.
    #[serde(default)]
    pub by_channel: BTreeMap<String, String>,
}

/// An approved text. Older versions stay in the list as long as links to them may be open; the last one of a purpose, channel and
/// locale is shown to whoever asks anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeSettings {
    /// For which purpose.
    pub purpose: String,
    /// For which channel.
    pub channel: String,
    /// `evidence.notice_version`: `newsletter-2026-11`.
    pub version: String,
    /// The language.
    pub locale: String,
    /// The text, shown to the letter.
    pub text: String,
    /// Who has approved it.
    pub approved_by: String,
    /// On which day: `2026-11-02`.
    pub approved_on: String,
}
