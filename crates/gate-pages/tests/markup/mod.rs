//! A small reader of the HTML that our templates write: tags with their attributes, and the rules that each page keeps.
//! Shared with the tests of gate-door-pages. Values are escaped, so every `<` begins a tag of a template; anything else is a breach.

use std::collections::{BTreeMap, BTreeSet};

/// A tag with its attributes; `close` for `</p>`.
#[derive(Debug)]
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) close: bool,
    pub(crate) attributes: Vec<(String, String)>,
}

impl Tag {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

/// Elements without a closing tag.
const VOID: [&str; 5] = ["meta", "link", "input", "br", "hr"];
/// SVG elements that our templates close in themselves (`/>`).
const CLOSED: [&str; 6] = ["rect", "line", "circle", "path", "use", "symbol"];

/// Where style and script come from: the desk, the door, and a brand's colours.
const ASSETS: [&str; 3] = ["/assets/desk.", "/assets/door.", "/brand/"];

/// All tags of a page in order.
pub(crate) fn tags(html: &str) -> Result<Vec<Tag>, String> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('!') {
            let end = after.find('>').ok_or("an open declaration")?;
            if !after[..end].eq_ignore_ascii_case("doctype html") {
                return Err(format!("a comment or declaration: {}", &after[..end]));
            }
            rest = &after[end..];
            continue;
        }
        let (tag, after) = tag(rest)?;
        tags.push(tag);
        rest = after;
    }
    Ok(tags)
}

fn tag(text: &str) -> Result<(Tag, &str), String> {
    let shown: String = text.chars().take(60).collect();
    let broken = |what: &str| format!("{what}: <{shown}");
    let close = text.starts_with('/');
    let text = text.trim_start_matches('/');
    let end = text.find(|c: char| !c.is_ascii_alphanumeric()).ok_or_else(|| broken("no end"))?;
    let name = text[..end].to_owned();
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
        return Err(broken("no tag"));
    }
    let mut attributes: Vec<(String, String)> = Vec::new();
    let mut rest = &text[end..];
    loop {
        let trimmed = rest.trim_start();
        if let Some(after) = trimmed.strip_prefix("/>") {
            attributes.push(("/".to_owned(), String::new()));
            return Ok((Tag { name, close, attributes }, after));
        }
        if let Some(after) = trimmed.strip_prefix('>') {
            return Ok((Tag { name, close, attributes }, after));
        }
        if trimmed.len() == rest.len() {
            return Err(broken("no space before an attribute"));
        }
        let end = trimmed
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
            .ok_or_else(|| broken("no end"))?;
        let attribute = trimmed[..end].to_owned();
        if attribute.is_empty() {
            return Err(broken("no attribute"));
        }
        rest = &trimmed[end..];
        let mut value = String::new();
        if let Some(after) = rest.strip_prefix("=\"") {
            let end = after.find('"').ok_or_else(|| broken("an open value"))?;
            value = after[..end].to_owned();
            rest = &after[end + 1..];
        } else if rest.starts_with('=') {
            return Err(broken("a value without quotes"));
        }
        if attributes.iter().any(|(n, _)| *n == attribute) {
            return Err(broken("an attribute twice"));
        }
        attributes.push((attribute, value));
    }
}

/// Every rule that a page breaks; empty is good.
pub(crate) fn breaches(html: &str) -> Vec<String> {
    let tags = match tags(html) {
        Ok(tags) => tags,
        Err(broken) => return vec![broken],
    };
    let mut found = Vec::new();
    balanced(&tags, &mut found);
    policy(&tags, &mut found);
    references(&tags, &mut found);
    forms(&tags, &mut found);
    found
}

fn balanced(tags: &[Tag], found: &mut Vec<String>) {
    let mut open: Vec<&str> = Vec::new();
    for tag in tags {
        if tag.close {
            let last = open.pop();
            if last != Some(&tag.name) {
                found.push(format!("</{}> closes {last:?}", tag.name));
                return;
            }
        } else if tag.has("/") {
            if !CLOSED.contains(&tag.name.as_str()) {
                found.push(format!("<{}/>", tag.name));
            }
        } else if !VOID.contains(&tag.name.as_str()) {
            open.push(&tag.name);
        }
    }
    if !open.is_empty() {
        found.push(format!("left open: {open:?}"));
    }
}

/// What `default-src 'none'; style-src 'self'; script-src 'self'` would block, and links that leave the desk.
fn policy(tags: &[Tag], found: &mut Vec<String>) {
    for tag in tags {
        if tag.name == "style" || (tag.name == "script" && !tag.close && !tag.has("src")) {
            found.push(format!("inline {}", tag.name));
        }
        for (name, value) in &tag.attributes {
            if name == "style" || name.starts_with("on") {
                found.push(format!("{name} of <{}>", tag.name));
            }
            let link = ["href", "src", "action", "formaction"].contains(&name.as_str());
            let own =
                value.starts_with('#') || (value.starts_with('/') && !value.starts_with("//"));
            if link && !own {
                found.push(format!("{name}={value}"));
            }
            let asset = tag.name == "script" || tag.name == "link";
            if link && asset && !ASSETS.iter().any(|own| value.starts_with(own)) {
                found.push(format!("{name}={value}"));
            }
            if value.contains("url(")
                && !["url(#hatch-no)", "url(#dots-later)"].contains(&value.as_str())
            {
                found.push(format!("{name}={value}"));
            }
        }
    }
}

/// Ids are unique, and what refers to one finds it.
fn references(tags: &[Tag], found: &mut Vec<String>) {
    let mut ids = BTreeSet::new();
    for tag in tags {
        if let Some(id) = tag.get("id")
            && !ids.insert(id)
        {
            found.push(format!("id {id} twice"));
        }
    }
    for tag in tags {
        for name in ["for", "aria-describedby", "aria-labelledby"] {
            for id in tag.get(name).unwrap_or_default().split_whitespace() {
                if !ids.contains(id) {
                    found.push(format!("{name}={id} leads nowhere"));
                }
            }
        }
    }
}

/// Links within the page that lead nowhere.
pub(crate) fn dangling(html: &str) -> Vec<String> {
    let tags = tags(html).unwrap_or_default();
    let ids: BTreeSet<&str> = tags.iter().filter_map(|tag| tag.get("id")).collect();
    let inner = tags.iter().filter_map(|tag| tag.get("href")?.strip_prefix('#'));
    inner.filter(|id| !ids.contains(id)).map(str::to_owned).collect()
}

/// A POST carries `csrf`, a field has a label, a wrong field its sentence.
fn forms(tags: &[Tag], found: &mut Vec<String>) {
    let labelled: BTreeSet<&str> = tags.iter().filter_map(|tag| tag.get("for")).collect();
    let mut post_without_csrf = false;
    let mut inside_label = false;
    for tag in tags {
        match (tag.name.as_str(), tag.close) {
            ("form", false) => post_without_csrf = tag.get("method") == Some("post"),
            ("form", true) if post_without_csrf => found.push("a POST without csrf".to_owned()),
            ("label", close) => inside_label = !close,
            _ => {}
        }
        if tag.get("name") == Some("csrf") && tag.get("type") == Some("hidden") {
            post_without_csrf = false;
        }
        let field = ["input", "select", "textarea"].contains(&tag.name.as_str()) && !tag.close;
        if field && tag.get("type") != Some("hidden") {
            let named = tag.get("id").is_some_and(|id| labelled.contains(id));
            if !named && !inside_label {
                found.push(format!("no label: {:?}", tag.get("name")));
            }
        }
        if tag.has("aria-invalid") && !tag.has("aria-describedby") {
            found.push(format!("no sentence for {:?}", tag.get("id")));
        }
        if tag.get("type") == Some("password") && tag.has("value") {
            found.push("a token is given back".to_owned());
        }
    }
}

/// How often each tag with each of its attributes' names occurs: what a value must not change.
pub(crate) fn shape(html: &str) -> BTreeMap<String, usize> {
    let mut shape = BTreeMap::new();
    for tag in tags(html).unwrap_or_default() {
        let names: Vec<_> = tag.attributes.iter().map(|(name, _)| name.as_str()).collect();
        *shape.entry(format!("{} {}", tag.name, names.join(" "))).or_default() += 1;
    }
    shape
}
