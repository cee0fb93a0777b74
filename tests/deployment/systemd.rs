//! deploy/systemd: the unit starts what exists, restarts what a restart can help, and gives it the time and memory it
//! needs.

use std::time::Duration;

use consent_gate::cli::ExitCode;

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

/// The ledger's unit is the gate's, but for user, directories and memory.
#[test]
fn the_ledgers_unit_may_do_no_more_than_the_gates() {
    let ledger = read("deploy/systemd/consent-gate-ledger.service");
    let start = ledger.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let config = "/etc/consent-gate-ledger/config.yaml";
    let arguments = start.strip_prefix("/usr/local/bin/consent-gate ").unwrap();
    let arguments = arguments.replace(config, CONFIG_FILE);
    assert_parses(&arguments.split(' ').map(str::to_owned).collect::<Vec<_>>());
    let gate = read(UNIT);
    let restrictions = gate.split("\nNoNewPrivileges=").nth(1).unwrap();
    assert!(ledger.ends_with(restrictions), "the restrictions are those of the gate");
    for line in
        ["User=consent-gate-ledger", "LimitCORE=0", "KillSignal=SIGTERM", "Restart=on-failure"]
    {
        assert!(ledger.contains(&format!("\n{line}\n")), "{line}");
    }
    let prevented = format!("RestartPreventExitStatus={}", one("RestartPreventExitStatus"));
    assert!(ledger.contains(&prevented));
    let users = read("deploy/systemd/consent-gate.sysusers.conf");
    assert!(users.contains("\nu consent-gate-ledger "));
}
