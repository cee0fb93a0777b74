//! Twilio Messaging: inbound messages and status callbacks (docs/providers/twilio.md).
//!
//! `X-Twilio-Signature` is base64 of HMAC-SHA1 (Auth Token) over the configured URL and the fields of the form by name; of a
//! name that is repeated, each distinct value once, sorted. A JSON body is covered by `bodySHA256` in the URL. A Webhooks Rule
//! signs with a shared key and HMAC-SHA256 instead. There is no timestamp: the window recognises repeats.

use crate::batch::{At, Batch};
use crate::crypto::{self, Mac};
use crate::draft::{Draft, Id};
use crate::form;
use crate::json;
use crate::outcome::{Answer, ProblemClass, Refusal, Skip};
use crate::request::Request;
use crate::source::Source;
use gate_core::{Action, Keyword, classify};

type Form = Vec<(String, String)>;

/// The suppression that Twilio holds and we do not know.
const ERROR_OPTED_OUT: &str = "21610";
/// An unknown handset; a switch makes it a bounce.
const ERROR_UNKNOWN_HANDSET: &str = "30005";
/// Longest header of a Webhooks Rule.
const SETTINGS_BYTES_MAX: usize = 512;

/// Checks the signature and reads the fields that it covers.
pub(crate) fn verify(source: &Source, request: &Request) -> Result<Form, Refusal> {
    let signature =
        request.text("x-twilio-signature").and_then(|text| crypto::base64(text.as_bytes()));
    let signature = signature.ok_or(Refusal::Unauthentic)?;
    let url = source.signed_url(&request.path_and_query).ok_or(Refusal::Ours)?;
    let is_form = request.media_type() != "application/json";
    let form = if is_form { form::urlencoded(&request.body) } else { Vec::new() };
    let tail = tail(&form);
    let fits = |mac: Mac, key: &str| {
        urls(&url).iter().any(|url| {
            let message = [url.as_bytes(), tail.as_bytes()].concat();
            mac.is_of(key.as_bytes(), &message, &signature)
        })
    };
    let fits = match request.has("x-twilio-webhooks-signature-settings") {
        true => rule_key(source, request).is_some_and(|key| fits(Mac::Sha256, key)),
        false => source.keys.secrets.iter().any(|secret| fits(Mac::Sha1, secret.expose())),
    };
    if !fits {
        return Err(Refusal::Unauthentic);
    }
    if is_form {
        // Twilio signs the URL with the query it is configured with; by GET the fields stand there
        return Ok(if request.body.is_empty() { of_query(&url) } else { form });
    }
    let hash =
        form::value(&of_query(&url), "bodySHA256").and_then(|text| crypto::hex(text.as_bytes()));
    let is_covered =
        hash.is_some_and(|hash| crypto::is_same(&hash, &crypto::sha256(&request.body)));
    if is_covered { flat(&request.body) } else { Err(Refusal::Unauthentic) }
}

fn of_query(url: &str) -> Form {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    form::urlencoded(query.as_bytes())
}

/// The text members of a JSON object.
fn flat(body: &[u8]) -> Result<Form, Refusal> {
    let value = json::value(body).map_err(|_| Refusal::Unreadable)?;
    let members = value.as_object().ok_or(Refusal::Unreadable)?;
    let text = |(name, value): (&String, &serde_json::Value)| {
        Some((name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            .filter(|_| !value.is_null())
    };
    Ok(members.iter().filter_map(text).collect())
}

/// Names and values by name; each distinct value of a name once.
fn tail(form: &Form) -> String {
    let mut sorted: Vec<&(String, String)> = form.iter().collect();
    sorted.sort();
    sorted.dedup();
    sorted.iter().fold(String::new(), |mut tail, (name, value)| {
        tail.push_str(name);
        tail.push_str(value);
        tail
    })
}

/// The URL as configured, and with and without the default port, since Twilio's own libraries try them.
fn urls(url: &str) -> Vec<String> {
    let mut urls = vec![url.to_owned()];
    let Some((scheme, rest)) = url.split_once("://") else { return urls };
    let port = if scheme == "https" { ":443" } else { ":80" };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    match host.strip_suffix(port) {
        Some(bare) => urls.push(format!("{scheme}://{bare}{path}")),
        None if !host.contains(':') => urls.push(format!("{scheme}://{host}{port}{path}")),
        None => {}
    }
    urls
}

/// The key that a Webhooks Rule names; only with HMAC_SHA256.
fn rule_key<'s>(source: &'s Source, request: &Request) -> Option<&'s str> {
    let settings = request.text("x-twilio-webhooks-signature-settings")?;
    if settings.len() > SETTINGS_BYTES_MAX {
        return None;
    }
    let of = |wanted: &str| {
        let mut pairs = settings.split(',').filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value)
    };
    let is_sha256 = of("algorithm") == Some("HMAC_SHA256");
    let key = source.shared_keys.get(of("key")?).filter(|_| is_sha256)?;
    Some(key.expose())
}

/// What the fields say.
pub(crate) fn handle(batch: &mut Batch<'_>, form: &Form, raw: &[u8]) {
    let at = At { index: 0, pointer: "", raw };
    batch.outcome.answer = Answer {
        status: 200,
        headers: Vec::new(),
        content_type: "text/xml; charset=utf-8",
        body: b"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response/>".to_vec(),
    };
    let value = |name: &str| form::value(form, name).map(str::trim).filter(|text| !text.is_empty());
    let Some(sid) =
        value("MessageSid").or_else(|| value("SmsMessageSid")).or_else(|| value("SmsSid"))
    else {
        return batch.skip(Skip::UnknownEvent);
    };
    let id = Id::of(sid);
    // an inbound message has `SmsStatus=received`; a status callback has `MessageStatus`
    let is_inbound = value("MessageStatus").is_none_or(|status| status == "received")
        && form::value(form, "Body").is_some();
    if is_inbound {
        inbound(batch, &at, id, &value, form);
    } else {
        status(batch, &at, id, &value);
    }
}

/// The channel and the number behind `whatsapp:` or `rcs:`; `None` for a channel the gate does not know.
fn channel(address: &str) -> Option<(&'static str, &str)> {
    match address.split_once(':') {
        None => Some(("sms", address)),
        Some(("whatsapp", number)) => Some(("whatsapp", number)),
        Some(("rcs", number)) => Some(("rcs", number)),
        Some(("sms", number)) => Some(("sms", number)),
        Some(_) => None,
    }
}

fn inbound<'f>(
    batch: &mut Batch<'_>,
    at: &At<'_>,
    id: Id,
    value: &impl Fn(&str) -> Option<&'f str>,
    form: &'f Form,
) {
    let Some(from) = value("From") else {
        return batch.problem(at, "/From", ProblemClass::MissingField, "nobody wrote it");
    };
    let Some((channel, number)) = channel(from) else {
        return batch.problem(
            at,
            "/From",
            ProblemClass::UnknownChannel,
            "a channel that the gate does not know",
        );
    };
    let text = form::value(form, "Body").unwrap_or_default();
    let to = value("To").map(|to| self::channel(to).map_or(to, |(_, number)| number));
    if !text.trim().is_empty() {
        let mut draft =
            Draft::received(Action::InboundSms, id.clone(), batch.now).on(channel).about(number);
        draft.text = Some(text.to_owned());
        draft.to = to.map(str::to_owned);
        batch.push(at, draft.via("twilio:inbound"));
    }
    // Advanced Opt-Out knows words of the operator's that our reader of texts does not
    let refuses = value("OptOutType").is_some_and(|kind| kind.eq_ignore_ascii_case("STOP"));
    let is_read = matches!(classify(text), Keyword::Stop | Keyword::StopAll);
    if refuses && !is_read {
        let draft =
            Draft::received(Action::OptOut, id.and("opt_out"), batch.now).on(channel).about(number);
        batch.push(at, draft.via("twilio:OptOutType=STOP"));
    } else if text.trim().is_empty() {
        batch.skip(Skip::NotAChange);
    }
}

fn status<'f>(
    batch: &mut Batch<'_>,
    at: &At<'_>,
    id: Id,
    value: &impl Fn(&str) -> Option<&'f str>,
) {
    let code = value("ErrorCode").unwrap_or_default();
    let action = match code {
        ERROR_OPTED_OUT if !batch.source.switches.repeats => return batch.skip(Skip::SwitchedOff),
        ERROR_OPTED_OUT => Action::OptOut,
        ERROR_UNKNOWN_HANDSET if batch.source.switches.unknown_handset => Action::HardBounce,
        _ => return batch.skip(Skip::NotAChange),
    };
    let Some(to) = value("To") else {
        return batch.problem(at, "/To", ProblemClass::MissingField, "it names no recipient");
    };
    let Some((channel, number)) = channel(to) else {
        return batch.problem(
            at,
            "/To",
            ProblemClass::UnknownChannel,
            "a channel that the gate does not know",
        );
    };
    let draft = Draft::received(action, id.and(code), batch.now).on(channel).about(number);
    batch.push(
        at,
        draft.via(format!("twilio:{code} (repeated by the provider; time of the report)")),
    );
}
