//! The file of tokens: a YAML list with an entry for each, which `consent-gate token new` prints.
//!
//! ```yaml
//! - {id: crm, role: sender, hash: "sha256:…", expires: "2027-02-28T00:00:00Z", note: "campaigns"}
//! ```

use super::error::TokenProblem;
use super::role::Role;
use super::token::Digest;
use gate_core::Timestamp;
use gate_located::{Malformed, Manner, Node, Value, nearest};

/// Most entries. Each request is compared with all of them.
pub const TOKENS_MAX: usize = 1_000;
/// Most bytes of the file.
pub(super) const FILE_BYTES_MAX: u64 = 1 << 20;
/// Longest id; it stands in logs.
const ID_CHARS_MAX: usize = 64;
/// Longest note.
const NOTE_CHARS_MAX: usize = 200;
/// Edits between a word and the one that was meant.
const EDITS_MAX: usize = 2;

const KEYS: [&str; 5] = ["id", "role", "hash", "expires", "note"];

const MANNER: Manner = Manner {
    bytes_max: 1 << 20,
    scalar_bytes_max: 1 << 20,
    nodes_max: TOKENS_MAX * 16,
    depth_max: 4,
    aliases_max: 0,
    leans_on_anchors: false,
    keeps_repeated_keys: false,
    merges: false,
};

/// Everybody who may ask.
#[derive(Default)]
pub struct Tokens {
    entries: Vec<Entry>,
}

struct Entry {
    line: usize,
    caller: Caller,
    digest: Digest,
    expires: Option<Timestamp>,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The token's id, for logs.
    pub id: String,
    /// What it is for.
    pub role: Role,
}

/// Why somebody may not ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Nobody's token.
    Unknown,
    /// It was somebody's until then.
    Expired,
}

impl Tokens {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Vec<TokenProblem>> {
        let mut reading = Reading::default();
        match gate_located::parse(text, &MANNER) {
            Ok(Node { value: Value::Null, .. }) => {}
            Ok(Node { value: Value::List(items), .. }) => {
                for item in items.iter().take(TOKENS_MAX) {
                    reading.entry(item);
                }
                if items.len() > TOKENS_MAX {
                    reading.problem(
                        0,
                        format!("there are more than {TOKENS_MAX} tokens"),
                        "delete those that nobody uses any more",
                    );
                }
            }
            Ok(Node { value: Value::Text(_) | Value::Map(_), .. }) => {
                reading.problem(
                    1,
                    "is no list",
                    "begin each entry with `- `, as `consent-gate token new` prints it",
                );
            }
            Ok(node) => {
                let kind = node.value.kind();
                reading.problem(
                    node.place.line,
                    format!("is {kind} and no list"),
                    "write one entry a line",
                );
            }
            Err(Malformed { place, .. }) => {
                // the parser's own words may quote what stands there
                reading.problem(
                    place.line,
                    "is no YAML from here on",
                    "write each entry as `consent-gate token new` prints it",
                );
            }
        }
        let Reading { entries, problems } = reading;
        if problems.is_empty() { Ok(Self { entries }) } else { Err(problems) }
    }

    /// Whose token this is. Every entry is compared, whichever it is.
    ///
    /// # Errors
    /// Nobody's, or not any more.
    pub fn find(&self, token: &[u8], now: Timestamp) -> Result<Caller, Refused> {
        self.find_digest(&Digest::of(token), now)
    }

    /// The same by the hash, for whoever has shown the token before.
    ///
    /// # Errors
    /// Nobody's, or not any more.
    pub fn find_digest(&self, digest: &Digest, now: Timestamp) -> Result<Caller, Refused> {
        let mut found = None;
        for entry in &self.entries {
            if entry.digest.is(digest) {
                found = Some(entry);
            }
        }
        let entry = found.ok_or(Refused::Unknown)?;
        match entry.expires {
            Some(end) if now >= end => Err(Refused::Expired),
            Some(_) | None => Ok(entry.caller.clone()),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nobody may ask.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many have expired by then.
    #[must_use]
    pub fn n_expired(&self, now: Timestamp) -> usize {
        self.entries.iter().filter(|entry| entry.expires.is_some_and(|end| now >= end)).count()
    }
}

#[derive(Default)]
struct Reading {
    entries: Vec<Entry>,
    problems: Vec<TokenProblem>,
}

impl Reading {
    fn problem(&mut self, line: usize, reason: impl Into<String>, fix: impl Into<String>) {
        self.problems.push(TokenProblem { line, reason: reason.into(), fix: fix.into() });
    }

    fn entry(&mut self, item: &Node) {
        let line = item.place.line;
        let Value::Map(members) = &item.value else {
            let kind = item.value.kind();
            return self.problem(
                line,
                format!("an entry is {kind}"),
                "write it as `consent-gate token new` prints it",
            );
        };
        for (key, _) in members {
            if !KEYS.contains(&key.name.as_str()) {
                let meant = nearest(&key.name, KEYS.into_iter(), EDITS_MAX);
                self.problem(
                    key.place.line,
                    "an entry has a key that nobody knows",
                    meant_or_one_of(meant, &KEYS),
                );
            }
        }
        let of =
            |name: &str| members.iter().find(|(key, _)| key.name == name).map(|(_, value)| value);
        let id = self.id(line, of("id"));
        let role = self.role(line, of("role"));
        let digest = self.digest(line, of("hash"));
        let expires = self.expires(of("expires"));
        self.note(of("note"));
        let (Some(id), Some(role), Some(digest)) = (id, role, digest) else { return };
        if let Some(former) = self.entries.iter().find(|entry| entry.caller.id == id) {
            let reason = format!("the id `{id}` stands in line {} too", former.line);
            return self.problem(line, reason, "give each token an id of its own");
        }
        if let Some(former) = self.entries.iter().find(|entry| entry.digest == digest) {
            let reason = format!("the hash stands in line {} too", former.line);
            return self.problem(line, reason, "make a token for each: `consent-gate token new`");
        }
        self.entries.push(Entry { line, caller: Caller { id, role }, digest, expires });
    }

    fn text<'n>(
        &mut self,
        line: usize,
        name: &str,
        node: Option<&'n Node>,
        fix: &str,
    ) -> Option<&'n str> {
        match node {
            Some(Node { value: Value::Text(text), .. }) => Some(text),
            Some(Node { value, place, .. }) => {
                self.problem(place.line, format!("`{name}` is {}", value.kind()), fix);
                None
            }
            None => {
                self.problem(line, format!("`{name}` is missing"), fix);
                None
            }
        }
    }

    fn id(&mut self, line: usize, node: Option<&Node>) -> Option<String> {
        let fix = format!(
            "give it letters, digits, `.`, `_` and `-`, {ID_CHARS_MAX} at most; it stands in logs, so name a system, not a person"
        );
        let id = self.text(line, "id", node, &fix)?;
        if is_id(id) {
            return Some(id.to_owned());
        }
        self.problem(line, "`id` is no name", fix);
        None
    }

    fn role(&mut self, line: usize, node: Option<&Node>) -> Option<Role> {
        let names = Role::ALL.map(Role::as_str);
        let fix = meant_or_one_of(None, &names);
        let name = self.text(line, "role", node, &fix)?;
        let role = Role::parse(name);
        if role.is_none() {
            let meant = nearest(name, names.into_iter(), EDITS_MAX);
            self.problem(line, "`role` is none", meant_or_one_of(meant, &names));
        }
        role
    }

    fn digest(&mut self, line: usize, node: Option<&Node>) -> Option<Digest> {
        const FIX: &str = "write `sha256:` and the 64 hexadecimal digits that `consent-gate token new` prints; if it is the \
                           token itself, that token is burnt: make another";
        let text = self.text(line, "hash", node, FIX)?;
        let digest = Digest::parse(text);
        if digest.is_none() {
            self.problem(line, "`hash` is no hash", FIX);
        }
        digest
    }

    fn expires(&mut self, node: Option<&Node>) -> Option<Timestamp> {
        const FIX: &str =
            "write an instant with its offset, such as \"2027-02-28T00:00:00Z\", or leave it out";
        let node = node?;
        let text = self.text(node.place.line, "expires", Some(node), FIX)?;
        let parsed = text.parse::<jiff::Timestamp>().ok();
        if parsed.is_none() {
            self.problem(node.place.line, "`expires` is no instant", FIX);
        }
        parsed.map(|at| Timestamp::from_micros(at.as_microsecond()))
    }

    fn note(&mut self, node: Option<&Node>) {
        let fix = format!("write a text of {NOTE_CHARS_MAX} characters at most, or leave it out");
        let Some(node) = node else { return };
        let text = self.text(node.place.line, "note", Some(node), &fix);
        if text.is_some_and(|text| text.chars().nth(NOTE_CHARS_MAX).is_some()) {
            self.problem(node.place.line, "`note` is too long", fix);
        }
    }
}

/// Whether this may be a token's id.
pub(crate) fn is_id(text: &str) -> bool {
    let is_char = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=ID_CHARS_MAX).contains(&text.len()) && text.bytes().all(is_char)
}

/// Whether this may be a token's note.
pub(crate) fn is_note(text: &str) -> bool {
    text.chars().nth(NOTE_CHARS_MAX).is_none() && !text.chars().any(char::is_control)
}

fn meant_or_one_of(meant: Option<&str>, known: &[&str]) -> String {
    match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("it is one of `{}`", known.join("`, `")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn line(id: &str, role: &str, token: &str, rest: &str) -> String {
        format!(
            "- {{id: {id}, role: {role}, hash: \"{}\"{rest}}}\n",
            Digest::of(token.as_bytes()).text()
        )
    }

    fn problems(text: &str) -> Vec<(usize, String)> {
        let problems = Tokens::parse(text).err().unwrap_or_default();
        problems.into_iter().map(|problem| (problem.line, problem.to_string())).collect()
    }

    #[test]
    fn a_token_is_its_role_until_it_expires() {
        let text = line("crm", "sender", "one", "")
            + &line(
                "dpo",
                "officer",
                "two",
                ", expires: \"2027-01-15T08:00:00Z\", note: \"the privacy team\"",
            );
        let tokens = Tokens::parse(&text).unwrap();
        let crm = Caller { id: "crm".to_owned(), role: Role::Sender };
        assert_eq!(tokens.find(b"one", NOW), Ok(crm));
        // NOW is 2027-01-15T08:00:00Z
        let before = Timestamp::from_micros(NOW.as_micros() - 1);
        assert_eq!(tokens.find(b"two", before).map(|caller| caller.role), Ok(Role::Officer));
        assert_eq!(tokens.find(b"two", NOW), Err(Refused::Expired));
        assert_eq!((tokens.n_expired(before), tokens.n_expired(NOW)), (0, 1));
        for nobody in ["", "on", "one ", "ONE", "cgt_"] {
            assert_eq!(tokens.find(nobody.as_bytes(), NOW), Err(Refused::Unknown), "{nobody:?}");
        }
    }

    #[test]
    fn an_empty_file_lets_nobody_in() {
        for text in ["", "# nobody yet\n", "[]\n"] {
            let tokens = Tokens::parse(text).unwrap();
            assert!(tokens.is_empty(), "{text:?}");
            assert_eq!(tokens.find(b"", NOW), Err(Refused::Unknown));
        }
    }

    #[test]
    fn every_problem_has_its_line_and_fix_and_quotes_nothing() {
        const SECRET: &str = "cgt_0123456789";
        let good = line("crm", "sender", "one", "");
        for (text, at, says) in [
            (format!("{good}{}", line("dpo", "oficer", "two", "")), 2, "did you mean `officer`?"),
            (format!("{good}{}", line("dpo", SECRET, "two", "")), 2, "one of `sender`, `viewer`"),
            (format!("{good}{good}"), 2, "the id `crm` stands in line 1 too"),
            (
                format!("{good}{}", line("other", "viewer", "one", "")),
                2,
                "the hash stands in line 1 too",
            ),
            (
                format!("{good}- {{id: a, role: viewer, hash: {SECRET}}}\n"),
                2,
                "that token is burnt",
            ),
            (format!("{good}- {{id: a, role: viewer, hash: 12}}\n"), 2, "`hash` is a number"),
            (format!("{good}- {{id: a, role: viewer}}\n"), 2, "`hash` is missing"),
            (format!("{good}- {SECRET}\n"), 2, "an entry is a text"),
            (format!("{good}{}", line("a b", "viewer", "two", "")), 2, "`id` is no name"),
            (
                format!("{good}{}", line("a", "viewer", "two", ", expires: tomorrow")),
                2,
                "`expires` is no instant",
            ),
            (
                format!("{good}{}", line("a", "viewer", "two", ", expire: tomorrow")),
                2,
                "did you mean `expires`?",
            ),
            (
                format!("{good}{}", line("a", "viewer", "two", &format!(", {SECRET}: 1"))),
                2,
                "one of `id`",
            ),
            (
                format!(
                    "{good}{}",
                    line("a", "viewer", "two", &format!(", note: {}", "n".repeat(201)))
                ),
                2,
                "too long",
            ),
            ("crm: sender\n".to_owned(), 1, "is no list"),
            (SECRET.to_owned(), 1, "is no list"),
            (format!("{good}- {{id: {SECRET}\n"), 0, "is no YAML"),
            (format!("- &a {{id: a}}\n- *a\n{good}"), 0, "is no YAML"),
            (good.repeat(TOKENS_MAX + 1), 0, "more than 1000 tokens"),
        ] {
            let found = problems(&text);
            let is_there =
                |(line, what): &(usize, String)| (*line == at || at == 0) && what.contains(says);
            assert!(found.iter().any(is_there), "{says}: {found:?}");
            assert!(found.iter().all(|(_, what)| !what.contains(SECRET)), "{found:?}");
        }
    }
}
