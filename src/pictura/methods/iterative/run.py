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
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pictura.encoders import Encoder
from pictura.losses.moments import Moments
from pictura.losses.perceptual import add_noise
from pictura.methods.iterative.objective import StyleObjective
from pictura.methods.iterative.pixels import Losses, Pixels
from pictura.methods.iterative.schedule import plan_scales, share_done
from pictura.methods.iterative.settings import Settings
from pictura.methods.iterative.stored import InMemory, StoredPixels, store_content
from pictura.methods.iterative.tiled import TiledObjective, memory_per_pixel
from pictura.picture.resize import fit_size, resize, to_float
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
    picture: Callable[[], Tensor]  # the best so far, 1×3×H×W in [0, 1]; of one too large for memory a small copy
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
        memory: bytes to work in. A scale that needs more is painted tile by tile, its pixels in files (`stored`);
            only with Adam.
        workspace: folder for those files. What a stopped run left there is gone on with.
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
        memory: float = math.inf,
        workspace: Path | None = None,
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
        self.memory, self.workspace = memory, workspace
        self.smallest = encoder.smallest(
            [*settings.style_layers, *(settings.content_layers if content is not None else ())]
        )
        self.schedule = plan_scales(max(size), settings)
        self.sizes = [self._working_size(side) for side, _ in self.schedule]
        self.pixels: Pixels | StoredPixels | None = None
        self.generator = torch.Generator().manual_seed(settings.seed)
        self.start_time = time.monotonic()
        self.share_before = 0.0  # of the work, done by a run that was stopped

    def paint(self) -> Tensor:
        """The finished picture, 1×3×H×W at the requested size, in [0, 1]; in uint8 where it was painted in files.

        Raises:
            Interrupted: Ctrl-C or `stop`; it carries the best picture so far.
            PicturaError: the loss stays NaN, or the workspace has no room.
        """
        try:
            stored = self.workspace and StoredPixels.resume(self.workspace, self.sizes, self.settings)
            if stored:
                self.pixels = stored
                self.share_before = share_done(self.schedule, stored.scale, stored.step_done)
            for index in range(stored.scale if stored else 0, len(self.schedule)):
                self._run_scale(index)
        except KeyboardInterrupt as error:
            raise Interrupted(resize(self._best(), self.size)) from error
        return resize(self._best(), self.size)

    def _fits(self, index: int) -> bool:
        if self.workspace is None or self.settings.optimizer != "adam":
            return True
        return math.prod(self.sizes[index]) * memory_per_pixel(self.encoder) <= self.memory

    def _best(self) -> Tensor:
        return self.start if self.pixels is None else self.pixels.average()

    def _working_size(self, side: int) -> tuple[int, int]:
        """Never below what the encoder can read, so that one-pixel pictures can be painted too."""
        height, width = fit_size(*self.size, side)
        return max(height, self.smallest), max(width, self.smallest)

    def _run_scale(self, index: int) -> None:
        """All steps of a scale that are still to be taken."""
        if self.workspace is None or self._fits(index):
            step = self._open_in_memory(index)
        else:
            step = self._open_stored(index, self.workspace)
        done = self.pixels.step_done if isinstance(self.pixels, StoredPixels) else 0
        for number in range(done, self.schedule[index][1]):
            losses, note = step()
            self._report(index, number + 1, losses, note)
            if self.stop is not None and self.stop():
                raise KeyboardInterrupt

    def _open_in_memory(self, index: int) -> Callable[[], tuple[Losses, str]]:
        """What takes a step of a scale, in one piece."""
        size = self.sizes[index]
        image = to_float(resize(self._best(), size))
        pixels = self.pixels.resize_to(image) if isinstance(self.pixels, Pixels) else Pixels(image, self.settings)
        content = None if self.content is None else to_float(resize(self.content, size))
        noise = self._noise_transform(index)
        objective = StyleObjective(self.encoder, self.settings, self._style_at(index), content, noise, self.emphasis)
        self.pixels = pixels

        def step() -> tuple[Losses, str]:
            nonlocal pixels
            losses, note = pixels.step(objective), ""
            if not (math.isfinite(losses["total"]) and pixels.is_finite):
                pixels, note = self._recover(pixels)
            pixels.add_to_average()
            self.pixels = pixels
            return losses, note

        return step

    def _open_stored(self, index: int, workspace: Path) -> Callable[[], tuple[Losses, str]]:
        """What takes a step of a scale, tile by tile."""
        size = self.sizes[index]
        pixels = self.pixels
        if not (isinstance(pixels, StoredPixels) and pixels.scale == index):
            before = pixels if isinstance(pixels, StoredPixels) else InMemory(self._best(), pixels)
            pixels = StoredPixels.start(workspace, index, size, self.settings, before)
        self.pixels = stored = pixels
        content = None
        if self.content is not None:
            content = store_content(workspace / f"{index}-content.plane", self.content, size)
        objective = TiledObjective(
            self.encoder,
            self.settings,
            self._style_at(index),
            content,
            size,
            self._noise_sigma(index),
            self.emphasis,
            self.memory,
        )

        def step() -> tuple[Losses, str]:
            losses = stored.step(objective)
            if not math.isfinite(losses["total"]):
                raise PicturaError("The loss is not a number; try smaller weights.")
            return losses, ""

        return step

    def _style_at(self, index: int) -> Moments:
        return self.style_at(self.schedule[index][0] * self.settings.style_scale)

    def _noise_transform(self, index: int) -> Callable[[Tensor], Tensor]:
        """Adds noise that falls from `smoothing` at the coarsest scale to a fifth of it at the finest.

        The gradient averaged over such noise (SmoothGrad, Smilkov et al. 2017, arXiv 1706.03825) keeps what holds in a
        neighbourhood of the image and loses the encoder's quirks at a point: longer strokes, fewer dots. L-BFGS goes
        without: it learns the curvature of a loss that stays the same.
        """
        sigma = self._noise_sigma(index)
        return partial(add_noise, sigma=sigma, generator=self.generator) if sigma else torch.nn.Identity()

    def _noise_sigma(self, index: int) -> float:
        if self.settings.optimizer == "lbfgs":
            return 0.0
        sigma: float = self.settings.smoothing * FINEST_NOISE ** (index / max(1, len(self.schedule) - 1))
        return sigma

    def _recover(self, pixels: Pixels) -> tuple[Pixels, str]:
        restored = pixels.restore()
        if restored.rate < self.settings.learning_rate / 1000:
            raise PicturaError(
                "The loss is still NaN at the smallest step size; try another optimizer, or smaller weights."
            )
        return restored, f"the loss was not a number; went back one step, step size now {restored.rate:.2g}"

    def _report(self, index: int, step: int, losses: Mapping[str, float], note: str) -> None:
        if self.callback is None or self.pixels is None:
            return
        pixels, seconds = self.pixels, time.monotonic() - self.start_time
        share = share_done(self.schedule, index, step)
        average = pixels.preview if isinstance(pixels, StoredPixels) else lambda: resize(pixels.average(), self.size)
        self.callback(
            Step(
                step=sum(n for _, n in self.schedule[:index]) + step,
                steps=sum(n for _, n in self.schedule),
                size=self.sizes[index],
                losses=losses,
                seconds=seconds,
                left=seconds * (1 - share) / (share - self.share_before),
                picture=average,
                note=note,
            )
        )
