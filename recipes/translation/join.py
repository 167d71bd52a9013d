"""Puts two one-sided models, A to B and B to A, into one of both directions: python join.py A2B B2A FOLDER.

Both are bundles of `pictura train one_sided` with the same `widths`, and `blocks=4`, `ground=1` and `full_strength=1`.
What comes out is a bundle of CycleGAN's, for `pictura translate PICTURE --model FOLDER --direction B2A`.
"""

import argparse
from pathlib import Path

from pictura import models
from pictura.methods import find_method, open_method
from pictura.models import Bundle, save_bundle
from pictura.networks.resnet_generator import RESNET_WIDTH
from pictura.networks.translator import TRANSLATOR_WIDTHS
from pictura.runtime.errors import PicturaError

NETWORKS = ("G_A", "G_B")  # A to B, B to A
NEEDED = {"blocks": 4, "ground": 1, "full_strength": 1}  # as in CycleGAN's translator


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("sides", type=Path, nargs=2, metavar="BUNDLE")
    p.add_argument("folder", type=Path)
    a = p.parse_args()
    save_bundle(join([models.read_bundle(side) for side in a.sides]), a.folder)


def join(sides: list[Bundle]) -> Bundle:
    """A bundle of both directions.

    Raises:
        PicturaError: one is not one-sided, or is a model that CycleGAN cannot hold.
    """
    for side in sides:
        if side.method != "one_sided" or any(side.settings[name] != value for name, value in NEEDED.items()):
            needed = " and ".join(f"{name}={value:g}" for name, value in NEEDED.items())
            raise PicturaError(f"'{side.source}' is no one-sided model with {needed}.")
    width = RESNET_WIDTH * sides[0].settings["widths"][0] // TRANSLATOR_WIDTHS[0]
    settings = find_method("cyclegan").Settings(
        generator="translator", generator_width=width, critic="compact", adversarial="hinge"
    )
    tensors = {
        f"{network}.translator.{key.removeprefix('generator.')}": tensor
        for network, side in zip(NETWORKS, sides, strict=True)
        for key, tensor in side.tensors.items()
    }
    joined = Bundle("cyclegan", settings.model_dump(mode="json"), tensors, {"paper": sides[0].about.get("paper")})
    open_method(joined)  # refuses widths that CycleGAN cannot have
    return joined


if __name__ == "__main__":
    main()
