//! Packages: what a release is made of exists, the bill of materials names what the program links, and a wheel is one.
//!
//! Whether they work is tried by `scripts/package try`, which takes a clean Debian; deploy/README.md says what was tried.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::process::Command;

use serde_json::Value;

use super::{read, root, yaml};

const RELEASE: &str = ".github/workflows/release.yml";
/// Of a commit, so that a package has one.
const EPOCH: &str = "1772452800";

fn run(command: &mut Command) -> Vec<u8> {
    let output = command.current_dir(root()).output().expect("the command can be run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    output.stdout
}

/// Every `run:` of a workflow.
fn commands() -> Vec<String> {
    let workflow = yaml(RELEASE);
    let jobs = workflow["jobs"].as_object().expect("jobs");
    let steps = jobs.values().flat_map(|job| job["steps"].as_array().expect("steps"));
    steps.filter_map(|step| step["run"].as_str()).map(str::to_owned).collect()
}

#[test]
fn the_workflow_calls_what_is_there() {
    let commands = commands();
    let usage = Command::new(root().join("scripts/package")).output().expect("it can be run");
    assert_eq!(usage.status.code(), Some(64));
    let usage = String::from_utf8_lossy(&usage.stderr).into_owned();
    let mut n_calls = 0;
    for command in &commands {
        for call in command.split("scripts/package ").skip(1) {
            n_calls += 1;
            let what = call.split_whitespace().next().unwrap_or_default();
            assert!(usage.contains(&format!("scripts/package {what} ")), "{what}: {command}");
        }
    }
    assert!(n_calls >= 6, "{commands:?}");
    let toolchain = read("rust-toolchain.toml");
    let (_, channel) = toolchain.split_once("channel = \"").expect("a channel");
    let image = format!("rust:{}-bookworm", channel.split('"').next().unwrap_or_default());
    assert_eq!(yaml(RELEASE)["jobs"]["build"]["container"], image.as_str(), "the pinned compiler");
}

#[test]
fn what_the_debian_package_is_made_of_exists() {
    let manifest = read("Cargo.toml");
    let (_, deb) = manifest.split_once("[package.metadata.deb]").expect("a section");
    let (_, assets) = deb.split_once("assets = [").expect("assets");
    let (assets, _) = assets.split_once("\n]").expect("an end");
    let sources: Vec<&str> = assets
        .lines()
        .filter_map(|line| line.trim().strip_prefix("[\"")?.split('"').next())
        .collect();
    assert!(sources.len() >= 5, "{sources:?}");
    let script = read("scripts/package");
    for source in sources {
        match source.strip_prefix("target/package/.work/") {
            // put there by the script
            Some(made) => assert!(script.contains(&format!("$work/{made}")), "{source}"),
            None => assert!(root().join(source).is_file(), "{source}"),
        }
    }
    for script in ["postinst", "prerm", "postrm"] {
        let path = root().join("deploy/package").join(script);
        run(Command::new("sh").arg("-n").arg(&path));
    }
}

/// Whoever packs answers for it: no address is made up, neither in the sources nor by the script.
#[test]
fn the_debian_package_names_whom_its_packager_names() {
    let manifest = read("Cargo.toml");
    let (_, deb) = manifest.split_once("[package.metadata.deb]").expect("a section");
    let named = |line: &str| line.trim_start().starts_with("maintainer ");
    assert!(!deb.lines().any(named), "the packager's to say");
    let exit = |maintainer: &str| {
        let mut package = Command::new(root().join("scripts/package"));
        let output = package.arg("maintainer").env("MAINTAINER", maintainer).output();
        output.expect("it can be run").status.code()
    };
    assert_eq!(exit("Ana Sender <ana@tents.co.uk>"), Some(0));
    for nobody in
        ["", "Ana Sender", "<ana@tents.co.uk>", "Ana <ana@host.invalid>", "A <a@example.net>"]
    {
        assert_eq!(exit(nobody), Some(64), "{nobody:?}");
    }
    assert_eq!(yaml(RELEASE)["jobs"]["build"]["env"]["MAINTAINER"], "${{ vars.DEB_MAINTAINER }}");
}

#[test]
fn the_bill_of_materials_names_what_the_program_links() {
    let bill = run(&mut Command::new(root().join("scripts/sbom")));
    let bill: Value = serde_json::from_slice(&bill).expect("JSON");
    let components = bill["components"].as_array().expect("components");
    let versions: BTreeMap<&str, &str> = components
        .iter()
        .filter(|component| component["properties"].is_array())
        .map(|component| {
            let text = |name: &str| component[name].as_str().expect("a text");
            (text("name"), text("version"))
        })
        .collect();
    // the program's own words
    let version = run(Command::new(env!("CARGO_BIN_EXE_consent-gate")).arg("--version"));
    let version = String::from_utf8_lossy(&version).into_owned();
    for library in ["librdkafka", "RocksDB"] {
        let linked = version.lines().find_map(|line| line.strip_prefix(&format!("{library} ")));
        assert_eq!(versions.get(library).copied(), linked, "{version}");
    }
    for library in ["zstd", "lz4", "zlib", "jemalloc", "AWS-LC"] {
        assert!(
            versions.get(library).is_some_and(|it| it.contains('.')),
            "{library}: {versions:?}"
        );
    }
    let names: Vec<&str> = components.iter().filter_map(|it| it["name"].as_str()).collect();
    assert!(names.contains(&"gate-core") && names.contains(&"tokio"), "crates as well");
    assert!(!names.contains(&"proptest"), "what only tests use is not in it");
}

#[test]
fn a_wheel_gives_the_command_and_the_same_bytes_each_time() {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("program");
    std::fs::write(&program, "#!/bin/sh\necho it runs\n").unwrap();
    let make = |out: &str| {
        let out = dir.path().join(out);
        std::fs::create_dir(&out).unwrap();
        run(Command::new(root().join("scripts/wheel"))
            .arg(&program)
            .args(["1.2.3", "linux_x86_64"])
            .arg(&out)
            .env("SOURCE_DATE_EPOCH", EPOCH));
        out.join("consent_gate-1.2.3-py3-none-linux_x86_64.whl")
    };
    let (one, other) = (make("one"), make("other"));
    assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&other).unwrap());
    let target = dir.path().join("unpacked");
    run(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(&one).arg(&target));
    let mut packed = String::new();
    let there = target.join("consent_gate-1.2.3.data/scripts/consent-gate");
    std::fs::File::open(there).unwrap().read_to_string(&mut packed).unwrap();
    assert_eq!(packed, std::fs::read_to_string(&program).unwrap());
    let record =
        std::fs::read_to_string(target.join("consent_gate-1.2.3.dist-info/RECORD")).unwrap();
    assert_eq!(record.lines().count(), 5, "{record}");
}
