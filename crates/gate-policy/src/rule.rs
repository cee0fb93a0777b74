//! The rules of a pack: base rules and additions.

use crate::basis::bases;
use crate::cover::cover;
use crate::limit::{caps, content, hours, registry, transactional};
use crate::node::{Node, Place, Value};
use crate::pack::Context;
use crate::provenance::provenance;
use crate::reader::{Fields, Reader, list};
use gate_core::Channel;
use gate_core::policy::{ChannelSet, ConsentRequest, DoubleOptIn, Regime, Rule};

pub(crate) fn rules(
    reader: &mut Reader<'_>,
    node: &Node,
    is_base: bool,
    context: &mut Context<'_>,
) -> Vec<Rule> {
    let items = reader.items(node, "`rules`");
    let mut out: Vec<(Rule, Place)> = Vec::new();
    for item in items {
        if let Some(rule) = rule(reader, item, is_base, context) {
            out.push((rule, item.place));
        }
    }
    if is_base && reader.is_sound() {
        cover(reader, node.place, &out);
    }
    out.into_iter().map(|(rule, _)| rule).collect()
}

const RULE_KEYS: [&str; 18] = [
    "id",
    "law",
    "status",
    "source",
    "note",
    "channels",
    "from",
    "until",
    "regime",
    "bases",
    "double_opt_in",
    "registry",
    "content",
    "frequency",
    "hours",
    "transactional",
    "consent_request",
    "revoke_all",
];

fn rule(
    reader: &mut Reader<'_>,
    node: &Node,
    is_base: bool,
    context: &mut Context<'_>,
) -> Option<Rule> {
    let mut fields = reader.fields(node, "a rule");
    let id = fields.require("id", reader).and_then(|node| {
        let id = reader.text(node, "`id`")?;
        if !context.ids.insert(id.to_owned()) {
            reader.problem(
                node.place,
                format!("`{id}` is used twice"),
                "give each rule its own id",
            );
        }
        Some(id)
    });
    provenance(reader, &mut fields, context);
    let channels = fields.require("channels", reader).map(|node| channels(reader, node));
    let mut rule =
        Rule::new(&format!("{}/{}", context.pack, id.unwrap_or_default()), ChannelSet::default());
    rule.channels = channels.unwrap_or_default();
    dates(reader, &mut fields, &mut rule, context);
    regime(reader, &mut fields, &mut rule, is_base, node.place);
    if let Some(node) = fields.take("bases") {
        rule.bases = bases(reader, node, &context.zone);
    }
    if rule.regime == Some(Regime::OptIn) && rule.bases.is_empty() {
        reader.problem(
            node.place,
            "an opt_in rule without `bases` could never be fulfilled",
            "list the accepted bases, or write `regime: prohibited`",
        );
    }
    if let Some(node) = fields.take("double_opt_in") {
        let words = [
            ("off", DoubleOptIn::Off),
            ("recommended", DoubleOptIn::Recommended),
            ("required", DoubleOptIn::Required),
        ];
        rule.double_opt_in = reader.word(node, "`double_opt_in`", &words).unwrap_or_default();
    }
    if let Some(node) = fields.take("consent_request") {
        let words = [
            ("after_request", ConsentRequest::AfterRequest),
            ("once", ConsentRequest::Once),
            ("never", ConsentRequest::Never),
        ];
        rule.consent_request = reader.word(node, "`consent_request`", &words).unwrap_or_default();
    }
    if let Some(node) = fields.take("revoke_all") {
        rule.revoke_all = matches!(node.value, Value::Boolean(true));
        if !matches!(node.value, Value::Boolean(_)) {
            reader.problem(node.place, "`revoke_all` must be true or false", "write `true`");
        }
    }
    rule.registry = fields.take("registry").and_then(|node| registry(reader, node));
    if let Some(node) = fields.take("content") {
        rule.content = content(reader, node);
    }
    if let Some(node) = fields.take("frequency") {
        rule.caps = caps(reader, node);
    }
    if let Some(node) = fields.take("transactional") {
        rule.transactional = transactional(reader, node);
    }
    rule.hours = fields.take("hours").and_then(|node| hours(reader, node, context.names));
    fields.end(&RULE_KEYS, reader);
    Some(rule)
}

fn channels(reader: &mut Reader<'_>, node: &Node) -> ChannelSet {
    let words: Vec<(&str, Channel)> =
        Channel::ALL.map(|channel| (channel.as_str(), channel)).to_vec();
    let mut out = ChannelSet::default();
    let items = reader.items(node, "`channels`");
    for item in items {
        if let Some(channel) = reader.word(item, "channel", &words) {
            if out.contains(channel) {
                reader.problem(item.place, "the channel is listed twice", "list it once");
            }
            out = out.with(channel);
        }
    }
    if items.is_empty() {
        let all = list(words.iter().map(|(word, _)| *word));
        reader.problem(node.place, "the rule names no channel", format!("known: {all}"));
    }
    out
}

fn dates(reader: &mut Reader<'_>, fields: &mut Fields<'_>, rule: &mut Rule, context: &Context<'_>) {
    if let Some(node) = fields.take("from") {
        rule.from = reader.day(node, "`from`", &context.zone).unwrap_or(rule.from);
    }
    if let Some(node) = fields.take("until") {
        rule.until = reader.day(node, "`until`", &context.zone).unwrap_or(rule.until);
        if rule.until <= rule.from {
            reader.problem(
                node.place,
                "`until` is not after `from`, so the rule never applies",
                "correct the dates, or delete the rule",
            );
        }
    }
}

fn regime(
    reader: &mut Reader<'_>,
    fields: &mut Fields<'_>,
    rule: &mut Rule,
    is_base: bool,
    at: Place,
) {
    let words = [
        ("opt_in", Regime::OptIn),
        ("opt_out", Regime::OptOut),
        ("prohibited", Regime::Prohibited),
    ];
    if is_base {
        let node = fields.require("regime", reader);
        rule.regime = node.and_then(|node| reader.word(node, "regime", &words));
    } else if fields.take("regime").is_some() {
        reader.problem(
            at,
            "an addition has no `regime`",
            "delete it: the base rule says whether consent is needed; `bases` in an addition ask for more",
        );
    }
}
