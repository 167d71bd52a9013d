"""Kill −9, signals and a full disk: every resume ends bit for bit where a training ends that nothing happened to."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .hard import KILLS

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="needs fork and POSIX limits")]


@pytest.fixture(scope="module")
def fates(tmp_path_factory):
    command = [sys.executable, Path(__file__).with_name("hard.py"), tmp_path_factory.mktemp("runs")]
    done = subprocess.run(
        command, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def whole_again(fates, one):
    assert one["resumed"] == 0
    assert one["left"] == []
    assert one["digests"] == fates["whole"]["digests"]
    assert {"model.safetensors", "ema.safetensors", "optim.safetensors", "method-0.safetensors", "state.json"} == set(
        one["digests"]
    )


def test_kill_at_random_moments(fates):
    assert len(fates["killed"]) == KILLS
    for one in fates["killed"]:
        whole_again(fates, one)
    # The moments were worth something: some before the first checkpoint, most between two.
    assert sum(one["code"] == -9 for one in fates["killed"]) > KILLS / 2
    assert len({tuple(one["before"]) for one in fates["killed"]}) > 3


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGINT", 130)])
def test_signals_save_and_leave(fates, name, code):
    assert fates[name]["code"] == code
    # Told after the fifth step, heard in the sixth, which is finished; 6 would have been saved anyway, 5 was not.
    assert fates[name]["before"][-1] == "step-00000006"
    whole_again(fates, fates[name])


def test_full_disk(fates):
    one = fates["full"]
    assert one["code"] == 2
    assert "could not be written: the disk or your quota is full" in one["said"]
    assert "earlier checkpoints are intact" in one["said"]
    assert one["before"] == ["step-00000002", "step-00000004"]
    whole_again(fates, one)
