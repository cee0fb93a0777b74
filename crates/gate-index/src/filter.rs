//! Which decisions are meant.

use crate::IndexError;
use crate::Inner;
use crate::wire::{put_signed, put_text};
use crate::word::{Context, Verdict};
use gate_core::Timestamp;
use rustc_hash::FxHashMap;

/// Which decisions are meant; what is `None` does not matter. Texts are compared whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// `approved`, `blocked` or `deferred`.
    pub outcome: Option<String>,
    /// The code with its prefix.
    pub reason: Option<String>,
    /// The channel.
    pub channel: Option<String>,
    /// One of the candidates.
    pub jurisdiction: Option<String>,
    /// The purpose.
    pub purpose: Option<String>,
    /// The brand.
    pub brand: Option<String>,
    /// The controller.
    pub controller: Option<String>,
    /// The campaign.
    pub campaign: Option<String>,
    /// Decided then or later.
    pub since: Option<Timestamp>,
    /// Decided before.
    pub until: Option<Timestamp>,
    /// The synthetic probe's as well.
    pub with_probe: bool,
}

impl Filter {
    /// The bytes that tell two filters apart.
    pub(crate) fn question(&self, kind: u8) -> Vec<u8> {
        let mut out = vec![kind, u8::from(self.with_probe)];
        let texts = [
            &self.outcome,
            &self.reason,
            &self.channel,
            &self.jurisdiction,
            &self.purpose,
            &self.brand,
            &self.controller,
            &self.campaign,
        ];
        texts.iter().for_each(|text| put_text(&mut out, text.as_deref()));
        for at in [self.since, self.until] {
            out.push(u8::from(at.is_some()));
            put_signed(&mut out, at.unwrap_or_default().as_micros());
        }
        out
    }

    fn fits_verdict(&self, verdict: &Verdict) -> bool {
        let Verdict { outcome, reason, channel, jurisdictions, is_other: _ } = verdict;
        let fits = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        fits(&self.outcome, Some(outcome))
            && fits(&self.reason, Some(reason))
            && fits(&self.channel, channel.as_deref())
            && self.jurisdiction.as_deref().is_none_or(|wanted| {
                jurisdictions.iter().any(|jurisdiction| &**jurisdiction == wanted)
            })
    }

    fn fits_context(&self, context: &Context) -> bool {
        let Context { purpose, brand, controller, campaign, is_probe, is_other: _ } = context;
        let pairs = [
            (&self.purpose, purpose),
            (&self.brand, brand),
            (&self.controller, controller),
            (&self.campaign, campaign),
        ];
        let fits = |(wanted, found): &(&Option<String>, &Option<Box<str>>)| {
            wanted.is_none() || wanted.as_deref() == found.as_deref()
        };
        (self.with_probe || !is_probe) && pairs.iter().all(fits)
    }
}

/// A filter that remembers which words fit.
pub(crate) struct Sieve<'a> {
    inner: &'a Inner,
    pub(crate) filter: &'a Filter,
    verdicts: FxHashMap<u32, bool>,
    shapes: FxHashMap<u32, bool>,
    contexts: FxHashMap<u32, bool>,
}

impl<'a> Sieve<'a> {
    pub(crate) fn new(inner: &'a Inner, filter: &'a Filter) -> Self {
        let (verdicts, shapes, contexts) = Default::default();
        Self { inner, filter, verdicts, shapes, contexts }
    }

    pub(crate) fn verdict(&mut self, number: u32) -> Result<bool, IndexError> {
        if let Some(fits) = self.verdicts.get(&number) {
            return Ok(*fits);
        }
        let verdict = self.inner.words.verdicts.get(self.inner, number)?;
        let fits = self.filter.fits_verdict(&verdict);
        self.verdicts.insert(number, fits);
        Ok(fits)
    }

    pub(crate) fn shape(&mut self, number: u32) -> Result<bool, IndexError> {
        if let Some(fits) = self.shapes.get(&number) {
            return Ok(*fits);
        }
        let shape = self.inner.words.shapes.get(self.inner, number)?;
        let fits = self.verdict(shape.verdict)?;
        self.shapes.insert(number, fits);
        Ok(fits)
    }

    pub(crate) fn context(&mut self, number: u32) -> Result<bool, IndexError> {
        if let Some(fits) = self.contexts.get(&number) {
            return Ok(*fits);
        }
        let context = self.inner.words.contexts.get(self.inner, number)?;
        let fits = self.filter.fits_context(&context);
        self.contexts.insert(number, fits);
        Ok(fits)
    }
}
