//! Decisions, and one of them.

use gate_pages::{
    Choices, Count, DecisionPage, DecisionRow, DecisionsPage, EventKind, Evidence, FieldError,
    Filters, Ledger, LookUpReason, Recomputed, Seen, Step, StepStatus, ToPerson,
};

use super::{Sample, frame, list, officer, place, reason, s, sample, viewer};

pub(super) fn row(
    at: &str,
    channel: &str,
    purpose: &str,
    campaign: &str,
    code: &str,
) -> DecisionRow {
    let deferred = code.starts_with("deferred");
    let seconds: u64 = at.bytes().fold(0, |sum, byte| sum * 7 % 90_001 + u64::from(byte));
    DecisionRow {
        place: place("outbound-message", u32::from(at.as_bytes()[18] % 4), 1_000 + seconds),
        decided_at: s(at),
        channel: s(channel),
        purpose: s(purpose),
        campaign: Some(s(campaign)),
        brand: Some(s("tents")),
        jurisdictions: list(&["GB"]),
        reason: reason(code),
        not_before: deferred.then(|| s("2026-11-30T08:00:00Z")),
    }
}

pub(super) fn rows() -> Vec<DecisionRow> {
    let mut rows = vec![
        row("2026-11-29T21:12:04Z", "email", "newsletter", "winter-news", "blocked.opted_out"),
        row("2026-11-29T21:12:03Z", "sms", "offers", "winter-sale", "blocked.scope_mismatch"),
        row("2026-11-29T21:12:02Z", "voice_live", "offers", "callback", "deferred.quiet_hours"),
        row("2026-11-29T21:12:01Z", "email", "receipt", "order-90217", "approved.transactional"),
        row("2026-11-29T21:12:00Z", "email", "newsletter", "winter-news", "blocked.no_consent"),
        row("2026-11-29T21:11:59Z", "email", "offers", "winter-sale", "approved.soft_opt_in"),
        row("2026-11-29T21:11:58Z", "email", "offers", "winter-sale", "blocked.frequency_cap"),
        row("2026-11-29T21:11:57Z", "push", "", "", "blocked.pending_confirmation"),
    ];
    rows[5].jurisdictions = list(&["GB", "FR"]);
    rows[7].campaign = None;
    rows[7].brand = None;
    rows
}

fn choices() -> Choices {
    Choices {
        reasons: list(&[
            "blocked.no_consent",
            "blocked.opted_out",
            "blocked.scope_mismatch",
            "deferred.quiet_hours",
        ]),
        channels: list(&["email", "sms", "voice_live"]),
        brands: list(&["tents", "trails"]),
        jurisdictions: list(&["DE", "FR", "GB"]),
    }
}

pub(super) fn samples(all: &mut Vec<Sample>) {
    many(all);
    one(all);
}

fn many(all: &mut Vec<Sample>) {
    let page = DecisionsPage {
        choices: choices(),
        rows: rows(),
        count: Count::About(1_304_209),
        older: Some(s("c-50")),
        ..DecisionsPage::default()
    };
    all.push(sample("decisions", officer("/decisions"), &page));
    let filters = Filters {
        outcome: s("blocked"),
        reason: s("blocked.complaint"),
        channel: s("sms"),
        brand: s("boots & more"),
        campaign: s("winter-sale"),
        jurisdiction: s("NL"),
        since: s("2026-11-29T14:00"),
        until: s("2026-11-29T16:00"),
        cursor: s("c-50"),
    };
    let path = "/decisions?outcome=blocked&campaign=winter-sale";
    let some = DecisionsPage {
        filters: filters.clone(),
        count: Count::Exactly(8),
        older: None,
        ..page.clone()
    };
    all.push(sample("decisions-filtered", viewer(path), &some));
    let none = DecisionsPage {
        filters: filters.clone(),
        rows: Vec::new(),
        count: Count::Exactly(0),
        narrowest: s("campaign"),
        older: None,
        choices: Choices { brands: Vec::new(), ..choices() },
        ..page.clone()
    };
    all.push(sample("decisions-none", viewer(path), &none));
    let fields = [
        "outcome",
        "reason",
        "channel",
        "brand",
        "campaign",
        "jurisdiction",
        "since",
        "until",
        "id",
    ];
    let errors = fields.map(|field| FieldError {
        field: s(field),
        sentence: format!("“{field}” cannot be read."),
    });
    let bad = DecisionsPage {
        filters,
        errors: errors.to_vec(),
        message: s("n-2026-11-nobody"),
        rows: Vec::new(),
        count: Count::Unknown,
        older: None,
        ..page
    };
    all.push(sample("decisions-wrong", officer("/decisions"), &bad));
}

fn step(number: u32, name: &str, status: StepStatus, sentence: &str) -> Step {
    let empty = String::new;
    Step {
        number,
        name: s(name),
        status,
        decides: false,
        sentence: s(sentence),
        code: empty(),
        rule: empty(),
        law: empty(),
        source: empty(),
    }
}

fn steps() -> Vec<Step> {
    use StepStatus::{Failed, NotAsked, Passed};
    let rule = |law: &str, step: Step| Step {
        rule: s("GB/electronic-mail"),
        law: s(law),
        source: s("read in the law [1], in guides [2, 3]"),
        ..step
    };
    let known = "Recipient is in the United Kingdom. Consent as of 20 November, 18:31:04.";
    vec![
        step(1, "Well-formed", Passed, "E-mail, marketing, no expiry of its own."),
        rule("PECR reg. 22, 22(3), 22(3A), 23", step(2, "Rules and consent known", Passed, known)),
        step(3, "Destination", Passed, "An address that e-mail can reach."),
        step(4, "Dead address", Passed, "Never bounced."),
        step(5, "Suppressed by us", Passed, "No."),
        step(6, "Kind of message", Passed, "Judged as marketing."),
        step(
            7,
            "Suppressed for marketing",
            Passed,
            "No. The address did not belong to an erased person.",
        ),
        Step {
            decides: true,
            code: s("blocked.opted_out"),
            rule: s("every pack"),
            law: s("PECR reg. 22(2); UK GDPR art. 21(3)"),
            source: s("product rule: a refusal is never outweighed"),
            ..step(
                8,
                "Refusals",
                Failed,
                "Opted out of e-mail on 20 November, 18:30:00. No express act since.",
            )
        },
        Step { law: s("UK GDPR art. 8"), ..step(9, "Age", Passed, "No birth date on file.") },
        step(10, "Registers", NotAsked, "The rule needs none for e-mail."),
        Step {
            code: s("blocked.no_consent"),
            ..rule(
                "PECR reg. 22(2), 22(3)",
                step(
                    11,
                    "Basis",
                    Failed,
                    "Nothing left. The opt-out ended the consent of 2 November.",
                ),
            )
        },
        rule(
            "PECR reg. 23",
            step(12, "Content", Passed, "Sender, contact address and unsubscribe link are there."),
        ),
        step(13, "How often", NotAsked, "No cap is set for this brand."),
        step(14, "Hours", NotAsked, "No hours for e-mail."),
        step(15, "Outcome", Failed, "Blocked. Two steps failed; the first one gives the reason."),
    ]
}

fn evidence() -> Vec<Evidence> {
    let out = Evidence {
        kind: EventKind::Refusal,
        title: s("Opted out of e-mail"),
        at: s("2026-11-20T18:30:00Z"),
        covers: s("all purposes of tents-ltd"),
        proof: s("Preference page, notice 2026-11, English"),
        place: Some(place("consent-change", 0, 51)),
        event_id: s("pref-88"),
        ended: false,
    };
    let agreed = Evidence {
        kind: EventKind::Permission,
        title: s("Agreed to e-mail"),
        at: s("2026-11-02T09:15:00Z"),
        covers: s(""),
        proof: s(""),
        place: None,
        event_id: s("web-4711"),
        ended: true,
    };
    vec![out, agreed]
}

fn blocked() -> DecisionPage {
    let this =
        row("2026-11-20T18:31:04Z", "email", "newsletter", "winter-news", "blocked.opted_out");
    DecisionPage {
        message_id: s("n-2026-11-20-ana"),
        person: Some(ToPerson::default()),
        verdict: s("This person had opted out of e-mail 64 seconds before."),
        remedy: s("nothing. Only a later express opt-in ends it."),
        recomputed: Recomputed::Same,
        steps: steps(),
        evidence: evidence(),
        seen: Seen {
            gate: s("gate-1"),
            version: s("0.1.0"),
            positions: s("[52, 994, 1108, 2211]"),
            revision: s("5c0f55de85c5"),
            packs: list(&["GB@2026.11"]),
            zones: s("2026f"),
            took_ms: Some(14),
            warnings: Vec::new(),
        },
        json: s(
            "{\n  \"decision_id\": \"outbound-message/3/48817\",\n  \"outcome\": \"blocked\",\n  \"reasons\": [\"blocked.opted_out\", \"blocked.no_consent\"]\n}",
        ),
        neighbours: vec![
            row("2026-11-22T16:00:11Z", "sms", "offers", "winter-sale", "blocked.opted_out"),
            this.clone(),
            row(
                "2026-11-20T09:30:02Z",
                "email",
                "newsletter",
                "winter-news",
                "approved.express_consent",
            ),
        ],
        batch: Some(12),
        campaign: Some((61_000, 100_000)),
        later: Vec::new(),
        ledger: Ledger::Held { leaf: 48_201_337, checkpoint: s("2026-11-20T18:32:00Z") },
        looked_up: s("This person asked or complained, HELP-2291"),
        row: this,
    }
}

fn one(all: &mut Vec<Sample>) {
    all.push(sample("decision", officer("/decisions/outbound-message/3/48817"), &blocked()));
    let wrong = |field: &str, sentence: &str| FieldError { field: s(field), sentence: s(sentence) };
    let asked = ToPerson {
        reason: Some(LookUpReason::Complaint),
        ticket: s("HELP-2291"),
        errors: vec![
            wrong("reason", "Say why you look."),
            wrong("ticket", "Is longer than 80 characters."),
        ],
    };
    let unsaid = DecisionPage { person: Some(asked), ..blocked() };
    let path = "/decisions/outbound-message/3/48817/person";
    all.push(sample("decision-unsaid", officer(path), &unsaid));
    let different = Recomputed::Different {
        reason: reason("approved.express_consent"),
        step: Some(8),
        sentence: s("The opt-out of 20 November is not in the timeline any more."),
    };
    let bad = DecisionPage { recomputed: different, looked_up: s(""), ..blocked() };
    all.push(sample("decision-different", viewer("/decisions/outbound-message/3/48817"), &bad));
    let impossible =
        Recomputed::Impossible { sentence: s("The timeline is older than what is kept.") };
    let old = DecisionPage {
        row: row(
            "2025-11-20T18:31:04Z",
            "email",
            "newsletter",
            "winter-news",
            "approved.express_consent",
        ),
        verdict: s("This person had agreed to the newsletter on 2 November."),
        remedy: s(""),
        recomputed: impossible,
        person: None,
        steps: Vec::new(),
        neighbours: Vec::new(),
        batch: None,
        campaign: None,
        ledger: Ledger::Unknown,
        json: s(""),
        ..blocked()
    };
    all.push(sample("decision-old", viewer("/decisions/outbound-message/3/48"), &old));
    let mut waits = vec![
        Step {
            decides: true,
            code: s("deferred.quiet_hours"),
            rule: s("GB/live-calls"),
            ..step(
                14,
                "Hours",
                StepStatus::Deferred,
                "Calls only from 08:00 to 21:00; there it was 21:12.",
            )
        },
        Step {
            code: s("deferred.quiet_hours"),
            ..step(15, "Outcome", StepStatus::Deferred, "Deferred.")
        },
    ];
    let mut all_steps = steps();
    all_steps.truncate(7);
    all_steps.append(&mut waits);
    let later = vec![
        row("2026-11-30T08:00:02Z", "voice_live", "offers", "callback", "deferred.quiet_hours"),
        row("2026-11-30T09:00:02Z", "voice_live", "offers", "callback", "approved.soft_opt_in"),
    ];
    let deferred = DecisionPage {
        row: row(
            "2026-11-29T21:12:02Z",
            "voice_live",
            "offers",
            "callback",
            "deferred.quiet_hours",
        ),
        verdict: s(""),
        remedy: s("nothing, it comes back by itself."),
        recomputed: Recomputed::NotAsked,
        steps: all_steps,
        evidence: Vec::new(),
        later,
        ledger: Ledger::Pending,
        message_id: s(""),
        seen: Seen {
            warnings: list(&["No zone for the number: the strictest of the country was taken."]),
            ..blocked().seen
        },
        ..blocked()
    };
    all.push(sample("decision-deferred", frame("/decisions/outbound-message/1/90001"), &deferred));
}
