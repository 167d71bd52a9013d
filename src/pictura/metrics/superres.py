"""The scores of the papers on super-resolution, by their protocol: PSNR and SSIM of Y or RGB, borders left out."""

from typing import NamedTuple

from torch import Tensor

from pictura.metrics.similarity import psnr, ssim
from pictura.runtime.errors import PicturaError

# Y of ITU-R BT.601 in studio range.
LUMA_WEIGHTS = (65.481, 128.553, 24.966)  # of R, G, B in [0, 1]: black is 16, white 235
BLACK_LEVEL = 16.0
PEAK = 255.0  # the literature's, although studio range spans 219


class Score(NamedTuple):
    """psnr: dB; ssim: at most 1."""

    psnr: float
    ssim: float


def score(output: Tensor, target: Tensor, border: int, *, grey: bool = False) -> Score:
    """PSNR and SSIM of one picture 1×3×H×W in [0, 1] against the true one, without `border` pixels on each side.

    On the Y of `luma`, both pictures and Y rounded to 8 bits as the MATLAB scripts of the papers do. These never
    convert a `grey` file: its own values, 0 to 255, are scored (one picture of Set14, which lowers the set's mean
    PSNR by 0.09 dB).
    """
    y, y_true = (scored_planes(x, border, grey=grey) for x in (output, target))
    return Score(psnr(y, y_true, PEAK).item(), ssim(y, y_true, PEAK).item())


def scored_planes(images: Tensor, border: int = 0, *, grey: bool = False, rgb: bool = False) -> Tensor:
    """What is scored of N×3×H×W in [0, 1]: whole numbers from 0 to 255, without `border` pixels on each side.

    N×1 planes of `luma`, of a `grey` file its own values; with `rgb` N×3.

    Raises:
        PicturaError: the border leaves nothing.
    """
    height, width = images.shape[-2:]
    if 2 * border >= min(height, width):
        raise PicturaError(f"A border of {border} leaves nothing of {width}×{height} pixels: give a smaller one.")
    inner = images[..., border : height - border, border : width - border]
    rounded = (inner.clamp(0, 1) * 255).round()
    if rgb:
        return rounded
    return rounded[:, :1] if grey else luma(rounded / 255).round()


def luma(images: Tensor) -> Tensor:
    """N×3×H×W in [0, 1] sRGB to N×1×H×W in [16, 235], not rounded.

    In full range, as JPEG has it, the same error would be larger by 255/219: a score lower by 1.32 dB.
    """
    weights = images.new_tensor(LUMA_WEIGHTS).view(1, 3, 1, 1)
    return BLACK_LEVEL + (images * weights).sum(1, keepdim=True)
