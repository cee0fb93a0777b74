//! `consent-gate policy revisions`: the policy sets that are kept, the oldest first, each with what it changed.

use super::super::{ConfigFile, ExitCode, Failure, output};
use crate::exit::OrFail as _;
use crate::headers::rfc3339;
use crate::policies::archive::{Home, Listed, Listing, list};
use clap::Args;
use std::collections::BTreeMap;

/// Packs that a line names before it only counts them.
const NAMED_MAX: usize = 8;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
    /// One object a set: {revision, first_seen, tz_version, gate_version, packs, error, kept_in}
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = arguments.file.load()?;
    let spinner = output::spinner("reading what is kept");
    let listing = list(&config).or_fail(ExitCode::Config)?;
    spinner.finish_and_clear();
    if arguments.json {
        listing.sets.iter().try_for_each(json)?;
    } else {
        output::print(&table(&listing.sets))?;
    }
    end(&listing)
}

/// What is damaged or could not be read is told, and is no clean end: the list may lack something.
fn end(listing: &Listing) -> Result<(), Failure> {
    for text in &listing.damaged {
        output::note(&format!("no policy set: {text}"));
    }
    if listing.n_more > 0 {
        output::note(&format!("and {} more, which are not listed", listing.n_more));
    }
    for (text, _) in &listing.unread {
        output::note(&format!("not listed: {text}"));
    }
    match listing.unread.first() {
        Some((_, code)) => Err(Failure::silent(*code)),
        None if listing.damaged.is_empty() && listing.n_more == 0 => Ok(()),
        None => Err(Failure::silent(ExitCode::No)),
    }
}

fn json(set: &Listed) -> Result<(), Failure> {
    let Listed { revision, first_seen, tz_version, gate_version, packs, homes } = set;
    let pack =
        |(code, version): &(String, String)| serde_json::json!({"pack": code, "version": version});
    let kept_in: Vec<&str> = homes.iter().map(|home| home.as_str()).collect();
    output::print_json(&serde_json::json!({
        "revision": revision.as_str(),
        "first_seen": first_seen.map(rfc3339),
        "tz_version": tz_version,
        "gate_version": gate_version,
        "packs": packs.as_ref().ok().map(|packs| packs.iter().map(pack).collect::<Vec<_>>()),
        "error": packs.as_ref().err(),
        "kept_in": kept_in,
    }))
}

fn table(sets: &[Listed]) -> String {
    let before = std::iter::once(None).chain(sets.iter().map(Some));
    let rows = sets.iter().zip(before).map(|(set, before)| {
        let first_seen = set.first_seen.map_or_else(|| "-".to_owned(), rfc3339);
        let homes: Vec<String> = set.homes.iter().map(Home::to_string).collect();
        let packs = plain(&packs(set, before));
        [set.revision.to_string(), first_seen, set.tz_version.clone(), homes.join(", "), packs]
    });
    output::table(["REVISION", "FIRST SEEN", "TIME ZONES", "KEPT IN", "PACKS"], rows)
}

/// A pack that somebody else wrote may say anything, and a terminal is told nothing by it.
fn plain(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// How many, and which are others than in the set of the line before.
fn packs(set: &Listed, before: Option<&Listed>) -> String {
    let packs = match &set.packs {
        Ok(packs) => packs,
        Err(error) => {
            let first = error.lines().find(|line| !line.is_empty()).unwrap_or_default();
            return format!("cannot be loaded by this version: {first}");
        }
    };
    let mut text = packs.len().to_string();
    let Some(Listed { packs: Ok(former), .. }) = before else { return text };
    let former: BTreeMap<&str, &str> = by_code(former);
    let now: BTreeMap<&str, &str> = by_code(packs);
    let mut changes: Vec<String> = Vec::new();
    for (code, version) in &now {
        match former.get(code) {
            Some(known) if known == version => {}
            Some(known) => changes.push(format!("{code} {known} → {version}")),
            None => changes.push(format!("+{code} {version}")),
        }
    }
    let is_gone = |code: &&&str| !now.contains_key(**code);
    changes.extend(former.keys().filter(is_gone).map(|code| format!("-{code}")));
    let n_more = changes.len().saturating_sub(NAMED_MAX);
    changes.truncate(NAMED_MAX);
    if !changes.is_empty() {
        text = format!("{text}; {}", changes.join(", "));
    }
    if n_more > 0 { format!("{text} and {n_more} more") } else { text }
}

fn by_code(packs: &[(String, String)]) -> BTreeMap<&str, &str> {
    packs.iter().map(|(code, version)| (code.as_str(), version.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policies::Revision;
    use gate_core::Timestamp;
    use std::collections::BTreeSet;

    fn listed(revision: &str, packs: &[(&str, &str)]) -> Listed {
        let pack = |(code, version): &(&str, &str)| ((*code).to_owned(), (*version).to_owned());
        Listed {
            revision: Revision::parse(revision).unwrap(),
            first_seen: Some(Timestamp::from_millis(0)),
            tz_version: "2026a".to_owned(),
            gate_version: None,
            packs: Ok(packs.iter().map(pack).collect()),
            homes: BTreeSet::from([Home::Topic, Home::Directory]),
        }
    }

    #[test]
    fn a_line_says_what_a_set_changed() {
        let sets = [
            listed("000000000001", &[("DE", "2026.1"), ("GB", "2026.1"), ("ZZ", "1")]),
            listed("000000000002", &[("DE", "2026.1"), ("FR", "2026.2"), ("GB", "2026.2")]),
            Listed { packs: Err("\nGB.yaml:1".to_owned()), ..listed("000000000003", &[]) },
            listed("000000000004", &[("DE", "2026.1")]),
        ];
        let text = table(&sets);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].ends_with("state.dir, topic  3"), "{text}");
        assert!(lines[2].ends_with("3; +FR 2026.2, GB 2026.1 → 2026.2, -ZZ"), "{text}");
        assert!(lines[3].ends_with("cannot be loaded by this version: GB.yaml:1"), "{text}");
        assert!(lines[4].ends_with("topic  1"), "nothing to compare with: {text}");
        assert!(lines[1].starts_with("000000000001  1970-01-01T00:00:00Z  2026a"), "{text}");
        let many: Vec<(String, String)> =
            (0..NAMED_MAX + 2).map(|n| (format!("P{n}"), "1".to_owned())).collect();
        let many = Listed { packs: Ok(many), ..listed("000000000005", &[]) };
        assert!(packs(&many, Some(&sets[3])).ends_with(" and 3 more"), "two new ones, one gone");
    }
}
