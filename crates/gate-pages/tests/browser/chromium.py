"""Chromium over the DevTools protocol, through a pair of pipes: nothing but Python and the browser is needed.

`--remote-debugging-pipe` reads commands from file 3 and writes answers to file 4, each ended by a zero byte. The browser
ends when the pipes are closed, so none is left behind.
"""

import fcntl
import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading

TIMEOUT = 60  # seconds for one answer; a page takes far less


class Gone(Exception):
    """The browser ended or does not answer."""


class Chromium:
    """One browser; `page()` opens a tab."""

    def __init__(self, program):
        self.profile = tempfile.mkdtemp(prefix="gate-pages-")
        ours_read, theirs_write = os.pipe()
        theirs_read, ours_write = os.pipe()
        # out of the way of 3 and 4, which the child gets
        theirs = [fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in (theirs_read, theirs_write)]
        os.close(theirs_read)
        os.close(theirs_write)

        def as_three_and_four():
            os.dup2(theirs[0], 3)
            os.dup2(theirs[1], 4)

        arguments = [
            program,
            "--headless",
            "--no-sandbox",  # tests run as root in containers; only our own pages are opened
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--no-first-run",
            "--disable-background-networking",
            "--force-color-profile=srgb",
            "--lang=en-GB",
            f"--user-data-dir={self.profile}",
            "--remote-debugging-pipe",
            "about:blank",
        ]
        self.process = subprocess.Popen(
            arguments,
            preexec_fn=as_three_and_four,
            close_fds=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for fd in theirs:
            os.close(fd)
        self.to = os.fdopen(ours_write, "wb", buffering=0)
        self.of = os.fdopen(ours_read, "rb")
        self.lock = threading.Lock()
        self.next = 0
        self.answers = {}
        self.pages = {}
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        buffer = b""
        while chunk := self.of.read1(1 << 20):
            buffer += chunk
            *whole, buffer = buffer.split(b"\0")
            for message in whole:
                message = json.loads(message)
                if "id" in message:
                    self.answers.pop(message["id"]).put(message)
                elif page := self.pages.get(message.get("sessionId")):
                    page.events.put(message)
        for answer in list(self.answers.values()):
            answer.put({"error": "the browser ended"})

    def call(self, method, session=None, **parameters):
        answer = queue.Queue()
        with self.lock:
            self.next += 1
            message = {"id": self.next, "method": method, "params": parameters}
            if session:
                message["sessionId"] = session
            self.answers[self.next] = answer
            self.to.write(json.dumps(message).encode() + b"\0")
        try:
            said = answer.get(timeout=TIMEOUT)
        except queue.Empty:
            raise Gone(f"no answer to {method}") from None
        if "error" in said:
            raise Gone(f"{method}: {said['error']}")
        return said["result"]

    def page(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self.pages[session] = Page(self, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(f"{domain}.enable")
        return page

    def close(self):
        self.to.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)


class Page:
    """One tab."""

    def __init__(self, browser, session):
        self.browser = browser
        self.session = session
        self.events = queue.Queue()

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def before_each(self, source):
        """Runs in each page before its own scripts; no policy of the page stops it."""
        self.call("Page.addScriptToEvaluateOnNewDocument", source=source)

    def look(self, width, height, dark):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            # colours that are on their way to another one have no contrast worth measuring
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.call("Emulation.setEmulatedMedia", media="screen", features=features)

    def go(self, url):
        """Opens a page and waits until it is there; gives what the browser complains about."""
        self.complaints()
        self.call("Page.navigate", url=url)
        complaints = []
        while True:
            try:
                event = self.events.get(timeout=TIMEOUT)
            except queue.Empty:
                raise Gone(f"{url} does not load") from None
            complaints += complaint(event)
            if event["method"] == "Page.loadEventFired":
                return complaints

    def complaints(self):
        found = []
        while not self.events.empty():
            found += complaint(self.events.get())
        return found

    def run(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise Gone(f"{result['exceptionDetails']} in {expression[:80]}")
        return result["result"].get("value")


def complaint(event):
    """What is wrong according to an event: a breach of the policy, an exception, a file that is not there."""
    parameters = event.get("params", {})
    if event["method"] == "Log.entryAdded":
        entry = parameters["entry"]
        return [f"{entry['level']}: {entry['text']}"] if entry["level"] in ("error", "warning") else []
    if event["method"] == "Runtime.exceptionThrown":
        return [str(parameters["exceptionDetails"])]
    if event["method"] == "Network.loadingFailed" and not parameters.get("canceled"):
        return [f"not loaded: {parameters.get('errorText')} {parameters.get('blockedReason', '')}"]
    return []
