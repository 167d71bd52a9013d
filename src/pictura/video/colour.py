"""Convert frames as FFmpeg decodes them to RGB in [0, 1], and back, without guessing.

A frame is luma and two colour differences, Y'CbCr, in 8 bits or more, in the *limited* range of television (16 to
235) or the full one, by the *matrix* of one of three generations of television; the differences usually at half the
size. Mistaking one for another shifts contrast and hues, which looks like a style. So the two conversions are here, one
the inverse of the other, instead of a scaler's defaults.

Differences at half the size are repeated when reading and averaged when writing: a picture that is not painted comes
back with the same numbers.
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
# Weights of red and blue in luma, by AVColorSpace (ITU-T H.273, table 4).
RED_BLUE_WEIGHTS = {
    BT709: (0.2126, 0.0722),
    4: (0.30, 0.11),  # FCC
    5: (0.299, 0.114),  # BT.470 BG, which is BT.601
    SMPTE170M: (0.299, 0.114),  # BT.601
    7: (0.212, 0.087),  # SMPTE 240M
    9: (0.2627, 0.0593),  # BT.2020
}
UNSUPPORTED_MATRICES = {8: "YCgCo", 10: "BT.2020 with constant luminance", 14: "ICtCp"}
# Above this many rows a video without a matrix is treated as high definition, as players do.
SD_ROWS = 576
# Formats whose planes are read directly: numbers in the low bits of bytes, or of pairs of bytes.
PLANAR_FORMATS = re.compile(r"(yuva?j?4(20|22|40|44)p|gray)(\d*le)?")


@dataclass(frozen=True)
class ColourCoding:
    """How numbers become colours: AVColorSpace, and whether their range is full."""

    matrix: int
    full: bool

    @property
    def range(self) -> int:
        """The range as FFmpeg's AVColorRange."""
        return FULL_RANGE if self.full else LIMITED_RANGE

    def rgb_to_yuv(self) -> Tensor:
        """3×3: RGB to Y' in [0, 1] and Cb, Cr in [-0.5, 0.5]."""
        red, blue = RED_BLUE_WEIGHTS[self.matrix]
        green, b, r = 1 - red - blue, 2 * (1 - blue), 2 * (1 - red)
        return torch.tensor([[red, green, blue], [-red / b, -green / b, 0.5], [0.5, -green / r, -blue / r]])

    def yuv_to_rgb(self) -> Tensor:
        """3×3: the inverse of `rgb_to_yuv`."""
        red, blue = RED_BLUE_WEIGHTS[self.matrix]
        green, b, r = 1 - red - blue, 2 * (1 - blue), 2 * (1 - red)
        return torch.tensor([[1, 0, r], [1, -blue * b / green, -red * r / green], [1, b, 0]])

    def quantization(self, bits: int) -> Tensor:
        """2×3: factors and offsets of Y', Cb and Cr."""
        if self.full:
            top = 2.0**bits - 1
            return torch.tensor([[top, top, top], [0, 2.0 ** (bits - 1), 2.0 ** (bits - 1)]])
        return torch.tensor([[219.0, 224, 224], [16, 128, 128]]) * 2.0 ** (bits - 8)


def frame_coding(frame: "VideoFrame") -> ColourCoding:
    """The coding a frame states, else the one that players assume.

    Raises:
        PicturaError: the colour matrix is unknown or unsupported.
    """
    matrix = frame.colorspace
    if frame.format.is_rgb or frame.format.has_palette:
        return ColourCoding(BT709, False)  # as it will be written
    if matrix in UNSUPPORTED_MATRICES:
        raise PicturaError(
            f"The colour matrix {UNSUPPORTED_MATRICES[matrix]} is not supported: convert the video to BT.709 or "
            "BT.2020."
        )
    if matrix not in RED_BLUE_WEIGHTS:
        matrix = BT709 if frame.height > SD_ROWS else SMPTE170M
    if frame.color_range not in (LIMITED_RANGE, FULL_RANGE):
        return ColourCoding(matrix, frame.format.name.startswith(("yuvj", "gray")))
    return ColourCoding(matrix, frame.color_range == FULL_RANGE)


def bit_depth(frame: "VideoFrame") -> int:
    """The largest number of bits per sample."""
    return max(component.bits for component in frame.format.components)


def to_rgb(frame: "VideoFrame", coding: ColourCoding) -> Tensor:
    """A frame of any format to 1×3×H×W in [0, 1]; alpha is dropped."""
    if frame.format.is_rgb or frame.format.has_palette:
        bits = 16 if bit_depth(frame) > 8 else 8
        frame = frame.reformat(format="gbrp16le" if bits == 16 else "gbrp")
        green, blue, red = (_plane_values(plane, bits) for plane in frame.planes)
        return (torch.stack([red, green, blue]) / (2.0**bits - 1))[None]
    frame = _to_planar(frame)
    bits = frame.format.components[0].bits
    factor, shift = coding.quantization(bits)
    planes = [_plane_values(plane, bits) for plane in frame.planes[:3]]
    values = [(plane - shift[i]) / factor[i] for i, plane in enumerate(planes)]
    if len(values) == 1:  # grey
        return torch.stack([values[0].clamp(0, 1)] * 3)[None]
    yuv = torch.stack([values[0], *(_upsample_chroma(chroma, values[0].shape) for chroma in values[1:])])
    image: Tensor = torch.einsum("ck,khw->chw", coding.yuv_to_rgb(), yuv)
    return image.clamp(0, 1).unsqueeze(0)


def to_frame(image: Tensor, pixel_format: str, coding: ColourCoding) -> "VideoFrame":
    """1×3×H×W in [0, 1] to a frame of a planar format, yuv420p for example."""
    height, width = image.shape[-2:]
    frame: VideoFrame = import_av().VideoFrame(width, height, pixel_format)
    bits = frame.format.components[0].bits
    factor, shift = coding.quantization(bits)
    yuv = torch.einsum("kc,bchw->kbhw", coding.rgb_to_yuv(), image)
    for i, plane in enumerate(frame.planes):
        values = _downsample_chroma(yuv[i : i + 1], (plane.height, plane.width))[0, 0]
        numbers = (values * factor[i] + shift[i]).round().clamp(0, 2**bits - 1)
        _plane_rows(plane, bits)[:, : plane.width] = numbers.numpy()
    frame.colorspace, frame.color_range = coding.matrix, coding.range
    return frame


def _to_planar(frame: "VideoFrame") -> "VideoFrame":
    pixel_format = frame.format
    if PLANAR_FORMATS.fullmatch(pixel_format.name):
        return frame
    suffix = {8: "", 10: "10le"}.get(bit_depth(frame), "12le")
    if len(pixel_format.components) <= 2:
        return frame.reformat(format=f"gray{suffix}")
    ratio = "420" if (pixel_format.chroma_height(64), pixel_format.chroma_width(64)) == (32, 32) else "444"
    return frame.reformat(format=f"yuv{ratio}p{suffix}")


def _plane_values(plane: Any, bits: int) -> Tensor:
    return torch.from_numpy(_plane_rows(plane, bits)[:, : plane.width].astype(np.float32))


def _plane_rows(plane: Any, bits: int) -> Any:
    """The plane's memory as rows, padding included."""
    return np.frombuffer(plane, np.uint8 if bits <= 8 else np.uint16).reshape(plane.height, -1)


def _upsample_chroma(plane: Tensor, size: torch.Size) -> Tensor:
    """Repeat a plane of colour differences to the size of luma."""
    for axis in (0, 1):
        plane = plane.repeat_interleave(-(-size[axis] // plane.shape[axis]), axis)
    return plane[: size[0], : size[1]]


def _downsample_chroma(plane: Tensor, size: tuple[int, int]) -> Tensor:
    """The inverse: the last row or column of an odd size is a block of its own."""
    blocks = [-(-plane.shape[2 + axis] // size[axis]) for axis in (0, 1)]
    return plane if blocks == [1, 1] else F.avg_pool2d(plane, blocks, ceil_mode=True, count_include_pad=False)
