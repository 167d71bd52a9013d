"""Whatever a file holds, reading it gives a result or one sentence: within seconds, within a budget of memory.

`make test` gives each kind a second, ``make fuzz`` minutes (``FUZZ_SECONDS``); ``FUZZ_SEED`` chooses other damage.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CHILD = Path(__file__).with_name("child.py")
KINDS = ("pictures", "videos", "styles", "models", "recipes", "config", "tables", "weights", "checkpoints")
SECONDS = float(os.environ.get("FUZZ_SECONDS", "1"))
SEED = os.environ.get("FUZZ_SEED", "17")
START = 120  # seconds for a process to import torch and make the sound files on a busy machine
ALARM = 20  # as in child.py


@pytest.mark.slow
@pytest.mark.kinds
@pytest.mark.skipif(sys.platform == "win32", reason="alarms and limits of memory are Unix's")
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_end_in_one_sentence(kind: str, tmp_path: Path) -> None:
    if kind == "videos":
        pytest.importorskip("av", reason="the extra 'video' is not installed")
    command = [sys.executable, str(CHILD), kind, SEED, str(SECONDS), str(tmp_path)]
    quiet = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    with (tmp_path / "stderr").open("w") as err:
        ended = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=err, env=quiet, text=True, timeout=START + SECONDS + 5 * ALARM
        )
    told = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
    faults = [f"{one['file']}\n{one['trace']}" for one in told if "trace" in one]
    assert not faults, f"{len(faults)} faults with seed {SEED}:\n" + "\n".join(faults)
    assert ended.returncode == 0, (tmp_path / "stderr").read_text()[-3000:]
    assert told[-1]["inputs"] >= 1
