//! Which column of an export says what, and what its words mean.
//!
//! SendGrid's and Mailgun's names are those of their API and import files; Twilio documents no export of opt-outs, so its column
//! is named by the operator unless it is one of the usual. Braze and Klaviyo go by names as well (their exports were not verified).

use crate::entry::Reason;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Names of columns that hold an address, tried when none is configured.
const ADDRESSES: [&str; 12] = [
    "email",
    "address",
    "email_address",
    "emailaddress",
    "e-mail",
    "recipient",
    "phone",
    "phone_number",
    "phonenumber",
    "msisdn",
    "contact_id",
    "number",
];
/// Names of columns that hold a time.
const TIMES: [&str; 11] = [
    "created",
    "created_at",
    "createdat",
    "date",
    "date_of_consent",
    "lastupdatetime",
    "lastupdatedtimestamp",
    "timestamp",
    "unsubscribed_at",
    "opted_out_at",
    "date_created",
];
/// Names of columns that hold a kind.
const KINDS: [&str; 5] = ["reason", "kind", "status", "type", "suppression_reason"];

/// The columns of an export. Names are compared without regard to case, blanks and underscores.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Columns {
    /// The address. Default: the one column with a usual name.
    pub address: Option<String>,
    /// Why it is there. Default: none; then every line is `default`.
    pub kind: Option<String>,
    /// When. Default: the one column with a usual name, if there is one.
    pub at: Option<String>,
    /// The group, topic or tag.
    pub group: Option<String>,
    /// What the mail server said.
    pub smtp: Option<String>,
    /// Words of the column `kind`, beside those that are known.
    pub words: BTreeMap<String, Word>,
    /// What a line is that says no kind: for files that hold one list. Default: `unsubscribe`.
    pub default: Option<Word>,
    /// Between fields. Default: by the first line, of `,`, `;` and tab.
    pub separator: Option<char>,
}

/// What a word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Word {
    /// It is on the list for this.
    Is(Reason),
    /// It is not suppressed.
    NotListed,
    /// Nobody knows.
    Unknown,
}

impl TryFrom<String> for Word {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Ok(match name.as_str() {
            "unsubscribe" => Self::Is(Reason::Unsubscribe),
            "complaint" => Self::Is(Reason::Complaint),
            "hard_bounce" => Self::Is(Reason::HardBounce),
            "invalid" => Self::Is(Reason::Invalid),
            "block" => Self::Is(Reason::Block),
            "not_listed" => Self::NotListed,
            _ => {
                return Err(
                    "use unsubscribe, complaint, hard_bounce, invalid, block or not_listed",
                );
            }
        })
    }
}

impl Columns {
    /// What a line's word means.
    pub(super) fn reason(&self, word: Option<&str>) -> Word {
        let usual = self.default.unwrap_or(Word::Is(Reason::Unsubscribe));
        let Some(word) = word else { return usual };
        let own = self.words.iter().find(|(known, _)| plain(known) == plain(word));
        own.map_or_else(|| known(&plain(word)), |(_, meaning)| *meaning)
    }
}

/// The words that are known everywhere.
fn known(word: &str) -> Word {
    Word::Is(match word {
        "unsubscribe" | "unsubscribed" | "unsubscribes" | "optout" | "optedout" | "stop"
        | "global" | "usersuppressed" | "manual" | "manualsuppression" => Reason::Unsubscribe,
        "complaint" | "complained" | "complaints" | "spam" | "spamreport" | "spamreports"
        | "spamcomplaint" | "abuse" | "markedasspam" => Reason::Complaint,
        "bounce" | "bounced" | "bounces" | "hardbounce" | "hardbounced" | "hard" => {
            Reason::HardBounce
        }
        "invalid" | "invalidemail" | "invalidemails" => Reason::Invalid,
        "block" | "blocked" | "blocks" | "softbounce" | "soft" => Reason::Block,
        "subscribed" | "optin" | "optedin" | "active" | "start" | "notsuppressed" => {
            return Word::NotListed;
        }
        _ => return Word::Unknown,
    })
}

/// A name as it is compared.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Where the columns stand.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) address: usize,
    pub(super) kind: Option<usize>,
    pub(super) at: Option<usize>,
    pub(super) group: Option<usize>,
    pub(super) smtp: Option<usize>,
}

/// Key, reason, fix. No name of the file's is told: a file without a heading begins with a person.
type Wrong = (&'static str, &'static str, &'static str);

impl Places {
    pub(super) fn find(columns: &Columns, heading: &[&[u8]]) -> Result<Self, Wrong> {
        let names: Vec<String> =
            heading.iter().map(|name| plain(&String::from_utf8_lossy(name))).collect();
        let named = |key: &'static str, name: Option<&String>| {
            let Some(name) = name else { return Ok(None) };
            let mut found =
                (0..).zip(&names).filter(|(_, known)| **known == plain(name)).map(|(at, _)| at);
            match (found.next(), found.next()) {
                (Some(place), None) => Ok(Some(place)),
                (Some(_), Some(_)) => {
                    Err((key, "two columns have this name", "rename one of them"))
                }
                (None, _) => Err((
                    key,
                    "no column has this name",
                    "write it as the first line of the file does",
                )),
            }
        };
        let usual = |wanted: &[&str]| -> Vec<usize> {
            let is_usual = |name: &String| wanted.iter().any(|one| plain(one) == *name);
            (0..).zip(&names).filter(|(_, name)| is_usual(name)).map(|(at, _)| at).collect()
        };
        let only = |key, found: &[usize]| match found {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            _ => Err((key, "several columns could be meant", "name the one that is")),
        };
        let fix = "name the column, and check that the first line of the file names them all";
        let address = named("address", columns.address.as_ref())?;
        let address = match address {
            Some(place) => place,
            None => only("address", &usual(&ADDRESSES))?.ok_or((
                "address",
                "no column holds an address",
                fix,
            ))?,
        };
        let at = named("at", columns.at.as_ref())?;
        let at = if at.is_some() { at } else { only("at", &usual(&TIMES))? };
        let kind = named("kind", columns.kind.as_ref())?;
        // a file that says kinds must not be read as if all were one
        if kind.is_none() && columns.default.is_none() && !usual(&KINDS).is_empty() {
            let fix = "name the column, or say by `default` what every line is";
            return Err(("kind", "a column seems to say kinds, and it is not named", fix));
        }
        Ok(Self {
            address,
            kind,
            at,
            group: named("group", columns.group.as_ref())?,
            smtp: named("smtp", columns.smtp.as_ref())?,
        })
    }
}
