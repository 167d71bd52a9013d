"""A method's players as the loop drives them: gradients, rates, averaged weights."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from pictura.training import distributed
from pictura.training.checkpoint import flatten_state, unflatten_state
from pictura.training.method import Player

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class EMA:
    """Exponential moving average of a module's parameters, over optimizer steps; buffers are not averaged.

    In the first steps the decay is (1 + n)/(10 + n), as in TensorFlow's average, so that a short training does not end
    with what it started from.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay, self.updates = decay, 0
        self.parameters = dict(module.named_parameters())
        self.tensors = {name: p.detach().clone() for name, p in self.parameters.items()}

    @torch.no_grad()
    def update(self) -> None:
        """After a step of the optimizer."""
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        torch._foreach_lerp_(list(self.tensors.values()), [p.detach() for p in self.parameters.values()], 1 - decay)

    def load(self, tensors: dict[str, Tensor], updates: int) -> None:
        """Resume from what `tensors` and `updates` were."""
        self.updates = updates
        for name, tensor in self.tensors.items():
            tensor.copy_(tensors[name])

    @contextlib.contextmanager
    def use_ema(self) -> Iterator[None]:
        """The module computes with its averaged weights inside, and with its own afterwards."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def apply_ema(self) -> None:
        """The module's weights become the averaged ones for good."""
        for name, parameter in self.parameters.items():
            parameter.copy_(self.tensors[name])

    def _swap(self) -> None:
        for name, parameter in self.parameters.items():
            parameter.data, self.tensors[name] = self.tensors[name], parameter.data


class PlayerState:
    """A player in training; its gradients are kept apart, so that players may have parameters in common."""

    def __init__(self, player: Player) -> None:
        self.optimizer, self.schedule = player.optimizer, player.schedule
        self.parameters = [p for group in self.optimizer.param_groups for p in group["params"] if p.requires_grad]
        self.rates = [float(group["lr"]) for group in self.optimizer.param_groups]
        self.ema = EMA(player.module, player.ema) if player.ema else None
        self.gradients: list[Tensor | None] = [None] * len(self.parameters)
        self.pending = 0  # updates whose gradients are in the sum

    def set_rates(self, step: int) -> None:
        """Set the rates of this optimisation step, from 0."""
        factor = 1.0 if self.schedule is None else self.schedule(step)
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor

    @contextlib.contextmanager
    def hold_gradients(self) -> Iterator[None]:
        """The parameters have this player's gradients inside, and none afterwards."""
        for parameter, gradient in zip(self.parameters, self.gradients, strict=True):
            parameter.grad = gradient
        yield
        self.gradients = [parameter.grad for parameter in self.parameters]
        for parameter in self.parameters:
            parameter.grad = None

    def step(self) -> None:
        """Take the gradients that the parameters have, and forget them."""
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.pending = 0
        if self.ema is not None:
            self.ema.update()


class Players:
    """All players of a method; `update` is what a method's step calls.

    With accumulation a player takes an optimizer step at every `accumulate`-th of its updates. One that is updated once
    a batch does so on the last batch. One that is updated k times a batch, like the critic of a Wasserstein GAN, takes
    k steps in an optimisation step, however many batches that has: the first at its update number `accumulate`, each
    with gradients that were all computed with the weights it changes.
    """

    def __init__(self, players: dict[str, Player], fabric: "Fabric", accumulate: int, clip: float | None) -> None:
        self.players = {name: PlayerState(player) for name, player in players.items()}
        self.fabric, self.accumulate, self.clip = fabric, accumulate, clip
        self.losses: dict[str, Tensor] = {}  # what update was given in this batch, by player

    def begin(self, step: int, micro: int) -> None:
        """Before each batch: `micro` counts those of one optimisation step."""
        self.losses = {}
        if micro == 0:
            for player in self.players.values():
                player.set_rates(step)

    def update(self, /, **losses: Tensor) -> None:
        """All gradients first, of each loss for its player's parameters only, then the optimizers' steps.

        What a generator's loss would leave in the critic it went through is not even computed.

        Raises:
            KeyError: there is no such player.
        """
        for name in losses:
            if name not in self.players:
                raise KeyError(f"update({name}=…): the players are {', '.join(self.players)}")
        last = next(reversed(losses), None)
        for name, loss in losses.items():
            player = self.players[name]
            self.losses[name] = loss.detach()
            with player.hold_gradients():
                # The losses may have a part of the graph in common.
                self.fabric.backward(loss / self.accumulate, inputs=player.parameters, retain_graph=name != last)
            player.pending += 1
        for name in losses:
            if self.players[name].pending == self.accumulate:
                self._step(self.players[name])

    def end(self) -> None:
        """After the last batch of an optimisation step: no gradient goes over into the next one.

        Players that were not updated equally often in each batch have some left: it is one more step.
        """
        for player in self.players.values():
            if player.pending:
                scale = self.accumulate / player.pending
                player.gradients = [None if g is None else g * scale for g in player.gradients]
                self._step(player)

    def _step(self, player: PlayerState) -> None:
        with player.hold_gradients():
            self._average_gradients(player)
            if self.clip is not None:
                nn.utils.clip_grad_norm_(player.parameters, self.clip)
            player.step()

    def _average_gradients(self, player: PlayerState) -> None:
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
        averages = {name: p.ema.tensors for name, p in self.players.items() if p.ema is not None}
        return {f"{name}.{key}": tensor for name, tensors in averages.items() for key, tensor in tensors.items()}

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """The optimizers' tensors by name, and the rest of their state as JSON."""
        tensors: dict[str, Tensor] = {}
        rest: dict[str, Any] = {}
        for name, player in self.players.items():
            updates = player.ema.updates if player.ema else 0
            # The key's spelling is that of the checkpoints' format.
            rest[name] = {"optimiser": flatten_state(player.optimizer.state_dict(), tensors, name), "updates": updates}
        return tensors, rest

    def load(self, tensors: dict[str, Tensor], rest: dict[str, Any], averages: dict[str, Tensor]) -> None:
        """Resume from `state` and `ema_weights`."""
        for name, player in self.players.items():
            player.optimizer.load_state_dict(unflatten_state(rest[name]["optimiser"], tensors))
            _match_layout(player.optimizer)
            if player.ema is not None:
                own = {k.removeprefix(f"{name}."): t for k, t in averages.items() if k.startswith(f"{name}.")}
                player.ema.load(own, rest[name]["updates"])


def _match_layout(optimizer: torch.optim.Optimizer) -> None:
    """Give the optimizer's tensors their parameters' layout (channels-last), as in a run that was never stopped."""
    for parameter, state in optimizer.state.items():
        for key, value in state.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                state[key] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)
