//! docker-compose.yml: commands and configurations of the gate are understood, nothing listens but on loopback, every
//! service is pinned, limited, checked and restarted.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::{
    CONFIG_FILE, assert_parses, assert_served, files_below, load, memory_needed, read, root,
    stop_max, strings, yaml,
};

const FILE: &str = "docker-compose.yml";
const CONFIG: &str = "deploy/compose/gate.yaml";
/// It ends when its work is done.
const ONCE: &str = "topics";

fn services() -> BTreeMap<String, Value> {
    let services = yaml(FILE)["services"].as_object().cloned().unwrap();
    assert!(services.len() > 5, "the test looks at the wrong thing");
    services.into_iter().collect()
}

fn is_gate(service: &Value) -> bool {
    service["image"] == "consent-gate:local"
}

/// `host:container[:mode]` of each mount.
fn mounts(service: &Value) -> Vec<(String, String)> {
    let Some(mounts) = service["volumes"].as_array() else { return Vec::new() };
    let split = |mount: &Value| {
        let mut parts = mount.as_str().unwrap().split(':').map(str::to_owned);
        (parts.next().unwrap(), parts.next().unwrap())
    };
    mounts.iter().map(split).collect()
}

fn seconds(text: &Value) -> u64 {
    text.as_str()
        .and_then(|text| text.strip_suffix('s'))
        .and_then(|text| text.parse().ok())
        .unwrap()
}

fn bytes(text: &Value) -> u64 {
    let text = text.as_str().unwrap();
    text.strip_suffix('M').and_then(|text| text.parse::<u64>().ok()).unwrap() * 1024 * 1024
}

#[test]
fn every_service_is_pinned_limited_checked_and_on_loopback() {
    for (name, service) in services() {
        let image = service["image"].as_str().unwrap();
        let tag = image.rsplit_once(':').unwrap_or_else(|| panic!("{name}: {image} has no tag")).1;
        let is_exact = tag.chars().filter(|c| *c == '.').count() >= 2;
        assert!(is_exact || is_gate(&service), "{name}: {image} is not pinned to a patch release");
        for port in service["ports"].as_array().into_iter().flatten() {
            let port = port.as_str().unwrap();
            assert!(port.starts_with("127.0.0.1:"), "{name}: {port} is open to everybody");
        }
        let limits = &service["deploy"]["resources"]["limits"];
        assert!(
            bytes(&limits["memory"]) > 0 && limits["cpus"].is_string(),
            "{name} is not limited"
        );
        assert_eq!(strings(&service["cap_drop"]), ["ALL"], "{name}");
        assert_eq!(strings(&service["security_opt"]), ["no-new-privileges:true"], "{name}");
        let restart =
            service["restart"].as_str().unwrap_or_else(|| panic!("{name}: no restart policy"));
        assert_eq!(restart == "unless-stopped", name != ONCE, "{name}: {restart}");
        let check = &service["healthcheck"];
        let is_checked = check["test"].is_array() || check["disable"] == true;
        assert!(is_checked, "{name} has no health check and does not say so");
        assert!(name == ONCE || seconds(&service["stop_grace_period"]) > 0, "{name}");
    }
}

#[test]
fn everything_it_refers_to_is_there() {
    let services = services();
    let volumes = yaml(FILE)["volumes"].as_object().cloned().unwrap();
    for (name, service) in &services {
        for (other, condition) in service["depends_on"].as_object().into_iter().flatten() {
            let other_service =
                services.get(other).unwrap_or_else(|| panic!("{name} waits for {other}"));
            let is_checked = other_service["healthcheck"]["test"].is_array();
            match condition["condition"].as_str().unwrap() {
                "service_healthy" => assert!(is_checked, "{name} waits for the health of {other}"),
                "service_completed_successfully" => assert_eq!(other, ONCE),
                condition => panic!("{name} waits for {other} to be {condition}"),
            }
        }
        for (from, _) in mounts(service) {
            match from.strip_prefix("./") {
                Some(path) => {
                    assert!(root().join(path).exists(), "{name} mounts {path}, which is not there")
                }
                None => {
                    assert!(volumes.contains_key(&from), "{name} mounts {from}, which is no volume")
                }
            }
        }
    }
}

#[test]
fn the_gates_commands_and_checks_are_understood() {
    let mut n_commands = 0;
    for (name, service) in services().into_iter().filter(|(_, service)| is_gate(service)) {
        assert_parses(&strings(&service["command"]));
        assert_eq!(service["read_only"], true, "{name}");
        let config = (format!("./{CONFIG}"), CONFIG_FILE.to_owned());
        assert!(mounts(&service).contains(&config), "{name} has no configuration");
        n_commands += 1;
    }
    assert_eq!(n_commands, 4, "topics, gate, ledger, traffic");
    let gate = &services()["gate"];
    let check = strings(&gate["healthcheck"]["test"]);
    assert_eq!(check[..3], ["CMD", "consent-gate", "health"], "there is no shell in the image");
    assert_parses(&check[2..]);
    assert_served(&[check.last().unwrap().rsplit_once("8080").unwrap().1.to_owned()]);
}

#[test]
fn the_gate_has_what_its_configuration_says() {
    let config = load(CONFIG, &[]);
    let gate = &services()["gate"];
    let state = &mounts(gate).iter().find(|(from, _)| from == "gate-state").unwrap().1.clone();
    assert!(config.state.dir.starts_with(state), "{:?} would be lost", config.state.dir);
    assert!(
        config.state.pepper_file.starts_with(state),
        "{:?} would be lost",
        config.state.pepper_file
    );
    assert!(!config.http.listen.ip().is_loopback(), "nobody outside of the container could ask");
    let port = config.http.listen.port();
    assert_eq!(strings(&gate["ports"]), [format!("127.0.0.1:{port}:{port}")]);
    let limit = bytes(&gate["deploy"]["resources"]["limits"]["memory"]);
    assert!(memory_needed(&config) <= limit, "{} is more than {limit}", memory_needed(&config));
    let grace = Duration::from_secs(seconds(&gate["stop_grace_period"]));
    assert!(grace >= stop_max(&config), "a stop may take {:?}", stop_max(&config));

    let kafka = &services()["kafka"]["environment"];
    let advertised = kafka["KAFKA_ADVERTISED_LISTENERS"].as_str().unwrap();
    let inside = format!("INSIDE://{}", config.kafka.bootstrap_servers);
    assert!(advertised.split(',').any(|listener| listener == inside), "{advertised}");
    let registry = config.schema_registry.unwrap().url;
    let port =
        services()["registry"]["environment"]["QUARKUS_HTTP_PORT"].as_str().unwrap().to_owned();
    assert!(registry.starts_with(&format!("http://registry:{port}/apis/ccompat/")), "{registry}");
}

/// Compose has a Prometheus configuration of its own; but for address and interval it is that of deploy/prometheus.
#[test]
fn prometheus_scrapes_the_gate_with_the_rules_of_deploy() {
    let (mut ours, example) =
        (yaml("deploy/compose/prometheus.yml"), yaml("deploy/prometheus/prometheus.yml"));
    let port = load(CONFIG, &[]).http.listen.port();
    let targets = &ours["scrape_configs"][0]["static_configs"][0]["targets"];
    assert_eq!(strings(targets), [format!("gate:{port}")]);
    let ledger = load(CONFIG, &[]).ledger;
    let targets = &ours["scrape_configs"][1]["static_configs"][0]["targets"];
    assert_eq!(strings(targets), [format!("ledger:{}", ledger.listen.port())]);
    for job in 0..2 {
        ours["scrape_configs"][job]["static_configs"] =
            example["scrape_configs"][job]["static_configs"].clone();
    }
    ours["global"] = example["global"].clone();
    assert_eq!(ours, example);
    let prometheus = services()["prometheus"].clone();
    let to = |from: &str| mounts(&prometheus).into_iter().find(|(its, _)| its == from).unwrap().1;
    assert_eq!(to("./deploy/compose/prometheus.yml"), "/etc/prometheus/prometheus.yml");
    assert_eq!(
        to("./deploy/prometheus/rules"),
        "/etc/prometheus/rules",
        "`rules/*.yml`, from there"
    );
}

/// Data source and dashboards are found, and every variable they want is set.
#[test]
fn grafana_finds_its_dashboards_and_prometheus() {
    let grafana = services()["grafana"].clone();
    let to = |from: &str| mounts(&grafana).into_iter().find(|(its, _)| its == from).unwrap().1;
    assert_eq!(to("./deploy/grafana/provisioning"), "/etc/grafana/provisioning");
    let dashboards = to("./deploy/grafana/dashboards");
    let mut n_providers = 0;
    for file in files_below("deploy/grafana/provisioning") {
        for provider in yaml(&file)["providers"].as_array().into_iter().flatten() {
            assert_eq!(provider["options"]["path"], dashboards.as_str(), "{file}");
            n_providers += 1;
        }
        let text = read(&file);
        for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
            let Some((_, variable)) = line.split_once(": $") else { continue };
            assert!(grafana["environment"][variable].is_string(), "{file} wants {variable}");
        }
    }
    assert!(n_providers > 0);
    assert_eq!(grafana["environment"]["PROMETHEUS_URL"], "http://prometheus:9090");
}

#[test]
fn the_ledger_keeps_what_it_writes() {
    let ledger = &services()["ledger"];
    let config = load(CONFIG, &[]).ledger;
    let data = &mounts(ledger).iter().find(|(from, _)| from == "ledger-data").unwrap().1.clone();
    for path in [config.dir.as_ref().unwrap(), &config.key_file] {
        assert!(path.starts_with(data), "{path:?} would be lost");
    }
    let port = config.listen.port();
    assert!(!config.listen.ip().is_loopback());
    assert_eq!(strings(&ledger["ports"]), [format!("127.0.0.1:{port}:{port}")]);
    let check = strings(&ledger["healthcheck"]["test"]);
    assert_parses(&check[2..]);
    assert!(check.last().unwrap().ends_with(&format!(":{port}/livez")));
}

#[test]
fn its_comment_names_commands_that_exist() {
    let text = read(FILE);
    let head: Vec<&str> = text.lines().take_while(|line| line.starts_with('#')).collect();
    let exec = "docker compose exec gate consent-gate ";
    let named: Vec<&str> = head.iter().filter_map(|line| Some(line.split_once(exec)?.1)).collect();
    assert!(!named.is_empty());
    for command in named {
        let words = command.split("  ").next().unwrap().split(' ').map(str::to_owned);
        assert_parses(&words.collect::<Vec<_>>());
    }
}
