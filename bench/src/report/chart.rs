//! A chart as SVG text: points, lines and bars over two axes. Small on purpose; every number it draws is given.

use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 86.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 92.0;
/// Room for one entry of the legend.
const LEGEND_LINE: f64 = 18.0;
const LEGEND_COLUMN: f64 = 230.0;
const LEGEND_COLUMNS: usize = 3;
/// Told apart by people who see few colours (Okabe and Ito).
const COLOURS: [&str; 6] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"];
/// About so many ticks on a linear axis.
const TICKS: f64 = 5.0;

/// How an axis runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// From zero.
    Linear,
    /// By powers of ten.
    Log,
    /// Names at 0, 1, 2 …
    Names,
}

/// One axis.
pub(super) struct Axis {
    /// What it shows, with its unit.
    pub(super) label: String,
    /// How it runs.
    pub(super) scale: Scale,
    /// For [`Scale::Names`].
    pub(super) names: Vec<String>,
}

/// How points are drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Joined, each with a dot.
    Line,
    /// Joined, without dots: many of them.
    Curve,
    /// One by one.
    Dots,
    /// From the axis upwards.
    Bars,
}

/// Points that belong together.
pub(super) struct Series {
    /// In the legend.
    pub(super) name: String,
    /// How they are drawn.
    pub(super) mark: Mark,
    /// Where.
    pub(super) points: Vec<(f64, f64)>,
}

/// A chart.
pub(super) struct Chart {
    /// Above it.
    pub(super) title: String,
    /// Below it.
    pub(super) x: Axis,
    /// Beside it.
    pub(super) y: Axis,
    /// In it.
    pub(super) series: Vec<Series>,
}

impl Axis {
    /// From zero.
    pub(super) fn linear(label: &str) -> Self {
        Self { label: label.to_owned(), scale: Scale::Linear, names: Vec::new() }
    }

    /// By powers of ten.
    pub(super) fn log(label: &str) -> Self {
        Self { label: label.to_owned(), scale: Scale::Log, names: Vec::new() }
    }

    /// Names side by side.
    pub(super) fn names(label: &str, names: Vec<String>) -> Self {
        Self { label: label.to_owned(), scale: Scale::Names, names }
    }

    /// The range it shows.
    fn range(&self, values: impl Iterator<Item = f64>) -> Range {
        let (low, high) = values
            .filter(|value| value.is_finite() && (self.scale != Scale::Log || *value > 0.0))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            });
        let (low, high) = if low > high { (0.1, 1.0) } else { (low, high) };
        let (low, high) = match self.scale {
            Scale::Linear => (0.0, if high > 0.0 { high * 1.08 } else { 1.0 }),
            Scale::Log => (10_f64.powf(low.log10().floor()), 10_f64.powf(high.log10().ceil())),
            Scale::Names => (-0.5, self.names.len() as f64 - 0.5),
        };
        let high = if high > low { high } else { low * 10.0 };
        Range { low, high, scale: self.scale }
    }

    fn ticks(&self, range: &Range) -> Vec<(f64, String)> {
        match self.scale {
            Scale::Names => {
                self.names.iter().enumerate().map(|(n, name)| (n as f64, name.clone())).collect()
            }
            Scale::Log => {
                let decades = range.low.log10().round() as i32..=range.high.log10().round() as i32;
                decades.map(|decade| 10_f64.powi(decade)).map(|at| (at, short(at))).collect()
            }
            Scale::Linear => {
                let step = round_up(range.high / TICKS);
                let n = (range.high / step) as u32;
                (0..=n).map(|n| f64::from(n) * step).map(|at| (at, short(at))).collect()
            }
        }
    }
}

struct Range {
    low: f64,
    high: f64,
    scale: Scale,
}

impl Range {
    /// Where a value lies between the ends, 0 to 1.
    fn share(&self, value: f64) -> f64 {
        let share = match self.scale {
            Scale::Log => (value.max(self.low) / self.low).ln() / (self.high / self.low).ln(),
            Scale::Linear | Scale::Names => (value - self.low) / (self.high - self.low),
        };
        share.clamp(0.0, 1.0)
    }
}

/// The next of 1, 2, 5, 10, 20 …
fn round_up(value: f64) -> f64 {
    let decade = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * decade);
    steps.into_iter().find(|step| *step >= value * 0.999).unwrap_or(decade * 10.0)
}

/// 1500000 as 1.5 M.
fn short(value: f64) -> String {
    let (value, unit) = match value {
        value if value >= 1e6 => (value / 1e6, " M"),
        value if value >= 1e4 => (value / 1e3, " k"),
        value => (value, ""),
    };
    let text = format!("{value:.3}");
    format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
}

impl Chart {
    /// The file's text.
    pub(super) fn svg(&self) -> String {
        let points = || self.series.iter().flat_map(|series| series.points.iter());
        let x = self.x.range(points().map(|point| point.0));
        let y = self.y.range(points().map(|point| point.1));
        let rows = self.series.len().div_ceil(LEGEND_COLUMNS) as f64;
        let height = HEIGHT + (rows - 1.0).max(0.0) * LEGEND_LINE;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
             font-family=\"sans-serif\" font-size=\"13\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
        );
        text(
            &mut svg,
            (WIDTH / 2.0, 24.0),
            "middle",
            "font-size=\"15\" font-weight=\"bold\"",
            &self.title,
        );
        self.frame(&mut svg, &x, &y);
        for (n, series) in self.series.iter().enumerate() {
            let colour = COLOURS.get(n % COLOURS.len()).copied().unwrap_or("#000");
            draw(&mut svg, series, colour, &x, &y);
            let (column, row) = ((n % LEGEND_COLUMNS) as f64, (n / LEGEND_COLUMNS) as f64);
            let at = (LEFT + column * LEGEND_COLUMN, HEIGHT - 18.0 + row * LEGEND_LINE);
            line(
                &mut svg,
                &format!(
                    "<rect x=\"{}\" y=\"{}\" width=\"12\" height=\"12\" fill=\"{colour}\"/>",
                    at.0,
                    at.1 - 11.0
                ),
            );
            text(&mut svg, (at.0 + 18.0, at.1), "start", "", &series.name);
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn frame(&self, svg: &mut String, x: &Range, y: &Range) {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        for (at, name) in self.y.ticks(y) {
            let py = place_y(y, at);
            line(svg, &format!("<path d=\"M{LEFT} {py:.1}H{right}\" stroke=\"#ddd\"/>"));
            text(svg, (LEFT - 8.0, py + 4.0), "end", "", &name);
        }
        for (at, name) in self.x.ticks(x) {
            let px = place_x(x, at);
            line(svg, &format!("<path d=\"M{px:.1} {bottom}v5\" stroke=\"#333\"/>"));
            text(svg, (px, bottom + 20.0), "middle", "", &name);
        }
        line(
            svg,
            &format!("<path d=\"M{LEFT} {TOP}V{bottom}H{right}\" fill=\"none\" stroke=\"#333\"/>"),
        );
        text(svg, ((LEFT + right) / 2.0, bottom + 42.0), "middle", "", &self.x.label);
        let middle = (TOP + bottom) / 2.0;
        let turned = format!("transform=\"rotate(-90 18 {middle})\"");
        text(svg, (18.0, middle), "middle", &turned, &self.y.label);
    }
}

fn place_x(range: &Range, value: f64) -> f64 {
    LEFT + range.share(value) * (WIDTH - RIGHT - LEFT)
}

fn place_y(range: &Range, value: f64) -> f64 {
    HEIGHT - BOTTOM - range.share(value) * (HEIGHT - BOTTOM - TOP)
}

fn draw(svg: &mut String, series: &Series, colour: &str, x: &Range, y: &Range) {
    let places: Vec<(f64, f64)> =
        series.points.iter().map(|(px, py)| (place_x(x, *px), place_y(y, *py))).collect();
    if series.mark == Mark::Bars {
        let bottom = HEIGHT - BOTTOM;
        for (px, py) in &places {
            let (left, height) = (px - 28.0, bottom - py);
            line(
                svg,
                &format!(
                    "<rect x=\"{left:.1}\" y=\"{py:.1}\" width=\"56\" height=\"{height:.1}\" fill=\"{colour}\" fill-opacity=\"0.6\"/>"
                ),
            );
        }
        return;
    }
    if matches!(series.mark, Mark::Line | Mark::Curve) {
        let path: Vec<String> = places.iter().map(|(px, py)| format!("{px:.1},{py:.1}")).collect();
        line(
            svg,
            &format!(
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
                path.join(" ")
            ),
        );
    }
    if matches!(series.mark, Mark::Line | Mark::Dots) {
        for (px, py) in &places {
            line(
                svg,
                &format!("<circle cx=\"{px:.1}\" cy=\"{py:.1}\" r=\"3.5\" fill=\"{colour}\"/>"),
            );
        }
    }
}

fn line(svg: &mut String, element: &str) {
    svg.push_str(element);
    svg.push('\n');
}

fn text(svg: &mut String, at: (f64, f64), anchor: &str, style: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    let (x, y) = at;
    // writing to a string cannot fail
    writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" {style}>{words}</text>"
    )
    .ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!([0.7, 1.0, 3.0, 12.0, 51.0].map(round_up), [1.0, 1.0, 5.0, 20.0, 100.0]);
        assert_eq!(
            [0.01, 5.0, 1_500.0, 20_000.0, 1.5e6].map(short),
            ["0.01", "5", "1500", "20 k", "1.5 M"]
        );
    }

    #[test]
    fn a_log_axis_ends_at_powers_of_ten() {
        let range = Axis::log("ms").range([3.0, 250.0].into_iter());
        assert_eq!((range.low, range.high), (1.0, 1_000.0));
        assert!((range.share(10.0) - 1.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_to_draw_is_still_a_chart() {
        let chart = Chart {
            title: "a < b".to_owned(),
            x: Axis::log("x"),
            y: Axis::linear("y"),
            series: vec![Series { name: "none".to_owned(), mark: Mark::Line, points: Vec::new() }],
        };
        let svg = chart.svg();
        assert!(svg.contains("a &lt; b") && !svg.contains("NaN"));
    }
}
