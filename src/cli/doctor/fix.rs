//! What is to be done about findings: each thing once, as a command that can be pasted.
//!
//! Equal fixes become one: settings of a topic one command, the same settings of several topics one loop, the same right
//! on several topics one command. Invariant: nothing is left out, and each names the findings it is for.

/// What is to be done about one finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fix {
    /// Nothing.
    Nothing,
    /// A sentence.
    Say(String),
    /// A setting of a topic, or several with commas.
    Setting { topic: String, setting: String },
    /// A right that is missing.
    Acl { operations: &'static str, resource: String },
}

/// What commands need to be pasted as they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places<'a> {
    /// The configuration file, as it was named.
    pub(super) file: &'a str,
    /// `kafka.bootstrap_servers`.
    pub(super) bootstrap: &'a str,
}

/// Something to do, and the checks it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ToDo {
    pub(super) text: String,
    pub(super) checks: Vec<String>,
}

impl From<&str> for Fix {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<String> for Fix {
    fn from(text: String) -> Self {
        if text.is_empty() { Self::Nothing } else { Self::Say(text) }
    }
}

impl Fix {
    pub(super) fn is_nothing(&self) -> bool {
        *self == Self::Nothing
    }

    /// This one by itself.
    pub(super) fn text(&self, places: Places<'_>) -> String {
        let alone = [(String::new(), self.clone())];
        let done = merge(&alone, places).into_iter().next();
        done.map(|to_do| to_do.text).unwrap_or_default()
    }

    #[cfg(test)]
    pub(super) fn says(&self, part: &str) -> bool {
        self.text(Places { file: "gate.yaml", bootstrap: "kafka:9092" }).contains(part)
    }
}

/// What is to be done about all of these, in their order.
pub(super) fn merge(fixes: &[(String, Fix)], places: Places<'_>) -> Vec<ToDo> {
    let mut groups: Vec<Group> = Vec::new();
    for (check, fix) in fixes {
        if fix.is_nothing() {
            continue;
        }
        match groups.iter_mut().find(|group| group.takes(fix)) {
            Some(group) => group.add(check, fix),
            None => groups.push(Group::new(check, fix)),
        }
    }
    let mut merged: Vec<Group> = Vec::new();
    for group in groups {
        match merged.iter_mut().find(|known| known.is_same_for_another_topic(&group)) {
            Some(known) => {
                known.topics.extend(group.topics);
                known.checks.extend(group.checks);
            }
            None => merged.push(group),
        }
    }
    merged.into_iter().map(|group| group.finish(places)).collect()
}

/// Findings that one command mends.
struct Group {
    first: Fix,
    topics: Vec<String>,
    /// Settings, or resources of a right.
    parts: Vec<String>,
    checks: Vec<String>,
}

impl Group {
    fn new(check: &str, fix: &Fix) -> Self {
        let topics = match fix {
            Fix::Setting { topic, .. } => vec![topic.clone()],
            Fix::Nothing | Fix::Say(_) | Fix::Acl { .. } => Vec::new(),
        };
        let mut group = Self { first: fix.clone(), topics, parts: Vec::new(), checks: Vec::new() };
        group.add(check, fix);
        group
    }

    fn takes(&self, fix: &Fix) -> bool {
        match (&self.first, fix) {
            (Fix::Say(known), Fix::Say(text)) => known == text,
            (Fix::Setting { topic: known, .. }, Fix::Setting { topic, .. }) => known == topic,
            (Fix::Acl { operations: known, resource: of }, Fix::Acl { operations, resource }) => {
                known == operations && is_topic(of) && is_topic(resource)
            }
            _ => false,
        }
    }

    fn add(&mut self, check: &str, fix: &Fix) {
        let part = match fix {
            Fix::Setting { setting, .. } => setting,
            Fix::Acl { resource, .. } => resource,
            Fix::Nothing | Fix::Say(_) => "",
        };
        if !self.parts.iter().any(|known| known == part) {
            self.parts.push(part.to_owned());
        }
        self.checks.push(check.to_owned());
    }

    fn is_same_for_another_topic(&self, other: &Self) -> bool {
        let are_settings = |group: &Self| matches!(group.first, Fix::Setting { .. });
        are_settings(self) && are_settings(other) && self.parts == other.parts
    }

    fn finish(self, places: Places<'_>) -> ToDo {
        let Self { first, topics, parts, checks } = self;
        let Places { file, bootstrap } = places;
        let text = match first {
            Fix::Nothing => String::new(),
            Fix::Say(text) => with_file(&text, file),
            Fix::Acl { operations, .. } => format!(
                "kafka-acls.sh --bootstrap-server {bootstrap} --add --allow-principal User:… {operations} {}",
                parts.join(" ")
            ),
            Fix::Setting { .. } => {
                let alter = |name: &str| {
                    let settings = parts.join(",");
                    format!(
                        "kafka-configs.sh --bootstrap-server {bootstrap} --alter --entity-type topics --entity-name {name} \
                         --add-config {settings}"
                    )
                };
                match topics.as_slice() {
                    [topic] => alter(topic),
                    topics => {
                        format!("for t in {}; do {}; done", topics.join(" "), alter("\"$t\""))
                    }
                }
            }
        };
        ToDo { text, checks }
    }
}

fn is_topic(resource: &str) -> bool {
    resource.starts_with("--topic ")
}

/// Our own commands with the configuration file that was named.
fn with_file(text: &str, file: &str) -> String {
    const COMMANDS: [&str; 4] = ["topics create", "consent show", "consent skip", "doctor"];
    COMMANDS.iter().fold(text.to_owned(), |text, command| {
        let bare = format!("`consent-gate {command}`");
        text.replace(&bare, &format!("`consent-gate {command} -c {file}`"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACES: Places<'_> = Places { file: "gate.yaml", bootstrap: "kafka:9092" };

    fn merged(fixes: &[(&str, Fix)]) -> Vec<(String, usize)> {
        let fixes: Vec<_> =
            fixes.iter().map(|(check, fix)| ((*check).to_owned(), fix.clone())).collect();
        let to_do = merge(&fixes, PLACES);
        to_do.into_iter().map(|to_do| (to_do.text, to_do.checks.len())).collect()
    }

    fn setting(topic: &str, setting: &str) -> Fix {
        Fix::Setting { topic: topic.to_owned(), setting: setting.to_owned() }
    }

    #[test]
    fn equal_fixes_are_one_command_with_the_file() {
        let create = Fix::from("run `consent-gate topics create`, or correct the name");
        let found = merged(&[("a", create.clone()), ("b", Fix::Nothing), ("c", create)]);
        let text = "run `consent-gate topics create -c gate.yaml`, or correct the name";
        assert_eq!(found, [(text.to_owned(), 2)]);
    }

    #[test]
    fn settings_of_a_topic_are_one_command_and_the_same_of_several_one_loop() {
        const ALTER: &str = "kafka-configs.sh --bootstrap-server kafka:9092 --alter --entity-type topics --entity-name";
        let found = merged(&[
            ("a: retention", setting("a", "retention.ms=-1")),
            ("a: time", setting("a", "message.timestamp.type=LogAppendTime")),
            ("b: in sync", setting("b", "min.insync.replicas=2")),
            ("c: in sync", setting("c", "min.insync.replicas=2")),
        ]);
        let first =
            format!("{ALTER} a --add-config retention.ms=-1,message.timestamp.type=LogAppendTime");
        let second =
            format!("for t in b c; do {ALTER} \"$t\" --add-config min.insync.replicas=2; done");
        assert_eq!(found, [(first, 2), (second, 2)]);
    }

    #[test]
    fn one_right_on_several_topics_is_one_command() {
        let acl = |operations, resource: &str| Fix::Acl { operations, resource: resource.into() };
        let found = merged(&[
            ("read a", acl("--operation Read", "--topic a")),
            ("write b", acl("--operation Write", "--topic b")),
            ("read c", acl("--operation Read", "--topic c")),
            ("group g", acl("--operation Read", "--group g")),
        ]);
        let texts: Vec<&str> =
            found.iter().filter_map(|(text, _)| text.split("User:… ").nth(1)).collect();
        assert_eq!(
            texts,
            [
                "--operation Read --topic a --topic c",
                "--operation Write --topic b",
                "--operation Read --group g",
            ]
        );
    }
}
