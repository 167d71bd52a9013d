"""What several processes train under torchrun: a program, started by its test."""

import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from pictura.training.fit import fit
from training.conftest import built, settings
from training.made import Made, place


def main(folder: Path) -> None:
    place()
    warnings.simplefilter("error")
    plain = {"steps": 6, "batch": 2, "clip": 0.05}
    fit(built("blur", rate=0.3), Made(), folder / "blur", settings(**plain))
    # Dropout, a pool of images in each process, running statistics: stopped and resumed, and never stopped.
    fit(built("duel"), Made(), folder / "stopped", settings(steps=4))
    fit(built("duel"), Made(), folder / "stopped", settings(steps=6), resume=True)
    fit(built("duel"), Made(), folder / "whole", settings(steps=6))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
