"""The normalized VGG of Gatys, Ecker and Bethge: every filter's mean activation over natural images is 1.

A network of convolutions, ReLUs and poolings is homogeneous: a filter divided by a positive number, and the next
convolution's input multiplied by it, leave the network's function as it was up to that scale.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


@torch.no_grad()
def normalize_filters(chain: Iterable[tuple[str, nn.Module]], means: dict[str, Tensor]) -> None:
    """Rescale the convolutions of `chain` in place.

    Args:
        chain: layers of a plain network (no batch norm, no branches), named ``conv1_1`` and so on.
        means: for each convolution the mean activation of its filters behind the ReLU; one that never fires stays.
    """
    before: Tensor | None = None
    for name, layer in chain:
        if isinstance(layer, nn.Conv2d):
            mean = torch.where(means[name] > 0, means[name], 1.0)
            if before is not None:
                layer.weight *= before.view(1, -1, 1, 1)
            layer.weight /= mean.view(-1, 1, 1, 1)
            if layer.bias is not None:
                layer.bias /= mean
            before = mean
