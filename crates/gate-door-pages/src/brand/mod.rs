//! A brand: whose pages these are. Made by [`BrandSettings::check`] only, so everything in it may stand on a page.

mod check;
mod problem;
mod settings;
mod sign_up;
mod style;

use std::collections::BTreeMap;

pub use check::{ID_CHARS_MAX, NOTICES_MAX, PURPOSES_MAX, WORDS_CHARS_MAX};
pub use problem::BrandProblem;
pub use settings::{
    BrandSettings, ColoursSettings, ContactSettings, NoticeSettings, PurposeSettings, PurposeWords,
    SchemeSettings, SignUpSettings,
};
pub use sign_up::{LINK_HOURS, SIGN_UP_PURPOSES_MAX};

use crate::asked::AskedText;
use crate::channel::Channel;
use crate::language::{Language, wanted};
use crate::logo::Logo;
use crate::notice::Notice;

/// A purpose and the channel it comes by.
type Slot = (String, Channel);

/// A brand whose configuration is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brand {
    id: String,
    name: String,
    legal_name: String,
    contact: ContactSettings,
    css: Option<String>,
    css_href: Option<String>,
    logo: Option<Logo>,
    locales: Vec<Language>,
    default_locale: Language,
    still_comes: BTreeMap<Language, String>,
    channels: Vec<Channel>,
    purposes: Vec<Purpose>,
    notices: BTreeMap<Slot, Vec<Notice>>,
    sign_up: Option<SignUpSettings>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Purpose {
    id: String,
    channels: Vec<Channel>,
    words: BTreeMap<Language, PurposeWords>,
}

impl Brand {
    /// The brand's code.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name people know.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Who is behind it.
    #[must_use]
    pub fn legal_name(&self) -> &str {
        &self.legal_name
    }

    /// Where people turn to.
    #[must_use]
    pub fn contact(&self) -> &ContactSettings {
        &self.contact
    }

    /// The text of `/brand/{id}.css`; `None` if the brand has the door's colours.
    #[must_use]
    pub fn css(&self) -> Option<&str> {
        self.css.as_deref()
    }

    /// Where pages fetch it: `/brand/{id}.css?v=…`.
    pub(crate) fn css_href(&self) -> Option<&str> {
        self.css_href.as_deref()
    }

    pub(crate) fn logo(&self) -> Option<&Logo> {
        self.logo.as_ref()
    }

    /// The languages it has approved texts in, in the order of the switch.
    #[must_use]
    pub fn languages(&self) -> Vec<Language> {
        Language::ALL.into_iter().filter(|language| self.locales.contains(language)).collect()
    }

    /// The language that name and legal name are written in.
    #[must_use]
    pub fn default_language(&self) -> Language {
        self.default_locale
    }

    /// The language of an answer: what the switch asks for (query field `lang`), else the best of `Accept-Language`, among those
    /// with approved texts; else the brand's default.
    #[must_use]
    pub fn language(&self, lang: Option<&str>, accept_language: Option<&str>) -> Language {
        let switched = lang.and_then(Language::from_code).filter(|l| self.locales.contains(l));
        let accepted = || accept_language.and_then(|header| wanted(header, &self.locales));
        switched.or_else(accepted).unwrap_or(self.default_locale)
    }

    /// The channels it uses.
    #[must_use]
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    /// Whether it uses a channel of this family.
    pub(crate) fn uses(&self, family: &str) -> bool {
        self.channels.iter().any(|channel| channel.family().word() == family)
    }

    /// Its purposes by a channel, in the order of the configuration: the rows of a preference page.
    #[must_use]
    pub fn purposes(&self, channel: Channel) -> Vec<&str> {
        let by = self.purposes.iter().filter(|purpose| purpose.channels.contains(&channel));
        by.map(|purpose| purpose.id.as_str()).collect()
    }

    /// The approved text to ask with now: the last one of the configuration. Without one nothing may be turned on.
    #[must_use]
    pub fn notice(&self, channel: Channel, purpose: &str, language: Language) -> Option<&Notice> {
        let of_slot = self.notices.get(&(purpose.to_owned(), channel))?;
        of_slot.iter().rev().find(|notice| notice.locale() == language)
    }

    /// The text a person was asked with, by the version of their request.
    #[must_use]
    pub fn notice_of(
        &self,
        channel: Channel,
        purpose: &str,
        language: Language,
        version: &str,
    ) -> Option<&Notice> {
        let of_slot = self.notices.get(&(purpose.to_owned(), channel))?;
        of_slot.iter().find(|n| n.locale() == language && n.version() == version)
    }

    /// The sign-up form, if the brand has one.
    #[must_use]
    pub fn sign_up(&self) -> Option<&SignUpSettings> {
        self.sign_up.as_ref()
    }

    /// What the sign-up form offers, with the texts to ask with now; empty without a form.
    #[must_use]
    pub fn sign_up_texts(&self, language: Language) -> Vec<AskedText> {
        let offered = self.sign_up.iter().flat_map(|form| &form.purposes);
        offered.filter_map(|purpose| self.text(purpose, language)).collect()
    }

    /// A purpose by e-mail with the text to ask with now.
    #[must_use]
    pub fn text(&self, purpose: &str, language: Language) -> Option<AskedText> {
        let notice = self.notice(Channel::Email, purpose, language)?.clone();
        Some(AskedText { purpose: purpose.to_owned(), notice })
    }

    /// A purpose by e-mail with the text of a version that somebody was shown.
    #[must_use]
    pub fn text_of(&self, purpose: &str, language: Language, version: &str) -> Option<AskedText> {
        let notice = self.notice_of(Channel::Email, purpose, language, version)?.clone();
        Some(AskedText { purpose: purpose.to_owned(), notice })
    }

    fn words(&self, purpose: &str, language: Language) -> Option<&PurposeWords> {
        let purpose = self.purposes.iter().find(|p| p.id == purpose)?;
        purpose.words.get(&language).or_else(|| purpose.words.get(&self.default_locale))
    }

    /// "Newsletter"; a purpose that the brand does not name shows its code.
    pub(crate) fn purpose_name<'a>(&'a self, purpose: &'a str, language: Language) -> &'a str {
        self.words(purpose, language).map_or(purpose, |words| &words.name)
    }

    /// "the newsletter".
    pub(crate) fn purpose_in_sentence<'a>(
        &'a self,
        purpose: &'a str,
        language: Language,
    ) -> &'a str {
        let words = self.words(purpose, language);
        words.map_or(purpose, |words| words.in_sentence.as_ref().unwrap_or(&words.name))
    }

    /// "About twice a month", or nothing.
    pub(crate) fn explanation(&self, purpose: &str, channel: Channel, language: Language) -> &str {
        let Some(words) = self.words(purpose, language) else { return "" };
        words.by_channel.get(channel.code()).unwrap_or(&words.explanation)
    }

    /// What the brand itself says about what still comes.
    pub(crate) fn still_comes(&self, language: Language) -> Option<&str> {
        self.still_comes.get(&language).map(String::as_str)
    }
}
