"""An adversarial term as strong as asked for, whatever the critic is and however far it has come.

A critic's gradient grows and shrinks with its weights, so that the right weight of an adversarial term is another one
for every critic, domain and moment. What G feels is the gradient at its picture: measured there now and then, the term
can be scaled to a stated share of another term's gradient.
"""

import math

import torch
from torch import Tensor

MEASURED = 25  # steps from one look at the gradient to the next
KEPT = 0.8  # share of the old scale that stays then


class GradientBalance:
    """The factor on an adversarial term.

    Attributes:
        scale: the factor; 0 before it was first measured.
    """

    def __init__(self) -> None:
        self.scale = 0.0

    def __call__(self, adversarial: Tensor, fake: Tensor, step: int, reference: Tensor | None = None) -> Tensor:
        """The term, times a factor after which its gradient at `fake` has the size of the reference's.

        Without a reference it is that of a mean absolute difference. `step` counts from 0.
        """
        if step % MEASURED == 0 or not self.scale:
            found = _gradient_size(adversarial, fake)
            size = 0.0 if reference is None else _gradient_size(reference, fake)
            if size == 0:  # nothing to compare with: its weights may be 0
                size = fake.numel() ** -0.5
            # A critic that is sure of itself has no gradient now and then: that says nothing of the next ones.
            if 0 < found < math.inf and size < math.inf:
                self.scale = KEPT * self.scale + (1 - KEPT) * size / found if self.scale else size / found
        return (self.scale or 1.0) * adversarial


def _gradient_size(loss: Tensor, fake: Tensor) -> float:
    return float(torch.autograd.grad(loss, fake, retain_graph=True)[0].norm())
