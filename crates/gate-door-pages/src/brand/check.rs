//! From configuration to a brand: everything is looked at, every problem is named with its key, its reason and its fix.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::brand::problem::{BrandProblem, Problems};
use crate::brand::settings::{BrandSettings, ContactSettings, NoticeSettings, PurposeSettings};
use crate::brand::sign_up::{is_sale_share, sign_up};
use crate::brand::style::style;
use crate::brand::{Brand, Purpose, Slot};
use crate::channel::Channel;
use crate::digest::short;
use crate::escape::is_unseen;
use crate::language::Language;
use crate::logo::Logo;
use crate::notice::Notice;

/// As long as a code may be.
pub const ID_CHARS_MAX: usize = 64;
/// As long as a name, an explanation or a sentence of a brand may be.
pub const WORDS_CHARS_MAX: usize = 300;
/// As many purposes as a page can show.
pub const PURPOSES_MAX: usize = 64;
/// As many notices as a brand may have, of all languages and versions.
pub const NOTICES_MAX: usize = 2_000;

impl BrandSettings {
    /// The brand, if everything is right. `at` is where it stands in the configuration: `door.brands[0]`.
    ///
    /// # Errors
    /// All problems at once.
    pub fn check(&self, at: &str) -> Result<Brand, Vec<BrandProblem>> {
        let mut problems = Problems::at(at);
        let p = &mut problems;
        code("id", &self.id, "-", p);
        words("name", &self.name, p);
        words("legal_name", &self.legal_name, p);
        contact(&self.contact, p);
        let css = self.colours.as_ref().and_then(|colours| style(colours, p));
        let logo = self.logo.as_ref().and_then(|svg| logo(svg, p));
        let locales = locales(self, p);
        let default_locale = default_locale(self, &locales, p);
        let channels = channels("channels", &self.channels, p);
        let still_comes = still_comes(&self.still_comes, &locales, p);
        let purposes = purposes(&self.purposes, &locales, &channels, p);
        let notices = notices(&self.notices, &locales, &purposes, p);
        let sign_up = sign_up(self.sign_up.as_ref(), &notices, p);
        every_locale_is_approved(&locales, &notices, default_locale, p);
        let (Some(default_locale), true) = (default_locale, problems.found.is_empty()) else {
            return Err(problems.found);
        };
        Ok(Brand {
            id: self.id.clone(),
            name: self.name.clone(),
            legal_name: self.legal_name.clone(),
            contact: self.contact.clone(),
            css_href: css.as_ref().map(|css| format!("/brand/{}.css?v={}", self.id, short(css))),
            css,
            logo,
            locales,
            default_locale,
            still_comes,
            channels,
            purposes,
            notices,
            sign_up,
        })
    }
}

fn code(key: &str, text: &str, more: &str, p: &mut Problems) {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || more.contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    if !begins || text.len() > ID_CHARS_MAX || !text.chars().all(plain) {
        let reason = "it is empty, too long, or has other signs than a code";
        let more: Vec<_> = more.chars().map(|c| format!("`{c}`")).collect();
        let fix = format!("write up to {ID_CHARS_MAX} of a-z, 0-9 and {}", more.join(", "));
        p.add(key, reason, fix);
    }
}

fn words(key: &str, text: &str, p: &mut Problems) {
    if text.trim().is_empty() {
        p.add(key, "it is empty", "write the words that people are to read");
    } else if text.chars().count() > WORDS_CHARS_MAX {
        p.add(key, format_args!("it has more than {WORDS_CHARS_MAX} characters"), "shorten it");
    } else if text.trim() != text || text.contains(['\n', '\t']) {
        p.add(key, "it has spaces around it, or line breaks", "write it in one line");
    } else if let Some(c) = text.chars().find(|c| is_unseen(*c)) {
        let reason = format!("it holds U+{:04X}, which nobody sees", u32::from(c));
        p.add(key, reason, "delete that character");
    }
}

fn contact(contact: &ContactSettings, p: &mut Problems) {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    let fine = contact.email.split_once('@').is_some_and(|(local, domain)| {
        [local, domain].iter().all(|part| !part.is_empty() && part.chars().all(plain))
            && domain.contains('.')
    });
    if !fine || contact.email.len() > WORDS_CHARS_MAX {
        let fix = "write an address that is read, such as `stop@example.com`";
        p.add("contact.email", "it is no plain e-mail address", fix);
    }
    for (key, url) in [("contact.page", &contact.page), ("contact.privacy", &contact.privacy)] {
        let Some(url) = url else { continue };
        let plain = |b: u8| b.is_ascii_graphic() && !b"\"'<>\\`".contains(&b);
        let host = url
            .strip_prefix("https://")
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()));
        if !host || url.len() > WORDS_CHARS_MAX || !url.bytes().all(plain) {
            p.add(key, "it is no https address", "write it as `https://example.com/contact`");
        }
    }
}

fn logo(svg: &str, p: &mut Problems) -> Option<Logo> {
    match Logo::parse(svg) {
        Ok(logo) => Some(logo),
        Err(why) => {
            p.add(
                "logo",
                why,
                "export the logo as plain shapes, or leave it out: then the name stands alone",
            );
            None
        }
    }
}

fn locales(settings: &BrandSettings, p: &mut Problems) -> Vec<Language> {
    let mut read = Vec::new();
    for (at, code) in settings.locales.iter().enumerate() {
        let key = format!("locales[{at}]");
        match Language::from_code(code) {
            None => {
                let fix = format!("the door's own words exist in {}", Language::codes());
                p.add(&key, format_args!("`{code}` is no language of the door"), fix);
            }
            Some(language) if read.contains(&language) => {
                p.add(&key, format_args!("`{code}` stands twice"), "write it once");
            }
            Some(language) => read.push(language),
        }
    }
    if settings.locales.is_empty() {
        p.add("locales", "it is empty", "name at least the default locale");
    }
    read
}

fn default_locale(
    settings: &BrandSettings,
    locales: &[Language],
    p: &mut Problems,
) -> Option<Language> {
    let language = Language::from_code(&settings.default_locale).filter(|l| locales.contains(l));
    if language.is_none() {
        let reason = format!("`{}` is not among `locales`", settings.default_locale);
        p.add("default_locale", reason, "choose one of `locales`, or add it there");
    }
    language
}

fn channels(key: &str, codes: &[String], p: &mut Problems) -> Vec<Channel> {
    let mut read = Vec::new();
    for (at, code) in codes.iter().enumerate() {
        let key = format!("{key}[{at}]");
        match Channel::from_code(code) {
            None => {
                let all: Vec<_> = Channel::ALL.iter().map(|c| format!("`{}`", c.code())).collect();
                let fix = format!("write one of {}", all.join(", "));
                p.add(&key, format_args!("`{code}` is no channel"), fix);
            }
            Some(channel) if read.contains(&channel) => {
                p.add(&key, format_args!("`{code}` stands twice"), "write it once");
            }
            Some(channel) => read.push(channel),
        }
    }
    if codes.is_empty() {
        p.add(key, "it is empty", "name the channels, such as `email`");
    }
    read
}

/// The language of a key, if the brand has it.
fn known(key: &str, code: &str, locales: &[Language], p: &mut Problems) -> Option<Language> {
    let language = Language::from_code(code).filter(|l| locales.contains(l));
    if language.is_none() {
        let reason = format!("`{code}` is not among `locales`");
        p.add(key, reason, "add it to `locales`, or take it out here");
    }
    language
}

fn still_comes(
    texts: &BTreeMap<String, String>,
    locales: &[Language],
    p: &mut Problems,
) -> BTreeMap<Language, String> {
    let mut read = BTreeMap::new();
    for (code, text) in texts {
        let key = format!("still_comes.{code}");
        words(&key, text, p);
        if let Some(language) = known(&key, code, locales, p) {
            read.insert(language, text.clone());
        }
    }
    for language in locales.iter().filter(|_| !texts.is_empty()) {
        if !read.contains_key(language) {
            let key = format!("still_comes.{}", language.code());
            p.add(
                &key,
                "it is missing while another language has it",
                "say it in every locale, or in none",
            );
        }
    }
    read
}

fn purposes(
    settings: &[PurposeSettings],
    locales: &[Language],
    channels_all: &[Channel],
    p: &mut Problems,
) -> Vec<Purpose> {
    if settings.len() > PURPOSES_MAX {
        p.add(
            "purposes",
            format_args!("there are more than {PURPOSES_MAX}"),
            "join some: nobody reads that many",
        );
    }
    let mut ids = BTreeSet::new();
    let mut read = Vec::new();
    for (at, purpose) in settings.iter().take(PURPOSES_MAX).enumerate() {
        let key = format!("purposes[{at}]");
        code(&format!("{key}.id"), &purpose.id, "._-", p);
        if is_sale_share(&purpose.id) {
            let fix = "take it out: a browser that says so (Sec-GPC) is heard without it";
            p.add(&format!("{key}.id"), "selling or sharing data can only be refused", fix);
        }
        if !ids.insert(&purpose.id) {
            p.add(
                &format!("{key}.id"),
                format_args!("`{}` stands twice", purpose.id),
                "join the two",
            );
        }
        let by = channels(&format!("{key}.channels"), &purpose.channels, p);
        for channel in by.iter().filter(|channel| !channels_all.contains(channel)) {
            let reason = format!("`{}` is not among the brand's `channels`", channel.code());
            p.add(&format!("{key}.channels"), reason, "add it there, or take it out here");
        }
        let words = purpose_words(&key, purpose, &by, locales, p);
        read.push(Purpose { id: purpose.id.clone(), channels: by, words });
    }
    read
}

fn purpose_words(
    at: &str,
    purpose: &PurposeSettings,
    by: &[Channel],
    locales: &[Language],
    p: &mut Problems,
) -> BTreeMap<Language, crate::brand::settings::PurposeWords> {
    let mut read = BTreeMap::new();
    for (locale, texts) in &purpose.words {
        let key = format!("{at}.words.{locale}");
        words(&format!("{key}.name"), &texts.name, p);
        for (name, text) in
            [("in_sentence", texts.in_sentence.as_ref()), ("explanation", Some(&texts.explanation))]
        {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                words(&format!("{key}.{name}"), text, p);
            }
        }
        for (channel, text) in &texts.by_channel {
            let key = format!("{key}.by_channel.{channel}");
            words(&key, text, p);
            if !Channel::from_code(channel).is_some_and(|channel| by.contains(&channel)) {
                p.add(
                    &key,
                    format_args!("`{channel}` is no channel of this purpose"),
                    "take it out, or add the channel",
                );
            }
        }
        if let Some(language) = known(&key, locale, locales, p) {
            read.insert(language, texts.clone());
        }
    }
    for language in locales.iter().filter(|language| !read.contains_key(language)) {
        let key = format!("{at}.words.{}", language.code());
        p.add(&key, "it is missing", "name the purpose in every locale of the brand");
    }
    read
}

fn notices(
    settings: &[NoticeSettings],
    locales: &[Language],
    purposes: &[Purpose],
    p: &mut Problems,
) -> BTreeMap<Slot, Vec<Notice>> {
    if settings.len() > NOTICES_MAX {
        p.add(
            "notices",
            format_args!("there are more than {NOTICES_MAX}"),
            "take out versions that no open link shows",
        );
    }
    let mut read: BTreeMap<Slot, Vec<Notice>> = BTreeMap::new();
    for (at, notice) in settings.iter().take(NOTICES_MAX).enumerate() {
        let key = format!("notices[{at}]");
        approval(&key, notice, p);
        let channel = Channel::from_code(&notice.channel);
        let slot =
            channel.map(|channel| (notice.purpose.clone(), channel)).filter(|(id, channel)| {
                purposes
                    .iter()
                    .any(|purpose| purpose.id == *id && purpose.channels.contains(channel))
            });
        if slot.is_none() {
            let reason =
                format!("the brand has no purpose `{}` by `{}`", notice.purpose, notice.channel);
            p.add(
                &format!("{key}.purpose"),
                reason,
                "add the purpose with this channel, or take the notice out",
            );
        }
        let locale = known(&format!("{key}.locale"), &notice.locale, locales, p);
        let Some((slot, locale)) = slot.zip(locale) else { continue };
        match Notice::new(&notice.version, locale, &notice.text) {
            Err(why) => p.add(
                &format!("{key}.text"),
                why,
                "have the text approved again as it is to be read",
            ),
            Ok(notice) => {
                let of_slot = read.entry(slot).or_default();
                let same = |n: &Notice| (n.version(), n.locale()) == (notice.version(), locale);
                if of_slot.iter().any(same) {
                    let reason =
                        format!("`{}` stands twice in `{}`", notice.version(), locale.code());
                    p.add(&format!("{key}.version"), reason, "give another text another version");
                }
                of_slot.push(notice);
            }
        }
    }
    read
}

/// Only approved texts are shown.
fn approval(key: &str, notice: &NoticeSettings, p: &mut Problems) {
    words(&format!("{key}.approved_by"), &notice.approved_by, p);
    if notice.approved_on.parse::<Date>().is_err() {
        let reason = "it is no day";
        p.add(
            &format!("{key}.approved_on"),
            reason,
            "write the day of the approval as `2026-11-02`",
        );
    }
}

/// A language is offered only with approved texts, and then with all of them: otherwise a page would have to speak two.
fn every_locale_is_approved(
    locales: &[Language],
    notices: &BTreeMap<Slot, Vec<Notice>>,
    default_locale: Option<Language>,
    p: &mut Problems,
) {
    for language in locales {
        let code = language.code();
        if notices.is_empty() && Some(*language) != default_locale {
            let reason = format!("no notice in `{code}` is approved");
            p.add("locales", reason, format_args!("add one, or take `{code}` out"));
        }
        for ((purpose, channel), of_slot) in notices {
            if !of_slot.iter().any(|notice| notice.locale() == *language) {
                let reason =
                    format!("`{purpose}` by `{}` has no approved text in `{code}`", channel.code());
                p.add(
                    "notices",
                    reason,
                    format_args!("add one, or take `{code}` out of `locales`"),
                );
            }
        }
    }
}
