//! Policies and what differs between two revisions.

use gate_pages::{
    ChangeEffect, DiffPage, OpenedPack, Pack, PoliciesPage, Revision, RevisionState, Rule,
    RuleChange, RuleItem, RuleSection, Stretch, Sure,
};

use super::{Sample, frame, list, reason, s, sample, viewer};

fn packs() -> Vec<Pack> {
    use Sure::{Guide, Knowledge, Law, Product};
    let pack = |code: &str, name: &str, rules, sure: &[Sure], signed: Option<&str>| Pack {
        code: s(code),
        name: s(name),
        version: s("2026.11"),
        rules,
        sure: sure.to_vec(),
        signed_off: signed.map(s),
    };
    vec![
        pack("DE", "Germany", 6, &[Guide, Knowledge, Product], None),
        pack("EU", "European Union, where no own pack", 5, &[Guide, Product], None),
        pack("FR", "France", 6, &[Guide, Knowledge], Some("2026-08-14T00:00:00Z")),
        pack("GB", "United Kingdom", 5, &[Law, Guide, Product], Some("2026-07-02T00:00:00Z")),
        pack("STRICT", "Somewhere else, or unknown", 8, &[Product], Some("2025-07-02T00:00:00Z")),
    ]
}

fn revisions() -> Vec<Revision> {
    let revision = |id: &str,
                    state,
                    since: Option<&str>,
                    until: Option<&str>,
                    changed: &[&str],
                    before: Option<&str>| Revision {
        id: s(id),
        state,
        since: since.map(s),
        until: until.map(s),
        changed: list(changed),
        before: before.map(s),
    };
    let (a, b, c) = ("2026-11-27T10:12:00Z", "2026-11-03T09:00:00Z", "2026-08-14T00:00:00Z");
    vec![
        revision(
            "8e21b7f0a3c4",
            RevisionState::Trial,
            Some(a),
            None,
            &["DE"],
            Some("5c0f55de85c5"),
        ),
        revision(
            "5c0f55de85c5",
            RevisionState::InForce,
            Some(b),
            None,
            &["GB", "US"],
            Some("a97c30ee1102"),
        ),
        revision(
            "a97c30ee1102",
            RevisionState::Former,
            Some(c),
            Some(b),
            &["FR"],
            Some("11f08cd2b6e9"),
        ),
        revision("11f08cd2b6e9", RevisionState::Former, None, None, &[], None),
    ]
}

fn rule() -> Rule {
    let item = |loud: &str, text: &str, cite: &str| RuleItem {
        loud: s(loud),
        text: s(text),
        cite: s(cite),
    };
    Rule {
        id: s("electronic-mail"),
        title: s("E-mail"),
        headline: s("Marketing by e-mail needs a yes before."),
        rest: s("Service messages without promotion need none. Any refusal stops it."),
        sections: vec![
            RuleSection {
                title: s("What counts as a yes"),
                items: vec![
                    item(
                        "Express consent",
                        "with proof of how it was given and which text was shown. It does not run out.",
                        "PECR reg. 22(2)",
                    ),
                    item(
                        "Soft opt-in",
                        "bought or asked for an offer; could refuse then, and did not.",
                        "PECR reg. 22(3)",
                    ),
                ],
            },
            RuleSection {
                title: s("What each message must carry"),
                items: vec![
                    item("", "who sends it", ""),
                    item("", "an address to write to", ""),
                    item("", "a way to unsubscribe", ""),
                ],
            },
            RuleSection {
                title: s("Children"),
                items: vec![item("", "No marketing below 13.", "UK GDPR art. 8")],
            },
        ],
        law: s(
            "Privacy and Electronic Communications Regulations 2003, reg. 22, 22(3), 22(3A), 23",
        ),
        sure: vec![Sure::Law, Sure::Guide],
        sources: list(&[
            "[1] ico.org.uk, direct marketing using electronic mail",
            "[2] geldards.com, dpnetwork.org.uk",
        ]),
        note: s(
            "People and sole traders. Companies are outside reg. 22; the gate treats all alike.",
        ),
        yaml: s(
            "- id: electronic-mail\n  law: PECR reg. 22, 22(3), 22(3A), 23\n  status: [L1, L2]\n  channels: [email]\n  regime: opt_in\n",
        ),
    }
}

pub(super) fn samples(all: &mut Vec<Sample>) {
    let page = PoliciesPage {
        revision: s("5c0f55de85c5"),
        since: Some(s("2026-11-03T09:00:00Z")),
        packs: packs(),
        opened: None,
        revisions: revisions(),
        compare: Some((s("5c0f55de85c5"), s("8e21b7f0a3c4"))),
    };
    all.push(sample("policies", frame("/policies"), &page));
    let calls = Rule {
        id: s("live-calls"),
        title: s("Phone calls"),
        sections: Vec::new(),
        sources: Vec::new(),
        note: s(""),
        yaml: s(""),
        ..rule()
    };
    let opened =
        OpenedPack { code: s("GB"), name: s("United Kingdom"), rules: vec![rule(), calls] };
    let gb = PoliciesPage { opened: Some(opened), compare: None, ..page };
    all.push(sample("policies-pack", viewer("/policies/GB"), &gb));
    diff(all);
}

fn diff(all: &mut Vec<Sample>) {
    let stretch = |text: &str, differs| Stretch { text: s(text), differs };
    let hours = RuleChange {
        title: s("Texts need an hour"),
        rule: s("DE/text-messages"),
        sentence: s("New: allowed hours. Outside them a message waits."),
        before: Vec::new(),
        after: vec![stretch("Texts only from 08:00 to 21:00, Monday to Saturday.", true)],
        effect: Some(ChangeEffect { messages: 12_708, reason: reason("deferred.quiet_hours") }),
    };
    let lapses = RuleChange {
        title: s("Consent lapses sooner"),
        rule: s("DE/email"),
        sentence: s(""),
        before: vec![
            stretch("Consent lapses after ", false),
            stretch("48", true),
            stretch(" months without use.", false),
        ],
        after: vec![
            stretch("Consent lapses after ", false),
            stretch("36", true),
            stretch(" months without use.", false),
        ],
        effect: Some(ChangeEffect { messages: 1, reason: reason("blocked.consent_expired") }),
    };
    let gone = RuleChange {
        title: s("Push needs nothing any more"),
        before: vec![stretch("Push needs a yes before.", true)],
        after: Vec::new(),
        effect: None,
        ..hours.clone()
    };
    let page = DiffPage {
        from: s("5c0f55de85c5"),
        to: s("8e21b7f0a3c4"),
        from_state: Some(RevisionState::InForce),
        to_state: Some(RevisionState::Trial),
        revisions: list(&["8e21b7f0a3c4", "5c0f55de85c5", "a97c30ee1102"]),
        changes: vec![hours, lapses, gone],
        unchanged: list(&["EU", "FR", "GB", "STRICT"]),
    };
    let path = "/policies/diff?from=5c0f55de85c5&to=8e21b7f0a3c4";
    all.push(sample("policies-diff", frame(path), &page));
    let same =
        DiffPage { changes: Vec::new(), revisions: Vec::new(), unchanged: Vec::new(), ..page };
    all.push(sample("policies-same", viewer(path), &same));
}
