"""Strokes that follow what is filmed: each painted frame is mixed with the one before, moved along with the picture.

Held statistics take the flicker from what stands still. Where the camera moves, a network paints the same thing a
little differently at every place, for its strides. As Ruder, Dosovitskiy and Brox (GCPR 2016) do while they optimize,
and Lai et al. (ECCV 2018) by a network, the frame before is warped by optical flow, and counts where the flow can be
trusted: there and back agree, no edge of motion is near, and both filmed frames look alike.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from pictura.metrics.flow import optical_flow, warp
from pictura.metrics.warping import visible
from pictura.picture.resize import fit_size, resize
from pictura.runtime.errors import PicturaError

FLOW_SIDE = 512  # longest side of the copies between which the flow is found
ALIKE = 0.08  # difference of the filmed frames, a share of the range, at which the one before counts 1 / e as much
SOFT = 5  # pixels of the copies over which trust is averaged, so that it has no edges


@dataclass
class Follower:
    """Keeps the frame before.

    share: of it in each frame, where it is seen again; 0 for none.
    filmed, painted: the frame before, 1×3×H×W; None at the start of a shot.
    """

    share: float
    filmed: Tensor | None = None
    painted: Tensor | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.share < 1:
            raise PicturaError(f"follow must be at least 0 and less than 1, got {self.share:g}.")

    def begin_anew(self) -> None:
        """Forget the frame before: nothing of it is seen in the next."""
        self.filmed = self.painted = None

    def follow(self, filmed: Tensor, painted: Tensor) -> Tensor:
        """The painted frame with what it keeps of the one before; what is not painted stays as it was filmed."""
        if not self.share:
            return painted
        mixed = painted
        if self.filmed is not None and self.painted is not None and not torch.equal(filmed, painted):
            flow, trusted = find_flow(filmed, self.filmed)
            mixed = torch.lerp(painted, warp(self.painted, flow), self.share * trusted)
            mixed = torch.where((painted == filmed).all(1, keepdim=True), painted, mixed)
        self.filmed, self.painted = filmed, mixed
        return mixed


def find_flow(now: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
    """Where what is in a frame was in the one before, N×2×H×W in pixels, and how far that is to be trusted, N×1×H×W."""
    height, width = now.shape[-2:]
    size = fit_size(height, width, min(FLOW_SIDE, max(height, width)))
    x, y = resize(now, size), resize(before, size)
    there, back = optical_flow(x, y), optical_flow(y, x)
    alike = torch.exp(-((x - warp(y, there)).abs().mean(1, keepdim=True) / ALIKE).square())
    sides = [SOFT // 2] * 4
    trusted = visible(there, back).float() * F.avg_pool2d(F.pad(alike, sides, mode="replicate"), SOFT, 1)
    trusted = F.avg_pool2d(F.pad(trusted, sides, mode="replicate"), SOFT, 1)
    if size == (height, width):
        return there, trusted
    scale = there.new_tensor([width / size[1], height / size[0]]).view(1, 2, 1, 1)
    full = [F.interpolate(part, (height, width), mode="bilinear") for part in (there, trusted)]
    return full[0] * scale, full[1]
