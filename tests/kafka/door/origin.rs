//! Whose address counts: what a proxy of ours says, and nothing that a stranger writes.

use super::opt_in::SIGN_UP;
use super::{BRANDS, between, door_setup, gate, start};
use crate::harness::readers::read_all;
use crate::harness::topics::Topics;
use crate::harness::{broker, http};
use serde_json::{Value, json};

/// Mails that one network may ask for in an hour.
const NETWORK_MAX: usize = 60;

#[test]
fn a_network_is_bounded_and_what_a_stranger_writes_counts_for_nothing() {
    let test = "a_network_is_bounded_and_what_a_stranger_writes_counts_for_nothing";
    let Some(broker) = broker::shared(test) else { return };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "door-origin");
    let (setup, token) = gate("door-origin", bootstrap, &topics);
    // nobody asks the gate for anything here
    let behind = |trusted: &str, keep_ip: bool| {
        let mut door = door_setup(&setup, &[], &token);
        door.environment.retain(|(key, _)| !key.contains("DOOR__GATE"));
        door.environment
            .push(("CONSENT_GATE__DOOR__TRUSTED_PROXIES".to_owned(), trusted.to_owned()));
        let keep = if keep_ip { "    keep_ip: true\n" } else { "" };
        std::fs::write(door.dir.join("brands.yaml"), format!("{BRANDS}{SIGN_UP}{keep}"))
            .expect("it is written");
        door
    };
    let sign_up = |port: u16, csrf: &str, who: &str, forwarded: &str| {
        let form = format!(
            "csrf={csrf}&locale=en&address={who}%40mail.example.org&want=marketing.newsletter+2026-11"
        );
        let header = format!("X-Forwarded-For: {forwarded}\r\n");
        http::browse_with(port, "/s/acme", &header, Some(&form)).expect("an answer").status
    };
    let csrf = |port: u16| {
        let page = http::browse(port, "/s/acme", None).expect("a page");
        between(&page.body, "name=\"csrf\" value=\"").to_owned()
    };
    let evidence = |who: &str| -> Vec<Value> {
        let records = read_all(bootstrap, &[&topics.consent_change]);
        let values =
            records.iter().filter_map(|it| serde_json::from_slice(it.value.as_deref()?).ok());
        let own = format!("{who}@mail.example.org");
        values
            .filter(|it: &Value| it["address"] == json!(own))
            .map(|it| it["evidence"].clone())
            .collect()
    };

    let door = behind("127.0.0.1/32", true);
    let mut process = start(&door);
    process.wait_ready();
    let form = csrf(door.port);
    let codes: Vec<u16> = (0..NETWORK_MAX)
        .map(|n| sign_up(door.port, &form, &format!("p{n}"), &format!("203.0.113.{n}")))
        .collect();
    assert!(codes.iter().all(|code| *code == 200), "{codes:?}");
    let reached = r#"consent_gate_door_bounds_reached_total{bound="networks"} "#;
    for (who, forwarded, code) in [
        ("late", "203.0.113.200", 429),
        // what stands left of the proxy's word is the client's to write
        ("liar", "198.51.100.7, 203.0.113.200", 429),
        ("other", "198.51.100.7", 200),
    ] {
        assert_eq!(sign_up(door.port, &form, who, forwarded), code, "{who}");
    }
    let metrics = process.get("/metrics").expect("a page").1;
    assert!(metrics.contains(&format!("{reached}2")), "{metrics}");
    assert_eq!(evidence("p7")[0]["ip"], "203.0.113.7");
    assert!(evidence("late").is_empty() && evidence("liar").is_empty(), "nothing was asked");
    // a proxy that says nothing is nobody's address
    assert_eq!(sign_up(door.port, &form, "silent", "unknown"), 200);
    assert_eq!(evidence("silent")[0].get("ip"), None);
    let log = process.log_text();
    process.stop();
    assert!(!log.contains("203.0.113") && !metrics.contains("203.0.113"), "{log}");

    // from whoever is no proxy the header is theirs, and the address is that of the connection
    let door = behind("10.0.0.0/8", true);
    let mut process = start(&door);
    process.wait_ready();
    assert_eq!(sign_up(door.port, &csrf(door.port), "direct", "198.51.100.7"), 200);
    assert_eq!(evidence("direct")[0]["ip"], "127.0.0.1");
    process.stop();

    // what is not asked for is not kept
    let door = behind("127.0.0.1", false);
    let mut process = start(&door);
    process.wait_ready();
    assert_eq!(sign_up(door.port, &csrf(door.port), "plain", "198.51.100.7"), 200);
    assert_eq!(evidence("plain")[0].get("ip"), None);
    process.stop();
}
