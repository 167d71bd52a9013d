"""What can only be done to a process: kill it, signal it, take its disk away. A program, run once by its tests.

It forks a process for each training, which saves the seconds that importing torch takes, and prints what became of
all as one line of JSON.
"""

import json
import os
import random
import resource
import signal
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

from pictura.runtime.errors import PicturaError
from pictura.runtime.signals import Stopped
from pictura.training.fit import fit
from pictura.training.progress import TrainingProgress
from training.conftest import built, settings
from training.made import Made, place

STEPS, KILLS = 12, 20
Callback = Callable[[TrainingProgress], None] | None


def train(folder: Path, resume: bool, callback: Callback = None) -> None:
    chosen = settings(steps=STEPS, keep=100, show_every=1000, clip=1.0)
    fit(built("duel"), Made(), folder, chosen, resume=resume, callback=callback)


def child(folder: Path, resume: bool = False, callback: Callback = None) -> int:
    """Train in a process of its own; its number. Exit codes are those of the command line."""
    if number := os.fork():
        return number
    code = 1
    try:
        train(folder, resume, callback)
        code = 0
    except Stopped as stopped:
        code = 128 + stopped.number
    except PicturaError as error:
        (folder / "said").write_text(str(error))
        code = 2
    finally:
        os._exit(code)


def ended(number: int) -> int:
    """Wait for a process; its exit code."""
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])


def saved(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("checkpoints/step-*"))


def resumed(folder: Path) -> dict[str, object]:
    """Go on to the end: what there was before, and SHA-256 of every file of the last checkpoint."""
    before = saved(folder)
    code = ended(child(folder, resume=True))
    manifest = json.loads((folder / "checkpoints" / f"step-{STEPS:08d}" / "manifest.json").read_text())
    left = [path.name for path in folder.rglob(".*")]
    digests = {name: said["sha256"] for name, said in manifest["files"].items()}
    return {"before": before, "resumed": code, "left": left, "digests": digests}


def killed(folder: Path, after: float) -> dict[str, object]:
    number = child(folder)
    time.sleep(after)
    os.kill(number, signal.SIGKILL)
    return {"code": ended(number)} | resumed(folder)


def signalled(folder: Path, what: int) -> dict[str, object]:
    """The signal comes in the middle of a step, a training's after the fifth."""

    def callback(now: TrainingProgress) -> None:
        if now.step == 5:
            os.kill(os.getpid(), what)

    return {"code": ended(child(folder, callback=callback))} | resumed(folder)


def full(folder: Path) -> dict[str, object]:
    """From the fifth step on no file may be larger than 1500 bytes."""

    def callback(now: TrainingProgress) -> None:
        if now.step == 5:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))

    code = ended(child(folder, callback=callback))
    return {"code": code, "said": (folder / "said").read_text()} | resumed(folder)


def main(folder: Path) -> None:
    place()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    train(folder / "warm", False)  # what the first one imports and prepares the others inherit
    began = time.monotonic()
    ended(child(folder / "whole"))
    took = time.monotonic() - began
    moments = random.Random(0)
    fates = {
        "whole": resumed(folder / "whole"),
        "killed": [killed(folder / f"killed-{i}", moments.uniform(0, took)) for i in range(KILLS)],
        "SIGTERM": signalled(folder / "term", signal.SIGTERM),
        "SIGINT": signalled(folder / "int", signal.SIGINT),
        "full": full(folder / "full"),
    }
    sys.stdout.write(json.dumps(fates) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
