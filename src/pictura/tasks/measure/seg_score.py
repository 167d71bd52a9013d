"""The seg-score: photographs that were made of label maps are segmented, and the classes found compared with the maps.

What a network finds in real photographs is the most that made ones can be expected to reach: this ceiling comes first.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from pictura.metrics.segmentation import SegmentationScores, confusion, segmentation_scores
from pictura.runtime.errors import PicturaError
from pictura.tasks.measure.figures import Measured, MeasureOptions
from pictura.tasks.measure.label_maps import NUMBERED, Numbers, mode_of, read_numbers
from pictura.tasks.measure.metrics import SEG_SCORE
from pictura.tasks.measure.pairs import read_tensor
from pictura.tasks.measure.sides import Couple, Side, match_sides
from pictura.tasks.segment import IGNORED, OpenSegmenter, open_segmenter

SCORES = ("pixel accuracy", "class accuracy", "class IoU")
NO_CEILING = "no ceiling: give the real photographs with --real, or the figures tell little"


def measure_segments(a: Side, b: Side, metrics: Sequence[str], options: MeasureOptions) -> dict[str, list[Measured]]:
    """Three scores each, those of the real photographs first.

    Raises:
        PicturaError: no model, names or sizes differ, one class only, or label maps that the model does not know.
    """
    if options.model is None:
        raise PicturaError(
            f"{metrics[0]} needs a network that segments photographs: name it with --model, a model of `pictura "
            "train segment` or a file of ESPNet's."
        )
    made = match_sides(a, b)
    real = [] if options.real is None else match_sides(Side.of(options.real, "--real"), b)
    segmenter = open_segmenter(options.model, options.device, options.seen_at)
    _check_truth(made, b, segmenter, options)
    total, done = len(real) + len(made), 0
    counts = {}
    for name, pairs in (("real", real), ("made", made)):
        if pairs:
            counts[name] = _count(pairs, segmenter, options, lambda i, start=done: options.progress(start + i, total))  # type: ignore[misc]
            done += len(pairs)
    return {metric: _tell(metric, counts, len(real), len(made), segmenter) for metric in metrics}


def _tell(metric: str, counts: dict[str, Tensor], real: int, made: int, segmenter: OpenSegmenter) -> list[Measured]:
    rule = SEG_SCORE[metric]
    note = f"{len(segmenter.counted)} classes; absent ones {'count 0' if rule == 'zero' else 'do not count'}"
    found = []
    scores = segmentation_scores(counts["made"], rule)
    ceiling: SegmentationScores | None = None
    if "real" in counts:
        ceiling = segmentation_scores(counts["real"], rule)
        found += [
            Measured(f"{metric} of real photographs: {name}", value, None, real, segmenter.told, note)
            for name, value in zip(SCORES, ceiling, strict=True)
        ]
    for i, name in enumerate(SCORES):
        told = NO_CEILING if ceiling is None else f"{_share(scores[i], ceiling[i])} of the ceiling"
        found.append(Measured(f"{metric}: {name}", scores[i], None, made, segmenter.told, f"{note}; {told}"))
    return found


def _share(value: float, ceiling: float) -> str:
    return f"{value / ceiling:.0%}" if ceiling else "more"


def _check_truth(pairs: Sequence[Couple], truth: Side, segmenter: OpenSegmenter, options: MeasureOptions) -> None:
    """Refuse label maps that cannot be used before anything slow."""
    seen = {number for pair in pairs for number in np.unique(_read_truth(pair, segmenter, options)).tolist()}
    if len(seen - {IGNORED}) < 2:
        raise PicturaError(
            f"{truth.told} has {'one class' if seen - {IGNORED} else 'no class'} only of those that count, which tells "
            "nothing of a segmentation: give label maps of two and more."
        )


def _count(
    pairs: Sequence[Couple], segmenter: OpenSegmenter, options: MeasureOptions, progress: Callable[[int], None]
) -> Tensor:
    """`confusion` of all pairs, photographs A and true maps B."""
    classes = len(segmenter.counted)
    total = torch.zeros(classes, classes + 1, dtype=torch.long)
    for i, pair in enumerate(pairs):
        truth, (picture, _) = _read_truth(pair, segmenter, options), read_tensor(pair.a)
        if tuple(picture.shape[-2:]) != truth.shape:
            sizes = (f"{picture.shape[-1]}×{picture.shape[-2]}", f"{truth.shape[1]}×{truth.shape[0]}")
            raise PicturaError(
                f"The photograph '{pair.name}' is {sizes[0]} pixels and its label map {sizes[1]}: bring both to one "
                "size, label maps by nearest neighbours."
            )
        total += confusion(torch.from_numpy(truth), torch.from_numpy(segmenter.find(picture)), classes)
        progress(i + 1)
    return total


def _read_truth(pair: Couple, segmenter: OpenSegmenter, options: MeasureOptions) -> Numbers:
    """The true classes' places among those that count, H×W."""
    if mode_of(pair.b) in NUMBERED and mode_of(pair.b) != "P":
        return segmenter.places(read_numbers(pair.b, None).astype(np.int64), options.ignore, pair.name)
    return segmenter.read(pair.b, nearest=options.nearest_class)
