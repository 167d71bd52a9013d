"""What a run starts from: the content, a painting, a picture of the user's, or nothing but noise."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from pictura.methods.iterative.settings import INIT_NOISE, Settings
from pictura.picture import read
from pictura.picture.resize import resize
from pictura.runtime.errors import PicturaError, did_you_mean

INIT_KINDS = ("content", "style", "noise", "grey", "adain")  # beside the path of a picture


def start_image(
    settings: Settings, content: Tensor | None, paintings: Sequence[Tensor], size: tuple[int, int]
) -> Tensor:
    """The first image 1×3×H×W in [0, 1] that `settings.init` asks for; `adain` is the content here.

    Raises:
        PicturaError: there is no such picture.
    """
    image = read_init_image(settings)
    if settings.init in ("content", "adain"):
        image = content
    elif settings.init == "style":
        image = paintings[0][:, :3] if paintings else None  # without its alpha
    if image is not None:
        return resize(image, size)
    if settings.init in ("content", "style", "adain"):
        raise PicturaError(f"There is no {settings.init} picture to start from; use --init noise or grey.")
    return blank(settings.init, size, settings.seed, settings.init_noise)


def read_init_image(settings: Settings) -> Tensor | None:
    """The picture 1×3×H×W that `settings.init` names, None where it names one of `INIT_KINDS`.

    Raises:
        PicturaError: it is neither.
    """
    if settings.init in INIT_KINDS:
        return None
    if not Path(settings.init).exists():
        raise PicturaError(
            f"'{settings.init}' does not exist: a start is {', '.join(INIT_KINDS)} or a picture's file."
            f"{did_you_mean(settings.init, INIT_KINDS)}"
        )
    return read(settings.init).tensor()


def blank(kind: str, size: tuple[int, int], seed: int, sigma: float = INIT_NOISE) -> Tensor:
    """A first image 1×3×H×W without any content: `noise` (normal around grey, of this σ) or `grey`."""
    grey = torch.full((1, 3, *size), 0.5)
    if kind == "grey":
        return grey
    noise = torch.randn(grey.shape, generator=torch.Generator().manual_seed(seed))
    return (grey + sigma * noise).clamp(0, 1)
