//! What a person sees who writes a configuration, right or wrong.

use std::ffi::OsString;

use super::declare::config;
use super::*;
use std::time::Duration;

fn parse_with(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::parse(
        "gate.yaml",
        text,
        variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))),
    )
}

fn parse(text: &str) -> Result<Config, ConfigError> {
    parse_with(text, &[])
}

fn problems_with(text: &str, variables: &[(&str, &str)]) -> Vec<Problem> {
    match parse_with(text, variables) {
        Err(ConfigError::Invalid { problems, .. }) => problems,
        other => panic!("expected problems, got {other:?}"),
    }
}

/// Exactly one problem, with this key, this place and this in its reason or fix.
fn check_one(text: &str, variables: &[(&str, &str)], key: &str, place: &str, says: &str) {
    let problems = problems_with(text, variables);
    let [problem] = problems.as_slice() else {
        panic!("expected one problem in {text:?} {variables:?}, got {problems:#?}")
    };
    assert_eq!(
        (problem.key.as_str(), problem.place.to_string().as_str()),
        (key, place),
        "{problem:?}"
    );
    assert!(
        format!("{} {}", problem.reason, problem.fix).contains(says),
        "{says:?} is not in {problem:?}"
    );
}

#[test]
fn an_empty_file_is_all_defaults() {
    for text in ["", "# nothing\n", "{}", "kafka:\ntopics: {}\n"] {
        let config = parse(text).unwrap();
        assert_eq!(config.lanes, std::thread::available_parallelism().unwrap().get());
        assert!(!config.instance_id.is_empty());
        assert_eq!(config.kafka.bootstrap_servers, "127.0.0.1:9092");
        assert_eq!(config.kafka.start_at, StartAt::Earliest);
        assert_eq!(
            config.topics.all(),
            [
                "consent-change",
                "outbound-message",
                "approved-message",
                "blocked-message",
                "deferred-message",
                "consent-dead-letter",
                "consent-gate-review",
                "consent-gate-decisions",
                "consent-gate-sent",
                "consent-gate-policies",
                "consent-gate-access",
                "consent-gate-door-dead-letter"
            ]
        );
        assert_eq!(config.formats.outbound_message, ByTopic::all(Format::Json));
        assert!(config.schema_registry.is_none() && config.http.token.is_none());
        assert_eq!(config.state.pepper_file, PathBuf::from("./state/pepper"));
        assert_eq!(config.kafka.transaction_timeout, Duration::from_secs(10));
    }
}

#[test]
fn every_key_is_read() {
    let (_, effective) = Config::read("gate.yaml", "", []).unwrap();
    for key in keys().filter(|key| key.preset != Preset::Unset) {
        if !matches!(key.kind, Kind::Properties | Kind::Secrets) {
            let n = effective.iter().filter(|line| line.key == key.path).count();
            assert_eq!(n, 1, "`{}` is read {n} times", key.path);
        }
    }
}

#[test]
fn what_the_configuration_accepts_the_store_opens_with() {
    let state = |bytes: usize| format!("state: {{memory_bytes: {bytes}}}\n");
    assert!(parse(&state(crate::store::MEMORY_BYTES_MIN)).is_ok());
    assert!(parse(&state(crate::store::MEMORY_BYTES_MIN - 1)).is_err());
}

#[test]
fn every_value_can_be_set() {
    let config = parse(concat!(
        "instance_id: gate-7\nlanes: 3\nshutdown_timeout_ms: 20000\n",
        "kafka: {bootstrap_servers: \"a:1, [::1]:2\", group_id: g, start_at: latest, session_timeout_ms: 6000, transaction_timeout_ms: 5000, leave_on_shutdown: false, properties: {client.rack: r1, linger.ms: 3, socket.keepalive.enable: true}}\n",
        "topics: {approved: ok.v1}\nformats: {consent_change: avro, outbound_message: avro-single-object}\n",
        "schema_registry: {url: \"https://r:8081/\", timeout_ms: 100}\n",
        "state: {dir: /var/lib/gate, memory_bytes: 67108864, pepper_file: /etc/pepper}\npolicies: {dir: /p}\n",
        "http: {listen: \"0.0.0.0:80\"}\nconsent: {key_names_contact: false, barrier_timeout_ms: 10, checkpoint_interval_ms: 100}\n",
        "batch: {messages_max: 1, bytes_max: 65536}\nlimits: {value_bytes_max: 1024}\nlog: {format: json, level: trace}\nmetrics: {sources: [crm, \"web shop\", 7], brands: [tents]}\nprobe: {enabled: true, interval_ms: 100, timeout_ms: 1000, jurisdiction: EU}\n",
    )).unwrap();
    assert_eq!((config.instance_id.as_str(), config.lanes), ("gate-7", 3));
    assert_eq!(config.kafka.bootstrap_servers, "a:1,[::1]:2");
    assert_eq!(config.kafka.start_at, StartAt::Latest);
    assert!(!config.kafka.leave_on_shutdown && !config.consent.key_names_contact);
    assert_eq!(config.schema_registry.as_ref().unwrap().url, "https://r:8081");
    assert_eq!(config.state.pepper_file, PathBuf::from("/etc/pepper"));
    assert_eq!((config.log.format, config.log.level), (LogFormat::Json, LogLevel::Trace));
    assert_eq!(config.metrics.sources, ["crm", "web shop", "7"]);
    assert_eq!(config.metrics.brands, ["tents"]);
    let Probe { enabled, interval, timeout, jurisdiction } = &config.probe;
    assert!(*enabled && *interval == Duration::from_millis(100) && jurisdiction == "EU");
    assert_eq!(*timeout, Duration::from_secs(1));
    let client = config.client_base();
    for (name, value) in [
        ("client.rack", "r1"),
        ("linger.ms", "3"),
        ("socket.keepalive.enable", "true"),
        ("client.id", "consent-gate-gate-7"),
        ("bootstrap.servers", "a:1,[::1]:2"),
        ("allow.auto.create.topics", "false"),
    ] {
        assert_eq!(client.get(name), Some(value), "{name}");
    }
    assert!(client.create_native_config().is_ok());
}

#[test]
fn campaigns_and_brands_are_listed_by_name() {
    let yaml = "metrics:\n  campaigns: [winter]\n";
    assert_eq!(parse(yaml).unwrap().metrics.campaigns, ["winter"]);
    check_one("metrics:\n  brands: [other]\n", &[], "metrics.brands", "default", "not listed");
}

#[test]
fn a_list_of_names_says_what_is_wrong_with_each() {
    let variable = [("CONSENT_GATE__METRICS__SOURCES", "crm, web shop,,call centre")];
    let config = parse_with("metrics: {sources: [overridden]}", &variable).unwrap();
    assert_eq!(config.metrics.sources, ["crm", "web shop", "call centre"]);
    let none = [("CONSENT_GATE__METRICS__SOURCES", "")];
    assert!(
        parse_with("metrics: {sources: [overridden]}", &none).unwrap().metrics.sources.is_empty()
    );
    for text in ["metrics: {sources: }", "metrics:\n  sources: []\n"] {
        assert!(parse(text).unwrap().metrics.sources.is_empty(), "{text}");
    }
    let long = format!("metrics:\n  sources: [{}]\n", "x".repeat(65));
    let many: Vec<String> = (0..65).map(|n| n.to_string()).collect();
    let many = format!("metrics:\n  sources: [{}]\n", many.join(", "));
    for (text, place, says) in [
        ("metrics:\n  sources: crm\n", "line 2", "list"),
        ("metrics:\n  sources:\n    - crm\n    - {a: b}\n", "line 4", "single value"),
        ("metrics:\n  sources:\n    - crm\n    - crm\n", "line 4", "second time"),
        ("metrics:\n  sources: [\"tab\\there\"]\n", "line 2", "control characters"),
        ("metrics:\n  sources: [\" crm\"]\n", "line 2", "spaces"),
        ("metrics:\n  sources: [\"\"]\n", "line 2", "1 to 64"),
        ("metrics:\n  sources: [1.5]\n", "line 2", "quotes"),
        ("metrics:\n  sources: [other]\n", "default", "not listed"),
        (&long, "line 2", "64"),
        (&many, "line 2", "at most 64"),
    ] {
        check_one(text, &[], "metrics.sources", place, says);
    }
}

#[test]
fn messages_come_on_one_topic_or_several() {
    assert_eq!(parse("").unwrap().topics.outbound_messages, ["outbound-message"]);
    assert_eq!(parse("topics: {outbound_message: a}").unwrap().topics.outbound_messages, ["a"]);
    let list = "topics:\n  outbound_message:\n    - a\n    - b.2\n";
    let config = parse(list).unwrap();
    assert_eq!(config.topics.outbound_messages, ["a", "b.2"]);
    assert!(config.topics.is_outbound("b.2") && !config.topics.is_outbound("outbound-message"));
    assert_eq!(config.topics.own_outbound(), "a");
    let variable = [("CONSENT_GATE__TOPICS__OUTBOUND_MESSAGE", "c, d")];
    assert_eq!(parse_with(list, &variable).unwrap().topics.outbound_messages, ["c", "d"]);
    let one = "topics: {outbound_message: a}";
    assert_eq!(parse_with(one, &variable).unwrap().topics.outbound_messages, ["c", "d"]);
    let key = "topics.outbound_message";
    for (text, says) in [
        ("topics: {outbound_message: []}", "empty list"),
        ("topics: {outbound_message: [a, a]}", "a second time"),
        ("topics: {outbound_message: [a, 'b c']}", "not a name it takes"),
        ("topics: {outbound_message: [a, consent-change]}", "is also"),
    ] {
        let problems = problems_with(text, &[]);
        let [problem] = problems.as_slice() else { panic!("{text}: {problems:#?}") };
        assert_eq!(problem.key, key, "{text}");
        let said = format!("{} {}", problem.reason, problem.fix);
        assert!(said.contains(says), "{text}: {said}");
    }
    let many: Vec<String> = (0..17).map(|n| format!("t{n}")).collect();
    let many = format!("topics: {{outbound_message: [{}]}}", many.join(", "));
    assert!(problems_with(&many, &[])[0].reason.contains("17 names"));
}

#[test]
fn each_topic_may_have_its_own_format_and_mapping() {
    let text = "topics: {outbound_message: [a, b]}\nformats: {outbound_message: {b: avro-single-object}}\n\
                mapping: {outbound_message: {a: a.yaml}}\n";
    let config = parse(text).unwrap();
    let of = |topic| {
        let (formats, mapping) =
            (&config.formats.outbound_message, &config.mapping.outbound_message);
        (*formats.of(topic), mapping.of(topic).clone())
    };
    assert_eq!(of("a"), (Format::Json, Some(PathBuf::from("a.yaml"))));
    assert_eq!(of("b"), (Format::AvroSingleObject, None));
    let all =
        parse("topics: {outbound_message: [a, b]}\nmapping: {outbound_message: m.yaml}").unwrap();
    assert_eq!(all.mapping.outbound_message.of("b"), &Some(PathBuf::from("m.yaml")));
    // a variable means all of them
    let variable = [("CONSENT_GATE__MAPPING__OUTBOUND_MESSAGE", "v.yaml")];
    let config = parse_with(text, &variable).unwrap();
    assert_eq!(config.mapping.outbound_message.of("a"), &Some(PathBuf::from("v.yaml")));
    check_one(
        "mapping: {outbound_message: {elsewhere: a.yaml}}",
        &[],
        "mapping.outbound_message.elsewhere",
        "line 1",
        "`outbound-message`",
    );
    check_one(
        "formats:\n  outbound_message:\n    outbound-message: yaml\n",
        &[],
        "formats.outbound_message.outbound-message",
        "line 3",
        "write one of: json",
    );
    check_one(
        "formats: {outbound_message: {outbound-message: avro}}",
        &[],
        "formats.outbound_message",
        "default",
        "needs a schema registry",
    );
}

#[test]
fn all_problems_at_once_in_the_order_of_the_file() {
    let text = "\
instance_id: not a name
lanes: 0
kafka:
  group_idd: x
  start_at: never
  properties:
    acks: 1
    no.such.property: 1
topics: {approved: a, blocked: a}
formats: {consent_change: avro}
http: {listen: localhost}
lanes: 2
";
    let problems = problems_with(
        text,
        &[("CONSENT_GATE__LOG__LEVEL", "loud"), ("CONSENT_GATE__BATCH__MESSAGE_MAX", "1")],
    );
    let seen: Vec<String> =
        problems.iter().map(|problem| format!("{} {}", problem.place, problem.key)).collect();
    assert_eq!(
        seen,
        [
            "line 1 instance_id",
            "line 2 lanes",
            "line 4 kafka.group_idd",
            "line 5 kafka.start_at",
            "line 7 kafka.properties.acks",
            "line 8 kafka.properties.no.such.property",
            "line 9 topics.blocked",
            "line 10 formats.consent_change",
            "line 11 http.listen",
            "line 12 lanes",
            "CONSENT_GATE__BATCH__MESSAGE_MAX batch.message_max",
            "CONSENT_GATE__LOG__LEVEL log.level",
        ]
    );
    for problem in &problems {
        assert!(!problem.reason.is_empty() && !problem.fix.is_empty(), "{problem:?}");
    }
    let shown = parse(text).unwrap_err().to_string();
    assert!(shown.contains("gate.yaml:4:3: `kafka.group_idd` there is no such key\n    fix: did you mean `kafka.group_id`?"), "{shown}");
    assert!(shown.ends_with("10 problems in the configuration"), "{shown}");
}

#[test]
fn one_wrong_value_is_one_problem() {
    for (text, key, place, says) in [
        ("lane: 2\n", "lane", "line 1", "`lanes`"),
        ("kafak: {group_id: a}\n", "kafak", "line 1", "`kafka`"),
        ("group_id: a\n", "group_id", "line 1", "`kafka.group_id`"),
        ("lanes: \"2\"\n", "lanes", "line 1", "without quotes"),
        ("lanes: 1.5\n", "lanes", "line 1", "whole number"),
        ("lanes: -1\n", "lanes", "line 1", "from 1 to 256"),
        ("lanes: 1000000000000000000000000\n", "lanes", "line 1", "from 1 to 256"),
        ("lanes: [1]\n", "lanes", "line 1", "single value"),
        ("lanes:\n", "lanes", "line 1", "whole number"),
        ("kafka: 7\n", "kafka", "line 1", "section"),
        (
            "kafka: {leave_on_shutdown: yes}\n",
            "kafka.leave_on_shutdown",
            "line 1",
            "`true` or `false`",
        ),
        (
            "kafka: {leave_on_shutdown: \"true\"}\n",
            "kafka.leave_on_shutdown",
            "line 1",
            "without quotes",
        ),
        ("kafka: {group_id: \"\"}\n", "kafka.group_id", "line 1", "empty"),
        ("kafka: {group_id: 1.10}\n", "kafka.group_id", "line 1", "quotes"),
        (
            "kafka: {transaction_timeout_ms: 10001}\n",
            "kafka.transaction_timeout_ms",
            "line 1",
            "10000",
        ),
        ("kafka: {bootstrap_servers: kafka}\n", "kafka.bootstrap_servers", "line 1", "host:port"),
        (
            "kafka: {bootstrap_servers: \"a:1,,b:2\"}\n",
            "kafka.bootstrap_servers",
            "line 1",
            "host:port",
        ),
        (
            "kafka: {bootstrap_servers: \"SASL_SSL://a:1\"}\n",
            "kafka.bootstrap_servers",
            "line 1",
            "security.protocol",
        ),
        ("kafka: {bootstrap_servers: \"a:0\"}\n", "kafka.bootstrap_servers", "line 1", "host:port"),
        ("kafka: {properties: [a]}\n", "kafka.properties", "line 1", "mapping"),
        (
            "kafka: {properties: {sasl: {username: a}}}\n",
            "kafka.properties.sasl",
            "line 1",
            "one line",
        ),
        (
            "kafka: {properties: {fetch.min.bytes: many}}\n",
            "kafka.properties.fetch.min.bytes",
            "line 1",
            "librdkafka",
        ),
        (
            "kafka: {properties: {topic.metadata.refresh.interval.ms: 300000}}\n",
            "kafka.properties.topic.metadata.refresh.interval.ms",
            "line 1",
            "30000",
        ),
        (
            "kafka: {secrets: {sasl.username: /x}}\n",
            "kafka.secrets.sasl.username",
            "line 1",
            "kafka.properties",
        ),
        (
            "kafka: {secrets: {sasl.password: /no/such/file}}\n",
            "kafka.secrets.sasl.password",
            "line 1",
            "/no/such/file",
        ),
        ("topics: {approved: \"a b\"}\n", "topics.approved", "line 1", "letters, digits"),
        ("topics: {approved: \"..\"}\n", "topics.approved", "line 1", "letters, digits"),
        (
            "topics:\n  approved: consent-change\n",
            "topics.approved",
            "line 2",
            "topics.consent_change",
        ),
        (
            "formats: {outbound_message: xml}\n",
            "formats.outbound_message",
            "line 1",
            "avro-single-object",
        ),
        ("schema_registry: {url: \"ftp://a\"}\n", "schema_registry.url", "line 1", "http://"),
        (
            "schema_registry: {url: \"http://u:p@a\"}\n",
            "schema_registry.url",
            "line 1",
            "password_file",
        ),
        ("schema_registry: {username: a}\n", "schema_registry.username", "line 1", "both"),
        (
            "schema_registry: {password: hunter2}\n",
            "schema_registry.password",
            "line 1",
            "CONSENT_GATE__SCHEMA_REGISTRY__PASSWORD",
        ),
        ("http: {token: hunter2}\n", "http.token", "line 1", "http.token_file"),
        ("http: {token_file: /no/such/file}\n", "http.token_file", "line 1", "/no/such/file"),
        ("lanes: 1\nlanes: 1\n", "lanes", "line 2", "first at line 1"),
        ("kafka: {}\nkafka: {group_id: a}\n", "kafka", "line 2", "first at line 1"),
        (
            "kafka: {properties: {linger.ms: 1, linger.ms: 2}}\n",
            "kafka.properties.linger.ms",
            "line 1",
            "second time",
        ),
        ("- a\n", "", "line 1", "kafka:"),
        ("lanes: 1\n  kafka: {\n", "", "line 2", "YAML"),
        ("a: &a {b: 1}\nkafka:\n  <<: *a\n", "", "line 3", "YAML"),
        ("lanes: 1\n---\nlanes: 2\n", "", "line 2", "YAML"),
        ("lanes: !secret 1\n", "", "line 1", "YAML"),
    ] {
        check_one(text, &[], key, place, says);
    }
}

#[test]
fn variables_override_the_file() {
    let config = parse_with(
        "lanes: 2\nkafka: {group_id: a, properties: {linger.ms: 1, client.rack: r}}\n",
        &[
            ("CONSENT_GATE__LANES", "5"),
            ("CONSENT_GATE__KAFKA__GROUP_ID", "007"),
            ("CONSENT_GATE__KAFKA__LEAVE_ON_SHUTDOWN", "false"),
            ("CONSENT_GATE__KAFKA__PROPERTIES__LINGER_MS", "9"),
            ("CONSENT_GATE__KAFKA__SECRETS__SASL_PASSWORD", "hunter2"),
            ("CONSENT_GATE__HTTP__TOKEN", "t0ken"),
            ("CONSENT_GATE_TEST_KAFKA", "127.0.0.1:1"),
            ("CONSENT_GATE_REVISION", "x"),
            ("PATH", "/bin"),
        ],
    )
    .unwrap();
    assert_eq!(
        (config.lanes, config.kafka.group_id.as_str(), config.kafka.leave_on_shutdown),
        (5, "007", false)
    );
    let client = config.client_base();
    assert_eq!(
        [client.get("linger.ms"), client.get("client.rack"), client.get("sasl.password")],
        [Some("9"), Some("r"), Some("hunter2")]
    );
    assert_eq!(config.http.token.unwrap().expose(), "t0ken");
}

#[test]
fn wrong_variables_are_problems() {
    for (name, value, key, says) in [
        ("CONSENT_GATE__KAFKA__GROUPID", "a", "kafka.groupid", "CONSENT_GATE__KAFKA__GROUP_ID"),
        ("CONSENT_GATE__", "a", "", "no such key"),
        ("CONSENT_GATE__KAFKA", "a", "kafka", "no such key"),
        ("CONSENT_GATE__LANES", "many", "lanes", "whole number"),
        ("CONSENT_GATE__LANES", "", "lanes", "whole number"),
        (
            "CONSENT_GATE__KAFKA__PROPERTIES__ENABLE_IDEMPOTENCE",
            "false",
            "kafka.properties.enable.idempotence",
            "exactly one",
        ),
        (
            "CONSENT_GATE__KAFKA__PROPERTIES__SASL_PASSWORD",
            "hunter2",
            "kafka.properties.sasl.password",
            "kafka.secrets",
        ),
        ("CONSENT_GATE__KAFKA__SECRETS__SASL_PASSWORD", "", "kafka.secrets.sasl.password", "empty"),
    ] {
        check_one("", &[(name, value)], key, name, says);
    }
    use std::os::unix::ffi::OsStringExt as _;
    let broken = (OsString::from("CONSENT_GATE__LANES"), OsString::from_vec(vec![0xff]));
    assert!(
        matches!(Config::parse("f", "", [broken]), Err(ConfigError::Invalid { problems, .. }) if problems.len() == 1)
    );
}

#[test]
fn properties_a_promise_depends_on_are_refused_from_file_and_environment() {
    for (names, reason, fix) in refused_properties() {
        for name in *names {
            let name = name.replace('*', "num.brokers");
            check_one(
                &format!("kafka:\n  properties:\n    {name}: 1\n"),
                &[],
                &format!("kafka.properties.{name}"),
                "line 3",
                reason,
            );
            assert!(!fix.is_empty());
        }
    }
    for open in [
        "security.protocol: SSL",
        "fetch.min.bytes: 1",
        "client.id: x",
        "compression.type: zstd",
        "max.poll.interval.ms: 60000",
    ] {
        assert!(parse(&format!("kafka: {{properties: {{{open}}}}}")).is_ok(), "{open}");
    }
}

#[test]
fn compression_has_one_key() {
    let of = |yaml: &str| {
        parse(yaml)
            .map(|config| config.producer_base().get("compression.type").unwrap_or("-").to_owned())
    };
    assert_eq!(of("").unwrap(), "lz4");
    for compression in Compression::ALL.iter().map(|one| one.as_str()) {
        assert_eq!(of(&format!("outputs: {{compression: {compression}}}")).unwrap(), compression);
    }
    let passed = "kafka: {properties: {compression.type: zstd}}";
    assert_eq!(of(passed).unwrap(), "zstd");
    assert!(of(&format!("{passed}\noutputs: {{compression: gzip}}")).is_err());
    assert!(of("outputs: {compression: brotli}").is_err());
    // consumers are not told what only producers know
    assert_eq!(parse("").unwrap().client_base().get("compression.type"), None);
}

#[test]
fn secrets_come_from_files_and_are_never_shown() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("password");
    std::fs::write(&file, "hunter2\n").unwrap();
    let file = file.display();
    let text = format!(
        "kafka: {{secrets: {{sasl.password: {file}}}}}\nschema_registry: {{url: \"http://r\", username: u, password_file: {file}}}\nhttp: {{token_file: {file}}}\n"
    );
    let (config, effective) = Config::read("gate.yaml", &text, []).unwrap();
    assert_eq!(config.client_base().get("sasl.password"), Some("hunter2"));
    assert_eq!(
        config.schema_registry.as_ref().unwrap().credentials.as_ref().unwrap().1.expose(),
        "hunter2"
    );
    for shown in [
        format!("{config:?}"),
        format!("{config:#?}"),
        format!("{effective:?}"),
        format!("{:?}", config.client_base()),
    ] {
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("redacted") || shown.contains("ClientConfig"), "{shown}");
    }
    let wrong = [
        ("kafka: {properties: {sasl.password: hunter2}}\n", "sasl.password: /path/to/file"),
        ("kafka: {secrets: {ssl.key.pem: /dev/null}}\n", "not a regular file"),
    ];
    for (text, says) in wrong {
        let shown = parse(text).unwrap_err().to_string();
        assert!(shown.contains(says) && !shown.contains("hunter2"), "{shown}");
    }
}

/// A table of its own, with a key that was renamed; the program's keys change.
mod renamed {
    use super::*;
    use crate::config::key::Preset::Value;

    config! {
        /// What a section looks like after one of its keys was renamed.
        pub(super) Renamed {
            "a.flush_ms" flush: Duration = milliseconds(1, 9), Value("5"), "ms", "Effect." formerly "b.checkpoint_ms";
            "a.other" other: bool = boolean(), Value("true"), "", "Effect.";
        }
    }

    fn read(text: &str, variables: &[(&str, &str)]) -> Result<(u64, Vec<String>), String> {
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
        let mut reader = reader::Reader::new(written::Written::read(TABLE, text, variables));
        let section = Renamed::read(&mut reader);
        assert!(section.other);
        match reader.finish(TABLE) {
            Ok(effective) => {
                let from = effective.iter().filter_map(|line| line.renamed_from);
                Ok((section.flush.as_millis() as u64, from.map(str::to_owned).collect()))
            }
            Err(problems) => Err(render("f", &problems)),
        }
    }

    #[test]
    fn the_name_of_before_is_understood_and_told() {
        let old = vec!["b.checkpoint_ms".to_owned()];
        assert_eq!(read("", &[]), Ok((5, vec![])));
        assert_eq!(read("a: {flush_ms: 7}", &[]), Ok((7, vec![])));
        assert_eq!(read("b: {checkpoint_ms: 7}", &[]), Ok((7, old.clone())));
        let variable = "CONSENT_GATE__B__CHECKPOINT_MS";
        assert_eq!(read("", &[(variable, "6")]), Ok((6, old.clone())));
        assert_eq!(read("a: {flush_ms: 7}", &[(variable, "6")]), Ok((6, old)));
        let new = ("CONSENT_GATE__A__FLUSH_MS", "8");
        assert_eq!(read("b: {checkpoint_ms: 7}", &[new]), Ok((8, vec![])));
    }

    #[test]
    fn both_names_at_once_are_a_problem() {
        let shown = read("a: {flush_ms: 7}\nb: {checkpoint_ms: 7}\n", &[]).unwrap_err();
        let says = "f:2:5: `b.checkpoint_ms` is the same as `a.flush_ms`, which is set as well\n    fix: keep `a.flush_ms`";
        assert!(shown.contains(says), "{shown}");
        let shown = read("b: {checkpoint_ms: 7}\na: {flush_ms: 7}\n", &[]).unwrap_err();
        assert!(shown.contains("f:2:5: `a.flush_ms` is the same as `b.checkpoint_ms`"), "{shown}");
        let both = [("CONSENT_GATE__B__CHECKPOINT_MS", "6"), ("CONSENT_GATE__A__FLUSH_MS", "6")];
        assert!(read("", &both).unwrap_err().contains("keep `a.flush_ms`"));
        // a bound holds by whatever name
        assert!(read("b: {checkpoint_ms: 10}", &[]).unwrap_err().contains("out of range"));
    }
}

#[test]
fn too_much_is_refused_before_it_costs() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("large.yaml");
    std::fs::write(&path, "a".repeat(2 * 1024 * 1024)).unwrap();
    assert!(matches!(Config::load(&path), Err(ConfigError::TooLarge { .. })));
    assert!(matches!(
        Config::load(&dir.path().join("absent.yaml")),
        Err(ConfigError::Unreadable { .. })
    ));
    let deep = "a: ".to_owned() + &"{a: ".repeat(2_000) + &"}".repeat(2_000);
    assert_eq!(problems_with(&deep, &[]).len(), 1);
    let laughs = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n";
    assert!(!problems_with(laughs, &[]).is_empty());
}

#[test]
fn golden_reference_and_example_match_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (file, generated) in
        [("docs/reference/config.md", markdown()), ("config.example.yaml", example())]
    {
        let path = root.join(file);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &generated).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == generated,
            "{file} differs from src/config/keys.rs: run UPDATE_GOLDEN=1 cargo test --release --lib config::tests::golden"
        );
    }
    let (example, defaults) =
        (Config::read("e", &example(), []).unwrap().1, Config::read("d", "", []).unwrap().1);
    let values = |effective: Vec<Effective>| {
        effective.into_iter().map(|line| (line.key, line.value)).collect::<Vec<_>>()
    };
    assert_eq!(values(example), values(defaults));
}
