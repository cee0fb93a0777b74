//! Who answers for a pack: until when it is reviewed, who signed it off, and what a breach obliges to.

use crate::context::Context;
use crate::provenance::provenance;
use crate::reader::{Reader, parse_window};
use gate_core::policy::{BreachDuty, NotifyWithin, SignOff};
use gate_located::{Node, Value};

pub(crate) fn signed_off(reader: &mut Reader<'_>, node: &Node) -> Option<SignOff> {
    let mut fields = reader.fields(node, "`signed_off`");
    let by = fields.require("by", reader).and_then(|node| reader.text(node, "`by`"));
    let on = fields.require("on", reader).and_then(|node| reader.date(node, "`on`"));
    fields.end(&["by", "on"], reader);
    Some(SignOff { by: by?.to_owned(), on: on? })
}

/// One duty, or a list of several.
pub(crate) fn breach(
    reader: &mut Reader<'_>,
    node: &Node,
    context: &Context<'_>,
) -> Vec<BreachDuty> {
    match &node.value {
        Value::List(items) => items.iter().filter_map(|item| duty(reader, item, context)).collect(),
        _ => duty(reader, node, context).into_iter().collect(),
    }
}

fn duty(reader: &mut Reader<'_>, node: &Node, context: &Context<'_>) -> Option<BreachDuty> {
    let mut fields = reader.fields(node, "`breach`");
    let authority = fields.require("authority", reader);
    let authority = authority.and_then(|node| reader.text(node, "`authority`"));
    let within = fields.require("notify_within", reader);
    let within = within.and_then(|node| notify_within(reader, node));
    let mut text = |name: &str, reader: &mut Reader<'_>| {
        let node = fields.take(name)?;
        reader.text(node, "an explanation").map(str::to_owned)
    };
    let (threshold, persons) = (text("threshold", reader), text("persons", reader));
    let provenance = provenance(reader, &mut fields, context);
    let known =
        ["authority", "notify_within", "threshold", "persons", "law", "status", "source", "note"];
    fields.end(&known, reader);
    let (authority, notify_within) = (authority?.to_owned(), within?);
    Some(BreachDuty { authority, notify_within, threshold, persons, provenance })
}

fn notify_within(reader: &mut Reader<'_>, node: &Node) -> Option<NotifyWithin> {
    let text = match &node.value {
        Value::Text(text) => text.trim(),
        _ => "",
    };
    let within = match text {
        "without delay" => Some(NotifyWithin::WithoutDelay),
        text => parse_window(text).map(NotifyWithin::Within),
    };
    if within.is_none() {
        reader.problem(
            node.place,
            "`notify_within` must be an exact duration or `without delay`",
            "write hours or days in ISO 8601, such as PT72H or P30D",
        );
    }
    within
}
