//! What a text message from a person means: rules section 5, "Matching".
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
mod phrases;
mod quotation;
mod script;
mod spelling;
mod words;

#[cfg(test)]
mod tests;

use crate::canonical::fold;
use clause::{Clause, clauses};
use lexicon::{LEXICON, Meaning, Senses};

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
const ENDED_WORDS_MAX: usize = 4;
/// Words that always deserve a look when something follows (rules section 5).
const LEGAL: [&str; 4] = ["cancel", "end", "quit", "remove"];
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
    match found.keyword() {
        // the words of somebody else and nothing beside them: a person should look
        Keyword::Stop | Keyword::StopAll if parts.is_only_quoted => Keyword::Review,
        keyword => keyword,
    }
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
            Meaning::Whole | Meaning::Condition => {}
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
    // words around what is meant: greetings, thanks, the head of a subject
    let says_something = |clause: &&Clause| {
        clause.words.iter().any(|word| !LEXICON.senses(word).has(Senses::POLITE))
            && !is_subject(clause)
    };
    let n_saying = clauses.iter().filter(says_something).count();
    let mut is_first = true;
    for clause in clauses.iter().filter(says_something) {
        let words: Vec<&str> = clause.words.iter().map(String::as_str).collect();
        let place = Place { is_first, is_only: n_saying == 1 };
        read_clause(&words, place, &mut found);
        if let Some(meaning) = script::meaning(&clause.words) {
            found.hear(meaning);
        }
        is_first = false;
    }
    found
}

fn is_subject(clause: &Clause) -> bool {
    let is_number = |word: &str| word.chars().all(char::is_numeric);
    clause.words.iter().all(|word| LEXICON.senses(word).has(Senses::SUBJECT) || is_number(word))
}

/// Where a clause stands among those that say something.
#[derive(Clone, Copy)]
struct Place {
    is_first: bool,
    is_only: bool,
}

fn read_clause(words: &[&str], place: Place, found: &mut Found) {
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
fn read_phrases(words: &[&str], place: Place, heard: &mut Found) -> (bool, bool) {
    let (mut is_condition, mut is_instruction) = (false, false);
    let mut at = 0;
    while let Some(rest) = words.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some(n_words) = instruction(rest, at > 0 || !place.is_only) {
            is_instruction |= at == 0;
            at += n_words;
            continue;
        }
        match LEXICON.phrase(rest) {
            Some((Meaning::Condition, _)) if at > 0 => at += 1,
            Some((Meaning::Condition, _)) => {
                is_condition = true;
                at += 1;
            }
            Some((Meaning::Whole, n_words)) => {
                let around = words.get(..at).into_iter().chain(words.get(at + n_words..)).flatten();
                if around.into_iter().all(|word| LEXICON.senses(word).has(Senses::POLITE)) {
                    heard.hear(Meaning::Refusal);
                }
                at += n_words.max(1);
            }
            Some((meaning, n_words)) => {
                heard.hear(meaning);
                at += n_words.max(1);
            }
            None => {
                let joined: String = rest.iter().take(2).copied().collect();
                let is_ending = |senses: Senses| senses.has(Senses::ANYWHERE);
                if rest.first().is_some_and(|word| is_ending(LEXICON.senses(word)))
                    || is_ending(LEXICON.senses_as_written(&joined))
                {
                    heard.hear(Meaning::Refusal);
                }
                at += 1;
            }
        }
    }
    (is_condition, is_instruction)
}

/// How many words repeat what senders write under their texts: "Reply STOP to opt out", "STOP 2 quit". Somebody who
/// writes only "text stop" does what it says.
fn instruction(words: &[&str], is_within: bool) -> Option<usize> {
    let has = |at: usize, sense: Senses| {
        words.get(at).is_some_and(|word| LEXICON.senses(word).has(sense))
    };
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
fn whole(words: &[&str], place: Place) -> Option<Meaning> {
    let joined: String = words.concat();
    if place.is_only && LETTERS.contains(&joined.as_str()) {
        return Some(Meaning::Refusal);
    }
    let joined = LEXICON.senses(&joined);
    if joined.has(Senses::ENDING) && (place.is_only || !joined.has(Senses::ALONE)) {
        return Some(Meaning::Refusal);
    }
    let senses = |word: &&str| LEXICON.senses(word);
    let around = |senses: Senses| senses.has(Senses::POLITE) || senses.has(Senses::ASKING);
    let is_sure = |senses: Senses| {
        senses.has(Senses::STOP) || senses.has(Senses::ANYWHERE) || senses.has(Senses::FIRST)
    };
    let told =
        |word: &&str| senses(word).has(Senses::INSTRUCTION) || senses(word).has(Senses::LINK);
    let has_sure = words.iter().any(|word| is_sure(senses(word)));
    let has_alone = words.iter().any(|word| senses(word).has(Senses::ALONE));
    let is_bare = |may_ask: bool| {
        words.iter().all(|word| {
            let senses = senses(word);
            senses.has(Senses::ENDING)
                || (if may_ask { around(senses) } else { senses.has(Senses::POLITE) })
        })
    };
    if has_sure && is_bare(true) {
        return Some(Meaning::Refusal);
    }
    if has_alone && is_bare(false) {
        return Some(if place.is_only { Meaning::Refusal } else { Meaning::Doubtful });
    }
    let is_copied = words.first().is_some_and(told)
        && words.iter().all(|word| told(word) || senses(word).has(Senses::ENDING));
    (is_copied && place.is_only && (has_sure || has_alone)).then_some(Meaning::Refusal)
}

/// A short clause with the keyword at its end: a name may stand before it, or a bus.
fn is_ended(words: &[&str]) -> bool {
    words.len() <= ENDED_WORDS_MAX
        && words.last().is_some_and(|last| LEXICON.senses_as_written(last).has(Senses::STOP))
}

/// A clause that begins with a keyword, politeness before it left out.
fn begun(words: &[&str], place: Place) -> Option<Meaning> {
    let senses = |word: &&str| LEXICON.senses(word);
    let start = words
        .iter()
        .position(|word| !senses(word).has(Senses::POLITE) || senses(word).has(Senses::ENDING))?;
    let (first, rest) = words.get(start..)?.split_first()?;
    let first_senses = senses(first);
    match LEXICON.phrase(words.get(start..)?) {
        Some((Meaning::Other, _)) if !first_senses.has(Senses::STOP) && !LEGAL.contains(first) => {
            return None;
        }
        Some((Meaning::Other | Meaning::Doubtful, _)) => {
            return first_senses.has(Senses::ENDING).then_some(Meaning::Doubtful);
        }
        Some(_) | None => {}
    }
    if first_senses.has(Senses::STOP) || first_senses.has(Senses::ANYWHERE) {
        return Some(if place.is_first { Meaning::Refusal } else { Meaning::Doubtful });
    }
    let is_business =
        rest.iter().take(OBJECT_WORDS_MAX).any(|word| senses(word).has(Senses::OBJECT));
    if first_senses.has(Senses::FIRST) && !is_business && place.is_first {
        return Some(Meaning::Refusal);
    }
    let is_ending = first_senses.has(Senses::ALONE) || first_senses.has(Senses::FIRST);
    is_ending.then_some(Meaning::Doubtful)
}
