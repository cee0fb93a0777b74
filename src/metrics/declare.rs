//! Declaring a metric: once, with its unit, its closed labels and its help.
//!
//! [`Registrar`] registers a metric and remembers what was said about it, so that the reference page
//! (`reference.rs`) cannot part from the program. All children of a metric are made here, at start:
//! a series exists with value 0 before anything happens, and counting later neither locks nor hashes.

use super::labels::{Labels, TopicNames};
use prometheus::core::Collector;
use prometheus::{
    Counter, Gauge, GaugeVec, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry,
};
use std::marker::PhantomData;

/// What the reference page says about a metric.
#[derive(Clone, Debug)]
pub struct Declaration {
    /// The public name.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// What one is: `seconds`, `records` …
    pub unit: &'static str,
    /// One sentence or two.
    pub help: &'static str,
    /// Label names, each with its values; empty values mean "any number below a bound".
    pub labels: Vec<(&'static str, Vec<String>)>,
}

/// One metric as it is written in `Metrics::new`.
pub(super) struct Spec {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) help: &'static str,
}

/// A metric with a child for each member of a closed set.
pub struct Family<M, L> {
    children: Box<[M]>,
    /// Takes what has no child, so that counting cannot fail; a test proves that nothing arrives here.
    stray: M,
    labels: PhantomData<fn(L)>,
}

impl<M: Clone, L> Clone for Family<M, L> {
    fn clone(&self) -> Self {
        let (children, stray) = (self.children.clone(), self.stray.clone());
        Self { children, stray, labels: PhantomData }
    }
}

impl<M, L: Labels> Family<M, L> {
    /// The child of that member.
    #[must_use]
    pub fn of(&self, label: L) -> &M {
        self.children.get(label.index()).unwrap_or(&self.stray)
    }

    /// How many children there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.children.len()
    }
}

/// Registers metrics and remembers their declarations.
pub(super) struct Registrar<'a> {
    pub(super) registry: &'a Registry,
    pub(super) topics: &'a TopicNames,
    pub(super) declarations: Vec<Declaration>,
}

impl Registrar<'_> {
    /// A counter with one child for each member of `L`.
    pub(super) fn counters<L: Labels>(
        &mut self,
        spec: &Spec,
    ) -> prometheus::Result<Family<IntCounter, L>> {
        let vec = IntCounterVec::new(Opts::new(spec.name, spec.help), &L::names())?;
        self.declare::<L>(spec, "counter");
        let stray = IntCounter::with_opts(Opts::new("stray", "stray"))?;
        self.family(vec, stray, |vec, values| vec.get_metric_with_label_values(values))
    }

    /// A whole-number gauge with one child for each member of `L`.
    pub(super) fn gauges<L: Labels>(
        &mut self,
        spec: &Spec,
    ) -> prometheus::Result<Family<IntGauge, L>> {
        let vec = IntGaugeVec::new(Opts::new(spec.name, spec.help), &L::names())?;
        self.declare::<L>(spec, "gauge");
        let stray = IntGauge::with_opts(Opts::new("stray", "stray"))?;
        self.family(vec, stray, |vec, values| vec.get_metric_with_label_values(values))
    }

    /// A gauge for seconds with one child for each member of `L`.
    pub(super) fn seconds_gauges<L: Labels>(
        &mut self,
        spec: &Spec,
    ) -> prometheus::Result<Family<Gauge, L>> {
        let vec = GaugeVec::new(Opts::new(spec.name, spec.help), &L::names())?;
        self.declare::<L>(spec, "gauge");
        let stray = Gauge::with_opts(Opts::new("stray", "stray"))?;
        self.family(vec, stray, |vec, values| vec.get_metric_with_label_values(values))
    }

    /// A counter without labels.
    pub(super) fn counter(&mut self, spec: &Spec) -> prometheus::Result<IntCounter> {
        let counter = IntCounter::with_opts(Opts::new(spec.name, spec.help))?;
        self.declare::<()>(spec, "counter");
        self.register(counter)
    }

    /// A whole-number gauge without labels.
    pub(super) fn gauge(&mut self, spec: &Spec) -> prometheus::Result<IntGauge> {
        let gauge = IntGauge::with_opts(Opts::new(spec.name, spec.help))?;
        self.declare::<()>(spec, "gauge");
        self.register(gauge)
    }

    /// A counter of fractions without labels.
    pub(super) fn seconds_counter(&mut self, spec: &Spec) -> prometheus::Result<Counter> {
        let counter = Counter::with_opts(Opts::new(spec.name, spec.help))?;
        self.declare::<()>(spec, "counter");
        self.register(counter)
    }

    /// A gauge for seconds without labels.
    pub(super) fn seconds_gauge(&mut self, spec: &Spec) -> prometheus::Result<Gauge> {
        let gauge = Gauge::with_opts(Opts::new(spec.name, spec.help))?;
        self.declare::<()>(spec, "gauge");
        self.register(gauge)
    }

    /// A histogram without labels.
    pub(super) fn histogram(
        &mut self,
        spec: &Spec,
        buckets: &[f64],
    ) -> prometheus::Result<Histogram> {
        let options = HistogramOpts::new(spec.name, spec.help).buckets(buckets.to_vec());
        self.declare::<()>(spec, "histogram");
        self.register(Histogram::with_opts(options)?)
    }

    /// A gauge whose label values appear and go; the caller keeps their number bounded.
    pub(super) fn bounded_gauges(
        &mut self,
        spec: &Spec,
        labels: &[&'static str],
    ) -> prometheus::Result<IntGaugeVec> {
        let vec = IntGaugeVec::new(Opts::new(spec.name, spec.help), labels)?;
        self.declare_bounded(spec, "gauge", labels);
        self.register(vec)
    }

    /// The same for seconds.
    pub(super) fn bounded_seconds_gauges(
        &mut self,
        spec: &Spec,
        labels: &[&'static str],
    ) -> prometheus::Result<GaugeVec> {
        let vec = GaugeVec::new(Opts::new(spec.name, spec.help), labels)?;
        self.declare_bounded(spec, "gauge", labels);
        self.register(vec)
    }

    /// A counter whose label values are known only with the configuration.
    pub(super) fn bounded_counters(
        &mut self,
        spec: &Spec,
        labels: &[&'static str],
    ) -> prometheus::Result<IntCounterVec> {
        let vec = IntCounterVec::new(Opts::new(spec.name, spec.help), labels)?;
        self.declare_bounded(spec, "counter", labels);
        self.register(vec)
    }

    fn declare_bounded(&mut self, spec: &Spec, kind: &'static str, labels: &[&'static str]) {
        self.declarations.push(Declaration {
            name: spec.name,
            kind,
            unit: spec.unit,
            help: spec.help,
            labels: labels.iter().map(|label| (*label, Vec::new())).collect(),
        });
    }

    fn family<V, M, L, F>(&self, vec: V, stray: M, child: F) -> prometheus::Result<Family<M, L>>
    where
        V: Collector + Clone + 'static,
        M: Clone,
        L: Labels,
        F: Fn(&V, &[&str]) -> prometheus::Result<M>,
    {
        let mut children = Vec::new();
        for member in L::all() {
            if !member.is_there(self.topics) {
                children.push(stray.clone());
                continue;
            }
            let values = member.values(self.topics);
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            children.push(child(&vec, &values)?);
        }
        self.register(vec)?;
        Ok(Family { children: children.into(), stray, labels: PhantomData })
    }

    fn register<C: Collector + Clone + 'static>(&self, collector: C) -> prometheus::Result<C> {
        self.registry.register(Box::new(collector.clone()))?;
        Ok(collector)
    }

    fn declare<L: Labels>(&mut self, spec: &Spec, kind: &'static str) {
        let members = L::all().into_iter().filter(|member| member.is_there(self.topics));
        let rows: Vec<Vec<String>> = members.map(|member| member.values(self.topics)).collect();
        let labels = L::names().into_iter().enumerate().map(|(column, name)| {
            let mut values: Vec<String> = Vec::new();
            for value in rows.iter().filter_map(|row| row.get(column)) {
                if !values.contains(value) {
                    values.push(value.clone());
                }
            }
            (name, values)
        });
        self.declarations.push(Declaration {
            name: spec.name,
            kind,
            unit: spec.unit,
            help: spec.help,
            labels: labels.collect(),
        });
    }
}
