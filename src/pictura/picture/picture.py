"""A Picture: pixels, and what a file stores beside them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pictura.picture.bands import Pixels, float_samples, is_uint8
from pictura.picture.showing import Shown
from pictura.picture.value_range import check_range

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Picture", "Pixels"]


@dataclass(frozen=True, eq=False)
class Picture(Shown):
    """One picture, read once and written once.

    samples: H×W×3 sRGB, uint8 as in a file of 8 bits or float32 in [0, 1]; a grey source is repeated on all three
        channels. `pixels` are the same in float32, four times the memory of uint8.
    alpha: H×W float32 in [0, 1], 1 is opaque, or None; pixels are not premultiplied.
    depth: bits per sample of the file, 8 or 16.
    grey: the source was grey; it is written grey again if its pixels still are.
    icc: the source's own profile, into which `write` converts back, or None where sRGB was assumed.
    settings: pictura's settings in the file, or None.
    """

    samples: NDArray[np.uint8] | Pixels
    alpha: Pixels | None = None
    depth: int = 8
    grey: bool = False
    icc: bytes | None = None
    settings: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.samples.ndim != 3 or self.samples.shape[2] != 3 or not self.samples.size:
            raise ValueError(f"pixels are H×W×3, not {self.samples.shape}")
        if not is_uint8(self.samples) and not np.isfinite(self.samples).all():
            raise ValueError("pixels hold NaN or infinity")
        if self.alpha is not None and self.alpha.shape != self.size:
            raise ValueError(f"alpha is {self.alpha.shape} on a picture of {self.size}")

    @classmethod
    def of(cls, array: NDArray[Any] | Tensor) -> Picture:
        """From H×W×3 or H×W (uint8, uint16, or float in [0, 1]) or from a tensor 3×H×W or 1×3×H×W (uint8 or [0, 1])."""
        check_range(array)
        if not isinstance(array, np.ndarray):
            return cls(_from_tensor(array))
        depth = 16 if array.dtype == np.uint16 else 8
        return cls(_from_array(array), depth=depth, grey=array.ndim == 2)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.samples.shape[0], self.samples.shape[1]

    @property
    def pixels(self) -> Pixels:
        """H×W×3 float32 in [0, 1], sRGB."""
        return float_samples(self.samples)

    def view(self) -> Tensor:
        """The samples without a copy, 1×3×H×W, uint8 or float32 in [0, 1]; do not write to them."""
        import torch

        samples = np.require(self.samples, requirements=["C", "W"])
        return torch.from_numpy(samples.transpose(2, 0, 1)[None])

    def tensor(self) -> Tensor:
        """The pixels copied to a tensor, 1×3×H×W float32 in [0, 1] sRGB, on the CPU."""
        import torch

        return torch.from_numpy(self.pixels.transpose(2, 0, 1)[None].copy())

    def with_pixels(self, pixels: NDArray[Any] | Tensor) -> Picture:
        """The same picture with new pixels (as for `of`, clipped to [0, 1]); alpha is resized to theirs."""
        new = Picture.of(pixels).samples
        alpha = self.alpha
        if alpha is not None and alpha.shape != new.shape[:2]:
            alpha = _resize_alpha(alpha, new.shape[0], new.shape[1])
        return replace(self, samples=new, alpha=alpha)


def _from_array(array: NDArray[Any]) -> NDArray[np.uint8] | Pixels:
    if array.dtype.kind != "f" and array.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"pixels are uint8, uint16 or float, not {array.dtype}")
    colours = array if array.ndim == 3 else np.repeat(array[..., None], 3, axis=-1)
    if is_uint8(colours):
        return colours.copy()
    return np.clip(float_samples(colours if colours.dtype == np.uint16 else colours.astype(np.float32)), 0, 1)


def _from_tensor(tensor: Tensor) -> NDArray[np.uint8] | Pixels:
    import torch

    chw = tensor.detach().cpu().reshape(tensor.shape[-3:])  # refuses a batch of several
    if tensor.dtype != torch.uint8:
        chw = chw.float().clamp(0, 1)
    pixels: NDArray[np.uint8] | Pixels = np.ascontiguousarray(chw.numpy().transpose(1, 2, 0))
    return pixels


def _resize_alpha(alpha: Pixels, height: int, width: int) -> Pixels:
    import torch

    from pictura.picture.resize import resize

    plane: Pixels = resize(torch.from_numpy(alpha.copy())[None, None], (height, width))[0, 0].numpy()
    return plane
