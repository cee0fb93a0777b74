//! docker-compose.yml: commands and configurations of the gate are understood, nothing listens but on loopback, every
//! service is pinned, limited, checked and restarted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use consent_gate::access::{Access, Role, TOKEN_PREFIX};
use consent_gate::config::Config;
use serde_json::Value;
use tempfile::TempDir;

use super::{
    CONFIG_FILE, assert_parses, assert_served, files_below, load, memory_needed, read, root,
    stop_max, strings, yaml,
};

const FILE: &str = "docker-compose.yml";
const CONFIG: &str = "deploy/compose/gate.yaml";
const GATES: &str = "CONSENT_GATE__DESK__GATES";
const GATE_TOKEN: &str = "CONSENT_GATE__DESK__GATE_TOKEN_FILE";
/// They end when their work is done.
const ONCE: [&str; 2] = ["topics", "tokens"];

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
        let is_once = ONCE.contains(&name.as_str());
        assert_eq!(restart == "unless-stopped", !is_once, "{name}: {restart}");
        let check = &service["healthcheck"];
        let is_checked = check["test"].is_array() || check["disable"] == true;
        assert!(is_checked, "{name} has no health check and does not say so");
        assert!(is_once || seconds(&service["stop_grace_period"]) > 0, "{name}");
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
                "service_completed_successfully" => {
                    assert!(ONCE.contains(&other.as_str()), "{name} waits for the end of {other}")
                }
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
    assert_eq!(n_commands, 6, "topics, gate, ledger, desk, door, traffic");
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
    let desk = load(CONFIG, &[]).desk;
    let targets = &ours["scrape_configs"][2]["static_configs"][0]["targets"];
    assert_eq!(strings(targets), [format!("desk:{}", desk.listen.port())]);
    let door = load(CONFIG, &[]).door;
    let targets = &ours["scrape_configs"][3]["static_configs"][0]["targets"];
    assert_eq!(strings(targets), [format!("door:{}", door.listen.port())]);
    for job in 0..4 {
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

/// Runs deploy/compose/tokens as the service does, into a directory of this test.
fn tokens(word: &str, dir: &Path) -> String {
    let mut script = Command::new(root().join("deploy/compose/tokens"));
    let output = script.arg(word).arg(dir).output().expect("bash is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Each machine has tokens of its own: what the script makes is what gate and desk read, and the gate gets hashes alone.
#[test]
fn tokens_are_made_where_gate_and_desk_look_for_them() {
    let made = [(); 2].map(|()| {
        let dir = tempfile::tempdir().unwrap();
        for part in ["gate", "desk", "door", "links"] {
            std::fs::create_dir(dir.path().join(part)).unwrap();
        }
        assert_eq!(tokens("make", dir.path()), "", "no token stands in a log");
        dir
    });
    let file = |dir: &TempDir, name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
    let admits = |dir: &TempDir, lines: &str, token: &str| {
        let caller = Access::load(&dir.path().join(lines)).unwrap().admits(token.as_bytes());
        caller.map(|caller| (caller.id, caller.role))
    };
    let [one, other] = &made;
    let (gate_token, sign_in) = (file(one, "desk/gate-token"), file(one, "desk/sign-in"));
    let officer = |id: &str| Ok((id.to_owned(), Role::Officer));
    assert_eq!(admits(one, "gate/tokens.yaml", gate_token.trim_end()), officer("desk"));
    assert_eq!(admits(one, "desk/tokens.yaml", sign_in.trim_end()), officer("officer"));
    assert!(admits(one, "gate/tokens.yaml", sign_in.trim_end()).is_err());
    assert!(admits(other, "gate/tokens.yaml", gate_token.trim_end()).is_err(), "its own");
    let door_token = file(one, "door/gate-token");
    assert_eq!(admits(one, "gate/tokens.yaml", door_token.trim_end()), officer("door"));
    for (token, other) in [(&gate_token, "desk/gate-token"), (&sign_in, "desk/sign-in")] {
        assert!(token.starts_with(TOKEN_PREFIX) && token.trim_end().len() == 68, "as ours are");
        assert_ne!(*token, file(&made[1], other));
    }
    tokens("make", one.path());
    assert_eq!(file(one, "desk/sign-in"), sign_in, "those that are there stay");
    assert_eq!(
        file(one, "links/keys").split_whitespace().map(str::len).collect::<Vec<_>>(),
        [1, 64]
    );
    let shown = tokens("show", one.path());
    assert!(shown.contains(file(one, "door/crm").trim_end()), "{shown}");
    assert!(shown.contains(sign_in.trim_end()) && shown.contains("id:    officer\n"), "{shown}");
    assert!(!file(one, "gate/tokens.yaml").contains(TOKEN_PREFIX));

    let (services, config) = (services(), desk_config(&made[0]));
    let to = |service: &str, from: &str| {
        let mounts = mounts(&services[service]);
        let found = mounts.into_iter().find(|(its, _)| its == from);
        PathBuf::from(found.unwrap_or_else(|| panic!("{service}: no {from}")).1)
    };
    assert_eq!(to("tokens", "gate-tokens"), Path::new("/tokens/gate"));
    assert_eq!(to("tokens", "desk-tokens"), Path::new("/tokens/desk"));
    let lines = to("gate", "gate-tokens").join("tokens.yaml");
    assert_eq!(config.http.tokens_file.as_deref(), Some(lines.as_path()));
    let lines = to("desk", "desk-tokens").join("tokens.yaml");
    assert_eq!(config.desk.tokens_file.as_deref(), Some(lines.as_path()));
    let token = services["desk"]["environment"][GATE_TOKEN].as_str().unwrap().to_owned();
    assert_eq!(Path::new(&token), to("desk", "desk-tokens").join("gate-token"));
    assert!(mounts(&services["gate"]).iter().all(|(from, _)| from != "desk-tokens"));
}

/// The configuration as the desk has it, with the token where this test has one.
fn desk_config(made: &TempDir) -> Config {
    let environment = &services()["desk"]["environment"];
    let token = made.path().join("desk/gate-token");
    let gates = environment[GATES].as_str().unwrap();
    load(CONFIG, &[(GATES, gates), (GATE_TOKEN, token.to_str().unwrap())])
}

#[test]
fn the_desk_has_the_gates_pepper_and_a_directory_of_its_own() {
    let desk = &services()["desk"];
    let config = load(CONFIG, &[]);
    let mounts = desk["volumes"].as_array().unwrap();
    let mounts: Vec<&str> = mounts.iter().map(|mount| mount.as_str().unwrap()).collect();
    assert!(mounts.contains(&"gate-state:/var/lib/consent-gate:ro"), "{mounts:?}");
    assert!(config.state.pepper_file.starts_with("/var/lib/consent-gate"));
    let gate = &services()["gate"];
    let gates_own = gate["volumes"].as_array().unwrap();
    assert!(gates_own.contains(&"gate-state:/var/lib/consent-gate".into()), "the same path");
    assert_eq!(desk["depends_on"]["gate"]["condition"], "service_healthy", "it makes the pepper");
    assert!(mounts.contains(&"desk-index:/var/lib/consent-gate-desk"), "{mounts:?}");
    assert!(config.desk.dir.starts_with("/var/lib/consent-gate-desk"), "it would be lost");
    let port = config.desk.listen.port();
    assert!(!config.desk.listen.ip().is_loopback());
    assert_eq!(strings(&desk["ports"]), [format!("127.0.0.1:{port}:{port}")]);
    assert_eq!(config.desk.public_url, None, "browsers come by a loopback address");
    let gates = format!("http://gate:{}", config.http.listen.port());
    assert_eq!(desk["environment"][GATES], gates.as_str());
    let check = strings(&desk["healthcheck"]["test"]);
    assert_parses(&check[2..]);
    assert!(check.last().unwrap().ends_with(&format!(":{port}/readyz")));
    let limit = bytes(&desk["deploy"]["resources"]["limits"]["memory"]);
    assert!(2 * config.desk.memory_bytes as u64 <= limit, "caches and what stands beside them");
}

#[test]
fn the_door_finds_its_sources_brands_keys_and_gate() {
    let (services, config) = (services(), load(CONFIG, &[]).door);
    let door = &services["door"];
    let to = |service: &str, from: &str| {
        let found = mounts(&services[service]).into_iter().find(|(its, _)| its == from);
        PathBuf::from(found.unwrap_or_else(|| panic!("{service}: no {from}")).1)
    };
    let files = to("door", "./deploy/compose/door");
    for (path, name) in
        [(&config.sources_file, "sources.yaml"), (&config.brands_file, "brands.yaml")]
    {
        assert_eq!(path.as_deref(), Some(files.join(name).as_path()));
        assert!(root().join("deploy/compose/door").join(name).exists());
    }
    for service in ["gate", "door"] {
        let keys = to(service, "link-keys").join("keys");
        assert_eq!(config.keys_file.as_deref(), Some(keys.as_path()), "{service} seals and opens");
    }
    assert_eq!(to("tokens", "link-keys"), Path::new("/tokens/links"));
    assert_eq!(to("tokens", "door-tokens"), Path::new("/tokens/door"));
    let word = to("door", "door-tokens").join("crm");
    assert!(read("deploy/compose/door/sources.yaml").contains(word.to_str().unwrap()));
    let token = to("door", "door-tokens").join("gate-token");
    assert_eq!(door["environment"]["CONSENT_GATE__DOOR__GATE_TOKEN_FILE"], token.to_str().unwrap());
    assert!(config.dir.starts_with(to("door", "door-data")), "it would be lost");
    assert!(load(CONFIG, &[]).unsubscribe.is_some(), "the sample's mail has links");
    let port = config.listen.port();
    assert_eq!(strings(&door["ports"]), [format!("127.0.0.1:{port}:{port}")]);
    assert_eq!(config.public_url.as_deref(), Some(format!("http://127.0.0.1:{port}").as_str()));
    for secret in ["desk-tokens", "door-tokens"] {
        assert!(mounts(&services["gate"]).iter().all(|(from, _)| from != secret));
    }
    let check = strings(&door["healthcheck"]["test"]);
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
