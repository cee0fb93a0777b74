//! A plan as written, in YAML or by flags: which column is what. Every key is explained in docs/import.md; an unknown one is an
//! error.

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// How the rows of a file are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A table: a header, values between separators, quotation marks (RFC 4180).
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// One address a line, without a header.
    List,
}

/// A plan as written. Unchecked: [`crate::Plan::new`] checks it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlanSpec {
    /// A plan that comes with the program; what is written here takes the place of what it says.
    pub preset: Option<String>,
    /// How rows are written; absent: JSON if the first begins with `{`, else a table.
    pub format: Option<Format>,
    /// What stands between values: `,` `;` `|` or `tab`; absent: what the header has most of.
    pub delimiter: Option<String>,
    /// The encoding by its name on the web (`windows-1252`); absent: UTF-8, or what a byte order mark says.
    pub encoding: Option<String>,
    /// Lines before the header that are none.
    pub skip_lines: Option<u32>,
    /// The zone of times that name none.
    pub zone: Option<String>,
    /// When the list was made: the time of refusals that have none.
    pub as_of: Option<String>,
    /// The system the list comes from, as `source` of every change.
    pub source: Option<String>,
    /// The legal entity every change is about.
    pub controller: Option<String>,
    /// The trade name every change is about; `any` for all of the controller.
    pub brand: Option<String>,
    /// The country that national numbers are read with.
    pub region: Option<FieldSpec>,
    /// The column of the contact id.
    pub contact_id: Option<WhoSpec>,
    /// The column of the e-mail address.
    pub email: Option<WhoSpec>,
    /// The column of the phone number.
    pub phone: Option<WhoSpec>,
    /// The column of an address of any kind.
    pub address: Option<WhoSpec>,
    /// What a row says; of several statements what they leave open.
    pub statement: StatementSpec,
    /// What a row says, if it says several things.
    pub statements: Vec<StatementSpec>,
}

/// One thing that a row says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StatementSpec {
    /// The action, or the column that says it.
    pub action: Option<FieldSpec>,
    /// The channel.
    pub channel: Option<FieldSpec>,
    /// The purpose.
    pub purpose: Option<FieldSpec>,
    /// When the person acted: an instant for all, or a column.
    pub occurred_at: Option<FieldSpec>,
    /// When a permission ends.
    pub expires_at: Option<FieldSpec>,
    /// The basis of a permission.
    pub basis: Option<FieldSpec>,
    /// What proves a permission.
    pub evidence: BTreeMap<String, FieldSpec>,
    /// The kind of a relationship.
    pub kind: Option<FieldSpec>,
    /// What is known about a relationship; `product_group` among it.
    pub context: BTreeMap<String, FieldSpec>,
    /// What the mail server said, of a bounce.
    pub smtp: Option<FieldSpec>,
    /// The registry a number is listed in.
    pub registry: Option<FieldSpec>,
    /// What a suppression stops: `all` or `marketing`.
    pub scope: Option<FieldSpec>,
    /// Why, of a suppression.
    pub cause: Option<FieldSpec>,
}

/// A value for all rows, or a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum FieldSpec {
    /// The same for all.
    Constant(String),
    /// A column.
    Column(ColumnSpec),
}

/// A column that says who.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum WhoSpec {
    /// Its name.
    Name(String),
    /// Its name, and more.
    Column(ColumnSpec),
}

/// A column and how to read it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ColumnSpec {
    /// Its name in the header; in JSON the name of a member, or its path (`consent.email`).
    pub column: String,
    /// What its words mean. A word without a row is a problem.
    pub values: Option<BTreeMap<String, String>>,
    /// Of a time: how it is written.
    pub time: Option<String>,
    /// Of a time: its zone, where it is not the plan's.
    pub zone: Option<String>,
    /// Of a contact id: what stands before it.
    pub prefix: Option<String>,
}

/// A text, or a column with its keys. A number is neither: `7` and `1.10` would not be what was written.
struct TextOrColumn;

enum Written {
    Text(String),
    Column(ColumnSpec),
}

impl<'de> Visitor<'de> for TextOrColumn {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text (in quotation marks where it looks like a number, true or false), or `{column: NAME}`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Written, E> {
        Ok(Written::Text(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Written, A::Error> {
        ColumnSpec::deserialize(MapAccessDeserializer::new(map)).map(Written::Column)
    }
}

impl<'de> Deserialize<'de> for FieldSpec {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Ok(match input.deserialize_any(TextOrColumn)? {
            Written::Text(text) => Self::Constant(text),
            Written::Column(column) => Self::Column(column),
        })
    }
}

impl<'de> Deserialize<'de> for WhoSpec {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Ok(match input.deserialize_any(TextOrColumn)? {
            Written::Text(name) => Self::Name(name),
            Written::Column(column) => Self::Column(column),
        })
    }
}

impl StatementSpec {
    /// The statement, with what it leaves open taken from `common`.
    #[must_use]
    pub(crate) fn or(mut self, common: &Self) -> Self {
        macro_rules! fill {
            ($($field:ident)*) => {$(
                if self.$field.is_none() {
                    self.$field.clone_from(&common.$field);
                }
            )*};
        }
        fill!(action channel purpose occurred_at expires_at basis kind smtp registry scope cause);
        for (own, common) in
            [(&mut self.evidence, &common.evidence), (&mut self.context, &common.context)]
        {
            for (name, field) in common {
                own.entry(name.clone()).or_insert_with(|| field.clone());
            }
        }
        self
    }
}

impl PlanSpec {
    /// The plan, with what it leaves open taken from `base`. What it says of every statement comes before what those of
    /// `base` say.
    #[must_use]
    pub(crate) fn over(mut self, base: Self) -> Self {
        macro_rules! fill {
            ($($field:ident)*) => {$(
                if self.$field.is_none() {
                    self.$field = base.$field;
                }
            )*};
        }
        fill!(format delimiter encoding skip_lines zone as_of source controller brand region contact_id email phone address);
        if self.statements.is_empty() {
            self.statements = base.statements;
            for statement in &mut self.statements {
                *statement = self.statement.clone().or(statement);
            }
        }
        self.statement = self.statement.or(&base.statement);
        self
    }
}
