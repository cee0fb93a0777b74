//! Checks of what holds a gate, wherever it runs: unreadable consent changes that nobody has released, and a changelog
//! of approvals in which it cannot count.
//!
//! Both are in Kafka, so they are found from any machine. Only the newest rows of approvals are looked at.

use rdkafka::consumer::BaseConsumer;

use super::Finding;
use crate::approvals::Tail;
use crate::cli::consent::{OpenLetters, open_letters};
use crate::config::Config;
use crate::headers::hex;
use crate::identity::{Pepper, PepperFile};
use crate::kafka::failure::{Class, KafkaFailure};
use crate::kafka::preflight::ClusterInfo;
use crate::kafka::{self, GateContext};
use crate::policies::PolicySource;
use crate::service::common_pepper::CommonPepper;

/// Unreadable consent changes; `is_ready` says that the gate here decides, so it is past them.
pub(super) fn letters(config: &Config, cluster: &ClusterInfo, is_ready: bool) -> Option<Finding> {
    let topic = &config.topics.outputs.consent_dead_letter;
    cluster.require(topic).ok()?;
    let check = format!("topic {topic}: what waits");
    Some(match open_letters(config) {
        Ok(open) => judge_letters(check, &open, is_ready),
        Err(failure) => Finding::skip(check, failure.message()),
    })
}

fn judge_letters(check: String, open: &OpenLetters, is_ready: bool) -> Finding {
    let OpenLetters { n_open, n_holding, first_holding } = open;
    let fix = "`consent-gate consent show` lists them, with what each is and what to do";
    let changes = |n: &usize| if *n == 1 { "change" } else { "changes" };
    match first_holding {
        None if *n_open == 0 => {
            Finding::pass(check, "nothing: every consent change could be read, or was released")
        }
        None => Finding::warn(
            check,
            format!("{n_open} unreadable {}; each blocks its own contact", changes(n_open)),
            fix,
        ),
        // it looks again by itself, and goes on when the owner has become known
        Some(place) if is_ready => Finding::warn(
            check,
            format!(
                "{n_holding} unreadable {} of an unknown owner, the first at {place}; the gate here is ready and past them, one \
                 whose state is rebuilt may be held",
                changes(n_holding)
            ),
            fix,
        ),
        Some(place) => Finding::fail(
            check,
            format!(
                "{n_holding} unreadable {} of an unknown owner, the first at {place}: they may be anybody's refusal, so the gate \
                 holds everybody",
                changes(n_holding)
            ),
            fix,
        ),
    }
}

/// Whether the pepper is the one the group counts with, and who else has written to the changelog.
pub(super) fn approvals(config: &Config, cluster: &ClusterInfo) -> Vec<Finding> {
    const CHECK: &str = "pepper of the group";
    let Ok(layout) = cluster.require(&config.topics.outputs.sent_log) else { return Vec::new() };
    let skip = |why: String| vec![Finding::skip(CHECK, why)];
    // both have checks of their own
    let Ok(policies) = PolicySource::of(&config.policies).load() else {
        return skip("the policies cannot be loaded, which say how long an approval counts".into());
    };
    let Ok(found) = PepperFile::load(&config.state.pepper_file) else {
        return skip("there is no pepper to compare with".into());
    };
    let pepper = found.map(|found| Pepper::new(found.expose()));
    let client = kafka::end_offset_query(&config.client_base());
    let client: Result<BaseConsumer<GateContext>, _> =
        client.create_with_context(GateContext::default());
    let tail = client.map_err(|error| KafkaFailure::new(&error, CHECK)).and_then(|client| {
        let (client, n_partitions, policies) = (&client, layout.partitions, &policies);
        let common = CommonPepper { config, client, n_partitions, policies };
        let tail = common.tail(pepper.as_ref())?;
        let verdict = common.judge(pepper.as_ref(), &tail);
        Ok((tail, verdict))
    });
    let (tail, verdict) = match tail {
        Ok(found) => found,
        Err(failure) if failure.class == Class::TryAgain => return skip(failure.cause),
        Err(failure) => return vec![Finding::failure(CHECK, &failure)],
    };
    let mut findings = vec![match verdict {
        Err(another) => Finding::fail(CHECK, another.found(), another.fix()),
        Ok(()) => judge_tail(CHECK, pepper.as_ref(), &tail),
    }];
    findings.extend(rows(&config.topics.outputs.sent_log, &tail));
    findings
}

fn judge_tail(check: &str, pepper: Option<&Pepper>, tail: &Tail) -> Finding {
    let fingerprint = pepper.map(|pepper| hex(&pepper.id())).unwrap_or_default();
    if let Some(theirs) = tail.other {
        return Finding::fail(
            check,
            format!(
                "approvals were noted with two: {} of the newest with that of this file (fingerprint {fingerprint}), {} with \
                 another ({}, partition {} offset {}): partitions are held where they cannot be counted",
                tail.n_ours,
                tail.n_others,
                hex(&theirs.pepper_id),
                theirs.partition,
                theirs.offset
            ),
            "stop every instance, give all of them one `state.pepper_file`, delete `topics.sent_log` (it is compacted: its \
             records cannot be deleted), run `consent-gate topics create`, start; counting begins anew",
        );
    }
    if tail.is_silent() {
        let text = "nobody has announced one: the first instance that starts does";
        return Finding::pass(check, text);
    }
    Finding::pass(
        check,
        format!(
            "that of this file (fingerprint {fingerprint}): an instance with another one does not start"
        ),
    )
}

/// What no gate has written, among the newest.
fn rows(topic: &str, tail: &Tail) -> Vec<Finding> {
    let check = format!("topic {topic}: who writes");
    let mut findings = Vec::new();
    if let Some((n, partition, offset)) = tail.unreadable {
        findings.push(Finding::fail(
            check.clone(),
            format!("{n} of the newest records are no rows, the last in partition {partition} at offset {offset}: the partition is held"),
            "run the newest version; if it is none of the gate's, write a null value with the same key to that partition, and \
             let only the gate write there",
        ));
    }
    let foreign: Vec<String> = tail
        .foreign
        .iter()
        .map(|(kind, (n, partition, offset))| {
            format!("{n} {kind} (the last in partition {partition} at offset {offset})")
        })
        .collect();
    if !foreign.is_empty() {
        findings.push(Finding::warn(
            check.clone(),
            format!(
                "not only the gate: of the newest records {}; their recipients get nothing that is capped until the longest window \
                 is over",
                foreign.join(", ")
            ),
            "docs/runbooks/ForeignApprovals.md; let only the gate write there",
        ));
    }
    if findings.is_empty() && tail.n_ours > 0 {
        findings.push(Finding::pass(
            check,
            format!(
                "of the newest records none that the gate did not write ({} looked at)",
                tail.n_ours
            ),
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approvals::Named;

    #[test]
    fn what_holds_everybody_fails_and_what_blocks_one_warns() {
        let judged = |n_open, n_holding, is_ready| {
            let first_holding = (n_holding > 0).then(|| "consent-change/3/17".to_owned());
            let open = OpenLetters { n_open, n_holding, first_holding };
            judge_letters("letters".to_owned(), &open, is_ready)
        };
        assert_eq!(judged(0, 0, false).verdict.name(), "PASS");
        assert_eq!(judged(4, 0, false).verdict.name(), "WARN");
        let held = judged(4, 1, false);
        assert_eq!(held.verdict.name(), "FAIL");
        assert!(held.found.contains("consent-change/3/17"), "{held:?}");
        assert!(held.fix.says("`consent-gate consent show -c gate.yaml`"), "{held:?}");
        assert_eq!(judged(4, 1, true).verdict.name(), "WARN", "it has gone on by itself");
    }

    #[test]
    fn a_changelog_with_strangers_is_told_by_what_follows() {
        let other = Named { partition: 1, offset: 2, pepper_id: [9; 8] };
        let mixed = Tail { n_ours: 3, n_others: 1, other: Some(other), ..Tail::default() };
        let pepper = Pepper::new(&[1; 32]);
        let found = judge_tail("pepper", Some(&pepper), &mixed);
        assert_eq!(found.verdict.name(), "FAIL");
        assert!(found.fix.says("topics create -c gate.yaml"), "{found:?}");
        assert_eq!(judge_tail("pepper", None, &Tail::default()).verdict.name(), "PASS");
        let verdicts = |tail: &Tail| {
            rows("sent", tail).iter().map(|found| found.verdict.name()).collect::<Vec<_>>()
        };
        assert_eq!(verdicts(&Tail { n_ours: 1, ..Tail::default() }), ["PASS"]);
        assert!(verdicts(&Tail::default()).is_empty());
        let foreign = [("forged", (2, 0, 5))].into();
        let strange = Tail { unreadable: Some((1, 0, 4)), foreign, ..Tail::default() };
        assert_eq!(verdicts(&strange), ["FAIL", "WARN"]);
    }
}
