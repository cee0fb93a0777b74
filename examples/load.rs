//! Loads the data set of a throughput run: the formulas of the Kafka Streams peer, our field names.
//!
//! `cargo run --release --example load -- BOOTSTRAP CONTACTS MESSAGES` fills `consent-change` (an opt-in each, an
//! opt-out for every fifth) and `outbound-message` (600 bytes of JSON each), which must exist.
#![allow(clippy::print_stdout, reason = "a tool for people")]

use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::time::{Duration, Instant};

const SEED: u64 = 20_261_124;
const BASE_MS: i64 = 1_764_000_000_000;
const MESSAGE_BYTES: usize = 600;

fn mix(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn bounded(stream: u64, i: u64, n: u64) -> u64 {
    mix(mix(SEED.wrapping_add(stream)).wrapping_add(i)) % n
}

fn channel(contact: u64) -> &'static str {
    if bounded(1, contact, 10) < 7 { "email" } else { "sms" }
}

fn address(contact: u64, channel: &str) -> String {
    if channel == "email" {
        format!("c{contact:09}@example.com")
    } else {
        format!("+4477{contact:08}")
    }
}

fn rfc3339(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| String::new(), |at| at.to_string())
}

fn consent(contact: u64, is_opt_out: bool) -> String {
    let channel = channel(contact);
    let (kind, action, at) = if is_opt_out {
        ("out", "opt_out", BASE_MS + 10_000_000 + contact.cast_signed())
    } else {
        ("in", "opt_in", BASE_MS + contact.cast_signed())
    };
    let evidence = if is_opt_out {
        ""
    } else {
        ",\"basis\":\"express\",\"evidence\":{\"method\":\"web_form\",\"notice_version\":\"n1\"}"
    };
    format!(
        "{{\"event_id\":\"e-{kind}-{contact:09}\",\"contact_id\":\"c{contact:09}\",\"address\":\"{}\",\"occurred_at\":\"{}\",\
         \"action\":\"{action}\",\"channel\":\"{channel}\",\"purpose\":\"marketing.newsletter\",\"controller\":\"acme\",\
         \"brand\":\"acme\"{evidence}}}",
        address(contact, channel),
        rfc3339(at)
    )
}

fn message(n: u64, contacts: u64) -> (u64, String) {
    let contact = bounded(3, n, contacts);
    let own = channel(contact);
    let other = if own == "email" { "sms" } else { "email" };
    let channel = if bounded(4, n, 20) == 0 { other } else { own };
    let mut text = format!(
        "{{\"message_id\":\"m-{n:09}\",\"channel\":\"{channel}\",\"category\":\"marketing\",\
         \"purpose\":\"marketing.newsletter\",\"controller\":\"acme\",\"brand\":\"acme\",\"sender_number\":\"+447700900000\",\
         \"recipient\":{{\"contact_id\":\"c{contact:09}\",\"address\":\"{}\",\"jurisdiction\":\"GB\"}},\"body\":\"",
        address(contact, channel)
    );
    let seed = mix(mix(SEED.wrapping_add(5)).wrapping_add(n));
    let alphabet = b"abcdefghijklmnopqrstuvwxyz      ";
    let mut word = 0;
    for used in 0..MESSAGE_BYTES.saturating_sub(text.len() + 2) {
        if used % 8 == 0 {
            word = mix(seed.wrapping_add(used as u64 / 8));
        }
        text.push(char::from(*alphabet.get((word & 31) as usize).unwrap_or(&b' ')));
        word >>= 8;
    }
    text.push_str("\"}");
    (contact, text)
}

fn send(producer: &BaseProducer, topic: &str, key: &str, value: &str) -> Result<(), KafkaError> {
    let mut record = BaseRecord::to(topic).key(key).payload(value);
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                record = back;
                producer.poll(Duration::from_millis(20));
            }
            Err((error, _)) => return Err(error),
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [bootstrap, contacts, messages] = arguments.as_slice() else {
        return Err("usage: load BOOTSTRAP CONTACTS MESSAGES".into());
    };
    let (contacts, messages): (u64, u64) = (contacts.parse()?, messages.parse()?);
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("acks", "all")
        .set("linger.ms", "10")
        .set("partitioner", "murmur2_random")
        .set("queue.buffering.max.messages", "200000")
        .create()?;
    let began = Instant::now();
    for contact in 0..contacts {
        send(&producer, "consent-change", &format!("c{contact:09}"), &consent(contact, false))?;
    }
    for contact in (0..contacts).filter(|contact| bounded(2, *contact, 5) == 0) {
        send(&producer, "consent-change", &format!("c{contact:09}"), &consent(contact, true))?;
    }
    for n in 0..messages {
        let (contact, text) = message(n, contacts);
        send(&producer, "outbound-message", &format!("c{contact:09}"), &text)?;
        if n % 1_000 == 0 {
            producer.poll(Duration::ZERO);
        }
    }
    producer.flush(Duration::from_secs(120))?;
    println!(
        "loaded {contacts} contacts and {messages} messages in {:.1} s",
        began.elapsed().as_secs_f64()
    );
    Ok(())
}
