"""Metrics of frames in a row."""

import math

import torch

from pictura.metrics.flow import METHOD, optical_flow
from pictura.metrics.warping import visible, warp_error
from pictura.runtime.errors import PicturaError
from pictura.tasks.measure.figures import Measured, MeasureOptions
from pictura.tasks.measure.pairs import read_tensor
from pictura.tasks.measure.sides import Side, match_sides


def measure_warp(a: Side, b: Side, options: MeasureOptions) -> Measured:
    """The warping error of the frames A, in the order of their names, by the flow of the frames B they were made of.

    Raises:
        PicturaError: there is one frame only, sizes differ, or nothing is seen in two frames.
    """
    pairs = match_sides(a, b)
    if len(pairs) < 2:
        raise PicturaError("warp compares frames in a row: give folders of two and more, named in their order.")
    values, own = dict[str, float](), list[float]()
    before: tuple[torch.Tensor, torch.Tensor] | None = None
    for i, pair in enumerate(pairs):
        made, real = read_tensor(pair.a)[0], read_tensor(pair.b)[0]
        if made.shape != real.shape or (before is not None and before[0].shape != made.shape):
            raise PicturaError(f"The frame '{pair.name}' has another size than others: bring all to one.")
        if before is not None:
            forward, backward = optical_flow(before[1], real), optical_flow(real, before[1])
            seen = visible(forward, backward)
            if not seen.any():
                raise PicturaError(f"Nothing in B is seen in '{pair.name}' and the frame before: leave cuts out.")
            values[pair.name] = warp_error(before[0], made, forward, seen)
            own.append(warp_error(before[1], real, forward, seen))
        before = made, real
        options.progress(i + 1, len(pairs))
    mean, real_mean = sum(values.values()) / len(values), sum(own) / len(own)
    error = None if len(values) < 2 else torch.tensor(list(values.values())).double().std().item() / len(values) ** 0.5
    ratio = mean / real_mean if real_mean else math.inf
    note = f"flow of B by {METHOD}; B's own error is {real_mean:.3g}, so A has {ratio:.3g} times of it"
    return Measured("warp", mean, error, len(pairs), "", note, values)
