//! The index of words and phrases, made once: what a word or a run of words of a text means.

use super::distance::{is_lengthened, is_one_edit_away, shortened};
use super::meaning::Meaning;
use super::phrases::PHRASES;
use super::spelling::spelled;
use super::words;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::LazyLock;

/// What a word can be: a set of the senses below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Senses(u16);

impl Senses {
    pub(super) const STOP: Self = Self(1);
    pub(super) const ALONE: Self = Self(1 << 1);
    pub(super) const FIRST: Self = Self(1 << 2);
    pub(super) const ANYWHERE: Self = Self(1 << 3);
    pub(super) const POLITE: Self = Self(1 << 4);
    pub(super) const ASKING: Self = Self(1 << 5);
    pub(super) const OBJECT: Self = Self(1 << 6);
    pub(super) const SUBJECT: Self = Self(1 << 7);
    pub(super) const INSTRUCTION: Self = Self(1 << 8);
    pub(super) const LINK: Self = Self(1 << 9);
    pub(super) const AIM: Self = Self(1 << 10);
    /// Every sense that ends messages and has no other use.
    pub(super) const SURE: Self = Self(Self::STOP.0 | Self::FIRST.0 | Self::ANYWHERE.0);
    /// Every sense that ends messages.
    pub(super) const ENDING: Self = Self(Self::SURE.0 | Self::ALONE.0);

    pub(super) fn has(self, any_of: Self) -> bool {
        self.0 & any_of.0 != 0
    }
}

impl std::ops::BitOr for Senses {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A word of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) senses: Senses,
    /// Its number in the lexicon; words of other spellings have none.
    number: Option<u32>,
}

/// Shortest word, in letters, of which a misspelling is forgiven.
const MISSPELT_CHARS_MIN: usize = 7;
/// Shortest word that counts with letters held down; of shorter ones ("td") only the last may be.
const LENGTHENED_CHARS_MIN: usize = 4;

/// One place of a phrase.
enum Slot {
    /// One of these words, by number and sorted; it may be missing.
    Words(Vec<u32>, bool),
    /// Up to [`GAP_WORDS_MAX`] words of any kind.
    Gap,
}

const GAP_WORDS_MAX: usize = 2;

struct Phrase {
    meaning: Meaning,
    slots: Vec<Slot>,
}

/// Hashed without a random key: the table is ours and fixed, texts only look things up in it.
type Words = HashMap<String, (u32, Senses), BuildHasherDefault<DefaultHasher>>;

pub(super) struct Lexicon {
    /// Every word known: its number and what it can be.
    words: Words,
    /// Words that end messages: without repeated letters, and as they are.
    lengthened: Vec<(String, String)>,
    /// Long words of which a misspelling is forgiven.
    long: Vec<Vec<char>>,
    /// Other words one edit away from those.
    others: Vec<String>,
    phrases: Vec<Phrase>,
    /// By the number of the first word: phrases that may begin with it, sorted.
    firsts: Vec<(u32, usize)>,
}

pub(super) static LEXICON: LazyLock<Lexicon> = LazyLock::new(Lexicon::new);

impl Lexicon {
    fn new() -> Self {
        let mut words = Words::default();
        let mut learn = |word: String, sense: Senses| {
            let number = u32::try_from(words.len()).unwrap_or(u32::MAX);
            let known = words.entry(word).or_insert((number, Senses::default()));
            known.1 = known.1 | sense;
        };
        for (list, sense) in [
            (words::STOP, Senses::STOP),
            (words::ALONE, Senses::ALONE),
            (words::FIRST, Senses::FIRST),
            (words::ANYWHERE, Senses::ANYWHERE),
            (words::POLITE, Senses::POLITE),
            (words::ASKING, Senses::ASKING),
            (words::OBJECTS, Senses::OBJECT),
            (words::SUBJECTS, Senses::SUBJECT),
            (words::INSTRUCTIONS, Senses::INSTRUCTION),
            (words::INSTRUCTION_LINKS, Senses::LINK),
            (words::INSTRUCTION_AIMS, Senses::AIM),
        ] {
            listed(list).for_each(|word| learn(word, sense));
        }
        for (slot, _) in
            PHRASES.iter().flat_map(|(_, list)| list.iter()).flat_map(|phrase| slots(phrase))
        {
            slot.split('|').for_each(|word| learn(spelled(word), Senses::default()));
        }
        let ending = || words.iter().filter(|(_, (_, senses))| senses.has(Senses::ENDING));
        let mut lengthened: Vec<_> =
            ending().map(|(word, _)| (shortened(word), word.clone())).collect();
        lengthened.sort();
        let long = listed(words::ANYWHERE)
            .map(|word| word.chars().collect::<Vec<_>>())
            .filter(|word| word.len() >= MISSPELT_CHARS_MIN)
            .collect();
        let mut others: Vec<String> = listed(words::OTHER_WORDS).collect();
        others.sort();
        let phrases: Vec<Phrase> = PHRASES
            .iter()
            .flat_map(|(meaning, list)| {
                list.iter().map(|phrase| Phrase::new(*meaning, phrase, &words))
            })
            .collect();
        let mut firsts: Vec<(u32, usize)> = phrases
            .iter()
            .enumerate()
            .flat_map(|(index, phrase)| phrase.firsts().into_iter().map(move |word| (word, index)))
            .collect();
        firsts.sort();
        firsts.dedup();
        Self { words, lengthened, long, others, phrases, firsts }
    }

    /// A word of a text, also with letters held down or with one misspelling of a long one.
    pub(super) fn word<'a>(&self, text: &'a str) -> Word<'a> {
        let known = self.words.get(text);
        let number = known.map(|(number, _)| *number);
        let written = known.map_or_else(Senses::default, |(_, senses)| *senses);
        let senses = if written != Senses::default() {
            written
        } else if let Some(keyword) = self.lengthened(text) {
            self.senses_as_written(keyword)
        } else if self.is_misspelt(text) {
            Senses::ANYWHERE
        } else {
            written
        };
        Word { text, senses, number }
    }

    fn lengthened(&self, word: &str) -> Option<&str> {
        let short = shortened(word);
        if short.len() == word.len() {
            return None;
        }
        let from = self.lengthened.partition_point(|(known, _)| *known < short);
        let alike = self.lengthened.iter().skip(from).take_while(|(known, _)| *known == short);
        alike.map(|(_, keyword)| keyword.as_str()).find(|keyword| {
            let is_long = keyword.chars().count() >= LENGTHENED_CHARS_MIN;
            is_lengthened(word, keyword) && (is_long || word.starts_with(keyword))
        })
    }

    fn is_misspelt(&self, word: &str) -> bool {
        let letters: Vec<char> = word.chars().collect();
        letters.len() + 1 >= MISSPELT_CHARS_MIN
            && self.long.iter().any(|keyword| {
                keyword.len().abs_diff(letters.len()) <= 1 && is_one_edit_away(&letters, keyword)
            })
            && self.others.binary_search_by(|other| other.as_str().cmp(word)).is_err()
    }

    /// What exactly this word can be.
    pub(super) fn senses_as_written(&self, word: &str) -> Senses {
        self.words.get(word).map_or_else(Senses::default, |(_, senses)| *senses)
    }

    /// The phrases that begin with the first of these words.
    pub(super) fn phrases(&self, words: &[Word<'_>]) -> Beginning {
        let mut beginning = Beginning::default();
        let Some(first) = words.first().and_then(|word| word.number) else { return beginning };
        let from = self.firsts.partition_point(|(known, _)| *known < first);
        let starting = self.firsts.iter().skip(from).take_while(|(known, _)| *known == first);
        for (_, index) in starting {
            let Some(phrase) = self.phrases.get(*index) else { continue };
            let Some(n_words) = matched(&phrase.slots, words) else { continue };
            let place = match phrase.meaning {
                Meaning::Whole | Meaning::WholeDoubtful => &mut beginning.whole,
                Meaning::RefusalAll
                | Meaning::Refusal
                | Meaning::Negated
                | Meaning::Doubtful
                | Meaning::Condition
                | Meaning::Other => &mut beginning.phrase,
            };
            if place.is_none_or(|(meaning, n)| rank(phrase.meaning, n_words) > rank(meaning, n)) {
                *place = Some((phrase.meaning, n_words));
            }
        }
        beginning
    }
}

/// A negation goes before everything else at its place, then a refusal of all, then the longest counts.
fn rank(meaning: Meaning, n_words: usize) -> (bool, bool, usize) {
    (meaning == Meaning::Negated, meaning == Meaning::RefusalAll, n_words)
}

/// The phrases that begin at one place, and how many words each takes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Beginning {
    /// The one that counts.
    pub(super) phrase: Option<(Meaning, usize)>,
    /// The one that counts when it is all of the clause.
    pub(super) whole: Option<(Meaning, usize)>,
}

impl Phrase {
    fn new(meaning: Meaning, phrase: &str, words: &Words) -> Self {
        let slots = slots(phrase).map(|(slot, is_optional)| {
            if slot == "*" {
                return Slot::Gap;
            }
            let mut numbers: Vec<u32> = slot
                .split('|')
                .filter_map(|word| words.get(&spelled(word)))
                .map(|(number, _)| *number)
                .collect();
            numbers.sort_unstable();
            Slot::Words(numbers, is_optional)
        });
        Self { meaning, slots: slots.collect() }
    }

    /// The words it may begin with, by number.
    fn firsts(&self) -> Vec<u32> {
        let mut firsts = Vec::new();
        for slot in &self.slots {
            match slot {
                Slot::Words(words, is_optional) => {
                    firsts.extend(words);
                    if !is_optional {
                        break;
                    }
                }
                Slot::Gap => break,
            }
        }
        firsts
    }
}

/// The slots of a phrase, and whether each may be left out.
fn slots(phrase: &str) -> impl Iterator<Item = (&str, bool)> {
    phrase.split_whitespace().map(|slot| match slot.strip_suffix('?') {
        Some(slot) => (slot, true),
        None => (slot, false),
    })
}

/// How many words the slots take at most; `None` when they do not fit. At most as deep as a phrase is long, and a gap
/// tries three ways.
fn matched(slots: &[Slot], words: &[Word<'_>]) -> Option<usize> {
    let Some((slot, rest)) = slots.split_first() else { return Some(0) };
    match slot {
        Slot::Gap => (0..=GAP_WORDS_MAX.min(words.len()))
            .filter_map(|n| matched(rest, words.get(n..)?).map(|taken| taken + n))
            .max(),
        Slot::Words(expected, is_optional) => {
            let fits = words
                .split_first()
                .filter(|(word, _)| {
                    word.number.is_some_and(|number| expected.binary_search(&number).is_ok())
                })
                .and_then(|(_, after)| matched(rest, after))
                .map(|taken| taken + 1);
            if *is_optional { fits.or_else(|| matched(rest, words)) } else { fits }
        }
    }
}

/// The words of a list, spelled as texts are.
fn listed(list: &'static [&'static str]) -> impl Iterator<Item = String> {
    list.iter().flat_map(|line| line.split_whitespace()).map(spelled)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A word that could never be met in a text would be a hole nobody sees.
    #[test]
    fn every_word_is_one_word_of_a_text() {
        for word in LEXICON.words.keys() {
            let is_word = word.chars().all(|c| c.is_alphanumeric() || !c.is_ascii() || c == '*');
            assert!(is_word && !word.is_empty() && spelled(word) == *word, "{word:?}");
        }
    }

    /// Politeness around a keyword must not be one.
    #[test]
    fn politeness_ends_nothing() {
        for (word, (_, senses)) in &LEXICON.words {
            let is_both = senses.has(Senses::ENDING) && senses.has(Senses::POLITE | Senses::ASKING);
            assert!(!is_both, "{word}");
        }
    }

    /// The list of other words is needed word by word, and none of it ends messages.
    #[test]
    fn other_words_are_one_edit_from_ours() {
        for other in &LEXICON.others {
            let senses = LEXICON.word(other).senses;
            assert!(!senses.has(Senses::ENDING), "{other}");
        }
        for word in ["unsubcribe", "abmelde", "отписатся", "leiratkozaz"] {
            assert!(LEXICON.word(word).senses.has(Senses::ANYWHERE), "{word}");
        }
        for word in ["subscribe", "anmelden", "подписаться", "stpp", "subscribed"] {
            assert!(!LEXICON.word(word).senses.has(Senses::ENDING), "{word}");
        }
    }

    #[test]
    fn phrases_begin_with_words_and_say_something() {
        for phrase in &LEXICON.phrases {
            assert!(
                matches!(phrase.slots.first(), Some(Slot::Words(words, _)) if !words.is_empty())
            );
            assert!(!phrase.firsts().is_empty());
        }
    }
}
