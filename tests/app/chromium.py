"""A studio as people have it: the real program in a process, and the Chromium of the distribution before it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
SHOTS = os.environ.get("PICTURA_APP_SHOTS")  # a folder for pictures of the page
ROOT = Path(__file__).parents[2]


class Server:
    """`pictura app` with a folder; `kill` ends it as a power cut does."""

    def __init__(self, folder, port=0):
        self.folder, self.port = Path(folder), port
        self.start()

    def start(self):
        command = [sys.executable, "-m", "pictura", "app", "--no-browser", "--port", str(self.port)]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT / "src")}
        self.process = subprocess.Popen(
            [*command, "--folder", str(self.folder)], stderr=subprocess.PIPE, env=environment, text=True
        )
        for line in self.process.stderr:
            if found := re.search(r"http://localhost:(\d+)/", line):
                self.port, self.address = int(found[1]), found[0]
                break
        with urllib.request.urlopen(self.address + "api/looks", timeout=120):  # its workers are there
            pass

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.end()

    def close(self):
        self.process.terminate()
        self.end()

    def end(self):
        self.process.wait(30)
        self.process.stderr.close()
        time.sleep(0.2)


def shoot(page, name):
    """Store what the page shows under a name, where pictures were asked for."""
    if SHOTS:
        page.wait_for_timeout(500)
        page.screenshot(path=str(Path(SHOTS) / f"app-{name}.png"))


def showing(page, what, seconds=90):
    """Until the large picture is of that kind."""
    page.wait_for_selector(f"#compare[data-showing={what}]", timeout=1000 * seconds)
