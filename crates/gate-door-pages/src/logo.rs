//! A brand's logo: one inline SVG of shapes, read by a closed list of elements, attributes and values.
//!
//! The text of the file never reaches a page. What is read is written anew by the templates: names from the lists here, values
//! of a few harmless characters. No script, no style, no link, no text, no reference (`url(`, `href`), no entity gets through.

use std::iter::Peekable;
use std::str::Chars;

/// As long as a logo may be: it stands in every page.
pub const LOGO_BYTES_MAX: usize = 8_192;
/// As many elements as it may have.
pub const LOGO_ELEMENTS_MAX: usize = 64;
/// As deep as its groups may lie.
pub const LOGO_DEPTH_MAX: usize = 8;

const ELEMENTS: [&str; 9] =
    ["svg", "g", "path", "circle", "ellipse", "rect", "line", "polyline", "polygon"];

const ATTRIBUTES: [(&str, Values); 29] = [
    ("viewBox", Values::Numbers),
    ("d", Values::Path),
    ("points", Values::Numbers),
    ("transform", Values::Transform),
    ("fill", Values::Paint),
    ("stroke", Values::Paint),
    ("fill-rule", Values::Word(&["nonzero", "evenodd"])),
    ("clip-rule", Values::Word(&["nonzero", "evenodd"])),
    ("stroke-linecap", Values::Word(&["butt", "round", "square"])),
    ("stroke-linejoin", Values::Word(&["miter", "round", "bevel"])),
    ("stroke-width", Values::Numbers),
    ("stroke-miterlimit", Values::Numbers),
    ("stroke-dasharray", Values::Numbers),
    ("opacity", Values::Numbers),
    ("fill-opacity", Values::Numbers),
    ("stroke-opacity", Values::Numbers),
    ("x", Values::Numbers),
    ("y", Values::Numbers),
    ("x1", Values::Numbers),
    ("y1", Values::Numbers),
    ("x2", Values::Numbers),
    ("y2", Values::Numbers),
    ("cx", Values::Numbers),
    ("cy", Values::Numbers),
    ("r", Values::Numbers),
    ("rx", Values::Numbers),
    ("ry", Values::Numbers),
    ("width", Values::Numbers),
    ("height", Values::Numbers),
];

#[derive(Clone, Copy)]
enum Values {
    Numbers,
    Path,
    Transform,
    Paint,
    Word(&'static [&'static str]),
}

impl Values {
    fn allow(self, value: &str) -> bool {
        let only = |signs: &str| {
            value
                .chars()
                .all(|c| c.is_ascii_digit() || " .,+-eE\n\t".contains(c) || signs.contains(c))
        };
        match self {
            Self::Numbers => !value.is_empty() && only(""),
            Self::Path => !value.is_empty() && only("MmZzLlHhVvCcSsQqTtAa"),
            Self::Transform => transforms(value),
            Self::Paint => {
                ["none", "currentColor"].contains(&value)
                    || value.strip_prefix('#').is_some_and(|digits| {
                        [3, 6].contains(&digits.len())
                            && digits.bytes().all(|b| b.is_ascii_hexdigit())
                    })
            }
            Self::Word(words) => words.contains(&value),
        }
    }
}

fn transforms(value: &str) -> bool {
    let known = ["matrix", "translate", "scale", "rotate", "skewX", "skewY"];
    let mut calls = value.split(')').map(str::trim).filter(|call| !call.is_empty()).peekable();
    calls.peek().is_some()
        && value.trim_end().ends_with(')')
        && calls.all(|call| {
            call.trim_start_matches([',', ' ']).split_once('(').is_some_and(|(name, numbers)| {
                known.contains(&name.trim()) && Values::Numbers.allow(numbers)
            })
        })
}

/// A logo that may stand in a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    tags: Vec<LogoTag>,
}

/// A tag of a logo, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogoTag {
    pub(crate) name: &'static str,
    pub(crate) close: bool,
    pub(crate) root: bool,
    pub(crate) attributes: Vec<(&'static str, String)>,
}

/// Why an SVG may not stand in a page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogoError {
    /// Too long.
    #[error("it has more than {LOGO_BYTES_MAX} bytes")]
    Long,
    /// Too many elements.
    #[error("it has more than {LOGO_ELEMENTS_MAX} elements")]
    Many,
    /// Too deep.
    #[error("its groups lie deeper than {LOGO_DEPTH_MAX}")]
    Deep,
    /// No whole XML: something else than tags, or tags that do not match.
    #[error("{0}")]
    Broken(&'static str),
    /// An element that is not on the list.
    #[error("`<{0}>` is none of svg, g, path, circle, ellipse, rect, line, polyline, polygon")]
    Element(String),
    /// An attribute that is not on the list.
    #[error("the attribute `{0}` is none that a shape needs")]
    Attribute(String),
    /// A value that its attribute does not take.
    #[error(
        "the value of `{0}` is none that it takes (numbers, path data, `none`, `currentColor`, `#rrggbb`)"
    )]
    Value(String),
}

impl Logo {
    /// Reads an SVG.
    ///
    /// # Errors
    /// When anything in it is not on the lists.
    pub fn parse(svg: &str) -> Result<Self, LogoError> {
        if svg.len() > LOGO_BYTES_MAX {
            return Err(LogoError::Long);
        }
        let mut reader = Reader { rest: svg.trim().chars().peekable() };
        let mut tags: Vec<LogoTag> = Vec::new();
        let mut open: Vec<&'static str> = Vec::new();
        loop {
            if !tags.is_empty() && open.is_empty() {
                return match reader.rest.next() {
                    None if !tags
                        .iter()
                        .any(|t| t.attributes.iter().any(|(name, _)| *name == "viewBox")) =>
                    {
                        Err(LogoError::Broken("`<svg>` has no `viewBox`, so it cannot be fitted"))
                    }
                    None => Ok(Self { tags }),
                    Some(_) => Err(LogoError::Broken("something stands behind `</svg>`")),
                };
            }
            reader.space();
            let read = reader.tag(tags.is_empty())?;
            if tags.is_empty() && (read.name != "svg" || read.close) {
                return Err(LogoError::Broken("it does not begin with `<svg`"));
            }
            if !tags.is_empty() && read.name == "svg" && !read.close {
                return Err(LogoError::Broken("an `<svg>` stands inside another"));
            }
            let close = LogoTag { close: true, attributes: Vec::new(), ..read.tag() };
            match (read.close, read.empty) {
                (true, _) if open.pop() == Some(read.name) => tags.push(close),
                (true, _) => return Err(LogoError::Broken("a closing tag closes another element")),
                (false, true) => tags.extend([read.tag(), close]),
                (false, false) => {
                    open.push(read.name);
                    tags.push(read.tag());
                }
            }
            if open.len() > LOGO_DEPTH_MAX {
                return Err(LogoError::Deep);
            }
            if tags.len() > 2 * LOGO_ELEMENTS_MAX {
                return Err(LogoError::Many);
            }
        }
    }

    pub(crate) fn tags(&self) -> &[LogoTag] {
        &self.tags
    }
}

struct ReadTag {
    name: &'static str,
    close: bool,
    empty: bool,
    root: bool,
    attributes: Vec<(&'static str, String)>,
}

impl ReadTag {
    fn tag(&self) -> LogoTag {
        let attributes = self.attributes.clone();
        LogoTag { name: self.name, close: self.close, root: self.root, attributes }
    }
}

struct Reader<'s> {
    rest: Peekable<Chars<'s>>,
}

const NO_END: LogoError = LogoError::Broken("it ends within a tag");

impl Reader<'_> {
    fn space(&mut self) -> bool {
        let mut any = false;
        while self.rest.next_if(char::is_ascii_whitespace).is_some() {
            any = true;
        }
        any
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(c) = self.rest.next_if(|c| c.is_ascii_alphanumeric() || "-:_.".contains(*c))
        {
            name.push(c);
        }
        name
    }

    fn tag(&mut self, root: bool) -> Result<ReadTag, LogoError> {
        match self.rest.next() {
            Some('<') => {}
            Some(_) => return Err(LogoError::Broken("text stands between the shapes")),
            None => return Err(LogoError::Broken("an element is not closed")),
        }
        if self.rest.peek().is_some_and(|c| "!?".contains(*c)) {
            return Err(LogoError::Broken("comments, declarations and CDATA are not allowed"));
        }
        let close = self.rest.next_if_eq(&'/').is_some();
        let named = self.name();
        let name = ELEMENTS.into_iter().find(|known| *known == named);
        let name = name.ok_or(LogoError::Element(named))?;
        let mut attributes = Vec::new();
        loop {
            let space = self.space();
            match self.rest.next_if(|c| "/>".contains(*c)) {
                Some('>') => return Ok(ReadTag { name, close, empty: false, root, attributes }),
                Some(_) if self.rest.next() == Some('>') && !close => {
                    return Ok(ReadTag { name, close, empty: true, root, attributes });
                }
                Some(_) => return Err(NO_END),
                None if !space || close => return Err(NO_END),
                None => self.attribute(root, &mut attributes)?,
            }
        }
    }

    fn attribute(
        &mut self,
        root: bool,
        attributes: &mut Vec<(&'static str, String)>,
    ) -> Result<(), LogoError> {
        let named = self.name();
        if self.rest.next() != Some('=') {
            return Err(NO_END);
        }
        let quote = self.rest.next_if(|c| "\"'".contains(*c)).ok_or(NO_END)?;
        let mut value = String::new();
        loop {
            match self.rest.next() {
                Some(c) if c == quote => break,
                Some(c) => value.push(c),
                None => return Err(NO_END),
            }
        }
        // what an SVG file says about itself, and the size that the style gives
        if root
            && ((named == "xmlns" && value == "http://www.w3.org/2000/svg")
                || named == "width"
                || named == "height")
        {
            return Ok(());
        }
        let known = ATTRIBUTES.into_iter().find(|(known, _)| *known == named);
        let known = known.filter(|(name, _)| root || *name != "viewBox");
        let Some((name, values)) = known else { return Err(LogoError::Attribute(named)) };
        if !values.allow(&value) {
            return Err(LogoError::Value(named));
        }
        if attributes.iter().any(|(before, _)| *before == name) {
            return Err(LogoError::Broken("an attribute stands twice in a tag"));
        }
        attributes.push((name, value));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TENT: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox='0 0 28 28' width=\"28\">\n<g \
        transform=\"translate(1 2) rotate(45)\"><path d=\"M14 5L2.5 23.5h23z\" fill=\"currentColor\"/></g>\
        <circle cx=\"1\" cy=\"2\" r=\".5\" fill=\"#0b5a55\" stroke=\"none\"></circle></svg>";

    #[test]
    fn shapes_are_read() {
        let logo = Logo::parse(TENT).unwrap();
        let names: Vec<_> = logo.tags().iter().map(|t| (t.name, t.close)).collect();
        assert_eq!(names.len(), 8);
        assert_eq!(names.first(), Some(&("svg", false)));
        assert_eq!(logo.tags()[0].attributes, [("viewBox", "0 0 28 28".to_owned())]);
        assert!(logo.tags()[0].root && !logo.tags()[1].root && !logo.tags()[7].root);
    }

    #[test]
    fn nothing_else_gets_through() {
        for inner in [
            "<script>alert(1)</script>",
            "<style>*{}</style>",
            "<image href=\"https://evil.example/x.png\"/>",
            "<use href=\"#a\"/>",
            "<a href=\"/\"><path d=\"M0 0\"/></a>",
            "<foreignObject/>",
            "<text>hello</text>",
            "<animate/>",
            "<PATH d=\"M0 0\"/>",
            "<path onclick=\"x\"/>",
            "<path style=\"fill:red\"/>",
            "<path class=\"x\"/>",
            "<path id=\"main\"/>",
            "<path fill=\"url(#a)\"/>",
            "<path fill=\"url(https://evil.example)\"/>",
            "<path fill=\"red\"/>",
            "<path fill=\"&#x23;000000\"/>",
            "<path d=\"M0 0&amp;\"/>",
            "<path d=\"\"/>",
            "<path d=\"M0 0\" d=\"M0 0\"/>",
            "<path d=\"M0 0\"fill=\"none\"/>",
            "<path d=M0/>",
            "<path d>",
            "<path d=\"M0 0\" / >",
            "<g transform=\"url(#a)\"/>",
            "<g transform=\"rotate(45\"/>",
            "<g transform=\"\"/>",
            "<g></path>",
            "<g>",
            "</g>",
            "</g/>",
            "<!-- x -->",
            "<![CDATA[x]]>",
            "<?xml version=\"1.0\"?>",
            "text",
            "&lt;",
            "<svg/>",
            "<path xlink:href=\"#a\"/>",
            "<path xmlns=\"http://www.w3.org/2000/svg\"/>",
        ] {
            let svg = format!("<svg viewBox=\"0 0 1 1\">{inner}</svg>");
            assert!(Logo::parse(&svg).is_err(), "{inner}");
        }
        for whole in
            ["", "<svg", "<svg>", "<svg/>", "<g/>", "</svg>", "<svg/><svg/>", "<svg/>x", "x<svg/>"]
        {
            assert!(Logo::parse(whole).is_err(), "{whole}");
        }
        assert_eq!(Logo::parse("<svg viewBox='0 0 1 1'/>").map(|l| l.tags().len()), Ok(2));
    }

    #[test]
    fn a_logo_is_bounded() {
        let of = |inner: &str| Logo::parse(&format!("<svg viewBox='0 0 1 1'>{inner}</svg>"));
        assert_eq!(of(&" ".repeat(LOGO_BYTES_MAX)), Err(LogoError::Long));
        assert_eq!(of(&"<g/>".repeat(LOGO_ELEMENTS_MAX)), Err(LogoError::Many));
        let deep = format!("{}{}", "<g>".repeat(LOGO_DEPTH_MAX), "</g>".repeat(LOGO_DEPTH_MAX));
        assert_eq!(of(&deep), Err(LogoError::Deep));
        assert!(of(&"<g/>".repeat(LOGO_ELEMENTS_MAX - 1)).is_ok());
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(svg in "\\PC{0,60}", cut in 0..400_usize, put in "[<>/=\"'&a-z ]{0,3}") {
            let _either = Logo::parse(&svg);
            let at = TENT.floor_char_boundary(cut.min(TENT.len()));
            let (before, after) = TENT.split_at(at);
            if let Ok(logo) = Logo::parse(&format!("{before}{put}{after}")) {
                for (name, value) in logo.tags().iter().flat_map(|t| &t.attributes) {
                    prop_assert!(!value.contains(['<', '>', '"', '\'', '&', ':']), "{} {}", name, value);
                }
            }
        }
    }
}
