//! Check of the gate that runs here, if one does: what it says about itself knows more than any look from outside.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::super::health;
use super::Finding;
use crate::config::Config;
use crate::metrics::HoldCause;
use crate::status::{Held, SNAPSHOT_BYTES_MAX, Snapshot};

const CHECK: &str = "the gate that runs here";
/// Longest wait for its answer.
const ANSWER_MAX: Duration = Duration::from_secs(3);

/// What to do about holds of which none stands.
const MOST_END: &str = "see the causes of a hold in docs/failures.md; most end by themselves";

/// Holds that no waiting ends.
const FOR_AN_OPERATOR: [HoldCause; 4] = [
    HoldCause::ConsentPoison,
    HoldCause::UnreadableBatch,
    HoldCause::SentUnreadable,
    HoldCause::Clock,
];
/// Holds that may take as long as there is to read.
const READING: [HoldCause; 2] = [HoldCause::Restoring, HoldCause::SentRestoring];
/// Another hold should be over by then; it is when the alert PartitionHeld fires.
const HELD_SECONDS_MAX: u64 = 120;

/// What `/status` of this configuration's gate says.
pub(super) fn check(config: &Config) -> Finding {
    match ask(config, "/status") {
        Err(why) => Finding::skip(CHECK, format!("none answers at `http.listen`: {why}")),
        Ok((_, body)) => match serde_json::from_str::<Snapshot>(&body) {
            Ok(snapshot) => judge(&snapshot),
            Err(_) => judge_older(ask(config, "/readyz")),
        },
    }
}

/// Code and body of a page of this configuration's gate.
///
/// # Errors
/// Why there is no answer.
pub(super) fn ask(config: &Config, path: &str) -> Result<(u16, String), String> {
    health::page(reachable(config.http.listen), path, ANSWER_MAX, SNAPSHOT_BYTES_MAX)
}

/// Who listens everywhere listens here.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let here = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(here, listen.port())
}

fn judge(snapshot: &Snapshot) -> Finding {
    if snapshot.readiness.ready {
        return Finding::pass(CHECK, "is ready: messages are being decided");
    }
    let found = snapshot.readiness.reasons.join("; ");
    match snapshot.holds.iter().find_map(stands) {
        Some((cause, why)) => {
            Finding::fail(CHECK, found, format!("see `{cause}` in docs/failures.md: {why}"))
        }
        None => Finding::warn(CHECK, found, MOST_END),
    }
}

/// A version without `/status`; what it says in words.
fn judge_older(answer: Result<(u16, String), String>) -> Finding {
    match answer {
        Err(why) => Finding::skip(CHECK, format!("none answers at `http.listen`: {why}")),
        Ok((200, _)) => {
            Finding::pass(CHECK, "is ready: messages are being decided (it is of an older version)")
        }
        Ok((503, body)) => {
            let found = body.lines().map(str::trim).collect::<Vec<_>>().join("; ");
            Finding::warn(CHECK, format!("(of an older version) {found}"), MOST_END)
        }
        Ok((code, _)) => Finding::skip(CHECK, format!("it answers {code}")),
    }
}

/// The cause and why it is not waited for, if this hold stands.
fn stands(hold: &Held) -> Option<(&'static str, &'static str)> {
    let cause = HoldCause::ALL.iter().find(|cause| cause.as_str() == hold.cause)?;
    if FOR_AN_OPERATOR.contains(cause) {
        return Some((cause.as_str(), "it does not end by itself"));
    }
    let is_long = hold.seconds >= HELD_SECONDS_MAX && !READING.contains(cause);
    is_long.then_some((cause.as_str(), "it should have ended by itself by now"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Metrics, Topic, TopicNames};
    use crate::status::{Holder, Place, Status};

    /// What a gate says that is held for this cause, after so many seconds.
    fn held(cause: HoldCause, seconds: u64) -> Snapshot {
        let status = Status::new(Metrics::new(TopicNames::default()).unwrap(), 0);
        let place = Place { topic: Topic::ConsentChange, partition: 3, offset: Some(17) };
        status.hold(Holder::Reader, cause, &[place], "BadCompression");
        let mut snapshot = status.snapshot();
        snapshot.holds[0].seconds = seconds;
        snapshot
    }

    #[test]
    fn a_hold_that_waits_for_an_operator_fails() {
        for (seconds, cause, verdict) in [
            (9, HoldCause::ConsentPoison, "FAIL"),
            (9, HoldCause::UnreadableBatch, "FAIL"),
            (9, HoldCause::SentUnreadable, "FAIL"),
            (9, HoldCause::Clock, "FAIL"),
            (9, HoldCause::BrokerUnavailable, "WARN"),
            (119, HoldCause::CommitFailing, "WARN"),
            (120, HoldCause::CommitFailing, "FAIL"),
            (120, HoldCause::NotMember, "FAIL"),
            (9_000, HoldCause::Restoring, "WARN"),
            (9_000, HoldCause::SentRestoring, "WARN"),
        ] {
            let finding = judge(&held(cause, seconds));
            assert_eq!(finding.verdict.name(), verdict, "{finding:?}");
            assert!(finding.found.contains(cause.as_str()), "{finding:?}");
            assert!(finding.found.contains("partition 3 offset 17"), "{finding:?}");
        }
        let mut ready = held(HoldCause::Clock, 9);
        ready.readiness.ready = true;
        assert_eq!(judge(&ready).verdict.name(), "PASS");
    }

    #[test]
    fn an_older_version_is_taken_at_its_word() {
        for (answer, verdict) in [
            (Ok((200, "ready\n".into())), "PASS"),
            (Ok((503, "lane 0: held for 9 s: consent_poison\n".into())), "WARN"),
            (Ok((401, String::new())), "SKIP"),
            (Err("refused".into()), "SKIP"),
        ] {
            assert_eq!(judge_older(answer).verdict.name(), verdict);
        }
    }

    #[test]
    fn who_listens_everywhere_is_asked_here() {
        for (listen, asked) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:8080", "[::1]:8080"),
            ("10.1.2.3:9", "10.1.2.3:9"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), asked);
        }
    }
}
