//! The demo's page: what was decided and why, who can be opted out, what to paste.
//!
//! HTML by hand: one page of invented people does not need a template engine. Everything that is not a literal goes
//! through [`escape`]. Nothing is loaded from elsewhere, nothing can be posted; without scripts the page renews itself.

use super::board::{Board, Line, Row, Shown, meaning_of, outcome_of};
use crate::http::{Front, FrontPage};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

/// The pages, over what the demo has seen.
pub(super) fn front(board: Board) -> Front {
    Arc::new(move |path| {
        let page = |content_type, body: String| Some(FrontPage { content_type, body });
        match path {
            "/" => page(HTML, whole(&board.open())),
            "/live" => page(HTML, live(&board.open())),
            "/page.css" => page(CSS, include_str!("page.css").to_owned()),
            "/page.js" => page(JS, include_str!("page.js").to_owned()),
            _ => None,
        }
    })
}

fn whole(shown: &Shown) -> String {
    let (live, paste) = (live(shown), paste(shown));
    format!(
        r##"<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="robots" content="noindex">
  <title>consent-gate demo</title>
  <link rel="stylesheet" href="/page.css">
  <script src="/page.js" defer></script>
  <noscript><meta http-equiv="refresh" content="3"></noscript>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="bar">
  <p class="logo"><svg viewBox="0 0 22 22" aria-hidden="true" focusable="false"><path d="M3 3v16M19 3v16" stroke="currentColor" stroke-width="2.6" stroke-linecap="round"/><circle cx="11" cy="11" r="3.4"/></svg>consent-gate <span>demo</span></p>
  <p class="ended" role="status">The demo has ended; this is what it showed last.</p>
  <nav aria-label="The gate's own pages"><ul>
    <li><a href="/readyz?verbose">Is it ready?</a></li>
    <li><a href="/livez">Is it alive?</a></li>
    <li><a href="/metrics">Metrics</a></li>
  </ul></nav>
</header>
<main id="main">
<div id="live">
{live}</div>
{paste}</main>
<footer><p>Everybody here is invented. Kafka runs inside the demo's process and is gone when it ends. The pipeline is the real one.</p></footer>
</body>
</html>
"##
    )
}

/// What changes.
fn live(shown: &Shown) -> String {
    let mut html = String::new();
    html.push_str("<section class=\"sheet\">\n");
    html.push_str(&headline(shown));
    html.push_str(&figures(shown));
    html.push_str(&people(shown));
    html.push_str("</section>\n<div class=\"two\">\n");
    html.push_str(&decisions(shown));
    html.push_str(&cast(shown));
    html.push_str("</div>\n");
    html
}

fn headline(shown: &Shown) -> String {
    match &shown.live {
        Some((who, _, decided, reason)) => {
            let is_blocked = outcome_of(reason) == "blocked";
            let (said, what) =
                if is_blocked { ("out", "blocked") } else { ("in", outcome_of(reason)) };
            format!(
                "<h1>{} opted {said}. The next newsletter was {what} within {}. \
                 <em>No message overtakes an opt-out that Kafka has acknowledged.</em></h1>\n",
                escape(who),
                millis(*decided)
            )
        }
        None => "<h1>Deciding. <em>No message overtakes an opt-out that Kafka has acknowledged.</em></h1>\n".to_owned(),
    }
}

fn figures(shown: &Shown) -> String {
    let count = |outcome: &str| shown.counts.get(outcome).copied().unwrap_or(0).to_string();
    let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f64());
    let acknowledged = shown.live.as_ref().map(|(_, acknowledged, ..)| millis(*acknowledged));
    let figures = [
        ("Approved", count("approved")),
        ("Blocked", count("blocked")),
        ("Deferred", count("deferred")),
        ("First decision after the start", shown.first_decision.map_or("–".to_owned(), seconds)),
        ("Kafka acknowledged the last change after", acknowledged.unwrap_or("–".to_owned())),
    ];
    let mut html = String::from("<dl class=\"figures\">\n");
    for (name, value) in figures {
        writeln!(html, "  <div><dt>{name}</dt><dd>{value}</dd></div>").ok(); // cannot fail
    }
    html + "</dl>\n"
}

fn people(shown: &Shown) -> String {
    let mut html = String::from(
        "<p>Press a key <b>in the terminal</b> and somebody changes their mind, while the next newsletter is on its way:</p>\n\
         <ul class=\"people\">\n",
    );
    for standing in &shown.people {
        let (class, state) =
            if standing.is_in { ("ok", "agrees") } else { ("no", "does not agree") };
        let (key, name) = (standing.person.key, standing.person.name);
        writeln!(html, "  <li><kbd>{key}</kbd> {name} <span class=\"{class}\">{state}</span></li>")
            .ok();
    }
    html + "</ul>\n"
}

fn decisions(shown: &Shown) -> String {
    let mut html = String::from(
        "<section class=\"sheet\" aria-labelledby=\"decisions\">\n<h2 id=\"decisions\">Decisions as they are made</h2>\n\
         <table class=\"stack\" role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\"><th role=\"columnheader\">Time, UTC</th>\
         <th role=\"columnheader\">To</th><th role=\"columnheader\">Decision</th>\
         <th class=\"n\" role=\"columnheader\">After</th></tr></thead>\n<tbody role=\"rowgroup\">\n",
    );
    for Line { at, who, message, reason, took } in &shown.lines {
        let took = took.map(millis).unwrap_or_default();
        let (who, message, decision) = (escape(who), escape(message), decision(reason));
        writeln!(
            html,
            "<tr role=\"row\"><td role=\"cell\">{at}</td><th role=\"rowheader\" scope=\"row\">{who}<br>\
             <span class=\"quiet\">{message}</span></th><td role=\"cell\">{decision}</td><td class=\"n\" role=\"cell\">{took}</td></tr>"
        )
        .ok();
    }
    if shown.lines.is_empty() {
        html.push_str(
            "<tr role=\"row\"><td role=\"cell\" colspan=\"4\" class=\"quiet\">none yet</td></tr>\n",
        );
    }
    html + "</tbody></table>\n</section>\n"
}

fn cast(shown: &Shown) -> String {
    let mut html = String::from(
        "<section class=\"sheet\" aria-labelledby=\"cast\">\n<h2 id=\"cast\">The cast</h2>\n\
         <table class=\"stack\" role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\"><th role=\"columnheader\">Who</th>\
         <th role=\"columnheader\">What happened, and what came of it</th></tr></thead>\n<tbody role=\"rowgroup\">\n",
    );
    for Row { who, story, message, expected, decided } in &shown.rows {
        let decided = match decided.as_deref() {
            Some(decided) if decided == *expected => decision(decided),
            Some(decided) => {
                format!("{} <b class=\"no\">expected: {expected}</b>", decision(decided))
            }
            None => "<span class=\"quiet\">not decided yet</span>".to_owned(),
        };
        writeln!(
            html,
            "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">{who}</th><td role=\"cell\">{story}; {message}<br>{decided}</td></tr>"
        )
        .ok();
    }
    html + "</tbody></table>\n</section>\n"
}

/// Shape and word, the sentence, and the code beneath.
fn decision(reason: &str) -> String {
    let (class, word, mark) = match outcome_of(reason) {
        "approved" => (
            "ok",
            "Approved",
            r#"<circle cx="8" cy="8" r="7.25" fill="currentColor"/><path d="M4.6 8.3l2.3 2.3 4.6-4.9" class="m-in" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"/>"#,
        ),
        "deferred" => (
            "later",
            "Deferred",
            r#"<circle cx="8" cy="8" r="6.5" fill="none" stroke="currentColor" stroke-width="1.6" stroke-dasharray="2.6 1.5"/><path d="M8 4.6V8l2.3 1.6" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round"/>"#,
        ),
        _ => (
            "no",
            "Blocked",
            r#"<rect x="1" y="1" width="14" height="14" rx="2.5" fill="currentColor"/><path d="M4.5 8h7" class="m-in" stroke-width="2.2" stroke-linecap="round"/>"#,
        ),
    };
    let (reason, meaning) = (escape(reason), escape(meaning_of(reason)));
    format!(
        "<span class=\"out {class}\"><svg class=\"mark\" viewBox=\"0 0 16 16\" aria-hidden=\"true\" focusable=\"false\">{mark}</svg>\
         {word}:</span> {meaning}<br><code class=\"code\">{reason}</code>"
    )
}

fn paste(shown: &Shown) -> String {
    let mut html = String::from(
        "<section class=\"sheet\" aria-labelledby=\"paste\">\n<h2 id=\"paste\">Try it yourself</h2>\n<div class=\"paste\">\n",
    );
    for (what, line) in &shown.lines_to_paste {
        writeln!(html, "<div><p>{}</p><pre>{}</pre></div>", escape(what), escape(line)).ok();
    }
    html + "</div>\n</section>\n"
}

fn millis(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1e3;
    if ms < 10.0 { format!("{ms:.1} ms") } else { format!("{ms:.0} ms") }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::cast;

    #[test]
    fn the_page_is_whole_and_takes_nothing_for_markup() {
        let scenes = cast::scenes();
        let board = Board::new(&scenes, cast::people());
        let front = front(board.clone());
        let body = |path: &str| front(path).map(|page| page.body);
        assert!(body("/").unwrap().contains("not decided yet"));
        assert!(body("/live").is_some_and(|live| !live.contains("<html")));
        for (path, kind) in [("/page.css", CSS), ("/page.js", JS)] {
            assert_eq!(front(path).unwrap().content_type, kind);
            assert!(body("/").unwrap().contains(path), "{path} is loaded");
        }
        assert!(body("/favicon.ico").is_none() && body("/..").is_none());
        let ms = Duration::from_millis(12);
        {
            let mut shown = board.open();
            shown.live = Some(("<b>Ana".to_owned(), ms, ms, "blocked.<script>".to_owned()));
            shown.lines_to_paste.push(("a & b", "cat <<'EOF'".to_owned()));
        }
        let page = body("/").unwrap();
        assert!(
            page.contains("&lt;b&gt;Ana opted out. The next newsletter was blocked within 12 ms."),
            "{page}"
        );
        assert!(page.contains("cat &lt;&lt;'EOF'") && page.contains("a &amp; b"), "{page}");
        for foreign in ["http://", "https://", "style=", "onclick", "<script>"] {
            assert!(!page.contains(foreign), "{foreign}");
        }
    }
}
