"""The pixels under optimization: one step, carried from scale to scale, restored after a NaN, averaged."""

import math
from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from pictura.methods.iterative.settings import Settings

Losses = dict[str, float]
BETAS, EPSILON = (0.9, 0.99), 1e-8  # of Adam: betas as crowsonkb, ε as PyTorch
LBFGS_HISTORY = 100  # PyTorch's default, and what Gatys's release uses


class Pixels:
    """An image 1×3×H×W, the optimizer that moves it, and the average of where it was.

    Adam keeps its pixels in [0, 1] by clamping after the step; L-BFGS is never clamped inside its closure (its
    curvature pairs would be wrong), only where its image is taken.
    """

    def __init__(
        self, start: Tensor, settings: Settings, rate: float | None = None, ema: "ImageEMA | None" = None
    ) -> None:
        self.settings = settings
        self.rate = rate or settings.learning_rate
        self.x = start.detach().clone().requires_grad_()
        self.last_finite = start.detach().clone()
        self.optimizer = self._build_optimizer()
        self.ema = ema or ImageEMA(settings.averaging)
        if ema is None:
            self.add_to_average()

    def _build_optimizer(self) -> torch.optim.Optimizer:
        if self.settings.optimizer == "lbfgs":
            # One iteration and one evaluation a step; tolerances off, or it would stop by itself.
            return torch.optim.LBFGS(
                [self.x], lr=self.rate, max_iter=1, history_size=LBFGS_HISTORY, tolerance_grad=-1, tolerance_change=-1
            )
        if self.settings.optimizer == "sgd":
            return torch.optim.SGD([self.x], lr=self.rate, momentum=0.9)
        return torch.optim.Adam([self.x], lr=self.rate, betas=BETAS, eps=EPSILON)

    def step(self, objective: Callable[[Tensor], Mapping[str, Tensor]]) -> Losses:
        """Move once; returns the terms and their "total" before the move. A NaN leaves the image to `restore`."""
        losses: Losses = {}

        def closure() -> float:
            terms = objective(self.x)
            total = torch.stack(list(terms.values())).sum()
            # The encoder's gradient lies channels last in memory, which L-BFGS cannot flatten.
            self.x.grad = torch.autograd.grad(total, self.x)[0].contiguous()
            losses.update({name: term.item() for name, term in terms.items()}, total=total.item())
            return losses["total"]

        before = self.x.detach().clone()
        if self.settings.optimizer == "lbfgs":
            self.optimizer.param_groups[0]["lr"] = self._lbfgs_rate()
        self.optimizer.step(closure)
        if math.isfinite(losses["total"]):
            self.last_finite = before
        if self.settings.optimizer != "lbfgs":
            with torch.no_grad():
                self.x.clamp_(0, 1)
        return losses

    def _lbfgs_rate(self) -> float:
        """The full step, or one of `first_move` a pixel as long as there is no curvature to go by.

        Left alone PyTorch would move all pixels together by 1 at first, too little to measure a curvature in float32,
        and then by the whole gradient for as long as curvature is negative, as the Gram term's is on noise.
        """
        state = self.optimizer.state.get(self.x)
        if not state:  # its own first step is divided by |gradient|₁ already
            return self.rate * self.settings.first_move * self.x.numel()
        if not state["old_dirs"] and self.x.grad is not None:
            return self.rate * self.settings.first_move * self.x.numel() / max(self.x.grad.abs().sum().item(), 1e-12)
        return self.rate

    @property
    def is_finite(self) -> bool:
        """Whether every pixel is a number."""
        return bool(self.x.detach().isfinite().all())

    def add_to_average(self) -> None:
        """Count the image as it is now in the average."""
        self.ema.add(self.x)

    def average(self) -> Tensor:
        """The average of the images so far at this size, 1×3×H×W in [0, 1]."""
        return self.ema.picture()

    def restore(self) -> "Pixels":
        """The last image with a finite loss, half the step size, the optimizer's state reset; the average goes on."""
        return Pixels(self.last_finite, self.settings, self.rate / 2, self.ema)

    def resize_to(self, picture: Tensor) -> "Pixels":
        """Continue at another size from `picture`, with Adam's moments kept: no burst of noise at a new scale."""
        carried = Pixels(picture, self.settings, self.rate)
        state = self.optimizer.state.get(self.x)
        if self.settings.optimizer == "adam" and state:
            size = picture.shape[2:]
            carried.optimizer.state[carried.x] = {
                "step": state["step"],
                "exp_avg": F.interpolate(state["exp_avg"], size, mode="bicubic", align_corners=False),
                # Bilinear, because a second moment must not become negative.
                "exp_avg_sq": F.interpolate(state["exp_avg_sq"], size, mode="bilinear", align_corners=False),
            }
        return carried


class ImageEMA:
    """Exponential average of the iterates, corrected for its start (as Adam's moments are)."""

    def __init__(self, decay: float) -> None:
        self.decay, self.weight = decay, 0.0
        self.sum: Tensor | float = 0.0

    def add(self, x: Tensor) -> None:
        """One more iterate."""
        self.sum = self.decay * self.sum + (1 - self.decay) * x.detach()
        self.weight = self.decay * self.weight + (1 - self.decay)

    def picture(self) -> Tensor:
        """The average so far, clamped to [0, 1]."""
        return (torch.as_tensor(self.sum) / self.weight).clamp(0, 1)
