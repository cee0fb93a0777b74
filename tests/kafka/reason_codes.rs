//! Each code of `docs/reference/reasons.md` comes out of the running gate, from JSON and from Avro. No code is
//! left out: one that only a unit test can produce is a code that nobody has seen in a `gate-reason` header.
//!
//! One table, `reason_codes/table.rs`: what was said about a person, the message to that person, the code. And
//! the rules themselves may change while messages flow: as a whole, or not at all.
//!
//! The gate's clock is the real one. Packs with hours are changed so that no row depends on the time of day.

mod table;

use self::table::{Row, ago, rows, with};
use crate::harness::avro::Schema;
use crate::harness::broker::{self, Broker};
use crate::harness::data::{self, Contact};
use crate::harness::drain::drained;
use crate::harness::gate::{Gate, Setup};
use crate::harness::ledger::TEST_ID;
use crate::harness::load::{Load, Stage};
use crate::harness::packs::Packs;
use crate::harness::produce::{Outgoing, Plain};
use crate::harness::random::Random;
use crate::harness::readers::{During, Record};
use crate::harness::topics::Topics;
use crate::harness::{environment, figures, registry};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
const PATIENCE: Duration = Duration::from_secs(90);

/// A schema and its id in the registry; `None` is JSON.
type Format = Option<(Schema, u32)>;

fn encode(format: &Format, value: &Value) -> Vec<u8> {
    match (value, format) {
        (Value::String(text), _) => text.clone().into_bytes(),
        (_, None) => data::bytes(value),
        (_, Some((schema, id))) => schema.framed(*id, value),
    }
}

#[test]
fn every_reason_code_from_json() {
    let test = "every_reason_code_from_json";
    if let Some(broker) = broker::shared(test) {
        run(broker, test, [None, None], None);
    }
}

#[test]
fn every_reason_code_from_avro() {
    let test = "every_reason_code_from_avro";
    let (Some(broker), Some(url)) = (broker::shared(test), registry::shared(test)) else {
        return;
    };
    let formats = ["consent-change", "outbound-message"].map(|name| {
        let path = environment::repository().join(format!("schemas/{name}.avsc"));
        let text = std::fs::read_to_string(path).expect("the schema is there");
        Some((
            Schema::parse(&text),
            registry::register(url, &format!("{test}-{name}-value"), &text),
        ))
    });
    run(broker, test, formats, Some(url));
}

fn run(broker: &Broker, test: &str, formats: [Format; 2], registry: Option<&str>) {
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, test);
    let during = During::follow(bootstrap, &topics.outputs());
    let mut setup = Setup::new(test, bootstrap, &topics);
    if registry.is_some() {
        setup.formats = ("avro", "avro");
    }
    setup.registry = registry.map(str::to_owned);
    setup.policies = Some(packs(test).0);
    let gate = setup.spawn_ready();
    let producer = Plain::new(bootstrap);
    let [consent, outbound] = formats;

    let rows = rows();
    let changes = rows.iter().flat_map(|row| {
        row.changes.iter().enumerate().map(|(n, change)| {
            let whole = json!({"event_id": format!("{}-{n}", row.code), "occurred_at": ago(DAY),
                "contact_id": row.code, "address": row.address, "controller": "acme-ltd", "brand": "acme"});
            Outgoing::new(row.code, encode(&consent, &with(whole, change.clone())))
        })
    });
    producer.send_all(&topics.consent_change, &changes.collect::<Vec<_>>());
    let messages = rows.iter().map(|row| {
        let contact = Contact { id: row.code.to_owned(), address: row.address.clone() };
        let message = with(contact.message(row.code, 0), row.message.clone());
        Outgoing::new(row.code, encode(&outbound, &message)).header(TEST_ID, row.code)
    });
    let messages: Vec<Outgoing> = messages.collect();
    producer.send_all(&topics.outbound, &messages);
    environment::wait_for_progress("decisions", rows.len(), PATIENCE, || during.count());

    let records = during.records();
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for (row, message) in rows.iter().zip(&messages) {
        let answers: Vec<_> =
            records.iter().filter(|record| record.header(TEST_ID) == Some(row.code)).collect();
        match answers.as_slice() {
            [answer] => {
                faults.extend(fault(row, answer, message, &topics));
                seen.extend(answer.header("gate-reason").map(str::to_owned));
                seen.extend(texts(&decision(answer)["warnings"]));
            }
            others => faults.push(format!("{}: {} answers", row.code, others.len())),
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    let documented = documented();
    let unlike: Vec<_> = documented.symmetric_difference(&seen).collect();
    assert!(unlike.is_empty(), "either not seen, or not documented: {unlike:?}");
    environment::wait_until("the metric counts the same codes", PATIENCE, || {
        let reasons = seen.iter().filter(|code| !code.starts_with("warning.")).cloned();
        counted(&gate) == reasons.collect()
    });
    gate.stop();
    let n_warnings = seen.iter().filter(|code| code.starts_with("warning.")).count();
    figures::record(test, json!({"reasons": seen.len() - n_warnings, "warnings": n_warnings}));
}

/// Packs whose hours and calendar the table can rely on at any time of day.
fn packs(test: &str) -> Packs {
    let packs = Packs::export(test);
    packs.edit("GB.yaml", "[\"08:00-21:00\"]", "[\"00:00-24:00\"]");
    // closed now, for an hour at least, and open within a day
    let now = jiff::Timestamp::now().as_second();
    let opening = (now.rem_euclid(DAY) / HOUR + 2) % 24;
    let window = format!("[\"{opening:02}:00-{:02}:00\"]", opening + 1);
    packs.edit("DE.yaml", "[\"08:00-20:00\"]", &window);
    packs.edit("NZ.yaml", "review_by: 2027-05-31", "review_by: 2026-01-31");
    let calendar = packs.read("data/holidays.csv");
    let past = calendar.lines().filter_map(|line| {
        let is_row = !line.starts_with('#') && !line.starts_with("calendar,");
        match line.strip_prefix("# covers: ") {
            Some(_) => Some("# covers: 2024-01-01 2024-12-31\n".to_owned()),
            None => (!is_row || line.contains(",2024-")).then(|| format!("{line}\n")),
        }
    });
    packs.replace("data/holidays.csv", &past.collect::<String>());
    packs
}

/// The codes on the generated page of reasons.
fn documented() -> BTreeSet<String> {
    let output = Command::new(environment::gate_program()).args(["policy", "reasons"]).output();
    let page = String::from_utf8(output.expect("the program can be run").stdout).expect("text");
    let codes = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    codes.map(|(code, _)| code.to_owned()).collect()
}

fn decision(answer: &Record) -> Value {
    serde_json::from_str(answer.header("gate-decision").unwrap_or("null")).unwrap_or_default()
}

fn texts(list: &Value) -> Vec<String> {
    let items = list.as_array().map_or(&[][..], Vec::as_slice).iter();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// What is wrong with the answer to a row.
fn fault(row: &Row, answer: &Record, message: &Outgoing, topics: &Topics) -> Option<String> {
    let decision = decision(answer);
    let reason = answer.header("gate-reason").unwrap_or_default();
    let outcome = reason.split('.').next().unwrap_or_default();
    let topic = match outcome {
        "approved" => &topics.approved,
        "blocked" => &topics.blocked,
        _ => &topics.deferred,
    };
    let detail = match row.code {
        "blocked.invalid_message" => "class",
        "blocked.opted_out" => "scope",
        "blocked.soft_opt_in_condition" => "flag",
        "blocked.content_requirement" => "missing",
        _ => "",
    };
    let mut codes = texts(&decision["warnings"]);
    codes.retain(|code| code.starts_with("warning."));
    codes.push(reason.to_owned());
    let not_before = answer.header("gate-not-before").is_some_and(|at| at > ago(0).as_str());
    let id = if row.message.is_string() { Value::Null } else { row.code.into() };
    let wrong = [
        ("the code", codes.iter().any(|code| code == row.code)),
        ("the topic", answer.topic == *topic),
        ("gate-outcome", answer.header("gate-outcome") == Some(outcome)),
        ("reason of the decision", decision["reason"] == reason),
        (
            "reasons",
            outcome != "blocked" || texts(&decision["reasons"]).contains(&reason.to_owned()),
        ),
        ("message_id", decision["message_id"] == id),
        ("detail", detail.is_empty() || !decision["detail"][detail].is_null()),
        ("gate-not-before", not_before == (outcome == "deferred")),
        ("the value", answer.value == message.value),
    ];
    let wrong: Vec<_> =
        wrong.iter().filter(|(_, is_right)| !is_right).map(|(what, _)| what).collect();
    (!wrong.is_empty()).then(|| format!("{}: {wrong:?} of {decision}", row.code))
}

/// The reasons that `consent_gate_decisions_total` has counted.
fn counted(gate: &Gate) -> BTreeSet<String> {
    let label = |text: &str, name: &str| {
        let (_, rest) = text.split_once(&format!("{name}=\""))?;
        rest.split('"').next().map(str::to_owned)
    };
    let samples = gate.metric("consent_gate_decisions_total").into_iter();
    let counted = samples.filter(|(_, value)| *value > 0.0);
    counted.filter_map(|(l, _)| Some(label(&l, "outcome")? + "." + &label(&l, "reason")?)).collect()
}

/// The file that changes: the contacts of the load are in Great Britain.
const PACK: &str = "GB.yaml";
/// The watch looks once a second, and once more.
const LOOKS: Duration = Duration::from_secs(4);

#[test]
fn the_rules_change_under_load_as_a_whole() {
    let test = "the_rules_change_under_load_as_a_whole";
    let Some(broker) = broker::shared(test) else {
        return;
    };
    let bootstrap = &broker.bootstrap;
    let mut random = Random::new(test);
    let topics = Topics::create(bootstrap, "reload");
    let stage = Arc::new(Stage::new(bootstrap, &topics));
    let people = data::contacts("ruled", 2000);
    stage.opt_in(&people);
    let during = During::follow(bootstrap, &topics.outputs());
    let packs = Packs::export("reload");
    let lax = packs.read(PACK);
    let content = "content: [sender_identity, contact_address, unsubscribe";
    let strict = lax.replace(content, &format!("{content}, one_click"));
    assert_ne!(strict, lax, "{PACK} asks for other content now");
    packs.replace(PACK, &versioned(&lax, "first"));
    let first = packs.revision();
    let mut setup = Setup::new("reload", bootstrap, &topics);
    setup.policies = Some(packs.0.clone());
    let gate = setup.spawn_ready();
    let load = Load::start(&stage, people, 400, Random::seeded(random.next()));
    wait_for_decisions(&during, &first);

    packs.replace(PACK, &versioned(&strict, "second"));
    let second = packs.revision();
    wait_for_decisions(&during, &second);

    let third = versioned(&lax, "third");
    packs.replace(PACK, &broken(&third));
    let is_rejected = || gate.metric_sum("consent_gate_policy_rejected") > 0.0;
    environment::wait_until("the pack is rejected", PATIENCE, is_rejected);
    wait_for_decisions(&during, &second);

    // only the signal can tell that it was mended
    packs.replace_unnoticed(PACK, &third);
    let third = packs.revision();
    std::thread::sleep(LOOKS);
    assert!(is_rejected(), "the test has to hide the repair from the watch");
    gate.signal("HUP");
    environment::wait_until("the pack is accepted", PATIENCE, || !is_rejected());
    wait_for_decisions(&during, &third);
    load.finish();
    drained(&stage, &during);
    let reloads = gate.metric("consent_gate_policy_reloads_total");
    let n_reloads = |result: &str| {
        let of_result = reloads.iter().filter(|(labels, _)| labels.contains(result));
        of_result.map(|(_, value)| value).sum::<f64>()
    };
    assert_eq!([n_reloads("loaded"), n_reloads("rejected")], [2.0, 1.0], "{reloads:?}");
    gate.stop();

    let records = during.records();
    assert_eq!(records.len(), stage.ledger.n_messages(), "each message has one answer");
    for record in &records {
        let decision = decision(record);
        let revision = decision["policy_revision"].as_str().unwrap_or_default();
        let (version, forbidden) = match revision {
            _ if revision == first => ("GB@first", "blocked.content_requirement"),
            _ if revision == second => ("GB@second", "approved.express_consent"),
            _ if revision == third => ("GB@third", "blocked.content_requirement"),
            _ => panic!("a revision that nobody has written: {decision}"),
        };
        assert_eq!(decision["packs"], json!([version]), "one set is used whole");
        assert_ne!(
            decision["reason"], forbidden,
            "a revision decides by its own rules: {decision}"
        );
    }
    for (partition, revisions) in in_order(&records) {
        assert_eq!(revisions, [&*first, &*second, &*third], "revisions in {partition}");
    }
    figures::record(test, json!({"messages": records.len(), "revisions": 3}));
}

#[test]
fn the_gate_does_not_start_on_an_invalid_pack() {
    let Some(broker) = broker::shared("the_gate_does_not_start_on_an_invalid_pack") else {
        return;
    };
    let topics = Topics::create(&broker.bootstrap, "invalid-pack");
    let packs = Packs::export("invalid-pack");
    let valid = packs.read(PACK);
    packs.replace(PACK, &broken(&valid));
    let mut setup = Setup::new("invalid-pack", &broker.bootstrap, &topics);
    setup.policies = Some(packs.0.clone());
    let mut gate = setup.spawn();
    assert_eq!(gate.wait_exit(), Some(78), "{}", gate.log_text());
    let line = valid.lines().position(|line| line.contains(OPT_IN)).expect("a regime") + 1;
    let place = format!("{PACK}:{line}:");
    assert!(gate.log_text().contains(&place), "it names {place}: {}", gate.log_text());
    drop(gate);
    packs.replace(PACK, &valid);
    setup.spawn_ready().stop();
}

const OPT_IN: &str = "regime: opt_in";

/// The pack with a mistake that leaves its length as it was.
fn broken(pack: &str) -> String {
    assert!(pack.contains(OPT_IN), "the pack has an opt-in regime");
    pack.replacen(OPT_IN, "regime: opt_on", 1)
}

fn versioned(pack: &str, version: &str) -> String {
    let lines = pack.lines().map(|line| match line.strip_prefix("version:") {
        Some(_) => format!("version: {version}\n"),
        None => format!("{line}\n"),
    });
    lines.collect()
}

/// Waits for 300 more decisions by these rules.
fn wait_for_decisions(during: &During, revision: &str) {
    let by_revision = format!("\"policy_revision\":\"{revision}\"");
    let n_decisions = || {
        let header = |record: &Record| record.header("gate-decision").map(str::to_owned);
        during.count_where(|record| header(record).is_some_and(|text| text.contains(&by_revision)))
    };
    let wanted = n_decisions() + 300;
    environment::wait_for_progress("decisions by a revision", wanted, PATIENCE, n_decisions);
}

/// The revisions in the order of the messages of each partition, without repetition.
fn in_order(records: &[Record]) -> BTreeMap<String, Vec<String>> {
    let mut places = BTreeMap::new();
    for record in records {
        let source = record.header("gate-source").unwrap_or_default();
        let (partition, offset) = source.rsplit_once('/').expect("topic/partition/offset");
        let offset: i64 = offset.parse().expect("an offset");
        places.insert((partition.to_owned(), offset), decision(record)["policy_revision"].clone());
    }
    let mut revisions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for ((partition, _), revision) in places {
        revisions.entry(partition).or_default().extend(revision.as_str().map(str::to_owned));
    }
    revisions.values_mut().for_each(Vec::dedup);
    revisions
}
