"""Large pictures through the real command line, in little memory."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "large.py"


def peak(side):
    """Most MiB that `pictura stylize` held beside 32 MiB to work in."""
    command = [
        sys.executable,
        BENCHMARK,
        "--side",
        str(side),
        "--method",
        "johnson",
        "--threads",
        "1",
        "--memory",
        "32",
    ]
    subprocess.run([*command, "--json", "rows.json"], check=True, capture_output=True)
    (row,) = json.loads(Path("rows.json").read_text())
    return row["mib"]


@pytest.mark.slow
def test_a_large_picture_stays_in_eight_bits():
    """98 MiB more than a small picture takes, 32 of them to work in; 150 when it was float32 on its way."""
    assert peak(1536) - peak(64) < 124
