//! The policies in force, one pack with its rules in words, and what differs between two revisions.

use std::sync::Arc;

use gate_core::PolicySet;
use gate_core::policy::{Pack, Rule};
use gate_policy::diff::differences;
use gate_policy::words;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Desk;
use super::super::asked::Asked;
use super::blocking;
use crate::answers::{Problem, ProblemKind};
use crate::clock::now;
use crate::exit::{ExitCode, Failure};
use crate::headers::rfc3339;
use crate::policies::archive;

/// Revisions that are shown.
const REVISIONS_MAX: usize = 100;

/// What is in force, and what was.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::desk) struct PoliciesAnswer {
    /// The revision that explanations here are made with; the gates say which they decide with.
    pub(in crate::desk) revision: String,
    pub(in crate::desk) tz_version: String,
    pub(in crate::desk) packs: Vec<PackAnswer>,
    /// Kept revisions, the newest first.
    pub(in crate::desk) revisions: Vec<RevisionAnswer>,
    /// What could not be looked at.
    pub(in crate::desk) remarks: Vec<String>,
}

/// A pack.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::desk) struct PackAnswer {
    pub(in crate::desk) code: String,
    pub(in crate::desk) title: String,
    pub(in crate::desk) version: String,
    pub(in crate::desk) n_rules: usize,
    /// How far its rules were looked up: `L1` the law, `L2` a guide, `K` from memory, `P` the product's own.
    pub(in crate::desk) status: Vec<&'static str>,
    /// The day of the sign-off.
    pub(in crate::desk) signed_off: Option<String>,
}

/// A revision that is kept.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::desk) struct RevisionAnswer {
    pub(in crate::desk) revision: String,
    /// When a gate first took it up.
    pub(in crate::desk) first_seen: Option<String>,
    /// Codes of packs that differ in version from the one before.
    pub(in crate::desk) changed: Vec<String>,
}

/// A pack with its rules.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::desk) struct PackPage {
    #[serde(flatten)]
    pub(in crate::desk) pack: PackAnswer,
    pub(in crate::desk) rules: Vec<RuleWords>,
}

/// A rule in words.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::desk) struct RuleWords {
    /// `GB/electronic-mail`.
    pub(in crate::desk) rule: String,
    pub(in crate::desk) channels: String,
    pub(in crate::desk) recipients: String,
    /// What it asks for: a heading and its points.
    #[schema(value_type = Vec<Vec<Object>>)]
    pub(in crate::desk) asks: Vec<(&'static str, Vec<String>)>,
    /// The law.
    pub(in crate::desk) law: String,
    pub(in crate::desk) status: Vec<&'static str>,
    /// Law and sources, a line each.
    pub(in crate::desk) origins: Vec<String>,
    pub(in crate::desk) from: Option<String>,
    pub(in crate::desk) until: Option<String>,
}

/// What differs.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::desk) struct DiffAnswer {
    pub(in crate::desk) from: String,
    pub(in crate::desk) to: String,
    pub(in crate::desk) differences: Vec<DifferenceAnswer>,
}

/// One difference in what is decided.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::desk) struct DifferenceAnswer {
    /// What it leads to, such as `stricter`.
    pub(in crate::desk) effect: String,
    pub(in crate::desk) jurisdictions: Vec<String>,
    pub(in crate::desk) channels: Vec<&'static str>,
    pub(in crate::desk) recipients: Vec<&'static str>,
    /// The day it begins, if later than today.
    pub(in crate::desk) begins: Option<String>,
    pub(in crate::desk) sentence: String,
}

/// # Errors
/// The time zones cannot be read.
pub(in crate::desk) async fn answer(desk: &Arc<Desk>) -> Result<PoliciesAnswer, Problem> {
    blocking(desk, |desk| {
        let listing =
            archive::list(&desk.config).map_err(|error| Failure::of(ExitCode::Config, error))?;
        let set = desk.policies.current();
        let mut revisions: Vec<RevisionAnswer> = Vec::new();
        let mut before: Option<&archive::Listed> = None;
        for listed in &listing.sets {
            let changed = before.map(|before| changed(before, listed)).unwrap_or_default();
            revisions.push(RevisionAnswer {
                revision: listed.revision.as_str().to_owned(),
                first_seen: listed.first_seen.map(rfc3339),
                changed,
            });
            before = Some(listed);
        }
        revisions.reverse();
        revisions.truncate(REVISIONS_MAX);
        Ok(PoliciesAnswer {
            revision: set.revision().to_owned(),
            tz_version: set.tz_version().to_owned(),
            packs: set.packs().iter().enumerate().map(|(nth, it)| pack_of(&set, nth, it)).collect(),
            revisions,
            remarks: listing.unread.iter().map(|(text, _)| text.clone()).collect(),
        })
    })
    .await
}

fn changed(before: &archive::Listed, after: &archive::Listed) -> Vec<String> {
    let none = Vec::new();
    let (before, after) =
        (before.packs.as_ref().unwrap_or(&none), after.packs.as_ref().unwrap_or(&none));
    let is_new = |pack: &&(String, String)| !before.contains(pack);
    after.iter().filter(is_new).map(|(code, _)| code.clone()).collect()
}

fn rules_of(set: &PolicySet, nth: usize) -> impl Iterator<Item = &Rule> {
    set.rules().iter().filter(move |rule| usize::from(rule.pack) == nth)
}

fn pack_of(set: &PolicySet, nth: usize, pack: &Pack) -> PackAnswer {
    let mut status: Vec<&'static str> = rules_of(set, nth)
        .flat_map(|rule| rule.provenance.status.iter().map(|status| status.as_str()))
        .collect();
    status.sort_unstable();
    status.dedup();
    PackAnswer {
        code: pack.code.as_str().to_owned(),
        title: pack.title.clone(),
        version: pack.version.clone(),
        n_rules: rules_of(set, nth).count(),
        status,
        signed_off: pack.signed_off.as_ref().map(|sign| sign.on.to_string()),
    }
}

/// # Errors
/// There is no such pack in force.
pub(in crate::desk) fn pack(desk: &Desk, code: &str) -> Result<PackPage, Problem> {
    let set = desk.policies.current();
    let mut packs = set.packs().iter().enumerate();
    let found = packs.find(|(_, pack)| pack.code.as_str().eq_ignore_ascii_case(code));
    let (nth, pack) = found
        .ok_or_else(|| Problem::new(ProblemKind::NotFound, "there is no pack of that code"))?;
    let rules = rules_of(&set, nth).map(|rule| in_words(&set, rule)).collect();
    Ok(PackPage { pack: pack_of(&set, nth, pack), rules })
}

fn in_words(set: &PolicySet, rule: &Rule) -> RuleWords {
    let mut asks: Vec<(&'static str, Vec<String>)> = Vec::new();
    let mut ask = |heading: &'static str, points: Vec<String>| {
        let points: Vec<String> = points.into_iter().filter(|point| !point.is_empty()).collect();
        if !points.is_empty() {
            asks.push((heading, points));
        }
    };
    ask("About", vec![words::about(rule.applies_to.as_ref())]);
    ask("What counts as a yes", rule.bases.iter().map(words::basis).collect());
    ask("Prohibited unless", rule.prohibited_unless.iter().map(words::exemption).collect());
    ask("Registries", rule.registries.iter().map(words::registry).collect());
    let contents = [rule.content, rule.bulk_content];
    ask("What a message must carry", contents.into_iter().map(words::content).collect());
    ask("How often", rule.caps.iter().map(words::cap).collect());
    ask("When", rule.hours.iter().map(|hours| words::hours(hours, set)).collect());
    let instant =
        |at: gate_core::Timestamp, none: gate_core::Timestamp| (at != none).then(|| rfc3339(at));
    RuleWords {
        rule: rule.label.clone(),
        channels: words::channels(rule),
        recipients: words::recipients(rule.recipients),
        asks,
        law: rule.provenance.law.clone(),
        status: rule.provenance.status.iter().map(|status| status.as_str()).collect(),
        origins: words::origin(set, rule),
        from: instant(rule.from, gate_core::Timestamp::MIN),
        until: instant(rule.until, gate_core::Timestamp::MAX),
    }
}

/// # Errors
/// A revision is kept nowhere, or this version cannot load it.
pub(in crate::desk) async fn diff(desk: &Arc<Desk>, asked: &Asked) -> Result<DiffAnswer, Problem> {
    asked.query.only(&["from", "to", "lang"])?;
    let name = |name: &str| {
        let text = asked.query.get(name).map(str::to_owned);
        text.ok_or_else(|| Problem::malformed(format!("/{name}"), "name a revision"))
    };
    let (from, to) = (name("from")?, name("to")?);
    blocking(desk, move |desk| {
        let present = desk.policies.current();
        let load = |revision: &str| -> Result<Arc<PolicySet>, Failure> {
            if revision == present.revision() {
                return Ok(Arc::clone(&present));
            }
            let former = archive::load(&desk.config, revision);
            former
                .map(|former| Arc::new(former.set))
                .map_err(|error| Failure::of(ExitCode::No, error))
        };
        let found = differences(&*load(&from)?, &*load(&to)?, now(), false);
        let differences = found.into_iter().map(|it| DifferenceAnswer {
            effect: it.effect.as_str().to_owned(),
            jurisdictions: it.jurisdictions,
            channels: it.channels,
            recipients: it.recipients,
            begins: it.from,
            sentence: it.sentence,
        });
        Ok(DiffAnswer { differences: differences.collect(), from, to })
    })
    .await
}
