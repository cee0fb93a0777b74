//! The two exempt classes with a rule of their own: which reasons stand against a message, and whether the
//! answer is certain. An erased contact has forgotten what it refused; its messages are blocked anyway.

use super::*;

const FIVE_MINUTES_MICROS: i64 = 300_000_000;

/// One confirmation, at most five minutes after an opt-out that covers the message.
pub fn judge_confirmation(
    history: &[Event],
    message: &OutboundMessage<'_>,
    approved: &[SentMessage],
    now: Timestamp,
) -> (Reasons, bool) {
    let oracle = Oracle::new(history, message, now);
    let mut failing = oracle.always();
    let opt_outs = oracle.refusals.iter().filter(|r| {
        matches!(r.change.action, Action::OptOut | Action::InboundSms) && oracle.covers(r.change)
    });
    let opt_outs: Vec<_> = opt_outs.map(|r| r.when).collect();
    match opt_outs.iter().map(|when| when.effective(now)).max() {
        None => failing.insert(Reason::ConfirmationWindow),
        Some(latest) => {
            let of_latest = opt_outs.iter().filter(|when| when.effective(now) == latest);
            let since = of_latest
                .map(|when| if when.is_skewed { latest.min(when.received) } else { latest })
                .min()
                .unwrap();
            let late = now.as_micros() - latest.as_micros();
            if !(0..=FIVE_MINUTES_MICROS).contains(&late) {
                failing.insert(Reason::ConfirmationWindow);
            }
            if oracle.has_gone_out(SentKind::Confirmation, since, approved, |_| true) {
                failing.insert(Reason::ConfirmationDuplicate);
            }
        }
    }
    (failing, oracle.is_certain())
}

/// One request after each time the person asked for it, where nobody may ask without being asked.
pub fn judge_request(
    history: &[Event],
    message: &OutboundMessage<'_>,
    approved: &[SentMessage],
    now: Timestamp,
) -> (Reasons, bool) {
    let oracle = Oracle::new(history, message, now);
    let mut failing = oracle.always();
    let asked = oracle.grants.iter().filter(|g| {
        g.means == Means::Requested
            && g.change.channel == ChannelScope::One(message.channel.unwrap())
            && oracle.names_sender(g.change)
            && oracle.is_usable(g)
    });
    let refusals = oracle
        .refusals
        .iter()
        .filter(|r| r.change.action == Action::AddressReassigned || oracle.covers(r.change));
    let refused: Vec<_> =
        refusals.map(|r| r.when).chain(oracle.erasures.iter().map(|(when, _)| *when)).collect();
    let asked = asked.filter(|g| !refused.iter().any(|when| when.ends(g, now)));
    let asked = asked.map(|g| g.change.occurred_at).max();
    if !refused.is_empty() && asked.is_none() {
        failing.insert(Reason::OptedOut);
    } else if oracle.has_gone_out(
        SentKind::Request,
        asked.unwrap_or(Timestamp::MIN),
        approved,
        |report| {
            let (said, asks) = (report.purpose.as_deref(), message.purpose.as_deref());
            said.is_none() || asks.is_none() || said == asks
        },
    ) {
        failing.insert(Reason::ConsentRequestRepeated);
    } else if asked.is_none() {
        failing.insert(Reason::NoConsent);
    }
    let stopped = oracle
        .refusals
        .iter()
        .any(|r| r.change.action == Action::InboundSms && !oracle.number_is_over(r, false));
    if stopped {
        failing.insert(Reason::SenderStop);
    }
    (failing, oracle.is_certain())
}

impl Oracle<'_> {
    /// Steps 4 and 5.
    fn always(&self) -> Reasons {
        let mut failing = Reasons::default();
        for (reason, fails) in [
            (Reason::Undeliverable, self.is_dead(Action::HardBounce)),
            (Reason::NumberReassigned, self.is_dead(Action::AddressReassigned)),
            (Reason::SuppressedGlobal, self.is_suppressed(false)),
            (Reason::Erased, self.is_erased()),
        ] {
            if fails {
                failing.insert(reason);
            }
        }
        failing
    }

    /// Whether another message of the kind went out since then, by the gate's own list or by a report.
    fn has_gone_out(
        &self,
        kind: SentKind,
        since: Timestamp,
        approved: &[SentMessage],
        is_meant: impl Fn(&ConsentChange<'_>) -> bool,
    ) -> bool {
        let family = self.message.channel.unwrap().family();
        let controller = self.message.controller.as_deref();
        let is_own = approved.iter().any(|sent| {
            let is_other = NameHash::of(controller) != sent.controller;
            sent.kind == kind
                && sent.at >= since
                && sent.message != super::super::event_key(&self.message.message_id)
                && sent.channel.family() == family
                && (sent.controller == NameHash::default() || controller.is_none() || !is_other)
        });
        let is_lost =
            approved.iter().any(|sent| sent.kind == SentKind::Unknown && sent.at >= since);
        is_own
            || is_lost
            || self.changes.iter().any(|(report, receipt)| {
                let id = report.message_id.as_ref().unwrap_or(&report.event_id);
                let on_channel = match report.channel {
                    ChannelScope::Any => true,
                    ChannelScope::One(channel) => channel.family() == family,
                };
                let theirs = report.controller.as_deref();
                report.action == Action::Sent
                    && (self.hears(report, true) || self.hears(report, false))
                    && self.went_out(report, *receipt) >= since
                    && *id != self.message.message_id
                    && on_channel
                    && (theirs.is_none() || controller.is_none() || theirs == controller)
                    && is_meant(report)
            })
    }

    /// When a reported message went out: the broker's word where it knows better, else what is possible.
    fn went_out(&self, report: &ConsentChange<'_>, receipt: Receipt) -> Timestamp {
        let claimed = report.occurred_at;
        let received =
            if receipt.is_broker { receipt.at } else { receipt.at.max(receipt.log.min(claimed)) };
        let is_dated = receipt.is_broker || is_ahead(claimed, self.now);
        if is_dated { claimed.min(received) } else { claimed }
    }
}
