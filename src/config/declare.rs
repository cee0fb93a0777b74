//! The grammar of `keys.rs`: a line for each key, from which its field, its check and its line in the reference are made.
//!
//! ```text
//! "path" field: Type = check(bounds), default, "unit", "effect" formerly "old.path" or "secret.path" "effect";
//! ```
//! `check` names two functions of the same arguments: one here, which says what the reference calls the type, and the
//! reader's method, which reads the value. `formerly` is for a key that was renamed; `or` adds the key that carries the
//! secret itself where the line's own names a file. Both may be absent. `and` puts keys behind a section's that are
//! declared elsewhere.

/// Declares sections: a struct for each, whose fields are its keys, and `TABLE`.
macro_rules! config {
    ($(
        $(#[$about:meta])*
        $vis:vis $section:ident $(and $more:path)? {
            $($path:literal $field:ident: $type:ty = $check:ident($($bound:expr),*), $preset:expr, $unit:literal,
                $effect:literal $(formerly $old:literal)? $(or $secret:literal $secret_effect:literal)?;)*
        }
    )*) => {
        $(
            $(#[$about])*
            #[derive(Debug, Clone)]
            $vis struct $section {
                $(#[doc = $effect] $vis $field: $type,)*
            }

            impl $section {
                const KEYS: &'static [$crate::config::key::Key] = &[$(
                    $crate::config::declare::key!($path $check($($bound),*), $preset, $unit, $effect $(, $old)?),
                    $($crate::config::declare::key!(
                        $secret environment_only(), $crate::config::key::Preset::Unset, "", $secret_effect
                    ),)?
                )*];

                /// Asks for each key; wrong ones have stand-ins, and a problem with the reader.
                pub(super) fn read(reader: &mut $crate::config::reader::Reader) -> Self {
                    $(let $field = reader.$check(
                        &const { $crate::config::declare::key!($path $check($($bound),*), $preset, $unit, $effect $(, $old)?) }
                        $(, $bound)* $(, $secret)?
                    );)*
                    Self { $($field),* }
                }
            }
        )*

        /// All of them.
        pub(super) const TABLE: $crate::config::key::Table =
            $crate::config::key::Table(&[$($section::KEYS, $($more,)?)*]);
    };
}

/// One line of the table.
macro_rules! key {
    (@former) => { None };
    (@former $old:literal) => { Some($old) };
    ($path:literal $check:ident($($bound:expr),*), $preset:expr, $unit:literal, $effect:literal $(, $old:literal)?) => {
        $crate::config::key::Key {
            path: $path,
            kind: $crate::config::declare::kinds::$check($($bound),*),
            preset: $preset,
            unit: $unit,
            effect: $effect,
            formerly: $crate::config::declare::key!(@former $($old)?),
        }
    };
}

pub(super) use {config, key};

/// What the reference calls the type that each check of the reader demands.
pub(super) mod kinds {
    use crate::config::key::{Kind, TOPIC_CHARS_MAX};
    use crate::config::network::NETWORK_BYTES_MAX;

    macro_rules! kinds {
        ($($check:ident($($bound:ident: $type:ty),*) = $kind:expr;)*) => {$(
            pub(in crate::config) const fn $check($($bound: $type),*) -> Kind {
                $kind
            }
        )*};
    }

    kinds! {
        text() = Kind::Text;
        optional_text() = Kind::Text;
        brokers() = Kind::Brokers;
        name(chars_max: usize) = Kind::Name { chars_max };
        name_or(chars_max: usize, _computed: fn() -> Option<String>) = Kind::Name { chars_max };
        topic() = Kind::Name { chars_max: TOPIC_CHARS_MAX };
        topics(n_max: usize) = Kind::Topics { n_max };
        word_by_topic(words: &'static [&'static str]) = Kind::ChoiceByTopic(words);
        path_by_topic() = Kind::PathByTopic;
        count(min: u64, max: u64) = Kind::Integer { min, max };
        count_or(min: u64, max: u64, _computed: fn() -> u64) = Kind::Integer { min, max };
        milliseconds(min: u64, max: u64) = Kind::Integer { min, max };
        boolean() = Kind::Boolean;
        word(words: &'static [&'static str]) = Kind::Choice(words);
        path() = Kind::Path;
        optional_path() = Kind::Path;
        secret_file() = Kind::Path;
        url() = Kind::Url;
        socket() = Kind::Socket;
        networks(n_max: usize) = Kind::Names { n_max, bytes_max: NETWORK_BYTES_MAX };
        names(n_max: usize, bytes_max: usize) = Kind::Names { n_max, bytes_max };
        properties() = Kind::Properties;
        secrets() = Kind::Secrets;
        environment_only() = Kind::EnvironmentOnly;
    }
}
