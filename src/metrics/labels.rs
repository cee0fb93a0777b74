//! The closed sets a metric may be labelled with.
//!
//! Every label value is known before the first record arrives: it is a variant of an enum here or in
//! gate-core, or a topic name of the configuration. That is what bounds the number of series and
//! what keeps personal data out: there is no way to hand a metric a text that came from a record.
//! A new value is one line in its enum; the reference page follows by itself.
//!
//! Four sets are known only at run time, and bounded: partition numbers ([`super::PARTITION_SERIES_MAX`]), the
//! sources named in the configuration (`sources.rs`), brands and campaigns named there (`named.rs`), and packs and revisions of the policies in force.

/// Most topics with messages.
pub const OUTBOUND_TOPICS_MAX: usize = 16;

/// The configured names of the input topics, as they stand in `topic` labels.
#[derive(Clone, Debug)]
pub struct TopicNames {
    /// Where consent changes arrive.
    pub consent_change: String,
    /// Where candidate messages arrive; at most [`OUTBOUND_TOPICS_MAX`].
    pub outbound_messages: Vec<String>,
}

impl Default for TopicNames {
    fn default() -> Self {
        Self {
            consent_change: "consent-change".to_owned(),
            outbound_messages: vec!["outbound-message".to_owned()],
        }
    }
}

impl TopicNames {
    /// The configured name of an input topic.
    #[must_use]
    pub fn name(&self, topic: Topic) -> &str {
        match topic {
            Topic::ConsentChange => &self.consent_change,
            Topic::Outbound(place) => self.outbound_messages.get(place).map_or("", String::as_str),
        }
    }
}

/// A closed set of label values: each has a place in an array, so that counting is an array access.
pub trait Labels: Copy + 'static {
    /// The label names, in the order of [`Labels::values`].
    fn names() -> Vec<&'static str>;
    /// Every member, in the order of [`Labels::index`].
    fn all() -> Vec<Self>;
    /// The place in that order.
    fn index(self) -> usize;
    /// The label values of this member.
    fn values(self, topics: &TopicNames) -> Vec<String>;
    /// Whether there is such a member in this configuration; what is not there has no series.
    fn is_there(self, _topics: &TopicNames) -> bool {
        true
    }
}

/// No labels at all.
impl Labels for () {
    fn names() -> Vec<&'static str> {
        Vec::new()
    }
    fn all() -> Vec<Self> {
        vec![()]
    }
    fn index(self) -> usize {
        0
    }
    fn values(self, _: &TopicNames) -> Vec<String> {
        Vec::new()
    }
}

macro_rules! labels {
    ($($(#[$doc:meta])* $set:ident as $label:literal {
        $($(#[$variant_doc:meta])* $variant:ident $value:literal)*
    })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $set { $($(#[$variant_doc])* $variant),* }

        impl $set {
            /// Every member, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The label value.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $value),* }
            }
        }

        impl Labels for $set {
            fn names() -> Vec<&'static str> {
                vec![$label]
            }
            fn all() -> Vec<Self> {
                Self::ALL.to_vec()
            }
            fn index(self) -> usize {
                self as usize
            }
            fn values(self, _: &TopicNames) -> Vec<String> {
                vec![self.as_str().to_owned()]
            }
        }
    )*};
}

labels! {
    /// What became of a consent change.
    ConsentResult as "result" {
        /// It changed the state of its subjects.
        Applied "applied"
        /// It changed nothing: redelivered, or already covered by what is stored.
        Duplicate "duplicate"
        /// It says nothing about consent.
        NoEffect "no_effect"
        /// The mapping of the topic says that this record is no consent change.
        Ignored "ignored"
        /// A text to us that may ask to stop and may not: a person should read it.
        Review "review"
        /// Permissive and from the future: kept aside, not used.
        Quarantined "quarantined"
        /// Restrictive and from after its receipt: applied, with its receipt beside what it claims.
        Clamped "clamped"
        /// It could not be read; its contact is blocked, or the gate holds.
        Unreadable "unreadable"
        /// An operator released the gate from it (`consent-gate consent skip`).
        Skipped "skipped"
        /// Its contact was understood and its address was not: a refusal is applied to the contact and goes to the
        /// dead letter topic, a permission permits nothing for any address.
        Partial "partial"
    }

    /// How a transaction ended.
    TransactionResult as "result" {
        /// Outputs and offsets are visible.
        Committed "committed"
        /// Nothing of it is visible.
        Aborted "aborted"
        /// Another producer took the transactional id over.
        Fenced "fenced"
        /// The broker's answer is unknown; the producer is recycled and the outputs reconciled.
        Indeterminate "indeterminate"
        /// Counted beside the others: the brokers committed a part and aborted the rest, and the gate mended it.
        Torn "torn"
    }

    /// Why a transactional producer was thrown away and its work reconciled.
    RecycleCause as "cause" {
        /// EndTxn was sent more than once: half of the next transaction might have been committed.
        EndTxnRetried "end_txn_retried"
        /// A transactional request timed out.
        TimedOut "timed_out"
        /// The client reported a fatal error.
        Fatal "fatal"
    }

    /// What a rebalance did to a lane.
    RebalanceEvent as "event" {
        /// Partitions were given to it.
        Assigned "assigned"
        /// Partitions were taken in order.
        Revoked "revoked"
        /// Partitions were taken without asking.
        Lost "lost"
    }

    /// Why something waits instead of being decided.
    HoldCause as "cause" {
        /// Consent did not reach the end offsets in time.
        BarrierTimeout "barrier_timeout"
        /// A transaction of another program stays open on the consent topic.
        OpenTransaction "open_transaction"
        /// A consent change can be read by nobody and nobody can tell whose it is.
        ConsentPoison "consent_poison"
        /// The schema registry cannot be asked.
        RegistryUnavailable "registry_unavailable"
        /// The brokers cannot be asked.
        BrokerUnavailable "broker_unavailable"
        /// The consent state is being rebuilt from its topic.
        Restoring "restoring"
        /// The lane has lost its place in the consumer group and waits for a new one.
        NotMember "not_member"
        /// Transactions are aborted again and again.
        CommitFailing "commit_failing"
        /// Outputs are being reconciled after an indeterminate transaction.
        Recovering "recovering"
        /// What was approved in the partition before is being read back from its changelog.
        SentRestoring "sent_restoring"
        /// The changelog of approvals has a record that cannot be used: nobody can count.
        SentUnreadable "sent_unreadable"
        /// A batch cannot be unpacked: too large, damaged, or of a kind the client does not know.
        UnreadableBatch "unreadable_batch"
        /// Equally numbered partitions of the topics with messages are with different members of the group.
        TopicsApart "topics_apart"
        /// This machine's clock and the brokers' differ: caps and hours would be judged wrongly.
        Clock "clock"
    }

    /// Why a record of the changelog of approvals is a stranger's.
    ForeignRow as "kind" {
        /// A null value: no gate writes one.
        Deleted "deleted"
        /// A row whose tag is not ours.
        Forged "forged"
        /// An old row of ours, written again.
        Replayed "replayed"
        /// A row of the former format, which no gate writes behind rows of this one.
        Untagged "untagged"
    }

    /// What became of an attempt to load policies again.
    PolicyReload as "result" {
        /// Another set is in force.
        Loaded "loaded"
        /// The files say the same as before.
        Unchanged "unchanged"
        /// They are not valid; the former set stays in force.
        Rejected "rejected"
    }

    /// Where policy sets are kept by revision.
    PolicyArchive as "place" {
        /// A file below `state.dir`.
        Directory "directory"
        /// A record of `topics.policy_sets`.
        Topic "topic"
    }

    /// Whom a record in the name of the probe is about.
    ProbeRecipient as "recipient" {
        /// Nobody: an address of the probe itself.
        Synthetic "synthetic"
        /// Somebody: not written by a probe.
        Other "other"
    }

    /// How a round of the probe ended.
    ProbeResult as "result" {
        /// Approved while consent stood, blocked once the opt-out was acknowledged.
        Passed "passed"
        /// A message was approved although it was sent after its opt-out had been acknowledged.
        Violated "violated"
        /// A decision did not come in time.
        TimedOut "timed_out"
        /// It could not be carried out, or the policies in force block the probe's consent.
        Error "error"
    }

    /// What became of a checkpoint of the store.
    CheckpointResult as "result" {
        /// It was made.
        Made "made"
        /// It could not be made; the former ones stay.
        Failed "failed"
        /// An empty store was filled from it.
        Used "used"
        /// It was looked at for an empty store and not used: another log, damaged, or out of the log's range.
        Rejected "rejected"
    }

    /// A limit of the program that was reached.
    Bound as "bound" {
        /// Simultaneous HTTP connections.
        HttpConnections "http_connections"
        /// Threads that report their heartbeat.
        Threads "threads"
        /// Partitions with a series of their own.
        PartitionSeries "partition_series"
        /// Places a hold remembers.
        HeldPlaces "held_places"
        /// Policy packs with a series of their own.
        PolicySeries "policy_series"
        /// Records in one batch.
        BatchRecords "batch_records"
        /// Bytes in one batch.
        BatchBytes "batch_bytes"
        /// Decisions or bytes in one record of the decision log; what is more goes into another one.
        DecisionRecord "decision_record"
        /// Approvals remembered of one recipient; until some are out of every window, more are blocked.
        SentMessages "sent_messages"
        /// Members of the group that are watched, so that what they leave open is ended.
        GroupMembers "group_members"
        /// Questions to `/v1/…` in hand at a time; more are told to come back.
        Questions "questions"
        /// How long a question waits for consent to catch up; then it is told so.
        QuestionWait "question_wait"
        /// Rows of approvals that are read for one question; messages behind them are answered without caps.
        QuestionRows "question_rows"
    }

    /// What became of a link.
    LinkResult as "result" {
        /// It is in the header.
        Minted "minted"
        /// What the message names does not fit into one; it went out without.
        TooLong "too_long"
    }

    /// A route of the HTTP server.
    Route as "route" {
        /// `/`
        Index "index"
        /// `/livez`
        Livez "livez"
        /// `/readyz`
        Readyz "readyz"
        /// `/status`
        Status "status"
        /// `/metrics`
        Metrics "metrics"
        /// `/v1/check`
        Check "v1_check"
        /// `/v1/subject`
        Subject "v1_subject"
        /// Whatever else was asked for.
        Other "other"
    }

    /// Which topic the desk's index reads.
    DeskTopic as "topic" {
        /// The decision log.
        Decisions "decisions"
        /// The consent changes.
        Consent "consent"
    }

    /// A bound of the door.
    DoorBound as "bound" {
        /// Requests at work at a time.
        Requests "requests"
        /// Bytes or items of a request.
        Size "size"
        /// Time for a body to arrive.
        SlowBody "slow_body"
        /// Bytes of all bodies at a time.
        Bodies "bodies"
        /// Mails that ask for a confirmation, to one mailbox or to all.
        Mails "mails"
        /// The same, asked for from one network.
        Networks "networks"
        /// Records that wait for the brokers.
        Queue "queue"
    }

    /// What somebody did at the desk.
    DeskAct as "act" {
        /// Looked a person up.
        LookUp "look_up"
        /// Took out what is held of a person.
        Export "export"
        /// Read a consent record as it lies in Kafka.
        ReadRecord "read_record"
    }

    /// What kind of answer a request got.
    StatusClass as "status" {
        /// Switched protocols or go on: never sent by the gate.
        Informational "1xx"
        /// It was answered.
        Success "2xx"
        /// It was sent elsewhere.
        Redirection "3xx"
        /// Whoever asked is to blame.
        Client "4xx"
        /// The gate cannot answer now.
        Server "5xx"
    }
}

/// An input topic by its role; the label value is its configured name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Where consent changes arrive.
    ConsentChange,
    /// Where candidate messages arrive: the topic at this place of `topics.outbound_message`.
    Outbound(usize),
}

impl Labels for Topic {
    fn names() -> Vec<&'static str> {
        vec!["topic"]
    }
    fn all() -> Vec<Self> {
        let outbound = (0..OUTBOUND_TOPICS_MAX).map(Self::Outbound);
        std::iter::once(Self::ConsentChange).chain(outbound).collect()
    }
    fn index(self) -> usize {
        match self {
            Self::ConsentChange => 0,
            Self::Outbound(place) => place.saturating_add(1),
        }
    }
    fn values(self, topics: &TopicNames) -> Vec<String> {
        vec![topics.name(self).to_owned()]
    }
    fn is_there(self, topics: &TopicNames) -> bool {
        match self {
            Self::ConsentChange => true,
            Self::Outbound(place) => place < topics.outbound_messages.len(),
        }
    }
}
