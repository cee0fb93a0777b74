//! Avro records of any schema: framing, and what the schema of a record means for the paths of a mapping.
//!
//! Paths go by name over whatever schema a record was written with. A schema is taken only if every path leads to the same kind
//! of value as in the schema the mapping was checked against; a field it lacks counts as absent where that schema allows null.

use crate::budget::Budget;
use crate::capture::{Capture, Found};
use crate::check::{AvroSchema, Cursor, Lost, Shape};
use crate::path::{Path, Root, Step};
use crate::tree::Tree;
use apache_avro::rabin::Rabin;
use apache_avro::types::Value;
use apache_avro::writer::datum::GenericDatumWriter;
use gate_codec::{Class, DecodeError, PlanCache, Schemas, Unreadable};
use std::sync::Arc;

/// What stands before a datum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// `00` and four bytes of schema id; for Protobuf also the message's index.
    Confluent,
    /// `C3 01` and the fingerprint of the mapping's schema.
    SingleObject,
    /// Nothing.
    None,
}

/// Reads Avro.
pub(crate) struct AvroSource {
    own: Arc<Own>,
    framing: Framing,
    walk: serde_avro_fast::Schema,
    fingerprints: [[u8; 8]; 2],
    registry: Option<PlanCache<serde_avro_fast::Schema>>,
}

/// The schema a mapping was checked against, and the paths it looks at.
struct Own {
    schema: AvroSchema,
    paths: Vec<Path>,
    /// The list that items are read from.
    each: Option<Path>,
}

impl AvroSource {
    /// `None` when the fast reader cannot read the schema.
    pub(crate) fn new(
        schema: AvroSchema,
        framing: Framing,
        paths: &[Path],
        each: Option<Path>,
    ) -> Option<Self> {
        let walk = plain(schema.root())?;
        let of_apache: [u8; 8] = schema.root().fingerprint::<Rabin>().bytes.try_into().ok()?;
        let fingerprints = [*walk.rabin_fingerprint(), of_apache];
        let own = Arc::new(Own { schema, paths: paths.to_vec(), each });
        Some(Self { own, framing, walk, fingerprints, registry: None })
    }

    /// Whether ids of schemas must be explained.
    pub(crate) fn needs_registry(&self) -> bool {
        self.framing == Framing::Confluent
    }

    pub(crate) fn set_registry(&mut self, schemas: Box<dyn Schemas>) {
        let own = Arc::clone(&self.own);
        self.registry = Some(PlanCache::new(schemas, move |schema| {
            let writer = gate_codec::parse_schema(&schema.text, &schema.references)?;
            own.plan(writer)
        }));
    }

    /// A record as bytes without framing, from its form in JSON.
    pub(crate) fn encoded(&self, record: &serde_json::Value) -> Result<Vec<u8>, &'static str> {
        let schema = self.own.schema.root();
        let value = avro_of(record).resolve(schema);
        let value = value.map_err(|_| "does not fit the Avro schema")?;
        let writer = GenericDatumWriter::builder(schema).build();
        let bytes = writer.and_then(|writer| writer.write_value_to_vec(value));
        bytes.map_err(|_| "does not fit the Avro schema")
    }

    pub(crate) fn read<'a>(
        &self,
        tree: &'a Tree,
        value: &'a [u8],
        is_bare: bool,
        found: &mut Found<'a>,
    ) -> Result<(), DecodeError> {
        match if is_bare { Framing::None } else { self.framing } {
            Framing::None => Ok(walk(&self.walk, tree, value, found)?),
            Framing::SingleObject => match value {
                [0xC3, 0x01, rest @ ..] => {
                    let (fingerprint, datum) = rest.split_first_chunk().ok_or(Class::Truncated)?;
                    if !self.fingerprints.contains(fingerprint) {
                        return Err(Class::UnknownSchema.into());
                    }
                    Ok(walk(&self.walk, tree, datum, found)?)
                }
                _ => Err(Class::WrongMagic.into()),
            },
            Framing::Confluent => {
                let datum = confluent(value)?;
                let id = gate_codec::schema_id(value).ok_or(Class::UnknownSchema)?;
                let registry = self.registry.as_ref();
                let plan =
                    registry.ok_or(DecodeError::Unavailable { cause: "no_registry" })?.plan(id)?;
                Ok(walk(&plan, tree, datum, found)?)
            }
        }
    }
}

/// JSON as Avro resolves it to a schema.
fn avro_of(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(flag) => Value::Boolean(*flag),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(number) => Value::Long(number),
            None => Value::Double(number.as_f64().unwrap_or_default()),
        },
        serde_json::Value::String(text) => Value::String(text.clone()),
        serde_json::Value::Array(items) => Value::Array(items.iter().map(avro_of).collect()),
        serde_json::Value::Object(fields) => {
            Value::Map(fields.iter().map(|(name, value)| (name.clone(), avro_of(value))).collect())
        }
    }
}

/// What follows the five bytes of the Confluent wire format.
pub(crate) fn confluent(value: &[u8]) -> Result<&[u8], Class> {
    match value {
        [0, _, _, _, _, rest @ ..] => Ok(rest),
        [0, ..] => Err(Class::Truncated),
        _ => Err(Class::WrongMagic),
    }
}

/// A schema for the fast reader, without logical types: they say nothing about bytes.
fn plain(schema: &apache_avro::Schema) -> Option<serde_avro_fast::Schema> {
    schema.canonical_form().parse().ok()
}

fn walk<'a>(
    schema: &serde_avro_fast::Schema,
    tree: &'a Tree,
    datum: &'a [u8],
    found: &mut Found<'a>,
) -> Result<(), Unreadable> {
    let budget = Budget::default();
    gate_codec::walk_avro(schema, datum, Capture::root(tree, &budget, found)).map_err(|class| {
        match class {
            Class::TrailingBytes => class.into(),
            class => budget.why(|| class),
        }
    })
}

impl Own {
    /// How to read data of another schema, if every path means the same there.
    fn plan(&self, writer: apache_avro::Schema) -> Option<serde_avro_fast::Schema> {
        let walk = plain(&writer)?;
        let writer = AvroSchema::new(writer);
        let (ours, theirs) = (self.schema.cursor(), writer.cursor());
        let items = match &self.each {
            None => None,
            Some(each) if agrees(&ours, &theirs, each) => {
                Some((item_of(&ours, each), item_of(&theirs, each)))
            }
            Some(_) => return None,
        };
        let agrees = self.paths.iter().all(|path| match (path.root, &items) {
            (Root::Record, _) => agrees(&ours, &theirs, path),
            (Root::Item, Some((ours, theirs))) => agrees(ours, theirs, path),
            (Root::Item | Root::Key, _) => true,
        });
        agrees.then_some(walk)
    }
}

fn item_of<'s>(root: &Cursor<'s>, each: &Path) -> Cursor<'s> {
    root.walk(each).ok().and_then(|list| list.item()).unwrap_or(Cursor::Any)
}

/// Whether a path leads to the same in both.
fn agrees(own: &Cursor<'_>, writer: &Cursor<'_>, path: &Path) -> bool {
    let Ok(ours) = own.walk(path) else { return true };
    match writer.walk(path) {
        Ok(theirs) => same(&ours.shape(), &theirs.shape()),
        Err(Lost::Not { .. }) => false,
        // the field may be absent if whatever it belongs to may be
        Err(Lost::Unknown { .. }) => (1..=path.steps.len()).any(|n_steps| {
            let steps: Vec<Step> = path.steps.iter().take(n_steps).cloned().collect();
            let part = Path { root: path.root, steps };
            writer.walk(&part).is_err() && own.walk(&part).is_ok_and(|at| at.is_optional())
        }),
    }
}

fn same(ours: &Shape, theirs: &Shape) -> bool {
    match (ours, theirs) {
        (Shape::Text | Shape::Symbols { .. }, Shape::Text | Shape::Symbols { .. }) => true,
        (ours, theirs) => ours == theirs,
    }
}
