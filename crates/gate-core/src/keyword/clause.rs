//! A text as clauses of words: ended by punctuation and lines, letters written apart put together.

use super::lexicon::{LEXICON, Senses};
use super::spelling::{look_alike, spelled, unboxed};
use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;

/// Fewest letters in a row that count as one word written apart: `S T O P`, `s.t.o.p`.
const LETTERS_APART_MIN: usize = 3;

/// The words between two stops.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Clause {
    /// Spelled as the lexicon's.
    pub(super) words: Vec<String>,
}

struct Token {
    word: String,
    begins_clause: bool,
    is_letter: bool,
}

/// The clauses of a text.
pub(super) fn clauses(text: &str) -> Vec<Clause> {
    let mut clauses: Vec<Clause> = Vec::new();
    for token in together(tokens(text)) {
        match clauses.last_mut() {
            Some(clause) if !token.begins_clause => clause.words.push(token.word),
            Some(_) | None => clauses.push(Clause { words: vec![token.word] }),
        }
    }
    clauses
}

/// Words and what stands before them.
fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let (mut word, mut begins_clause) = (String::new(), true);
    let mut chars =
        text.chars().map(unboxed).filter(|c| !crate::canonical::is_invisible(*c)).peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        let c = match c {
            '0' if !word.ends_with(char::is_numeric) && next.is_some_and(is_letter) => 'o',
            c => c,
        };
        if is_apostrophe(c) && !word.is_empty() && next.is_some_and(is_letter) {
            // French: "merci d'arrêter"
            if word.eq_ignore_ascii_case("d") {
                word.clear();
            } else {
                word.push('\'');
            }
            continue;
        }
        let is_word = is_word(c);
        let breaks = !is_word || word.chars().next_back().is_some_and(|last| changes(last, c));
        if breaks && !word.is_empty() {
            push(&mut tokens, std::mem::take(&mut word), begins_clause);
            begins_clause = false;
        }
        if is_word {
            word.push(c);
        } else if ends_clause(c) {
            begins_clause = true;
        }
    }
    if !word.is_empty() {
        push(&mut tokens, word, begins_clause);
    }
    tokens
}

fn push(tokens: &mut Vec<Token>, word: String, begins_clause: bool) {
    let mut letters = word.chars();
    let is_letter = letters.next().is_some_and(is_single_letter) && letters.all(is_mark);
    let word = in_one_script(word);
    if !word.is_empty() {
        tokens.push(Token { word, begins_clause, is_letter });
    }
}

/// The spelling of a word; by the look of its letters when it mixes scripts, or when only that makes one of ours.
fn in_one_script(word: String) -> String {
    if word.is_ascii() {
        return spelled(&word);
    }
    let is_latin = |c: char| c.is_ascii_alphabetic();
    let latin: Option<String> =
        word.chars().map(|c| if c.is_ascii() { Some(c) } else { look_alike(c) }).collect();
    let own = spelled(&word);
    match latin {
        Some(latin) if word.chars().any(is_latin) => spelled(&latin),
        Some(latin) => {
            let latin = spelled(&latin);
            let ends = |word: &str| LEXICON.word(word).senses.has(Senses::ENDING);
            if !ends(&own) && ends(&latin) { latin } else { own }
        }
        None => own,
    }
}

/// Runs of single letters become one word.
fn together(tokens: Vec<Token>) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut run: Vec<Token> = Vec::new();
    for token in tokens {
        if token.is_letter {
            run.push(token);
        } else {
            flush(&mut run, &mut out);
            out.push(token);
        }
    }
    flush(&mut run, &mut out);
    out
}

fn flush(run: &mut Vec<Token>, out: &mut Vec<Token>) {
    if run.len() < LETTERS_APART_MIN {
        out.append(run);
        return;
    }
    let begins_clause = run.first().is_some_and(|token| token.begins_clause);
    let word = run.drain(..).map(|token| token.word).collect();
    out.push(Token { word, begins_clause, is_letter: false });
}

/// Whether a word ends between two of its characters: at digits, and where a script begins that sets no blanks.
fn changes(last: char, next: char) -> bool {
    let is_unspaced = super::script::is_unspaced;
    !is_mark(next)
        && (last.is_numeric() != next.is_numeric() || is_unspaced(last) != is_unspaced(next))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || is_mark(c)
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic()
}

/// A letter of an alphabet, not a sign that is a word of its own.
fn is_single_letter(c: char) -> bool {
    c.is_alphabetic() && !super::script::is_unspaced(c)
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | 'ʼ' | '´' | '`' | '＇' | '‛' | '′')
}

/// Marks belong to the letter before them.
fn is_mark(c: char) -> bool {
    !c.is_ascii()
        && matches!(
            CodePointMapData::<GeneralCategory>::new().get(c),
            GeneralCategory::NonspacingMark
                | GeneralCategory::SpacingMark
                | GeneralCategory::EnclosingMark
        )
}

/// What ends a clause. A hyphen, an asterisk, an underscore and an ampersand do not; signs and emoji do.
fn ends_clause(c: char) -> bool {
    !c.is_whitespace()
        && !matches!(
            c,
            '-' | '‐' | '‑' | '*' | '_' | '~' | '&' | '+' | '@' | '#' | '/' | '|' | '\''
        )
        && !is_apostrophe(c)
        || matches!(c, '\n' | '\r')
}
