//! Properties of the law over random histories from a small world (`harness/histories.rs`). 256 histories
//! each; `PROPTEST_CASES=20000` for a longer look. What each was seen to catch is in the commit that added it.
mod harness;

use gate_core::*;
use harness::histories::*;
use harness::oracle::exempt::{judge_confirmation, judge_request};
use harness::oracle::{STEP_11, STEPS_4_TO_8, judge};
use harness::*;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// The gate's clock: mostly after all that happened, else among it.
fn clocks() -> impl Strategy<Value = Timestamp> {
    prop_oneof![2 => Just(at(NOW)), 3 => (-1..9i64).prop_map(step)]
}

fn is_approved(world: &World, message: &OutboundMessage<'_>) -> bool {
    world.decide(message, at(NOW)).outcome() == Outcome::Approved
}

proptest! {
    /// (a) P4: the state is a function of the set of records. Any order, any duplication, any split over
    /// partial states that are joined later ends in the same bytes for every subject.
    #[test]
    fn any_order_duplication_and_partition_folds_to_the_same_bytes(
        history in histories(0..16),
        redelivered in prop::collection::vec((any::<Index>(), receipts()), 0..6),
        shuffled_by in prop::collection::vec(any::<u32>(), 32),
        part_of in prop::collection::vec(0..3usize, 32),
    ) {
        let mut log = history.clone();
        for (which, receipt) in redelivered {
            if !history.is_empty() {
                log.push(history[which.index(history.len())].clone().with_receipt(receipt));
            }
        }
        let expected = World::of(&log);

        let mut order: Vec<usize> = (0..log.len()).collect();
        order.sort_by_key(|nth| shuffled_by[nth % shuffled_by.len()]);
        let shuffled = World::of(order.iter().map(|nth| &log[*nth]));
        prop_assert_eq!(&expected.states, &shuffled.states, "another order");

        let twice = World::of(log.iter().chain(order.iter().map(|nth| &log[*nth])));
        prop_assert_eq!(&expected.states, &twice.states, "everything twice");

        let mut parts = [World::default(), World::default(), World::default()];
        for nth in &order {
            parts[part_of[nth % part_of.len()]].apply(&log[*nth]);
        }
        let [mut left, middle, right] = parts;
        let mut right_first = right.clone();
        right_first.join_world(&middle);
        right_first.join_world(&left);
        left.join_world(&middle);
        left.join_world(&right);
        prop_assert_eq!(&expected.states, &left.states, "three parts joined");
        prop_assert_eq!(&expected.states, &right_first.states, "three parts joined the other way");
    }

    /// A redelivery with a later receipt is a no-op while no clock is ahead.
    #[test]
    fn redelivery_is_a_no_op(history in histories(1..12), which in any::<Index>(), later in 0..9i64) {
        let again = &history[which.index(history.len())];
        if let Record::Change { change, receipt } = &again.record {
            let received = micros_later(receipt.at, later);
            prop_assume!(change.occurred_at <= received);
            let receipt = Receipt { at: received, log: receipt.log.max(received), ..*receipt };
            let once = World::of(&history);
            let twice = World::of(history.iter().chain([&again.clone().with_receipt(receipt)]));
            prop_assert_eq!(once.states, twice.states);
        }
    }

    /// (b) A withdrawal is never lost: with a covering refusal and no express act after it, marketing is
    /// blocked, whatever else happened in whatever order.
    #[test]
    fn a_withdrawal_is_never_lost(
        history in histories(0..14),
        message in messages(),
        refusal in parts(),
        by_contact in any::<bool>(),
        position in any::<Index>(),
    ) {
        let mut refusal = refusal;
        refusal.action = match refusal.action {
            Action::Object => Action::Object,
            Action::Complaint => Action::Complaint,
            Action::InboundSms if message.channel != Some(Channel::Email) => Action::InboundSms,
            _ => Action::OptOut,
        };
        refusal.text = "STOP";
        refusal.channel = message.channel.map_or(ChannelScope::Any, ChannelScope::One);
        refusal.purpose = message.purpose.as_deref().and(refusal.purpose).filter(|p| *p == "marketing");
        refusal.controller = Some("acme-ltd");
        refusal.brand = message.brand.as_deref().and(Some("any"));
        let contact = message.contact_id.as_ref().map(|id| CONTACTS.into_iter().find(|c| *c == id.expose()));
        refusal.who = match contact.flatten() {
            Some(contact) if by_contact => (Some(contact), None),
            _ => (None, message.address.as_ref().and_then(|a| ADDRESSES.into_iter().find(|b| *b == a.expose()))),
        };
        // only a broker's word dates a refusal back
        let is_back = refusal.log.is_none() && refusal.occurred > refusal.received + 1;
        let since = if is_back { refusal.received } else { refusal.occurred };
        let is_later_express_act = |event: &Event| match &event.record {
            Record::Change { change, .. } => change.occurred_at > step(since) && matches!(
                change.action,
                Action::OptIn | Action::OptInConfirmed | Action::OptInRequested | Action::InboundSms
            ),
            Record::Unreadable { .. } => false,
        };
        let mut history = history;
        history.retain(|event| !is_later_express_act(event));
        history.insert(position.index(history.len() + 1), refusal.event());
        let decision = World::of(&history).decide(&message, at(NOW));
        let expected = match refusal.action {
            Action::Object => Reason::Objected,
            Action::Complaint => Reason::Complaint,
            _ => Reason::OptedOut,
        };
        prop_assert_eq!(decision.outcome(), Outcome::Blocked);
        // named among the reasons as well; only an erased contact has forgotten it
        let is_named = decision.reasons().contains(expected) || decision.reasons().contains(Reason::Erased);
        prop_assert!(is_named, "{:?} is not named: {}", refusal, decision.reason().code());
    }

    /// (c) An approval has a live basis with evidence, and nothing as late or later refuses; judged by an
    /// oracle that reads events, not facts.
    #[test]
    fn an_approval_has_live_evidence(
        history in histories(0..14),
        message in messages(),
        now in clocks(),
    ) {
        agrees_with_the_oracle(&history, &message, now)?;
    }

    /// The same with an express opt-in that fits the message, so that approvals are common: on its own, or
    /// as a version of an event that the history has already.
    #[test]
    fn the_oracle_agrees_where_approvals_are_common(
        history in histories(0..7),
        message in messages(),
        extra in parts(),
        has_own_id in prop::bool::weighted(0.6),
        now in clocks(),
    ) {
        let mut history = history;
        history.push(fitting_opt_in(&message, Parts { id: if has_own_id { 200 } else { extra.id }, ..extra }));
        agrees_with_the_oracle(&history, &message, now)?;
    }

    /// Step 6: the confirmation of an opt-out, reason by reason.
    #[test]
    fn the_oracle_agrees_on_confirmations(
        history in histories(0..10),
        message in messages(),
        refusal in parts(),
        approved in prop::collection::vec(approvals(), 0..4),
        minutes in 0..24i64,
    ) {
        let mut history = history;
        // something to confirm, mostly
        history.push(Parts { id: 200, action: Action::OptOut, occurred: refusal.received, ..refusal }.event());
        let purpose = message.purpose.clone();
        let message = exempt(message, Category::OptoutConfirmation).but(|m| m.purpose = purpose);
        let decision = World::of(&history).decide_by(&PolicySet::express_only(), &message, &approved, at(minutes));
        let verdict = judge_confirmation(&history, &message, &approved, at(minutes));
        agrees(&decision, Reason::ApprovedConfirmation, verdict)?;
    }

    /// And the request for consent.
    #[test]
    fn the_oracle_agrees_on_requests_for_consent(
        history in histories(0..10),
        message in messages(),
        request in parts(),
        approved in prop::collection::vec(approvals(), 0..4),
        now in clocks(),
    ) {
        let mut history = history;
        let fitting = Parts { id: 200, ..request };
        history.push(fitting_opt_in(&message, fitting).with(|change| change.action = Action::OptInRequested));
        let purpose = message.purpose.clone();
        let message = exempt(message, Category::ConsentRequest).but(|m| m.purpose = purpose);
        let decision = World::of(&history).decide_by(&PolicySet::express_only(), &message, &approved, now);
        agrees(&decision, Reason::ApprovedRequest, judge_request(&history, &message, &approved, now))?;
    }

    /// (e) A further refusal never turns a block into an approval. (Unreadable records are left out: any
    /// later valid event ends them, a refusal too.)
    #[test]
    fn a_refusal_never_helps(
        history in plain_histories(0..12),
        message in any_messages(),
        refusal in parts(),
        position in any::<Index>(),
    ) {
        let mut refusal = Parts { id: 100, ..refusal };
        match refusal.action {
            Action::InboundSms => refusal.text = if refusal.keeps { "STOP" } else { "STOP ALL" },
            Action::OptIn | Action::OptInConfirmed | Action::Unsuppress | Action::Relationship => {
                refusal.action = Action::OptOut;
            }
            _ => {}
        }
        let before = World::of(&history);
        let mut history = history;
        history.insert(position.index(history.len() + 1), refusal.event());
        let after = World::of(&history);
        let is_restrictive = refusal.action != Action::OptInRequested;
        if is_restrictive {
            prop_assert!(
                is_approved(&before, &message) || !is_approved(&after, &message),
                "{:?} turned {} into an approval", refusal, before.decide(&message, at(NOW)).reason().code()
            );
        }
    }

    /// (e) Taking a permission away never turns a block into an approval. What remains of the event is
    /// that contact and address were seen together.
    #[test]
    fn a_missing_permission_never_helps(
        history in plain_histories(1..12),
        message in any_messages(),
        which in any::<Index>(),
    ) {
        let before = World::of(&history);
        let mut history = history;
        let nth = which.index(history.len());
        let mut was_permissive = false;
        history[nth] = history[nth].clone().with(|change| {
            was_permissive = match change.action {
                Action::InboundSms => matches!(change.text.as_deref(), Some("START" | "YES")),
                Action::OptIn | Action::OptInConfirmed | Action::OptInRequested
                | Action::Unsuppress | Action::Relationship => true,
                _ => false,
            };
            if was_permissive {
                change.action = Action::Sent;
            }
        });
        if was_permissive {
            let after = World::of(&history);
            prop_assert!(is_approved(&before, &message) || !is_approved(&after, &message));
        }
    }

    /// An end never turns a block into an approval, whichever event states it.
    #[test]
    fn a_stated_end_never_helps(
        history in histories(1..12),
        message in any_messages(),
        which in any::<Index>(),
        end in -1..9i64,
        now in clocks(),
    ) {
        let before = World::of(&history).decide(&message, now);
        let mut history = history;
        let nth = which.index(history.len());
        history[nth] = history[nth].clone().with(|change| change.expires_at = Some(step(end)));
        let after = World::of(&history).decide(&message, now);
        prop_assert!(before.outcome() == Outcome::Approved || after.outcome() != Outcome::Approved);
    }

    /// What has come to its end permits nothing: with one more permission, relationship, START, YES or `unsuppress`
    /// whose stated end has passed, nothing is approved that was not approved without it. It may be a version of an
    /// event on file.
    #[test]
    fn what_has_ended_never_helps(
        history in histories(1..12),
        message in any_messages(),
        extra in permissions(),
        is_version in any::<bool>(),
        to_end in -3..1i64,
        now in clocks(),
    ) {
        let before = World::of(&history).decide(&message, now);
        let end = Timestamp::from_micros(now.as_micros() + 180_000_000 * to_end);
        let extra = extra.event().with(|change| {
            change.expires_at = Some(end);
            if !is_version {
                change.event_id = "extra".into();
            }
        });
        let mut history = history;
        history.push(extra.clone());
        let after = World::of(&history).decide(&message, now);
        prop_assert!(
            before.outcome() == Outcome::Approved || after.outcome() != Outcome::Approved,
            "with {:?} {} became {}", extra, before.reason().code(), after.reason().code()
        );
    }

    /// A refusal by contact alone that covers the message blocks it at every address seen with that contact, whoever
    /// the message names, unless somebody acted for the address later.
    #[test]
    fn a_refusal_by_contact_is_never_lost_at_its_addresses(
        history in histories(0..12),
        message in messages(),
        contact in select(&CONTACTS[..]),
        refusal in parts(),
        places in (any::<Index>(), any::<Index>()),
    ) {
        let address = message.address.as_ref().and_then(|a| ADDRESSES.into_iter().find(|b| *b == a.expose()));
        let action = if refusal.keeps { Action::OptOut } else { Action::Object };
        let refusal = Parts {
            action, id: 100, who: (Some(contact), None), occurred: 6, received: 6, log: None,
            channel: ChannelScope::Any, purpose: None, controller: None, brand: None, ..refusal
        };
        let link = Parts { action: Action::Sent, id: 101, who: (Some(contact), address), ..refusal };
        let mut history = history;
        history.insert(places.0.index(history.len() + 1), refusal.event());
        history.insert(places.1.index(history.len() + 1), link.event());
        let decision = World::of(&history).decide(&message, at(NOW));
        prop_assert_eq!(decision.outcome(), Outcome::Blocked);
        let expected = if refusal.keeps { Reason::OptedOut } else { Reason::Objected };
        let is_named = decision.reasons().contains(expected) || decision.reasons().contains(Reason::Erased);
        prop_assert!(is_named, "not named: {}", decision.reason().code());
    }

    /// No record time that a producer may write takes a refusal back: with any of them, and wherever its log had
    /// come, it ends at least what it ends when a broker dates it as it was.
    #[test]
    fn a_producers_clock_never_helps(
        history in plain_histories(0..6),
        message in any_messages(),
        refusal in parts(),
        extra in parts(),
        stamp in receipts(),
        position in any::<Index>(),
        now in clocks(),
    ) {
        let mut history = history;
        history.push(fitting_opt_in(&message, Parts { id: 101, ..extra }));
        let mut refusal = Parts { id: 100, ..refusal };
        match refusal.action {
            Action::InboundSms => refusal.text = if refusal.keeps { "STOP" } else { "STOP ALL" },
            Action::OptIn | Action::OptInConfirmed | Action::OptInRequested | Action::Unsuppress
            | Action::Relationship => {
                refusal.action = if refusal.keeps { Action::Erase } else { Action::OptOut };
            }
            _ => {}
        }
        // mostly one that reaches the message
        (refusal.channel, refusal.brand) = (ChannelScope::Any, Some("any"));
        // a claim from the future is no instant at which anybody acted
        let now = now.max(step(refusal.occurred));
        let stamp = Receipt { is_broker: false, ..stamp };
        let position = position.index(history.len() + 1);
        let decided = |receipt: Receipt| {
            let mut history = history.clone();
            history.insert(position, refusal.event().with_receipt(receipt));
            World::of(&history).decide(&message, now)
        };
        let truly = decided(Receipt::by_broker(step(refusal.occurred)));
        let produced = decided(stamp);
        prop_assert!(
            truly.outcome() == Outcome::Approved || produced.outcome() != Outcome::Approved,
            "{:?} by {:?} turned {} into an approval", refusal, stamp, truly.reason().code()
        );
    }

    /// (f) Stored bytes of a real state, damaged: an error, or another canonical state; never a panic.
    #[test]
    fn damaged_states_never_panic(
        history in histories(1..10),
        damage in prop::collection::vec((any::<Index>(), any::<u8>(), 0..4u8), 1..4),
    ) {
        for bytes in World::of(&history).states.values() {
            let mut bytes = bytes.clone();
            for (place, byte, kind) in &damage {
                let at = place.index(bytes.len().max(1));
                match kind {
                    0 => bytes.truncate(at),
                    1 => bytes.insert(at.min(bytes.len()), *byte),
                    _ => if let Some(slot) = bytes.get_mut(at) { *slot = *byte },
                }
            }
            check_bytes(&bytes)?;
        }
    }

    /// (f) Any bytes at all.
    #[test]
    fn arbitrary_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..64), is_ours in any::<bool>()) {
        if is_ours && bytes.len() > 2 {
            (bytes[0], bytes[1]) = (ConsentState::FORMAT, bytes[1] % 2);
        }
        check_bytes(&bytes)?;
    }

    /// (d) `decide` is total: states of arbitrary facts, arbitrary messages, any instant. The harness asks
    /// twice and demands an explained decision.
    #[test]
    fn decide_never_panics(
        contact_facts in prop::collection::vec(facts(), 0..12),
        address_facts in prop::collection::vec(facts(), 0..12),
        message in wild_messages(),
        now in instants(),
        address_is in 0..3u8,
    ) {
        let key = SubjectKey([1; 16]);
        let mut contact = ConsentState::default();
        contact.join(contact_facts.iter().map(Stored::fact));
        let mut address = ConsentState::default();
        address.join(address_facts.iter().map(Stored::fact));
        prop_assert!(invariants::state_round_trips(&contact));
        let recipient = Recipient::new(
            message.contact_id.is_some().then_some((key, &contact)),
            match address_is {
                0 => AddressLookup::Missing,
                1 => AddressLookup::Invalid,
                _ => AddressLookup::Known(key, &address),
            },
        );
        let decision = decide(&PolicySet::express_only(), recipient, &message, now);
        prop_assert!(invariants::decision_is_explained(&decision));
        prop_assert_eq!(decision, decide(&PolicySet::express_only(), recipient, &message, now));
        prop_assert!(address_is > 1 || decision.outcome() == Outcome::Blocked);
    }

    /// Arbitrary facts, not only those that `place` makes, fold without regard to order and grouping.
    #[test]
    fn arbitrary_facts_fold_in_any_order(
        all in prop::collection::vec(facts(), 0..24),
        shuffled_by in prop::collection::vec(any::<u32>(), 24),
        cut in any::<Index>(),
    ) {
        let mut whole = ConsentState::default();
        whole.join(all.iter().map(Stored::fact));
        let mut order: Vec<usize> = (0..all.len()).collect();
        order.sort_by_key(|nth| shuffled_by[*nth]);
        let mut one_by_one = ConsentState::default();
        for nth in &order {
            one_by_one.join([all[*nth].fact()]);
        }
        prop_assert_eq!(&whole, &one_by_one);
        let cut = cut.index(all.len() + 1);
        let half = |part: &[usize]| {
            let mut state = ConsentState::default();
            state.join(part.iter().map(|nth| all[*nth].fact()));
            state
        };
        let (mut left, right) = (half(&order[..cut]), half(&order[cut..]));
        let mut swapped = right.clone();
        swapped.join_state(&left);
        left.join_state(&right);
        prop_assert_eq!(&whole, &left);
        prop_assert_eq!(&whole, &swapped);
        let before = whole.clone();
        whole.join_state(&before);
        prop_assert_eq!(whole, before);
    }

    /// No text makes the keyword or address reader panic; canonical addresses are stable.
    #[test]
    fn readers_never_panic(text in "\\PC{0,60}", region in "\\PC{0,3}", channel in select(&Channel::ALL[..])) {
        prop_assert_eq!(classify(&text), classify(&text));
        if let Ok(address) = CanonicalAddress::parse(&text, Some(channel), Some(&region)) {
            let again = CanonicalAddress::parse(address.expose(), Some(channel), None);
            prop_assert_eq!(again.as_ref(), Ok(&address));
        }
        let recipient = CanonicalAddress::of_recipient(&text, channel, Some(&region));
        prop_assert!(recipient.is_err() || recipient.is_ok_and(|to| !to.expose().is_empty()));
    }

    /// An e-mail address is the same however its letters are cased and its domain is dotted.
    #[test]
    fn spellings_of_an_address_are_one(local in "[a-zà-öø-ÿ0-9]{1,8}", domain in "[a-z]{1,8}\\.[a-z]{2,4}") {
        let parse = |raw: &str| CanonicalAddress::parse(raw, Some(Channel::Email), None);
        let plain = parse(&format!("{local}@{domain}"));
        prop_assume!(plain.is_ok());
        // ß has no single upper case
        let upper: String = local.chars().flat_map(char::to_uppercase).collect();
        prop_assume!(upper.to_lowercase() == local);
        prop_assert_eq!(&parse(&format!(" {}@{}. ", upper, domain.to_uppercase())), &plain);
        prop_assert_eq!(&parse(&format!("Some One <{local}@{domain}>")), &plain);
    }
}

/// What the gate approved before: few ids and instants, each kind, also of other senders.
/// What a change of any kind would be that has an end: the others are made confirmations and texts that start.
fn permissions() -> impl Strategy<Value = Parts> {
    parts().prop_map(|parts| match parts.action {
        Action::OptIn
        | Action::OptInConfirmed
        | Action::OptInRequested
        | Action::Relationship
        | Action::Unsuppress => parts,
        Action::InboundSms if parts.text == "YES" => parts,
        Action::InboundSms => Parts { text: "START", ..parts },
        _ => Parts { action: Action::OptInConfirmed, ..parts },
    })
}

fn approvals() -> impl Strategy<Value = SentMessage> {
    let kinds = [SentKind::Marketing, SentKind::Confirmation, SentKind::Request, SentKind::Unknown];
    let kind = select(kinds.to_vec());
    (0..4u8, kind, 0..20i64, messages()).prop_map(|(id, kind, minutes, message)| {
        let channel = message.channel.unwrap_or(Channel::Email);
        SentMessage::new(&message, channel, event_key(&format!("m{id}")), kind, at(minutes))
    })
}

fn agrees(
    decision: &Decision,
    approval: Reason,
    (failing, is_certain): (Reasons, bool),
) -> Result<(), TestCaseError> {
    let is_erased = failing.contains(Reason::Erased);
    prop_assert_eq!(is_erased, decision.reasons().contains(Reason::Erased));
    if is_certain && !is_erased {
        let listed = |reasons: Reasons| reasons.iter().map(Reason::code).collect::<Vec<_>>();
        prop_assert_eq!(listed(decision.reasons()), listed(failing));
        prop_assert_eq!(decision.reason() == approval, failing.is_empty());
        prop_assert_eq!(decision.counts_as().is_some(), failing.is_empty());
    }
    Ok(())
}

fn agrees_with_the_oracle(
    history: &[Event],
    message: &OutboundMessage<'static>,
    now: Timestamp,
) -> Result<(), TestCaseError> {
    let verdict = judge(history, message, now);
    let decision = World::of(history).decide(message, now);
    let code = decision.reason().code();
    let is_approved = decision.outcome() == Outcome::Approved;
    prop_assert!(verdict.approves || !is_approved, "approved against the oracle");
    prop_assert!(!verdict.approves || is_approved || !verdict.is_certain, "{} against it", code);
    if is_approved {
        let Some((basis, proof)) = decision.basis() else {
            return Err(TestCaseError::fail("approved marketing without a basis"));
        };
        prop_assert!(matches!(basis, Basis::Express | Basis::ExpressWritten));
        let is_on_record = history.iter().any(|event| match &event.record {
            Record::Change { change, .. } => event_key(&change.event_id) == proof,
            Record::Unreadable { .. } => false,
        });
        prop_assert!(is_on_record);
    }
    // an erased contact's refusals are forgotten with the contact
    let is_erased = verdict.failing.contains(Reason::Erased);
    prop_assert_eq!(is_erased, decision.reasons().contains(Reason::Erased));
    if verdict.is_certain && !is_erased {
        for reason in STEPS_4_TO_8 {
            let (ours, theirs) =
                (decision.reasons().contains(reason), verdict.failing.contains(reason));
            prop_assert_eq!(ours, theirs, "{}", reason.code());
        }
        let lacking: Vec<_> = decision.reasons().iter().filter(|r| STEP_11.contains(r)).collect();
        prop_assert_eq!(lacking, Vec::from_iter(verdict.lacking));
    }
    Ok(())
}

fn check_bytes(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(state) = ConsentState::decode(bytes) {
        let mut again = Vec::new();
        state.encode(&mut again);
        prop_assert_eq!(bytes, &again[..], "two encodings of one state");
        let before = state.clone();
        let mut joined = state;
        joined.join_state(&before);
        prop_assert!(invariants::state_round_trips(&joined));
    }
    Ok(())
}
