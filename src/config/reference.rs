//! The reference of all keys: Markdown for `docs/reference/config.md`, YAML for `config.example.yaml`.
//!
//! Both are generated and committed; a test compares them with this table (`UPDATE_GOLDEN=1` writes them anew).

use super::kafka;
use super::key::{Key, Kind, Preset};
use super::keys::TABLE;

impl Kind {
    /// For people, e.g. `1 – 256`.
    #[must_use]
    pub fn describe(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Brokers => "`host:port,…`".to_owned(),
            Self::Name { chars_max } => format!("name, at most {chars_max} of `A-Z a-z 0-9 . _ -`"),
            Self::Integer { min, max } => format!("whole number {min} – {max}"),
            Self::Boolean => "`true`, `false`".to_owned(),
            Self::Choice(words) => {
                words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
            }
            Self::Path => "path".to_owned(),
            Self::Url => "URL".to_owned(),
            Self::Socket => "`ip:port`".to_owned(),
            Self::Names { n_max, bytes_max } => {
                format!("list of at most {n_max} names of at most {bytes_max} bytes")
            }
            Self::Topics { n_max } => format!("name of a topic, or a list of at most {n_max}"),
            Self::ChoiceByTopic(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
                format!("{}; or a mapping of topics to these", words.join(", "))
            }
            Self::PathByTopic => "path; or a mapping of topics to paths".to_owned(),
            Self::Properties => "mapping".to_owned(),
            Self::Secrets => "mapping to files".to_owned(),
            Self::EnvironmentOnly => "secret, environment only".to_owned(),
        }
    }
}

impl Preset {
    /// For people.
    #[must_use]
    pub fn describe(self) -> String {
        match self {
            Self::Value(text) => format!("`{text}`"),
            Self::Computed(from) => from.to_owned(),
            Self::Unset => "–".to_owned(),
        }
    }
}

impl Key {
    /// The section within its section; empty for most.
    fn group(&self) -> &'static str {
        let within = self.path.split_once('.').map_or("", |(_, within)| within);
        within.rsplit_once('.').map_or("", |(group, _)| group)
    }

    /// What it does, and what it was called before.
    fn prose(&self) -> String {
        match self.formerly {
            Some(former) => {
                format!("{} Formerly `{former}`, which is still understood.", self.effect)
            }
            None => self.effect.to_owned(),
        }
    }

    fn name(&self) -> &'static str {
        self.path.rsplit_once('.').map_or(self.path, |(_, name)| name)
    }
}

/// `docs/reference/config.md`.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from(concat!(
        "# Configuration\n\n",
        "<!-- Generated from src/config/keys.rs: UPDATE_GOLDEN=1 cargo test --release --lib config::tests::golden -->\n\n",
        "One YAML file, `consent-gate run -c FILE`; every key has a default, so an empty file is valid. A variable overrides the file:\n",
        "`CONSENT_GATE__` and the key in capitals, with `__` for the dot, e.g. `CONSENT_GATE__KAFKA__GROUP_ID` for `kafka.group_id`.\n",
        "Below `kafka.properties` and `kafka.secrets` a single `_` stands for the dot in librdkafka's name:\n",
        "`CONSENT_GATE__KAFKA__SECRETS__SASL_PASSWORD` is `sasl.password`. A list is written with commas. Unknown keys and unknown `CONSENT_GATE__` variables are errors.\n\n",
        "Secrets come from files or from the environment, never from this file. Relative paths count from the working directory.\n",
        "`consent-gate config check -c FILE` shows everything wrong at once, or what holds for each key and where it comes from.\n",
    ));
    let mut section = None;
    for key in TABLE.keys() {
        if section != Some(key.section()) {
            section = Some(key.section());
            let title = if key.section().is_empty() { "Top level" } else { key.section() };
            text.push_str(&format!(
                "\n## {title}\n\n| key | type | default | unit | effect |\n|---|---|---|---|---|\n"
            ));
        }
        text.push_str(&format!(
            "| `{}` | {} | {} | {} | {} |\n",
            key.path,
            key.kind.describe(),
            key.preset.describe(),
            key.unit,
            key.prose()
        ));
    }
    text.push_str("\n## Refused librdkafka properties\n\nThese stand under no key of `kafka.properties`, because a promise depends on them.\n\n| property | reason | instead |\n|---|---|---|\n");
    for (names, reason, instead) in kafka::REFUSED {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        text.push_str(&format!("| {} | {reason} | {instead} |\n", names.join(" ")));
    }
    text
}

/// `config.example.yaml`: every key at its default, so that the file means the same as an empty one.
#[must_use]
pub fn example() -> String {
    let mut text = String::from(concat!(
        "# consent-gate: every key at its default. What begins with `#` is optional or found out at start.\n",
        "# All types and limits: docs/reference/config.md. Check a file: consent-gate config check -c FILE\n",
        "# Generated from src/config/keys.rs: UPDATE_GOLDEN=1 cargo test --release --lib config::tests::golden\n",
    ));
    let (mut section, mut group) = ("", "");
    for key in TABLE.keys().filter(|key| key.kind != Kind::EnvironmentOnly) {
        if key.section() != section {
            section = key.section();
            group = "";
            text.push_str(&format!("\n{section}:\n"));
        } else if section.is_empty() {
            text.push('\n');
        }
        if key.group() != group {
            group = key.group();
            text.push_str(&format!("  {group}:\n"));
        }
        let indent = match (section, group) {
            ("", _) => "",
            (_, "") => "  ",
            _ => "    ",
        };
        for line in wrapped(&key.prose()) {
            text.push_str(&format!("{indent}# {line}\n"));
        }
        match (key.kind, key.preset) {
            (Kind::Properties | Kind::Secrets, _) => {
                let examples: &[&str] = if key.kind == Kind::Properties {
                    &[
                        "security.protocol: SASL_SSL",
                        "sasl.mechanisms: SCRAM-SHA-512",
                        "sasl.username: consent-gate",
                        "ssl.ca.location: /etc/ssl/certs/kafka-ca.pem",
                    ]
                } else {
                    &["sasl.password: /run/secrets/kafka-password"]
                };
                text.push_str(&format!("{indent}{}:\n", key.name()));
                for example in examples {
                    text.push_str(&format!("{indent}  # {example}\n"));
                }
            }
            (_, Preset::Value(value)) => {
                let unit =
                    if key.unit.is_empty() { String::new() } else { format!("    # {}", key.unit) };
                text.push_str(&format!("{indent}{}: {value}{unit}\n", key.name()));
            }
            (_, Preset::Computed(from)) => {
                text.push_str(&format!("{indent}# {}: …    # default: {from}\n", key.name()))
            }
            (_, Preset::Unset) => {
                text.push_str(&format!("{indent}# {}: {}\n", key.name(), sample(key)))
            }
        }
    }
    text
}

/// A value of the right kind for a key without a default.
fn sample(key: &Key) -> &'static str {
    match key.kind {
        Kind::Url => "http://127.0.0.1:8081",
        Kind::Path if key.path.ends_with("ca_file") => "/etc/ssl/certs/registry-ca.pem",
        Kind::Path if key.path == "state.checkpoints.dir" => "/var/lib/consent-gate-checkpoints",
        Kind::Path => "/run/secrets/…",
        _ => "…",
    }
}

/// For a terminal: `consent-gate config reference`.
#[must_use]
pub fn plain() -> String {
    let mut text = String::from(
        "Each key with type, default, unit and effect. A variable overrides the file:\n\
         CONSENT_GATE__KAFKA__GROUP_ID is kafka.group_id.\n",
    );
    let mut paragraph = |title: &str, facts: &str, prose: &str| {
        text.push_str(&format!("\n{title}\n    {facts}\n"));
        for line in wrapped(prose) {
            text.push_str(&format!("    {line}\n"));
        }
    };
    for key in TABLE.keys() {
        let unit = if key.unit.is_empty() { String::new() } else { format!("; {}", key.unit) };
        let facts = format!("{}; default {}{unit}", key.kind.describe(), key.preset.describe());
        paragraph(key.path, &facts, &key.prose());
    }
    text.push_str("\nRefused under kafka.properties, because a promise depends on them:\n");
    for (names, reason, instead) in kafka::REFUSED {
        for line in wrapped(&names.join(" ")) {
            text.push_str(&format!("\n{line}"));
        }
        text.push('\n');
        for line in wrapped(&format!("{reason}; {instead}")) {
            text.push_str(&format!("    {line}\n"));
        }
    }
    // Backticks are for Markdown.
    text.replace('`', "")
}

/// Lines of at most 100 characters.
fn wrapped(text: &str) -> Vec<String> {
    const LINE_CHARS_MAX: usize = 100;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= LINE_CHARS_MAX => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
