//! The promise as a ruler: milliseconds on a logarithmic scale, the promise as a post.

use super::percent;

/// Left end of the scale, in milliseconds.
const FROM_MS: f64 = 1.0;
/// Decades that are shown at least: one millisecond to ten seconds.
const DECADES_LEAST: i32 = 4;
/// And at most: to a bit more than a day.
const DECADES_MOST: i32 = 8;

/// Where things stand on the ruler.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ruler {
    /// Place and milliseconds of each line, ends included.
    pub(crate) ticks: Vec<(String, f64)>,
    /// From the median to p99: x and width.
    pub(crate) most: Option<(String, String)>,
    /// From p99 to the slowest: x, width, and the end.
    pub(crate) rest: Option<(String, String, String)>,
    /// The promise.
    pub(crate) post: String,
}

/// Lays the figures out; what was not measured is not drawn.
pub(crate) fn ruler(promised: f64, p50: Option<f64>, p99: Option<f64>, max: Option<f64>) -> Ruler {
    let longest = [Some(promised), p50, p99, max].into_iter().flatten().fold(0.0, f64::max);
    let mut decades = DECADES_LEAST;
    while decades < DECADES_MOST && FROM_MS * 10_f64.powi(decades) < longest {
        decades += 1;
    }
    let at = |ms: f64| {
        let share = (ms.max(FROM_MS) / FROM_MS).log10() / f64::from(decades) * 100.0;
        if share.is_finite() { share.clamp(0.0, 100.0) } else { 0.0 }
    };
    let ticks = (0..=decades).map(|d| {
        let ms = FROM_MS * 10_f64.powi(d);
        (percent(at(ms)), ms)
    });
    let most = p50.zip(p99).map(|(from, to)| {
        let (from, to) = (at(from.min(to)), at(to));
        (percent(from), percent((to - from).max(LEAST_WIDTH)))
    });
    let rest = p99.zip(max).map(|(from, to)| {
        let (from, to) = (at(from.min(to)), at(to));
        (percent(from), percent(to - from), percent(to))
    });
    Ruler { ticks: ticks.collect(), most, rest, post: percent(at(promised)) }
}

/// A span that stands for something is seen, in percent.
const LEAST_WIDTH: f64 = 0.5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_stand_where_the_scale_says() {
        let r = ruler(5_000.0, Some(8.0), Some(100.0), Some(1_000.0));
        assert_eq!(r.ticks.len(), 5);
        assert_eq!(r.ticks[4], ("100.00%".to_owned(), 10_000.0));
        assert_eq!(r.post, "92.47%");
        assert_eq!(r.most, Some(("22.58%".to_owned(), "27.42%".to_owned())));
        assert_eq!(r.rest, Some(("50.00%".to_owned(), "25.00%".to_owned(), "75.00%".to_owned())));
    }

    #[test]
    fn the_scale_grows_with_the_slowest_and_ends_somewhere() {
        assert_eq!(ruler(5_000.0, None, None, Some(50_000.0)).ticks.len(), 6);
        let r = ruler(5_000.0, Some(0.0), Some(0.0), Some(f64::INFINITY));
        assert_eq!(r.ticks.len(), 9);
        assert_eq!(r.most, Some(("0.00%".to_owned(), "0.50%".to_owned())));
        assert!(ruler(5_000.0, None, None, None).rest.is_none());
    }
}
