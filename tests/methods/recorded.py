"""What a method's step hands to its players, and two tiny domains to train on."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from pictura.training.method import Method

Gradients = dict[str, Tensor]


def batch(size: int = 64, count: int = 2) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {side: torch.rand(count, 3, size, size, generator=generator) for side in "AB"}


def build(kind: type[Method], /, **changes: Any) -> Any:
    torch.manual_seed(0)
    return kind(kind.tiny().model_copy(update=changes))


def record(method: Method, pictures: dict[str, Tensor]) -> list[tuple[str, Tensor, Gradients]]:
    """(player, loss, its gradients) of each update in a step whose weights stay as they are."""
    players, told = method.players(1), []
    names = {id(p): f"{n}.{key}" for n, net in method.networks().items() for key, p in net.named_parameters()}

    def update(**losses: Tensor) -> None:
        for player, loss in losses.items():
            own = list(players[player].module.parameters())
            own = [p for p in own if p.requires_grad]
            gradients = torch.autograd.grad(loss, own, retain_graph=True, allow_unused=True)
            found = {names[id(p)]: g for p, g in zip(own, gradients, strict=True) if g is not None}
            told.append((player, loss.detach(), found))

    method.step(pictures, update, torch.Generator().manual_seed(2))
    return told


def check(told: tuple[str, Tensor, Gradients], player: str, loss: Tensor, *networks: tuple[str, nn.Module]) -> None:
    """The update is this player's, its loss is this one, and each of these networks gets this one's gradient."""
    assert told[0] == player
    torch.testing.assert_close(told[1], loss.detach(), rtol=1e-4, atol=1e-6)
    named = {f"{n}.{key}": p for n, net in networks for key, p in net.named_parameters()}
    wanted = torch.autograd.grad(loss, list(named.values()), retain_graph=True)
    assert told[2].keys() == named.keys()
    # A bias before a norm has no gradient but rounding.
    noise = 1e-4 * max((float(gradient.abs().max()) for gradient in wanted), default=0.0)
    for (name, found), gradient in zip(((n, told[2][n]) for n in named), wanted, strict=True):
        torch.testing.assert_close(found, gradient, rtol=1e-3, atol=noise, msg=name)


def copies(method: Method) -> dict[str, Any]:
    return {name: copy.deepcopy(network) for name, network in method.networks().items()}


# Two domains that differ in light and in texture, 8 pictures each: dark plain discs, and light striped ones.


def domains(size: int = 64) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(3)
    y, x = torch.meshgrid(*[torch.arange(float(size))] * 2, indexing="ij")
    found: dict[str, list[Tensor]] = {"A": [], "B": []}
    for side, ground in (("A", 0.15), ("B", 0.75)):
        for _ in range(8):
            cx, cy, r = torch.rand(3, generator=generator) * torch.tensor([24.0, 24.0, 8.0]) + torch.tensor(
                [20, 20, 10]
            )
            disc = ((x - cx) ** 2 + (y - cy) ** 2 < r**2).float()
            stripes = 0.2 * torch.sin(x * 2 * torch.pi / 8) if side == "B" else torch.zeros_like(x)
            colour = torch.tensor([0.9, 0.5, 0.2] if side == "A" else [0.2, 0.3, 0.9]).view(3, 1, 1)
            found[side].append((ground + stripes) * (1 - disc) + disc * colour)
    return {side: torch.stack(pictures) for side, pictures in found.items()}


def train(method: Any, steps: int, count: int) -> None:
    players = method.players(0)
    seen = domains()

    def update(**losses: Tensor) -> None:
        for name, loss in losses.items():
            optimizer = players[name].optimizer
            loss.backward(inputs=[p for g in optimizer.param_groups for p in g["params"] if p.requires_grad])
            optimizer.step()
            optimizer.zero_grad()

    for step in range(steps):
        generator = torch.Generator().manual_seed(step)
        chosen = {side: seen[side][torch.randperm(8, generator=generator)[:count]] for side in "AB"}
        method.step(chosen, update, generator)
    for network in method.networks().values():
        network.eval().requires_grad_(False)


def ground(pictures: Tensor) -> Tensor:
    """Colour beside the disc."""
    return torch.cat([pictures[..., :4, :].mean((2, 3)), pictures[..., -4:, :].mean((2, 3))]).mean(0)


def learned(method: Any, steps: int, count: int) -> dict[str, tuple[float, float]]:
    """Direction → how far off the other domain's light pictures are before and after their translation."""
    seen, told = domains(), {}
    train(method, steps, count)
    for direction in method.directions:
        there, here = direction.split("2")
        made = torch.cat([method.translate(x[None], direction=direction) for x in seen[there][:4]])
        told[direction] = tuple(float((ground(x) - ground(seen[here])).abs().mean()) for x in (seen[there], made))
    return told
