"""Pictures out of nothing, and between two pictures, by whatever trained method generates or encodes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pictura.picture import Picture
from pictura.picture.kinds import PictureInput, as_picture
from pictura.picture.sheet import make_grid
from pictura.runtime.arguments import check_arguments
from pictura.runtime.device import choose_device
from pictura.runtime.errors import PicturaError
from pictura.tasks.abilities import open_able
from pictura.training.capabilities import Encodes, Generates, check_sample

MAX_SAMPLES = 1024  # a grid of 32 × 32
MAX_STEPS = 256  # pictures of one interpolation
MAX_SCALE = 16  # how many times larger a grid may be made
LABEL_COLUMNS = 16  # labels up to which a grid has a column for each
OPPOSITE = 1e-3  # sine of the angle between two codes below which there is no arc between them


@dataclass(frozen=True)
class Sampler:
    """Makes pictures; `about` says with what, for their metadata."""

    method: Generates
    about: dict[str, Any]

    def __call__(self, count: int) -> list[Picture]:
        """So many pictures, the same ones each time."""
        generator = torch.Generator().manual_seed(self.about["seed"])
        return to_pictures(self.method.sample(count, generator=generator, label=self.about["label"]))

    def columns(self, count: int) -> int:
        """Of a grid: one for each label where all come in turn, else as many as rows."""
        labels = len(self.method.labels) if self.about["label"] is None else 0
        return labels if 1 < labels <= LABEL_COLUMNS and count > labels else square_columns(count)


def open_sampler(
    model: str | Path | Generates,
    count: int = 1,
    label: str | int | None = None,
    seed: int = 0,
    *,
    about: Mapping[str, Any] | None = None,
    name: str | None = None,
    device: str = "auto",
) -> Sampler:
    """The sampler of that model; everything that can be refused is refused here.

    Args:
        model: a model's name, folder or file, or an opened one.
        count: how many pictures will be asked for, 1 to 1024.
        label: of those that the model has, None for all in turn.
        seed: one seed, one set of pictures.
        about, name: of an opened model.
        device: auto, cpu, cuda or mps.

    Raises:
        PicturaError: there is no such model, label or device, it makes no pictures of nothing, or a number is out of
            range.
    """
    if not 1 <= count <= MAX_SAMPLES:
        raise PicturaError(f"The number of samples must be from 1 to {MAX_SAMPLES}, got {count}.")
    if not 0 <= seed < 2**63:
        raise PicturaError(f"seed must be a whole number from 0 to 2**63 - 1, got {seed}.")
    choose_device(device)
    method, _, told = open_able(model, Generates, "does not make pictures of nothing", device, name, about)
    wanted = None if label is None else str(label)  # a person may write the digit 7 as a number
    check_sample(told["method"], count, wanted, method.labels)
    return Sampler(method, told | {"label": wanted, "seed": seed})


@dataclass(frozen=True)
class Interpolator:
    """Encodes pictures and decodes what lies between them; `about` says with what, for the strip's metadata."""

    method: Encodes
    about: dict[str, Any]
    place: torch.device

    def __call__(self, first: Picture, last: Picture) -> list[Picture]:
        """From what the model makes of the first picture to what it makes of the last one, in `steps` pictures."""
        a, b = (self.encode(picture)[0] for picture in (first, last))
        return self.decode(interpolate_codes(a, b, self.about["steps"], getattr(self.method, "prior", "none")))

    def encode(self, picture: Picture) -> Tensor:
        """1×Z, on the CPU."""
        with torch.inference_mode():
            return self.method.encode(picture.tensor().to(self.place)).float().cpu()

    def decode(self, codes: Tensor) -> list[Picture]:
        """N×Z to N pictures.

        Raises:
            PicturaError: these are no codes of this model.
        """
        size = self.method.settings.code if hasattr(self.method, "settings") else codes.shape[-1]
        if codes.dim() != 2 or codes.shape[1] != size or not codes.isfinite().all():
            raise PicturaError(f"Expected codes N×{size} of finite numbers, got {tuple(codes.shape)}.")
        with torch.inference_mode():
            return to_pictures(self.method.decode(codes.to(self.place)))


def open_interpolator(
    model: str | Path | Encodes,
    steps: int = 8,
    *,
    about: Mapping[str, Any] | None = None,
    name: str | None = None,
    device: str = "auto",
) -> Interpolator:
    """What interpolates with that model; everything that can be refused is refused here.

    Args:
        model: a model's name, folder or file, or an opened one.
        steps: pictures of an interpolation, both ends among them, 2 to 256.
        about, name: of an opened model.
        device: auto, cpu, cuda or mps.

    Raises:
        PicturaError: there is no such model or device, it does not encode pictures, or the number is out of range.
    """
    if not 2 <= steps <= MAX_STEPS:
        raise PicturaError(f"steps must be from 2, both ends, to {MAX_STEPS}, got {steps}.")
    place = choose_device(device)
    method, _, told = open_able(model, Encodes, "does not encode pictures", device, name, about)
    return Interpolator(method, told | {"steps": steps}, place)


def interpolate_pictures(first: PictureInput, last: PictureInput, interpolator: Interpolator) -> list[Picture]:
    """What lies between two pictures of any kind.

    Raises:
        PicturaError: one of them cannot be read.
    """
    return interpolator(as_picture(first), as_picture(last))


def interpolate_codes(a: Tensor, b: Tensor, steps: int, prior: str = "none") -> Tensor:
    """Codes Z and Z to steps×Z between them, a and b the ends.

    On a line, unless the prior is "normal". Nearly all codes of N(0, I) have about the same length √Z, and the middle
    of a line between two of them is shorter, where the decoder has seen little: there the direction turns at a constant
    pace (White 2016, arXiv 1609.04468) while the length goes evenly from one to the other. Where the codes are opposite
    or one is 0 there is no such arc, and a line is taken.
    """
    t = torch.linspace(0, 1, steps).to(a)[:, None]
    line = torch.lerp(a, b, t)
    lengths = a.norm(), b.norm()
    if prior != "normal" or not min(lengths) > 0:
        return line
    u, v = a / lengths[0], b / lengths[1]
    angle = torch.arccos((u @ v).clamp(-1, 1))
    if angle.sin() < OPPOSITE:
        return line
    arc: Tensor = (((1 - t) * angle).sin() * u + (t * angle).sin() * v) / angle.sin()
    length = torch.lerp(lengths[0], lengths[1], t)
    return length * arc


@check_arguments
def sample(
    model: str | Path, count: int = 64, *, label: str | int | None = None, seed: int = 0, device: str = "auto"
) -> list[Picture]:
    """Make new pictures; `lay_out` puts them on one sheet.

    Args:
        model: a model's name, folder or file.
        count: how many, from 1 to 1024.
        label: what they show, of those that the model has; by default all in turn.
        seed: one seed, one set of pictures.
        device: auto, cpu, cuda or mps.

    Raises:
        PicturaError: something given cannot be used.
    """
    return open_sampler(model, count, label, seed, device=device)(count)


@check_arguments
def interpolate(
    first: PictureInput, last: PictureInput, model: str | Path, *, steps: int = 8, device: str = "auto"
) -> list[Picture]:
    """What lies between two pictures, as a model sees them: both are encoded, and codes between theirs are decoded.

    Args:
        first, last: as `content` in `stylize`, of any size.
        model: a model's name, folder or file.
        steps: how many pictures, both ends among them, from 2 to 256.
        device: auto, cpu, cuda or mps.

    Returns:
        Pictures of the model's size; the ends are what the model makes of the two.

    Raises:
        PicturaError: something given cannot be used.
    """
    return interpolate_pictures(first, last, open_interpolator(model, steps, device=device))


@check_arguments
def lay_out(pictures: Sequence[Picture], columns: int | None = None, scale: int = 1) -> Picture:
    """Pictures of one size side by side on one sheet, 2 white pixels between them.

    Args:
        pictures: one at least.
        columns: how many beside each other, by default as many as rows.
        scale: how many times larger: each pixel becomes a square of so many.

    Raises:
        PicturaError: no pictures, pictures of several sizes, or a number out of range.
    """
    if not pictures:
        raise PicturaError("There are no pictures to lay out: give one at least.")
    if len({picture.size for picture in pictures}) > 1:
        raise PicturaError("The pictures have several sizes: resize them, so that all have one.")
    check_scale(scale)
    if columns is not None and columns < 1:
        raise PicturaError(f"columns must be at least 1, got {columns}.")
    enlarged = [enlarge_pixels(picture, scale) for picture in pictures]
    return make_grid(enlarged, columns or square_columns(len(pictures)))


def check_scale(scale: int) -> None:
    """Refuse a scale out of range.

    Raises:
        PicturaError: says the range.
    """
    if not 1 <= scale <= MAX_SCALE:
        raise PicturaError(f"scale must be a whole number from 1 to {MAX_SCALE}, got {scale}.")


def square_columns(count: int) -> int:
    """Of a grid that is about as wide as high."""
    return math.isqrt(count - 1) + 1


def enlarge_pixels(picture: Picture, scale: int) -> Picture:
    """Each pixel as a square."""
    return Picture.of(picture.tensor().repeat_interleave(scale, 2).repeat_interleave(scale, 3))


def to_pictures(images: Tensor) -> list[Picture]:
    """N×3×H×W in [0, 1] to pictures."""
    return [Picture.of(image) for image in images.float().clamp(0, 1).cpu()]
