"""A method's step beside a plain loop with copies of its networks and optimizers."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from pictura.training.method import Method


def optimizers_of(method: Method) -> dict[str, torch.optim.Optimizer]:
    return {name: player.optimizer for name, player in method.players(0).items()}


def stepped(method: Method, batch: dict[str, Tensor], seed: int, optimizers: dict[str, Any]) -> dict[str, Tensor]:
    """One step of the method; every loss reaches its player's parameters only, as the loop sees to."""

    def update(**losses: Tensor) -> None:
        for name, loss in losses.items():
            optimizer = optimizers[name]
            loss.backward(inputs=[p for group in optimizer.param_groups for p in group["params"]])
            optimizer.step()
            optimizer.zero_grad()

    return method.step(batch, update, torch.Generator().manual_seed(seed))


class Straight:
    """Copies of a method's networks, with optimizers of their own for the groups of names that are asked for.

    SGD, as the method's settings must say, too: Adam would make steps of the rounding that is the gradient of a bias
    before a norm.
    """

    def __init__(self, method: Method, groups: dict[str, tuple[str, ...]], rate: float) -> None:
        self.networks: dict[str, nn.Module] = {n: copy.deepcopy(net) for n, net in method.networks().items()}
        self.optimizers = {
            group: torch.optim.SGD([p for n in names for p in self.networks[n].parameters()], rate, momentum=0.9)
            for group, names in groups.items()
        }

    def minimize(self, group: str, loss: Tensor) -> None:
        for optimizer in self.optimizers.values():
            optimizer.zero_grad()
        loss.backward()  # into all networks; the others' gradients are thrown away
        self.optimizers[group].step()

    def compare(self, method: Method, first: dict[str, Tensor]) -> None:
        """The method's networks are these, and moved."""
        for name, network in method.networks().items():
            wanted = self.networks[name].state_dict()
            for key, tensor in network.state_dict().items():
                torch.testing.assert_close(tensor, wanted[key], rtol=1e-4, atol=1e-6)
            assert any(not torch.equal(t, first[f"{name}.{key}"]) for key, t in wanted.items()), name


def weights(method: Method) -> dict[str, Tensor]:
    networks = method.networks().items()
    return {f"{n}.{key}": t.clone() for n, network in networks for key, t in network.state_dict().items()}


def batch(side: int = 32, count: int = 2) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {name: torch.rand(count, 3, side, side, generator=generator) for name in "AB"}
