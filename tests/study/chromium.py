"""Headless Chromium, driven over its own pipe: a page, its keys, its mouse, its network. Nothing else is installed."""

import base64
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-extensions"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe"),
)
KEYS = {"ArrowLeft": 37, "ArrowRight": 39, "Enter": 13}


class Browser:
    """One page; `press`, `click` and `value` are what a rater does and sees."""

    def __init__(self, folder: Path, width=1280, height=800, ratio=1):
        here_out, self._out = os.pipe()
        self._in, here_in = os.pipe()
        # bash, as sh may know no descriptors above 9
        shell = ["bash", "-c", f'exec "$@" 3<&{here_out} 4>&{here_in}', "chromium", PROGRAM, *FLAGS]
        self.log = (folder / "chromium.log").open("wb")
        self._process = subprocess.Popen(
            [*shell, f"--user-data-dir={folder / 'profile'}", "about:blank"],
            pass_fds=(here_out, here_in),
            stdout=self.log,
            stderr=self.log,
        )
        os.close(here_out)
        os.close(here_in)
        self._number, self._left, self._session = 0, b"", None
        target = self.command("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.errors = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.command(f"{domain}.enable")
        self.resize(width, height, ratio)

    def resize(self, width, height, ratio=1):
        size = {"width": width, "height": height, "deviceScaleFactor": ratio, "mobile": width < 600}
        self.command("Emulation.setDeviceMetricsOverride", **size)

    def command(self, method, **parameters):
        """The result of a command of the DevTools protocol."""
        self._number += 1
        sent = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            sent["sessionId"] = self._session
        os.write(self._out, json.dumps(sent).encode() + b"\0")
        while True:
            found = self._read()
            if found.get("method") == "Runtime.exceptionThrown":
                self.errors.append(found["params"]["exceptionDetails"])
            if found.get("id") == self._number:
                if "error" in found:
                    raise RuntimeError(found["error"])
                return found["result"]

    def _read(self):
        while b"\0" not in self._left:
            part = os.read(self._in, 65536)
            if not part:
                raise RuntimeError("Chromium has ended")
            self._left += part
        line, _, self._left = self._left.partition(b"\0")
        return json.loads(line)

    def value(self, script):
        """What an expression of the page is."""
        found = self.command("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise RuntimeError(found["exceptionDetails"])
        return found["result"].get("value")

    def wait(self, script, seconds=60):
        """Until an expression is true."""
        end = time.monotonic() + seconds
        while not (found := self.value(script)):
            if time.monotonic() > end:
                raise TimeoutError(f"{script}\n{self.value('document.body.innerText')}\n{self.errors}")
            time.sleep(0.05)
        return found

    def open(self, address):
        self.command("Page.navigate", url=address)

    def press(self, key):
        code = {"windowsVirtualKeyCode": KEYS.get(key, ord(key[0])), "key": key}
        text = {"text": "\r"} if key == "Enter" else {}
        self.command("Input.dispatchKeyEvent", type="keyDown", **code, **text)
        self.command("Input.dispatchKeyEvent", type="keyUp", **code)

    def click(self, selector, times=1):
        box = self.value(
            f"(() => {{ const b = document.querySelector({selector!r}).getBoundingClientRect();"
            "return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        for count in range(1, times + 1):
            for kind in ("mousePressed", "mouseReleased"):
                place = {"x": box[0], "y": box[1], "button": "left", "clickCount": count}
                self.command("Input.dispatchMouseEvent", type=kind, **place)

    def offline(self, on):
        self.command(
            "Network.emulateNetworkConditions", offline=on, latency=0, downloadThroughput=-1, uploadThroughput=-1
        )

    def shoot(self, path):
        path.write_bytes(base64.b64decode(self.command("Page.captureScreenshot", format="png")["data"]))

    def close(self):
        self._process.terminate()
        self._process.wait(20)
        self.log.close()
        os.close(self._out)
        os.close(self._in)
