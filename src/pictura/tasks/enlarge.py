"""Pictures enlarged by name: with bicubic, or with a network of ours or of the user's."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

from pictura import models
from pictura.methods import open_method
from pictura.networks.tiling.streaming import DEFAULT_MEMORY
from pictura.picture.reading import MAX_SIDE
from pictura.picture.resize import map_bands, resize
from pictura.runtime.errors import PicturaError

BICUBIC = "bicubic"
MAX_SCALE = 8
# The shipped network that answers when none is named: the first that enlarges enough.
DEFAULT_MODELS = {4: "upscale-x4"}


@dataclass(frozen=True)
class Enlarger:
    """Makes pictures `scale` times as wide and high; `about` says with what, for the picture's metadata."""

    scale: int
    network: Callable[[Tensor], Tensor]
    factor: int
    about: dict[str, Any]

    def __call__(self, picture: Tensor, *, grey: bool = False) -> Tensor:
        """1×3×H×W in [0, 1] or uint8 to 1×3×(scale H)×(scale W) of its kind; a `grey` one stays grey.

        What the network enlarges more than was asked for is reduced again.

        Raises:
            PicturaError: the result would have more pixels a side than a file can hold.
        """
        height, width = (self.scale * side for side in picture.shape[-2:])
        if max(height, width) > MAX_SIDE:
            raise PicturaError(f"A picture of {width}×{height} pixels cannot be made: enlarge it less.")
        made = resize(self.network(picture), (height, width))
        return map_bands(lambda band: band.mean(1, keepdim=True).expand_as(band), made) if grey else made


def open_enlarger(model: str | Path | None = None, scale: int = 4, *, memory: int = DEFAULT_MEMORY) -> Enlarger:
    """The model of that name or path; by default the shipped network for `scale`, from 1 to 8.

    It has `memory` bytes to work in, beside picture and result.

    Raises:
        PicturaError: there is none, it does not enlarge, or it enlarges less than `scale` times.
    """
    if not 1 <= scale <= MAX_SCALE:
        raise PicturaError(f"A scale of {scale} is not one that pictures are enlarged by: give 2 to {MAX_SCALE}.")
    if model is None:
        model = next((name for factor, name in DEFAULT_MODELS.items() if scale <= factor), None)
    if model is None:
        raise PicturaError(f"No shipped network enlarges {scale} times: take --model bicubic, or one of your own.")
    if model == BICUBIC:
        return Enlarger(
            scale, lambda picture: _enlarge_bicubic(picture, scale), scale, {"scale": scale, "model": BICUBIC}
        )
    bundle = models.read_bundle(model)
    method = open_method(bundle)
    factor = getattr(method.settings, "scale", 0)
    if not factor:
        raise PicturaError(f"The model '{model}' does not enlarge pictures: it is of the method {bundle.method}.")
    if scale > factor:
        raise PicturaError(f"The model '{model}' enlarges {factor} times, not {scale}: ask for less or name another.")
    about = {"scale": scale, "model": str(model), "method": bundle.method, "step": bundle.about.get("step")}
    return Enlarger(scale, partial(method.apply, memory=memory), factor, about)


def _enlarge_bicubic(picture: Tensor, scale: int) -> Tensor:
    return resize(picture, (scale * picture.shape[-2], scale * picture.shape[-1]))
