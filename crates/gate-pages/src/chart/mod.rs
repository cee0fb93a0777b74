//! Charts as numbers: where bars, lines and words stand. Pure functions; templates write them as SVG attributes.
//!
//! Widths and places along the page are in percent, so that a chart is as wide as its sheet and its words are never scaled;
//! heights are in pixels.

pub mod lanes;
pub mod rates;
pub mod rounds;
pub(crate) mod ruler;
pub(crate) mod spark;

/// A bar: `x` and `width` in percent, `y` and `height` in pixels, written as SVG wants them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bar {
    pub(crate) x: String,
    pub(crate) width: String,
    pub(crate) y: String,
    pub(crate) height: String,
}

/// Percent with two decimals: `41.12%`.
pub(crate) fn percent(value: f64) -> String {
    let value = if value.is_finite() { value.clamp(0.0, 100.0) } else { 0.0 };
    format!("{value:.2}%")
}

/// Pixels with one decimal.
pub(crate) fn pixels(value: f64) -> String {
    let value = if value.is_finite() { value.max(0.0) } else { 0.0 };
    format!("{value:.1}")
}

/// A count as a length.
#[expect(clippy::cast_precision_loss, reason = "a length on a page")]
pub(crate) fn length(count: u64) -> f64 {
    count as f64
}
