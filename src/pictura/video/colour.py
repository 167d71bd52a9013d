"""Frames as FFmpeg decodes them to RGB in [0, 1], and back, with nobody's guess between.

A frame is luma and two differences of colour, Y'CbCr, in 8 bits or more, in the *limited* range of television (16 to
235) or the full one, by the *matrix* of one of three generations of television; the differences usually at half the
size. To take one for another shifts contrast and hues, and looks like a style. So the two conversions are here, one the
inverse of the other, rather than left to a scaler's defaults.

Differences at half the size are repeated on the way in and averaged on the way out: a picture that is not painted comes
back with the very same numbers.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from pictura.runtime.errors import PicturaError
from pictura.video.libav import import_av

if TYPE_CHECKING:
    from av import VideoFrame

BT709, UNKNOWN, SMPTE170M = 1, 2, 6
LIMITED_RANGE, FULL_RANGE = 1, 2
# Shares of red and blue in luma, by AVColorSpace (ITU-T H.273, table 4).
RED_BLUE_WEIGHTS = {
    BT709: (0.2126, 0.0722),
    4: (0.30, 0.11),  # FCC
    5: (0.299, 0.114),  # BT.470 BG, which is BT.601
    SMPTE170M: (0.299, 0.114),  # BT.601
    7: (0.212, 0.087),  # SMPTE 240M
    9: (0.2627, 0.0593),  # BT.2020
}
UNSUPPORTED_MATRICES = {8: "YCgCo", 10: "BT.2020 with constant luminance", 14: "ICtCp"}
# Above this many rows a video that does not say is taken for high definition, as players do.
SD_ROWS = 576
# Formats whose planes are read as they are: numbers in the low bits of bytes, or of pairs of bytes.
PLANAR_FORMATS = re.compile(r"(yuva?j?4(20|22|40|44)p|gray)(\d*le)?")


@dataclass(frozen=True)
class ColourCoding:
    """How numbers become colours: AVColorSpace, and whether their range is full."""

    matrix: int
    full: bool

    @property
    def range(self) -> int:
        """AVColorRange."""
        return FULL_RANGE if self.full else LIMITED_RANGE

    def rgb_to_yuv(self) -> Tensor:
        """3×3: RGB to Y' in [0, 1] and Cb, Cr in [-0.5, 0.5]."""
        red, blue = RED_BLUE_WEIGHTS[self.matrix]
        green, b, r = 1 - red - blue, 2 * (1 - blue), 2 * (1 - red)
        return torch.tensor([[red, green, blue], [-red / b, -green / b, 0.5], [0.5, -green / r, -blue / r]])

    def yuv_to_rgb(self) -> Tensor:
        """3×3: its inverse."""
        red, blue = RED_BLUE_WEIGHTS[self.matrix]
        green, b, r = 1 - red - blue, 2 * (1 - blue), 2 * (1 - red)
        return torch.tensor([[1, 0, r], [1, -blue * b / green, -red * r / green], [1, b, 0]])

    def scale(self, bits: int) -> Tensor:
        """2×3: factors of Y', Cb and Cr, and what is added."""
        if self.full:
            top = 2.0**bits - 1
            return torch.tensor([[top, top, top], [0, 2.0 ** (bits - 1), 2.0 ** (bits - 1)]])
        return torch.tensor([[219.0, 224, 224], [16, 128, 128]]) * 2.0 ** (bits - 8)


def frame_coding(frame: "VideoFrame") -> ColourCoding:
    """What the frame says, and where it says nothing what players assume.

    Raises:
        PicturaError: a matrix that is none, or of which nothing is known here.
    """
    matrix = frame.colorspace
    if frame.format.is_rgb or frame.format.has_palette:
        return ColourCoding(BT709, False)  # of what will be written
    if matrix in UNSUPPORTED_MATRICES:
        raise PicturaError(
            f"This video's colours are {UNSUPPORTED_MATRICES[matrix]}: convert it to BT.709 or BT.2020 first."
        )
    if matrix not in RED_BLUE_WEIGHTS:
        matrix = BT709 if frame.height > SD_ROWS else SMPTE170M
    if frame.color_range not in (LIMITED_RANGE, FULL_RANGE):
        return ColourCoding(matrix, frame.format.name.startswith(("yuvj", "gray")))
    return ColourCoding(matrix, frame.color_range == FULL_RANGE)


def bit_depth(frame: "VideoFrame") -> int:
    """Bits of a number."""
    return max(component.bits for component in frame.format.components)


def to_rgb(frame: "VideoFrame", how: ColourCoding) -> Tensor:
    """A frame of any format to 1×3×H×W in [0, 1]; alpha is left off."""
    if frame.format.is_rgb or frame.format.has_palette:
        bits = 16 if bit_depth(frame) > 8 else 8
        frame = frame.reformat(format="gbrp16le" if bits == 16 else "gbrp")
        green, blue, red = (_plane_values(plane, bits) for plane in frame.planes)
        return (torch.stack([red, green, blue]) / (2.0**bits - 1))[None]
    frame = _to_planar(frame)
    bits = frame.format.components[0].bits
    factor, shift = how.scale(bits)
    planes = [_plane_values(plane, bits) for plane in frame.planes[:3]]
    parts = [(plane - shift[i]) / factor[i] for i, plane in enumerate(planes)]
    if len(parts) == 1:  # grey
        return torch.stack([parts[0].clamp(0, 1)] * 3)[None]
    whole = torch.stack([parts[0], *(_upsample_chroma(part, parts[0].shape) for part in parts[1:])])
    picture: Tensor = torch.einsum("ck,khw->chw", how.yuv_to_rgb(), whole)
    return picture.clamp(0, 1).unsqueeze(0)


def to_frame(picture: Tensor, kind: str, how: ColourCoding) -> "VideoFrame":
    """1×3×H×W in [0, 1] to a frame of a planar format, yuv420p for example."""
    height, width = picture.shape[-2:]
    frame: VideoFrame = import_av().VideoFrame(width, height, kind)
    bits = frame.format.components[0].bits
    factor, shift = how.scale(bits)
    parts = torch.einsum("kc,bchw->kbhw", how.rgb_to_yuv(), picture)
    for i, plane in enumerate(frame.planes):
        part = _downsample_chroma(parts[i : i + 1], (plane.height, plane.width))[0, 0]
        numbers = (part * factor[i] + shift[i]).round().clamp(0, 2**bits - 1)
        _plane_rows(plane, bits)[:, : plane.width] = numbers.numpy()
    frame.colorspace, frame.color_range = how.matrix, how.range
    return frame


def _to_planar(frame: "VideoFrame") -> "VideoFrame":
    """The same numbers in separate planes."""
    kind = frame.format
    if PLANAR_FORMATS.fullmatch(kind.name):
        return frame
    ends = {8: "", 10: "10le"}.get(bit_depth(frame), "12le")
    if len(kind.components) <= 2:
        return frame.reformat(format=f"gray{ends}")
    ratio = "420" if (kind.chroma_height(64), kind.chroma_width(64)) == (32, 32) else "444"
    return frame.reformat(format=f"yuv{ratio}p{ends}")


def _plane_values(plane: Any, bits: int) -> Tensor:
    """H×W."""
    return torch.from_numpy(_plane_rows(plane, bits)[:, : plane.width].astype(np.float32))


def _plane_rows(plane: Any, bits: int) -> Any:
    """The plane's memory, rows with what pads them."""
    return np.frombuffer(plane, np.uint8 if bits <= 8 else np.uint16).reshape(plane.height, -1)


def _upsample_chroma(part: Tensor, size: torch.Size) -> Tensor:
    """A plane of colour at the size of luma."""
    for axis in (0, 1):
        part = part.repeat_interleave(-(-size[axis] // part.shape[axis]), axis)
    return part[: size[0], : size[1]]


def _downsample_chroma(part: Tensor, size: tuple[int, int]) -> Tensor:
    """The inverse: the last row or column of an odd size stands for itself."""
    blocks = [-(-part.shape[2 + axis] // size[axis]) for axis in (0, 1)]
    return part if blocks == [1, 1] else F.avg_pool2d(part, blocks, ceil_mode=True, count_include_pad=False)
