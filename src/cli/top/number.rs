//! Numbers as people read them. What is not known is `–`.

pub(super) const UNKNOWN: &str = "–";

/// A value or the mark of one that is not known.
pub(super) fn or_unknown(value: Option<f64>, show: impl Fn(f64) -> String) -> String {
    value.filter(|value| value.is_finite()).map_or_else(|| UNKNOWN.to_owned(), show)
}

/// A whole number with commas.
pub(super) fn count(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// So many a second.
pub(super) fn rate(value: f64) -> String {
    if value == 0.0 {
        "0/s".to_owned()
    } else if value < 0.1 {
        format!("{value:.2}/s")
    } else if value < 100.0 {
        format!("{value:.1}/s")
    } else {
        format!("{}/s", count(value))
    }
}

/// A span in its two largest units.
pub(super) fn span(seconds: f64) -> String {
    let whole = |unit: f64| (seconds / unit).floor();
    let rest = |unit: f64, of: f64| ((seconds % of) / unit).floor();
    match seconds {
        s if s <= 0.0 => "0 s".to_owned(),
        s if s < 0.001 => format!("{:.1} ms", s * 1e3),
        s if s < 0.9995 => format!("{:.0} ms", s * 1e3),
        s if s < 60.0 => format!("{s:.1} s"),
        s if s < 3_600.0 => format!("{:.0}m {:.0}s", whole(60.0), rest(1.0, 60.0)),
        s if s < 86_400.0 => format!("{:.0}h {:.0}m", whole(3_600.0), rest(60.0, 3_600.0)),
        _ => format!("{:.0}d {:.0}h", whole(86_400.0), rest(3_600.0, 86_400.0)),
    }
}

/// How long ago, in whole seconds where that is enough.
pub(super) fn age(seconds: f64) -> String {
    if (0.0..60.0).contains(&seconds) { format!("{seconds:.0} s") } else { span(seconds) }
}

/// Bytes in binary units.
pub(super) fn bytes(value: f64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = value.max(0.0);
    for (index, unit) in units.iter().enumerate() {
        if value < 1024.0 || index + 1 == units.len() {
            let digits = usize::from(index > 0 && value < 10.0);
            return format!("{value:.digits$} {unit}");
        }
        value /= 1024.0;
    }
    String::new()
}

/// A share.
pub(super) fn percent(value: f64) -> String {
    let percent = value * 100.0;
    if percent > 99.0 && percent < 100.0 {
        format!("{percent:.1}%")
    } else {
        format!("{percent:.0}%")
    }
}

/// Bars of one character each, scaled to the largest.
pub(super) fn bars(values: &[f64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let max = values.iter().copied().fold(0.0, f64::max);
    let bar = |value: &f64| {
        let share = if max > 0.0 { value / max } else { 0.0 };
        let is_up_to = |nth: u8| f64::from(nth) <= (share * 7.0).round();
        BARS.iter().zip(0..).filter(|(_, nth)| is_up_to(*nth)).last().map_or(' ', |(bar, _)| *bar)
    };
    values.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_read_well() {
        assert_eq!(
            [0.0, 999.0, 1_000.0, 1_234_567.0].map(count),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [0.0, 0.04, 0.25, 52.34, 1_234.5].map(rate),
            ["0/s", "0.04/s", "0.2/s", "52.3/s", "1,234/s"]
        );
        assert_eq!(
            [0.0, 0.0004, 0.012, 0.9999, 3.21].map(span),
            ["0 s", "0.4 ms", "12 ms", "1.0 s", "3.2 s"]
        );
        assert_eq!([61.0, 7_260.0, 90_000.0].map(span), ["1m 1s", "2h 1m", "1d 1h"]);
        assert_eq!([4.4, 75.0].map(age), ["4 s", "1m 15s"]);
        assert_eq!(
            [512.0, 2_048.0, 157_286_400.0, 1.5e12].map(bytes),
            ["512 B", "2.0 KiB", "150 MiB", "1.4 TiB"]
        );
        assert_eq!([0.0, 0.5, 0.994, 1.0].map(percent), ["0%", "50%", "99.4%", "100%"]);
        assert_eq!(or_unknown(None, count), "–");
        assert_eq!(or_unknown(Some(f64::NAN), count), "–");
        assert_eq!(bars(&[0.0, 1.0, 3.5, 7.0]), "▁▂▅█");
        assert_eq!(bars(&[0.0, 0.0]), "▁▁");
    }
}
