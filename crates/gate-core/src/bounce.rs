//! What a delivery failure says about the address: docs/law.md section 6, RFC 3463 and 5248 (enhanced status codes), RFC
//! 5321 (reply codes).
//!
//! A code may stand anywhere: alone (`5.1.1`), in a reply of one or several lines (`550-5.1.1 no such user`), in a
//! delivery report (`Status: 5.1.1`, `smtp; 550 5.7.1 rejected`), behind a number sign or in brackets. IP addresses,
//! dates and the versions of mail servers are none. What says nothing keeps its source's word: a `hard_bounce`
//! without a code closes the address. Words without a code can close it as well, they never open it.

/// Most of a reply that is looked at, in bytes: RFC 5321 allows 512 a line, diagnostics quote several.
const SAID_BYTES_MAX: usize = 8 * 1024;

/// An enhanced status code: class, subject, detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Status(u16, u16, u16);

/// What one code says about the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// The address itself is dead.
    Dead,
    /// The failure has another cause: time, size, content, policy, the sender, the way there.
    Other,
    /// Nothing: what else is said decides.
    Open,
}

/// Whether a failure says that the address itself is dead.
pub(crate) fn is_permanent(said: Option<&str>) -> bool {
    let said = beginning(said.unwrap_or_default());
    let (mut attached, mut free) = (Heard::default(), Heard::default());
    let mut first_reply = None;
    let mut rest = said;
    let mut before = "";
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        before = said.get(..said.len() - rest.len() + start).unwrap_or(before);
        let number = rest.get(start..).unwrap_or_default();
        let n_bytes =
            number.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(number.len()).max(1);
        let (token, after) = number.split_at_checked(n_bytes).unwrap_or((number, ""));
        rest = after;
        if !ends_a_code(after) {
            continue;
        }
        if let Some(status) = status(token.trim_end_matches('.')) {
            match place(before) {
                Place::Attached => attached.hear(status),
                Place::Free => free.hear(status),
                Place::Elsewhere => {}
            }
        } else if first_reply.is_none() && is_bounded(before) {
            first_reply = reply(token.trim_end_matches('.'));
        }
    }
    match attached.verdict().or(free.verdict()).unwrap_or(Verdict::Open) {
        Verdict::Dead => true,
        Verdict::Other => false,
        Verdict::Open => match first_reply.map(reply_verdict) {
            Some(Verdict::Dead) | None => true,
            Some(Verdict::Other) => false,
            Some(Verdict::Open) => names_a_dead_address(said),
        },
    }
}

/// The codes of one kind in a text: a dead address among them counts, whatever the others say.
#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    is_dead: bool,
    is_other: bool,
}

impl Heard {
    fn hear(&mut self, status: Status) {
        match status_verdict(status) {
            Verdict::Dead => self.is_dead = true,
            Verdict::Other => self.is_other = true,
            Verdict::Open => {}
        }
    }

    fn verdict(self) -> Option<Verdict> {
        match (self.is_dead, self.is_other) {
            (true, _) => Some(Verdict::Dead),
            (false, true) => Some(Verdict::Other),
            (false, false) => None,
        }
    }
}

/// The IANA registry of enhanced status codes, one decision each.
fn status_verdict(Status(class, subject, detail): Status) -> Verdict {
    match (class, subject, detail) {
        // "other undefined status": as good as no code
        (5, 0, _) => Verdict::Open,
        // 0 other address status (whose is not said: counts against), 1 bad mailbox, 2 bad system, 3 bad syntax,
        // 4 ambiguous, 6 moved without a forwarding address, 10 null MX (RFC 7505)
        (5, 1, 0..=4 | 6 | 10) => Verdict::Dead,
        // mailbox disabled. Not 2 full, 3 too long for it, 4 a list's expansion, 0 whatever else
        (5, 2, 1) => Verdict::Dead,
        // 4.x.x will be tried again and 2.x.x arrived; 5.1.5 is "valid", 5.1.7 and 5.1.8 are the sender's, 5.1.9 the
        // relay's; x.3 is the mail system, x.4 the way there (also 5.4.4, no route), x.5 the protocol, x.6 the
        // content, x.7 policy
        _ => Verdict::Other,
    }
}

/// RFC 5321 section 4.2.3, for a reply without an enhanced code.
fn reply_verdict(code: u16) -> Verdict {
    match code {
        // no such mailbox, not local, name not allowed; 556 no mail to that domain (RFC 7504)
        550 | 551 | 553 | 556 => Verdict::Dead,
        // "transaction failed": spam, policy or anything, unless the words name the user
        554 => Verdict::Open,
        // 4yz; 552 is a full mailbox; 521 the host, the rest of 5yz syntax and sequence of commands
        _ => Verdict::Other,
    }
}

/// Words that name a dead address where no code does.
fn names_a_dead_address(said: &str) -> bool {
    const WORDS: [&str; 15] = [
        "user unknown",
        "unknown user",
        "no such user",
        "user not found",
        "invalid recipient",
        "recipient unknown",
        "unknown recipient",
        "no such recipient",
        "recipient not found",
        "mailbox not found",
        "no such mailbox",
        "no mailbox here",
        "unknown address",
        "address unknown",
        "doesn't have a",
    ];
    let said = said.to_ascii_lowercase();
    WORDS.iter().any(|words| said.contains(words))
}

/// At most the bound, cut between characters.
fn beginning(said: &str) -> &str {
    said.get(..said.floor_char_boundary(SAID_BYTES_MAX)).unwrap_or(said)
}

/// `d.d.d` with a class and a subject that exist; the detail is the registry's or a vendor's (5.7.509).
fn status(token: &str) -> Option<Status> {
    let number = |part: &str| (1..=3).contains(&part.len()).then(|| part.parse::<u16>().ok())?;
    let mut parts = token.split('.');
    let status = Status(number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?);
    let Status(class, subject, detail) = status;
    let is_known = matches!(class, 2 | 4 | 5) && subject <= 7 && (subject != 0 || detail == 0);
    (is_known && parts.next().is_none()).then_some(status)
}

/// A reply code: three digits from 200 to 559 whose second digit exists.
fn reply(token: &str) -> Option<u16> {
    let code = token.parse().ok().filter(|_| token.len() == 3)?;
    matches!(code, 211..=259 | 400..=459 | 500..=559).then_some(code)
}

/// Where a status code stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Right after a reply code: `550-5.1.1`, `550 #5.1.1`, `550 (5.1.1)`.
    Attached,
    /// Somewhere else in the text.
    Free,
    /// Within a word, a path, or behind the name of a program: no code.
    Elsewhere,
}

fn place(before: &str) -> Place {
    let separators = |c: char| c.is_whitespace() || "-#([<:;,=/\"'".contains(c);
    let head = before.trim_end_matches(separators);
    let follows_a_reply = head.len() < before.len()
        && head
            .rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '.')
            .next()
            .is_some_and(|word| reply(word).is_some());
    if follows_a_reply {
        return Place::Attached;
    }
    if !is_bounded(before) || before.ends_with(['-', '/']) || is_after_a_program(before) {
        return Place::Elsewhere;
    }
    Place::Free
}

/// What ends with a letter, digit, dot or underscore goes on in the digits.
fn is_bounded(before: &str) -> bool {
    !before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '@'))
}

/// "hMailServer 5.6.7", "Pro 5.1.16", "version 5.1.1": a name with a capital or a word for versions, then blanks.
fn is_after_a_program(before: &str) -> bool {
    const WORDS: [&str; 8] =
        ["version", "ver", "ver.", "release", "build", "server", "revision", "rev"];
    const CODES: [&str; 12] = [
        "status", "code", "error", "smtp", "esmtp", "dsn", "reply", "response", "said", "bounce",
        "bounced", "unknown",
    ];
    let head = before.trim_end();
    if head.len() == before.len() {
        return false;
    }
    let word = head.rsplit(char::is_whitespace).next().unwrap_or_default();
    let word = word.trim_start_matches(|c: char| !c.is_alphanumeric());
    if WORDS.iter().any(|of_version| word.eq_ignore_ascii_case(of_version)) {
        return true;
    }
    let is_name = word.ends_with(char::is_alphanumeric)
        && word.chars().any(char::is_uppercase)
        && word.chars().any(char::is_lowercase);
    is_name && !CODES.iter().any(|of_code| word.eq_ignore_ascii_case(of_code))
}

/// What a code may be followed by: no letter, and no path or mask.
fn ends_a_code(after: &str) -> bool {
    !after.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '/' | '@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_said_is_the_word_of_the_source() {
        for said in
            [None, Some(""), Some("  "), Some("gone"), Some("30005"), Some("5.0.0"), Some("5.9.9")]
        {
            assert!(is_permanent(said), "{said:?}");
        }
    }

    /// Subject 0 has one code, "other undefined status"; what looks like another of it is a version of something.
    #[test]
    fn undefined_is_one_code() {
        assert!(!is_permanent(Some("4.0.0 try again")));
        assert!(is_permanent(Some("4.0.3 says gone")));
        assert!(is_permanent(Some("2.0.3 says gone")));
    }

    #[test]
    fn what_goes_on_behind_the_digits_is_no_code() {
        assert!(!is_permanent(Some("gone, see 4.2.2 there")));
        for said in ["gone, see 4.2.2/notes", "gone, see 4.2.2_a", "gone, see 4.2.2@there"] {
            assert!(is_permanent(Some(said)), "{said}");
        }
    }

    /// Each code of the registry, alone and in what mail servers say.
    #[test]
    fn codes_about_the_address_close_it() {
        let dead = ["1.0", "1.1", "1.2", "1.3", "1.4", "1.6", "1.10", "2.1"];
        let other = [
            "1.5", "1.7", "1.8", "1.9", "1.90", "2.0", "2.2", "2.3", "2.4", "3.0", "3.4", "4.1",
            "4.4", "4.14", "4.316", "5.0", "5.3", "6.0", "6.7", "7.0", "7.1", "7.26", "7.509",
        ];
        let in_words = |code: &str| {
            [
                format!("5.{code}"),
                format!(" 5.{code} "),
                format!("5.{code};"),
                format!("5.{code}."),
                format!("(#5.{code})"),
                format!("#5.{code}"),
                format!("550 5.{code}"),
                format!("554 5.{code} <ben@example.com>: rejected"),
                format!(
                    "550-5.{code} first line\r\n550-5.{code} second\n550 5.{code} last 7-20a si"
                ),
                format!("550 #5.{code} said no"),
                format!("550 (5.{code}) said no"),
                format!("550 [5.{code}] said no"),
                format!("550: 5.{code}: said no"),
                format!("smtp; 550 5.{code} said no"),
                format!("smtp;550-5.{code} said no"),
                format!("SMTP; 550 5.{code}"),
                format!(
                    "x-postfix; host mx.example.com[203.0.113.5] said: 550 5.{code} no (in reply to RCPT TO command)"
                ),
                format!(
                    "Final-Recipient: rfc822; ben@example.com\nAction: failed\nStatus: 5.{code}\nRemote-MTA: dns; mx.example.com"
                ),
                format!("status=5.{code}"),
                format!("dsn=5.{code}, status=bounced"),
                format!("permanent failure 5.{code} given"),
                format!("Error 5.{code} given"),
                format!("550 sorry (#5.{code})"),
                format!(
                    "550 5.{code} blocked [192.5.1.1] see 5.1.1.9/24 on 5.1.2026, hMailServer 5.1.1, v5.1.1, Mail/5.1.1"
                ),
            ]
        };
        for (codes, is_dead) in [(&dead[..], true), (&other[..], false)] {
            for said in codes.iter().flat_map(|code| in_words(code)) {
                assert_eq!(is_permanent(Some(&said)), is_dead, "{said}");
            }
        }
    }

    #[test]
    fn what_will_be_tried_again_does_not() {
        for said in [
            "4.2.2",
            "4.1.1",
            "450",
            "451 4.3.0 try again later",
            "smtp; 451 4.3.0 try again later",
            "421-4.7.0 rate limited\r\n421 4.7.0 see the page",
            "421 rate limited",
            "450 user unknown (greylisted)",
            "Status: 4.4.7\nDiagnostic-Code: smtp; 450 4.1.1 not now",
            "2.1.5",
            "250 2.0.0 ok",
        ] {
            assert!(!is_permanent(Some(said)), "{said}");
        }
    }

    #[test]
    fn replies_without_an_enhanced_code() {
        for (said, is_dead) in [
            ("550", true),
            ("550-no such user", true),
            ("550 5.0.0 no", true),
            ("551 not local", true),
            ("553 sorry", true),
            ("smtp; 550 mailbox unavailable", true),
            ("556 no mail here", true),
            ("552 over quota", false),
            ("552", false),
            ("554 rejected as spam", false),
            ("554 5.0.0 rejected as spam", false),
            ("554 delivery error: This user doesn't have a yahoo.com account", true),
            ("554 No such user", true),
            ("503 bad sequence", false),
            ("521 this host takes no mail", false),
            // what looks like a code and is none
            ("550 no such user at 192.5.7.1", true),
            ("550 no such user; seen 5.7.2026", true),
            ("550 no such user, Exim 4.96.2", true),
            ("550 no such user, SpamFilter 4.0.1", true),
            ("550 no such user (version 5.7.1)", true),
            ("550 no such user, Filter/5.7.1", true),
            ("unknown on 10.421.0.1", true),
            ("id a421b", true),
            ("ticket 4501234", true),
            ("x421", true),
        ] {
            assert_eq!(is_permanent(Some(said)), is_dead, "{said}");
        }
    }

    /// A dead address stands beside other codes; the code of the reply beats one that only stands around.
    #[test]
    fn several_codes() {
        for (said, is_dead) in [
            ("5.0.0 (undefined) smtp; 550 5.1.1 unknown", true),
            ("550 5.7.1 filtered (see #5.1.1)", false),
            ("550 5.1.1 unknown (see #5.7.1)", true),
            ("550-5.7.1 no\n550 5.1.1 unknown", true),
        ] {
            assert_eq!(is_permanent(Some(said)), is_dead, "{said}");
        }
    }

    #[test]
    fn only_the_beginning_is_read_and_any_text_is_survived() {
        let within = format!("{}5.7.1", " ".repeat(SAID_BYTES_MAX - 5));
        let beyond = format!("{}5.7.1", " ".repeat(SAID_BYTES_MAX));
        assert!(!is_permanent(Some(&within)));
        assert!(is_permanent(Some(&beyond)));
        let last_of_many_lines = format!("{}5.7.1", " ".repeat(15 * 512));
        assert!(!is_permanent(Some(&last_of_many_lines)), "several lines are quoted");
        for said in ["é5.1.1é", "５．１．１", "5.", "5..1", "....", "550.", "5.1.", "\u{0}5.1.1"]
        {
            let _ = is_permanent(Some(said));
        }
        assert!(is_permanent(Some(&"é".repeat(SAID_BYTES_MAX))));
    }
}
