"""Texture synthesis and style transfer by optimisation of the pixels.

Gatys, Ecker, Bethge: "Texture Synthesis Using Convolutional Neural Networks" (2015, arXiv 1505.07376) and "Image Style
Transfer Using Convolutional Neural Networks" (CVPR 2016).  L = α L_content + β L_style; a texture has no content term.

Ours instead of the paper's, by default: Wasserstein-2 between Gaussians for the Gram term, coarse to fine with the
optimiser's moments carried over, and the averaged iterate as the result; all three after
crowsonkb/style-transfer-pytorch. The paper's own are the preset `paper`.
"""

import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pictura.encoders import Encoder
from pictura.losses.content import content_loss, relative_content_loss
from pictura.losses.gram import gram_loss
from pictura.losses.moments import moments
from pictura.losses.total_variation import total_variation
from pictura.losses.wasserstein import WassersteinLoss
from pictura.methods.iterative.pixels import ImageEMA, Pixels
from pictura.methods.iterative.settings import Settings
from pictura.picture.resize import fit_size, resize
from pictura.runtime.errors import PicturaError
from pictura.style import Moments

# Longest side → the style's moments at that size; a `Style.at` is one, a painting looked at anew for each is another.
StyleAt = Callable[[float], Moments]
FINEST_NOISE = 0.2  # our trial: with as much noise at the last scale as at the first the contrast fades
STEP_COST = 128  # measured: roots of covariances and calls take what this many pixels a side take
COARSEST = 128  # as crowsonkb; below it relu5_1 has fewer than 64 positions


@dataclass(frozen=True)
class Step:
    """What one step of the optimisation says: to a bar, a preview, a trace, a test."""

    step: int  # from 1
    steps: int  # in all
    size: tuple[int, int]  # height, width in pixels
    losses: Mapping[str, float]  # each term with its weight, and their sum as "total"
    seconds: float  # since the start
    left: float  # estimated seconds to go
    picture: Callable[[], Tensor]  # the best picture so far, 1×3×H×W in [0, 1]
    note: str = ""  # something a person should know


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during the work; `picture` is the best so far at the size asked for, of the kind the work returns."""

    def __init__(self, picture: Any) -> None:
        super().__init__()
        self.picture = picture


class StyleObjective:
    """The loss at one scale: targets are computed once, then each call gives the weighted terms.

    With a `look` the encoder sees the picture through it (see `Painter._through_noise`).
    """

    def __init__(
        self,
        encoder: Encoder,
        settings: Settings,
        style: Moments,
        content: Tensor | None,
        transform: Callable[[Tensor], Tensor] = torch.nn.Identity(),  # noqa: B008, it has no state
    ) -> None:
        self.encoder, self.settings, self.transform = encoder, settings, transform
        self.style = {encoder.resolve(n): w for n, w in settings.style_layers.items() if w}
        wanted = settings.content_layers if content is not None and settings.content_weight else {}
        self.content = {encoder.resolve(n): w for n, w in wanted.items() if w}
        self.layers = [*self.style, *(n for n in self.content if n not in self.style)]
        with torch.no_grad():
            self.content_targets = encoder(content, list(self.content)) if content is not None and self.content else {}
            self.targets = {n: self._style_target(n, *style[n]) for n in self.style}

    def _style_target(self, layer: str, mean: Tensor, second: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
        if self.settings.loss == "gram":
            return lambda _, r: gram_loss(r, second)
        return WassersteinLoss(mean, second, self.encoder.scale(layer))

    def _content_loss(self, layer: str, f: Tensor) -> Tensor:
        if self.settings.loss == "gram":
            # Printed as a sum. The released weights, 1e6 and 1e9, have the printed ratio and, we conclude, the mean:
            # with the sum we measured a content term 200 times the style term on noise, and no style in the picture.
            return content_loss(f, self.content_targets[layer]) / f.numel()
        return relative_content_loss(f, self.content_targets[layer], self.encoder.scale(layer))

    def _style_loss(self, layer: str, f: Tensor) -> Tensor:
        # The outermost responses of deep layers see mostly repeated border, which optimisation would fill with the
        # style's colours. In shallow layers it is a pixel or two, and not worth a copy.
        inner = self.settings.loss != "gram" and self.encoder.stride(layer) >= 4 and min(f.shape[2:]) > 4
        return self.targets[layer](*moments(f[..., 1:-1, 1:-1] if inner else f))

    def __call__(self, x: Tensor) -> dict[str, Tensor]:
        """Weighted terms of the loss of pictures 1×3×H×W: content, style, total variation."""
        s, responses = self.settings, self.encoder(self.transform(x), self.layers)
        # The paper's layer weights are used as given; ours are shares of 1.
        share = 1.0 if s.loss == "gram" else 1 / sum(self.style.values())
        terms = {
            "style": s.style_weight * share * _sum(w * self._style_loss(n, responses[n]) for n, w in self.style.items())
        }
        if self.content:
            terms["content"] = s.content_weight * _sum(
                w * self._content_loss(n, responses[n]) for n, w in self.content.items()
            )
        if s.tv_weight:
            terms["tv"] = s.tv_weight * total_variation(x)
        return terms


def _sum(terms: Iterable[Tensor]) -> Tensor:
    return torch.stack(list(terms)).sum()


def plan_scales(longest: int, settings: Settings) -> list[tuple[int, int]]:
    """(longest side, steps) from coarse to fine; the finest side is `longest`, the coarsest not below `COARSEST`.

    One number of steps means one scale. The first numbers go to the coarsest scales; where there are more scales than
    numbers the last one repeats, since what is left to do there is only fine texture. Scales with no steps are left
    out, so that what the start knows of fine texture stays; a picture that has no other scale takes the first steps
    there are.
    """
    count = 1
    if len(settings.steps) > 1 and longest > COARSEST:
        # 1e-9: 512/128 is exactly four factors of √2.
        count += math.floor(math.log(longest / COARSEST) / math.log(settings.scale_factor) + 1e-9)
    sides = [round(longest / settings.scale_factor**i) for i in reversed(range(count))]
    steps = [settings.steps[min(i, len(settings.steps) - 1)] for i in range(count)]
    plan = list(zip(sides, steps, strict=True))
    return [scale for scale in plan if scale[1]] or [(sides[-1], next(n for n in settings.steps if n))]


class IterativeStylizer:
    """One run from coarse to fine; `paint` is the whole method."""

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
    ) -> None:
        self.encoder, self.settings, self.style_at, self.stop = encoder, settings, style_at, stop
        self.size, self.content, self.start, self.callback = size, content, start, callback
        self.smallest = encoder.smallest(
            [*settings.style_layers, *(settings.content_layers if content is not None else ())]
        )
        self.schedule = plan_scales(max(size), settings)
        # Work still to do, in pixels times steps, for an honest time left.
        # A step costs as much as that of a picture of STEP_COST² pixels beside its pixels.
        self.work = [(side**2 + STEP_COST**2) * steps for side, steps in self.schedule]
        self.ema = ImageEMA(settings.averaging)
        self.generator = torch.Generator().manual_seed(settings.seed)
        self.start_time = time.monotonic()

    def paint(self) -> Tensor:
        """The finished picture, 1×3×H×W in [0, 1] at the size asked for.

        Raises:
            Interrupted: Ctrl-C; it carries the best picture so far.
        """
        pixels: Pixels | None = None
        best = self.start
        try:
            for index, (side, steps) in enumerate(self.schedule):
                size = self._working_size(side)
                pixels = (
                    Pixels(resize(best, size), self.settings)
                    if pixels is None
                    else pixels.resize_to(resize(best, size))
                )
                pixels = self._run_scale(index, side, steps, pixels)
                best = self.ema.picture()
        except KeyboardInterrupt as error:
            raise Interrupted(resize(self._best(best), self.size)) from error
        return resize(best, self.size)

    def _best(self, before: Tensor) -> Tensor:
        return self.ema.picture() if self.ema.weight else before

    def _working_size(self, side: int) -> tuple[int, int]:
        """Never below what the encoder can read, so that one-pixel pictures can be painted too."""
        height, width = fit_size(*self.size, side)
        return max(height, self.smallest), max(width, self.smallest)

    def _run_scale(self, index: int, side: int, steps: int, pixels: Pixels) -> Pixels:
        size = (pixels.x.shape[2], pixels.x.shape[3])
        content = None if self.content is None else resize(self.content, size)
        style = self.style_at(side * self.settings.style_scale)
        objective = StyleObjective(self.encoder, self.settings, style, content, self._noise_transform(index))
        self.ema = ImageEMA(self.settings.averaging)
        self.ema.add(pixels.x)
        for i in range(steps):
            losses, note = pixels.step(objective), ""
            if not (math.isfinite(losses["total"]) and pixels.is_finite):
                pixels, note = self._recover(pixels)
            self.ema.add(pixels.x)
            self._report(index, i + 1, size, losses, note)
            if self.stop is not None and self.stop():
                raise KeyboardInterrupt
        return pixels

    def _noise_transform(self, index: int) -> Callable[[Tensor], Tensor]:
        """Adds noise that falls from `smoothing` at the coarsest scale to a fifth of it at the finest.

        The gradient averaged over such noise (SmoothGrad, Smilkov et al. 2017, arXiv 1706.03825) keeps what the
        encoder sees in a neighbourhood of the picture and loses its quirks at a point: longer strokes, fewer dots.
        L-BFGS goes without: it learns the curvature of a loss that stays the same.
        """
        if not self.settings.smoothing or self.settings.optimizer == "lbfgs":
            return torch.nn.Identity()
        share = index / max(1, len(self.schedule) - 1)
        sigma = self.settings.smoothing * FINEST_NOISE**share

        def look(x: Tensor) -> Tensor:
            noise: Tensor = sigma * torch.randn(x.shape, generator=self.generator)
            return x + noise.to(x.device)

        return look

    def _recover(self, pixels: Pixels) -> tuple[Pixels, str]:
        restored = pixels.restore()
        if restored.rate < self.settings.learning_rate / 1000:
            raise PicturaError(
                "The loss is not a number however small the steps; try another optimizer, or smaller weights."
            )
        return restored, f"the loss was not a number; went back one step, step size now {restored.rate:.2g}"

    def _report(self, index: int, step: int, size: tuple[int, int], losses: Mapping[str, float], note: str) -> None:
        if self.callback is None:
            return
        side, _ = self.schedule[index]
        done, seconds = sum(self.work[:index]) + (side**2 + STEP_COST**2) * step, time.monotonic() - self.start_time
        average = self.ema
        self.callback(
            Step(
                step=sum(n for _, n in self.schedule[:index]) + step,
                steps=sum(n for _, n in self.schedule),
                size=size,
                losses=losses,
                seconds=seconds,
                left=seconds * (sum(self.work) / done - 1),
                picture=lambda: resize(average.picture(), self.size),
                note=note,
            )
        )
