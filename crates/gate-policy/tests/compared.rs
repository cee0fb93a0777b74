//! What `policy diff` says, for whoever signs a change off; one facet at a time, in both directions.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    dead_code,
    reason = "a test that meets the unexpected must fail"
)]

mod hand;

use gate_policy::diff::differences;
use gate_policy::law_table;
use hand::*;

fn said(before: &str, after: &str) -> Vec<String> {
    let now = utc("2026-12-01T12:00:00Z");
    let found = differences(&valid(before), &valid(after), now, false);
    found.iter().map(ToString::to_string).collect()
}

const OPT_IN: &str = "    regime: opt_in\n    bases: {express: {}}\n";

/// The base rule with these lines, before and after: what is said, and what of the way back.
#[track_caller]
fn differ(before: &str, after: &str, forth: &str, back: &str) {
    let of = |more: &str| pack("", &base(more));
    assert_eq!(said(&of(before), &of(after)), [forth]);
    assert_eq!(said(&of(after), &of(before)), [back]);
}

#[test]
fn nothing_is_no_difference() {
    let one = pack("", &base(OPT_IN));
    assert_eq!(said(&one, &one), [""; 0]);
    // the same by meaning: another id, a rule that is split
    let renamed = one.replace("id: base", "id: marketing");
    assert_eq!(said(&one, &renamed), [""; 0]);
}

#[test]
fn regimes_and_bases() {
    differ(
        "    regime: opt_out\n    bases: {express: {}}\n",
        OPT_IN,
        "forbids more: AA: marketing needs a basis on file; formerly marketing needs no basis on file",
        "permits more: AA: marketing needs no basis on file; formerly marketing needs a basis on file",
    );
    differ(
        OPT_IN,
        "    regime: opt_in\n    bases: {express: {}, legitimate_interest: {}}\n",
        "permits more: AA: it accepts legitimate interest",
        "forbids more: AA: it accepts legitimate interest no longer",
    );
    differ(
        OPT_IN,
        "    regime: opt_in\n    bases: {express: {valid_for: P12M}}\n",
        "forbids more: AA: express counts for 12 months, formerly without end",
        "permits more: AA: express counts without end, formerly for 12 months",
    );
    let soft = |kinds: &str| {
        format!(
            "    regime: opt_in\n    bases:\n      soft_opt_in:\n        any_of: [{{kinds: {kinds}}}]\n"
        )
    };
    differ(
        &soft("{purchase: P24M}"),
        &soft("{purchase: P12M}"),
        "forbids more: AA: soft opt-in accepts purchase 12 months, formerly purchase 24 months",
        "permits more: AA: soft opt-in accepts purchase 24 months, formerly purchase 12 months",
    );
    differ(
        OPT_IN,
        &format!("{OPT_IN}    double_opt_in: required\n"),
        "forbids more: AA: consent counts only after it was confirmed",
        "permits more: AA: no longer: consent counts only after it was confirmed",
    );
}

#[test]
fn content_caps_and_registries() {
    let with = |more: &str| format!("{OPT_IN}{more}");
    differ(
        OPT_IN,
        &with("    content: [ad_label]\n"),
        "forbids more: AA: marketing must hold ad label",
        "permits more: AA: marketing must hold ad label no longer",
    );
    differ(
        OPT_IN,
        &with("    bulk_content: [one_click]\n"),
        "forbids more: AA: bulk mailings must hold one click",
        "permits more: AA: bulk mailings must hold one click no longer",
    );
    differ(
        &with("    frequency: [{count: 3, window: PT24H, per: subject}]\n"),
        &with("    frequency: [{count: 2, window: PT24H, per: subject}]\n"),
        "forbids more: AA: at most 2 in 24 h per subject, formerly 3",
        "permits more: AA: at most 3 in 24 h per subject, formerly 2",
    );
    differ(
        OPT_IN,
        &with("    registry: {ids: [tps], max_age: P28D}\n"),
        "forbids more: AA: the registry tps, 28 days must be clear",
        "permits more: AA: the registry tps is not asked any more",
    );
}

#[test]
fn hours() {
    let open = |open: &str| {
        format!(
            "{OPT_IN}    hours: {{windows: [{{days: [mon, tue, wed, thu, fri], open: [\"{open}\"]}}]}}\n"
        )
    };
    differ(
        &open("08:00-21:00"),
        &open("09:00-20:00"),
        "defers more: AA: Mon–Fri 08:00–09:00, 20:00–21:00 is closed now",
        "permits more: AA: Mon–Fri 08:00–09:00, 20:00–21:00 is open now",
    );
    differ(
        OPT_IN,
        &open("00:00-24:00"),
        "defers more: AA: Sat–Sun 00:00–24:00 is closed now",
        "permits more: AA: Sat–Sun 00:00–24:00 is open now",
    );
}

#[test]
fn prohibitions_kinds_of_recipient_and_days() {
    let before = pack("", &base(OPT_IN));
    let closed = with_additions(
        "  - id: closed\n    status: [P]\n    channels: [email]\n    from: 2027-02-01\n    regime: prohibited\n    \
         applies_to: {product_groups: [energy]}\n    unless: {bases: [express]}\n",
    );
    let sentence =
        "AA, email, from 2027-02-01 on: it prohibits marketing about energy, unless express";
    assert_eq!(said(&before, &closed), [format!("forbids more: {sentence}")]);
    assert_eq!(said(&closed, &before), [format!("permits more: {sentence} no longer")]);
    let companies = pack(
        "",
        &(base(OPT_IN)
            + "  - id: companies\n    status: [P]\n    channels: [email]\n    recipients: [business]\n    \
               regime: opt_out\n    bases: {express: {}}\n"),
    );
    assert_eq!(
        said(&before, &companies),
        [
            "permits more: AA, email, to a business: marketing needs no basis on file; formerly marketing needs a basis on file"
        ]
    );
}

#[test]
fn what_a_rule_rests_on() {
    let one = pack("", &base(OPT_IN));
    assert_eq!(
        said(&one, &one.replace("[P]", "[K]")),
        ["other: AA: AA/base is marked K, formerly P"]
    );
    let aged = one.replace("rules:\n", "age: {minor_below: 18, status: [P]}\nrules:\n");
    assert_eq!(
        said(&one, &aged),
        ["forbids more: AA: nobody below 18 gets marketing, formerly no age"]
    );
}

/// The page shows each rule with its days, and looks at no clock.
#[test]
fn the_table_of_a_small_set() {
    let set = valid(&pack(
        "review_by: 2027-05-31\n",
        &(base("    regime: opt_out\n    until: 2026-08-11\n")
            + &base(
                "    from: 2026-08-11\n    regime: opt_in\n    bases: {express: {valid_for: P12M}}\n    \
                 frequency: [{count: 4, window: P30D, per: sender}]\n    \
                 registry: {ids: [Bloc-tel], max_age: P1M}\n    \
                 hours: {windows: [{days: [mon, tue], open: [\"10:00-13:00\", \"14:00-20:00\"]}]}\n",
            )
            .replace("id: base", "id: later")),
    ));
    let page = law_table(&set);
    for line in [
        "| AA | opt-out, opt-in from 2026-08-11 |",
        "## AA: Ayland",
        "| 2026.11 | 2027-05-31 | nobody | – |",
        "| all | until 2026-08-11 | opt-out | – | – | – | – | P |",
        "| from 2026-08-11 | opt-in | express (12 months) | Mon–Tue 10:00–13:00, 14:00–20:00, Wed–Sun closed | \
         4 in 30 days per sender | bloctel, 1 month | P |",
    ] {
        assert!(page.contains(line), "{line}\n{page}");
    }
    assert_eq!(page, law_table(&set));
}
