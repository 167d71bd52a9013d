"""A mirrored border, painted along with the picture and cut off again.

Pixels at an edge are seen by fewer features than others, and an optimization drives them to stronger colours. With a
border around them they are pixels like all others.
"""

from dataclasses import replace

import torch.nn.functional as F
from torch import Tensor

from pictura.methods.iterative.run import Step
from pictura.picture.resize import fit_size


class Margin:
    """The border around pictures of one size.

    Args:
        share: its width as a share of the longest side.
        size: height and width of a picture without it, in pixels.
    """

    def __init__(self, share: float, size: tuple[int, int]) -> None:
        self.inner = size
        self.pixels = min(round(share * max(size)), min(size) - 1)  # a reflection has at most so many
        self.outer = size[0] + 2 * self.pixels, size[1] + 2 * self.pixels

    @property
    def inner_share(self) -> float:
        """Longest side without the border over that with it."""
        return max(self.inner) / max(self.outer)

    def add(self, image: Tensor) -> Tensor:
        """1×C×H×W without the border to 1×C×H'×W' with it."""
        return F.pad(image, [self.pixels] * 4, mode="reflect") if self.pixels else image

    def cut(self, image: Tensor) -> Tensor:
        """1×C×H'×W' with the border to 1×C×H×W without it."""
        rows, columns = (slice(self.pixels, self.pixels + side) for side in self.inner)
        return image[..., rows, columns] if self.pixels else image

    def cut_step(self, step: Step) -> Step:
        """A step of the picture with its border, told as one of the picture."""
        size = fit_size(*self.inner, round(max(step.size) * self.inner_share))
        return replace(step, size=size, picture=lambda: self.cut(step.picture()))
