//! A brand's colours: measured against what they stand on, and written as its own small style.

use std::fmt::Write as _;

use crate::brand::problem::Problems;
use crate::brand::settings::{ColoursSettings, SchemeSettings};
use crate::colour::{CONTRAST_MIN, Colour};

/// `--page` and `--ink` of `door.css` on light pages; a test compares them.
const LIGHT: (Colour, Colour) = (Colour::rgb(0xff, 0xff, 0xff), Colour::rgb(0x14, 0x19, 0x1a));
/// The same on dark ones.
const DARK: (Colour, Colour) = (Colour::rgb(0x11, 0x14, 0x15), Colour::rgb(0xee, 0xf2, 0xf2));
/// How much of the brand's colour is left in a button under the pointer (`color-mix` in `door.css`).
const HOVER_PERCENT: u16 = 86;

/// The text of `/brand/{id}.css`; `None` if something is wrong with the colours, which is then among `problems`.
pub(crate) fn style(colours: &ColoursSettings, problems: &mut Problems) -> Option<String> {
    let light = scheme("colours.light", &colours.light, LIGHT, problems);
    let dark = scheme("colours.dark", &colours.dark, DARK, problems);
    let (light, dark) = light.zip(dark)?;
    let mut css = String::new();
    let _never_fails = writeln!(css, ":root {{ {light} }}");
    let _never_fails =
        writeln!(css, "@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}");
    Some(css)
}

fn scheme(
    at: &str,
    scheme: &SchemeSettings,
    (page, ink): (Colour, Colour),
    problems: &mut Problems,
) -> Option<String> {
    let mut read = |name: &str, text: &str| {
        let colour = text.parse::<Colour>();
        if let Err(no) = &colour {
            problems.add(&format!("{at}.{name}"), no, "write it as `#0b5a55`");
        }
        colour.ok()
    };
    let brand = read("brand", &scheme.brand);
    let brand_ink = read("brand_ink", &scheme.brand_ink);
    let brand_soft = read("brand_soft", &scheme.brand_soft);
    let (brand, brand_ink, brand_soft) = (brand?, brand_ink?, brand_soft?);
    let hover = brand.mixed(HOVER_PERCENT, ink);
    let before = problems.found.len();
    for (name, what, text, ground) in [
        ("brand_ink", "on a button (`brand`)", brand_ink, brand),
        ("brand_ink", "on a button under the pointer", brand_ink, hover),
        ("brand", "as a link on the page", brand, page),
        ("brand", "on `brand_soft`", brand, brand_soft),
    ] {
        let contrast = text.contrast(ground);
        if contrast < CONTRAST_MIN {
            // cut, not rounded: 4.496 is not 4.5
            let shown = (contrast * 100.0).floor() / 100.0;
            problems.add(
                &format!("{at}.{name}"),
                format_args!("{text} {what} ({ground}) has a contrast of {shown:.2}:1"),
                format_args!("make the one darker or the other lighter, to {CONTRAST_MIN}:1 or more (WCAG 2.2, 1.4.3)"),
            );
        }
    }
    let fine = problems.found.len() == before;
    fine.then(|| format!("--brand: {brand}; --brand-ink: {brand_ink}; --brand-soft: {brand_soft};"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_are_those_of_the_style() {
        let css = include_str!("../../assets/door.css");
        for (page, ink) in [LIGHT, DARK] {
            assert!(css.contains(&format!("--page: {page};")), "{page}");
            assert!(css.contains(&format!("--ink: {ink};")), "{ink}");
        }
        assert_eq!(css.matches("var(--brand) 86%").count(), css.matches("color-mix").count());
        assert!(css.contains(&format!("var(--brand) {HOVER_PERCENT}%, var(--ink)")));
    }

    #[test]
    fn the_colours_of_the_style_itself_would_pass() {
        let of = |brand: &str, brand_ink: &str, brand_soft: &str| SchemeSettings {
            brand: brand.to_owned(),
            brand_ink: brand_ink.to_owned(),
            brand_soft: brand_soft.to_owned(),
        };
        let colours = ColoursSettings {
            light: of("#0b5a55", "#ffffff", "#e2f1ef"),
            dark: of("#7fd1c8", "#062a27", "#12312e"),
        };
        let mut problems = Problems::at("");
        let css = style(&colours, &mut problems).unwrap();
        let own = include_str!("../../assets/door.css");
        for line in css.lines() {
            let colours = line.split("{ ").last().unwrap().trim_end_matches(['}', ' ']);
            assert!(own.contains(colours), "{colours}");
        }
    }
}
