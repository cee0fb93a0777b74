//! Security measures (GDPR art. 32(1)) that the configuration really has switched on, and those it has not.

use rdkafka::ClientConfig;

use super::item::{Item, Origin};
use super::output;
use crate::config::{Config, SchemaRegistry};
use crate::identity::PepperFile;

/// What the configuration says and what the program does; what neither knows stands at the end.
pub(super) fn measures(config: &Config) -> Vec<Item> {
    let client = config.client_base();
    let of_configuration =
        |name: &str, value: String| Item::new(name, value, Origin::Configuration);
    let of_program = |name: &str, value: &str| Item::new(name, value, Origin::Program);
    vec![
        of_program(
            "pseudonymisation",
            "state, approvals, decision headers and checkpoints name people by keyed hashes (HMAC-SHA256) alone",
        ),
        of_configuration("key of the hashes", pepper(config)),
        of_configuration("encryption to Kafka", encryption(&client)),
        of_configuration("authentication to Kafka", authentication(&client)),
        of_configuration("schema registry", registry(config.schema_registry.as_ref())),
        of_configuration("HTTP endpoint", http(config)),
        of_program(
            "on this machine",
            "state and pepper are for the gate's user alone (0700, 0600)",
        ),
        of_program("logs and metrics", "no address, contact id or content"),
        of_program(
            "integrity",
            "checksums of what is read, exactly one decision a message, what cannot be read blocks or holds",
        ),
        of_configuration("restoring", checkpoints(config)),
        of_configuration("regular testing", probe(config)),
        Item::open(
            "what cannot be seen from here",
            "encryption of disks and brokers, access lists of the topics, backups, who may log in",
        ),
    ]
}

fn pepper(config: &Config) -> String {
    let path = config.state.pepper_file.display();
    match PepperFile::load(&config.state.pepper_file) {
        Ok(Some(_)) => format!("`{path}`, readable for this user alone"),
        Ok(None) => format!("`{path}`, which is not there for this command to look at"),
        Err(error) => format!("`{path}`, NOT AS IT SHOULD BE: {error}"),
    }
}

fn is(client: &ClientConfig, name: &str, value: &str) -> bool {
    client.get(name).is_some_and(|set| set.trim().eq_ignore_ascii_case(value))
}

fn protocol(client: &ClientConfig) -> String {
    client.get("security.protocol").unwrap_or("plaintext").trim().to_ascii_uppercase()
}

fn encryption(client: &ClientConfig) -> String {
    let protocol = protocol(client);
    if !matches!(protocol.as_str(), "SSL" | "SASL_SSL") {
        return format!(
            "NOT SWITCHED ON: `security.protocol` is {protocol}, records travel in clear"
        );
    }
    let mut text = format!("TLS (`security.protocol: {protocol}`)");
    if is(client, "enable.ssl.certificate.verification", "false") {
        text.push_str(", but the brokers' certificates are NOT VERIFIED");
    } else if is(client, "ssl.endpoint.identification.algorithm", "none") {
        text.push_str(", but the names in the brokers' certificates are NOT COMPARED");
    }
    text
}

fn authentication(client: &ClientConfig) -> String {
    if protocol(client).starts_with("SASL") {
        let named = client.get("sasl.mechanisms").or_else(|| client.get("sasl.mechanism"));
        return format!("SASL, mechanism {}", named.unwrap_or("GSSAPI"));
    }
    let certificates = ["ssl.certificate.location", "ssl.certificate.pem", "ssl.keystore.location"];
    if protocol(client) == "SSL" && certificates.iter().any(|name| client.get(name).is_some()) {
        return "client certificate".to_owned();
    }
    "NOT SWITCHED ON: anybody who reaches the brokers is taken for anybody".to_owned()
}

fn registry(registry: Option<&SchemaRegistry>) -> String {
    let Some(registry) = registry else {
        return "none is used".to_owned();
    };
    let way = if registry.url.starts_with("https://") { "TLS" } else { "NO TLS" };
    let who = if registry.credentials.is_some() { "with a password" } else { "without a password" };
    format!("{way}, {who}; schemas only, no personal data")
}

fn http(config: &Config) -> String {
    let listen = config.http.listen;
    let reach = if listen.ip().is_loopback() {
        "for this machine alone"
    } else {
        "FOR OTHER MACHINES too, without TLS of its own"
    };
    let token = if config.http.token.is_some() { "a token is set" } else { "no token is set" };
    format!("{listen}, {reach}; {token}; the open pages hold no personal data")
}

fn checkpoints(config: &Config) -> String {
    match &config.state.checkpoints {
        Some(kept) => {
            let each = output::span(u64::try_from(kept.interval.as_millis()).unwrap_or(u64::MAX));
            format!(
                "sealed checkpoints each {each} in `{}`; everything from the topics",
                kept.dir.display()
            )
        }
        None => "no checkpoints; the state is rebuilt from the consent topic".to_owned(),
    }
}

fn probe(config: &Config) -> String {
    if config.probe.enabled {
        let each =
            output::span(u64::try_from(config.probe.interval.as_millis()).unwrap_or(u64::MAX));
        format!("a synthetic probe opts out and is written to each {each}")
    } else {
        "NOT SWITCHED ON: `probe.enabled` is false".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(yaml: &str, name: &str) -> String {
        let config = Config::parse("f", &format!("instance_id: g\n{yaml}"), []).unwrap();
        let found = measures(&config).into_iter().find(|item| item.name == name).unwrap();
        found.value
    }

    fn properties(pairs: &[(&str, &str)]) -> String {
        let lines = pairs.iter().map(|(name, value)| format!("    {name}: \"{value}\"\n"));
        format!("kafka:\n  properties:\n{}", lines.collect::<String>())
    }

    #[test]
    fn what_is_off_is_said_to_be_off() {
        for name in ["encryption to Kafka", "authentication to Kafka", "regular testing"] {
            assert!(value("", name).starts_with("NOT SWITCHED ON"), "{name}");
        }
        assert_eq!(value("", "schema registry"), "none is used");
        assert!(value("", "restoring").starts_with("no checkpoints"));
        assert!(value("", "HTTP endpoint").contains("for this machine alone; no token is set"));
        let open = value("http: {listen: \"0.0.0.0:8080\"}", "HTTP endpoint");
        assert!(open.contains("FOR OTHER MACHINES"), "{open}");
    }

    #[test]
    fn what_is_on_is_named() {
        let sasl = [("security.protocol", "sasl_ssl"), ("sasl.mechanism", "SCRAM-SHA-512")];
        let yaml = properties(&sasl);
        let found = value(&yaml, "encryption to Kafka");
        assert_eq!(found, "TLS (`security.protocol: SASL_SSL`)");
        assert_eq!(value(&yaml, "authentication to Kafka"), "SASL, mechanism SCRAM-SHA-512");
        let clear = properties(&[("security.protocol", "sasl_plaintext")]);
        assert!(value(&clear, "encryption to Kafka").starts_with("NOT SWITCHED ON"));
        let probe = value("probe: {enabled: true}", "regular testing");
        assert!(probe.starts_with("a synthetic probe"), "{probe}");
    }

    #[test]
    fn encryption_without_verification_is_no_quiet_success() {
        for (name, off, says) in [
            ("enable.ssl.certificate.verification", "false", "NOT VERIFIED"),
            ("ssl.endpoint.identification.algorithm", "none", "NOT COMPARED"),
        ] {
            let yaml = properties(&[("security.protocol", "ssl"), (name, off)]);
            assert!(value(&yaml, "encryption to Kafka").contains(says), "{name}");
            assert!(value(&yaml, "authentication to Kafka").starts_with("NOT SWITCHED ON"));
        }
    }
}
