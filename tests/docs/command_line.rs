//! Command lines in fenced blocks, taken apart far enough to find what our program is asked.

/// The words of a command line up to a pipe, a comment or the next command.
pub(crate) fn words(line: &str) -> Vec<String> {
    let (mut words, mut word): (Vec<String>, Option<String>) = (Vec::new(), None);
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                word.get_or_insert_default();
                quote = Some(c);
            }
            (None, '|' | ';' | '&' | '>') => break,
            (None, '#') if word.is_none() => break,
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The arguments of our program in a command line, if that is what it calls.
pub(crate) fn own_arguments(words: &[String]) -> Option<&[String]> {
    let is_setting = |word: &String| {
        word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
        })
    };
    let begin = words.iter().position(|word| word != "$" && !is_setting(word))?;
    let (program, rest) = words[begin..].split_first()?;
    if program.rsplit('/').next() == Some("consent-gate") {
        return Some(rest);
    }
    let is_cargo_run = program == "cargo"
        && rest.first().is_some_and(|word| word == "run")
        && !rest.iter().any(|word| word == "-p" || word == "--example");
    let dashes = rest.iter().position(|word| word == "--").filter(|_| is_cargo_run)?;
    rest.get(dashes + 1..)
}
