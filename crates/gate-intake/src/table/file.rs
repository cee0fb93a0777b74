//! A mapping file as written. Closed and typed: an unknown key, action, unit or scheme is an error at load, never at a request.

use crate::scheme::{Scheme, known};
use serde::Deserialize;
use std::collections::BTreeMap;

use gate_core::{Action, Channel};

/// How one provider's requests become changes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Its name, as `provider` of a source has it.
    pub name: String,
    /// Schemes that may prove a request, by name or spelled out; the first one whose keys a source has is used.
    pub schemes: Vec<NamedScheme>,
    /// How the body is written.
    #[serde(default)]
    pub body: BodyKind,
    /// The field of a form that holds JSON.
    pub form_field: Option<String>,
    /// Pointer to the list of items; absent: the body itself, one object or an array.
    pub items: Option<String>,
    /// Names of wrappers around each item; `*` is the only member of an object, whatever its name.
    #[serde(default)]
    pub unwrap: Vec<String>,
    /// The usual channel.
    pub channel: Option<String>,
    /// Pointers whose values make the event id; absent or missing in an item: a keyed hash of `identity`.
    #[serde(default)]
    pub event_id: Vec<String>,
    /// Pointers whose values are hashed where the provider gives no id; absent: the whole item.
    #[serde(default)]
    pub identity: Vec<String>,
    /// Where the time of the act may stand, in order of preference; none: time of receipt.
    #[serde(default)]
    pub occurred_at: Vec<TimeField>,
    /// Pointers to the address, in order of preference.
    #[serde(default)]
    pub address: Vec<String>,
    /// Digits without a `+`, as some providers write numbers in international form.
    #[serde(default)]
    pub address_adds_plus: bool,
    /// Pointers to the sender's id of the person.
    #[serde(default)]
    pub contact_id: Vec<String>,
    /// Pointer to the name of a group, list or topic, looked up in the source's `scopes`.
    pub scope: Option<String>,
    /// Pointers to what the person wrote.
    #[serde(default)]
    pub text: Vec<String>,
    /// Pointers that tell the parts of a long text apart. Where one is there, the text is a part: they belong to its event id, and it
    /// may refuse and not permit.
    #[serde(default)]
    pub parts: Vec<String>,
    /// Pointers to our number.
    #[serde(default)]
    pub to: Vec<String>,
    /// Pointers to the enhanced status code.
    #[serde(default)]
    pub smtp: Vec<String>,
    /// Query or header that makes a set-up probe: methods that are answered 200 and say nothing.
    #[serde(default)]
    pub probes: Vec<String>,
    /// Status of the answer, where it is not 200.
    pub status: Option<u16>,
    /// What events mean: the first rule that fits counts; none: an unknown event.
    pub rules: Vec<Rule>,
}

/// How a body is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyKind {
    /// JSON.
    #[default]
    Json,
    /// A form; each name is a member of one item.
    Form,
    /// A field of a form that holds JSON.
    JsonInForm,
    /// JSON or a form by the media type; by GET the query (with `get: true` at the source).
    JsonOrForm,
}

/// A scheme by name or spelled out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum NamedScheme {
    /// Its name.
    Named(String),
    /// Its parts.
    Parts(Box<Scheme>),
}

/// Where a time stands and how it is written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeField {
    /// Pointer.
    pub path: String,
    /// How it is written.
    pub unit: AtUnit,
}

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtUnit {
    /// Since 1970, whole or not.
    Seconds,
    /// Since 1970.
    Milliseconds,
    /// With a zone.
    Rfc3339,
    /// Date and time without a zone, meant in UTC.
    CivilUtc,
}

/// What an event means.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Pointers and the values that fit, compared without case; an empty list: it must be there.
    #[serde(default)]
    pub when: BTreeMap<String, Vec<String>>,
    /// The action; absent: known, and says nothing.
    pub action: Option<String>,
    /// Its channel, where it is not the mapping's.
    pub channel: Option<String>,
    /// `format` of a complaint.
    pub format: Option<String>,
    /// Whether the provider repeats an old suppression here (rule 9).
    #[serde(default)]
    pub repeats: bool,
    /// Whether it is for the group only that `scope` names.
    #[serde(default)]
    pub scoped: bool,
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mapping: Self = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        mapping.check()?;
        Ok(mapping)
    }

    fn check(&self) -> Result<(), String> {
        let unknown = self.schemes.iter().find_map(|scheme| match scheme {
            NamedScheme::Named(name) if known::named(name).is_none() => Some(name),
            NamedScheme::Named(_) | NamedScheme::Parts(_) => None,
        });
        if let Some(name) = unknown {
            return Err(format!(
                "`schemes`: no scheme `{name}`; use one of {}",
                known::NAMES.join(", ")
            ));
        }
        if self.schemes.is_empty() {
            return Err("`schemes`: nothing would prove a request; name at least one".to_owned());
        }
        let one = |pointer: &String| pointer.starts_with('/');
        let lists = [
            &self.event_id,
            &self.identity,
            &self.address,
            &self.contact_id,
            &self.text,
            &self.parts,
            &self.to,
            &self.smtp,
        ];
        let times = self.occurred_at.iter().map(|time| &time.path);
        let single = self.items.iter().chain(&self.scope);
        let when = self.rules.iter().flat_map(|rule| rule.when.keys());
        if let Some(bad) = lists
            .into_iter()
            .flatten()
            .chain(times)
            .chain(single)
            .chain(when)
            .find(|pointer| !one(pointer))
        {
            return Err(format!("`{bad}` is no JSON pointer; begin with `/`"));
        }
        if self.address.is_empty() && self.contact_id.is_empty() {
            return Err(
                "`address`: no item would name anybody; give pointers to address or contact_id"
                    .to_owned(),
            );
        }
        if self.body == BodyKind::JsonInForm && self.form_field.is_none() {
            return Err("`form_field`: name the field that holds the JSON".to_owned());
        }
        for rule in &self.rules {
            if let Some(name) = rule.action.as_ref().filter(|name| Action::parse(name).is_none()) {
                return Err(format!("`rules`: no action `{name}`"));
            }
            if let Some(name) = rule.channel.as_ref().filter(|name| Channel::parse(name).is_none())
            {
                return Err(format!("`rules`: no channel `{name}`"));
            }
        }
        let channel = self.channel.as_ref().filter(|name| Channel::parse(name).is_none());
        channel.map_or(Ok(()), |name| Err(format!("`channel`: no channel `{name}`")))
    }

    /// The schemes, in order.
    pub(crate) fn schemes(&self) -> Vec<Scheme> {
        let each = self.schemes.iter().filter_map(|scheme| match scheme {
            NamedScheme::Named(name) => known::named(name),
            NamedScheme::Parts(scheme) => Some((**scheme).clone()),
        });
        each.collect()
    }
}
