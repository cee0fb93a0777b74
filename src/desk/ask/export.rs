//! What is held of a person, to be handed to them (GDPR art. 15 and 20): what, where, why, for how long, and which text they saw.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::Desk;
use super::super::access_log::{Access, Act};
use super::super::asked::Asked;
use super::super::reply::Reply;
use super::person::PersonAnswer;
use super::{person, search};
use crate::answers::{Problem, ProblemKind};
use crate::clock::now;
use crate::headers::rfc3339;

/// Pages of events and decisions that an export goes through.
const PAGES_MAX: usize = 500;
/// Decisions of a page.
const DECISIONS: usize = 200;

/// # Errors
/// The export cannot be recorded, or something cannot be read.
pub(in crate::desk) async fn answer(desk: &Arc<Desk>, asked: &Asked) -> Result<Reply, Problem> {
    asked.body.only(&["form", "csrf"])?;
    let person = search::of_handle(desk, asked)?;
    let form = asked.body.get("form").unwrap_or("json").to_owned();
    if !["json", "html", "ts27560"].contains(&form.as_str()) {
        return Err(Problem::malformed("/form", "must be json, html or ts27560"));
    }
    let access =
        Access::new(now(), (&asked.account.id, asked.account.role()), Act::Export, &person.reason)
            .of_person(person.contact, person.address, &person.ticket);
    search::record(desk, access).await?;
    let whole = whole(desk, person).await?;
    let (name, content_type, body) = match form.as_str() {
        "html" => {
            ("subject-access.html", "text/html; charset=utf-8", readable(&whole).into_bytes())
        }
        "ts27560" => ("consent-records.json", "application/json", pretty(&records(desk, &whole))),
        _ => ("subject-access.json", "application/json", pretty(&held(desk, &whole))),
    };
    Ok(Reply::File { name: name.to_owned(), content_type, body })
}

fn pretty(value: &Value) -> Vec<u8> {
    // a value always becomes JSON
    serde_json::to_vec_pretty(value).unwrap_or_default()
}

/// All pages of a person in one answer.
async fn whole(
    desk: &Arc<Desk>,
    who: Arc<super::super::handle::Person>,
) -> Result<PersonAnswer, Problem> {
    let first = person::compose(desk, Arc::clone(&who), None, (None, None), DECISIONS);
    let mut whole = first.await?;
    for _ in 0..PAGES_MAX {
        let cursors = (whole.decisions_next.take(), whole.events_next.take());
        if cursors.0.is_none() && cursors.1.is_none() {
            return Ok(whole);
        }
        let (more_decisions, more_events) = (cursors.0.is_some(), cursors.1.is_some());
        let mut more = person::read(desk, &who, cursors, DECISIONS).await?;
        more.mark(whole.state.as_ref(), &whole.now);
        // without a cursor the first page comes again
        if more_decisions {
            whole.decisions.extend(more.decisions);
            whole.decisions_next = more.decisions_next;
        }
        if more_events {
            whole.events.extend(more.events);
            whole.events_next = more.events_next;
        }
    }
    let detail = format!(
        "there are more than {PAGES_MAX} pages about this person; take them by cursor from `/v1/people/…`"
    );
    Err(Problem::new(ProblemKind::TooLarge, detail))
}

/// What is held, where, why and for how long.
fn held(desk: &Desk, whole: &PersonAnswer) -> Value {
    let topics = &desk.config.topics;
    json!({
        "made_at": rfc3339(now()),
        "about": {"contact_id": whole.contact_id, "addresses": whole.addresses},
        "what_is_held": [
            {"where": topics.consent_change, "what": "each consent change as it was sent to us", "why": "to prove consent and to honour every refusal (GDPR art. 5(2), 7(1), 21)", "how_long": "until erasure"},
            {"where": "consent store of the gate", "what": "keyed hashes of contact id and address, what was agreed to and refused, a birth date if one was given", "why": "to decide whether a message may go out", "how_long": "as long as the consent changes"},
            {"where": topics.outputs.decision_log, "what": "for each message: when it was decided, outcome, reason, purpose, brand, beginnings of keyed hashes", "why": "to prove why a message went out", "how_long": "400 days unless the operator keeps it longer"},
            {"where": topics.outputs.access_log, "what": "who looked you up, when and why, with keyed hashes", "why": "to keep those who look accountable", "how_long": "400 days unless the operator keeps it longer"}
        ],
        "state_now": whole.state,
        "state_missing": whole.state_missing,
        "would_a_message_pass_now": whole.now,
        "events": whole.events,
        "decisions": whole.decisions,
        "decisions_known_since": whole.index_since
    })
}

/// Consent records after ISO/IEC TS 27560: one for each permission and each refusal.
fn records(desk: &Desk, whole: &PersonAnswer) -> Value {
    let records = whole.events.iter().filter(|event| matches!(event.effect, "permits" | "refuses"));
    let record = |event: &super::events::EventAnswer| {
        json!({
            "header": {
                "schema_version": "ISO/IEC TS 27560:2023",
                "record_id": event.source,
                "pii_principal_id": whole.contact_id.as_ref().or(whole.addresses.first()),
            },
            "pii_processing": {
                "privacy_notice": event.notice_version,
                "purposes": [{
                    "purpose": event.purpose,
                    "purpose_type": "direct marketing",
                    "lawful_basis": "consent",
                    "pii_information": [{"pii_type": event.channel, "pii_optional": true}],
                    "pii_controllers": [event.controller.as_ref().or(event.brand.as_ref())],
                    "collection_method": event.method,
                    "withdrawal_method": "each message carries a way to opt out",
                }],
            },
            "event": {
                "event_time": event.occurred_at,
                "received_at": event.received_at,
                "event_type": event.action,
                "event_state": if event.effect == "permits" { "consent_given" } else { "consent_withdrawn" },
                "entity_id": event.event_id,
            },
        })
    };
    json!({
        "made_at": rfc3339(now()),
        "made_by": desk.config.instance_id,
        "records": records.map(record).collect::<Vec<_>>(),
    })
}

/// The same for people, as one file that needs nothing else.
fn readable(whole: &PersonAnswer) -> String {
    let mut out = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>What is held about you</title>\n<h1>What is held about you</h1>\n",
    );
    let mut line = |text: String| out.push_str(&text);
    let cell = |text: Option<&str>| format!("<td>{}</td>", escaped(text.unwrap_or("–")));
    let ids = whole.contact_id.iter().chain(&whole.addresses);
    line(format!("<p>Known as: {}</p>\n", escaped(&ids.cloned().collect::<Vec<_>>().join(", "))));
    line("<h2>May a message be sent now?</h2><table><tr><th>Channel<th>Purpose<th>Brand<th>Answer<th>Why</tr>\n".to_owned());
    for verdict in &whole.now {
        line(format!(
            "<tr>{}{}{}{}{}</tr>\n",
            cell(Some(&verdict.channel)),
            cell(verdict.purpose.as_deref()),
            cell(verdict.brand.as_deref()),
            cell(Some(&verdict.outcome)),
            cell(Some(verdict.because.as_deref().unwrap_or(&verdict.meaning))),
        ));
    }
    line("</table>\n<h2>What you said, newest first</h2><table><tr><th>When<th>What<th>Channel<th>Purpose<th>Brand<th>How<th>Notice<th>Record</tr>\n".to_owned());
    for event in &whole.events {
        line(format!(
            "<tr>{}{}{}{}{}{}{}{}</tr>\n",
            cell(event.occurred_at.as_deref().or(Some(&event.received_at))),
            cell(Some(&event.words)),
            cell(Some(event.channel)),
            cell(event.purpose.as_deref()),
            cell(event.brand.as_deref()),
            cell(event.method.as_deref()),
            cell(event.notice_version.as_deref()),
            cell(Some(&event.source)),
        ));
    }
    line("</table>\n<h2>Messages to you, newest first</h2><table><tr><th>When<th>Channel<th>Purpose<th>Brand<th>Outcome<th>Why</tr>\n".to_owned());
    for row in &whole.decisions {
        line(format!(
            "<tr>{}{}{}{}{}{}</tr>\n",
            cell(Some(&row.evaluated_at)),
            cell(row.channel.as_deref()),
            cell(row.purpose.as_deref()),
            cell(row.brand.as_deref()),
            cell(Some(&row.outcome)),
            cell(Some(&row.meaning)),
        ));
    }
    line("</table></html>\n".to_owned());
    out
}

/// Text inside an element.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_sent_becomes_markup() {
        assert_eq!(
            escaped("<b>\"a\" & 'c'\r\n"),
            "&lt;b&gt;&quot;a&quot; &amp; &#39;c&#39;\u{fffd}\u{fffd}"
        );
    }
}
