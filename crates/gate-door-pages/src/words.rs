//! Texts of the pages, from `words/*.ftl` (Project Fluent: it knows plurals), and dates as the language writes them.
//!
//! A text is looked up by its id: `t.say("preferences-title").s("brand", name)`. What comes from outside (`s`) is set apart from
//! the text around it, as `<bdi>` on pages: a Latin name in an Arabic sentence keeps its order. Fluent would do that with
//! invisible marks (U+2068, U+2069), which would end up in what is hashed and read aloud; so it is told not to, and the places
//! are remembered by private marks that never leave this file. Values are put in after the text was read, and the whole is
//! escaped like any other value, so neither can bring markup. A missing id shows itself; a test lets none through.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use jiff::Timestamp;
use unic_langid::LanguageIdentifier;

use crate::language::Language;
use crate::when::When;

type Bundle = FluentBundle<FluentResource>;

static IN_ENGLISH: LazyLock<Bundle> =
    LazyLock::new(|| bundle(include_str!("../words/en.ftl"), Language::English));
static IN_GERMAN: LazyLock<Bundle> =
    LazyLock::new(|| bundle(include_str!("../words/de.ftl"), Language::German));
static IN_ARABIC: LazyLock<Bundle> =
    LazyLock::new(|| bundle(include_str!("../words/ar.ftl"), Language::Arabic));

fn bundle(source: &str, language: Language) -> Bundle {
    // A text that does not parse is left out here and found missing by `every_text_is_there_in_all_languages`.
    let source = source.replace("**", MARK_LOUD);
    let resource = match FluentResource::try_new(source) {
        Ok(resource) | Err((resource, _)) => resource,
    };
    let language: LanguageIdentifier = language.code().parse().unwrap_or_default();
    let mut bundle = Bundle::new_concurrent(vec![language]);
    bundle.set_use_isolating(false);
    bundle.add_resource_overriding(resource);
    bundle
}

/// Texts in one language, and the present (for dates of another day or year).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    language: Language,
    now: Timestamp,
}

impl Words {
    pub(crate) fn new(language: Language, now: Timestamp) -> Self {
        Self { language, now }
    }

    pub(crate) fn language(&self) -> Language {
        self.language
    }

    /// The text with this id; values follow by `n`, `s`, `w` and `link`.
    pub(crate) fn say<'t>(&self, id: &'t str) -> Said<'t> {
        self.say_owned(Cow::Borrowed(id))
    }

    /// As [`Self::say`] with an id put together from a code: `what-` and `email`.
    pub(crate) fn say_of(&self, start: &str, code: &str) -> Said<'static> {
        self.say_owned(Cow::Owned(format!("{start}{}", code.replace('_', "-"))))
    }

    fn say_owned<'t>(&self, id: Cow<'t, str>) -> Said<'t> {
        let bundle = match self.language {
            Language::English => &*IN_ENGLISH,
            Language::German => &*IN_GERMAN,
            Language::Arabic => &*IN_ARABIC,
        };
        Said { bundle, id, values: FluentArgs::new() }
    }

    /// "20 November", with the year if it is not the present one.
    pub(crate) fn day(&self, when: &When) -> String {
        let (civil, now) = (when.civil(), when.civil_of(self.now));
        let month = self.say_of("month-", &civil.month().to_string());
        let day = civil.day().to_string();
        if civil.year() == now.year() {
            self.say("date-day").w("day", day).w("month", month).to_string()
        } else {
            let year = civil.year().to_string();
            self.say("date-day-year").w("day", day).w("month", month).w("year", year).to_string()
        }
    }

    /// "14:02:11", on another day "20 November, 14:02:11", with the zone where it is not the person's own.
    pub(crate) fn clock(&self, when: &When) -> String {
        let civil = when.civil();
        let clock = format!("{:02}:{:02}:{:02}", civil.hour(), civil.minute(), civil.second());
        let clock = in_zone(clock, when);
        if civil.date() == when.civil_of(self.now).date() {
            return clock;
        }
        self.say("date-clock").w("day", self.day(when)).w("clock", clock).to_string()
    }

    /// "29 November at 13:58".
    pub(crate) fn minute(&self, when: &When) -> String {
        let civil = when.civil();
        let clock = in_zone(format!("{:02}:{:02}", civil.hour(), civil.minute()), when);
        self.say("date-at").w("day", self.day(when)).w("clock", clock).to_string()
    }
}

fn in_zone(clock: String, when: &When) -> String {
    if when.zone.is_empty() { clock } else { format!("{clock}\u{a0}{}", when.zone) }
}

/// A text about to be said.
pub(crate) struct Said<'t> {
    bundle: &'static Bundle,
    id: Cow<'t, str>,
    values: FluentArgs<'t>,
}

impl<'t> Said<'t> {
    /// A count: chooses the plural.
    #[must_use]
    pub(crate) fn n(mut self, name: &'t str, n: impl Borrow<u32>) -> Self {
        self.values.set(name, FluentValue::from(*n.borrow()));
        self
    }

    /// A value from outside, set apart from the text around it.
    #[must_use]
    pub(crate) fn s(self, name: &'t str, text: impl AsRef<str>) -> Self {
        self.marked(name, text.as_ref(), APART)
    }

    /// A value that the page makes a link of.
    #[must_use]
    pub(crate) fn link(self, name: &'t str, text: impl AsRef<str>) -> Self {
        self.marked(name, text.as_ref(), LINK)
    }

    /// Words in the same language; values inside them stay set apart.
    #[must_use]
    pub(crate) fn w(mut self, name: &'t str, words: impl IntoWords) -> Self {
        self.values.set(name, FluentValue::from(words.into_words()));
        self
    }

    fn marked(mut self, name: &'t str, text: &str, mark: char) -> Self {
        self.values.set(name, FluentValue::from(format!("{mark}{}{END}", text.replace(MARKS, ""))));
        self
    }

    fn raw(&self) -> Cow<'_, str> {
        let pattern = self.bundle.get_message(&self.id).and_then(|message| message.value());
        let Some(pattern) = pattern else { return Cow::Borrowed(&self.id) };
        let mut errors = Vec::new();
        self.bundle.format_pattern(pattern, Some(&self.values), &mut errors)
    }

    /// The text in pieces: values set apart, links, and what stands between asterisks.
    pub(crate) fn pieces(&self) -> Vec<Piece> {
        let mut pieces = vec![Piece::new(PieceKind::Plain)];
        for c in self.raw().chars() {
            let now = pieces.last().map_or(PieceKind::Plain, |p| p.kind);
            let next = match c {
                APART => PieceKind::Apart,
                LINK => PieceKind::Link,
                LOUD if now == PieceKind::Plain => PieceKind::Loud,
                LOUD | END => PieceKind::Plain,
                _ => {
                    if let Some(last) = pieces.last_mut() {
                        last.text.push(c);
                    }
                    continue;
                }
            };
            pieces.push(Piece::new(next));
        }
        pieces.retain(|piece| !piece.text.is_empty());
        pieces
    }
}

const APART: char = '\u{e000}';
const LINK: char = '\u{e001}';
const END: char = '\u{e002}';
const LOUD: char = '\u{e003}';
const MARK_LOUD: &str = "\u{e003}";
const MARKS: [char; 4] = [APART, LINK, END, LOUD];

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.raw().replace(MARKS, ""))
    }
}

/// What [`Said::w`] takes: another text with its marks, or plain words of ours.
pub(crate) trait IntoWords {
    fn into_words(self) -> String;
}

impl IntoWords for Said<'_> {
    fn into_words(self) -> String {
        self.raw().into_owned()
    }
}

impl IntoWords for String {
    fn into_words(self) -> String {
        self.replace(MARKS, "")
    }
}

/// A stretch of a text in one voice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    pub(crate) kind: PieceKind,
}

impl Piece {
    fn new(kind: PieceKind) -> Self {
        Self { text: String::new(), kind }
    }

    /// Whether nothing in it is written from right to left: an address keeps its order whatever stands around it.
    pub(crate) fn ltr(&self) -> bool {
        !self.text.chars().any(|c| {
            matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
        })
    }
}

/// How a piece is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PieceKind {
    Plain,
    Loud,
    Apart,
    Link,
}
