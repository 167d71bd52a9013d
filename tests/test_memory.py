"""Freed memory goes back: in a process of its own, for malloc cannot be set back."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from pathlib import Path
import pictura
from pictura.runtime.memory import return_freed
if sys.argv[1] == "returning":
    return_freed()
import torch

def held():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

before = held()
pins = []
for size in range(30, 10, -1):  # MiB; what is freed first raises glibc's threshold, a pin behind the next makes a hole
    large = torch.ones(size * 2**18)
    pins.append(torch.ones(2**12))
    del large
print(held() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc and speaks to glibc")
def test_large_pieces_go_back():
    held = {
        name: float(subprocess.run([sys.executable, "-c", PROGRAM, name], capture_output=True, check=True).stdout)
        for name in ("as-it-comes", "returning")
    }
    assert held["returning"] < 5
    assert held["as-it-comes"] > 20, "glibc gives it back by itself: return_freed() can go"
