"""The papers' augmentation: resize, random crop, mirror; the same random numbers for both sides of a pair.

Resizing and cropping are one operation: only the crop is computed, from the pixels the whole resize would have used.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from pictura.data.decode import DecodedImage, Samples, Size
from pictura.data.settings import LOAD_RATIO, DataKind, DataSettings
from pictura.picture.resize import resize
from pictura.runtime.errors import PicturaError


@dataclass(frozen=True)
class Cut:
    """A crop of `size` (height, width) at (top, left) of a picture resized to `load_size`, perhaps mirrored."""

    load_size: Size
    top: int
    left: int
    size: Size
    mirror: bool


@dataclass(frozen=True)
class Augmentation:
    """How cuts are drawn; `load` is (height, width) to stretch to, the shorter side's length, or None for own size."""

    size: Size
    load: Size | int | None
    scale: tuple[float, float]
    mirror: bool

    @classmethod
    def of(cls, kind: DataKind, crop: int | Size, settings: DataSettings) -> "Augmentation":
        """From settings, with the defaults of the kind as `DataSettings` says.

        Raises:
            PicturaError: a crop without pixels, or a load size smaller than the crop.
        """
        size = (crop, crop) if isinstance(crop, int) else crop
        if min(size) < 1:
            raise PicturaError(f"crop must be at least 1 pixel, got {size[1]} × {size[0]}.")
        translation = kind in ("paired", "unpaired")
        load = settings.load
        if load is None:
            load = round(min(size) * LOAD_RATIO) if translation else min(size)
        scale = settings.scale or ((1.0, 2.0) if kind == "images" else (1.0, 1.0))
        if load == 0:
            return cls(size, None, scale, settings.mirror)
        if load < min(size):
            raise PicturaError(f"load ({load}) is smaller than crop ({min(size)}): raise load or lower crop.")
        fit = settings.fit or ("stretch" if translation else "shorter")
        sides = (round(size[0] * load / min(size)), round(size[1] * load / min(size)))
        return cls(size, sides if fit == "stretch" else load, scale, settings.mirror)

    def load_size(self, own: Size, factor: float) -> Size:
        """(height, width) a picture is resized to for a factor of the scale jitter.

        Jitter never enlarges a picture beyond its own size; the load size and the crop do: a picture smaller than the
        crop is enlarged, keeping its shape, until the crop fits.
        """
        if isinstance(self.load, tuple):
            height, width = (side * factor for side in self.load)
        else:
            ratio = factor
            if self.load is not None:
                ratio = self.load / min(own) * min(factor, max(1.0, min(own) / self.load))
            height, width = own[0] * ratio, own[1] * ratio
        grown = max(1.0, self.size[0] / height, self.size[1] / width)
        return max(self.size[0], round(height * grown)), max(self.size[1], round(width * grown))

    def factor(self, own: Size) -> int:
        """How many times smaller than its `own` size a picture may be decoded and still serve every cut.

        Twice the pixels of the largest load size are kept: resizing from them can hardly be distinguished from resizing
        from all (Pillow's `reducing_gap` of 2 is the same compromise).
        """
        if self.load is None:
            return 1
        height, width = self.load_size(own, self.scale[1])
        return max(1, int(min(own[0] / height, own[1] / width) / 2))

    def draw(self, own: Size, generator: torch.Generator) -> Cut:
        """A cut of a picture of `own` size (height, width); always four random numbers."""
        zoom, down, right, flip = torch.rand(4, generator=generator, dtype=torch.float64).tolist()
        smallest, largest = self.scale
        height, width = self.load_size(own, smallest + zoom * (largest - smallest))
        top, left = int(down * (height - self.size[0] + 1)), int(right * (width - self.size[1] + 1))
        return Cut((height, width), top, left, self.size, self.mirror and flip < 0.5)


def take_cut(decoded: DecodedImage, cut: Cut, *, nearest: bool = False) -> Samples:
    """The cut's H×W×C (or class numbers H×W): bicubic and antialiased, or by nearest neighbour."""
    samples = decoded.samples
    if decoded.original_size == cut.load_size and decoded.times == 1:
        crop: Samples = samples[cut.top : cut.top + cut.size[0], cut.left : cut.left + cut.size[1]]
    elif nearest or samples.ndim == 2:
        rows, columns = (_nearest_indices(*axis) for axis in _axes(decoded, cut))
        crop = samples[rows[:, None], columns]
    elif samples.dtype == np.uint8:
        crop = _crop_bicubic(decoded, cut)
    else:
        crop = _crop_bicubic_deep(samples, cut)
    return crop[:, ::-1] if cut.mirror else crop


def _axes(decoded: DecodedImage, cut: Cut) -> list[tuple[int, int, int, int]]:
    """(first, count, loaded, own) for rows and columns, in pixels."""
    starts = (cut.top, cut.left)
    return [(starts[i], cut.size[i], cut.load_size[i], decoded.original_size[i]) for i in (0, 1)]


def _nearest_indices(first: int, count: int, loaded: int, own: int) -> NDArray[np.int64]:
    # The pixel that holds the centre of each target pixel, in whole numbers: (first + i + 1/2) · own / loaded.
    return (2 * (first + np.arange(count)) + 1) * own // (2 * loaded)


def _crop_bicubic(decoded: DecodedImage, cut: Cut) -> Samples:
    # Pillow reads beyond its box where the filter needs it, so that this is the crop of the whole resized picture.
    rows, columns = (
        _filter_window(*axis, decoded.times, side)
        for axis, side in zip(_axes(decoded, cut), decoded.samples.shape, strict=False)
    )
    near, grey = decoded.samples[rows.window, columns.window], decoded.samples.shape[2] == 1
    image = Image.fromarray(near[..., 0] if grey else near)
    box = (columns.first, rows.first, columns.last, rows.last)
    pixels: NDArray[np.uint8] = np.asarray(image.resize(cut.size[::-1], Image.Resampling.BICUBIC, box=box))
    return pixels[..., None] if grey else pixels


class _FilterWindow(NamedTuple):
    """What the filter needs of one axis, and where in that the crop begins and ends."""

    window: slice
    first: float
    last: float


def _filter_window(first: int, count: int, loaded: int, own: int, times: int, side: int) -> _FilterWindow:
    """Of `side` samples those for a crop of `count` at `first`; bicubic needs two more of the coarser grid."""
    step = own / loaded / times
    margin = math.ceil(2 * max(1.0, step)) + 1
    begin, end = first * step, min(float(side), (first + count) * step)
    start = max(0, math.floor(begin) - margin)
    return _FilterWindow(slice(start, math.ceil(end) + margin), begin - start, end - start)


def _crop_bicubic_deep(samples: Samples, cut: Cut) -> Samples:
    """Pillow has no 16-bit colour: the whole picture is resized in floating point."""
    whole = torch.from_numpy(samples.astype(np.float32) / np.float32(65535)).permute(2, 0, 1)[None]
    part = resize(whole, cut.load_size)[0, :, cut.top : cut.top + cut.size[0], cut.left : cut.left + cut.size[1]]
    pixels: NDArray[np.uint16] = np.rint(part.permute(1, 2, 0).numpy() * 65535).astype(np.uint16)
    return pixels


def to_tensor(samples: NDArray[Any]) -> Tensor:
    """H×W×C integers to 3×H×W float32 in [0, 1] (grey on all three channels); H×W class numbers to H×W int64."""
    if samples.ndim == 2:
        return torch.from_numpy(samples.astype(np.int64))
    top = np.iinfo(samples.dtype).max
    channels = np.ascontiguousarray(samples.transpose(2, 0, 1), dtype=np.float32)
    values = torch.from_numpy(channels).div_(top)
    return values.expand(3, -1, -1).contiguous() if len(values) == 1 else values
