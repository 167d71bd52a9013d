"""Metrics of pairs: a value for each, their mean, and its standard error."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from pictura.metrics.superres import scored_planes
from pictura.picture.kinds import as_picture
from pictura.runtime.errors import PicturaError
from pictura.tasks.measure.figures import Measured, MeasureOptions
from pictura.tasks.measure.metrics import JUDGED, PIXELWISE, Judge
from pictura.tasks.measure.sides import Couple, Side, match_sides


def measure_pairs(
    a: Side, b: Side, metrics: Sequence[str], judge: Judge | None, options: MeasureOptions
) -> list[Measured]:
    """Pictures of one name compared; `judge` is needed for those metrics that have one.

    Raises:
        PicturaError: a picture has no partner, or one of another size.
    """
    free = all(name in JUDGED and JUDGED[name].free_size for name in metrics)
    pairs = match_sides(a, b, one_for_all=free)
    values: dict[str, dict[str, float]] = {name: {} for name in metrics}
    for i, pair in enumerate(pairs):
        for metric, value in _compare(pair, metrics, judge, options.border, free).items():
            values[metric][pair.name] = value
        options.progress(i + 1, len(pairs))
    return [_mean_of(metric, values[metric], judge, options.border) for metric in metrics]


def _compare(pair: Couple, metrics: Sequence[str], judge: Judge | None, border: int, free: bool) -> dict[str, float]:
    """Metric → its value for one pair."""
    (x, grey_x), (y, grey_y) = read_tensor(pair.a), read_tensor(pair.b)
    if x.shape != y.shape and not free:
        sizes = " pixels in A and ".join(f"{side.shape[3]}×{side.shape[2]}" for side in (x, y))
        raise PicturaError(f"'{pair.name}' is {sizes} in B: bring both to one size first.")
    found = {}
    for metric in metrics:
        if (pixelwise := PIXELWISE.get(metric)) is not None:
            planes = [scored_planes(p, border, grey=grey_x and grey_y, rgb=pixelwise.rgb) for p in (x, y)]
            found[metric] = pixelwise.compute(*planes).item()
    if judge is None:
        return found
    judged = {metric: JUDGED[metric].layers(judge) for metric in metrics if metric in JUDGED}
    layers = sorted({layer for own in judged.values() for layer in own})
    f, p = judge.see(x, layers), judge.see(y, layers)
    for metric, own in judged.items():
        features = [{layer: seen[layer] for layer in own} for seen in (f, p)]
        found[metric] = JUDGED[metric].compute(features[0], features[1], judge)
    return found


def _mean_of(metric: str, values: Mapping[str, float], judge: Judge | None, border: int) -> Measured:
    mean = sum(values.values()) / len(values)
    equal = sum(math.isinf(value) for value in values.values())
    error = None
    if len(values) > 1 and not equal:
        error = torch.tensor(list(values.values()), dtype=torch.float64).std().item() / len(values) ** 0.5
    notes = [f"without a border of {border}" if border else "borders included"] if metric in PIXELWISE else []
    if equal:
        notes.append(f"{equal} of {len(values)} pairs are equal, and the mean is infinite")
    network = ""
    if metric in JUDGED and judge is not None:
        network = f"{judge.told}: {', '.join(JUDGED[metric].layers(judge))}"
        if metric == "lpips":
            network += ", published weights"
    return Measured(metric, mean, error, len(values), network, "; ".join(notes), values)


def read_tensor(source: Any) -> tuple[Tensor, bool]:
    """1×3×H×W in [0, 1], on white where it is transparent, and whether it is grey."""
    picture = as_picture(source)
    x = picture.tensor(alpha=True)
    if x.shape[1] == 4:
        x = x[:, :3] * x[:, 3:] + 1 - x[:, 3:]
    return x, picture.grey
