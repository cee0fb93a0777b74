//! The metrics of a process beside the gate (desk, ledger, door): each has a registry of its own.
//!
//! None of them serves `consent_gate_build_info`: by that name alerts know a gate.

/// Declares them: every field a metric, and beside them `component_info`, which says what runs.
macro_rules! process_metrics {
    (
        $(#[$doc:meta])*
        $name:ident of $component:literal {
            $($field:ident: $type:ty = $method:ident($metric:literal, $unit:literal $(, $more:expr)*): $help:literal;)*
        }
    ) => {
        $(#[$doc])*
        pub struct $name {
            registry: prometheus::Registry,
            declarations: Vec<crate::metrics::declare::Declaration>,
            $(#[doc = $help] pub $field: $type,)*
        }

        impl $name {
            fn declare() -> prometheus::Result<Self> {
                let registry = prometheus::Registry::new();
                #[cfg(target_os = "linux")]
                registry.register(Box::new(
                    prometheus::process_collector::ProcessCollector::for_self(),
                ))?;
                let topics = crate::metrics::TopicNames::default();
                let mut registrar = crate::metrics::declare::Registrar {
                    registry: &registry,
                    topics: &topics,
                    declarations: Vec::new(),
                };
                let info = registrar.bounded_gauges(
                    &crate::metrics::declare::Spec {
                        name: "consent_gate_component_info",
                        unit: "programs",
                        help: "1: which part of consent-gate this is, and its version.",
                    },
                    &["component", "version", "revision"],
                )?;
                let (version, revision) = crate::metrics::BUILD;
                info.get_metric_with_label_values(&[$component, version, revision])?.set(1);
                $(let $field = registrar.$method(&crate::metrics::declare::Spec {
                    name: $metric,
                    unit: $unit,
                    help: $help,
                } $(, $more)*)?;)*
                let declarations = registrar.declarations;
                Ok(Self { registry, declarations, $($field,)* })
            }

            /// Nothing counted yet.
            ///
            /// # Errors
            /// A declaration is wrong: a mistake in this program.
            pub fn new() -> Result<Self, crate::metrics::MetricsError> {
                Self::declare().map_err(crate::metrics::MetricsError::Declaration)
            }

            /// What was declared.
            #[must_use]
            pub fn declarations(&self) -> &[crate::metrics::declare::Declaration] {
                &self.declarations
            }

            /// Everything in the Prometheus text format.
            ///
            /// # Errors
            /// The registry could not be written: a mistake in this program.
            pub fn encode(&self) -> Result<String, crate::metrics::MetricsError> {
                prometheus::TextEncoder::new()
                    .encode_to_string(&self.registry.gather())
                    .map_err(crate::metrics::MetricsError::Encoding)
            }
        }
    };
}
pub(super) use process_metrics;
