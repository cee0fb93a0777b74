//! Texts of the pages, from `words/*.ftl` (Project Fluent: it knows plurals), and numbers and dates as the language writes them.
//!
//! A text is looked up by its id: `t.say("people-several").n("count", 3)`. Values are put in after the text was read, and the whole
//! is escaped like any other value, so neither can bring markup. A missing id shows itself; a test lets none through.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::types::FluentNumber;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::language::Language;
use crate::when::Moment;

/// English texts as they stand in the file.
pub(crate) const ENGLISH: &str = include_str!("../words/en.ftl");
/// German texts as they stand in the file.
pub(crate) const GERMAN: &str = include_str!("../words/de.ftl");

/// What reasons mean and what to do about them, in German; in English the gate says it.
const GERMAN_REASONS: &str = include_str!("../words/reasons.de.ftl");

type Bundle = FluentBundle<FluentResource>;

static IN_ENGLISH: LazyLock<Bundle> = LazyLock::new(|| bundle(&[ENGLISH], "en", ","));
static IN_GERMAN: LazyLock<Bundle> = LazyLock::new(|| bundle(&[GERMAN, GERMAN_REASONS], "de", "."));

fn bundle(sources: &[&str], language: &str, thousands: &str) -> Bundle {
    let language: LanguageIdentifier = language.parse().unwrap_or_default();
    let mut bundle = Bundle::new_concurrent(vec![language]);
    // What turns text round is shown by the escaper, so that no invisible marks need to be put around values.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(match thousands {
        "." => |value, _| whole_number(value, "."),
        _ => |value, _| whole_number(value, ","),
    }));
    for source in sources {
        // A text that does not parse is left out here and found missing by `every_text_is_there_in_both_languages`.
        let source = source.replace('`', MARK_CODE).replace("**", MARK_LOUD);
        let resource = match FluentResource::try_new(source) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        bundle.add_resource_overriding(resource);
    }
    bundle
}

fn whole_number(value: &FluentValue<'_>, thousands: &str) -> Option<String> {
    let FluentValue::Number(FluentNumber { value, .. }) = value else { return None };
    (value.fract() == 0.0).then(|| grouped(&format!("{value:.0}"), thousands))
}

/// The first letter large; codes (`marketing.offers`) stay as they are.
fn capital(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    let mut letters = text.chars();
    match letters.next() {
        Some(letter) if !first.contains(['.', '_', ':', '/']) => {
            letter.to_uppercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

fn grouped(digits: &str, thousands: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push_str(thousands);
        }
        out.push(digit);
    }
    out
}

/// Texts in one language, and the present as the desk tells it (for dates of another year).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words<'a> {
    language: Language,
    now: &'a str,
}

impl<'a> Words<'a> {
    pub(crate) fn new(language: Language, now: &'a str) -> Self {
        Self { language, now }
    }

    pub(crate) fn language(&self) -> Language {
        self.language
    }

    fn bundle(&self) -> &'static Bundle {
        match self.language {
            Language::English => &IN_ENGLISH,
            Language::German => &IN_GERMAN,
        }
    }

    /// The text with this id; values follow by `n` and `s`.
    pub(crate) fn say<'t>(&self, id: &'t str) -> Said<'t> {
        Said { bundle: self.bundle(), id, values: FluentArgs::new() }
    }

    fn has(&self, id: &str) -> bool {
        self.bundle().has_message(id)
    }

    /// What a reason means, in the page's language; `said` is how the gate says it, for codes without a text.
    pub(crate) fn meaning(&self, code: &str, said: &str) -> String {
        self.of_reason("reason-", code, said)
    }

    /// What to do about a reason, as [`Self::meaning`].
    pub(crate) fn remedy(&self, code: &str, said: &str) -> String {
        self.of_reason("remedy-", code, said)
    }

    fn of_reason(&self, prefix: &str, code: &str, said: &str) -> String {
        let id = format!("{prefix}{}", code.replace(['.', '_'], "-"));
        if self.has(&id) { self.say(&id).to_string() } else { said.to_owned() }
    }

    /// The name of a channel by its code (`sms`); an unknown code names itself.
    pub(crate) fn channel(&self, code: &str) -> String {
        self.named("channel-", code)
    }

    /// The name of a country or area by its code (`GB`); an unknown code names itself.
    fn named(&self, prefix: &str, code: &str) -> String {
        let id = format!("{prefix}{}", code.replace('_', "-"));
        if self.has(&id) { self.say(&id).to_string() } else { code.to_owned() }
    }

    /// "newsletter by e-mail"; without a purpose only the channel.
    pub(crate) fn message(&self, purpose: &str, channel: &str) -> String {
        let channel = self.channel(channel);
        if purpose.is_empty() {
            return channel;
        }
        self.say("message-by").s("purpose", purpose).s("channel", &channel).to_string()
    }

    /// As [`Self::message`], at the start of a line.
    pub(crate) fn message_start(&self, purpose: &str, channel: &str) -> String {
        capital(&self.message(purpose, channel))
    }

    /// As [`Self::channel`], at the start of a line.
    pub(crate) fn channel_start(&self, code: &str) -> String {
        capital(&self.channel(code))
    }

    /// A whole number: `486,310` or `486.310`.
    pub(crate) fn number(&self, n: impl Count) -> String {
        grouped(&n.count().to_string(), self.thousands())
    }

    fn thousands(&self) -> &'static str {
        match self.language {
            Language::English => ",",
            Language::German => ".",
        }
    }

    /// With as many decimals as asked for: `50.4` or `50,4`.
    pub(crate) fn decimal(&self, value: impl Real, decimals: usize) -> String {
        let text = format!("{:.decimals$}", value.real());
        let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
        let whole = match whole.strip_prefix('-') {
            Some(digits) => format!("-{}", grouped(digits, self.thousands())),
            None => grouped(whole, self.thousands()),
        };
        match (rest, self.language) {
            ("", _) => whole,
            (_, Language::English) => format!("{whole}.{rest}"),
            (_, Language::German) => format!("{whole},{rest}"),
        }
    }

    /// A part of a whole in percent: `29.4%`; nothing of nothing is 0.
    pub(crate) fn share(&self, part: impl Count, whole: impl Count) -> String {
        let (part, whole) = (part.count(), whole.count());
        #[expect(clippy::cast_precision_loss, reason = "a share on a page")]
        let percent = if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 };
        let text = self.decimal(percent, if percent < 10.0 && part > 0 { 1 } else { 0 });
        match self.language {
            Language::English => format!("{text}%"),
            Language::German => format!("{text}\u{a0}%"),
        }
    }

    /// A time span in milliseconds, in the unit one would say it in: `12 ms`, `1.4 s`, `3 min`.
    pub(crate) fn span(&self, ms: impl Real) -> String {
        let (value, decimals, unit) = match ms.real() {
            ms if !ms.is_finite() => return "?".to_owned(),
            ms if ms < 10.0 && ms.fract() > 0.05 => (ms, 1, "ms"),
            ms if ms < 1_000.0 => (ms, 0, "ms"),
            ms if ms < 10_000.0 && (ms / 100.0).fract() < 1e-9 && (ms / 1_000.0).fract() < 1e-9 => {
                (ms / 1_000.0, 0, "s")
            }
            ms if ms < 10_000.0 => (ms / 1_000.0, 1, "s"),
            ms if ms < 120_000.0 => (ms / 1_000.0, 0, "s"),
            ms if ms < 7_200_000.0 => (ms / 60_000.0, 0, "min"),
            ms => (ms / 3_600_000.0, 0, "h"),
        };
        format!("{}\u{a0}{unit}", self.decimal(value, decimals))
    }

    /// A time span, or a dash where nothing was measured.
    pub(crate) fn span_or_none(&self, ms: impl Borrow<Option<f64>>) -> String {
        ms.borrow().map_or_else(|| "–".to_owned(), |ms| self.span(ms))
    }

    /// A rate: `25/s`, `16.4/s`.
    pub(crate) fn rate(&self, rate: impl Real) -> String {
        let rate = rate.real();
        let whole = rate.fract() == 0.0;
        let decimals = if whole {
            0
        } else if rate < 1.0 {
            2
        } else {
            1
        };
        format!("{}/s", self.decimal(rate, decimals))
    }

    /// Milliseconds, as [`Self::span`].
    pub(crate) fn ms(&self, ms: impl Count) -> String {
        #[expect(clippy::cast_precision_loss, reason = "a duration on a page")]
        self.span(ms.count() as f64)
    }

    /// Seconds, as [`Self::span`].
    pub(crate) fn seconds(&self, seconds: impl Count) -> String {
        #[expect(clippy::cast_precision_loss, reason = "an age on a page")]
        self.span(seconds.count() as f64 * 1_000.0)
    }

    /// Whole seconds in words, "5 seconds"; anything else as [`Self::span`].
    pub(crate) fn span_in_words(&self, ms: impl Real) -> String {
        let seconds = ms.real() / 1_000.0;
        if seconds.fract() != 0.0 || !(1.0..120.0).contains(&seconds) {
            return self.span(ms);
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 120")]
        self.say("in-seconds").n("count", seconds as u64).to_string()
    }

    /// As [`Self::span_in_words`].
    pub(crate) fn seconds_in_words(&self, seconds: impl Count) -> String {
        #[expect(clippy::cast_precision_loss, reason = "an interval on a page")]
        self.span_in_words(seconds.count() as f64 * 1_000.0)
    }

    /// "20 November, 18:30:00", with the year if it is not the present one. What is no RFC 3339 is shown as it is.
    pub(crate) fn moment<'t>(&self, at: &'t str) -> Cow<'t, str> {
        self.dated(at, |m| {
            let day = self.day_of(m);
            format!("{day}, {}", m.clock(true))
        })
    }

    /// "20 November, 18:30".
    pub(crate) fn minute<'t>(&self, at: &'t str) -> Cow<'t, str> {
        self.dated(at, |m| {
            let day = self.day_of(m);
            format!("{day}, {}", m.clock(false))
        })
    }

    /// The second of two instants: only the time if it is on the same day.
    pub(crate) fn minute_after<'t>(&self, before: &str, at: &'t str) -> Cow<'t, str> {
        let days = Moment::of(before).zip(Moment::of(at));
        let same = days.is_some_and(|(a, b)| (a.year, a.month, a.day) == (b.year, b.month, b.day));
        if same { self.clock_short(at) } else { self.minute(at) }
    }

    /// "20 November".
    pub(crate) fn day<'t>(&self, at: &'t str) -> Cow<'t, str> {
        self.dated(at, |m| self.day_of(m))
    }

    /// "18:30:00".
    pub(crate) fn clock<'t>(&self, at: &'t str) -> Cow<'t, str> {
        self.dated(at, |m| m.clock(true))
    }

    /// "18:30".
    pub(crate) fn clock_short<'t>(&self, at: &'t str) -> Cow<'t, str> {
        self.dated(at, |m| m.clock(false))
    }

    /// "Sunday 29 November 2026, 21:12".
    pub(crate) fn full<'t>(&self, at: &'t str) -> Cow<'t, str> {
        self.dated(at, |m| {
            let weekday = self.named("weekday-", &m.weekday.to_string());
            let month = self.named("month-", &m.month.to_string());
            self.say("date-full")
                .s("weekday", &weekday)
                .s("day", m.day.to_string())
                .s("month", &month)
                .s("year", m.year.to_string())
                .s("clock", m.clock(false))
                .to_string()
        })
    }

    fn dated<'t>(&self, at: &'t str, words: impl Fn(&Moment) -> String) -> Cow<'t, str> {
        Moment::of(at).map_or(Cow::Borrowed(at), |m| Cow::Owned(words(&m)))
    }

    fn day_of(&self, m: &Moment) -> String {
        let id = format!("month-{}", m.month);
        let month = self.say(&id).to_string();
        let day = m.day.to_string();
        if Moment::of(self.now).is_none_or(|now| now.year == m.year) {
            self.say("date-day").s("day", &day).s("month", &month).to_string()
        } else {
            self.say("date-day-year")
                .s("day", &day)
                .s("month", &month)
                .s("year", m.year.to_string())
                .to_string()
        }
    }
}

/// A count of any width, by value or by reference, as templates hand it over.
pub(crate) trait Count {
    fn count(&self) -> u64;
}

/// A measured number, as [`Count`].
pub(crate) trait Real {
    fn real(&self) -> f64;
}

impl Real for f64 {
    fn real(&self) -> f64 {
        *self
    }
}

impl<T: Real + ?Sized> Real for &T {
    fn real(&self) -> f64 {
        (**self).real()
    }
}

macro_rules! counts {
    ($($t:ty),*) => {$(
        impl Count for $t {
            fn count(&self) -> u64 {
                u64::try_from(*self).unwrap_or(u64::MAX)
            }
        }
    )*};
}
counts!(u8, u16, u32, u64, usize);

impl<T: Count + ?Sized> Count for &T {
    fn count(&self) -> u64 {
        (**self).count()
    }
}

/// A text about to be said.
pub(crate) struct Said<'t> {
    bundle: &'static Bundle,
    id: &'t str,
    values: FluentArgs<'t>,
}

impl<'t> Said<'t> {
    /// A count: chooses the plural, is written with thousands.
    #[must_use]
    pub(crate) fn n(mut self, name: &'t str, n: impl Count) -> Self {
        self.values.set(name, FluentValue::from(n.count()));
        self
    }

    /// Words or a code.
    #[must_use]
    pub(crate) fn s(mut self, name: &'t str, text: impl AsRef<str>) -> Self {
        self.values.set(name, FluentValue::from(text.as_ref().replace([CODE, LOUD], "")));
        self
    }

    fn raw(&self) -> Cow<'_, str> {
        let pattern = self.bundle.get_message(self.id).and_then(|message| message.value());
        let Some(pattern) = pattern else { return Cow::Borrowed(self.id) };
        let mut errors = Vec::new();
        self.bundle.format_pattern(pattern, Some(&self.values), &mut errors)
    }

    /// The text in pieces: what stands between backticks is a code, between asterisks loud. Values are read as they are.
    pub(crate) fn pieces(&self) -> Vec<Piece> {
        let mut pieces = vec![Piece { text: String::new(), kind: PieceKind::Plain }];
        for c in self.raw().chars() {
            let toggles = match c {
                CODE => PieceKind::Code,
                LOUD => PieceKind::Loud,
                _ => {
                    if let Some(last) = pieces.last_mut() {
                        last.text.push(c);
                    }
                    continue;
                }
            };
            let now = pieces.last().map(|p| p.kind);
            let kind = if now == Some(toggles) { PieceKind::Plain } else { toggles };
            pieces.push(Piece { text: String::new(), kind });
        }
        pieces.retain(|piece| !piece.text.is_empty());
        pieces
    }
}

// The signs in the files are turned into these while the values are not yet in: a backtick in a value stays one.
const CODE: char = '\u{e000}';
const LOUD: char = '\u{e001}';
const MARK_CODE: &str = "\u{e000}";
const MARK_LOUD: &str = "\u{e001}";

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.raw().replace([CODE, LOUD], ""))
    }
}

/// A stretch of a text in one voice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    pub(crate) kind: PieceKind,
}

/// How a piece is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PieceKind {
    Plain,
    Code,
    Loud,
}
