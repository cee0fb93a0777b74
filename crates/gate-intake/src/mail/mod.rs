//! Mail as the door takes it: complaints of mailbox providers (ARF, RFC 5965), bounces (DSN, RFC 3464), and unsubscribing by
//! `mailto:` with our token in the subject.
//!
//! Reports are forgeable. From an intake that proves who sends (an MTA's pipe with a token) the recipient they name counts;
//! from a mailbox anybody can write to (`open_mailbox: true`) only a token of our own. Automatic answers are no requests.

mod fields;

use crate::batch::{At, Batch, IdKey};
use crate::crypto;
use crate::draft::{Draft, Id};
use crate::limits::{BODY_BYTES_MAX, ITEMS_MAX};
use crate::one_click::refusal;
use crate::outcome::{Answer, Outcome, ProblemClass, Refusal, Skip, Window};
use crate::source::Source;
use crate::token::{Token, TokenKeys, TokenKind};
use fields::{Fields, address, blocks};
use gate_core::{Action, Timestamp};
use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};
use std::borrow::Cow;

/// How old the date of a report may be before the time of receipt counts, in seconds.
const DATE_SECONDS_MAX: i64 = 30 * 24 * 3600;
/// Most links of one header that are tried as tokens.
const LINKS_MAX: usize = 8;
/// Said of a report that names more people than a request may.
const TOO_MANY: &str = "it names more recipients than one report may";
/// Shortest text that can be a token.
const TOKEN_CHARS_MIN: usize = 60;

/// What becomes of one mail, given as its bytes.
#[must_use]
pub fn receive_mail(
    source: &Source,
    bytes: &[u8],
    tokens: &TokenKeys,
    ids: &IdKey,
    window: &dyn Window,
    now: Timestamp,
) -> Outcome {
    if bytes.len() > BODY_BYTES_MAX {
        return Refusal::TooLarge.into();
    }
    let Some(mail) = MessageParser::default().parse(bytes) else {
        return Refusal::Unreadable.into();
    };
    let mut batch = Batch::new(source, ids, now, window);
    let at = At { index: 0, pointer: "", raw: bytes };
    let head = Fields::read(&String::from_utf8_lossy(bytes));
    let reader = Reader { mail: &mail, head: &head, tokens, at: &at };
    let report = mail.content_type().and_then(|kind| {
        let is_report = kind.ctype().eq_ignore_ascii_case("multipart")
            && kind.subtype().is_some_and(|kind| kind.eq_ignore_ascii_case("report"));
        is_report.then(|| kind.attribute("report-type").unwrap_or_default().to_ascii_lowercase())
    });
    match report.as_deref() {
        Some("feedback-report") => reader.complaint(&mut batch),
        Some("delivery-status") => reader.bounces(&mut batch),
        Some(_) => batch.skip(Skip::AutoReply),
        None => reader.request(&mut batch),
    }
    batch.outcome.answer = Answer::text(200, "ok\n");
    batch.outcome
}

struct Reader<'m> {
    mail: &'m Message<'m>,
    head: &'m Fields,
    tokens: &'m TokenKeys,
    at: &'m At<'m>,
}

impl Reader<'_> {
    /// The text of the first part of a type.
    fn part(&self, subtype: &str) -> Option<Cow<'_, str>> {
        let is_it = |part: &&MessagePart<'_>| {
            part.content_type()
                .and_then(|kind| kind.subtype())
                .is_some_and(|kind| kind.eq_ignore_ascii_case(subtype))
        };
        self.mail.parts.iter().find(is_it).map(text)
    }

    /// The token in `List-Unsubscribe` of the message that is reported about.
    fn token(&self) -> Option<Token> {
        let returned = ["rfc822", "rfc822-headers", "global", "global-headers"];
        let texts = returned.iter().filter_map(|subtype| self.part(subtype));
        let mut found = texts.filter_map(|text| {
            let fields = Fields::read(text.trim_start());
            let links =
                fields.all("list-unsubscribe").flat_map(links).take(LINKS_MAX).collect::<Vec<_>>();
            links.iter().find_map(|link| self.tokens.open(link).ok())
        });
        found.next().filter(|token| token.kind == TokenKind::Unsubscribe)
    }

    /// When the report was written, if it says so believably; else now.
    fn when(&self, now: Timestamp) -> (Timestamp, bool) {
        let stated = self.mail.date().map(mail_parser::DateTime::to_timestamp);
        let age = |at: &i64| crate::outcome::seconds(now).saturating_sub(*at);
        let believable = stated.filter(|at| (0..=DATE_SECONDS_MAX).contains(&age(at)));
        believable
            .map_or((now, true), |at| (Timestamp::from_micros(at.saturating_mul(1_000_000)), false))
    }

    /// What names this mail: its id, or its bytes.
    fn name(&self) -> String {
        let id = self.head.get("message-id").map(str::to_owned);
        id.unwrap_or_else(|| crypto::to_hex(&crypto::sha256(self.at.raw)))
    }

    fn draft(&self, batch: &Batch<'_>, action: Action, who: &str) -> Draft {
        let (at, is_received) = self.when(batch.now);
        let id = Id::Hashed(vec![self.name(), action.as_str().to_owned(), who.to_owned()]);
        let draft =
            if is_received { Draft::received(action, id, at) } else { Draft::new(action, id, at) };
        draft.on("email")
    }

    fn complaint(&self, batch: &mut Batch<'_>) {
        let Some(report) = self.part("feedback-report") else {
            return batch.problem(
                self.at,
                "",
                ProblemClass::MissingField,
                "a feedback report without its part",
            );
        };
        let blocks = blocks(&report);
        let get = |name: &str| blocks.iter().find_map(|block| block.get(name));
        let action =
            match get("feedback-type").unwrap_or("other").trim().to_ascii_lowercase().as_str() {
                "not-spam" | "auth-failure" | "virus" | "dmarc" | "miscategorized" => {
                    return batch.skip(Skip::NotAChange);
                }
                "opt-out" | "opt-out-list" => Action::OptOut,
                // RFC 5965 section 3.5: a type nobody knows counts as `other`
                _ => Action::Complaint,
            };
        let named: Vec<String> = blocks
            .iter()
            .flat_map(|block| block.all("original-rcpt-to"))
            .filter_map(address)
            .collect();
        if named.len() > ITEMS_MAX {
            return batch.problem(self.at, "", ProblemClass::InvalidValue, TOO_MANY);
        }
        let token = self.token();
        let format = (action == Action::Complaint).then(|| "arf".to_owned());
        let mut n_people = 0;
        if let Some(token) = &token {
            let mut draft = self.of_token(batch, action, token);
            draft.format.clone_from(&format);
            // a token that holds an id only: the report may say the address
            if draft.address.is_none() {
                draft.address = named.first().cloned();
            }
            batch.push(self.at, draft);
            n_people += 1;
        }
        let of_token = token.and_then(|token| token.content.address);
        for person in named.iter().filter(|_| !batch.source.switches.open_mailbox) {
            let is_known =
                of_token.as_ref().is_some_and(|known| known.eq_ignore_ascii_case(person));
            let is_redacted = person.to_ascii_lowercase().starts_with("redacted");
            if is_known || (is_redacted && n_people > 0) {
                continue;
            }
            let mut draft = self.draft(batch, action, person).about(person.as_str()).via("arf");
            draft.format.clone_from(&format);
            batch.push(self.at, draft);
            n_people += 1;
        }
        if n_people == 0 {
            batch.skip(Skip::NoToken);
        }
    }

    fn of_token(&self, batch: &Batch<'_>, action: Action, token: &Token) -> Draft {
        let (at, is_received) = self.when(batch.now);
        let id = Id::Hashed(vec![self.name(), action.as_str().to_owned(), token.id.clone()]);
        let mut draft = refusal(token, id, at, "arf");
        draft.action = action;
        draft.method = None;
        draft.is_receipt_dated = is_received;
        draft
    }

    fn bounces(&self, batch: &mut Batch<'_>) {
        let Some(report) =
            self.part("delivery-status").or_else(|| self.part("global-delivery-status"))
        else {
            return batch.problem(
                self.at,
                "",
                ProblemClass::MissingField,
                "a delivery report without its part",
            );
        };
        let blocks = blocks(&report);
        let recipient = |block: &Fields| {
            let names = ["original-recipient", "final-recipient"];
            names.iter().find_map(|name| block.get(name).and_then(address))
        };
        let people: Vec<(&Fields, Option<String>)> = blocks
            .iter()
            .filter(|block| {
                block.get("final-recipient").is_some() || block.get("original-recipient").is_some()
            })
            .map(|block| (block, recipient(block)))
            .collect();
        if people.len() > ITEMS_MAX {
            return batch.problem(self.at, "", ProblemClass::InvalidValue, TOO_MANY);
        }
        let token = if people.len() == 1 { self.token() } else { None };
        for (block, person) in people {
            let is_failed = block
                .get("action")
                .is_some_and(|action| action.trim().eq_ignore_ascii_case("failed"));
            let status = block.get("status").and_then(|text| text.split_whitespace().next());
            // policy and reputation (5.7.x) say nothing about the address
            let is_permanent =
                status.is_some_and(|code| code.starts_with("5.") && !code.starts_with("5.7."));
            if !is_failed || !is_permanent {
                batch.skip(Skip::NotAChange);
                continue;
            }
            let code = status.map(str::to_owned);
            let draft = match (person, &token) {
                (_, Some(token)) if batch.source.switches.open_mailbox => {
                    self.of_token(batch, Action::HardBounce, token)
                }
                (Some(person), _) if !batch.source.switches.open_mailbox => {
                    self.draft(batch, Action::HardBounce, &person).about(person)
                }
                _ => {
                    batch.skip(Skip::NoToken);
                    continue;
                }
            };
            batch.push(self.at, draft.via("dsn").smtp(code));
        }
    }

    /// A mail a person's program wrote because of `mailto:` in `List-Unsubscribe`.
    fn request(&self, batch: &mut Batch<'_>) {
        let is = |name: &str, test: &dyn Fn(&str) -> bool| self.head.get(name).is_some_and(test);
        let is_automatic =
            is("auto-submitted", &|value| !value.trim().to_ascii_lowercase().starts_with("no"))
                || is("return-path", &|value| value.trim() == "<>")
                || is("precedence", &|value| {
                    ["auto_reply", "bulk", "junk", "list"]
                        .contains(&value.trim().to_ascii_lowercase().as_str())
                })
                || ["x-autoreply", "x-autorespond", "x-auto-response-suppress"]
                    .iter()
                    .any(|name| self.head.get(name).is_some());
        if is_automatic {
            return batch.skip(Skip::AutoReply);
        }
        let subject = self.mail.subject().unwrap_or_default();
        let words =
            subject.split(|c: char| c.is_whitespace() || matches!(c, ':' | '=' | '<' | '>'));
        let mut likely = words.filter(|word| word.len() >= TOKEN_CHARS_MIN).take(LINKS_MAX);
        let token = likely
            .find_map(|word| self.tokens.open(word).ok())
            .filter(|token| token.kind == TokenKind::Unsubscribe);
        let Some(token) = token else { return batch.skip(Skip::NoToken) };
        let id = Id::Hashed(vec![self.name(), "mailto".to_owned(), token.id.clone()]);
        let mut draft = refusal(&token, id, batch.now, "mailto");
        draft.is_receipt_dated = true;
        batch.push(self.at, draft);
    }
}

/// The content of a part as text; of a nested message its source.
fn text<'p>(part: &'p MessagePart<'_>) -> Cow<'p, str> {
    match &part.body {
        PartType::Text(text) | PartType::Html(text) => Cow::Borrowed(text),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => String::from_utf8_lossy(bytes),
        PartType::Message(message) => String::from_utf8_lossy(message.raw_message()),
        PartType::Multipart(_) => Cow::Borrowed(""),
    }
}

/// What could be a token in `<https://…/u/TOKEN>, <mailto:u@…?subject=TOKEN>`.
fn links(header: &str) -> Vec<String> {
    let mut found = Vec::new();
    for uri in
        header.split(['<', '>', ',']).map(str::trim).filter(|uri| uri.len() >= TOKEN_CHARS_MIN)
    {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        if !path.starts_with("mailto:") {
            found.extend(path.rsplit('/').next().map(str::to_owned));
        }
        let pairs = form_urlencoded::parse(query.as_bytes());
        found.extend(pairs.flat_map(|(_, value)| {
            value.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        }));
    }
    found
}
