//! Records, codecs and a schema registry small enough to read.

use super::super::*;
use gate_core::Timestamp;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The class alone, for tests that do not ask for the field.
pub(super) fn classed<T>(result: Result<T, DecodeError>) -> Result<T, DecodeError> {
    result.map_err(|error| match error {
        DecodeError::Unreadable(why) => Unreadable::whole(why.class).into(),
        unavailable @ DecodeError::Unavailable { .. } => unavailable,
    })
}

/// The class of an inner error.
pub(super) fn class_of(why: Unreadable) -> Class {
    Class::ALL.into_iter().find(|class| class.as_str() == why.class).unwrap()
}

pub(super) fn at(text: &str) -> Option<Timestamp> {
    Some(time::parse_instant(text).unwrap())
}

/// A consent change with every field set.
pub(super) fn consent() -> ConsentChangeRecord<'static> {
    let mut context = ContextRecord::default();
    for (name, value) in [
        ("details_obtained_directly", true),
        ("refusal_offered_at_collection", true),
        ("refused", false),
        ("no_spam_notice", false),
    ] {
        assert!(context.set(name, value));
    }
    context.product_group = Some("tents".into());
    ConsentChangeRecord {
        event_id: Some("e-1".into()),
        occurred_at: at("2026-02-01T08:00:00.5+01:00"),
        action: Some("opt_in".into()),
        contact_id: Some("ben".into()),
        address: Some("+447700900456".into()),
        region: Some("GB".into()),
        channel: Some("sms".into()),
        purpose: Some("marketing.offers".into()),
        controller: Some("acme-ltd".into()),
        brand: Some("acme".into()),
        basis: Some("express_written".into()),
        kind: Some("purchase".into()),
        context: Some(context),
        evidence: Some(EvidenceRecord {
            method: Some("web_form".into()),
            notice_version: Some("n-1".into()),
            signature: Some("true".into()),
            number_named: Some("true".into()),
            not_condition_of_purchase: Some("false".into()),
            notice_text_sha256: Some("9c1f".into()),
            source: Some("https://shop.example".into()),
            locale: Some("en".into()),
            template_id: None,
            further: vec![("campaign".into(), "spring".into())],
        }),
        text: Some("stop \u{1f600}".into()),
        to: Some("+18005550199".into()),
        registry: Some("us-dnc".into()),
        listed: Some(true),
        smtp: Some("5.1.1".into()),
        format: Some("arf".into()),
        scope: Some("marketing".into()),
        cause: Some("legal hold".into()),
        keep_suppression: Some(false),
        birth_date: Some(13_938),
        message_id: Some("m-0".into()),
        source: Some("crm".into()),
        via: Some("import".into()),
        expires_at: at("2027-02-01T08:00:00Z"),
        recipient_kind: Some("business".into()),
        new_address: Some("+447700900457".into()),
    }
}

/// The smallest consent change.
pub(super) fn opt_out() -> ConsentChangeRecord<'static> {
    ConsentChangeRecord {
        event_id: Some("e-2".into()),
        occurred_at: at("2026-02-01T08:00:00Z"),
        action: Some("opt_out".into()),
        contact_id: Some("ben".into()),
        ..ConsentChangeRecord::default()
    }
}

/// A message with every field set.
pub(super) fn message() -> OutboundMessageRecord<'static> {
    OutboundMessageRecord {
        message_id: Some("m-1".into()),
        channel: Some("sms".into()),
        category: Some("service".into()),
        purpose: Some("marketing.offers".into()),
        controller: Some("acme-ltd".into()),
        brand: Some("acme".into()),
        sender_number: Some("+18005550199".into()),
        product_group: Some("tents".into()),
        sole_charitable_purpose: Some(true),
        expires_at: at("2026-03-02T12:00:00Z"),
        content: Some(ContentRecord {
            promotional: Some(false),
            sender_identity: Some(true),
            postal_address: Some(true),
            unsubscribe: Some(true),
            one_click: None,
            contact_address: None,
            ad_label: None,
            template_id: None,
            header_id: None,
            bulk: Some(true),
        }),
        recipient: Some(RecipientRecord {
            contact_id: Some("ben".into()),
            address: Some("+447700900456".into()),
            region: Some("GB".into()),
            tz: Some("Europe/London".into()),
            jurisdiction: Some("GB".into()),
            jurisdiction_verified: Some(true),
            jurisdiction_verified_at: at("2026-01-02T12:00:00Z"),
            kind: Some("sole_trader".into()),
        }),
        body: Some("Hello Ben".into()),
        attributes: vec![("campaign".into(), "spring".into())],
    }
}

/// A codec whose registry, if it needs one, knows our schemas as 7 (consent) and 8 (messages).
pub(super) fn codec(format: Format, kind: Kind) -> Codec {
    let registry = (format == Format::Avro).then(|| {
        let server = FakeRegistry::start();
        server.schema("/schemas/ids/7", CONSENT_CHANGE_SCHEMA);
        server.schema("/schemas/ids/8", OUTBOUND_MESSAGE_SCHEMA);
        server.client()
    });
    Codec::new(format, kind, registry).unwrap()
}

pub(super) fn encoding(format: Format, kind: Kind) -> Encoding {
    match (format, kind) {
        (Format::Json, _) => Encoding::Json,
        (Format::Avro, Kind::ConsentChange) => Encoding::Avro { schema_id: 7 },
        (Format::Avro, Kind::OutboundMessage) => Encoding::Avro { schema_id: 8 },
        (Format::AvroSingleObject, _) => Encoding::AvroSingleObject,
    }
}

type Replies = HashMap<String, (u16, String)>;

/// An HTTP/1.1 server that answers known paths and remembers what it was asked. Serves until the process ends.
#[derive(Clone)]
pub(super) struct FakeRegistry {
    pub(super) url: String,
    replies: Arc<Mutex<Replies>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl FakeRegistry {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            replies: Arc::default(),
            requests: Arc::default(),
        };
        let serving = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = serving.clone();
                std::thread::spawn(move || serving.serve(stream));
            }
        });
        server
    }

    fn serve(&self, stream: TcpStream) {
        let mut lines = BufReader::new(stream.try_clone().unwrap());
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if lines.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        // what is left unread when the connection closes would reset it
        let lower = head.to_ascii_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.and_then(|length| length.parse().ok()).unwrap_or(0)];
        if lines.read_exact(&mut body).is_err() {
            return;
        }
        head.push_str(&String::from_utf8_lossy(&body));
        self.requests.lock().unwrap().push(head);
        let reply = self.replies.lock().unwrap().get(&path).cloned();
        let (status, body) =
            reply.unwrap_or((404, r#"{"error_code":40403,"message":"x"}"#.to_owned()));
        if status == 0 {
            let mut end = Vec::new(); // never answers: waits until the client goes away
            drop(lines.read_to_end(&mut end));
            return;
        }
        let location =
            if status == 302 { format!("Location: {}/there\r\n", self.url) } else { String::new() };
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Length: {}\r\n{location}Connection: close\r\n\r\n",
            body.len()
        );
        let mut stream = stream;
        drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())));
    }

    pub(super) fn reply(&self, path: &str, status: u16, body: &str) {
        let reply = (status, body.to_owned());
        self.replies.lock().unwrap().insert(path.to_owned(), reply);
    }

    pub(super) fn schema(&self, path: &str, text: &str) {
        self.reply(path, 200, &serde_json::json!({ "schema": text }).to_string());
    }

    pub(super) fn client(&self) -> Registry {
        let settings = RegistrySettings { url: self.url.clone(), ..RegistrySettings::default() };
        Registry::new(settings).unwrap()
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}
