//! `consent-gate report processing`: the record of processing activities (GDPR art. 30(1)), as far as it is known here.
//!
//! Each line says where it comes from: the program, the configuration, a pack. INVARIANT: nothing is made up. What only the
//! controller knows is marked as that and left open; the record is complete when a person has filled it in.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use clap::Args;
use gate_core::{Basis, PolicySet, RecipientKind};
use gate_policy::{File, is_pack};
use serde::{Deserialize, Serialize};

use super::item::{Item, Origin};
use super::{ConfigFile, ExitCode, Failure, measures, output};
use crate::config::Config;
use crate::outputs::{Input, Output};
use crate::policies::PolicySource;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
    /// One JSON object
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// A Markdown page
    #[arg(long)]
    markdown: bool,
}

/// A letter of art. 30(1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Part {
    article: &'static str,
    title: &'static str,
    items: Vec<Item>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = arguments.file.load()?;
    let source = PolicySource::of(&config.policies);
    let failed = |error| Failure::new(ExitCode::Config, error);
    let files = source.files().map_err(failed)?;
    let policies = source.load().map_err(failed)?;
    let parts = record(&config, &policies, &files);
    if arguments.json {
        return output::print_json(&serde_json::json!({
            "record": "GDPR art. 30(1)", "policy_revision": policies.revision(), "parts": parts,
        }));
    }
    let text = if arguments.markdown {
        markdown(&parts, policies.revision())
    } else {
        text(&parts, policies.revision())
    };
    Ok(output::print(&text)?)
}

fn record(config: &Config, policies: &PolicySet, files: &[File]) -> Vec<Part> {
    let part = |article, title, items| Part { article, title, items };
    vec![
        part("30(1)(a)", "Controller", controller()),
        part("30(1)(b)", "Purposes", purposes(policies)),
        part("30(1)(c)", "Categories of data subjects and of personal data", categories()),
        part("30(1)(d)", "Categories of recipients", recipients(config)),
        part("30(1)(e)", "Transfers to third countries", transfers(config)),
        part("30(1)(f)", "Time limits for erasure", retention(config, files)),
        part("30(1)(g)", "Security measures (art. 32(1))", measures::measures(config)),
    ]
}

/// The configuration has no place for any of these.
fn controller() -> Vec<Item> {
    ["controller", "joint controllers", "representative", "data protection officer"]
        .map(|who| Item::open(who, "name and contact details"))
        .into()
}

fn purposes(policies: &PolicySet) -> Vec<Item> {
    let bases: BTreeSet<&str> = Basis::ALL
        .into_iter()
        .filter(|basis| {
            policies.rules().iter().any(|rule| rule.bases.iter().any(|it| it.basis == *basis))
        })
        .map(Basis::as_str)
        .collect();
    let packs: Vec<String> = policies
        .packs()
        .iter()
        .map(|pack| format!("{}@{}", pack.code.as_str(), pack.version))
        .collect();
    let bases: Vec<&str> = bases.into_iter().collect();
    vec![
        Item::new(
            "of this program",
            "to decide before each message whether consent law lets it go out, to keep refusals so that they are honoured, \
             and to be able to prove both",
            Origin::Program,
        ),
        Item::new(
            "bases a message can rely on",
            format!("{}; service messages without promotion", bases.join(", ")),
            Origin::Configuration,
        ),
        Item::new("law it is judged by", packs.join(", "), Origin::Configuration),
        Item::open(
            "of the messages",
            "each message and each consent names its own in `purpose`; the list of them is not configured here",
        ),
    ]
}

fn categories() -> Vec<Item> {
    let kinds = RecipientKind::ALL.map(RecipientKind::as_str).join(", ");
    vec![
        Item::new(
            "data subjects",
            format!("recipients of messages and whoever consents or refuses ({kinds})"),
            Origin::Program,
        ),
        Item::new(
            "data in the records it reads",
            "contact id, address or phone number, country, time zone, consent and refusals with time and proof, \
             relationships, bounces, complaints, entries of registries, birth date, texts people wrote",
            Origin::Program,
        ),
        Item::new(
            "data it keeps itself",
            "keyed hashes of contact ids and addresses; kind, scope and time of consent and refusals; birth date as a \
             day; what was approved and when",
            Origin::Program,
        ),
        Item::open(
            "of your customers, donors, members …",
            "which groups they are, and whether a purpose or product tells special categories (art. 9)",
        ),
    ]
}

fn recipients(config: &Config) -> Vec<Item> {
    let topics = &config.topics;
    let copies =
        Output::ALL.iter().filter(|output| output.row().copies == Some(Input::ConsentChange));
    let consent: Vec<_> = std::iter::once(&topics.consent_change)
        .chain(copies.map(|output| topics.outputs.of(*output)))
        .map(|topic| format!("`{topic}`"))
        .collect();
    let mut items = vec![
        Item::new(
            "senders",
            format!("whoever may read topic `{}`", topics.outputs.approved),
            Origin::Configuration,
        ),
        Item::new(
            "readers of other decisions",
            format!(
                "whoever may read topics `{}`, `{}`",
                topics.outputs.blocked, topics.outputs.deferred
            ),
            Origin::Configuration,
        ),
        Item::new(
            "readers of consent",
            format!("whoever may read topics {}", consent.join(", ")),
            Origin::Configuration,
        ),
        Item::new(
            "operator of Kafka",
            format!("whoever runs {}", config.kafka.bootstrap_servers),
            Origin::Configuration,
        ),
    ];
    if let Some(registry) = &config.schema_registry {
        let value = format!("{} gets schemas' ids, no personal data", registry.url);
        items.push(Item::new("operator of the schema registry", value, Origin::Configuration));
    }
    items.push(Item::open(
        "their names",
        "who they are, processors among them; access lists say who may read",
    ));
    items
}

fn transfers(config: &Config) -> Vec<Item> {
    let brokers = format!("data goes to {} and nowhere else", config.kafka.bootstrap_servers);
    vec![
        Item::new("by this program", brokers, Origin::Configuration),
        Item::open(
            "third countries",
            "where those brokers, their disks and the senders are, and the safeguards (art. 46)",
        ),
    ]
}

fn retention(config: &Config, files: &[File]) -> Vec<Item> {
    let topics: Vec<_> =
        config.topics.all().into_iter().map(|topic| format!("`{topic}`")).collect();
    let topics = topics.join(", ");
    let erased = "until an `erase` event; from the disk within 7 days of running, and a keyed hash stays that keeps the \
                  address blocked";
    let mut items = vec![
        Item::new("state of consent", erased, Origin::Program),
        Item::new(
            "approvals (`topics.sent_log`)",
            "35 days, or the longest window of a cap in force; requests for consent: the last 8, without end",
            Origin::Program,
        ),
        Item::new(
            "stores put aside",
            "the last two, until newer ones replace them",
            Origin::Program,
        ),
        match &config.state.checkpoints {
            Some(kept) => {
                let each =
                    output::span(u64::try_from(kept.interval.as_millis()).unwrap_or(u64::MAX));
                let value = format!("the newest {}, one each {each}", kept.keep);
                Item::new("checkpoints", value, Origin::Configuration)
            }
            None => Item::new("checkpoints", "none are made", Origin::Configuration),
        },
        Item::open(
            "topics",
            &format!("set on the brokers, which `consent-gate doctor` asks: {topics}"),
        ),
        Item::open("logs, backups", "kept by others than this program"),
    ];
    items.extend(files.iter().filter(|file| is_pack(&file.name)).filter_map(of_pack));
    items
}

/// A pack as far as it is read here; the compiler has checked the rest of it.
#[derive(Debug, Deserialize)]
struct PackText {
    monitoring: Option<Monitoring>,
}

#[derive(Debug, Deserialize)]
struct Monitoring {
    retention: Option<String>,
}

fn of_pack(file: &File) -> Option<Item> {
    let code = file.name.trim_end_matches(".yaml").to_owned();
    let retention = match serde_saphyr::from_str::<PackText>(&file.text) {
        Ok(pack) => pack.monitoring?.retention?,
        Err(_) => "`monitoring.retention` cannot be read".to_owned(),
    };
    let value = retention.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(Item::new(format!("proof of consent, {code}"), value, Origin::Pack(code)))
}

const HEAD: &str = "Record of processing activities (GDPR art. 30(1)): what configuration and packs know. Not legal advice.";

fn text(parts: &[Part], revision: &str) -> String {
    let mut out = format!("{HEAD}\nPolicy revision {revision}\n");
    for part in parts {
        // writing to a String cannot fail, here and below
        writeln!(out, "\n{} {}", part.article, part.title).ok();
        for Item { name, value, from } in &part.items {
            writeln!(out, "  {name}: {value}\n    [{}]", from.say()).ok();
        }
    }
    out
}

fn markdown(parts: &[Part], revision: &str) -> String {
    let mut out =
        format!("# Record of processing activities\n\n{HEAD}\nPolicy revision {revision}.\n");
    for part in parts {
        writeln!(out, "\n## {} {}\n\n| | | from |\n|---|---|---|", part.article, part.title).ok();
        for Item { name, value, from } in &part.items {
            let [name, value] = [name, value].map(|text| text.replace('|', "\\|"));
            writeln!(out, "| {name} | {value} | {} |", from.say()).ok();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(yaml: &str) -> Vec<Part> {
        let config = Config::parse("f", yaml, []).unwrap();
        let source = PolicySource::default();
        record(&config, &source.load().unwrap(), &source.files().unwrap())
    }

    #[test]
    fn every_letter_of_the_article_has_its_part() {
        let parts = parts("instance_id: gate-1");
        let letters: Vec<&str> = parts.iter().map(|part| part.article).collect();
        let wanted = ["a", "b", "c", "d", "e", "f", "g"].map(|letter| format!("30(1)({letter})"));
        assert_eq!(letters, wanted);
        assert!(parts.iter().all(|part| !part.items.is_empty()));
        let opens = |part: &Part| part.items.iter().any(|item| item.from == Origin::Controller);
        assert!(parts.iter().all(opens), "each has something only the controller knows");
        assert!(
            parts[0].items.iter().all(|item| item.from == Origin::Controller),
            "nothing made up"
        );
    }

    #[test]
    fn what_packs_say_of_retention_is_quoted_and_every_pack_is_read() {
        let parts = parts("instance_id: gate-1");
        let retention = parts.iter().find(|part| part.article == "30(1)(f)").unwrap();
        let from_packs: Vec<&Item> =
            retention.items.iter().filter(|item| matches!(item.from, Origin::Pack(_))).collect();
        assert!(from_packs.len() > 5, "{from_packs:?}");
        let unread = from_packs.iter().find(|item| item.value.contains("cannot be read"));
        assert_eq!(unread, None);
        assert!(from_packs.iter().all(|item| !item.value.contains('\n')));
    }

    #[test]
    fn checkpoints_and_topics_are_those_configured() {
        let yaml = "{instance_id: g, topics: {approved: may-go}, state: {dir: /a, checkpoints: {dir: /b, keep: 4}}}";
        let text = text(&parts(yaml), "r1");
        assert!(text.contains("`may-go`") && text.contains("the newest 4, one each "), "{text}");
        assert!(super::text(&parts("instance_id: g"), "r1").contains("checkpoints: none are made"));
    }

    #[test]
    fn the_page_is_a_table_for_each_letter() {
        let page = markdown(&parts("instance_id: g"), "r1");
        assert_eq!(page.matches("\n|---|---|---|").count(), 7);
        assert!(page.contains("## 30(1)(a) Controller"), "{page}");
        let rows = page.lines().filter(|line| line.starts_with('|'));
        for row in rows {
            assert_eq!(row.replace("\\|", "").matches('|').count(), 4, "{row}");
        }
    }
}
