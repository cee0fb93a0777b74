//! Checks of this machine: state directory, free disk, pepper, TLS settings; and of the schema registry.
//!
//! Invariant: nothing is made or changed. The one file written to try the directory is removed at once.

use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use gate_core::{PolicySet, Timestamp};

use super::{Finding, Verdict};
use crate::cli::output;
use crate::config::{Config, Format, SchemaRegistry};
use crate::identity::PepperFile;
use crate::kafka::failure::Class;
use crate::policies::{PolicyFailure, PolicySource};

/// Below this the store may not get through a rebuild; the log in Kafka tells how large it gets.
const FREE_BYTES_WANTED: u64 = 1024 * 1024 * 1024;
const FREE_BYTES_MIN: u64 = 64 * 1024 * 1024;

pub(super) fn check(config: &Config) -> Vec<Finding> {
    let set = PolicySource::of(&config.policies).load();
    let now = Timestamp::from_millis(output::now_millis());
    let mut findings = vec![
        directory(
            "state directory",
            "let `state.dir` name a directory on local disk that this user may write",
            &config.state.dir,
        ),
        free_space(&config.state.dir),
        pepper(&config.state.pepper_file),
        policies(config, &set),
    ];
    findings.extend(set.as_ref().ok().and_then(|set| reviews(set, now)));
    findings.extend(state_mode(&config.state.dir));
    findings.extend(set.as_ref().ok().and_then(|set| probe(config, set, now)));
    findings.extend(checkpoints(config));
    let client = config.client_base();
    let is = |name: &str, value: &str| {
        client.get(name).is_some_and(|set| set.eq_ignore_ascii_case(value))
    };
    if is("enable.ssl.certificate.verification", "false") {
        findings.push(Finding::warn(
            "TLS",
            "brokers' certificates are not verified: anybody on the way can read and change records",
            "delete `enable.ssl.certificate.verification` and set `ssl.ca.location`",
        ));
    } else if is("ssl.endpoint.identification.algorithm", "none") {
        findings.push(Finding::warn(
            "TLS",
            "brokers' host names are not verified: any certificate of the same authority will do",
            "delete `ssl.endpoint.identification.algorithm`",
        ));
    }
    findings
}

/// The packs the gate would load, and until when their holidays reach.
fn policies(config: &Config, loaded: &Result<PolicySet, PolicyFailure>) -> Finding {
    const CHECK: &str = "policy packs";
    let from = config
        .policies
        .dir
        .as_ref()
        .map_or_else(|| String::from("built in"), |dir| dir.display().to_string());
    match loaded {
        Ok(set) => Finding::pass(
            CHECK,
            format!(
                "{from}: {} packs, revision {}, time zones {}",
                set.packs().len(),
                set.revision(),
                set.tz_version()
            ),
        ),
        Err(error) => {
            let first = error.to_string();
            let shown = first.lines().filter(|line| !line.trim().is_empty()).take(3);
            let dir = config
                .policies
                .dir
                .as_ref()
                .map_or_else(String::new, |dir| dir.display().to_string());
            Finding::fail(
                CHECK,
                shown.collect::<Vec<_>>().join("; "),
                format!("run `consent-gate policy check {dir}` and correct what it names"),
            )
        }
    }
}

/// Whether each pack was reviewed in time; nothing when no pack names a day.
fn reviews(set: &PolicySet, now: Timestamp) -> Option<Finding> {
    const CHECK: &str = "pack reviews";
    let named = |pack: &gate_core::policy::Pack| {
        pack.review_by.map(|day| format!("{} by {day}", pack.code.as_str()))
    };
    let overdue: Vec<String> =
        set.packs().iter().filter(|pack| pack.is_review_overdue(now)).filter_map(named).collect();
    if !overdue.is_empty() {
        return Some(Finding::warn(
            CHECK,
            format!("overdue: {}; the law may have changed since", overdue.join(", ")),
            "let their owners read them again: docs/runbooks/PolicyReviewOverdue.md",
        ));
    }
    let next = set.packs().iter().filter(|pack| pack.review_by.is_some());
    let next = next.min_by_key(|pack| pack.overdue_from)?;
    Some(Finding::pass(CHECK, format!("the next is {}", named(next).unwrap_or_default())))
}

/// Whether the synthetic probe can pass with these packs; nothing when it is off.
fn probe(config: &Config, policies: &PolicySet, now: Timestamp) -> Option<Finding> {
    const CHECK: &str = "synthetic probe";
    let jurisdiction = &config.probe.jurisdiction;
    config.probe.enabled.then(|| match crate::probe::rehearse(policies, jurisdiction, now) {
        Ok(()) => {
            Finding::pass(CHECK, format!("its rounds can pass by the rules of {jurisdiction}"))
        }
        Err(why) => Finding::fail(
            CHECK,
            why,
            "set `probe.jurisdiction` to another one, or turn the probe off",
        ),
    })
}

/// The directory itself, or the one it will be made in.
fn nearest_existing(path: &Path) -> &Path {
    path.ancestors().find(|ancestor| ancestor.is_dir()).unwrap_or(Path::new("."))
}

/// The directory of checkpoints, and whether one could be used when the state is lost.
fn checkpoints(config: &Config) -> Vec<Finding> {
    const CHECK: &str = "checkpoints";
    let Some(wanted) = &config.state.checkpoints else { return Vec::new() };
    let fix = "let `state.checkpoints.dir` name a directory that this user may write";
    let mut findings = vec![directory(CHECK, fix, &wanted.dir)];
    if config.state.pepper_file.starts_with(&config.state.dir) {
        findings.push(Finding::warn(
            CHECK,
            "the pepper lies in `state.dir`: lost with it, and no checkpoint fits another pepper",
            "let `state.pepper_file` name a place outside of `state.dir`, and move the file there",
        ));
    }
    findings
}

fn directory(check: &str, fix: &str, dir: &Path) -> Finding {
    if dir.exists() && !dir.is_dir() {
        return Finding::fail(check, format!("{} is not a directory", dir.display()), fix);
    }
    let existing = nearest_existing(dir);
    let trial = existing.join(format!(".consent-gate-doctor.{}", std::process::id()));
    let written = std::fs::OpenOptions::new().write(true).create_new(true).open(&trial).map(drop);
    let removed = if written.is_ok() { std::fs::remove_file(&trial) } else { Ok(()) };
    match written.and(removed) {
        Ok(()) if existing == dir => {
            Finding::pass(check, format!("{} can be written", dir.display()))
        }
        Ok(()) => {
            Finding::pass(check, format!("{} will be made at the first start", dir.display()))
        }
        Err(error) => {
            Finding::fail(check, format!("{} cannot be written: {error}", existing.display()), fix)
        }
    }
}

fn free_space(dir: &Path) -> Finding {
    const CHECK: &str = "free disk space";
    let stat = match rustix::fs::statvfs(nearest_existing(dir)) {
        Ok(stat) => stat,
        Err(error) => {
            return Finding::skip(
                CHECK,
                format!("the system does not tell: {}", io::Error::from(error)),
            );
        }
    };
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let text = format!("{} MiB", free / (1024 * 1024));
    let fix = "make room, or let `state.dir` name a larger disk";
    if free < FREE_BYTES_MIN {
        Finding::fail(CHECK, format!("{text}: the store cannot be built"), fix)
    } else if free < FREE_BYTES_WANTED {
        Finding::warn(CHECK, format!("{text}: a store of millions of contacts may not fit"), fix)
    } else {
        Finding::pass(CHECK, format!("{text}: room for a store of millions of contacts"))
    }
}

fn pepper(path: &Path) -> Finding {
    const CHECK: &str = "pepper";
    match PepperFile::load(path) {
        Ok(None) => {
            return Finding::pass(
                CHECK,
                format!("{} will be made at the first start", path.display()),
            );
        }
        Ok(Some(_)) => {}
        Err(error) => {
            return Finding::fail(
                CHECK,
                error.to_string(),
                "let `state.pepper_file` name a file of 32 bytes that this user may read and nobody else (chmod 600)",
            );
        }
    }
    match std::fs::metadata(path).map(|metadata| metadata.permissions().mode() & 0o777) {
        // refused above unless it is root's
        Ok(mode) if mode & 0o070 != 0 => Finding::warn(
            CHECK,
            format!("mode {mode:03o}: the group can test addresses against the store"),
            "nothing where the group is the pod's own, as in Kubernetes; else chmod 600",
        ),
        Ok(mode) => Finding::pass(
            CHECK,
            format!(
                "32 bytes, mode {mode:03o}: nobody but this user can test addresses against the store"
            ),
        ),
        Err(error) => {
            Finding::fail(CHECK, format!("its mode cannot be read: {error}"), "look at the file")
        }
    }
}

/// Who beside this user can look into the state; nothing while it is not there.
fn state_mode(dir: &Path) -> Option<Finding> {
    const CHECK: &str = "state directory: mode";
    let metadata = std::fs::metadata(dir).ok()?;
    let mode = metadata.permissions().mode() & 0o777;
    let fix = format!("chmod 700 {}", dir.display());
    let is_ours = metadata.uid() == rustix::process::geteuid().as_raw();
    Some(match mode {
        _ if mode & 0o077 == 0 => Finding::pass(
            CHECK,
            format!("{mode:03o}: nobody else on this machine can look into it"),
        ),
        _ if is_ours => Finding::warn(
            CHECK,
            format!(
                "{mode:03o}: others on this machine can look into it until the next start makes it 700"
            ),
            fix,
        ),
        _ if mode & 0o007 != 0 => Finding::warn(
            CHECK,
            format!(
                "{mode:03o}, of another user: what the gate makes below it is its own, but others may add to it"
            ),
            fix,
        ),
        _ => Finding::pass(
            CHECK,
            format!("{mode:03o}, of another user and this group, as volumes in Kubernetes are"),
        ),
    })
}

/// Whether the registry answers, and knows the topics that are in Avro.
pub(super) async fn registry(config: &Config) -> Vec<Finding> {
    const CHECK: &str = "schema registry";
    let Some(registry) = &config.schema_registry else {
        return Vec::new();
    };
    let client = match http_client(registry) {
        Ok(client) => client,
        Err(found) => {
            return vec![Finding::fail(CHECK, found, "correct `schema_registry.ca_file`")];
        }
    };
    let mut findings = vec![match status(&client, registry, "/subjects").await {
        Ok(status) if status.is_success() => {
            Finding::pass(CHECK, format!("{} answers: Avro records can be read", registry.url))
        }
        Ok(status) => refused(CHECK, status),
        Err(found) => Finding {
            verdict: Verdict::Fail(Class::TryAgain),
            ..Finding::fail(
                CHECK,
                found,
                "check `schema_registry.url` and that the registry runs; meanwhile Avro records are held",
            )
        },
    }];
    if findings.iter().any(|finding| finding.verdict != Verdict::Pass) {
        return findings;
    }
    let consent = (&config.topics.consent_change, config.formats.consent_change);
    let messages = config.topics.outbound_messages.iter();
    let messages = messages.map(|topic| (topic, *config.formats.outbound_message.of(topic)));
    for (topic, _) in
        std::iter::once(consent).chain(messages).filter(|(_, format)| *format == Format::Avro)
    {
        let check = format!("schema of {topic}");
        findings.push(match status(&client, registry, &format!("/subjects/{topic}-value/versions/latest")).await {
            Ok(status) if status.is_success() => Finding::pass(check, format!("subject {topic}-value is registered")),
            Ok(status) if status == reqwest::StatusCode::NOT_FOUND => Finding::warn(
                check,
                format!("subject {topic}-value is not registered"),
                "nothing, if producers register it with their first record or name their subjects differently",
            ),
            Ok(status) => refused(&check, status),
            Err(found) => Finding::warn(check, found, "try again"),
        });
    }
    findings
}

fn refused(check: &str, status: reqwest::StatusCode) -> Finding {
    let found = format!("answers {status}");
    if matches!(status, reqwest::StatusCode::UNAUTHORIZED | reqwest::StatusCode::FORBIDDEN) {
        let finding =
            Finding::fail(check, found, "check `schema_registry.username` and its password");
        return Finding { verdict: Verdict::Fail(Class::Credentials), ..finding };
    }
    Finding::fail(
        check,
        found,
        "check `schema_registry.url`: it is the address of the Confluent-compatible API",
    )
}

fn http_client(registry: &SchemaRegistry) -> Result<reqwest::Client, String> {
    let mut builder = reqwest::Client::builder().timeout(registry.timeout);
    if let Some(path) = &registry.ca_file {
        let pem = crate::files::read(path, crate::config::CA_FILE_BYTES_MAX)
            .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        let authorities = reqwest::Certificate::from_pem_bundle(&pem)
            .map_err(|_| format!("{} is not a PEM file of certificates", path.display()))?;
        builder = builder.tls_certs_only(authorities);
    }
    builder.build().map_err(|error| format!("HTTP cannot be prepared: {}", innermost(&error)))
}

async fn status(
    client: &reqwest::Client,
    registry: &SchemaRegistry,
    path: &str,
) -> Result<reqwest::StatusCode, String> {
    let mut request = client.get(format!("{}{path}", registry.url));
    if let Some((user, password)) = &registry.credentials {
        request = request.basic_auth(user, Some(password.expose()));
    }
    let response = request
        .send()
        .await
        .map_err(|error| format!("{} cannot be reached: {}", registry.url, innermost(&error)))?;
    Ok(response.status())
}

/// The last error of the chain: the others only say that there was one.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pepper_that_others_can_read_fails() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pepper");
        assert_eq!(pepper(&path).verdict, Verdict::Pass);
        std::fs::write(&path, [1; 32]).unwrap();
        for (mode, verdict) in [(0o600, "PASS"), (0o400, "PASS"), (0o640, "FAIL"), (0o644, "FAIL")]
        {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(pepper(&path).verdict.name(), verdict, "{mode:o}");
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, [1; 31]).unwrap();
        assert_eq!(pepper(&path).verdict.name(), "FAIL");
    }

    #[test]
    fn a_state_that_others_can_look_into_is_told() {
        let dir = tempfile::tempdir().unwrap();
        assert!(state_mode(&dir.path().join("none")).is_none());
        for (mode, verdict) in [(0o700, "PASS"), (0o750, "WARN"), (0o755, "WARN")] {
            std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(state_mode(dir.path()).unwrap().verdict.name(), verdict, "{mode:o}");
        }
    }

    #[test]
    fn the_directory_is_tried_and_left_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let directory = |path: &Path| directory("state directory", "", path);
        assert_eq!(directory(dir.path()).verdict, Verdict::Pass);
        assert!(directory(&dir.path().join("a/b/c")).found.contains("will be made"));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert_eq!(directory(&file).verdict.name(), "FAIL");
        assert!(free_space(dir.path()).found.contains("MiB"));
    }
}
