//! The tree: values, keys, places.

/// Where something stands, from 1; 0 is the document as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
}

/// A value and its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it is written; an alias stands where its anchor does.
    pub place: Place,
    /// Where it is used: an alias's own place, otherwise the same.
    pub used: Place,
    /// The value.
    pub value: Value,
}

/// A value.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing, or `null`.
    Null,
    /// `true` or `false`; `yes` and `off` are text.
    Boolean(bool),
    /// A whole number; `007` and `1_000` are text.
    Integer(i128),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the document.
    Map(Vec<(Key, Node)>),
}

/// A key and its place.
#[derive(Clone, Debug)]
pub struct Key {
    /// Where it is written.
    pub place: Place,
    /// The key itself.
    pub name: String,
}

impl Key {
    /// The key as if it were a value, for mappings whose keys mean something.
    #[must_use]
    pub fn as_node(&self) -> Node {
        Node { place: self.place, used: self.place, value: Value::Text(self.name.clone()) }
    }
}

impl Value {
    /// What it is, for people.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Boolean(_) => "true or false",
            Self::Integer(_) => "a number",
            Self::Float(_) => "a fraction",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}
