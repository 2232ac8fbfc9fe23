"""A real Chromium without a window, driven over a pipe: phone-sized, with a phone's name, and no way to run scripts of pages."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

# A phone of the middle, in CSS pixels.
WIDTH, HEIGHT, SCALE = 390, 844, 2
PHONE = (
    "Mozilla/5.0 (Linux; Android 14; SM-S921N) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36"
)
NAMES = ["chromium", "chromium-browser", "google-chrome"]
SECONDS = 60


def binary():
    """Where it is, or nothing."""
    return next((found for found in map(shutil.which, NAMES) if found), None)


class Chromium:
    """The browser with one tab. It ends when the `with` block ends."""

    def __init__(self, folder):
        self.folder = tempfile.mkdtemp(prefix="chromium-", dir=folder)
        self.child, self.session, self.last, self.rest = None, None, 0, b""
        self.events = []
        self.to_child = self.from_child = -1

    def __enter__(self):
        # DevTools speaks on descriptors 3 and 4: messages end with a zero octet.
        their_in, self.to_child = os.pipe()
        self.from_child, their_out = os.pipe()
        words = [
            binary(), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
            "--no-first-run", "--disable-background-networking", "--disable-extensions", "--remote-debugging-pipe",
            f"--user-data-dir={self.folder}", "about:blank",
        ]
        shell = f'exec "$@" 3<&{their_in} 4>&{their_out}'
        with open(os.path.join(self.folder, "chromium.log"), "wb") as log:
            self.child = subprocess.Popen(
                ["bash", "-c", shell, "chromium", *words], pass_fds=[their_in, their_out], stdout=log, stderr=log
            )
        os.close(their_in)
        os.close(their_out)
        targets = self.ask("Target.getTargets")["targetInfos"]
        page = next(target for target in targets if target["type"] == "page")
        self.session = self.ask("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Network", "DOM", "CSS"):
            self.ask(f"{domain}.enable")
        self.ask("Emulation.setDeviceMetricsOverride", width=WIDTH, height=HEIGHT, deviceScaleFactor=SCALE, mobile=True)
        self.ask("Emulation.setTouchEmulationEnabled", enabled=True)
        self.ask("Emulation.setUserAgentOverride", userAgent=PHONE)
        return self

    def __exit__(self, *_error):
        try:
            self.session = None
            self.ask("Browser.close")
        except (OSError, RuntimeError, TimeoutError):
            pass
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        for end in (self.to_child, self.from_child):
            os.close(end)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self, deadline):
        """The next message."""
        while b"\0" not in self.rest:
            wait = deadline - time.monotonic()
            if wait <= 0 or not select.select([self.from_child], [], [], wait)[0]:
                raise TimeoutError("the browser does not answer")
            piece = os.read(self.from_child, 1 << 20)
            if not piece:
                raise RuntimeError("the browser has gone")
            self.rest += piece
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method, **params):
        """One command and its result; events that come meanwhile are kept."""
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to_child, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + SECONDS
        while True:
            answer = self._read(deadline)
            if answer.get("id") == self.last:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait_for(self, method):
        """The next event of this name."""
        deadline = time.monotonic() + SECONDS
        while True:
            for place, event in enumerate(self.events):
                if event.get("method") == method:
                    return self.events.pop(place)["params"]
            self.events.append(self._read(deadline))

    def open(self, url, language):
        """Opens an address as a reader of `language`; gives the answers that came: (address, status, octets)."""
        self.ask("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})
        return self._load(lambda: self.ask("Page.navigate", url=url))

    def press(self, selector):
        """Presses a button that sends a form; gives the answers that came."""
        script = f"document.querySelector({json.dumps(selector)}).click()"
        return self._load(lambda: self.run(script))

    def _load(self, begin):
        self.events.clear()
        begin()
        self.wait_for("Page.loadEventFired")
        self.run("document.fonts.ready.then(() => 1)")
        answers = {}
        for event in self.events:
            params = event.get("params", {})
            if event.get("method") == "Network.responseReceived":
                answers[params["requestId"]] = [params["response"]["url"], params["response"]["status"], 0]
            if event.get("method") == "Network.dataReceived" and params["requestId"] in answers:
                answers[params["requestId"]][2] += params["dataLength"]
        return [answer for answer in answers.values() if answer[0].startswith("http")]

    def run(self, script):
        """What an expression of ours gives; pages themselves may run nothing."""
        done = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in done:
            raise RuntimeError(done["exceptionDetails"].get("exception", done["exceptionDetails"]))
        return done["result"].get("value")

    def dark(self, on):
        """Whether the reader likes it dark."""
        feature = {"name": "prefers-color-scheme", "value": "dark" if on else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[feature])

    def fonts(self):
        """The fonts that the text of the page is really written with."""
        root = self.ask("DOM.getDocument")["root"]["nodeId"]
        body = self.ask("DOM.querySelectorAll", nodeId=root, selector="main *")["nodeIds"]
        used = {}
        for node in body:
            for font in self.ask("CSS.getPlatformFontsForNode", nodeId=node)["fonts"]:
                used[font["familyName"]] = used.get(font["familyName"], 0) + font["glyphCount"]
        return used

    def photograph(self, path):
        """The whole page as a picture."""
        done = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        picture = base64.b64decode(done["data"])
        with open(path, "wb") as file:
            file.write(picture)
        return picture
