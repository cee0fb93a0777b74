//! The image: its build gets every file it needs, its dependencies are a layer of their own, and what ends up in it runs
//! alone, without a shell, as somebody who owns nothing.

use std::path::Path;
use std::process::Command;

use super::dockerfile::{Instruction, instructions, is_ignored};
use super::{CONFIG_FILE, Served, UID, assert_parses, assert_served, files_below, read, root};

const DOCKERFILE: &str = "deploy/Dockerfile";

fn of_stage(stage: &str) -> Vec<Instruction> {
    let found: Vec<Instruction> =
        instructions(&read(DOCKERFILE)).into_iter().filter(|its| its.stage == stage).collect();
    assert!(!found.is_empty(), "{DOCKERFILE} has no stage `{stage}`");
    found
}

fn only(stage: &str, keyword: &str) -> Instruction {
    let mut found: Vec<Instruction> =
        of_stage(stage).into_iter().filter(|its| its.keyword == keyword).collect();
    assert_eq!(found.len(), 1, "stage `{stage}` has one {keyword}");
    found.remove(0)
}

/// Does what the COPY instructions of a stage do with the build context, into `to`. Says what was copied.
fn copy_stage(stage: &str, to: &Path) -> Vec<String> {
    let dockerignore = read(".dockerignore");
    let mut copied = Vec::new();
    for copy in of_stage(stage).iter().filter(|its| its.keyword == "COPY").map(Instruction::copy) {
        if copy.from_stage {
            continue;
        }
        for source in &copy.sources {
            let source = source.trim_end_matches('/');
            let whole = root().join(source);
            let is_dir = whole.is_dir();
            let files = if is_dir { files_below(source) } else { vec![source.to_owned()] };
            let files: Vec<&String> =
                files.iter().filter(|file| !is_ignored(&dockerignore, file)).collect();
            assert!(!files.is_empty() && whole.exists(), "`{source}` is not in the build context");
            for file in files {
                let name = if is_dir {
                    file.strip_prefix(source).unwrap().trim_start_matches('/')
                } else {
                    file.rsplit('/').next().unwrap()
                };
                let target = to.join(&copy.to).join(name);
                std::fs::create_dir_all(target.parent().unwrap()).unwrap();
                // Keeps the mode, as Docker does.
                std::fs::copy(root().join(file), &target).unwrap_or_else(|e| panic!("{file}: {e}"));
                copied.push(file.clone());
            }
        }
    }
    copied
}

/// What cargo makes of the manifests in a directory: fails when a target or a member is missing.
fn members(directory: &Path) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--no-deps", "--format-version", "1"])
        .current_dir(directory)
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo does not accept what was copied: {complaint}");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages.iter().map(|package| package["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_build_gets_every_file_it_needs() {
    let build = tempfile::tempdir().unwrap();
    let manifests = copy_stage("dependencies", build.path());
    // what compiles the dependencies, and changes as rarely as they do
    let compiles = ["deploy/docker/skeleton", ".cargo/config.toml", "scripts/cxx-unity"];
    for file in &manifests {
        let is_manifest = file.ends_with("Cargo.toml") || file == "Cargo.lock";
        let why = "a change of it would build RocksDB again";
        assert!(
            is_manifest || compiles.contains(&file.as_str()),
            "{file} is copied too early: {why}"
        );
    }
    let skeleton = Command::new("deploy/docker/skeleton").current_dir(build.path()).output();
    let skeleton = skeleton.expect("deploy/docker/skeleton is executable and bash is there");
    assert!(skeleton.status.success(), "{}", String::from_utf8_lossy(&skeleton.stderr));
    let all = members(root());
    assert_eq!(members(build.path()), all, "the skeleton is the whole workspace");

    copy_stage("build", build.path());
    assert_eq!(members(build.path()), all, "the sources are the whole workspace");
    // Benches and tests are not built; whatever else our crates consist of or include is needed.
    let needed = [&SOURCES[..], &["schemas", "policies"]].concat();
    for file in needed.iter().flat_map(|directory| files_below(directory)) {
        let (there, here) = (build.path().join(&file), root().join(&file));
        assert!(there.is_file(), "{file} is missing in the build");
        assert_eq!(std::fs::read(there).unwrap(), std::fs::read(here).unwrap(), "{file} is a stub");
    }
    let n_includes = includes_resolve(build.path());
    assert!(
        n_includes > 4,
        "found only {n_includes} included files: the test looks at the wrong thing"
    );
}

/// What the program is compiled from.
const SOURCES: [&str; 6] = [
    "src",
    "crates/gate-codec/src",
    "crates/gate-core/src",
    "crates/gate-engine/src",
    "crates/gate-located/src",
    "crates/gate-policy/src",
];

/// Every `include_str!("…")` of the program leads to a file of the build. Says how many.
fn includes_resolve(build: &Path) -> usize {
    let mut n_includes = 0;
    for file in SOURCES.iter().flat_map(|directory| files_below(directory)) {
        let text = read(&file);
        for included in text.split("include_str!(\"").skip(1) {
            let name = included.split('"').next().unwrap();
            let path = build.join(&file).parent().unwrap().join(name);
            assert!(path.is_file(), "{file} includes {name}, which the build does not get");
            n_includes += 1;
        }
    }
    n_includes
}

#[test]
fn nothing_private_is_in_the_build_context() {
    let dockerignore = read(".dockerignore");
    for path in [
        ".git/config",
        "state/pepper",
        "config.yaml",
        "target/release/x",
        "deploy/kubernetes/pepper",
        ".env",
    ] {
        assert!(is_ignored(&dockerignore, path), "{path} would be sent to the builder");
    }
}

#[test]
fn the_toolchain_and_the_version_are_ours() {
    let toolchain = read("rust-toolchain.toml");
    let channel = toolchain.lines().find_map(|line| line.strip_prefix("channel = ")).unwrap();
    let channel = channel.trim_matches('"');
    let base = only("global", "ARG").rest;
    assert_eq!(base, format!("BUILD_IMAGE=rust:{channel}-bookworm"), "pinned to the patch release");
    assert!(only("toolchain", "ENV").rest.contains(&format!("RUSTUP_TOOLCHAIN={channel} ")));
    let labels = only("", "LABEL").rest;
    let version = format!("org.opencontainers.image.version=\"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(labels.contains(&version), "{labels}");
}

#[test]
fn it_runs_as_nobody_and_its_commands_exist() {
    assert_eq!(only("", "FROM").rest, "scratch", "no shell, no package manager");
    assert_eq!(
        only("", "USER").rest,
        format!("{UID}:{UID}"),
        "a number: Kubernetes checks runAsNonRoot by it"
    );
    assert!(
        read("deploy/docker/root").contains(&format!("\nuid={UID}\n")),
        "the same in /etc/passwd"
    );
    for volume in ["consent-gate", "consent-gate-ledger", "consent-gate-desk"] {
        let empty = "/root-of-image/var/lib/consent-gate/";
        let copy = format!("--chown={UID}:{UID} {empty} /var/lib/{volume}/\n");
        assert!(read(DOCKERFILE).contains(&copy), "a new volume belongs to it: {volume}");
    }

    let program = "/usr/local/bin/consent-gate";
    assert_eq!(only("", "ENTRYPOINT").list(), [program]);
    let command = only("", "CMD").list();
    assert_eq!(command[1..], ["-c", CONFIG_FILE]);
    assert_parses(&command);

    let check = only("", "HEALTHCHECK").list();
    let (checker, arguments) = check.split_first().unwrap();
    assert_eq!(checker, program, "there is nothing else to run");
    assert_parses(arguments);
    let path = arguments.last().unwrap().rsplit_once("8080").expect("on the exposed port").1;
    assert_eq!(
        path, "/livez",
        "whoever restarts what is unhealthy must not restart what waits for Kafka"
    );
    assert_served(&[path.to_owned()]);
    assert_eq!(only("", "EXPOSE").rest, "8080");
}

/// The last step of the build, run here, and the program inside of nothing but its result.
#[test]
fn what_is_in_the_image_is_enough() {
    const NAME: &str = "what_is_in_the_image_is_enough";
    let works = |words: &[&str]| {
        Command::new(words[0])
            .args(&words[1..])
            .output()
            .is_ok_and(|output| output.status.success())
    };
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    let as_root: &[&str] = if is_root { &[] } else { &["sudo", "-n"] };
    if !works(&[as_root, &["true"]].concat()) || !works(&["dpkg-query", "--version"]) {
        return skip(NAME, "it needs dpkg-query, and root or `sudo -n` for chroot");
    }
    let out = tempfile::tempdir().unwrap();
    let made = Command::new(root().join("deploy/docker/root"))
        .arg(out.path())
        .arg(env!("CARGO_BIN_EXE_consent-gate"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    for absent in ["bin/sh", "usr/bin/env", "sbin", "etc/shadow"] {
        assert!(!out.path().join(absent).exists(), "/{absent} is in the image");
    }
    let in_image = |arguments: &[&str]| {
        let chroot = [as_root, &["chroot"]].concat();
        Command::new(chroot[0])
            .args(&chroot[1..])
            .arg(format!("--userspec={UID}:{UID}"))
            .arg(out.path())
            .arg("/usr/local/bin/consent-gate")
            .args(arguments)
            // Not the libraries' path, nor the temporary directory, of whoever runs the tests.
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .output()
            .unwrap()
    };
    let version = in_image(&["--version"]);
    let said = String::from_utf8_lossy(&version.stdout).into_owned();
    assert!(version.status.success() && said.contains("librdkafka"), "{said}{version:?}");
    let served = Served::start();
    let url = format!("http://{}/livez", served.server.address);
    let health = in_image(&["health", "--url", &url, "--timeout-ms", "20000"]);
    assert!(health.status.success(), "{health:?}");
    // The pipeline, the store, TLS libraries and all.
    let demo = in_image(&["demo", "--once"]);
    assert!(demo.status.success(), "{}", String::from_utf8_lossy(&demo.stderr));
}

/// Says that a test cannot run; where skipping is not allowed, fails.
fn skip(test: &str, why: &str) {
    use std::io::Write as _;
    writeln!(std::io::stderr(), "skipped: {test}: {why}").ok();
    assert!(
        std::env::var_os("CONSENT_GATE_TESTS_NO_SKIP").is_none(),
        "skipping is not allowed here: {why}"
    );
}
