"""Every loss term's gradient against finite differences in double precision."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck

from pictura.losses.gatys import content_loss, gram_loss, relative_content_loss
from pictura.losses.moments import moments
from pictura.losses.total_variation import total_variation
from pictura.losses.wasserstein import WassersteinLoss, root_of, trace_of_root


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.double)


TARGET = random(1, 3, 4, 5, seed=1)
TERMS: dict[str, Callable[[Tensor], Tensor | tuple[Tensor, Tensor]]] = {
    "content": lambda f: content_loss(f, TARGET),
    "relative content": lambda f: relative_content_loss(f, TARGET, 2.0),
    "moments": moments,
    "gram": lambda f: gram_loss(moments(f)[1], moments(TARGET)[1]),
    "wasserstein": lambda f: WassersteinLoss(*moments(TARGET), scale=2.0)(*moments(f)),
    "total variation": total_variation,
}


@pytest.mark.parametrize("term", TERMS)
def test_gradient(term: str) -> None:
    assert gradcheck(TERMS[term], random(1, 3, 4, 5).requires_grad_())


def test_gradient_of_trace_of_root() -> None:
    x, a = random(2, 4, 9), root_of(torch.cov(random(4, 9, seed=1)))
    covariances = x @ x.mT / 9
    assert gradcheck(lambda c: trace_of_root(c, a), covariances.requires_grad_())
