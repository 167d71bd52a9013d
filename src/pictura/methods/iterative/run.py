"""Texture synthesis and style transfer by optimization of the pixels: the run from coarse to fine.

Gatys, Ecker, Bethge: "Texture Synthesis Using Convolutional Neural Networks" (2015, arXiv 1505.07376) and "Image Style
Transfer Using Convolutional Neural Networks" (CVPR 2016). The loss is in `objective`, one step of the pixels in
`pixels`.

Ours instead of the paper's, by default: Wasserstein-2 between Gaussians for the Gram term, coarse to fine with the
optimizer's moments carried over, and the averaged iterate as the result; all three after
crowsonkb/style-transfer-pytorch. The paper's own are the preset `paper`.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from pictura.encoders import Encoder
from pictura.losses.moments import Moments
from pictura.losses.perceptual import add_noise
from pictura.methods.iterative.objective import StyleObjective
from pictura.methods.iterative.pixels import Pixels
from pictura.methods.iterative.schedule import plan_scales, share_done
from pictura.methods.iterative.settings import Settings
from pictura.picture.resize import fit_size, resize
from pictura.runtime.errors import PicturaError

StyleAt = Callable[[float], Moments]  # longest side → the style's moments at that size: `StyleSource.at`
FINEST_NOISE = 0.2  # our trial: with as much noise at the last scale as at the first the contrast fades


@dataclass(frozen=True)
class Step:
    """The state of a run after one step, for whoever follows it."""

    step: int  # from 1
    steps: int  # in all
    size: tuple[int, int]  # height, width in pixels
    losses: Mapping[str, float]  # each term with its weight, and their sum as "total"
    seconds: float  # since the start
    left: float  # estimated seconds to go
    picture: Callable[[], Tensor]  # the best picture so far, 1×3×H×W in [0, 1]
    note: str = ""  # something a person should know


class Interrupted(KeyboardInterrupt):
    """The run was stopped; `picture` is the best so far at the requested size, of the kind the work returns."""

    def __init__(self, picture: Any) -> None:
        super().__init__()
        self.picture = picture


class IterativeStylizer:
    """One run from coarse to fine; `paint` is the whole method.

    Args:
        encoder: whose features define content and style.
        settings: everything else that decides the result.
        style_at: moments of the style with its painting's longest side at so many pixels.
        size: height and width of the result.
        content: the photograph, 1×3×H×W in [0, 1]; None for a texture.
        start: the first image, 1×3×H×W in [0, 1] of any size.
        callback: called after each step.
        stop: asked after each step; when it returns True, the run ends as with Ctrl-C.
        emphasis: weight of each position in the content term, 1×1×h×w of any size; by default 1.
    """

    def __init__(
        self,
        encoder: Encoder,
        settings: Settings,
        style_at: StyleAt,
        size: tuple[int, int],
        content: Tensor | None,
        start: Tensor,
        callback: Callable[[Step], None] | None = None,
        stop: Callable[[], bool] | None = None,
        emphasis: Tensor | None = None,
    ) -> None:
        self.encoder = encoder
        self.settings = settings
        self.style_at = style_at
        self.size = size
        self.content = content
        self.start = start
        self.callback = callback
        self.stop = stop
        self.emphasis = emphasis
        self.smallest = encoder.smallest(
            [*settings.style_layers, *(settings.content_layers if content is not None else ())]
        )
        self.schedule = plan_scales(max(size), settings)
        self.pixels: Pixels | None = None
        self.generator = torch.Generator().manual_seed(settings.seed)
        self.start_time = time.monotonic()

    def paint(self) -> Tensor:
        """The finished picture, 1×3×H×W in [0, 1] at the requested size.

        Raises:
            Interrupted: Ctrl-C or `stop`; it carries the best picture so far.
        """
        try:
            for index, (side, steps) in enumerate(self.schedule):
                self._run_scale(index, steps, self._pixels_at(self._working_size(side)))
        except KeyboardInterrupt as error:
            raise Interrupted(resize(self._best(), self.size)) from error
        return resize(self._best(), self.size)

    def _best(self) -> Tensor:
        return self.start if self.pixels is None else self.pixels.average()

    def _working_size(self, side: int) -> tuple[int, int]:
        """Never below what the encoder can read, so that one-pixel pictures can be painted too."""
        height, width = fit_size(*self.size, side)
        return max(height, self.smallest), max(width, self.smallest)

    def _pixels_at(self, size: tuple[int, int]) -> Pixels:
        """The best image so far at this size, ready to be moved."""
        image = resize(self._best(), size)
        return Pixels(image, self.settings) if self.pixels is None else self.pixels.resize_to(image)

    def _run_scale(self, index: int, steps: int, pixels: Pixels) -> None:
        side, _ = self.schedule[index]
        size = (pixels.x.shape[2], pixels.x.shape[3])
        content = None if self.content is None else resize(self.content, size)
        style = self.style_at(side * self.settings.style_scale)
        noise = self._noise_transform(index)
        objective = StyleObjective(self.encoder, self.settings, style, content, noise, self.emphasis)
        self.pixels = pixels
        for i in range(steps):
            losses, note = self.pixels.step(objective), ""
            if not (math.isfinite(losses["total"]) and self.pixels.is_finite):
                self.pixels, note = self._recover(self.pixels)
            self.pixels.add_to_average()
            self._report(index, i + 1, size, losses, note)
            if self.stop is not None and self.stop():
                raise KeyboardInterrupt

    def _noise_transform(self, index: int) -> Callable[[Tensor], Tensor]:
        """Adds noise that falls from `smoothing` at the coarsest scale to a fifth of it at the finest.

        The gradient averaged over such noise (SmoothGrad, Smilkov et al. 2017, arXiv 1706.03825) keeps what holds in a
        neighbourhood of the image and loses the encoder's quirks at a point: longer strokes, fewer dots. L-BFGS goes
        without: it learns the curvature of a loss that stays the same.
        """
        if not self.settings.smoothing or self.settings.optimizer == "lbfgs":
            return torch.nn.Identity()
        share = index / max(1, len(self.schedule) - 1)
        sigma = self.settings.smoothing * FINEST_NOISE**share
        return partial(add_noise, sigma=sigma, generator=self.generator)

    def _recover(self, pixels: Pixels) -> tuple[Pixels, str]:
        restored = pixels.restore()
        if restored.rate < self.settings.learning_rate / 1000:
            raise PicturaError(
                "The loss is still NaN at the smallest step size; try another optimizer, or smaller weights."
            )
        return restored, f"the loss was not a number; went back one step, step size now {restored.rate:.2g}"

    def _report(self, index: int, step: int, size: tuple[int, int], losses: Mapping[str, float], note: str) -> None:
        if self.callback is None or self.pixels is None:
            return
        average, seconds = self.pixels.average, time.monotonic() - self.start_time
        self.callback(
            Step(
                step=sum(n for _, n in self.schedule[:index]) + step,
                steps=sum(n for _, n in self.schedule),
                size=size,
                losses=losses,
                seconds=seconds,
                left=seconds * (1 / share_done(self.schedule, index, step) - 1),
                picture=lambda: resize(average(), self.size),
                note=note,
            )
        )
