"""The scores of semantic segmentation: accuracy of pixels, accuracy of classes, intersection over union."""

from typing import Literal, NamedTuple

import torch
from torch import Tensor

AbsentClasses = Literal["skipped", "zero"]


class SegmentationScores(NamedTuple):
    """Each in [0, 1]."""

    pixel_accuracy: float
    class_accuracy: float
    class_iou: float


def confusion(truth: Tensor, found: Tensor, classes: int) -> Tensor:
    """classes×(classes + 1) counts, rows truth, columns prediction, the last for none; class numbers of equal shapes.

    Where the truth is no class (negative, or `classes` and more) it does not count; a prediction that is none counts as
    wrong, for the truth's class alone.
    """
    truth, found = truth.flatten().long(), found.flatten().long()
    valid = (truth >= 0) & (truth < classes)
    truth, found = truth[valid], found[valid]
    outside = (found < 0) | (found >= classes)
    found = torch.where(outside, classes, found)
    counts = torch.bincount(truth * (classes + 1) + found, minlength=classes * (classes + 1))
    return counts.view(classes, classes + 1)


def segmentation_scores(counts: Tensor, absent: AbsentClasses = "skipped") -> SegmentationScores:
    """Of `confusion`'s counts, summed over all pictures.

    As Long, Shelhamer, Darrell (CVPR 2015, arXiv 1411.4038), section 5. A class that is neither in the truth nor in any
    prediction has no say, as in Cityscapes' evaluation. With `absent` ``zero`` every class has, and such a one scores
    0: the code that pix2pix and CycleGAN were scored with adds 1e-12 to each denominator.
    """
    counts = counts.double()
    classes = len(counts)
    right, of_class, of_found = counts.diagonal(), counts.sum(1), counts[:, :classes].sum(0)
    union = of_class + of_found - right

    def mean_share(total: Tensor) -> float:
        shares = right / total.clamp(min=1)  # whole numbers: 0 of 0 is 0
        return float((shares if absent == "zero" else shares[total > 0]).mean())

    return SegmentationScores(float(right.sum() / of_class.sum()), mean_share(of_class), mean_share(union))
