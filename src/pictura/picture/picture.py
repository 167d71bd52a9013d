"""A Picture: pixels, and what a file stores beside them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pictura.picture import colour
from pictura.picture.bands import Pixels, bands, float_samples, integer_samples, is_uint8
from pictura.picture.hidden import fill_hidden
from pictura.picture.notes import Notes
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
    own: the samples in the space of `icc`, H×W×3, or None where sRGB is all there is: sRGB does not hold every colour
        of a wider space, and what changes none of them shall lose none.
    notes: what the file says of the picture: resolution, author, date.
    """

    samples: NDArray[np.uint8] | Pixels
    alpha: Pixels | None = None
    depth: int = 8
    grey: bool = False
    icc: bytes | None = None
    settings: dict[str, Any] | None = None
    own: NDArray[np.uint8] | NDArray[np.uint16] | Pixels | None = None
    notes: Notes = field(default_factory=Notes)

    def __post_init__(self) -> None:
        if self.samples.ndim != 3 or self.samples.shape[2] != 3 or not self.samples.size:
            raise ValueError(f"pixels are H×W×3, not {self.samples.shape}")
        if not is_uint8(self.samples) and not np.isfinite(self.samples).all():
            raise ValueError("pixels hold NaN or infinity")
        if self.alpha is not None and self.alpha.shape != self.size:
            raise ValueError(f"alpha is {self.alpha.shape} on a picture of {self.size}")
        if self.alpha is not None and not np.isfinite(self.alpha).all():
            raise ValueError("alpha holds NaN or infinity")

    @classmethod
    def of(cls, array: NDArray[Any] | Tensor) -> Picture:
        """From H×W×3 or H×W (uint8, uint16, or float in [0, 1]) or from a tensor 3×H×W or 1×3×H×W (uint8 or [0, 1]).

        H×W×4 and tensors of 4 channels have alpha last.
        """
        check_range(array)
        if not isinstance(array, np.ndarray):
            return cls(*_split_alpha(_from_tensor(array)))
        depth = 16 if array.dtype == np.uint16 else 8
        return cls(*_split_alpha(_from_array(array)), depth=depth, grey=array.ndim == 2)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.samples.shape[0], self.samples.shape[1]

    @property
    def pixels(self) -> Pixels:
        """H×W×3 float32 in [0, 1], sRGB."""
        return float_samples(self.samples)

    def view(self, *, own: bool = False) -> Tensor:
        """The samples as networks and filters may see them, 1×3×H×W, uint8 or float32 in [0, 1]; do not write to them.

        Without a copy where nothing is hidden: under an alpha of 0 the colours around go on (see `hidden`). With `own`
        they are in the picture's own space, for what treats all colours alike.
        """
        import torch

        samples = np.require(self._visible_samples(own=own), requirements=["C", "W"])
        return torch.from_numpy(samples.transpose(2, 0, 1)[None])

    def tensor(self, *, alpha: bool = False) -> Tensor:
        """The same copied to a tensor, 1×3×H×W float32 in [0, 1] sRGB, on the CPU.

        With `alpha` it is a fourth channel, where something is transparent.
        """
        import torch

        channels = [float_samples(self._visible_samples())]
        if alpha and self.alpha is not None and (self.alpha < 1).any():
            channels.append(self.alpha[..., None])
        return torch.from_numpy(np.concatenate(channels, axis=-1).transpose(2, 0, 1)[None].copy())

    def with_pixels(self, pixels: NDArray[Any] | Tensor, *, own: bool = False) -> Picture:
        """The same picture with new pixels (as for `of`, clipped to [0, 1]); alpha is resized to theirs.

        With `own` they are in the picture's own space, as `view` gave them. Of pixels in sRGB those that have not
        changed keep their colours of the own space.
        """
        samples = _from_array(pixels) if isinstance(pixels, np.ndarray) else _from_tensor(pixels)
        new = _split_alpha(samples)[0]
        alpha = self.alpha
        if alpha is not None and alpha.shape != new.shape[:2]:
            alpha = _resize_alpha(alpha, new.shape[0], new.shape[1])
        if self.own is None:
            return replace(self, samples=new, alpha=alpha)
        if own:
            return replace(self, samples=_to_srgb(new, self.icc, self.grey), alpha=alpha, own=new)
        return replace(self, samples=new, alpha=alpha, own=self._keep_unchanged(new))

    def _visible_samples(self, *, own: bool = False) -> NDArray[np.uint8] | Pixels:
        """The samples, in the own space where asked for, with what nobody sees filled from around."""
        samples = self.own if own and self.own is not None else self.samples
        visible = None if self.alpha is None else self.alpha > 0
        if is_uint8(samples):
            return samples if visible is None else fill_hidden(samples, visible)
        pixels = float_samples(samples)
        return pixels if visible is None else fill_hidden(pixels, visible)

    def _keep_unchanged(self, new: NDArray[np.uint8] | Pixels) -> NDArray[Any] | None:
        """The own samples of new pixels in sRGB, of which some are as before; None if none is."""
        samples = self._visible_samples()
        if new.shape != samples.shape or new.dtype != samples.dtype:
            return None
        same = (new == samples).all(axis=-1, keepdims=True)
        own = self._visible_samples(own=True)
        if same.all():
            return own
        if not same.any():
            return None
        kept = np.empty(new.shape, np.float32)
        for rows in bands(self.size):
            converted, _ = colour.from_srgb(new[rows], self.icc, self.grey)
            kept[rows] = np.where(same[rows], float_samples(own[rows]), float_samples(converted))
        return kept


def _to_srgb(own: NDArray[np.uint8] | Pixels, icc: bytes | None, grey: bool) -> NDArray[np.uint8] | Pixels:
    """Samples of the picture's own space in sRGB, of the same dtype."""
    output = np.empty_like(own)
    for rows in bands((own.shape[0], own.shape[1])):
        converted, _ = colour.to_srgb(own[rows], icc, grey)
        output[rows] = integer_samples(converted, np.uint8) if is_uint8(own) else float_samples(converted)
    return output


def _split_alpha(samples: NDArray[np.uint8] | Pixels) -> tuple[NDArray[np.uint8] | Pixels, Pixels | None]:
    """H×W×3 and H×W of H×W×4 with alpha last; anything else as it is."""
    if samples.ndim != 3 or samples.shape[2] != 4:
        return samples, None
    order, alpha = [0, 1, 2], float_samples(samples[..., 3].copy())
    return (samples[..., order] if is_uint8(samples) else float_samples(samples)[..., order]), alpha


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
