"""Stops a training that has diverged, naming what did, before anything of it is saved."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from pictura.runtime.errors import PicturaError

CHECK_EVERY = 20  # steps from one check of all weights to the next; losses are checked in every step
BASELINE_STEPS = 10  # steps whose losses say what is usual
# Times the maximum of the first steps at which a loss has diverged. Ours: spikes of 100 do come back.
DIVERGENCE_FACTOR = 1e4
MAX_WEIGHT_RMS = 1e4  # root mean square of a weight tensor; those of trained networks are below 100


class Guard:
    """Checks losses and weights; `state` is what it remembers of the first steps."""

    def __init__(self) -> None:
        self.greatest: dict[str, float] = {}

    def check_losses(self, step: int, losses: Mapping[str, float]) -> None:
        """After each step.

        Raises:
            PicturaError: a loss is NaN, infinite, or far above what it was in the first steps.
        """
        for name, value in losses.items():
            if not math.isfinite(value):
                raise PicturaError(_stop_message(step, f"the loss '{name}' is {value}"))
            usual = max(1.0, self.greatest.get(name, abs(value)))
            if abs(value) > DIVERGENCE_FACTOR * usual:
                raise PicturaError(
                    _stop_message(
                        step,
                        f"the loss '{name}' is {value:.3g}; "
                        f"it was at most {usual:.3g} during the first {BASELINE_STEPS} steps",
                    )
                )
            if step <= BASELINE_STEPS:
                self.greatest[name] = max(self.greatest.get(name, 0.0), abs(value))

    def check_tensors(self, step: int, what: str, tensors: Mapping[str, Tensor]) -> None:
        """Every few steps and before each save; `what` is "weight", "averaged weight" …

        Raises:
            PicturaError: one is not finite, or of a size that no trained weight has.
        """
        named = [(name, t) for name, t in tensors.items() if t.is_floating_point() and t.numel()]
        for name, size in zip((n for n, _ in named), _root_mean_squares(t for _, t in named), strict=True):
            if not math.isfinite(size):
                raise PicturaError(_stop_message(step, f"the {what} '{name}' is not a number"))
            if what.endswith("weight") and size > MAX_WEIGHT_RMS:
                raise PicturaError(_stop_message(step, f"the {what} '{name}' has grown to {size:.3g}"))

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return dict(self.greatest)

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Resume from `state`."""
        self.greatest = {name: float(value) for name, value in state.items()}


def _root_mean_squares(tensors: Iterable[Tensor]) -> list[float]:
    """Root mean squares, in one pass and with one wait for the device."""
    detached = [t.detach() for t in tensors]
    if not detached:
        return []
    norms = torch.stack([n.double() for n in torch._foreach_norm(detached)])
    counts = torch.tensor([t.numel() for t in detached], dtype=torch.float64)
    sizes: list[float] = (norms.cpu() / counts.sqrt()).tolist()
    return sizes


def _stop_message(step: int, what: str) -> str:
    return f"Training stopped after step {step}: {what}. Try a smaller learning rate or gradient clipping (clip)."
