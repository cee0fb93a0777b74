//! A broker that demands TLS with SCRAM or a client certificate, and ACLs: the gate runs over each, and
//! what cannot work ends with exit code 77 and names the cause.

use crate::harness::broker::{self, Broker};
use crate::harness::drain::drained;
use crate::harness::gate::Setup;
use crate::harness::load::Stage;
use crate::harness::readers::During;
use crate::harness::topics::Topics;
use crate::harness::{data, environment, figures, oracle};
use std::path::{Path, PathBuf};
use std::process::Command;

const PASSWORD: &str = "correct-horse";

struct Secure {
    broker: Broker,
    certificates: PathBuf,
    secrets: PathBuf,
}

impl Secure {
    fn start(test: &str) -> Option<Self> {
        let certificates = environment::target().join("test-certificates");
        let made = Command::new(environment::script("kafka-certs")).arg(&certificates).output();
        let made = made.expect("scripts/kafka-certs can be run");
        if !made.status.success() {
            environment::skip(test, String::from_utf8_lossy(&made.stderr).trim());
            return None;
        }
        let path = certificates.to_str().expect("the target directory has a plain name");
        let gate = format!("SCRAM-SHA-512=[name=gate,password={PASSWORD}]");
        let limited = format!("SCRAM-SHA-512=[name=limited,password={PASSWORD}]");
        let options = ["--secure", path, "--add-scram", &gate, "--add-scram", &limited];
        let broker = broker::own(test, &options)?;
        let secrets = environment::new_dir("secrets");
        std::fs::write(secrets.join("password"), PASSWORD).unwrap();
        std::fs::write(secrets.join("wrong-password"), "battery-staple").unwrap();
        Some(Self { broker, certificates, secrets })
    }

    fn file(&self, name: &str) -> String {
        self.certificates.join(name).display().to_string()
    }

    /// SASL/SCRAM over TLS.
    fn scram(&self, topics: &Topics, user: &str, password: &str) -> Setup {
        let mut setup = Setup::new("scram", self.broker.sasl_ssl.as_deref().unwrap(), topics);
        setup.properties = properties(&[
            ("security.protocol", "SASL_SSL"),
            ("sasl.mechanism", "SCRAM-SHA-512"),
            ("sasl.username", user),
            ("ssl.ca.location", &self.file("ca.pem")),
        ]);
        setup.secrets = vec![("sasl.password".to_owned(), self.secrets.join(password))];
        setup
    }

    /// A client certificate.
    fn mtls(&self, topics: &Topics, name: &str) -> Setup {
        let mut setup = Setup::new("mtls", self.broker.mtls.as_deref().unwrap(), topics);
        setup.properties = properties(&[
            ("security.protocol", "SSL"),
            ("ssl.ca.location", &self.file("ca.pem")),
            ("ssl.certificate.location", &self.file(&format!("{name}.pem"))),
            ("ssl.key.location", &self.file(&format!("{name}.key"))),
        ]);
        setup
    }

    fn allow(&self, user: &str, operations: &[&str], resource: &[&str]) {
        let principal = format!("User:{user}");
        let mut arguments = vec!["--add", "--allow-principal", &principal];
        for operation in operations {
            arguments.extend(["--operation", operation]);
        }
        arguments.extend(resource);
        self.broker.tool("acls", &arguments);
    }
}

fn properties(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

#[test]
fn the_gate_on_a_secure_broker() {
    let Some(secure) = Secure::start("the_gate_on_a_secure_broker") else {
        return;
    };
    let bootstrap = &secure.broker.bootstrap;
    let topics = Topics::create(bootstrap, "secure");
    let everything = ["--topic", "*", "--group", "*", "--transactional-id", "*", "--cluster"];
    let refused = |setup: &Setup, what: &str, words: &[&str]| refused(setup, what, words);

    // nothing is allowed yet
    refused(
        &secure.scram(&topics, "gate", "password"),
        "no ACL at all",
        &["authoriz", "acl", "denied"],
    );
    secure.allow("gate", &["All"], &everything);
    // may read everything and write nothing
    secure.allow(
        "limited",
        &["Read", "Describe", "DescribeConfigs"],
        &["--topic", "*", "--group", "*"],
    );
    refused(
        &secure.scram(&topics, "limited", "password"),
        "no right to write",
        &["authoriz", "acl", "denied"],
    );
    refused(
        &secure.scram(&topics, "gate", "wrong-password"),
        "a wrong password",
        &["password", "authentic", "credential", "sasl"],
    );
    refused(
        &secure.mtls(&topics, "other-client"),
        "a certificate of a stranger",
        &["certificate", "ssl", "tls"],
    );
    let mut distrustful = secure.scram(&topics, "gate", "password");
    for (key, value) in &mut distrustful.properties {
        if key == "ssl.ca.location" {
            *value = secure.file("other-ca.pem");
        }
    }
    refused(&distrustful, "a wrong CA", &["certificate", "ssl", "tls"]);

    works(&secure, &secure.scram(&topics, "gate", "password"), "scram");
    works(&secure, &secure.mtls(&topics, "client"), "mtls");
    assert!(!logged(&secure, PASSWORD), "the password is in no log");
}

/// The gate ends with 77 and says why.
fn refused(setup: &Setup, what: &str, words: &[&str]) {
    let mut gate = setup.spawn();
    let code = gate.wait_exit();
    let log = gate.log_text();
    assert_eq!(code, Some(77), "{what}: exit code\n{log}");
    let lower = log.to_lowercase();
    assert!(
        words.iter().any(|word| lower.contains(word)),
        "{what}: the log names the cause\n{log}"
    );
}

/// The gate decides, exactly once, over this connection.
fn works(secure: &Secure, setup: &Setup, name: &str) {
    let bootstrap = &secure.broker.bootstrap;
    let topics = Topics::create(bootstrap, name);
    let setup = Setup { topics: topics.clone(), group: format!("group-{name}"), ..setup.clone() };
    let stage = Stage::new(bootstrap, &topics);
    let during = During::follow(bootstrap, &topics.outputs());
    let people = data::contacts(name, 200);
    stage.opt_in(&people);
    let (refusing, _) = people.split_at(100);
    stage.refuse_all(refusing);
    let gate = setup.spawn_ready();
    stage.message_all(&people);
    drained(&stage, &during);
    let doctor = setup.run(&["doctor"]);
    assert_eq!(doctor.status.code(), Some(0), "{}", String::from_utf8_lossy(&doctor.stdout));
    gate.stop();
    let findings = oracle::examine_logs(bootstrap, &topics, &during, &stage.ledger);
    figures::record(&format!("secure_{name}"), findings.figures());
    findings.assert_clean();
}

fn logged(secure: &Secure, text: &str) -> bool {
    let parent: &Path = secure.secrets.parent().unwrap_or(&secure.secrets);
    let logs = std::fs::read_dir(parent).into_iter().flatten().flatten();
    logs.map(|entry| entry.path().join("gate.log"))
        .filter_map(|log| std::fs::read(log).ok())
        .any(|bytes| String::from_utf8_lossy(&bytes).contains(text))
}
