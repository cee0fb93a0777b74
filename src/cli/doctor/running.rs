//! Check of the gate that runs here, if one does: what it says about itself knows more than any look from outside.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::super::health;
use super::Finding;
use crate::config::Config;
use crate::metrics::HoldCause;

const CHECK: &str = "the gate that runs here";
/// Longest wait for its answer.
const ANSWER_MAX: Duration = Duration::from_secs(3);

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

/// What `/readyz` of this configuration's gate says.
pub(super) fn check(config: &Config) -> Finding {
    judge(health::readiness(reachable(config.http.listen), ANSWER_MAX))
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

fn judge(answer: Result<(u16, String), String>) -> Finding {
    match answer {
        Err(why) => Finding::skip(CHECK, format!("none answers at `http.listen`: {why}")),
        Ok((200, _)) => Finding::pass(CHECK, "is ready: messages are being decided"),
        Ok((503, body)) => {
            let found = body.lines().map(str::trim).collect::<Vec<_>>().join("; ");
            match body.lines().find_map(stands) {
                Some((cause, why)) => {
                    Finding::fail(CHECK, found, format!("see `{cause}` in docs/failures.md: {why}"))
                }
                None => Finding::warn(
                    CHECK,
                    found,
                    "see the causes of a hold in docs/failures.md; most end by themselves",
                ),
            }
        }
        Ok((code, _)) => Finding::skip(CHECK, format!("it answers {code}")),
    }
}

/// The cause and why it is not waited for, if this line of `/readyz` is about a hold that stands.
fn stands(line: &str) -> Option<(&'static str, &'static str)> {
    let (_, hold) = line.split_once("held for ")?;
    let (seconds, rest) = hold.split_once(" s: ")?;
    let is = |cause: &&HoldCause| {
        let told = rest.strip_prefix(cause.as_str());
        told.is_some_and(|more| more.is_empty() || more.starts_with([':', ';']))
    };
    if let Some(cause) = FOR_AN_OPERATOR.iter().find(is) {
        return Some((cause.as_str(), "it does not end by itself"));
    }
    let cause = HoldCause::ALL.iter().find(is).filter(|cause| !READING.contains(cause))?;
    let is_long = seconds.parse::<u64>().is_ok_and(|seconds| seconds >= HELD_SECONDS_MAX);
    is_long.then_some((cause.as_str(), "it should have ended by itself by now"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_that_waits_for_an_operator_fails() {
        let held = |seconds: u64, text: &str| {
            judge(Ok((
                503,
                format!("consent: not caught up\nlane 0: held for {seconds} s: {text}\n"),
            )))
        };
        for (seconds, cause, verdict) in [
            (9, "consent_poison: consent-change partition 3 offset 17", "FAIL"),
            (9, "unreadable_batch: outbound-message partition 0 offset 2; BadCompression", "FAIL"),
            (9, "sent_unreadable", "FAIL"),
            (9, "clock; behind", "FAIL"),
            (9, "broker_unavailable", "WARN"),
            (119, "commit_failing; too large", "WARN"),
            (120, "commit_failing; too large", "FAIL"),
            (120, "not_member", "FAIL"),
            (9_000, "restoring", "WARN"),
            (9_000, "sent_restoring: outbound-message partition 1", "WARN"),
        ] {
            let finding = held(seconds, cause);
            assert_eq!(finding.verdict.name(), verdict, "{finding:?}");
            assert!(finding.found.contains(cause), "{finding:?}");
        }
        assert_eq!(judge(Ok((200, "ready\n".into()))).verdict.name(), "PASS");
        assert_eq!(judge(Ok((401, String::new()))).verdict.name(), "SKIP");
        assert_eq!(judge(Err("refused".into())).verdict.name(), "SKIP");
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
