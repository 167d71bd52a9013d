"""Pictures enlarged by name: with bicubic, or with a network of ours or of the user's."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pictura.methods import open_method
from pictura.models import read_bundle
from pictura.networks.tiling.streaming import DEFAULT_MEMORY
from pictura.picture.kinds import PictureInput, as_picture, convert_like
from pictura.picture.reading import MAX_SIDE
from pictura.picture.resize import map_bands, resize
from pictura.runtime.device import choose_device
from pictura.runtime.errors import PicturaError
from pictura.training.capabilities import Enlarges

BICUBIC = "bicubic"
# The shipped network that answers when none is named: the first that enlarges enough.
DEFAULT_MODELS = {4: "upscale-x4", 8: "upscale-x8"}
MAX_SCALE = max(DEFAULT_MODELS)


@dataclass(frozen=True)
class Enlarger:
    """Makes pictures `scale` times as wide and high; `about` says with what, for the picture's metadata."""

    scale: int
    network: Callable[[Tensor], Tensor]
    about: dict[str, Any]

    def __call__(self, image: Tensor, *, grey: bool = False) -> Tensor:
        """1×3×H×W in [0, 1] or uint8 to 1×3×(scale H)×(scale W) of its kind; a `grey` one stays grey.

        What the network enlarges more than was asked for is reduced again.

        Raises:
            PicturaError: the result would have more pixels a side than a file can hold.
        """
        height, width = (self.scale * side for side in image.shape[-2:])
        if max(height, width) > MAX_SIDE:
            raise PicturaError(f"A picture of {width}×{height} pixels cannot be made: enlarge it less.")
        enlarged = resize(self.network(image), (height, width))
        return map_bands(lambda band: band.mean(1, keepdim=True).expand_as(band), enlarged) if grey else enlarged


def enlarge_picture(source: PictureInput, enlarger: Enlarger) -> Any:
    """A picture of any kind enlarged in its own colour space, which may hold colours that sRGB does not; of its kind.

    Raises:
        PicturaError: it cannot be read, or the result would have too many pixels.
    """
    picture = as_picture(source)
    return convert_like(source, picture, enlarger(picture.view(own=True), grey=picture.grey), own=True)


def open_enlarger(
    model: str | Path | Enlarges | None = None,
    scale: int = 4,
    *,
    memory: int = DEFAULT_MEMORY,
    device: str = "auto",
) -> Enlarger:
    """The model of that name or path; by default the shipped network for `scale`, from 1 to 8.

    It has `memory` bytes to work in, beside picture and result.

    Raises:
        PicturaError: there is no such model or device, it does not enlarge, or it enlarges less than `scale` times.
    """
    if not 1 <= scale <= MAX_SCALE:
        raise PicturaError(f"scale must be between 1 and {MAX_SCALE}, got {scale}.")
    if model is None:
        model = next(name for factor, name in DEFAULT_MODELS.items() if scale <= factor)
    if model == BICUBIC:
        return Enlarger(scale, lambda image: _enlarge_bicubic(image, scale), {"scale": scale, "model": BICUBIC})
    place = choose_device(device)
    network, about = _open_model(model, place)
    if scale > network.factor:
        raise PicturaError(
            f"The model '{about['model']}' enlarges {network.factor} times, not {scale}: ask for less or name another."
        )
    return Enlarger(
        scale, lambda image: network.enlarge(image.to(place), memory=memory).to(image.device), {"scale": scale, **about}
    )


def _open_model(model: str | Path | Enlarges, device: torch.device) -> tuple[Enlarges, dict[str, Any]]:
    """The network, and what the picture's metadata say of it."""
    if isinstance(model, Enlarges):
        return model, {"model": getattr(model, "name", "opened")}
    bundle = read_bundle(model)
    method = open_method(bundle)
    if not isinstance(method, Enlarges):
        raise PicturaError(f"The model '{model}' does not enlarge pictures: it is of the method {bundle.method}.")
    for network in method.networks().values():
        network.to(device)
    return method, {"model": str(model), "method": bundle.method, "step": bundle.about.get("step")}


def _enlarge_bicubic(image: Tensor, scale: int) -> Tensor:
    return resize(image, (scale * image.shape[-2], scale * image.shape[-1]))
