//! One statement of a plan, read from the values of a row.
//!
//! What is open or unknown makes a refusal wider and a permission none (docs/law.md section 10, state rules 5 and 6): a purpose
//! that no table has is everything on a refusal, and a problem on a permission. A row whose action nobody knows may be a refusal.

use crate::cells::Cell;
use crate::judge::{ADDRESSES_MAX, Cells, Judge, Said, loss};
use crate::plan::{ActionField, Field, Nature, Statement, TimeField, Who};
use crate::problem::{Loss, ProblemKind};
use crate::time::{Moment, TimeError};
use gate_codec::{ConsentChangeRecord, ContextRecord, EvidenceRecord};
use gate_core::{Action, Channel, Family, Timestamp};
use std::borrow::Cow;

type Text<'r> = Option<Cow<'r, str>>;
/// What is wrong, and in which column.
type Fault = (Option<usize>, ProblemKind);

/// Reads the statement with number `n`.
pub(crate) fn read<'r>(
    judge: &Judge<'r>,
    cells: &impl Cells<'r>,
    statement: &'r Statement,
    n: usize,
    said: &mut Said<'r>,
) {
    let action = match action(cells, &statement.action) {
        Ok(Some(action)) => action,
        Ok(None) => {
            said.n_skipped += 1;
            return;
        }
        Err(fault) => return fail(judge, fault, Loss::PerhapsRefusal, said),
    };
    let nature = Nature::of(action);
    let reader = Reader { judge, cells, statement, action, nature };
    if let Err(fault) = reader.changes(n, said) {
        fail(judge, fault, loss(nature), said);
    }
}

fn fail<'r>(judge: &Judge<'r>, (slot, kind): Fault, loses: Loss, said: &mut Said<'r>) {
    let column = slot.and_then(|slot| judge.column(slot));
    said.problems.push(judge.problem(column, kind, loses));
}

/// The action; `None` where the plan says that the row says nothing.
fn action<'r>(cells: &impl Cells<'r>, field: &ActionField) -> Result<Option<Action>, Fault> {
    let (slot, values) = match field {
        ActionField::Constant(action) => return Ok(Some(*action)),
        ActionField::Column { slot, values } => (*slot, values),
    };
    let word = match cells.cell(slot) {
        Cell::Text(word) => word,
        Cell::Absent => "",
        Cell::Broken(kind) => return Err((Some(slot), kind)),
    };
    values.find(word).copied().ok_or((Some(slot), ProblemKind::UnknownAction))
}

/// What a field says.
enum Found<'r> {
    Absent,
    Text(&'r str),
    /// A word that no table has, or no text.
    Unknown(usize, Option<ProblemKind>),
}

fn found<'r>(cells: &impl Cells<'r>, field: Option<&'r Field>) -> Found<'r> {
    match field {
        None => Found::Absent,
        Some(Field::Constant(text)) => Found::Text(text),
        Some(Field::Column { slot, values }) => match (cells.cell(*slot), values) {
            (Cell::Broken(kind), _) => Found::Unknown(*slot, Some(kind)),
            (Cell::Text(text), None) => Found::Text(text),
            (Cell::Text(word), Some(values)) => match values.find(word) {
                Some(ours) => Found::Text(ours),
                None => Found::Unknown(*slot, None),
            },
            (Cell::Absent, Some(values)) => {
                values.find("").map_or(Found::Absent, |ours| Found::Text(ours))
            }
            (Cell::Absent, None) => Found::Absent,
        },
    }
}

struct Reader<'a, 'r, C> {
    judge: &'a Judge<'r>,
    cells: &'a C,
    statement: &'r Statement,
    action: Action,
    nature: Nature,
}

impl<'r, C: Cells<'r>> Reader<'_, 'r, C> {
    fn changes(&self, n: usize, said: &mut Said<'r>) -> Result<(), Fault> {
        let statement = self.statement;
        let plan = self.judge.plan;
        let mut is_widened = false;
        let channel = self.scope(
            &statement.channel,
            ProblemKind::UnknownChannel,
            channel_name,
            &mut is_widened,
        )?;
        let is_path = |text: &'r str| {
            let is_path =
                text.split('.').all(|part| !part.is_empty()) && !text.contains(char::is_whitespace);
            is_path.then_some(text)
        };
        let purpose =
            self.scope(&statement.purpose, ProblemKind::UnknownPurpose, is_path, &mut is_widened)?;
        let own = |text: &'r Option<Box<str>>| text.as_deref().map(Cow::Borrowed);
        let mut record = ConsentChangeRecord {
            occurred_at: Some(self.occurred_at()?),
            action: Some(Cow::Borrowed(self.action.as_str())),
            contact_id: self.contact_id()?,
            region: self.text(plan.region.as_ref())?,
            channel: channel.map(Cow::Borrowed),
            purpose: purpose.map(Cow::Borrowed),
            controller: own(&plan.controller),
            brand: own(&plan.brand),
            ..ConsentChangeRecord::default()
        };
        match self.nature {
            Nature::Grant => {
                record.basis = self.text(statement.basis.as_ref())?;
                record.evidence = Some(self.evidence()?);
                record.expires_at = self.expires_at()?;
            }
            Nature::Relationship => {
                record.kind = self.text(statement.kind.as_ref())?;
                record.context = Some(self.context()?);
                record.expires_at = self.expires_at()?;
            }
            Nature::Refusal => self.refusal(&mut record),
            Nature::NotAllowed => {}
        }
        let addresses = self.addresses(channel, record.contact_id.is_some())?;
        if addresses.iter().all(Option::is_none) {
            if record.contact_id.is_none() {
                return Err((None, ProblemKind::Nobody));
            }
            self.judge.accept(record, n * ADDRESSES_MAX, is_widened, said);
            return Ok(());
        }
        for (at, address) in addresses.into_iter().enumerate() {
            if let Some(address) = address {
                let record =
                    ConsentChangeRecord { address: Some(Cow::Borrowed(address)), ..record.clone() };
                self.judge.accept(record, n * ADDRESSES_MAX + at, is_widened, said);
            }
        }
        Ok(())
    }

    /// A channel or a purpose: of a refusal, what nobody knows is all of them.
    fn scope(
        &self,
        field: &'r Option<Field>,
        kind: ProblemKind,
        meaning: impl Fn(&'r str) -> Option<&'r str>,
        is_widened: &mut bool,
    ) -> Result<Option<&'r str>, Fault> {
        let slot = match found(self.cells, field.as_ref()) {
            Found::Absent => return Ok(None),
            Found::Text(text) => match (meaning(text), field) {
                (Some(ours), _) => return Ok(Some(ours)),
                (None, Some(Field::Column { slot, .. })) => Some(*slot),
                (None, Some(Field::Constant(_)) | None) => None,
            },
            Found::Unknown(slot, _) => Some(slot),
        };
        if self.nature == Nature::Refusal {
            *is_widened = true;
            return Ok(None);
        }
        Err((slot, kind))
    }

    fn text(&self, field: Option<&'r Field>) -> Result<Text<'r>, Fault> {
        match found(self.cells, field) {
            Found::Absent => Ok(None),
            Found::Text(text) => Ok(Some(Cow::Borrowed(text))),
            Found::Unknown(slot, kind) => Err((Some(slot), kind.unwrap_or(ProblemKind::Refused))),
        }
    }

    fn occurred_at(&self) -> Result<Timestamp, Fault> {
        let is_refusal = self.nature == Nature::Refusal;
        let found = match &self.statement.occurred_at {
            Some(field) => self.moment(field)?,
            None => None,
        };
        let Some(moment) = found else {
            let as_of = self.judge.plan.as_of.filter(|_| is_refusal);
            let slot = match &self.statement.occurred_at {
                Some(TimeField::Column { slot, .. }) => Some(*slot),
                Some(TimeField::Constant(_)) | None => None,
            };
            return as_of.ok_or((slot, ProblemKind::NoTime));
        };
        let now = self.judge.context.now;
        Ok(match is_refusal {
            false => moment.first,
            // today, of which not all has passed
            true if moment.first <= now => moment.last.min(now.max(moment.first)),
            true => moment.last,
        })
    }

    fn expires_at(&self) -> Result<Option<Timestamp>, Fault> {
        let Some(field) = &self.statement.expires_at else { return Ok(None) };
        Ok(self.moment(field)?.map(|moment| moment.first))
    }

    fn moment(&self, field: &TimeField) -> Result<Option<Moment>, Fault> {
        let (slot, format, zone) = match field {
            TimeField::Constant(moment) => return Ok(Some(*moment)),
            TimeField::Column { slot, format, zone } => (*slot, format, zone),
        };
        match self.cells.cell(slot) {
            Cell::Absent => Ok(None),
            Cell::Broken(kind) => Err((Some(slot), kind)),
            Cell::Text(text) => format.read(text, zone.as_ref()).map(Some).map_err(|error| {
                let kind = match error {
                    TimeError::Bad => ProblemKind::BadTime,
                    TimeError::NoZone => ProblemKind::NoZone,
                };
                (Some(slot), kind)
            }),
        }
    }

    fn contact_id(&self) -> Result<Text<'r>, Fault> {
        let Some(who) = &self.judge.plan.contact_id else { return Ok(None) };
        Ok(self.who(who)?.map(|id| match &who.prefix {
            Some(prefix) => Cow::Owned(format!("{prefix}{id}")),
            None => Cow::Borrowed(id),
        }))
    }

    fn who(&self, who: &Who) -> Result<Option<&'r str>, Fault> {
        match self.cells.cell(who.slot) {
            Cell::Absent => Ok(None),
            Cell::Text(text) => Ok(Some(text)),
            Cell::Broken(kind) => Err((Some(who.slot), kind)),
        }
    }

    /// The addresses that the statement is about: of the channel the one it delivers to, without a channel all of the row. A
    /// refusal says who by whatever address there is.
    fn addresses(
        &self,
        channel: Option<&str>,
        has_contact: bool,
    ) -> Result<[Option<&'r str>; ADDRESSES_MAX], Fault> {
        let plan = self.judge.plan;
        let columns = [&plan.email, &plan.phone, &plan.address];
        let [mut email, mut phone, mut other] = [None; ADDRESSES_MAX];
        for (found, who) in [&mut email, &mut phone, &mut other].into_iter().zip(columns) {
            if let Some(who) = who {
                *found = self.who(who)?;
            }
        }
        let all = [email, phone, other];
        let own = match channel.and_then(Channel::parse).map(Channel::family) {
            None => return Ok(all),
            Some(Family::Email) => [email, None, None],
            Some(Family::Text | Family::Whatsapp | Family::Voice) => [None, phone, None],
            Some(Family::Push) => [None; ADDRESSES_MAX],
        };
        let of_any_kind = [None, None, other];
        Ok(match [own, of_any_kind].into_iter().find(|them| them.iter().any(Option::is_some)) {
            Some(them) => them,
            None if self.nature == Nature::Refusal && !has_contact => all,
            None => [None; ADDRESSES_MAX],
        })
    }

    /// What only says more about a refusal: what cannot be read of it is left out.
    fn refusal(&self, record: &mut ConsentChangeRecord<'r>) {
        let text = |field: &'r Option<Field>| self.text(field.as_ref()).unwrap_or_default();
        match self.action {
            Action::HardBounce => {
                record.smtp = text(&self.statement.smtp);
                // a list of dead addresses says that they are dead
                if record.smtp.is_none() {
                    record.smtp = Some(Cow::Borrowed("5.1.1"));
                }
            }
            Action::RegistryStatus => {
                record.registry = text(&self.statement.registry);
                record.listed = Some(true);
            }
            Action::Suppress => {
                let scope = text(&self.statement.scope);
                record.scope = scope.filter(|scope| matches!(&**scope, "all" | "marketing"));
                record.cause = text(&self.statement.cause);
            }
            Action::OptOut | Action::Object => {
                record.evidence =
                    self.evidence().ok().filter(|it| *it != EvidenceRecord::default());
            }
            _ => {}
        }
    }

    fn evidence(&self) -> Result<EvidenceRecord<'r>, Fault> {
        let mut record = EvidenceRecord::default();
        for (name, field) in &self.statement.evidence {
            let Some(text) = self.text(Some(field))? else { continue };
            let named = match &**name {
                "method" => &mut record.method,
                "notice_version" => &mut record.notice_version,
                "notice_text_sha256" => &mut record.notice_text_sha256,
                "source" => &mut record.source,
                "locale" => &mut record.locale,
                "template_id" => &mut record.template_id,
                "signature" => &mut record.signature,
                "number_named" => &mut record.number_named,
                "not_condition_of_purchase" => &mut record.not_condition_of_purchase,
                _ => {
                    record.further.push((Cow::Borrowed(name), text));
                    continue;
                }
            };
            *named = Some(text);
        }
        Ok(record)
    }

    fn context(&self) -> Result<ContextRecord<'r>, Fault> {
        let mut record = ContextRecord::default();
        for (name, field) in &self.statement.context {
            let Some(text) = self.text(Some(field))? else { continue };
            if &**name == "product_group" {
                record.product_group = Some(text);
                continue;
            }
            let slot = match field {
                Field::Column { slot, .. } => Some(*slot),
                Field::Constant(_) => None,
            };
            let value = match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => true,
                "false" | "no" | "0" => false,
                _ => return Err((slot, ProblemKind::Refused)),
            };
            record.set(name, value);
        }
        Ok(record)
    }
}

/// A channel by its name in any case; `any` is none.
fn channel_name(word: &str) -> Option<&str> {
    let lower = word.to_ascii_lowercase();
    if lower == "any" {
        return Some("any");
    }
    Channel::parse(&lower).map(Channel::as_str)
}
