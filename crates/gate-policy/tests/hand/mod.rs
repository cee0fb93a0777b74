//! A small policy set by hand: one pack to be filled in, `STRICT`, and data for both.

use gate_core::policy::Rule;
use gate_core::{PolicySet, Timestamp};
use gate_policy::{File, Problem, TimeZones, compile};

const CHANNELS: &str = "[email, sms, mms, rcs, whatsapp, push, voice_live, voice_auto]";

/// An instant as RFC 3339 writes it.
pub(crate) fn utc(text: &str) -> Timestamp {
    let at: jiff::Timestamp = text.parse().unwrap();
    Timestamp::from_micros(at.as_microsecond())
}

/// A base rule for every channel, with more lines; each begins with its indentation of four.
pub(crate) fn base(more: &str) -> String {
    format!("  - id: base\n    status: [P]\n    channels: {CHANNELS}\n{more}")
}

/// The pack `AA` with these lines at its top level and these rules.
pub(crate) fn pack(top: &str, rules: &str) -> String {
    format!(
        "pack: AA\ntitle: Ayland\nversion: \"2026.11\"\nlaw_zone: Europe/Paris\nsources:\n  1: the gazette\n  \
         2: a commentary\n{top}\nrules:\n{rules}"
    )
}

/// The pack with a plain opt-in rule and additions.
pub(crate) fn with_additions(additions: &str) -> String {
    pack(
        "",
        &format!(
            "{}additions:\n{additions}",
            base("    regime: opt_in\n    bases: {express: {}}\n")
        ),
    )
}

pub(crate) fn files(pack: &str) -> Vec<File> {
    let file = |name: &str, text: &str| File { name: name.to_owned(), text: text.to_owned() };
    let strict = format!(
        "pack: STRICT\ntitle: Unknown\nversion: \"1\"\nlaw_zone: Etc/UTC\nreview_by: 2090-01-01\n\
         signed_off: {{by: N. N., on: 2026-01-01}}\nrules:\n{}",
        base("    regime: opt_in\n    bases: {express: {}}\n")
    );
    vec![
        file("AA.yaml", pack),
        file("STRICT.yaml", &strict),
        file("data/zones.csv", "jurisdiction,zones\nAA,Europe/Paris\n"),
        file(
            "data/numbering.csv",
            "# version: test\nprefix,jurisdiction,zones\n33,AA,Europe/Paris\n",
        ),
        file(
            "data/holidays.csv",
            "# covers: 2026-01-01 2027-12-31\ncalendar,date,name\nAA-public,2026-07-14,a day\n",
        ),
    ]
}

pub(crate) fn compiled(pack: &str) -> Result<PolicySet, Vec<Problem>> {
    compile(&files(pack), &TimeZones::bundled(), "test".into()).map_err(|problems| problems.0)
}

/// The set, which must be valid.
#[track_caller]
pub(crate) fn valid(pack: &str) -> PolicySet {
    compiled(pack).unwrap_or_else(|found| panic!("{found:#?}\n{pack}"))
}

/// The rule of that id of the pack.
#[track_caller]
pub(crate) fn rule(pack: &str, id: &str) -> Rule {
    let label = format!("AA/{id}");
    let set = valid(pack);
    let found = set.rules().iter().find(|rule| rule.label == label);
    found.unwrap_or_else(|| panic!("no {label}")).clone()
}

/// The pack must be refused, with a problem that says this, and advises that.
#[track_caller]
pub(crate) fn refused(pack: &str, reason: &str, remedy: &str) {
    let found = compiled(pack).err().unwrap_or_default();
    let is_said = |problem: &Problem| {
        problem.file == "AA.yaml"
            && problem.reason.contains(reason)
            && problem.remedy.contains(remedy)
    };
    assert!(found.iter().any(is_said), "{reason}: {found:#?}\n{pack}");
}
