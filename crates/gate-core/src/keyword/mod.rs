//! What a text message from a person means: docs/law.md section 5, "Matching".
//!
//! Wider than provider defaults on purpose: those take exact single words and miss "STOP PLEASE". A person revokes by
//! any reasonable means (47 CFR 64.1200(a)(10)), in the language and spelling of a telephone, so a text is read as a
//! person would: whose words are they (`quotation.rs`), where do its clauses end (`clause.rs`), how are they spelled
//! (`spelling.rs`, `distance.rs`), what do words and phrases mean (`words.rs`, `phrases`, `script.rs`). What permits is
//! compared as written, never read generously.
//!
//! The lists were tried on texts written for it: `tests/texts`, whose precision and recall may not fall.

mod clause;
mod distance;
mod lexicon;
mod meaning;
mod phrases;
mod quotation;
mod script;
mod spelling;
mod words;

#[cfg(test)]
mod tests;

use crate::canonical::fold;
use clause::{Clause, clauses};
use lexicon::{LEXICON, Senses, Word};
use meaning::Meaning;

/// The meaning of an inbound text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyword {
    /// Opt-out from this number and brand; also that the number is not, or no longer, the person's who agreed.
    Stop,
    /// Opt-out from all brands of the controller.
    StopAll,
    /// Lifts a STOP.
    Start,
    /// Lifts a STOP or confirms a pending request, and nothing otherwise.
    Yes,
    /// Asks for help; no state change.
    Help,
    /// Possibly a refusal; a person should look. No state change.
    Review,
    /// No keyword.
    None,
}

/// Longest text that is looked at, in characters: a concatenated SMS has at most 255 parts of 153.
const TEXT_CHARS_MAX: usize = 2_000;
/// Words behind a first word within which an order or appointment makes it one's own business.
const OBJECT_WORDS_MAX: usize = 3;
/// Longest clause, in words, that a keyword at its end makes doubtful.
const ENDED_WORDS_MAX: usize = 8;
/// Most pieces of one word written apart.
const APART_WORDS_MAX: usize = 4;
/// Words that always deserve a look when something follows (docs/law.md section 5).
const LEGAL: [&str; 4] = ["cancel", "end", "quit", "remove"];
/// Longest clause, in words, that a keyword anywhere makes doubtful.
const NEAR_WORDS_MAX: usize = 3;
/// What senders in China ask their customers to reply; alone.
const LETTERS: [&str; 3] = ["t", "r", "qx"];
/// Words of an instruction behind its keyword: "STOP to end these texts".
const INSTRUCTION_WORDS_MAX: usize = 4;

/// Classifies a text.
///
/// ```
/// use gate_core::{Keyword, classify};
/// assert_eq!(classify("Stop!"), Keyword::Stop);
/// assert_eq!(classify("Could you please unsubcribe me"), Keyword::Stop);
/// assert_eq!(classify("don't stop"), Keyword::None);
/// assert_eq!(classify("cancel my order"), Keyword::Review);
/// assert_eq!(classify("Liked “Reply STOP to opt out”"), Keyword::None);
/// ```
#[must_use]
pub fn classify(text: &str) -> Keyword {
    let text = beginning(text);
    if let Some(keyword) = as_written(text) {
        return keyword;
    }
    let parts = quotation::parts(text);
    let clauses = clauses(&parts.own);
    if clauses.is_empty() {
        return if is_stop_sign(text) { Keyword::Review } else { Keyword::None };
    }
    let found = read(&clauses);
    let keyword = found.keyword();
    // the words of somebody else and nothing beside them: a person should look
    let is_stop = matches!(keyword, Keyword::Stop | Keyword::StopAll);
    if is_stop && parts.is_only_quoted { Keyword::Review } else { keyword }
}

/// At most the bound, cut between characters.
fn beginning(text: &str) -> &str {
    text.char_indices().nth(TEXT_CHARS_MAX).map_or(text, |(end, _)| text.get(..end).unwrap_or(text))
}

/// What permits, or asks for help, is exactly its word: "un stop" is Spanish, not UNSTOP, and "yes?" is a question.
fn as_written(text: &str) -> Option<Keyword> {
    let folded = fold(text);
    match folded.trim_matches([' ', '.', '!']) {
        "start" | "unstop" => Some(Keyword::Start),
        "yes" => Some(Keyword::Yes),
        "help" | "info" => Some(Keyword::Help),
        _ => None,
    }
}

/// A stop sign, a hand or "no entry" without a word.
fn is_stop_sign(text: &str) -> bool {
    text.contains(['🛑', '⛔', '🚫', '✋', '🔇', '🔕'])
}

/// What the clauses of a text say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Found {
    refuses_all: bool,
    refuses: bool,
    negates: bool,
    is_doubtful: bool,
    /// Words that look like a refusal and are something else: a bus stop.
    is_other: bool,
}

impl Found {
    fn hear(&mut self, meaning: Meaning) {
        match meaning {
            Meaning::RefusalAll => self.refuses_all = true,
            Meaning::Refusal => self.refuses = true,
            Meaning::Negated => self.negates = true,
            Meaning::Doubtful => self.is_doubtful = true,
            Meaning::Other => self.is_other = true,
            Meaning::Whole | Meaning::WholeDoubtful | Meaning::Condition => {}
        }
    }

    /// Both a negated stop and a refusal: nobody can tell.
    fn keyword(self) -> Keyword {
        match self {
            Self { refuses_all: true, negates: false, .. } => Keyword::StopAll,
            Self { refuses: true, negates: false, .. } => Keyword::Stop,
            Self { refuses_all: false, refuses: false, is_doubtful: false, .. } => Keyword::None,
            Self { .. } => Keyword::Review,
        }
    }
}

fn read(clauses: &[Clause]) -> Found {
    let mut found = Found::default();
    let known: Vec<Vec<Word<'_>>> = clauses
        .iter()
        .map(|clause| clause.words.iter().map(|word| LEXICON.word(word)).collect())
        .collect();
    // words around what is meant: greetings, thanks, the head of a subject
    let says_something = |words: &&Vec<Word<'_>>| {
        words.iter().any(|word| !word.senses.has(Senses::POLITE)) && !is_subject(words)
    };
    let n_saying = known.iter().filter(says_something).count();
    // "st.op", "re.voke": what stands apart by dots, also where a piece alone would be a word that says nothing
    if known.iter().map(Vec::len).sum::<usize>() <= APART_WORDS_MAX {
        let joined: String = known.iter().flatten().map(|word| word.text).collect();
        let senses = LEXICON.senses_as_written(&joined);
        found.refuses |= senses.has(Senses::STOP) || senses.has(Senses::ANYWHERE);
    }
    let mut is_first = true;
    for words in known.iter().filter(says_something) {
        read_clause(words, Place { is_first, is_only: n_saying == 1 }, &mut found);
        if let Some(meaning) = script::meaning(words) {
            found.hear(meaning);
        }
        is_first = false;
    }
    found
}

fn is_subject(words: &[Word<'_>]) -> bool {
    let is_number = |word: &Word<'_>| word.text.chars().all(char::is_numeric);
    words.iter().all(|word| word.senses.has(Senses::SUBJECT) || is_number(word))
}

/// Where a clause stands among those that say something.
#[derive(Clone, Copy)]
struct Place {
    is_first: bool,
    is_only: bool,
}

fn read_clause(words: &[Word<'_>], place: Place, found: &mut Found) {
    let mut heard = Found::default();
    let (is_condition, is_instruction) = read_phrases(words, place, &mut heard);
    let negated = heard.negates && !heard.refuses;
    if !negated && !is_condition && !is_instruction {
        let meaning = whole(words, place).or_else(|| begun(words, place));
        let ended = || (!heard.is_other && is_ended(words)).then_some(Meaning::Doubtful);
        if let Some(meaning) = meaning.or_else(ended) {
            heard.hear(meaning);
        }
    }
    if is_condition && (heard.refuses || heard.refuses_all) {
        heard = Found { is_doubtful: true, ..Found::default() };
    }
    found.refuses_all |= heard.refuses_all;
    found.refuses |= heard.refuses;
    found.negates |= heard.negates;
    found.is_doubtful |= heard.is_doubtful;
}

/// The phrases of a clause and the words that mean one thing anywhere; whether it only asks what would happen, and
/// whether it begins as an instruction.
fn read_phrases(words: &[Word<'_>], place: Place, heard: &mut Found) -> (bool, bool) {
    let (mut is_condition, mut is_instruction, mut whole) = (false, false, None);
    let mut at = 0;
    while let Some(rest) = words.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some(n_words) = instruction(rest, at > 0 || !place.is_only) {
            is_instruction |= at == 0;
            at += n_words;
            continue;
        }
        let beginning = LEXICON.phrases(rest);
        if let Some((meaning, n_words)) = beginning.whole {
            whole = whole.or(is_whole(words, at, n_words).then_some(meaning));
        }
        match beginning.phrase {
            Some((Meaning::Condition, _)) => {
                is_condition |= at == 0;
                at += 1;
            }
            Some((meaning, n_words)) => {
                heard.hear(meaning);
                at += n_words.max(1);
            }
            None => {
                if means_one_thing(rest) {
                    heard.hear(Meaning::Refusal);
                }
                at += 1;
            }
        }
    }
    match whole {
        Some(Meaning::Whole) => heard.hear(Meaning::Refusal),
        Some(_) if !heard.is_other => heard.hear(Meaning::Doubtful),
        Some(_) | None => {}
    }
    (is_condition, is_instruction)
}

/// Whether a word refuses wherever it stands, also written as two ("un subscribe").
fn means_one_thing(words: &[Word<'_>]) -> bool {
    let joined = || {
        let joined: String = words.iter().take(2).map(|word| word.text).collect();
        LEXICON.senses_as_written(&joined).has(Senses::ANYWHERE)
    };
    words.first().is_some_and(|word| word.senses.has(Senses::ANYWHERE)) || joined()
}

/// Whether these words of a clause are all of it, but for politeness.
fn is_whole(words: &[Word<'_>], at: usize, n_words: usize) -> bool {
    let around = words.iter().take(at).chain(words.iter().skip(at + n_words));
    around.into_iter().all(|word| word.senses.has(Senses::POLITE))
}

/// How many words repeat what senders write under their texts: "Reply STOP to opt out", "STOP 2 quit". Somebody who
/// writes only "text stop" does what it says.
fn instruction(words: &[Word<'_>], is_within: bool) -> Option<usize> {
    let has = |at: usize, sense: Senses| words.get(at).is_some_and(|word| word.senses.has(sense));
    let mut at = 0;
    let is_told = has(0, Senses::INSTRUCTION);
    if is_told {
        at += 1;
        while at <= 2 && has(at, Senses::LINK) {
            at += 1;
        }
    }
    if !has(at, Senses::ENDING) {
        return None;
    }
    let has_aim = has(at + 1, Senses::AIM);
    let is_one = if is_told { is_within || has_aim } else { is_within && has_aim };
    let n_aim = if has_aim { INSTRUCTION_WORDS_MAX } else { 0 };
    is_one.then(|| (at + 1 + n_aim).min(words.len()))
}

/// A clause of keywords and politeness alone. A word with other uses must be all of the text.
fn whole(words: &[Word<'_>], place: Place) -> Option<Meaning> {
    let joined: String = words.iter().map(|word| word.text).collect();
    if place.is_only && LETTERS.contains(&joined.as_str()) {
        return Some(Meaning::Refusal);
    }
    let joined = LEXICON.word(&joined).senses;
    if joined.has(Senses::ENDING) && (place.is_only || !joined.has(Senses::ALONE)) {
        return Some(Meaning::Refusal);
    }
    let has = |senses: Senses| words.iter().any(|word| word.senses.has(senses));
    let all = |senses: Senses| words.iter().all(|word| word.senses.has(senses));
    let asking = Senses::ENDING | Senses::POLITE | Senses::ASKING;
    if has(Senses::SURE) && all(asking) {
        return Some(Meaning::Refusal);
    }
    if has(Senses::ALONE) && all(asking) {
        let is_sure = place.is_only && all(Senses::ENDING | Senses::POLITE);
        return Some(if is_sure { Meaning::Refusal } else { Meaning::Doubtful });
    }
    is_copied(words, place).then_some(Meaning::Refusal)
}

/// "text stop", and nothing else in the text.
fn is_copied(words: &[Word<'_>], place: Place) -> bool {
    let told = Senses::INSTRUCTION | Senses::LINK;
    let is_keyword =
        |word: &Word<'_>| word.senses.has(Senses::ENDING) || LETTERS.contains(&word.text);
    place.is_only
        && words.first().is_some_and(|word| word.senses.has(told))
        && words.iter().any(is_keyword)
        && words.iter().all(|word| word.senses.has(told) || is_keyword(word))
}

/// A short clause with the keyword at its end, or a very short one with it anywhere: a name may stand before it, or a
/// bus.
fn is_ended(words: &[Word<'_>]) -> bool {
    let is_stop = |word: &Word<'_>| LEXICON.senses_as_written(word.text).has(Senses::STOP);
    words.len() <= ENDED_WORDS_MAX && words.last().is_some_and(is_stop)
        || words.len() <= NEAR_WORDS_MAX && words.iter().any(is_stop)
}

/// A clause that begins with a keyword, politeness before it left out.
fn begun(words: &[Word<'_>], place: Place) -> Option<Meaning> {
    let start = words
        .iter()
        .position(|word| !word.senses.has(Senses::POLITE) || word.senses.has(Senses::ENDING))?;
    let words = words.get(start..)?;
    let (first, rest) = words.split_first()?;
    let is_ending = first.senses.has(Senses::ENDING);
    let is_legal = first.senses.has(Senses::STOP) || LEGAL.contains(&first.text);
    match LEXICON.phrases(words).phrase {
        Some((Meaning::Other, _)) if !is_legal => return None,
        Some((Meaning::Other | Meaning::Doubtful, _)) => {
            return is_ending.then_some(Meaning::Doubtful);
        }
        Some(_) | None => {}
    }
    let is_business =
        || rest.iter().take(OBJECT_WORDS_MAX).any(|word| word.senses.has(Senses::OBJECT));
    let is_sure = first.senses.has(Senses::STOP | Senses::ANYWHERE)
        || first.senses.has(Senses::FIRST) && !is_business();
    match (is_ending, is_sure && place.is_first) {
        (true, true) => Some(Meaning::Refusal),
        (true, false) => Some(Meaning::Doubtful),
        (false, _) => None,
    }
}
