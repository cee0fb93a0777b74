//! The rules of a pack: base rules and additions.

use crate::basis::bases;
use crate::context::Context;
use crate::cover::cover;
use crate::limit::{caps, content, exemption, hours, registries, transactional};
use crate::provenance::provenance;
use crate::reader::{Fields, Reader, list};
use gate_core::canonical::fold;
use gate_core::policy::{
    AppliesTo, ChannelSet, ConsentRequest, DoubleOptIn, Exemption, RecipientSet, Regime, Rule,
};
use gate_core::{Channel, RecipientKind};
use gate_located::{Node, Place, Value};

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

const RULE_KEYS: [&str; 22] = [
    "id",
    "law",
    "status",
    "source",
    "note",
    "channels",
    "recipients",
    "applies_to",
    "from",
    "until",
    "regime",
    "unless",
    "bases",
    "double_opt_in",
    "registry",
    "content",
    "bulk_content",
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
    let provenance = provenance(reader, &mut fields, context);
    let channels = fields.require("channels", reader).map(|node| channels(reader, node));
    let mut rule =
        Rule::new(&format!("{}/{}", context.pack, id.unwrap_or_default()), ChannelSet::default());
    rule.provenance = provenance;
    rule.channels = channels.unwrap_or_default();
    rule.recipients = fields.take("recipients").map(|node| recipients(reader, node));
    dates(reader, &mut fields, &mut rule, context);
    regime(reader, &mut fields, &mut rule, is_base);
    applies_to(reader, &mut fields, &mut rule, is_base);
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
        consent_request(reader, node, &mut rule);
    }
    if let Some(node) = fields.take("revoke_all") {
        rule.revoke_all = reader.boolean(node, "`revoke_all`");
    }
    if let Some(node) = fields.take("registry") {
        rule.registries = registries(reader, node);
    }
    if let Some(node) = fields.take("content") {
        rule.content = content(reader, node);
    }
    if let Some(node) = fields.take("bulk_content") {
        rule.bulk_content = content(reader, node);
    }
    if let Some(node) = fields.take("frequency") {
        rule.caps = caps(reader, node);
    }
    if let Some(node) = fields.take("transactional") {
        rule.transactional = transactional(reader, node);
    }
    rule.hours = fields.take("hours").and_then(|node| hours(reader, node, context.names));
    if rule.approach_asks_registry && rule.registries.is_empty() {
        let reason = "`consent_request` asks the registry, and the rule names none";
        reader.problem(node.place, reason, "add `registry`, or drop `registry: true`");
    }
    fields.end(&RULE_KEYS, reader);
    crate::remark::on_rule(reader, node.place, &rule);
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

/// Whether consent is needed at all. A base rule must say it; an addition can only prohibit.
fn regime(reader: &mut Reader<'_>, fields: &mut Fields<'_>, rule: &mut Rule, is_base: bool) {
    let words = [
        ("opt_in", Regime::OptIn),
        ("opt_out", Regime::OptOut),
        ("prohibited", Regime::Prohibited),
    ];
    let node = if is_base { fields.require("regime", reader) } else { fields.take("regime") };
    let regime = node.and_then(|node| reader.word(node, "regime", &words));
    let unless = fields.take("unless");
    match (regime, node) {
        _ if is_base => rule.regime = regime,
        (Some(Regime::Prohibited), _) => rule.prohibited_unless = Some(Exemption::default()),
        (Some(_), Some(node)) => reader.problem(
            node.place,
            "an addition has no `regime`, unless it prohibits",
            "delete it: the base rule says whether consent is needed; `bases` in an addition ask for more",
        ),
        _ => {}
    }
    match (&mut rule.prohibited_unless, unless) {
        (Some(known), Some(node)) => *known = exemption(reader, node, "`unless`"),
        (None, Some(node)) => reader.problem(
            node.place,
            "`unless` belongs to an addition with `regime: prohibited`",
            "delete it, or write `regime: prohibited`",
        ),
        (_, None) => {}
    }
}

fn recipients(reader: &mut Reader<'_>, node: &Node) -> RecipientSet {
    let words = RecipientKind::ALL.map(|kind| (kind.as_str(), kind));
    let mut out = RecipientSet::default();
    for item in reader.items(node, "`recipients`") {
        if let Some(kind) = reader.word(item, "kind of recipient", &words) {
            out = out.with(kind);
        }
    }
    if out.iter().next().is_none() && reader.is_sound() {
        let reason = "the rule names no kind of recipient, so it never applies";
        reader.problem(
            node.place,
            reason,
            "list kinds, or delete `recipients`: it is for all then",
        );
    }
    out
}

/// What an addition is about. Names are compared in their canonical form, as those of messages are.
fn applies_to(reader: &mut Reader<'_>, fields: &mut Fields<'_>, rule: &mut Rule, is_base: bool) {
    let Some(node) = fields.take("applies_to") else { return };
    let mut of = reader.fields(node, "`applies_to`");
    let mut texts = |name: &str, reader: &mut Reader<'_>| {
        let mut out = Vec::new();
        let items = of.take(name).map(|node| reader.items(node, "a list of names"));
        for item in items.unwrap_or_default() {
            let text = reader.text(item, "a name");
            out.extend(text.map(|text| fold(text).into_owned()));
        }
        out
    };
    let about = AppliesTo {
        purposes: texts("purposes", reader),
        product_groups: texts("product_groups", reader),
    };
    of.end(&["purposes", "product_groups"], reader);
    if is_base {
        let reason = "a base rule is about every message of its channels";
        reader.problem(node.place, reason, "delete `applies_to`, or make it an addition");
    } else if about == AppliesTo::default() && reader.is_sound() {
        let reason = "`applies_to` names nothing, so the addition never applies";
        reader.problem(node.place, reason, "list `purposes` or `product_groups`, or delete it");
    }
    rule.applies_to = Some(about);
}

/// A word, or `{mode: word, registry: true}`.
fn consent_request(reader: &mut Reader<'_>, node: &Node, rule: &mut Rule) {
    let words = [
        ("after_request", ConsentRequest::AfterRequest),
        ("once", ConsentRequest::Once),
        ("never", ConsentRequest::Never),
    ];
    let mut mode = |node: &Node, reader: &mut Reader<'_>| {
        rule.consent_request = reader.word(node, "`consent_request`", &words).unwrap_or_default();
    };
    if !matches!(node.value, Value::Map(_)) {
        return mode(node, reader);
    }
    let mut fields = reader.fields(node, "`consent_request`");
    if let Some(node) = fields.require("mode", reader) {
        mode(node, reader);
    }
    if let Some(node) = fields.take("registry") {
        rule.approach_asks_registry = reader.boolean(node, "`registry`");
        if rule.approach_asks_registry && rule.consent_request != ConsentRequest::Once {
            let reason = "only a request without being asked needs the registry";
            reader.problem(node.place, reason, "write `mode: once`, or delete `registry`");
        }
    }
    fields.end(&["mode", "registry"], reader);
}
