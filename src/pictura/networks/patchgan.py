"""PatchGAN, the critic of pix2pix and CycleGAN (Isola et al. 2017, arXiv 1611.07004, section 6.1.2).

C64-C128-C256-C512 and a last convolution to one channel, 4×4; all have stride 2 but the last two. Each answer judges a
patch of 70×70 pixels; with fewer or more layers it is 16, 34, 142 or 286, and with 1×1 filters one pixel. The paper
does not print the strides; these are the ones that give its patches.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.networks.layers.normalized import NormalizedConv, NormKind, initialize

PATCHGAN_WIDTH = 64
MAX_FACTOR = 8  # the deepest layers have so many times as many channels
SLOPE = 0.2  # of the leaky ReLU
# Patch → convolutions of stride 2; 0: filters of one pixel.
PATCHES = {"pixel": 0, "patch16": 1, "patch34": 2, "patch70": 3, "patch142": 4, "patch286": 5}


class PatchGAN(nn.Module):
    """N×3×H×W in [-1, 1], and a condition that is concatenated before it, to answers N×1×h×w, large for "real".

    Args:
        strides: convolutions of stride 2, as in `PATCHES`; 0 judges single pixels.
        norm: of all convolutions but the first and the last.
        inputs: channels, those of the condition among them: 6 for a pair.
        width: channels of the first layer.

    Attributes:
        smallest: side of a picture for which there is an answer, and something to normalize before it.
    """

    def __init__(
        self, strides: int = 3, norm: NormKind = "instance", *, inputs: int = 3, width: int = PATCHGAN_WIDTH
    ) -> None:
        super().__init__()
        self.smallest = 3 * 2**strides if strides else 1
        bias = norm == "instance"
        widths = [width * min(2**layer, MAX_FACTOR) for layer in range(max(1, strides) + 1)]
        self.layers = nn.ModuleList()
        for layer, (before, after) in enumerate(zip([inputs, *widths], widths, strict=False)):
            kernel, stride, padding = (4, 2 if layer < strides else 1, 1) if strides else (1, 1, 0)
            convolution = nn.Conv2d(before, after, kernel, stride, padding, bias=bias or layer == 0)
            self.layers.append(NormalizedConv(convolution, norm if layer else None))
        # The pixel critic's last convolution has a bias with instance norm only, as in junyanz's networks.py.
        self.last = nn.Conv2d(widths[-1], 1, kernel, 1, padding, bias=bias or strides > 0)
        initialize(self)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> list[Tensor]:
        """One answer a patch, without sigmoid, as a list of one map."""
        y = x if condition is None else torch.cat([condition, x], 1)
        for layer in self.layers:
            y = F.leaky_relu(layer(y), SLOPE)
        return [self.last(y)]
