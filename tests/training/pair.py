"""What several processes train under torchrun: a program, started by its test."""

import contextlib
import os
import signal
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from pictura.runtime.signals import Stopped
from pictura.training.fit import fit
from training.conftest import built, settings
from training.made import Made, place


def stop_after(step: int):
    """A callback that asks for the end of a training, in time for it to stop after this step."""

    def callback(now):
        if now.step == step - 1:
            os.kill(os.getpid(), signal.SIGTERM)

    return callback


def main(folder: Path) -> None:
    place()
    warnings.simplefilter("error")
    plain = {"steps": 6, "batch": 2, "clip": 0.05}
    fit(built("blur", rate=0.3), Made(), folder / "blur", settings(**plain))
    # Dropout, a pool of images in each process, running statistics: stopped and resumed, and never stopped.
    with contextlib.suppress(Stopped):  # one process hears it, and both stop
        fit(built("duel"), Made(), folder / "stopped", settings(steps=6), callback=stop_after(4))
    fit(built("duel"), Made(), folder / "stopped", settings(steps=6), resume=True)
    fit(built("duel"), Made(), folder / "whole", settings(steps=6))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
