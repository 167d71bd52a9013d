"""The worker's process: asked, told of on the way, killed, crashed, started again."""

import os
import re
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from tests.app.made import draw, encode

from pictura.app.process import Ended, Worker
from pictura.runtime.errors import PicturaError

# It answers as the real one does, and starts in no time.
SCRIPT = """
import json, os, sys, time
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    task = json.loads(line)["task"]
    if task == "sleep":
        print(json.dumps({"step": 1}), flush=True)
        time.sleep(60)
    if task == "crash":
        os.abort()
    print(json.dumps({"error": "No."} if task == "fail" else {"done": {"pid": os.getpid()}}), flush=True)
"""


@pytest.fixture
def worker():
    made = Worker()
    made._command = [sys.executable, "-c", SCRIPT]
    yield made
    made.close()


def test_one_process_does_many_tasks(worker):
    first = worker.call({"task": "a"})
    assert worker.call({"task": "b"}) == first
    with pytest.raises(PicturaError, match=r"^No\.$"):
        worker.call({"task": "fail"})
    assert worker.call({"task": "c"}) == first == {"pid": worker.pid}


def test_killed_it_ends_at_once_and_the_next_task_has_another(worker):
    told = []
    first = worker.call({"task": "a"})["pid"]
    killer = threading.Timer(0.3, worker.kill)
    killer.start()
    began = time.monotonic()
    with pytest.raises(Ended) as ended:
        worker.call({"task": "sleep"}, told.append)
    assert time.monotonic() - began < 5
    assert (told, ended.value.code < 0 or os.name == "nt") == ([{"step": 1}], True)
    assert worker.call({"task": "a"})["pid"] != first


def test_a_crash_and_a_task_without_end(worker):
    with pytest.raises(Ended):
        worker.call({"task": "crash"})
    with pytest.raises(PicturaError, match="took too long"):
        worker.call({"task": "sleep"}, seconds=0.2)
    assert worker.call({"task": "a"})


def test_closed_it_is_not_started_again(worker):
    worker.call({"task": "a"})
    worker.close()
    with pytest.raises(Ended):
        worker.call({"task": "a"})


@pytest.mark.slow
def test_the_real_one_ends_with_its_server(tmp_path):
    """Its input is closed, as by the system when the server is killed, in the middle of a task."""
    worker = Worker()
    worker.start()
    path = tmp_path / "a.png"
    path.write_bytes(encode(draw()))
    found = worker.call({"task": "check", "path": str(path), "view": str(tmp_path / "v"), "thumb": str(tmp_path / "t")})
    assert found == {"height": 40, "width": 48, "suffix": ".png"}
    process = worker._process
    process.stdin.close()
    process.wait(10)
    worker.close()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process's peak, and limits it")
def test_memory_stays_under_its_limit(tmp_path):
    """24 megapixels get other colours within it; of a picture that needs more a sentence is told, and it goes on."""
    limit = 1400  # MiB
    worker = Worker(memory=limit * 2**20, threads=1)
    task = {"task": "make", "names": {}, "view": str(tmp_path / "view"), "thumb": str(tmp_path / "thumb")}
    order = '{"kind": "paint", "method": "photo", "picture": "%s", "shares": [{"source": "reference:blue-night"}]}'

    def make(name, height, width):
        path = tmp_path / f"{name}.png"
        path.write_bytes(encode(np.full((height, width, 3), 90, np.uint8), compress_level=1))
        words = {"order": order % name, "paths": {name: str(path)}, "result": str(tmp_path / "result.png")}
        return worker.call(task | words)

    try:
        assert make("0" * 16, 4000, 6000) == {"height": 4000, "width": 6000}
        peak = int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{worker.pid}/status").read_text())[1]) // 1024
        assert peak < limit
        with pytest.raises(PicturaError, match="memory"):
            make("1" * 16, 9000, 20000)
        assert make("2" * 16, 40, 60) == {"height": 40, "width": 60}
    finally:
        worker.close()
