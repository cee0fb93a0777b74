//! A pack file: who it is for, its rules and their dates.

use crate::basis::bases;
use crate::compile::Names;
use crate::limit::{caps, content, hours, registry, transactional};
use crate::node::{Node, Place, Value};
use crate::reader::{Fields, Reader, list};
use gate_core::policy::{ChannelSet, Code, ConsentRequest, DoubleOptIn, Regime, Rule};
use gate_core::{Channel, Timestamp};
use jiff::tz::TimeZone;
use std::collections::BTreeSet;

/// Oldest age a law can ask for.
const AGE_MAX: i64 = 30;

/// A pack as read. Rules carry no pack index yet.
pub(crate) struct Pack {
    pub(crate) code: Code,
    pub(crate) place: Place,
    pub(crate) version: String,
    pub(crate) aliases: Vec<(Code, Place)>,
    pub(crate) law_zone: u16,
    pub(crate) minor_below: Option<u8>,
    pub(crate) members: Vec<Member>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) additions: Vec<Rule>,
    pub(crate) subdivisions: Vec<Subdivision>,
}

/// A country that uses the pack of another code.
pub(crate) struct Member {
    pub(crate) code: Code,
    pub(crate) place: Place,
    pub(crate) minor_below: Option<u8>,
}

/// A part of a country with rules of its own on top.
pub(crate) struct Subdivision {
    pub(crate) code: Code,
    pub(crate) place: Place,
    pub(crate) additions: Vec<Rule>,
}

const PACK_KEYS: [&str; 13] = [
    "pack",
    "title",
    "version",
    "aliases",
    "law_zone",
    "sources",
    "age",
    "members",
    "rules",
    "additions",
    "subdivisions",
    "monitoring",
    "dated_changes",
];

/// What all rules of a pack share while it is read.
struct Context<'a> {
    pack: String,
    names: &'a Names,
    zone: TimeZone,
    sources: BTreeSet<String>,
    ids: BTreeSet<String>,
}

/// Reads a pack; `None` when it cannot even be named.
pub(crate) fn pack(reader: &mut Reader<'_>, node: &Node, names: &Names) -> Option<Pack> {
    let mut fields = reader.fields(node, "a pack");
    let code_node = fields.require("pack", reader);
    let code = code_node.and_then(|node| code(reader, node));
    if let Some(node) = fields.require("title", reader) {
        reader.text(node, "`title`");
    }
    let version =
        fields.require("version", reader).map(|node| version(reader, node)).unwrap_or_default();
    let law_zone = fields.require("law_zone", reader).and_then(|node| zone(reader, node, names));
    let sources = fields.take("sources").map(|node| sources(reader, node)).unwrap_or_default();
    let mut context = Context {
        pack: code.map(|code| code.as_str().to_owned()).unwrap_or_default(),
        names,
        zone: law_zone.map_or(TimeZone::UTC, |index| names.time_zone(index)),
        sources,
        ids: BTreeSet::new(),
    };
    let minor_below = fields.take("age").and_then(|node| age(reader, node, &context));
    let aliases = fields.take("aliases").map(|node| aliases(reader, node)).unwrap_or_default();
    let members = fields.take("members").map(|node| members(reader, node)).unwrap_or_default();
    let rules_node = fields.require("rules", reader);
    let base = rules_node.map(|node| rules(reader, node, true, &mut context)).unwrap_or_default();
    let additions = fields
        .take("additions")
        .map(|node| rules(reader, node, false, &mut context))
        .unwrap_or_default();
    let subdivisions = fields
        .take("subdivisions")
        .map(|node| subdivisions(reader, node, &mut context))
        .unwrap_or_default();
    if let Some(node) = fields.take("monitoring") {
        reader.fields(node, "`monitoring`").rest();
    }
    if let Some(node) = fields.take("dated_changes") {
        dated_changes(reader, node, &context);
    }
    fields.end(&PACK_KEYS, reader);
    Some(Pack {
        code: code?,
        place: code_node?.place,
        version,
        aliases,
        law_zone: law_zone?,
        minor_below,
        members,
        rules: base,
        additions,
        subdivisions,
    })
}

fn code(reader: &mut Reader<'_>, node: &Node) -> Option<Code> {
    // YAML 1.1 readers take the code of Norway for `false`
    let text = match &node.value {
        Value::Boolean(false) => "NO",
        _ => reader.text(node, "a code")?,
    };
    let code = Code::parse(text).filter(|code| code.as_str() == text);
    if code.is_none() {
        reader.problem(
            node.place,
            format!("`{text}` is no jurisdiction code"),
            "use upper-case ISO 3166-1 (GB) or 3166-2 (US-FL), `EU` or `STRICT`",
        );
    }
    code
}

fn version(reader: &mut Reader<'_>, node: &Node) -> String {
    let text = reader.text(node, "`version`").unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if !text.chars().all(is_plain) || text.len() > 32 {
        reader.problem(
            node.place,
            "`version` must be a short word of letters, digits, `.`, `-`, `_`",
            "write it like \"2026.11\"",
        );
    }
    text.to_owned()
}

fn zone(reader: &mut Reader<'_>, node: &Node, names: &Names) -> Option<u16> {
    let name = reader.text(node, "`law_zone`")?;
    let found = names.zone(name);
    if found.is_none() {
        reader.problem(
            node.place,
            format!("unknown time zone `{name}`"),
            "use an IANA name such as Europe/London",
        );
    }
    found
}

fn sources(reader: &mut Reader<'_>, node: &Node) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for (key, value) in reader.fields(node, "`sources`").rest() {
        reader.text(value, "a source");
        out.insert(key.name.clone());
    }
    out
}

fn age(reader: &mut Reader<'_>, node: &Node, context: &Context<'_>) -> Option<u8> {
    let mut fields = reader.fields(node, "`age`");
    let years = fields
        .require("minor_below", reader)
        .and_then(|node| reader.whole(node, "`minor_below`", (1, AGE_MAX)));
    provenance(reader, &mut fields, context);
    fields.end(&["minor_below", "law", "status", "source", "note"], reader);
    years.and_then(|years| u8::try_from(years).ok())
}

fn aliases(reader: &mut Reader<'_>, node: &Node) -> Vec<(Code, Place)> {
    let items = reader.items(node, "`aliases`");
    items.iter().filter_map(|item| Some((code(reader, item)?, item.place))).collect()
}

fn members(reader: &mut Reader<'_>, node: &Node) -> Vec<Member> {
    let mut out = Vec::new();
    for (key, value) in reader.fields(node, "`members`").rest() {
        let name = Node { place: key.place, value: Value::Text(key.name.clone()) };
        let Some(code) = code(reader, &name) else { continue };
        let mut fields = reader.fields(value, "a member");
        let years = fields
            .take("minor_below")
            .and_then(|node| reader.whole(node, "`minor_below`", (1, AGE_MAX)));
        fields.take("note");
        fields.end(&["minor_below", "note"], reader);
        let minor_below = years.and_then(|years| u8::try_from(years).ok());
        out.push(Member { code, place: key.place, minor_below });
    }
    out
}

fn subdivisions(
    reader: &mut Reader<'_>,
    node: &Node,
    context: &mut Context<'_>,
) -> Vec<Subdivision> {
    let mut out = Vec::new();
    for (key, value) in reader.fields(node, "`subdivisions`").rest() {
        let name = Node { place: key.place, value: Value::Text(key.name.clone()) };
        let Some(code) = code(reader, &name) else { continue };
        if !code.is_subdivision() || code.country().as_str() != context.pack {
            reader.problem(
                key.place,
                format!("`{}` is no part of `{}`", code.as_str(), context.pack),
                format!("write {}-XX", context.pack),
            );
        }
        let mut fields = reader.fields(value, "a subdivision");
        fields.take("title");
        fields.take("note");
        let additions = fields
            .require("additions", reader)
            .map(|node| rules(reader, node, false, context))
            .unwrap_or_default();
        fields.end(&["title", "additions", "note"], reader);
        out.push(Subdivision { code, place: key.place, additions });
    }
    out
}

fn dated_changes(reader: &mut Reader<'_>, node: &Node, context: &Context<'_>) {
    for item in reader.items(node, "`dated_changes`") {
        let mut fields = reader.fields(item, "a dated change");
        if let Some(node) = fields.require("date", reader) {
            reader.day(node, "`date`", &context.zone);
        }
        if let Some(node) = fields.require("what", reader) {
            reader.text(node, "`what`");
        }
        provenance(reader, &mut fields, context);
        fields.end(&["date", "what", "law", "status", "source", "note"], reader);
    }
}

/// `law`, `status`, `source`, `note`: read for their form; people read their content.
fn provenance(reader: &mut Reader<'_>, fields: &mut Fields<'_>, context: &Context<'_>) {
    for name in ["law", "note"] {
        if let Some(node) = fields.take(name) {
            reader.text(node, "an explanation");
        }
    }
    if let Some(node) = fields.require("status", reader) {
        let marks = [("L1", ()), ("L2", ()), ("K", ()), ("P", ())];
        for item in reader.items(node, "`status`") {
            reader.word(item, "status", &marks);
        }
    }
    if let Some(node) = fields.take("source") {
        for item in reader.items(node, "`source`") {
            let name = match &item.value {
                Value::Integer(number) => number.to_string(),
                Value::Text(text) => text.trim().to_owned(),
                _ => String::new(),
            };
            if !context.sources.contains(&name) {
                reader.problem(
                    item.place,
                    format!("source `{name}` is not in `sources`"),
                    "add it there, with where it was read",
                );
            }
        }
    }
}

fn rules(
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

/// Every channel has exactly one base rule at every moment.
fn cover(reader: &mut Reader<'_>, at: Place, rules: &[(Rule, Place)]) {
    for channel in Channel::ALL {
        let mut of: Vec<&(Rule, Place)> =
            rules.iter().filter(|(rule, _)| rule.channels.contains(channel)).collect();
        of.sort_by_key(|(rule, _)| rule.from);
        let name = channel.as_str();
        let mut covered_until = Timestamp::MIN;
        for (rule, place) in of {
            if rule.from < covered_until {
                reader.problem(
                    *place,
                    format!("`{}` overlaps another base rule for {name}", rule.label),
                    "give the older rule an `until`, or the newer one a `from`, so that one applies each day",
                );
            } else if rule.from > covered_until {
                reader.problem(
                    *place,
                    format!("no base rule for {name} before `{}` begins", rule.label),
                    "drop its `from`, or add a rule for the time before",
                );
            }
            covered_until = covered_until.max(rule.until);
        }
        if covered_until != Timestamp::MAX {
            reader.problem(
                at,
                format!("no base rule for {name} without an end: a default is missing"),
                format!("add `{name}` to the channels of a rule, or drop its `until`"),
            );
        }
    }
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
