//! Why a store is not used again.

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Why a store is not reused. The words appear in directory names and logs: a closed set.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum RebuildReason { $($(#[$doc])* $name,)* }

        impl RebuildReason {
            const ALL: &[Self] = &[$(Self::$name),*];

            /// The word for it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

reasons! {
    /// It was folded from another Kafka cluster.
    OtherCluster = "other-cluster",
    /// It was folded from another topic.
    OtherTopic = "other-topic",
    /// The topic was deleted and created again.
    TopicRecreated = "topic-recreated",
    /// The topic has another number of partitions.
    PartitionsChanged = "partitions-changed",
    /// Its subject keys were made with another pepper.
    OtherPepper = "other-pepper",
    /// Its records were read by another mapping, or without one.
    OtherMapping = "other-mapping",
    /// Its states have another format.
    StateFormat = "state-format",
    /// Its column families, keys or header have another layout.
    StoreLayout = "store-layout",
    /// It has no readable header.
    NoHeader = "no-header",
    /// Stored data is not what was written.
    Damaged = "damaged",
    /// The topic no longer holds the records after its positions, so it cannot catch up.
    LogTruncated = "log-truncated",
    /// The topic ends before its positions.
    AheadOfLog = "ahead-of-log",
    /// Somebody asked for it.
    Requested = "requested",
}

impl RebuildReason {
    pub(super) fn from_bytes(word: &[u8]) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|reason| reason.as_str().as_bytes() == word)
    }
}

impl std::fmt::Display for RebuildReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
