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
const FOR_AN_OPERATOR: [HoldCause; 3] =
    [HoldCause::ConsentPoison, HoldCause::UnreadableBatch, HoldCause::SentUnreadable];

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
        Ok((200, _)) => Finding::pass(CHECK, "is ready"),
        Ok((503, body)) => {
            let found = body.lines().map(str::trim).collect::<Vec<_>>().join("; ");
            let stands = FOR_AN_OPERATOR
                .iter()
                .find(|cause| found.contains(&format!(": {}", cause.as_str())));
            match stands {
                Some(cause) => Finding::fail(
                    CHECK,
                    found,
                    format!(
                        "see `{}` in docs/failures.md: it does not end by itself",
                        cause.as_str()
                    ),
                ),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_that_waits_for_an_operator_fails() {
        let held = |text: &str| judge(Ok((503, format!("lane 0: held for 9 s: {text}\n"))));
        for (cause, verdict) in [
            ("consent_poison: consent-change partition 3 offset 17", "FAIL"),
            ("unreadable_batch: outbound-message partition 0 offset 2; BadCompression", "FAIL"),
            ("sent_unreadable", "FAIL"),
            ("broker_unavailable", "WARN"),
            ("restoring", "WARN"),
        ] {
            let finding = held(cause);
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
