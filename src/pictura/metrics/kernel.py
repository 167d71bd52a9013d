"""KID: how far two sets of pictures are from each other, in features of a network."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

SUBSETS, SUBSET_SIZE = 100, 1000  # the paper's, which the usual programs keep
ROWS = 1024  # of a kernel matrix at a time: its memory does not grow with the square of the number of pictures


class KernelDistance(NamedTuple):
    """What `kid` found.

    value: the mean over subsets; 0 is expected of two samples of one distribution, and it may be negative.
    error: its standard error, for other pictures of the same kind and other subsets.
    deviation: the standard deviation over subsets that papers print, which depends on `size`; 0 for one subset.
    subsets, size: how many there were, of how many pictures a side.
    """

    value: float
    error: float
    deviation: float
    subsets: int
    size: int


def kid(
    a: Tensor,
    b: Tensor,
    *,
    subsets: int = SUBSETS,
    size: int = SUBSET_SIZE,
    generator: torch.Generator | None = None,
) -> KernelDistance:
    """The kernel distance of features N×C and M×C as it is published: the mean over random subsets.

    Each subset has `size` features a side, drawn without replacement, or as many as the smaller side has; where that is
    all of both sides one is computed, and no generator is needed. The error is the jackknife's (Efron and Stein, Annals
    of Statistics 9, 1981), which leaves out one picture at a time, and the subsets' own; it is on the safe side where
    the distance is near 0. N and M are 3 or more.
    """
    a, b = a.double(), b.double()
    size = min(size, len(a), len(b))
    if size == len(a) == len(b):
        return KernelDistance(kernel_distance(a, b), _jackknife_error(a, b), 0.0, 1, size)

    def draw(x: Tensor) -> Tensor:
        return x[torch.randperm(len(x), generator=generator)[:size].to(x.device)]

    found = torch.tensor([kernel_distance(draw(a), draw(b)) for _ in range(subsets)], dtype=torch.float64)
    deviation = float(found.std(correction=0))
    error = (_jackknife_error(a, b) ** 2 + deviation**2 / subsets) ** 0.5
    return KernelDistance(float(found.mean()), error, deviation, subsets, size)


def kernel_distance(a: Tensor, b: Tensor) -> float:
    """The unbiased squared maximum mean discrepancy of features N×C and M×C, with the kernel (x·y / C + 1)³.

    Bińkowski, Sutherland, Arbel, Gretton (ICLR 2018, arXiv 1801.01401), who take Inception's features and call it KID;
    the number depends on the network, and on the features' unit. About 0 for two samples of one distribution, where it
    may be negative.
    """
    a, b = a.double(), b.double()
    within = sum(_row_sums(x, x, own=True).sum() / (len(x) * (len(x) - 1)) for x in (a, b))
    return float(within - 2 * _row_sums(a, b).mean() / len(b))


def _row_sums(x: Tensor, y: Tensor, *, own: bool = False) -> Tensor:
    """Σ_j k(x_i, y_j) for each i; where y is x itself (`own`) without j = i."""
    sums = torch.cat([((part @ y.T / x.shape[1] + 1) ** 3).sum(1) for part in torch.split(x, ROWS)])
    return sums - (x.square().sum(1) / x.shape[1] + 1) ** 3 if own else sums


def _jackknife_error(a: Tensor, b: Tensor) -> float:
    """Standard error of `kernel_distance`, from its values with one feature left out, of either side in turn."""
    across, across_b = _row_sums(a, b), _row_sums(b, a)
    variance = 0.0
    for x, cross, others in ((a, across, len(b)), (b, across_b, len(a))):
        n = len(x)
        within = _row_sums(x, x, own=True)
        left_out = (within.sum() - 2 * within) / ((n - 1) * (n - 2))
        left_out -= 2 * (cross.sum() - cross) / ((n - 1) * others)  # the other side's own term is the same for all
        variance += float((n - 1) / n * (left_out - left_out.mean()).square().sum())
    return math.sqrt(variance)
