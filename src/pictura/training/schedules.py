"""Learning rates over a run: each schedule takes an optimisation step, from 0, to a factor on the rates."""

import math
from collections.abc import Callable

Schedule = Callable[[int], float]


def cosine_decay(steps: int, last: float = 0.01) -> Schedule | None:
    """Half a cosine from 1 to `last` in `steps`, constant afterwards; None for 0."""
    if steps == 0:
        return None
    return lambda step: last + (1 - last) * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))


def linear_decay(steps: int, start: float = 0.5, last: float = 0.0) -> Schedule | None:
    """1 for the share `start` of `steps`, then linearly to 0 at their end, as in CycleGAN; None for 0.

    It does not fall below `last`. The last step's factor is just above 0, so that every step of a run counts.
    """
    if steps == 0:
        return None
    constant = start * steps
    return lambda step: min(1.0, max(last, (steps - step) / max(1.0, steps - constant)))


def inverse_decay(rate: float) -> Schedule | None:
    """1 / (1 + rate · step), which never ends; None for 0."""
    if rate == 0:
        return None
    return lambda step: 1 / (1 + rate * step)
