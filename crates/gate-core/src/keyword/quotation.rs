//! What of a text is the person's own: without quoted lines, quotations of what we wrote, reactions and mail headers.

use super::script::is_unspaced;
use super::spelling::spelled;

/// A quotation of up to so many words may be how a person writes a keyword: `I said "STOP"`.
const OWN_WORDS_MAX: usize = 3;
/// Most words between the verb of a reaction and its quotation: `Liked an image: “…”`.
const REACTION_WORDS_MAX: usize = 4;

/// A text taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    /// The person's own words.
    pub(super) own: String,
    /// Whether all of it is one quotation, kept in `own` for want of anything else.
    pub(super) is_only_quoted: bool,
}

/// Takes a text apart.
pub(super) fn parts(text: &str) -> Parts {
    let lines = own_lines(text);
    if !text.trim().is_empty() && lines.trim().is_empty() {
        let quoted: Vec<&str> =
            text.lines().map(|line| line.trim_start_matches(['>', ' '])).collect();
        return Parts { own: quoted.join("\n"), is_only_quoted: true };
    }
    let mut own = String::with_capacity(lines.len());
    let mut quoted = String::new();
    let mut is_reaction = false;
    let mut rest = lines.as_str();
    while let Some((before, quotation, after)) = next_quotation(rest) {
        own.push_str(before);
        if is_a_reaction(&own) {
            is_reaction = true;
            own.clear();
        } else if n_words(quotation) <= OWN_WORDS_MAX {
            own.push(' ');
            own.push_str(quotation);
            own.push(' ');
        } else {
            own.push('\n');
            quoted.push_str(quotation);
        }
        rest = after;
    }
    own.push_str(rest);
    let is_only_quoted =
        !is_reaction && !quoted.is_empty() && !own.chars().any(char::is_alphanumeric);
    if is_only_quoted {
        Parts { own: quoted, is_only_quoted }
    } else {
        Parts { own, is_only_quoted }
    }
}

/// Words, or pairs of signs where words have no blanks between them.
fn n_words(text: &str) -> usize {
    let n_signs = text.chars().filter(|c| is_unspaced(*c)).count();
    text.split_whitespace().count().max(n_signs / 2)
}

/// Lines without quoted ones, and nothing behind a signature or the head of a forwarded mail.
fn own_lines(text: &str) -> String {
    let mut own = String::with_capacity(text.len());
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with('>') {
            continue;
        }
        if is_head_of_a_quotation(line) {
            break;
        }
        own.push_str(line);
        own.push('\n');
    }
    own
}

/// `On Monday Acme wrote:`, `-----Original Message-----`, `Begin forwarded message:`, the `--` of a signature.
fn is_head_of_a_quotation(line: &str) -> bool {
    const ENDS: [&str; 8] = [
        "wrote:",
        "schrieb:",
        "écrit :",
        "écrit:",
        "escribió:",
        "ha scritto:",
        "schreef:",
        "escreveu:",
    ];
    let is_rule = line.starts_with("---") && line.chars().any(char::is_alphabetic);
    line == "--"
        || is_rule
        || line.eq_ignore_ascii_case("begin forwarded message:")
        || ENDS.iter().any(|end| line.ends_with(end))
}

/// The text before the next quotation, the quotation, and what follows it. One that does not end goes on to the end
/// of the text, as reactions are cut; at the beginning of a text it is only a mark.
fn next_quotation(text: &str) -> Option<(&str, &str, &str)> {
    let mut last = ' ';
    for (index, mark) in text.char_indices() {
        let is_at_start = !last.is_alphanumeric();
        last = mark;
        let Some(closing) = closing(mark) else { continue };
        // inches and apostrophes
        if !is_at_start && matches!(mark, '"' | '\'' | '‘' | '’' | '”' | '＂') {
            continue;
        }
        let (before, opened) = text.split_at_checked(index)?;
        let inside = opened.strip_prefix(mark).unwrap_or_default();
        let is_single = matches!(mark, '\'' | '‘' | '’');
        // “…" where no better mark follows; a pair of them is a quotation within
        let is_plain = || closing.contains(&'”') && inside.matches('"').count() == 1;
        let plain = || closed(inside, mark, &['"']).filter(|_| is_plain());
        if let Some((quotation, after)) = closed(inside, mark, closing).or_else(plain) {
            if !is_single || n_words(quotation) > OWN_WORDS_MAX {
                return Some((before, quotation, after));
            }
        } else if !is_single && before.chars().any(char::is_alphanumeric) {
            return Some((before, inside, ""));
        }
    }
    None
}

/// The marks that close a quotation opened by this one.
fn closing(mark: char) -> Option<&'static [char]> {
    Some(match mark {
        '"' | '＂' => &['"', '”', '＂'],
        '“' => &['”'],
        '„' | '‟' => &['“', '”'],
        '”' => &['”'],
        '«' => &['»'],
        '»' => &['«', '»'],
        '「' => &['」'],
        '『' => &['』'],
        '《' => &['》'],
        '‘' | '\'' | '’' => &['’', '\'', '‘'],
        _ => return None,
    })
}

/// Splits at the closing mark; quotations within stay whole. An apostrophe closes only at the end of a word.
fn closed<'a>(inside: &'a str, mark: char, closing: &[char]) -> Option<(&'a str, &'a str)> {
    let mut depth = 0usize;
    let mut chars = inside.char_indices().peekable();
    while let Some((index, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        if c == mark && !closing.contains(&mark) {
            depth += 1;
        } else if closing.contains(&c) {
            let within_word =
                matches!(c, '\'' | '’' | '‘') && next.is_some_and(char::is_alphanumeric);
            if depth == 0 && !within_word {
                let (quotation, after) = inside.split_at_checked(index)?;
                return Some((quotation, after.strip_prefix(c).unwrap_or(after)));
            }
            depth = depth.saturating_sub(usize::from(!within_word));
        }
    }
    None
}

/// Whether the words before a quotation say that it is reacted to: a verb of the phone's (`Liked`, `Gefällt`, `A aimé`)
/// or emoji and at most a preposition (`👍 to`).
fn is_a_reaction(before: &str) -> bool {
    const VERBS: [&str; 58] = [
        "liked",
        "loved",
        "disliked",
        "laughed",
        "emphasized",
        "emphasised",
        "questioned",
        "reacted",
        "removed",
        "gefallt",
        "hat",
        "liebt",
        "lacht",
        "betont",
        "hinterfragt",
        "mag",
        "reagiert",
        "aime",
        "adore",
        "ri",
        "reagi",
        "souligne",
        "aima",
        "gusto",
        "encanto",
        "gusta",
        "encanta",
        "reacciono",
        "rio",
        "enfatizo",
        "destaco",
        "messo",
        "adorato",
        "riso",
        "reagito",
        "piace",
        "enfatizzato",
        "gostou",
        "amou",
        "adorou",
        "curtiu",
        "riu",
        "enfatizou",
        "reagiu",
        "vond",
        "vindt",
        "reageerde",
        "gillade",
        "alskade",
        "reagerade",
        "likte",
        "reagerede",
        "tykkasi",
        "reagoi",
        "polubiono",
        "понравилось",
        "нравится",
        "отреагировал",
    ];
    let words: Vec<String> = before
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(spelled)
        .collect();
    let has_sign =
        before.chars().any(|c| !c.is_alphanumeric() && !c.is_ascii() && !c.is_whitespace());
    let is_verb = |word: &String| VERBS.contains(&word.as_str());
    words.len() <= REACTION_WORDS_MAX
        && (words.iter().take(2).any(is_verb) || (words.len() <= 1 && has_sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_words() {
        for (text, own) in [
            ("STOP", "STOP"),
            ("STOP \"New tents. Reply STOP to opt out\"", "STOP"),
            ("“New tents. Reply STOP to opt out” stop", "stop"),
            ("Liked “STOP”", ""),
            ("Liked “New tents. Reply STOP to opt out” STOP", "STOP"),
            ("Liked “New \"great\" tents. Reply STOP to opt…", ""),
            ("A aimé « Des tentes. STOP pour finir »", ""),
            ("👍 to “ STOP ”", ""),
            (
                "Hat „Neue Zelte. STOP zum Abmelden“ mit „Gefällt mir“ markiert",
                "mit Gefällt mir markiert",
            ),
            ("I said \"STOP\"", "I said STOP"),
            ("“New “great” tents. Reply STOP to opt out” thanks", "thanks"),
            ("”New tents. Reply STOP to opt out” thanks", "thanks"),
            ("I say 'stop texting me'", "I say 'stop texting me'"),
            ("»Neue Zelte. STOP zum Abmelden« stop", "stop"),
            ("stop 『新しいテント。停止は返信で』", "stop"),
            ("stop 《新帐篷。回复退订以停止》", "stop"),
            ("我说“退订”", "我说 退订"),
            ("stop “新帐篷，回复退订以停止”", "stop"),
            ("> New tents\n> Reply STOP\nthanks", "thanks"),
            ("stop\nOn Monday Acme wrote:\nNew tents", "stop"),
            ("stop\n--\nAna of Acme", "stop"),
            ("stop\n-----Original Message-----\nReply STOP", "stop"),
            ("don't 'reply STOP to opt out' me", "don't \n me"),
            ("it's 12\" long, customers' choice", "it's 12\" long, customers' choice"),
            ("\"STOP", "\"STOP"),
            ("\"STOP\"", "STOP"),
        ] {
            let parts = parts(text);
            let words: Vec<&str> = parts.own.split([' ', '\t']).filter(|w| !w.is_empty()).collect();
            assert_eq!(words.join(" ").trim(), own, "{text}");
            assert!(!parts.is_only_quoted, "{text}");
        }
    }

    #[test]
    fn nothing_but_a_quotation() {
        for text in ["“New tents. Reply STOP to opt out”", "> New tents\n> STOP to end"] {
            let parts = parts(text);
            assert!(parts.is_only_quoted && parts.own.contains("New tents"), "{text}");
        }
    }
}
