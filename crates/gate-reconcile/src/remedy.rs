//! What would mend a finding: consent changes here, calls there, or why neither. Nothing here lifts a refusal, on either side.

use crate::api::ApiSpec;
use crate::entry::Reason;
use crate::finding::Finding;
use crate::frame::{Frame, Lane};
use crate::kind::{Class, Kind};
use gate_core::Timestamp;
use gate_intake::{IdKey, Listed, Outcome, Source, listed};
use serde::Deserialize;
use std::fmt;

/// What an operator allows to be written. By default each refusal is written exactly as far as it was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Allowed {
    /// Here: entries without a time, of people who agreed here, count as refusals of now. Once only: every further time would
    /// be a further refusal.
    pub undated: bool,
    /// There: a refusal of marketing may go to a list that stops every message. For accounts that send marketing alone.
    pub marketing_stops_all: bool,
    /// There: bounces and other closed addresses too.
    pub bounces: bool,
    /// There, Amazon SES: opt-outs may stand on the suppression list as complaints, since it knows no other refusal.
    pub opt_outs_as_complaints: bool,
}

/// A refusal to be written to the provider. `Debug` shows no address.
#[derive(Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The address. Personal data.
    pub address: Box<str>,
    /// What to write.
    pub reason: Reason,
    /// The groups it is about, by the provider's ids; empty: everything.
    pub groups: Vec<String>,
    /// Since when it stands here.
    pub since: Option<Timestamp>,
}

impl fmt::Debug for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wanted")
            .field("reason", &self.reason)
            .field("groups", &self.groups)
            .finish_non_exhaustive()
    }
}

/// What would mend a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing: the sides agree, or the entry is no refusal.
    Nothing,
    /// Consent changes here ([`changes`]).
    Here,
    /// A call to the provider ([`crate::calls`]).
    There(Wanted),
    /// A person has to look: writing is not possible or not right.
    Not(Hindrance),
}

/// Why nothing is written. Closed, for labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hindrance {
    /// The entry is older than consent that was proven here.
    Overtaken,
    /// The entry has no time, and consent was proven here.
    Undated,
    /// Which address it is, is not known: state holds keyed hashes only.
    NoAddress,
    /// The provider's API writes no such entry, or there is no API.
    NoApi,
    /// No group of the provider's means what was refused.
    NoGroup,
    /// The provider's list would stop more than was refused.
    StopsMore,
    /// It is no refusal of a person (a bounce), and writing those is not switched on.
    Bounce,
    /// The gate blocks for a reason of its own (an erasure, a change that was not readable).
    NotTheirs,
}

impl Hindrance {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Overtaken,
        Self::Undated,
        Self::NoAddress,
        Self::NoApi,
        Self::NoGroup,
        Self::StopsMore,
        Self::Bounce,
        Self::NotTheirs,
    ];

    /// The public name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Overtaken => "overtaken",
            Self::Undated => "undated",
            Self::NoAddress => "no_address",
            Self::NoApi => "no_api",
            Self::NoGroup => "no_group",
            Self::StopsMore => "stops_more",
            Self::Bounce => "bounce",
            Self::NotTheirs => "not_theirs",
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn fix(self) -> &'static str {
        match self {
            Self::Overtaken => {
                "remove the entry at the provider by hand, if the consent is right: this program lifts no refusal"
            }
            Self::Undated => "look which came first; `undated` writes it as a refusal of now",
            Self::NoAddress => {
                "give the addresses (the consent-change topic, or a file of contacts), and reconcile again"
            }
            Self::NoApi => "write it in the provider's console, or import a file there",
            Self::NoGroup => "name a group of the provider's for this purpose in the source",
            Self::StopsMore => {
                "name groups for the purposes, or `marketing_stops_all` where the account sends marketing alone"
            }
            Self::Bounce => "`bounces` writes them",
            Self::NotTheirs => "nothing is missing at the provider: the gate blocks",
        }
    }
}

impl Remedy {
    /// The public name: `none`, `here`, `there`, or that of the hindrance.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Nothing => "none",
            Self::Here => "here",
            Self::There(_) => "there",
            Self::Not(why) => why.as_str(),
        }
    }

    /// What would mend a finding; `api` is `None` where only a file was read.
    #[must_use]
    pub fn of(finding: &Finding, frame: &Frame, api: Option<&ApiSpec>, allowed: Allowed) -> Self {
        match finding.class {
            Class::Both | Class::NoRefusal => Self::Nothing,
            Class::Overtaken => Self::Not(Hindrance::Overtaken),
            Class::Undated if !allowed.undated => Self::Not(Hindrance::Undated),
            Class::OnlyThere | Class::Undated if finding.address.is_none() => {
                Self::Not(Hindrance::NoAddress)
            }
            Class::OnlyThere | Class::Undated => Self::Here,
            Class::OnlyHere => match wanted(finding, frame, api, allowed) {
                Ok(wanted) => Self::There(wanted),
                Err(why) => Self::Not(why),
            },
        }
    }
}

fn wanted(
    finding: &Finding,
    frame: &Frame,
    api: Option<&ApiSpec>,
    allowed: Allowed,
) -> Result<Wanted, Hindrance> {
    if !finding.is_writable {
        return Err(Hindrance::NotTheirs);
    }
    let api = api.ok_or(Hindrance::NoApi)?;
    let (reason, groups) = target(finding, frame, api, allowed)?;
    let address = finding.address.clone().ok_or(Hindrance::NoAddress)?;
    Ok(Wanted { address, reason, groups, since: finding.since })
}

/// Which list of the provider's says what was refused here, and no more.
fn target(
    finding: &Finding,
    frame: &Frame,
    api: &ApiSpec,
    allowed: Allowed,
) -> Result<(Reason, Vec<String>), Hindrance> {
    let has_groups = matches!(api, ApiSpec::SendGrid(_) | ApiSpec::Mailgun(_));
    // Mailgun replaces an address's entry: without the tags it has, this would lift what was refused
    let is_kept =
        |number| matches!(api, ApiSpec::Mailgun(_)) && finding.groups_there.contains(&number);
    let groups = |is_meant: &dyn Fn(u16) -> bool| -> Vec<String> {
        let meant = frame.groups().filter(|(number, _)| is_meant(*number) || is_kept(*number));
        meant.map(|(_, group)| group.id.clone()).collect()
    };
    match finding.lane {
        // SES has one entry an address: a bounce would take the place of a complaint, and both stop the same
        Lane::Closed if !allowed.bounces || finding.is_stopped_there => Err(Hindrance::Bounce),
        Lane::Closed if matches!(api, ApiSpec::Mailgun(_) | ApiSpec::Ses(_)) => {
            Ok((Reason::HardBounce, Vec::new()))
        }
        Lane::Closed | Lane::Blocked => Err(Hindrance::NoApi),
        Lane::Partial => Err(Hindrance::NoGroup),
        Lane::Group(_) if !has_groups => Err(Hindrance::NoApi),
        Lane::Group(number) => Ok((Reason::Unsubscribe, groups(&|one| one == number))),
        Lane::Everything => {
            let is_complaint = finding.kind == Kind::Complaint;
            let stops_all = finding.is_whole || allowed.marketing_stops_all;
            match api {
                ApiSpec::Ses(_) if is_complaint => Ok((Reason::Complaint, Vec::new())),
                ApiSpec::Ses(_) if !allowed.opt_outs_as_complaints => Err(Hindrance::NoApi),
                ApiSpec::Ses(_) if stops_all => Ok((Reason::Complaint, Vec::new())),
                ApiSpec::Mailgun(_) if is_complaint => Ok((Reason::Complaint, Vec::new())),
                _ if stops_all => Ok((Reason::Unsubscribe, Vec::new())),
                _ if has_groups => {
                    let marketing = frame.marketing_groups();
                    let all = groups(&|number| marketing.contains(&number));
                    if marketing.is_empty() {
                        Err(Hindrance::StopsMore)
                    } else {
                        Ok((Reason::Unsubscribe, all))
                    }
                }
                _ => Err(Hindrance::StopsMore),
            }
        }
    }
}

/// The consent changes that would mend findings ([`Remedy::Here`]), made as the source's webhooks are: its controller, brand,
/// allowed actions, `repeats`. Whoever stands on two lists (a complaint, an unsubscribe) gets a change for each. `index` of
/// records and problems counts entries, not findings.
#[must_use]
pub fn changes(
    findings: &[Finding],
    frame: &Frame,
    source: &Source,
    ids: &IdKey,
    now: Timestamp,
) -> Outcome {
    let mut entries = Vec::new();
    for finding in findings {
        let group = finding.lane.group().and_then(|number| frame.group(number));
        for entry in &finding.there {
            let kind = entry.kind.reason().and_then(Reason::listed);
            let (Some(kind), Some(address)) = (kind, finding.address.as_deref()) else { continue };
            entries.push(Listed {
                kind,
                list: entry.kind.as_str(),
                address,
                channel: frame.channel.as_str(),
                group: group.map(|group| group.id.as_str()),
                at: entry.at,
                smtp: entry.smtp.as_deref(),
            });
        }
    }
    listed(source, ids, now, &entries)
}
