//! Ready mappings for what many producers write, compiled in with their cases.

/// A ready mapping.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    /// Its name: `debezium-cdc`.
    pub name: &'static str,
    /// The mapping.
    pub mapping: &'static str,
    /// Its cases.
    pub cases: &'static str,
}

macro_rules! ready {
    ($($name:literal),* $(,)?) => {
        /// The ready mappings, in the order of the documentation.
        pub const READY: &[Ready] = &[$(Ready {
            name: $name,
            mapping: include_str!(concat!("../../../mappings/", $name, ".yaml")),
            cases: include_str!(concat!("../../../mappings/", $name, ".cases.yaml")),
        }),*];
    };
}

ready! {
    "cloudevents-consent",
    "cloudevents-message",
    "debezium-cdc",
    "debezium-cdc-with-schema",
    "debezium-outbox",
    "debezium-outbox-with-schema",
    "segment-track",
    "braze-export",
    "hubspot-export",
}
