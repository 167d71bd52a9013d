"""Averaged weights: of a network's parameters the exponential moving average over the steps."""

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor, nn


class EMA:
    """The moving average of one network; integer and other buffers are not averaged: the network's own count.

    In the first steps the decay is (1 + n)/(10 + n), as in TensorFlow's average, so that a short training does not end
    with what it started from.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay, self.updates = decay, 0
        self.parameters = dict(network.named_parameters())
        self.tensors = {name: p.detach().clone() for name, p in self.parameters.items()}

    @torch.no_grad()
    def update(self) -> None:
        """After a step of the optimiser."""
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        torch._foreach_lerp_(list(self.tensors.values()), [p.detach() for p in self.parameters.values()], 1 - decay)

    def load(self, tensors: dict[str, Tensor], updates: int) -> None:
        """Go on from what `tensors` and `updates` were."""
        self.updates = updates
        for name, tensor in self.tensors.items():
            tensor.copy_(tensors[name])

    @contextlib.contextmanager
    def use_ema(self) -> Iterator[None]:
        """The network computes with its averaged weights inside, and with its own afterwards."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def apply_ema(self) -> None:
        """The network's weights become the averaged ones for good."""
        for name, parameter in self.parameters.items():
            parameter.copy_(self.tensors[name])

    def _swap(self) -> None:
        for name, parameter in self.parameters.items():
            parameter.data, self.tensors[name] = self.tensors[name], parameter.data
