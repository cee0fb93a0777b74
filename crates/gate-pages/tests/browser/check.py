#!/usr/bin/env python3
"""Looks at the galleries of pages (desk and door) in Chromium; `scripts/pages` runs it.

    check.py check DIRECTORY AXE      axe-core, no sideways scrolling, nothing that the policy blocks: in light and dark,
                                      1280 and 320 pixels wide, with every `details` open; the keyboard reaches everything
                                      at the door, and its script tells when something is in force
    check.py shots DIRECTORY TO       pictures for docs/images

Exit: 0 nothing found, 1 something found (a line each), 69 the browser does not run here.
"""

import functools
import http.server
import os
import pathlib
import queue
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from chromium import Chromium, Gone  # noqa: E402

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# width, height, dark
LIGHT = [(1280, 900, False), (320, 900, False)]
DARK = [(320, 900, True), (1280, 900, True)]
# A browser draws one tab at a time, so each core gets one of its own.
BROWSERS = min(4, os.cpu_count() or 1)
# Our pages have no frames and no foreign style sheets. Best practices count as well.
RUN = r"""
(async () => {
  const found = await axe.run(document, {resultTypes: ['violations'], iframes: false, preload: false, %s});
  const said = node => `${node.target.join(' ')} ${node.failureSummary.split('\n').slice(1, 3).join(' ')}`;
  return found.violations.flatMap(v => v.nodes.map(n => `${v.id}: ${said(n)}`));
})()
"""
TAGS = "runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']"
EVERYTHING = RUN % TAGS
# Colours do not know languages, and dark changes nothing but colours; measuring them takes longest.
BUT_COLOURS = RUN % (TAGS + ", rules: {'color-contrast': {enabled: false}}")
NOTHING = "[]"
COLOURS = RUN % "runOnly: {type: 'rule', values: ['color-contrast', 'link-in-text-block']}"
SIDEWAYS = r"""
(() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  const out = [...document.querySelectorAll('main *, header *')].filter(e => e.getBoundingClientRect().right > wide + 0.5);
  return ['scrolls sideways: ' + out.slice(0, 3).map(e => e.outerHTML.slice(0, 80).replace(/\s+/g, ' ')).join(' | ')];
})()
"""
# What Tab reaches is noted as it gets the focus: it is to be everything that can be used, with a ring around it.
LISTEN = r"""
(() => {
  window.reached = new Map();
  document.addEventListener('focusin', e => {
    const ring = getComputedStyle(e.target);
    reached.set(e.target, ring.outlineStyle !== 'none' && parseFloat(ring.outlineWidth) >= 2);
  });
  document.activeElement.blur();
  window.usable = [...document.querySelectorAll('a[href], button:not([aria-hidden=true]), input:not([type=hidden]), select, textarea, summary')];
  return usable.length;
})()
"""
REACHED = r"""
(() => {
  const said = e => e.outerHTML.slice(0, 80).replace(/\s+/g, ' ');
  const out = usable.filter(e => !reached.has(e)).map(e => 'Tab does not reach ' + said(e));
  const bare = [...reached].filter(([e, ring]) => !ring && e !== document.body).map(([e]) => 'no ring around ' + said(e));
  return out.concat(bare);
})()
"""
# The page that the script waits for is put in place; it must appear by itself.
IN_FORCE = r"""
(async () => {
  const box = document.querySelector('[data-wait-url]');
  box.dataset.waitUrl = '/door-preferences-saved.en.html';
  for (let i = 0; i < 50 && !box.classList.contains('ok'); i++) await new Promise(done => setTimeout(done, 100));
  const shown = box.textContent.includes('In force since') && document.querySelector('.state.ok') && !document.querySelector('.state.wait');
  return shown && document.title.startsWith('In force') ? [] : ['the script does not tell that it is in force: ' + document.title];
})()
"""
OPEN = "document.querySelectorAll('details').forEach(d => { d.open = true; })"


class Handler(http.server.SimpleHTTPRequestHandler):
    """The gallery under the policy that the desk sends."""

    def end_headers(self):
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def do_GET(self):
        # what the script of the door asks is answered with "not yet"
        if self.path == "/favicon.ico" or self.path.endswith("/state"):
            self.send_response(204 if self.path == "/favicon.ico" else 202)
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *_):
        pass


def serve(directory):
    handler = functools.partial(Handler, directory=directory)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def looks(name):
    """How to look at a page: width, height, dark, and what axe-core looks for."""
    english = name.endswith(".en.html")
    # drawn like `error`, `login` and so on
    alike = name.startswith(("error-", "login-", "door-error-", "door-not-saved-", "door-unsubscribe-"))
    if name.startswith("door-"):
        # one column at any width: colours do not change with it, and a translation can only be too wide
        if not english:
            return [(*LIGHT[1], NOTHING)] if alike else [(*LIGHT[0], NOTHING), (*LIGHT[1], BUT_COLOURS)]
        light = [(*LIGHT[0], EVERYTHING), (*LIGHT[1], BUT_COLOURS)]
        return light if alike else light + [(*DARK[0], COLOURS)]
    if not english:
        return [(*look, BUT_COLOURS) for look in LIGHT]
    light = [(*look, EVERYTHING) for look in LIGHT]
    return light if alike else light + [(*look, COLOURS) for look in DARK]


def look_at(page, base, name, source):
    """Everything that is wrong with one page, in each look; `source` is that of axe-core."""
    found = [f"{name}: {what}" for what in page.go(f"{base}/{name}")]
    # it takes longer to read than most of our pages
    if any(axe != NOTHING for *_, axe in looks(name)):
        page.run(source + "; 0")
    for width, height, dark, axe in looks(name):
        page.look(width, height, dark)
        look = f"{name} {width} {'dark' if dark else 'light'}"
        closed = page.run(SIDEWAYS)
        page.run(OPEN)
        found += [f"{look}: {what}" for what in closed + page.run(SIDEWAYS) + page.run(axe)]
    if name.startswith("door-") and name.endswith(".en.html"):
        found += [f"{name}: {what}" for what in keyboard(page)]
    if name == "door-preferences-saving.en.html":
        found += [f"{name}: {what}" for what in page.run(IN_FORCE)]
    return found + [f"{name}: {what}" for what in page.complaints()]


def keyboard(page):
    """What Tab does not reach, or reaches without showing it."""
    for _ in range(page.run(LISTEN) + 1):
        for kind in ("rawKeyDown", "keyUp"):
            page.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
    return page.run(REACHED)


def check(directory, axe):
    base = serve(directory)
    names = sorted(p.name for p in pathlib.Path(directory).glob("*.html") if not p.name.startswith("index"))
    if not names:
        sys.exit(f"no pages in {directory}")
    work = queue.Queue()
    for name in names:
        work.put(name)
    found, broken = [], []
    source = pathlib.Path(axe).read_text()

    def looking():
        browser = None
        try:
            browser = Chromium("chromium")
            page = browser.page()
            while True:
                found.extend(look_at(page, base, work.get_nowait(), source))
        except queue.Empty:
            return
        except (Gone, OSError) as gone:
            broken.append(str(gone))
        finally:
            if browser:
                browser.close()

    began = time.monotonic()
    threads = [threading.Thread(target=looking) for _ in range(BROWSERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for what in sorted(found):
        print(what)
    for what in broken:
        print(f"the browser does not run: {what}", file=sys.stderr)
    count = sum(len(looks(name)) for name in names)
    print(f"{len(names)} pages, {count} looks, {len(found)} found, {time.monotonic() - began:.0f} s")
    return 69 if broken else 1 if found else 0


SHOTS = [
    ("desk-overview", "overview.en.html", 1280, 960, False),
    ("desk-overview-dark", "overview.en.html", 1280, 960, True),
    ("desk-person", "person.en.html", 1280, 1180, False),
    ("desk-decision", "decision.en.html", 1280, 920, False),
    ("door-unsubscribe", "door-unsubscribe.en.html", 1000, 640, False),
    ("door-preferences", "door-preferences-gpc.en.html", 1000, 1240, False),
    ("door-preferences-dark", "door-preferences-saving.en.html", 1000, 1300, True),
    ("door-preferences-360", "door-preferences.en.html", 360, 1340, False),
    ("door-preferences-ar", "door-preferences.ar.html", 360, 1340, False),
    ("door-confirm", "door-confirm.en.html", 1000, 700, False),
    ("door-sign-up", "door-sign-up.en.html", 1000, 1060, False),
    ("door-sign-up-ar", "door-sign-up.ar.html", 360, 1060, False),
    ("door-expired-360", "door-expired.de.html", 360, 1240, True),
    ("door-not-saved-360", "door-not-saved.de.html", 360, 720, True),
]


def shots(directory, to):
    import base64

    base = serve(directory)
    browser = Chromium("chromium")
    page = browser.page()
    for name, file, width, height, dark in SHOTS:
        page.look(width, height, dark)
        page.go(f"{base}/{file}")
        picture = page.call("Page.captureScreenshot", format="png", optimizeForSpeed=False)["data"]
        path = pathlib.Path(to) / f"{name}.png"
        path.write_bytes(base64.b64decode(picture))
        print(f"{path}: {path.stat().st_size // 1024} KiB")
    browser.close()
    return 0


if __name__ == "__main__":
    try:
        sys.exit({"check": check, "shots": shots}[sys.argv[1]](*sys.argv[2:]))
    except (KeyError, IndexError, TypeError):
        print(__doc__, file=sys.stderr)
        sys.exit(64)
    except (Gone, OSError) as gone:
        print(f"the browser does not run: {gone}", file=sys.stderr)
        sys.exit(69)
