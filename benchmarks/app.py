"""What the studio costs: previews, page weight, answers while a heavy job runs, memory.

    python benchmarks/app.py

The real program with its workers, asked over HTTP as the page asks. The figures are in docs/app.md.
"""

import argparse
import json
import os
import re
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from pictura.runtime.serving import read_page
from pictura.runtime.threads import available_processors

LOOKS = ("starry-night", "great-wave", "the-scream", "udnie", "the-kiss", "sunflowers")
ASKED = 60  # answers that are timed


class Page:
    """Asks as the page does."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.token = re.findall(r'name="token" content="([^"]+)', self.get("").decode())[0]

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.address + path, timeout=300) as answer:
            content: bytes = answer.read()
            return content

    def post(self, path: str, sent: Any = None) -> Any:
        headers = {"X-Token": self.token, "Content-Type": "application/json"}
        request = urllib.request.Request(
            self.address + path, json.dumps(sent).encode() if sent is not None else b"", headers
        )
        with urllib.request.urlopen(request, timeout=300) as answer:
            content = answer.read()
            return json.loads(content) if content else None

    def preview(self, picture: str, look: str) -> float:
        """Seconds from asking to the picture."""
        start = time.monotonic()
        order = {"kind": "paint", "picture": picture, "shares": [{"source": f"style:{look}"}]}
        self.post("api/preview", {"order": order})
        return time.monotonic() - start

    def order(self, picture: str) -> None:
        order = {"kind": "paint", "picture": picture, "shares": [{"source": "style:udnie"}], "method": "optimize"}
        self.post("api/jobs", {"batch": secrets.token_hex(8), "jobs": [{"order": order, "title": "Udnie"}]})


def resident(pid: int) -> dict[str, int]:
    """MiB of the server and of its workers."""
    found = {}
    for line in Path("/proc").glob("[0-9]*/status"):
        try:
            text = line.read_text()
        except OSError:
            continue
        fields = dict(re.findall(r"^(\w+):\s+(\d+)", text, re.M))
        if int(fields["Pid"]) == pid or int(fields["PPid"]) == pid:
            name = "server" if int(fields["Pid"]) == pid else f"worker {len(found)}"
            found[name] = int(fields.get("VmRSS", 0)) // 1024
    return found


def processor_seconds(pid: int) -> float:
    """What server and workers have computed: on a machine that is busy with other things, what a quiet one takes."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, fields = stat.parent.name, stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(name) == pid or int(fields[1]) == pid:
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    weight = sum(len(part) for part in read_page("pictura.app").values())
    print(f"page: {weight / 1024:.0f} KiB; {available_processors()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pictura", "app", "--no-browser", "--port", "0", "--folder", folder]
        start = time.monotonic()
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            assert process.stderr is not None
            page = Page(re.findall(r"http://\S+/", process.stderr.readline())[0])
            print(f"page served after {time.monotonic() - start:.1f} s", end="")
            page.get("api/looks")
            print(f", gallery after {time.monotonic() - start:.1f} s")
            measure(page, process.pid)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def measure(page: Page, pid: int) -> None:
    picture = page.post("api/pictures/example")["id"]
    time.sleep(8)  # until the second worker is there, too
    previews, computed = [], []
    for look in LOOKS:
        before = processor_seconds(pid)
        previews.append(page.preview(picture, look))
        computed.append(processor_seconds(pid) - before)
    print(f"preview at 512 px, warm: first {previews[0]:.2f} s, median {statistics.median(previews):.2f} s; ", end="")
    print(f"of the processor first {computed[0]:.2f} s, median {statistics.median(computed):.2f} s")
    print("memory in MiB:", resident(pid))
    page.order(picture)
    while not (json.loads(page.get("api/status"))["running"] or {}).get("step"):
        time.sleep(0.2)
    answers = []
    for _ in range(ASKED):
        start = time.monotonic()
        page.get("")
        page.get("api/status")
        answers.append((time.monotonic() - start) / 2)
    print(f"answers while a picture is optimized: median {1000 * statistics.median(answers):.0f} ms, ", end="")
    print(f"slowest {1000 * max(answers):.0f} ms; preview meanwhile {page.preview(picture, 'irises'):.2f} s")
    print("memory in MiB:", resident(pid))
    running = json.loads(page.get("api/status"))["running"]
    start = time.monotonic()
    page.post("api/jobs/cancel", {"ids": [running["id"]]})
    while json.loads(page.get("api/status"))["running"]:
        time.sleep(0.01)
    print(f"cancelled after {1000 * (time.monotonic() - start):.0f} ms")


if __name__ == "__main__":
    main()
