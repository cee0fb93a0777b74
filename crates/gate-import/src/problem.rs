//! What is wrong with a row, for people: line, column, reason, fix. Never the value: it is somebody's.

use std::fmt;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $word:literal $reason:literal $fix:literal)*) => {
        /// What is wrong. Closed, for counts; the names are public: add, never rename.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ProblemKind { $($(#[$doc])* $name),* }

        impl ProblemKind {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The public name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }

            /// What is wrong, in words.
            #[must_use]
            pub const fn reason(self) -> &'static str {
                match self { $(Self::$name => $reason),* }
            }

            /// What to do about it, where the plan says nothing better.
            #[must_use]
            pub const fn fix(self) -> &'static str {
                match self { $(Self::$name => $fix),* }
            }
        }
    };
}
kinds! {
    /// A quotation mark that is never closed, or far too late.
    OpenQuote "open_quote" "a quotation mark is opened and not closed in this row"
        "close it, or double quotation marks within a value"
    /// Within a row whose quotation marks are wrong: its grants are not taken.
    InDoubt "in_doubt" "it stands within a row whose quotation marks are wrong, so a grant is not taken from it"
        "mend the row that the marks are wrong in"
    /// More bytes than a row may have.
    TooLong "too_long" "longer than a row may be (256 KiB)" "remove what is no part of the list"
    /// More or fewer fields than the header.
    FieldCount "field_count" "it has more or fewer fields than the header"
        "quote values that hold the separator, or name `delimiter`"
    /// Bytes that are no text of the encoding, or text that was damaged before.
    BadEncoding "bad_encoding" "it holds bytes that are no text, or text that an earlier program has damaged"
        "name `encoding` (windows-1252, utf-16le …), or export it again as UTF-8"
    /// No JSON object.
    NotAnObject "not_an_object" "it is no JSON object" "write one JSON object a line"
    /// A name that stands twice in an object.
    DuplicateName "duplicate_name" "a name stands twice in the object" "write each name once"
    /// A list or an object where a value must be.
    NotAValue "not_a_value" "a list or an object stands where a single value must be"
        "name the value by its path (`consent.email`), or use a mapping file"
    /// A word for an action that no table has.
    UnknownAction "unknown_action" "nobody said what this word does"
        "add it to `values` of the action, `skip` if it says nothing"
    /// A word for a channel that no table has, where it matters.
    UnknownChannel "unknown_channel" "nobody said which channel this word is" "add it to `values` of the channel"
    /// A word for a purpose that no table has, where it matters.
    UnknownPurpose "unknown_purpose" "nobody said which purpose this word is" "add it to `values` of the purpose"
    /// Neither an id nor an address.
    Nobody "nobody" "it names nobody" "fill in the contact id or the address"
    /// A permission for no address.
    NoAddress "no_address" "a permission counts only for the address it was given for, and none of the channel is there"
        "fill in the address that the channel delivers to"
    /// An address nobody can use.
    InvalidAddress "invalid_address" "no address that can be used; a number needs its country code or `region`"
        "correct it, or give `region`"
    /// No time where one must be.
    NoTime "no_time" "it does not say when the person acted"
        "fill it in; for refusals `as_of` may say when the list was made"
    /// A time that does not read.
    BadTime "bad_time" "no time as the plan expects it" "name its format in `time`, such as \"%d.%m.%Y %H:%M\""
    /// A time without its zone.
    NoZone "no_zone" "a time without its zone may mean several" "name `zone`, such as Europe/Berlin or UTC"
    /// A time that has not come.
    Future "future" "it lies in the future" "correct the time, its format or its zone"
    /// A permission without proof.
    NoEvidence "no_evidence" "a permission without proof: method and notice version are needed"
        "give `evidence.method` and `evidence.notice_version`, or leave the row out: without proof it permits nothing"
    /// A permission that does not say for what.
    NoScope "no_scope" "a permission must name channel, purpose, controller and brand"
        "name what is missing in the plan, or fill in the column"
    /// A relationship that says nothing.
    NoRelationship "no_relationship" "a relationship without kind and context permits nothing" "give `kind` or `context`"
    /// A controller or a brand that is not the plan's.
    ForeignScope "foreign_scope" "it names a controller or brand that the plan does not have"
        "import it with a plan of its own"
    /// An action that an import may not say.
    ActionNotAllowed "action_not_allowed" "an import may not say this" "map it to an action that an import may say, or `skip`"
    /// A mapping file that finds no change in it.
    Unmapped "unmapped" "the mapping cannot read it" "see docs/mapping.md and `consent-gate mapping test`"
    /// The gate's own reader would refuse it.
    Refused "refused" "the gate would not read it" "correct the value"
}

/// What is wrong with one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line of the file it begins in, from 1, after unpacking.
    pub line: u64,
    /// The name of the column, from the header or the plan; `None` for the row as a whole. `Debug` and `Display` show it: a
    /// file whose first line is a row and no header is refused before there are columns.
    pub column: Option<String>,
    /// What is wrong.
    pub kind: ProblemKind,
    /// The word of the gate's reader or of a mapping, where it says more.
    pub detail: Option<&'static str>,
    /// Whether a refusal may be lost with it.
    pub loses: Loss,
}

/// Whether a row that is not taken may be a refusal: somebody would be written to who has said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Loss {
    /// It is none: what is lost permits, or says nothing.
    Nothing,
    /// Nobody can tell what it says.
    PerhapsRefusal,
    /// It is a refusal.
    Refusal,
}

impl Problem {
    /// What is wrong, in words without a value.
    #[must_use]
    pub fn reason(&self) -> String {
        match self.detail {
            Some(detail) => format!("{} ({detail})", self.kind.reason()),
            None => self.kind.reason().to_owned(),
        }
    }

    /// What to do.
    #[must_use]
    pub const fn fix(&self) -> &'static str {
        self.kind.fix()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = &self.column {
            write!(f, ", column `{column}`")?;
        }
        write!(f, ": {}; {}", self.reason(), self.fix())
    }
}

/// Why a file as a whole cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It cannot be read, or unpacked.
    #[error("the file cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// It has no line.
    #[error("the file is empty; export it again")]
    Empty,
    /// Its first line is no header.
    #[error(
        "the first line looks like a row, not like names of columns; add a header (`skip_lines` where it stands lower), or use `format: list`"
    )]
    NoHeader,
    /// It does not fit the plan.
    #[error("{reason}; {fix}")]
    Shape {
        /// What is wrong.
        reason: String,
        /// What to do.
        fix: String,
    },
    /// It is not the file that was previewed, or that the import began with.
    #[error("{0}")]
    Other(&'static str),
}

impl ImportError {
    pub(crate) fn shape(reason: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Shape { reason: reason.into(), fix: fix.into() }
    }
}
