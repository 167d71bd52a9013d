"""Metrics of two sets of pictures as wholes."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from pictura.metrics.frechet import enough_for_frechet, frechet_distance
from pictura.metrics.kernel import kid
from pictura.metrics.perceptual import art_fid
from pictura.runtime.errors import PicturaError
from pictura.tasks.measure.figures import Measured, MeasureOptions
from pictura.tasks.measure.metrics import Judge
from pictura.tasks.measure.pairs import measure_pairs, read_tensor
from pictura.tasks.measure.sides import Side

# Below it the jackknife's error of KID, from as many numbers, is itself a guess, and a covariance means nothing.
MIN_PICTURES = 10


def measure_sets(a: Side, b: Side, metrics: Sequence[str], judge: Judge, options: MeasureOptions) -> list[Measured]:
    """Figures of A and B as wholes, by features in units of their root mean square over B.

    The unit makes the figures of all networks alike in size: the kernel of KID adds 1 to products of features.
    """
    for side in (a, b):
        if side.single or len(side.pictures) < MIN_PICTURES:
            raise PicturaError(
                f"To compare sets ({', '.join(metrics)}) takes at least {MIN_PICTURES} pictures, and {side.told} has "
                f"{len(side.pictures)}: give folders with more."
            )
    contents = _content_distance(a, judge, options) if "artfid" in metrics else None
    total = len(a.pictures) + len(b.pictures)
    x = _pool_features(a, judge, lambda done: options.progress(done, total))
    y = _pool_features(b, judge, lambda done: options.progress(len(a.pictures) + done, total))
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
    return measure_pairs(a, Side.of(options.content, "--content"), [metric], judge, options)[0]


def _pool_features(side: Side, judge: Judge, progress: Callable[[int], None]) -> Tensor:
    """N×C: the deepest features of each picture, their mean over positions."""
    rows = []
    for i, source in enumerate(side.pictures.values()):
        features = judge.see(read_tensor(source)[0], judge.deepest)[judge.deepest[0]]
        rows.append(features.mean((2, 3)).cpu())
        progress(i + 1)
    return torch.cat(rows)
