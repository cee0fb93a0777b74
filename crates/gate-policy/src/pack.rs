//! A pack file: who it is for, and what stands beside its rules.

use crate::context::Context;
use crate::names::Names;
use crate::provenance::provenance;
use crate::reader::{Reader, start_of};
use crate::review::{breach, signed_off};
use crate::rule::rules;
use gate_core::Timestamp;
use gate_core::policy::{self, Code, Rule};
use gate_located::{Node, Place, Value};
use jiff::tz::TimeZone;
use std::collections::BTreeSet;

/// Oldest age a law can ask for.
const AGE_MAX: i64 = 30;

/// A pack as read. Rules carry no pack index yet.
pub(crate) struct Pack {
    pub(crate) code: Code,
    pub(crate) place: Place,
    pub(crate) head: policy::Pack,
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

const PACK_KEYS: [&str; 16] = [
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
    "review_by",
    "signed_off",
    "breach",
];

/// Reads a pack; `None` when it cannot even be named.
pub(crate) fn pack(reader: &mut Reader<'_>, node: &Node, names: &Names) -> Option<Pack> {
    let mut fields = reader.fields(node, "a pack");
    let code_node = fields.require("pack", reader);
    let code = code_node.and_then(|node| code(reader, node));
    let title = fields.require("title", reader).and_then(|node| reader.text(node, "`title`"));
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
        dated_changes(reader, node, &context, &version);
    }
    let review_by = fields.take("review_by").and_then(|node| reader.date(node, "`review_by`"));
    let signed_off = fields.take("signed_off").and_then(|node| signed_off(reader, node));
    let breach = fields.take("breach").map(|node| breach(reader, node, &context));
    fields.end(&PACK_KEYS, reader);
    // the day itself still counts
    let overdue_from = review_by.and_then(|day| start_of(day.tomorrow().ok()?, &context.zone));
    let head = policy::Pack {
        title: title.unwrap_or_default().to_owned(),
        review_by,
        overdue_from: overdue_from.unwrap_or(Timestamp::MAX),
        signed_off,
        breach: breach.unwrap_or_default(),
        sources: context.sources,
        ..policy::Pack::new(code?, &version)
    };
    crate::remark::on_pack(reader, code_node?.place, &head, &context.zone);
    Some(Pack {
        code: code?,
        place: code_node?.place,
        head,
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

fn sources(reader: &mut Reader<'_>, node: &Node) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for (key, value) in reader.fields(node, "`sources`").rest() {
        let text = reader.text(value, "a source").unwrap_or_default();
        out.push((key.name.clone(), text.to_owned()));
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
        let name = key.as_node();
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
        let name = key.as_node();
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

fn dated_changes(reader: &mut Reader<'_>, node: &Node, context: &Context<'_>, version: &str) {
    for item in reader.items(node, "`dated_changes`") {
        let mut fields = reader.fields(item, "a dated change");
        if let Some(node) = fields.require("date", reader) {
            let day = reader.date(node, "`date`");
            let dated = day.and_then(|day| Some((day, start_of(day, &context.zone)?)));
            if let Some(dated) = dated {
                crate::remark::on_change(reader, item.place, dated, version);
            }
        }
        if let Some(node) = fields.require("what", reader) {
            reader.text(node, "`what`");
        }
        provenance(reader, &mut fields, context);
        fields.end(&["date", "what", "law", "status", "source", "note"], reader);
    }
}
