//! deploy/systemd: the unit starts what exists, restarts what a restart can help, and gives it the time and memory it
//! needs.

use std::time::Duration;

use consent_gate::cli::ExitCode;
use consent_gate::config::Config;

use super::{CONFIG_FILE, assert_parses, files_wanted, load, memory_needed, read, stop_max};

const UNIT: &str = "deploy/systemd/consent-gate.service";
const CONFIG: &str = "deploy/systemd/config.yaml";

/// Every value of a directive, in order.
fn all(directive: &str) -> Vec<String> {
    let unit = read(UNIT);
    let lines = unit.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.strip_prefix(directive)?.strip_prefix('=').map(str::to_owned))
        .collect()
}

fn one(directive: &str) -> String {
    let mut values = all(directive);
    assert_eq!(values.len(), 1, "{UNIT}: {directive}");
    values.remove(0)
}

fn bytes(size: &str) -> u64 {
    const KIB: u64 = 1024;
    match size.split_at(size.len() - 1) {
        (number, "M") => number.parse::<u64>().unwrap() * KIB * KIB,
        (number, "G") => number.parse::<u64>().unwrap() * KIB * KIB * KIB,
        _ => panic!("{size}"),
    }
}

#[test]
fn it_starts_the_gate_and_restarts_what_a_restart_can_help() {
    let start = one("ExecStart");
    let arguments = start.strip_prefix("/usr/local/bin/consent-gate ").unwrap();
    assert_parses(&arguments.split(' ').map(str::to_owned).collect::<Vec<_>>());
    assert!(start.ends_with(CONFIG_FILE));
    assert_eq!(one("Restart"), "on-failure");
    let left_alone = [ExitCode::Usage, ExitCode::Credentials, ExitCode::Config];
    let left_alone = left_alone.map(|code| (code as u8).to_string()).join(" ");
    assert_eq!(one("RestartPreventExitStatus"), left_alone);
    assert_eq!(one("StartLimitIntervalSec"), "0", "75 after a long outage is no reason to give up");
    assert_eq!(one("KillSignal"), "SIGTERM");
}

#[test]
fn it_has_the_time_the_memory_and_the_directories_it_needs() {
    let config = load(CONFIG, &[]);
    let time = Duration::from_secs(one("TimeoutStopSec").parse().unwrap());
    assert!(time >= stop_max(&config), "a stop may take {:?}", stop_max(&config));
    let (high, max) = (bytes(&one("MemoryHigh")), bytes(&one("MemoryMax")));
    let needed = memory_needed(&config);
    assert!(needed <= high && high < max, "{needed} bytes are needed");
    let state = format!("/var/lib/{}", one("StateDirectory"));
    assert!(config.state.dir.starts_with(&state), "{:?} cannot be written to", config.state.dir);
    assert!(config.http.listen.ip().is_loopback(), "nothing is in front of it");
    for file in files_wanted(CONFIG) {
        let configuration = format!("/etc/{}/", one("ConfigurationDirectory"));
        assert!(file.starts_with(&configuration), "{file}");
        let readme = read("deploy/README.md");
        assert!(readme.contains(&file), "deploy/README.md does not say how {file} gets there");
    }
}

#[test]
fn it_may_do_nothing_it_need_not() {
    assert_eq!(one("User"), "consent-gate");
    assert!(read("deploy/systemd/consent-gate.sysusers.conf").contains("\nu consent-gate "));
    assert_eq!(all("CapabilityBoundingSet"), [""]);
    assert_eq!(one("ProtectSystem"), "strict");
    assert_eq!(one("LimitCORE"), "0", "a core dump would hold the pepper");
    for directive in [
        "NoNewPrivileges",
        "PrivateDevices",
        "PrivateTmp",
        "PrivateUsers",
        "ProtectHome",
        "MemoryDenyWriteExecute",
        "ProtectKernelTunables",
        "ProtectControlGroups",
        "RestrictNamespaces",
        "LockPersonality",
    ] {
        assert_eq!(one(directive), "yes", "{directive}");
    }
    assert_eq!(all("SystemCallFilter"), ["@system-service", "~@privileged @resources"]);
}

/// The units of ledger, desk and door are the gate's, but for user, directories and memory.
#[test]
fn the_other_units_may_do_no_more_than_the_gates() {
    let gate = read(UNIT);
    let restrictions = gate.split("\nNoNewPrivileges=").nth(1).unwrap();
    let users = read("deploy/systemd/consent-gate.sysusers.conf");
    for name in ["consent-gate-ledger", "consent-gate-desk", "consent-gate-door"] {
        let unit = read(&format!("deploy/systemd/{name}.service"));
        let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
        let config = format!("/etc/{name}/config.yaml");
        let arguments = start.strip_prefix("/usr/local/bin/consent-gate ").unwrap();
        let arguments = arguments.replace(&config, CONFIG_FILE);
        assert_parses(&arguments.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert!(unit.ends_with(restrictions), "{name}: the restrictions are those of the gate");
        let own = [format!("User={name}"), format!("StateDirectory={name}")];
        let prevented = format!("RestartPreventExitStatus={}", one("RestartPreventExitStatus"));
        let common = ["StateDirectoryMode=0700", "LimitCORE=0", "KillSignal=SIGTERM"];
        let common = common.iter().chain(&["Restart=on-failure", "UMask=0077"]);
        for line in own.iter().map(String::as_str).chain(common.copied()).chain([&*prevented]) {
            assert!(unit.contains(&format!("\n{line}\n")), "{name}: {line}");
        }
        assert!(users.contains(&format!("\nu {name} - ")), "{name} is nobody");
    }
}

/// What the unit of the desk gives it, the steps in deploy/README.md fill.
#[test]
fn the_desk_finds_what_the_readme_puts_there() {
    let readme = read("deploy/README.md");
    let (_, section) =
        readme.split_once("```yaml\n# /etc/consent-gate-desk/config.yaml\n").unwrap();
    let text = section.split("```").next().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let token = dir.path().join("gate-token");
    std::fs::write(&token, "not a real token").unwrap();
    let named = "/etc/consent-gate-desk/gate-token";
    let text = text.replace(named, token.to_str().unwrap());
    let config = Config::parse("README.md", &text, []).unwrap_or_else(|error| panic!("{error}"));
    assert!(config.desk.dir.starts_with("/var/lib/consent-gate-desk"), "{:?}", config.desk.dir);
    assert!(config.desk.listen.ip().is_loopback(), "a proxy with TLS is in front of it");
    let tokens = config.desk.tokens_file.unwrap();
    let files = [&config.state.pepper_file, &tokens].map(|path| path.to_str().unwrap().to_owned());
    for file in files.iter().map(String::as_str).chain([named]) {
        assert!(file.starts_with("/etc/consent-gate-desk/"), "{file}");
        let is_put = |line: &&str| line.starts_with("install ") && line.contains(file);
        assert_eq!(readme.lines().filter(is_put).count(), 1, "nothing puts {file} there");
    }
    assert!(!config.desk.gates.is_empty() && config.desk.public_url.is_some());
}
