//! The closed sets of words that some keys take: each word once, with what it means.

use gate_codec::Format;

/// A value that is written as one of a few words.
pub(super) trait Word: Sized + 'static {
    /// All of them, as they are written.
    const WORDS: &'static [&'static str];
    /// What stands for a wrong word until every problem is known.
    const STAND_IN: Self;

    /// What this word means.
    fn of(name: &str) -> Option<Self>;
}

macro_rules! words {
    ($(
        $(#[$about:meta])*
        $name:ident { $(#[$first_about:meta])* $first:ident = $first_word:literal, $($(#[$meaning:meta])* $variant:ident = $word:literal,)* }
    )*) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $(#[$first_about])* $first,
            $($(#[$meaning])* $variant,)*
        }

        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[Self::$first, $(Self::$variant),*];

            /// As it is written.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    Self::$first => $first_word,
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl Word for $name {
            const WORDS: &'static [&'static str] = &[$first_word, $($word),*];
            const STAND_IN: Self = Self::$first;

            fn of(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|member| member.as_str() == name)
            }
        }
    )*};
}

words! {
    /// Where a consumer group without committed offsets begins.
    StartAt {
        /// At the oldest record.
        Earliest = "earliest",
        /// At what comes next.
        Latest = "latest",
    }

    /// How records are compressed, by the names of Kafka.
    Compression {
        /// As they are.
        None = "none",
        /// The one that kafkajs reads.
        Gzip = "gzip",
        /// Google's.
        Snappy = "snappy",
        /// Fast, and what is used unless another is asked for.
        Lz4 = "lz4",
        /// The smallest.
        Zstd = "zstd",
    }

    /// What outputs carry of their decision.
    DecisionHeader {
        /// Outcome, reason and source: the rest stands in the decision log.
        Reference = "reference",
        /// All of it, in `gate-decision`.
        Full = "full",
    }

    /// How log lines look.
    LogFormat {
        /// Text on a terminal, JSON elsewhere.
        Auto = "auto",
        /// One JSON object a line.
        Json = "json",
        /// For people.
        Text = "text",
    }

    /// Least important level to log.
    LogLevel {
        /// Somebody must act.
        Error = "error",
        /// Somebody should look.
        Warn = "warn",
        /// What an operator wants to know of.
        Info = "info",
        /// For whoever looks for a fault.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }
}

impl Word for Format {
    const WORDS: &'static [&'static str] = &["json", "avro", "avro-single-object"];
    const STAND_IN: Self = Self::Json;

    fn of(name: &str) -> Option<Self> {
        Self::parse(name)
    }
}
