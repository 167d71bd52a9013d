"""Measure pictures against others by the metrics' names."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch

from pictura.encoders import load_encoder
from pictura.metrics.perceptual import read_heads
from pictura.metrics.segmentation import segmentation_scores
from pictura.runtime.device import choose_device
from pictura.runtime.errors import PicturaError
from pictura.runtime.files import digest_file
from pictura.tasks.measure.figures import Measured, MeasureOptions
from pictura.tasks.measure.label_maps import count_labels
from pictura.tasks.measure.metrics import (
    DISTRIBUTIONS,
    JUDGED,
    PIXELWISE,
    SEG_SCORE,
    SEGMENTATION,
    VIDEO,
    Judge,
    check_lpips,
    check_metrics,
)
from pictura.tasks.measure.pairs import measure_pairs
from pictura.tasks.measure.seg_score import SCORES, measure_segments
from pictura.tasks.measure.sets import measure_sets
from pictura.tasks.measure.sides import Side, match_sides
from pictura.tasks.measure.videos import measure_warp


@torch.no_grad()
def measure_pictures(a: Any, b: Any, metrics: Sequence[str], options: MeasureOptions) -> list[Measured]:
    """A against B, as the metrics ask for, in their order.

    Raises:
        PicturaError: a metric is unknown, or the pictures do not fit it.
    """
    wanted = tuple(dict.fromkeys(metrics))
    check_metrics(wanted)
    if options.border < 0 or (options.classes is not None and options.classes < 2):
        raise PicturaError("A border has 0 pixels or more, and there are 2 classes or more: give other numbers.")
    sides = Side.of(a, "A"), Side.of(b, "B")
    judge = _open_judge(options) if {*JUDGED, *DISTRIBUTIONS} & set(wanted) else None
    if judge is not None and "lpips" in wanted:
        check_lpips(judge)
    found: dict[str, list[Measured]] = {}
    pairwise = [name for name in wanted if name in PIXELWISE or name in JUDGED]
    if pairwise:
        found |= {one.metric: [one] for one in measure_pairs(*sides, pairwise, judge, options)}
    sets = [name for name in wanted if name in DISTRIBUTIONS]
    if sets and judge is not None:
        found |= {one.metric: [one] for one in measure_sets(*sides, sets, judge, options)}
    maps = [name for name in wanted if name in SEGMENTATION]
    if maps:
        found |= _measure_labels(*sides, maps, options)
    if segmented := [name for name in wanted if name in SEG_SCORE]:
        found |= measure_segments(*sides, segmented, options)
    if set(VIDEO) & set(wanted):
        found["warp"] = [measure_warp(*sides, options)]
    return [one for name in wanted for one in found[name]]


def _open_judge(options: MeasureOptions) -> Judge:
    encoder = options.encoder
    if isinstance(encoder, str):  # in float32, so that a figure does not depend on the processor
        device = str(choose_device(options.device))
        encoder = load_encoder(encoder, weights=options.weights, dtype="float32", device=device)
    elif options.weights is not None:
        raise PicturaError("An opened encoder has its weights: leave 'weights' out, or give the encoder's name.")
    told = encoder.name
    if options.weights is not None:
        told += f" ({options.weights.name}, SHA-256 {digest_file(options.weights).sha256[:8]}…)"
    judge = Judge(encoder, told)
    if options.lpips_weights is None:
        return judge
    if judge.lpips is None:
        check_lpips(judge)
    return Judge(encoder, told, read_heads(options.lpips_weights, encoder.channels(judge.perceptual)))


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
            Measured(f"{metric}: {name}", value, None, len(pairs), note=note)
            for name, value in zip(SCORES, scores, strict=True)
        ]
    return found
