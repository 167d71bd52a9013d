"""A Picture: pixels and what a file knows beside them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Pixels = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture, read once and written once.

    pixels: H×W×3 float32 in [0, 1], sRGB; a grey source stands on all three channels.
    alpha: H×W float32 in [0, 1], 1 is opaque, or None; pixels are not multiplied by it.
    depth: bits per sample of the file, 8 or 16.
    grey: the source was grey; it is written grey again while its pixels still are.
    icc: the source's own profile, into which `write` converts back, or None where sRGB was assumed.
    settings: pictura's settings found in the file, or None.
    """

    pixels: Pixels
    alpha: Pixels | None = None
    depth: int = 8
    grey: bool = False
    icc: bytes | None = None
    settings: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 3 or not self.pixels.size:
            raise ValueError(f"pixels are H×W×3, not {self.pixels.shape}")
        if not np.isfinite(self.pixels).all():
            raise ValueError("pixels hold NaN or infinity")
        if self.alpha is not None and self.alpha.shape != self.size:
            raise ValueError(f"alpha is {self.alpha.shape} on a picture of {self.size}")

    @classmethod
    def of(cls, array: NDArray[Any] | Tensor) -> Picture:
        """From H×W×3 or H×W (uint8, uint16, or float in [0, 1]) or from a tensor 3×H×W or 1×3×H×W in [0, 1]."""
        if not isinstance(array, np.ndarray):
            return cls(_from_tensor(array))
        depth = 16 if array.dtype == np.uint16 else 8
        return cls(_from_array(array), depth=depth, grey=array.ndim == 2)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]

    def tensor(self) -> Tensor:
        """The pixels as a tensor of its own, 1×3×H×W float32 in [0, 1] sRGB, on the CPU."""
        import torch

        return torch.from_numpy(self.pixels.transpose(2, 0, 1)[None].copy())

    def replaced(self, pixels: NDArray[Any] | Tensor) -> Picture:
        """The same picture with new pixels (as `of` takes them, clipped to [0, 1]); alpha follows a new size."""
        new = Picture.of(pixels).pixels
        alpha = self.alpha
        if alpha is not None and alpha.shape != new.shape[:2]:
            alpha = _resized(alpha, new.shape[0], new.shape[1])
        return replace(self, pixels=new, alpha=alpha)


def _from_array(array: NDArray[Any]) -> Pixels:
    if array.dtype.kind != "f" and array.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"pixels are uint8, uint16 or float, not {array.dtype}")
    scale = 1 if array.dtype.kind == "f" else np.iinfo(array.dtype).max
    pixels = np.clip(array.astype(np.float32) / np.float32(scale), 0, 1)
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=-1)


def _from_tensor(tensor: Tensor) -> Pixels:
    chw = tensor.detach().float().cpu().reshape(tensor.shape[-3:])  # refuses a batch of several
    pixels: Pixels = np.ascontiguousarray(chw.numpy().transpose(1, 2, 0))
    return np.clip(pixels, 0, 1)


def _resized(alpha: Pixels, height: int, width: int) -> Pixels:
    import torch

    from pictura.picture.scale import resize

    plane: Pixels = resize(torch.from_numpy(alpha.copy())[None, None], (height, width))[0, 0].numpy()
    return plane
