//! Every query of every dashboard and every rule, asked of a real Prometheus that scrapes a real gate under load.
//!
//! A query that is refused, or finds no series, or finds series without a number, is a panel with a hole or an alert
//! that never comes. What is legitimately empty while all is well stands in [`EMPTY`] with the reason, and must be
//! empty: an entry that has data is out of date. Then a consent change nobody can read is sent, and the queries that
//! are about it must show it.

#[path = "../deploy_files/promql.rs"]
mod promql;

use crate::harness::data::{self, Contact};
use crate::harness::gate::{Gate, Setup};
use crate::harness::load::{Load, Stage};
use crate::harness::produce::Outgoing;
use crate::harness::prometheus::Prometheus;
use crate::harness::random::Random;
use crate::harness::topics::Topics;
use crate::harness::{broker, environment};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the gate is under load before it is looked at: a few times [`RATE_INTERVAL`].
const LOAD: Duration = Duration::from_secs(40);
/// What Grafana would put for `$__rate_interval` with a scrape interval of 2 s or so.
const RATE_INTERVAL: &str = "10s";
/// The part of a graph that is looked at.
const LOOK_BACK_SECONDS: u64 = 20;

/// What is empty while all is well: where it is (dashboard, panel, letter of the query; or the rule), and why.
const EMPTY: &[(&str, &str)] = &[
    ("consent-gate, Share blocked, and the day before, B", "this Prometheus is younger than a day"),
    ("consent-gate, Policies", "nobody changed the packs"),
    ("consent-gate-partitions, Policies", "nobody changed the packs"),
    ("consent-gate, Held, by cause, B", "only what is held is shown, and nothing is"),
    ("consent-gate, Approvals read back, A", "only after a start or a rebalance"),
    ("consent-gate-partitions, Messages held for this consent partition, A", "nothing is held"),
    (
        "consent-gate-partitions, Unreadable consent change, A",
        "every consent change is attributable",
    ),
    ("consent_gate:blocked:noise30m", "needs half an hour of history"),
    ("consent_gate:restore_eta_seconds", "only while restoring"),
];

/// Series that do not exist while all is well; those of a metric with labels that come and go.
const SERIES_THAT_COME_AND_GO: &[&str] =
    &["consent_gate_consent_poison", "consent_gate_consent_held"];

/// How the series of ledger, desk, door and `reconcile` begin, processes of their own which do not run here.
const OF_OTHER_PROCESSES: &[&str] = &[
    "consent_gate_ledger_",
    "consent_gate_desk_",
    "consent_gate_door_",
    "consent_gate_component_info",
    "consent_gate_suppression_",
];

/// One expression to ask for.
struct Asked {
    place: String,
    expr: String,
    is_instant: bool,
    is_alert: bool,
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or("")
}

/// Every query of the dashboards, written out as Grafana would.
fn of_dashboards(topics: &Topics) -> Vec<Asked> {
    let mut all = Vec::new();
    let dir = environment::repository().join("deploy/grafana/dashboards");
    for entry in std::fs::read_dir(&dir).expect("there are dashboards").flatten() {
        let json = std::fs::read_to_string(entry.path()).expect("a dashboard can be read");
        let dashboard: Value = serde_json::from_str(&json).expect("a dashboard is JSON");
        let name = text(&dashboard, "uid");
        for panel in dashboard["panels"].as_array().expect("a dashboard has panels") {
            for target in panel["targets"].as_array().into_iter().flatten() {
                all.push(Asked {
                    place: format!("{name}, {}, {}", text(panel, "title"), text(target, "refId")),
                    expr: written_out(text(target, "expr"), topics),
                    is_instant: target["instant"] == true,
                    is_alert: false,
                });
            }
        }
        for note in dashboard["annotations"]["list"].as_array().into_iter().flatten() {
            all.push(Asked {
                place: format!("{name}, {}", text(note, "name")),
                expr: written_out(text(note, "expr"), topics),
                is_instant: false,
                is_alert: false,
            });
        }
    }
    assert!(all.len() >= 75, "only {} queries found", all.len());
    all
}

fn written_out(expr: &str, topics: &Topics) -> String {
    let values = [
        ("$__rate_interval", RATE_INTERVAL),
        ("$__range", "30s"),
        ("$job", "consent-gate"),
        ("$instance", ".+"),
        ("$topic", &topics.consent_change),
        ("$partition", ".+"),
    ];
    values.iter().fold(expr.to_owned(), |expr, (name, value)| expr.replace(name, value))
}

/// The expressions of the rules as Prometheus has loaded them. What an alert asks for is looked at series by series;
/// the alert itself is silent while all is well.
fn of_rules(prometheus: &Prometheus) -> Vec<Asked> {
    let rules = prometheus.rules();
    assert!(rules.len() > 40, "only {} rules are loaded", rules.len());
    let asked = rules.iter().map(|rule| Asked {
        place: text(rule, "name").to_owned(),
        expr: text(rule, "query").to_owned(),
        is_instant: true,
        is_alert: text(rule, "type") == "alerting",
    });
    asked.collect()
}

/// What is wrong with an expression.
fn faults(prometheus: &Prometheus, asked: &Asked) -> Vec<String> {
    let place = &asked.place;
    let look_back = (!asked.is_instant).then_some(LOOK_BACK_SECONDS);
    let listed = EMPTY.iter().find(|(of, _)| of == place);
    let mut faults = Vec::new();
    match (prometheus.has_data(&asked.expr, look_back), listed) {
        (Err(error), _) => faults.push(format!("{place}: {error}")),
        (Ok(false), None) if !asked.is_alert => {
            faults.push(format!("{place}: no data for `{}`", asked.expr));
        }
        (Ok(true), Some((_, why))) => {
            faults.push(format!("{place}: has data, yet is listed as empty ({why})"));
        }
        (Ok(_), _) => {}
    }
    for selector in promql::selectors(&asked.expr) {
        let name = &selector.metric;
        let is_listed = EMPTY.iter().any(|(of, _)| of == name);
        let is_elsewhere = OF_OTHER_PROCESSES.iter().any(|beginning| name.starts_with(beginning));
        if is_listed || is_elsewhere || SERIES_THAT_COME_AND_GO.contains(&name.as_str()) {
            continue;
        }
        let conditions = selector.matchers.iter();
        let conditions: Vec<String> =
            conditions.map(|it| format!("{}{}\"{}\"", it.label, it.operator, it.value)).collect();
        let series = format!("{name}{{{}}}", conditions.join(","));
        match prometheus.query(&series) {
            Ok(found) if found.is_empty() => faults.push(format!("{place}: no series `{series}`")),
            Ok(_) => {}
            Err(error) => faults.push(format!("{place}: {error}")),
        }
    }
    faults
}

/// Strangers, unreadable records and changes that name their source, once.
fn send_oddities(stage: &Stage, n: usize) {
    let stranger = Contact::new(&format!("stranger-{n}"));
    stage.message(&stranger);
    let mut message = stranger.message(&format!("nowhere-{n}"), 0);
    message["recipient"] = json!({"contact_id": stranger.id});
    let odd = [data::bytes(&message), b"not a message".to_vec()];
    for value in odd {
        stage.producer.send(&stage.topics.outbound, &Outgoing::new(stranger.id.as_bytes(), value));
    }
    let mut change = stranger.opt_in(&stage.event_id(), data::yesterday());
    change["source"] = "crm".into();
    let changes = [data::bytes(&change), data::bytes(&change), b"not a change".to_vec()];
    for value in changes {
        // the unreadable one is somebody's whose key can be read: it holds nobody up
        let key = format!("stranger-{n}");
        stage.producer.send(&stage.topics.consent_change, &Outgoing::new(key.as_bytes(), value));
    }
}

/// The gate, with what its dashboards are about switched on.
fn setup(test: &str, bootstrap: &str, topics: &Topics) -> Setup {
    let mut setup = Setup::new(test, bootstrap, topics);
    let settings = [
        ("METRICS__SOURCES", "crm,never-heard-of"),
        ("METRICS__BRANDS", "acme"),
        ("METRICS__CAMPAIGNS", "winter"),
        ("PROBE__ENABLED", "true"),
        ("PROBE__INTERVAL_MS", "500"),
        // blocks are read only once there are files
        ("CONSENT__CHECKPOINT_INTERVAL_MS", "1000"),
    ];
    let settings = settings.map(|(key, value)| (format!("CONSENT_GATE__{key}"), value.to_owned()));
    setup.environment.extend(settings);
    setup
}

#[test]
fn every_query_of_dashboards_and_rules_has_data() {
    let test = "every_query_of_dashboards_and_rules_has_data";
    let Some(broker) = broker::shared(test) else { return };
    let topics = Topics::create(&broker.bootstrap, "dashboards");
    let stage = Arc::new(Stage::new(&broker.bootstrap, &topics));
    let people = data::contacts("watched", 2_000);
    stage.opt_in(&people);
    let setup = setup(test, &broker.bootstrap, &topics);
    let Some(prometheus) = Prometheus::start(test, setup.port, &topics) else { return };
    let gate = setup.spawn_ready();
    prometheus.wait_scraped();

    let load = Load::start(&stage, people, 200, Random::new(test));
    let began = Instant::now();
    for n in 0.. {
        send_oddities(&stage, n);
        std::thread::sleep(Duration::from_millis(500));
        if began.elapsed() > LOAD {
            break;
        }
    }
    check_queries(&prometheus, &topics);
    load.finish();
    check_poison(&prometheus, &setup, &stage, &gate);
    gate.stop();
}

fn check_queries(prometheus: &Prometheus, topics: &Topics) {
    let nothing = Asked {
        place: "a query for nothing".to_owned(),
        expr: "sum(rate(consent_gate_no_such_total[1m]))".to_owned(),
        is_instant: true,
        is_alert: false,
    };
    assert_eq!(faults(prometheus, &nothing).len(), 2, "no data and no series are noticed");

    let mut all = of_dashboards(topics);
    all.extend(of_rules(prometheus));
    for (place, _) in EMPTY {
        assert!(all.iter().any(|asked| asked.place == *place), "EMPTY: there is no `{place}`");
    }
    let found: Vec<String> = all.iter().flat_map(|asked| faults(prometheus, asked)).collect();
    let unwell = prometheus.rules().into_iter().filter(|rule| text(rule, "health") != "ok");
    let unwell: Vec<String> = unwell
        .map(|rule| format!("{}: {}", text(&rule, "name"), text(&rule, "lastError")))
        .collect();
    assert!(found.is_empty() && unwell.is_empty(), "{}\n{}", found.join("\n"), unwell.join("\n"));
}

/// What is empty while all is well has data when it is not, and the alert comes and goes.
fn check_poison(prometheus: &Prometheus, setup: &Setup, stage: &Stage, gate: &Gate) {
    let value = Some(b"nobody can read this, and nobody knows whose it is".to_vec());
    let record = Outgoing { key: None, value, ..Outgoing::default() };
    let poison = stage.producer.send(&stage.topics.consent_change, &record);
    stage.message(&Contact::new("held"));
    let about_it = [
        "consent-gate, Held, by cause, B",
        "consent-gate-partitions, Messages held for this consent partition, A",
        "consent-gate-partitions, Unreadable consent change, A",
    ];
    let all = of_dashboards(&stage.topics);
    let asked: Vec<&Asked> =
        all.iter().filter(|asked| about_it.contains(&asked.place.as_str())).collect();
    assert_eq!(asked.len(), about_it.len());
    for it in asked {
        environment::wait_until(&it.place, Duration::from_secs(60), || {
            prometheus.has_data(&it.expr, None).expect("the query is good")
        });
    }
    let fires = || prometheus.fires("ConsentPoison");
    environment::wait_until("ConsentPoison fires", Duration::from_secs(60), fires);
    let (partition, offset) = (poison.partition.to_string(), poison.offset.to_string());
    let place =
        ["--topic", &stage.topics.consent_change, "--partition", &partition, "--offset", &offset];
    let who = ["--reason", "test of dashboards", "--operator", "casey"];
    let released = setup.run(&[&["consent", "skip"], &place[..], &who[..]].concat());
    assert_eq!(released.status.code(), Some(0), "{released:?}");
    environment::wait_until("it is over", Duration::from_secs(60), || gate.is_ready() && !fires());
}
