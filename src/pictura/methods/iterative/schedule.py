"""From coarse to fine: the sizes of a run, its steps at each, and how much of the work is done."""

import math
from collections.abc import Sequence

from pictura.methods.iterative.settings import Settings

Schedule = Sequence[tuple[int, int]]  # (longest side in pixels, steps) of each scale
COARSEST = 128  # as crowsonkb; below it relu5_1 has fewer than 64 positions
# In pixels. Beyond it repeated steps fall as the side grows, 20 to 10 at 2048 and 3 at 8192: what is left to do there
# is ever finer, and at each doubling of the side a step costs four times as much.
FULL_STEPS_SIDE = 1024
STEP_COST = 128  # measured: roots of covariances and calls take what this many pixels a side take


def plan_scales(longest: int, settings: Settings) -> list[tuple[int, int]]:
    """(longest side, steps) from coarse to fine; the finest side is `longest`, the coarsest not below `COARSEST`.

    One number of steps means one scale. The first numbers go to the coarsest scales; where there are more scales than
    numbers the last one repeats, falling beyond `FULL_STEPS_SIDE`. Scales with no steps are left out, so that the start
    keeps its fine texture; an image that has no other scale takes the first steps there are.
    """
    count = 1
    if len(settings.steps) > 1 and longest > COARSEST:
        # 1e-9: 512/128 is exactly four factors of √2.
        count += math.floor(math.log(longest / COARSEST) / math.log(settings.scale_factor) + 1e-9)
    sides = [round(longest / settings.scale_factor**i) for i in reversed(range(count))]
    given = settings.steps[:count]
    repeated = [math.ceil(given[-1] * min(1, FULL_STEPS_SIDE / side)) for side in sides[len(given) :]]
    steps = [*given, *repeated]
    plan = list(zip(sides, steps, strict=True))
    return [scale for scale in plan if scale[1]] or [(sides[-1], next(n for n in settings.steps if n))]


def share_done(schedule: Schedule, index: int, step: int) -> float:
    """Share of the work done after this step (from 1) of this scale (from 0), for an honest time left.

    A step costs as much as its pixels and `STEP_COST`² pixels more.
    """
    costs = [side**2 + STEP_COST**2 for side, _ in schedule]
    work = [cost * steps for cost, (_, steps) in zip(costs, schedule, strict=True)]
    return (sum(work[:index]) + costs[index] * step) / sum(work)
