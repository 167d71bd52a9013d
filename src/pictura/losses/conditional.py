"""A critic of classes: of each position it says how real it looks, and for each class how much more so as one of it.

An answer is N×(1 + classes)×H×W. With the class known it is D(x | c) ~ answer 0 + answer c (the sum that Miyato and
Koyama's projection, arXiv 1802.05637, takes, with free maps). The mean of the answers of the classes over the positions
says of which class the picture is (Odena et al. 2017, arXiv 1610.09585).
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

SHARPNESS = 10.0  # of the classes: with spectral norm, and where a mouth alone tells, a mean answer is about 0.2


def pick_class(answers: Sequence[Tensor], shares: Tensor, gain: float = 1.0) -> list[Tensor]:
    """D(x | c) of each answer, N×H×W, times a gain; the classes' shares are N×classes with sum 1."""
    return [gain * (a[:, 0] + (a[:, 1:] * shares[..., None, None]).sum(1)) for a in map(Tensor.float, answers)]


def class_loss(answers: Sequence[Tensor], shares: Tensor) -> Tensor:
    """Cross-entropy of the classes that the answers tell against these shares, as the mean over the answers."""
    told = [SHARPNESS * answer[:, 1:].float().mean((2, 3)) for answer in answers]
    return torch.stack([F.cross_entropy(logits, shares) for logits in told]).mean()


def guess_class(answers: Sequence[Tensor]) -> Tensor:
    """The class that all answers together tell, int64 N."""
    return torch.stack([answer[:, 1:].float().mean((2, 3)) for answer in answers]).sum(0).argmax(1)
