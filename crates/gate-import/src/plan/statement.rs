//! What a row says, checked: words from closed sets, and what each action needs.

use super::checker::Checker;
use super::compiled::{ActionField, Field, Nature, Statement, Table};
use super::spec::{FieldSpec, PlanSpec, StatementSpec};
use gate_core::flags::CONTEXT_NAMES;
use gate_core::{Action, Basis, Channel, RelationshipKind};
use jiff::tz::TimeZone;

/// A word that says nothing: the row makes no change.
const SKIP: &str = "skip";

/// A field whose words come from a closed set: its key, the field, what is in the set, and what to write instead.
type Closed<'f> = (&'static str, &'f Option<Field>, fn(&str) -> bool, &'static str);

impl Checker {
    fn action(&mut self, spec: &FieldSpec) -> Option<ActionField> {
        const KEY: &str = "statement.action";
        let is_allowed = |action: &Action| Nature::of(*action) != Nature::NotAllowed;
        let ours = |word: &str| Action::parse(word).filter(is_allowed);
        match spec {
            FieldSpec::Constant(word) => {
                let action = ours(word.trim());
                if action.is_none() {
                    self.wrong(
                        KEY,
                        "no action that an import may say",
                        "opt_in, opt_out, suppress …; see docs/import.md",
                    );
                }
                action.map(ActionField::Constant)
            }
            FieldSpec::Column(column) => {
                let meaning =
                    |word: &str| if word == SKIP { Some(None) } else { ours(word).map(Some) };
                let values = self.table(KEY, column, meaning).unwrap_or_else(|| {
                    // our own names stand for themselves
                    let own = Action::ALL.into_iter().filter(is_allowed);
                    Table(own.map(|action| (action.as_str().into(), Some(action))).collect())
                });
                self.slot(KEY, &column.column).map(|slot| ActionField::Column { slot, values })
            }
        }
    }

    pub(super) fn statement(
        &mut self,
        spec: &StatementSpec,
        zone: Option<&TimeZone>,
        plan: &PlanSpec,
    ) -> Option<Statement> {
        let Some(action) = &spec.action else {
            self.wrong(
                "statement.action",
                "the plan does not say what rows say",
                "name an action, or the column that says it",
            );
            return None;
        };
        let action = self.action(action);
        let mut field =
            |key: &str, spec: &Option<FieldSpec>| spec.as_ref().and_then(|it| self.field(key, it));
        let channel = field("statement.channel", &spec.channel);
        let purpose = field("statement.purpose", &spec.purpose);
        let basis = field("statement.basis", &spec.basis);
        let kind = field("statement.kind", &spec.kind);
        let smtp = field("statement.smtp", &spec.smtp);
        let registry = field("statement.registry", &spec.registry);
        let scope = field("statement.scope", &spec.scope);
        let cause = field("statement.cause", &spec.cause);
        let mut fields = |key: &str,
                          all: &std::collections::BTreeMap<String, FieldSpec>|
         -> Vec<(Box<str>, Field)> {
            all.iter()
                .filter_map(|(name, it)| {
                    Some((name.as_str().into(), self.field(&format!("{key}.{name}"), it)?))
                })
                .collect()
        };
        let evidence = fields("statement.evidence", &spec.evidence);
        let context = fields("statement.context", &spec.context);
        let occurred_at =
            spec.occurred_at.as_ref().and_then(|it| self.time("statement.occurred_at", it, zone));
        let expires_at =
            spec.expires_at.as_ref().and_then(|it| self.time("statement.expires_at", it, zone));
        for (name, _) in &context {
            if &**name != "product_group" && !CONTEXT_NAMES.contains(&&**name) {
                self.wrong(
                    format!("statement.context.{name}"),
                    "nothing of that name",
                    "see docs/schemas.md",
                );
            }
        }
        let statement = Statement {
            action: action?,
            channel,
            purpose,
            occurred_at,
            expires_at,
            basis,
            evidence,
            kind,
            context,
            smtp,
            registry,
            scope,
            cause,
        };
        self.words(&statement);
        self.needs(&statement, plan);
        Some(statement)
    }

    /// Constants and tables from closed sets.
    fn words(&mut self, statement: &Statement) {
        let channel: fn(&str) -> bool = |word| word == "any" || Channel::parse(word).is_some();
        let is_path = |path: &str| {
            path.split('.').all(|part| !part.is_empty() && !part.contains(char::is_whitespace))
        };
        let sets: [Closed<'_>; 5] = [
            (
                "channel",
                &statement.channel,
                channel,
                "email, sms, mms, rcs, whatsapp, push, voice_live, voice_auto or any",
            ),
            ("purpose", &statement.purpose, is_path, "a dotted path such as marketing.newsletter"),
            (
                "basis",
                &statement.basis,
                |word| Basis::parse(word).is_some(),
                "express, express_written, soft_opt_in …",
            ),
            (
                "kind",
                &statement.kind,
                |word| RelationshipKind::parse(word).is_some(),
                "purchase, inquiry, contract …",
            ),
            (
                "scope",
                &statement.scope,
                |word| matches!(word, "all" | "marketing"),
                "all or marketing",
            ),
        ];
        for (key, field, is_one, fix) in sets {
            let words: Vec<&str> = match field {
                Some(Field::Constant(word)) => vec![word],
                Some(Field::Column { values: Some(table), .. }) => {
                    table.0.values().map(|word| &**word).collect()
                }
                Some(Field::Column { values: None, .. }) | None => Vec::new(),
            };
            if let Some(word) = words.into_iter().find(|word| !is_one(word)) {
                self.wrong(format!("statement.{key}"), format!("`{word}` is none of ours"), fix);
            }
        }
    }

    /// What an action needs, where every row says it.
    fn needs(&mut self, statement: &Statement, plan: &PlanSpec) {
        let ActionField::Constant(action) = statement.action else { return };
        let mut lacks = |is_there: bool, key: &str, reason: &str, fix: &str| {
            if !is_there {
                self.wrong(key, reason, fix);
            }
        };
        let proves = |name: &str| statement.evidence.iter().any(|(known, _)| &**known == name);
        let has_time = statement.occurred_at.is_some();
        match Nature::of(action) {
            Nature::Grant => {
                let fix = "a permission counts only for what it names";
                lacks(
                    statement.channel.is_some(),
                    "statement.channel",
                    "a permission without channel permits nothing",
                    fix,
                );
                lacks(
                    statement.purpose.is_some(),
                    "statement.purpose",
                    "a permission without purpose permits nothing",
                    fix,
                );
                lacks(
                    plan.controller.is_some(),
                    "controller",
                    "a permission without controller permits nothing",
                    fix,
                );
                lacks(
                    plan.brand.is_some(),
                    "brand",
                    "a permission without brand permits nothing",
                    "name it, or `any`",
                );
                let fix = "say how it was given, and which text the person saw; without proof it permits nothing";
                lacks(
                    proves("method"),
                    "statement.evidence.method",
                    "a permission without proof",
                    fix,
                );
                lacks(
                    proves("notice_version"),
                    "statement.evidence.notice_version",
                    "a permission without proof",
                    fix,
                );
                lacks(
                    has_time,
                    "statement.occurred_at",
                    "a permission without its time",
                    "name the column that has it",
                );
            }
            Nature::Relationship => {
                lacks(
                    has_time,
                    "statement.occurred_at",
                    "a relationship without its time",
                    "name the column that has it",
                );
                let is_something = statement.kind.is_some() || !statement.context.is_empty();
                lacks(
                    is_something,
                    "statement.kind",
                    "a relationship of no kind permits nothing",
                    "purchase, inquiry …",
                );
            }
            Nature::Refusal => {
                let has_time = has_time || plan.as_of.is_some();
                lacks(
                    has_time,
                    "as_of",
                    "refusals without any time",
                    "say when the list was made, or name the column of the time",
                );
            }
            Nature::NotAllowed => {}
        }
        if action == Action::RegistryStatus && statement.registry.is_none() {
            self.wrong(
                "statement.registry",
                "a listing without its registry",
                "name the registry as your packs do",
            );
        }
        if action == Action::HardBounce && statement.smtp.is_none() {
            self.wrong(
                "statement.smtp",
                "a bounce without its status counts for nothing",
                "name the column, or 5.1.1 for all",
            );
        }
    }
}
