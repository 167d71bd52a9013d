"""One network's player as the loop drives it, and all players together: gradients, rates, averaged weights."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from pictura.runtime.errors import PicturaError
from pictura.training import distributed
from pictura.training.average import EMA
from pictura.training.method import Player
from pictura.training.packing import flatten_state, unflatten_state

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class PlayerState:
    """A player in training."""

    def __init__(self, player: Player) -> None:
        self.network, self.optimizer, self.schedule = player.network, player.optimizer, player.schedule
        self.parameters = [p for group in self.optimizer.param_groups for p in group["params"] if p.requires_grad]
        self.rates = [float(group["lr"]) for group in self.optimizer.param_groups]
        self.ema = EMA(self.network, player.ema) if player.ema else None

    def set_rates(self, step: int) -> None:
        """Set the rates of this optimisation step, from 0."""
        factor = 1.0 if self.schedule is None else self.schedule(step)
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor

    def step(self) -> None:
        """Take the gradients there are, and forget them."""
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        if self.ema is not None:
            self.ema.update()


class Players:
    """All players of a method; `update` is what a method's step calls."""

    def __init__(self, players: dict[str, Player], fabric: "Fabric", accumulate: int, clip: float | None) -> None:
        self.players = {name: PlayerState(player) for name, player in players.items()}
        self.fabric, self.accumulate, self.clip = fabric, accumulate, clip
        self.losses: dict[str, Tensor] = {}  # what update was given in this batch, by player
        self._last = True

    def begin(self, step: int, micro: int) -> None:
        """Before each batch: `micro` counts those whose gradients make one step."""
        self.losses, self._last = {}, micro == self.accumulate - 1
        if micro == 0:
            for player in self.players.values():
                player.set_rates(step)

    def update(self, name: str, loss: Tensor) -> None:
        """Backward and, on the step's last batch, the optimiser's step.

        The gradient reaches this player's parameters only: what a generator's loss would leave in the discriminator it
        went through is not even computed.
        """
        if name not in self.players:
            raise KeyError(f"update('{name}', …): the players are {', '.join(self.players)}")
        if name in self.losses and self.accumulate > 1:
            raise PicturaError(f"'{name}' is updated several times a step, which cannot be accumulated: set it to 1.")
        player = self.players[name]
        self.losses[name] = loss.detach()
        self.fabric.backward(loss / self.accumulate, inputs=player.parameters)
        if self._last:
            self._mean_gradient(player)
            if self.clip is not None:
                nn.utils.clip_grad_norm_(player.parameters, self.clip)
            player.step()

    def _mean_gradient(self, player: PlayerState) -> None:
        """The mean over all processes, in one message."""
        if self.fabric.world_size == 1:
            return
        for parameter in player.parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        gradients = [p.grad for p in player.parameters if p.grad is not None]
        flat = torch.cat([g.flatten() for g in gradients])
        mean = distributed.mean_over_processes(flat, self.fabric)
        for gradient, part in zip(gradients, torch.split(mean, [g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))

    @contextlib.contextmanager
    def use_ema(self) -> Iterator[None]:
        """All networks with their averaged weights, where there are any."""
        with contextlib.ExitStack() as stack:
            for player in self.players.values():
                if player.ema is not None:
                    stack.enter_context(player.ema.use_ema())
            yield

    def apply_ema(self) -> None:
        """Give the networks their averaged weights for good."""
        for player in self.players.values():
            if player.ema is not None:
                player.ema.apply_ema()

    def ema_weights(self) -> dict[str, Tensor]:
        """Averaged weights as ``player.parameter``."""
        there = {name: p.ema.tensors for name, p in self.players.items() if p.ema is not None}
        return {f"{name}.{key}": tensor for name, tensors in there.items() for key, tensor in tensors.items()}

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """The optimisers' tensors by name, and the rest of their state as JSON."""
        tensors: dict[str, Tensor] = {}
        rest: dict[str, Any] = {}
        for name, player in self.players.items():
            updates = player.ema.updates if player.ema else 0
            rest[name] = {"optimiser": flatten_state(player.optimizer.state_dict(), tensors, name), "updates": updates}
        return tensors, rest

    def load(self, tensors: dict[str, Tensor], rest: dict[str, Any], averages: dict[str, Tensor]) -> None:
        """Go on from `state` and `averages`."""
        for name, player in self.players.items():
            player.optimizer.load_state_dict(unflatten_state(rest[name]["optimiser"], tensors))
            _match_layout(player.optimizer)
            if player.ema is not None:
                mine = {k.removeprefix(f"{name}."): t for k, t in averages.items() if k.startswith(f"{name}.")}
                player.ema.load(mine, rest[name]["updates"])


def _match_layout(optimiser: torch.optim.Optimizer) -> None:
    """Give the optimiser's tensors their parameters' layout (channels-last), as in a training that was not stopped."""
    for parameter, state in optimiser.state.items():
        for key, value in state.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                state[key] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)
