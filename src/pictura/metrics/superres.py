"""The scores of the papers on super-resolution, by their protocol."""

from typing import NamedTuple

from torch import Tensor

from pictura.metrics.luma import luma
from pictura.metrics.psnr import psnr
from pictura.metrics.ssim import ssim

PEAK = 255.0  # the literature's, although studio range spans 219


class Score(NamedTuple):
    """psnr: dB; ssim: at most 1."""

    psnr: float
    ssim: float


def score(made: Tensor, true: Tensor, border: int, *, grey: bool = False) -> Score:
    """PSNR and SSIM of one picture 1×3×H×W in [0, 1] against the true one, `border` pixels left out on each side.

    On the Y of `luma`, both pictures and Y rounded to 8 bits as the MATLAB scripts of the papers do. These never
    convert a `grey` file: its own values, 0 to 255, are scored (one picture of Set14, which lowers the set's mean
    PSNR by 0.09 dB).
    """
    y, y_true = (_scored_plane(x, grey)[..., border:-border, border:-border] for x in (made, true))
    return Score(psnr(y, y_true, PEAK).item(), ssim(y, y_true, PEAK).item())


def _scored_plane(pictures: Tensor, grey: bool) -> Tensor:
    rounded = (pictures.clamp(0, 1) * 255).round()
    return rounded[:, :1] if grey else luma(rounded / 255).round()
