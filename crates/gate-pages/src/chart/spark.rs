//! Small bars beside a number. Decoration: the number says it.

use super::{Bar, length, percent, pixels};

/// Height of the whole, in pixels.
const HEIGHT: f64 = 24.0;
/// A bar that stands for something is seen.
const LEAST: f64 = 1.0;
/// How much of its step a bar fills.
const FILLED: f64 = 0.72;
/// As many bars are drawn; older ones are left out.
const BARS_MAX: usize = 60;

/// One bar for each value, the tallest two pixels short of the top.
pub(crate) fn spark(values: &[u64]) -> Vec<Bar> {
    let values = values.get(values.len().saturating_sub(BARS_MAX)..).unwrap_or_default();
    let tallest = length(values.iter().copied().max().unwrap_or(0));
    if tallest <= 0.0 {
        return Vec::new();
    }
    let step = 100.0 / length(values.len() as u64);
    let mut x = 0.0;
    let mut bars = Vec::with_capacity(values.len());
    for value in values {
        if *value > 0 {
            let height = (length(*value) / tallest * (HEIGHT - 2.0)).max(LEAST);
            bars.push(Bar {
                x: percent(x),
                width: percent(step * FILLED),
                y: pixels(HEIGHT - height),
                height: pixels(height),
            });
        }
        x += step;
    }
    bars
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tallest_fills_and_the_smallest_is_seen() {
        let bars = spark(&[0, 1, 1_000_000, 500_000]);
        assert_eq!(bars.len(), 3, "nothing is drawn for nothing");
        assert_eq!((bars[0].x.as_str(), bars[0].height.as_str()), ("25.00%", "1.0"));
        assert_eq!((bars[1].y.as_str(), bars[1].height.as_str()), ("2.0", "22.0"));
        assert_eq!(bars[2].height, "11.0");
    }

    #[test]
    fn nothing_and_too_much() {
        assert!(spark(&[]).is_empty());
        assert!(spark(&[0, 0]).is_empty());
        assert_eq!(spark(&vec![7; 5_000]).len(), BARS_MAX);
    }
}
