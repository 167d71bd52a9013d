"""Measure pictures against others by name: pairs, sets and label maps."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pictura.encoders import Encoder, load_encoder
from pictura.metrics.frechet import enough_for_frechet, frechet_distance
from pictura.metrics.kernel import kid
from pictura.metrics.perceptual import art_fid, read_heads
from pictura.metrics.segmentation import segmentation_scores
from pictura.metrics.superres import scored_planes
from pictura.picture.kinds import as_picture
from pictura.runtime.device import choose_device
from pictura.runtime.errors import PicturaError
from pictura.runtime.files import digest_file
from pictura.tasks.label_maps import count_labels
from pictura.tasks.measures import (
    DISTRIBUTIONS,
    JUDGED,
    PIXELWISE,
    SEGMENTATION,
    Judge,
    check_lpips,
    check_metrics,
)
from pictura.tasks.sides import Side, match_sides

# Below it the jackknife's error of KID, from as many numbers, is itself a guess, and a covariance means nothing.
MIN_PICTURES = 10
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Measured:
    """One figure.

    Attributes:
        metric: what it is.
        value: the mean over pairs, or the figure of the sets; infinite for the PSNR of equal pictures.
        error: its standard error over pictures; None where there is none.
        pictures: how many pairs, or pictures of A.
        network: whose features it is made of, with the layers; "" for none.
        note: what is to be known of it; "" for nothing.
        values: the value of each picture of A by its name, for pairs.
    """

    metric: str
    value: float
    error: float | None
    pictures: int
    network: str = ""
    note: str = ""
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class MeasureOptions:
    """How to measure; see `pictura.measure`."""

    encoder: Encoder | str = "compact"
    weights: Path | None = None
    lpips_weights: Mapping[str, Tensor] | None = None
    content: Any = None
    border: int = 0
    classes: int | None = None
    ignore: int = 255
    seed: int = 0
    device: str = "auto"
    progress: Progress = lambda done, total: None


@torch.no_grad()
def measure_pictures(a: Any, b: Any, metrics: Sequence[str], options: MeasureOptions) -> list[Measured]:
    """A against B, as the metrics ask for, in their order.

    Raises:
        PicturaError: a metric is unknown, or the pictures do not fit it.
    """
    wanted = tuple(dict.fromkeys(metrics))
    check_metrics(wanted)
    sides = Side.of(a, "A"), Side.of(b, "B")
    judge = _open_judge(options) if {*JUDGED, *DISTRIBUTIONS} & set(wanted) else None
    if judge is not None and "lpips" in wanted:
        check_lpips(judge)
    found: dict[str, list[Measured]] = {}
    pairwise = [name for name in wanted if name in PIXELWISE or name in JUDGED]
    if pairwise:
        found |= {one.metric: [one] for one in _measure_pairs(*sides, pairwise, judge, options)}
    sets = [name for name in wanted if name in DISTRIBUTIONS]
    if sets and judge is not None:
        found |= {one.metric: [one] for one in _measure_sets(*sides, sets, judge, options)}
    maps = [name for name in wanted if name in SEGMENTATION]
    if maps:
        found |= _measure_labels(*sides, maps, options)
    return [one for name in wanted for one in found[name]]


def _open_judge(options: MeasureOptions) -> Judge:
    encoder = options.encoder
    if isinstance(encoder, str):  # in float32, so that a figure does not depend on the processor
        device = str(choose_device(options.device))
        encoder = load_encoder(encoder, weights=options.weights, dtype="float32", device=device)
    told = encoder.name
    if options.weights is not None:
        told += f" ({options.weights.name}, SHA-256 {digest_file(options.weights).sha256[:8]}…)"
    judge = Judge(encoder, told)
    if options.lpips_weights is None:
        return judge
    if judge.lpips is None:
        check_lpips(judge)
    return Judge(encoder, told, read_heads(options.lpips_weights, encoder.channels(judge.perceptual)))


def _measure_pairs(
    a: Side, b: Side, metrics: Sequence[str], judge: Judge | None, options: MeasureOptions
) -> list[Measured]:
    """Each pair's values by metric, and their means."""
    free = all(name in JUDGED and JUDGED[name].free_size for name in metrics)
    pairs = match_sides(a, b, one_for_all=free)
    values: dict[str, dict[str, float]] = {name: {} for name in metrics}
    layers = {layer for name in metrics if name in JUDGED and judge for layer in JUDGED[name].layers(judge)}
    for i, (name, first, second) in enumerate(pairs):
        x, grey_x = _read(first)
        y, grey_y = _read(second)
        if x.shape != y.shape and not free:
            raise _size_error(name, x, y)
        for metric in metrics:
            if metric in PIXELWISE:
                rgb = PIXELWISE[metric].rgb
                planes = [scored_planes(p, options.border, grey=grey_x and grey_y, rgb=rgb) for p in (x, y)]
                values[metric][name] = PIXELWISE[metric].compute(*planes).item()
        if judge is not None and layers:
            f, p = (judge.encoder(side.to(judge.encoder.mean.device), sorted(layers)) for side in (x, y))
            for metric in metrics:
                if metric in JUDGED:
                    own = JUDGED[metric].layers(judge)
                    features = [{layer: some[layer] for layer in own} for some in (f, p)]
                    values[metric][name] = JUDGED[metric].compute(features[0], features[1], judge)
        options.progress(i + 1, len(pairs))
    return [_mean_of(metric, values[metric], judge, options.border) for metric in metrics]


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


def _measure_sets(a: Side, b: Side, metrics: Sequence[str], judge: Judge, options: MeasureOptions) -> list[Measured]:
    """Figures of A and B as wholes, by features in units of their root mean square over B.

    The unit makes the figures of all networks alike in size: the kernel of KID adds 1 to products of features.
    """
    for side in (a, b):
        if side.single or len(side.pictures) < MIN_PICTURES:
            raise PicturaError(
                f"{', '.join(metrics)} compare sets of at least {MIN_PICTURES} pictures, and {side.told} has "
                f"{len(side.pictures)}: give folders with more."
            )
    contents = _content_distance(a, judge, options) if "artfid" in metrics else None
    total = len(a.pictures) + len(b.pictures)
    x = _pooled(a, judge, lambda done: options.progress(done, total))
    y = _pooled(b, judge, lambda done: options.progress(len(a.pictures) + done, total))
    unit = y.square().mean().sqrt()
    if not y.std(0).mean() > 0:
        raise PicturaError(f"{b.told} has one picture again and again, which is no set to compare with: give others.")
    x, y = x / unit, y / unit
    network = f"{judge.told}: {judge.deepest[0]}, mean over positions"
    fid = frechet_distance(x, y) if {"fid", "artfid"} & set(metrics) else math.nan
    found, flag = [], _flag_few(len(x), len(y), x.shape[1])
    for metric in metrics:
        if metric == "kid":
            result = kid(x, y, generator=torch.Generator().manual_seed(options.seed))
            subsets = f"{result.subsets} subsets of {result.size}, whose standard deviation is {result.deviation:.4g}"
            note = subsets if result.subsets > 1 else f"all {result.size} pictures a side at once"
            found.append(Measured(metric, result.value, result.error, len(x), network, note))
        elif metric == "fid":
            found.append(Measured(metric, fid, None, len(x), network, flag))
        elif contents is not None:
            layers = f"; {contents.metric} by {contents.network}"
            found.append(Measured(metric, art_fid(contents.value, fid), None, len(x), network + layers, flag))
    return found


def _flag_few(n: int, m: int, features: int) -> str:
    """What makes a figure of FID doubtful."""
    enough = enough_for_frechet(features)
    if min(n, m) >= enough:
        return ""
    why = f"covariances of {features} features make it too high"
    if min(n, m) <= features:
        why += f", and of {features} pictures or fewer they are singular"
    return f"few pictures: below {enough} a side {why}; trust kid"


def _content_distance(a: Side, judge: Judge, options: MeasureOptions) -> Measured:
    """What ArtFID knows of the contents: LPIPS, or without its weights the unweighted form."""
    if options.content is None:
        raise PicturaError("artfid compares A with its contents, too: give their folder with --content.")
    metric = "perceptual" if judge.heads is None else "lpips"
    return _measure_pairs(a, Side.of(options.content, "--content"), [metric], judge, options)[0]


def _pooled(side: Side, judge: Judge, progress: Callable[[int], None]) -> Tensor:
    """N×C: the deepest features of each picture, their mean over positions."""
    rows = []
    for i, source in enumerate(side.pictures.values()):
        features = judge.encoder(_read(source)[0].to(judge.encoder.mean.device), judge.deepest)[judge.deepest[0]]
        rows.append(features.mean((2, 3)).cpu())
        progress(i + 1)
    return torch.cat(rows)


def _measure_labels(a: Side, b: Side, metrics: Iterable[str], options: MeasureOptions) -> dict[str, list[Measured]]:
    """Three scores each, of A as a segmentation and B as the truth."""
    pairs = match_sides(a, b)
    counts = count_labels(pairs, b, options.classes, options.ignore, options.progress)
    found = {}
    for metric in metrics:
        scores = segmentation_scores(counts, SEGMENTATION[metric])
        seen = int(((counts.sum(0)[: len(counts)] + counts.sum(1)) > 0).sum())
        rule = "absent ones count 0" if SEGMENTATION[metric] == "zero" else "absent ones do not count"
        note = f"{len(counts)} classes, {seen} of them in use; {rule}"
        found[metric] = [
            Measured(f"{metric}: {name.replace('_', ' ')}", value, None, len(pairs), note=note)
            for name, value in scores._asdict().items()
        ]
    return found


def _read(source: Any) -> tuple[Tensor, bool]:
    """1×3×H×W in [0, 1], on white where it is transparent, and whether it is grey."""
    picture = as_picture(source)
    x = picture.tensor(alpha=True)
    if x.shape[1] == 4:
        x = x[:, :3] * x[:, 3:] + 1 - x[:, 3:]
    return x, picture.grey


def _size_error(name: str, x: Tensor, y: Tensor) -> PicturaError:
    first, second = (f"{side.shape[3]}×{side.shape[2]}" for side in (x, y))
    return PicturaError(f"'{name}' is {first} pixels in A and {second} in B: bring both to one size first.")
