"""Seconds of a training step of pix2pix and CycleGAN at the papers' size, against a plain loop of the same networks.

    python benchmarks/train_step.py [--only pix2pix,cyclegan] [--steps 6] [--side 256] [--threads 2]

The plain loop is what the papers' users run: the networks in torch's own modules and order of memory, in float32, one
backward pass after the other. Ours is `pictura train` as it is, checkpoints and sheets left out, with the arithmetic
that it chooses by itself. Both take random pictures, a batch of one; each has a process of its own, whose first two
steps warm up; the median of the others counts.
"""

import argparse
import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WARM_UP = 2
METHODS = ("pix2pix", "cyclegan")


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--only", default=",".join(METHODS))
    p.add_argument("--steps", type=int, default=6)
    p.add_argument("--side", type=int, default=256)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--child", help=argparse.SUPPRESS)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    if a.child:
        kind, method = a.child.split(":")
        print(run_ours(method, a.steps, a.side, a.threads) if kind == "ours" else run_plain(method, a.steps, a.side))
        return
    print(
        f"| {a.side}², batch 1, {a.threads} threads | plain loop, s | pictura, s | ratio |\n| --- | --- | --- | --- |"
    )
    for method in a.only.split(","):
        plain, ours = (in_a_process(f"{kind}:{method}", sys.argv[1:]) for kind in ("plain", "ours"))
        print(f"| {method} | {plain:.2f} | {ours:.2f} | {plain / ours:.2f} |", flush=True)


def in_a_process(child: str, options: list[str]) -> float:
    command = [sys.executable, __file__, *options, "--child", child]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()[-1])


def median_step(step: Callable[[], None], steps: int) -> float:
    times = []
    for _ in range(WARM_UP + steps):
        begun = time.perf_counter()
        step()
        times.append(time.perf_counter() - begun)
    return statistics.median(times[WARM_UP:])


def run_ours(name: str, steps: int, side: int, threads: int) -> float:
    from pictura.methods import find_method
    from pictura.training.fit import fit
    from pictura.training.settings import TrainSettings

    kind = find_method(name)
    method = kind(kind.Settings())
    total = WARM_UP + steps
    settings = TrainSettings(
        steps=total, batch=1, crop=side, threads=threads, save_every=10**6, show_every=10**6, device="cpu"
    )
    ends: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        source = Noise(method.data_kind, side)
        fit(method, source, Path(folder) / "run", settings, callback=lambda now: ends.append(time.perf_counter()))
    # From the end of one step to that of the next; the last one also saves and shows.
    return statistics.median([b - a for a, b in itertools.pairwise(ends)][WARM_UP - 1 : -1])


class Noise:
    """A data source of random pairs."""

    def __init__(self, kind: str, side: int) -> None:
        self.kind, self.side = kind, side

    def fingerprint(self) -> str:
        return f"noise {self.side}"

    def __len__(self) -> int:
        return 8

    def sample(self, index: int, generator: torch.Generator) -> dict[str, Tensor]:
        return {side: torch.rand(3, self.side, self.side, generator=generator) for side in "AB"}


def run_plain(name: str, steps: int, side: int) -> float:
    return median_step({"pix2pix": plain_pix2pix, "cyclegan": plain_cyclegan}[name](side), steps)


def plain_pix2pix(side: int) -> Callable[[], None]:
    """U-Net 256 with batch norm, PatchGAN 70 on both pictures, log loss and 100 |B - G(A)|."""
    G, D = unet(), patchgan(6, nn.BatchNorm2d)
    optimizer_G, optimizer_D = (torch.optim.Adam(net.parameters(), 2e-4, (0.5, 0.999)) for net in (G, D))
    bce = nn.BCEWithLogitsLoss()

    def step() -> None:
        real_A, real_B = (2 * torch.rand(1, 3, side, side) - 1 for _ in range(2))
        fake_B = G(real_A)
        D.requires_grad_(True)
        optimizer_D.zero_grad()
        fake, real = D(torch.cat((real_A, fake_B), 1).detach()), D(torch.cat((real_A, real_B), 1))
        (0.5 * (bce(fake, torch.zeros_like(fake)) + bce(real, torch.ones_like(real)))).backward()
        optimizer_D.step()
        D.requires_grad_(False)
        optimizer_G.zero_grad()
        fake = D(torch.cat((real_A, fake_B), 1))
        (bce(fake, torch.ones_like(fake)) + 100 * F.l1_loss(fake_B, real_B)).backward()
        optimizer_G.step()

    return step


def plain_cyclegan(side: int) -> Callable[[], None]:
    """Two ResNets of nine blocks, two PatchGANs, least squares, cycle and identity losses."""
    G_A, G_B = resnet(), resnet()
    D_A, D_B = patchgan(3, nn.InstanceNorm2d), patchgan(3, nn.InstanceNorm2d)
    optimizer_G, optimizer_D = (
        torch.optim.Adam(itertools.chain(*(net.parameters() for net in nets)), 2e-4, (0.5, 0.999))
        for nets in ((G_A, G_B), (D_A, D_B))
    )

    def step() -> None:
        real_A, real_B = (2 * torch.rand(1, 3, side, side) - 1 for _ in range(2))
        fake_B, fake_A = G_A(real_A), G_B(real_B)
        rec_A, rec_B = G_B(fake_B), G_A(fake_A)
        for net in (D_A, D_B):
            net.requires_grad_(False)
        optimizer_G.zero_grad()
        identity = F.l1_loss(G_A(real_B), real_B) + F.l1_loss(G_B(real_A), real_A)
        answers = D_A(fake_B), D_B(fake_A)
        adversarial = sum(F.mse_loss(answer, torch.ones_like(answer)) for answer in answers)
        cycle = F.l1_loss(rec_A, real_A) + F.l1_loss(rec_B, real_B)
        (adversarial + 10 * cycle + 5 * identity).backward()
        optimizer_G.step()
        optimizer_D.zero_grad()
        for net, real, fake in ((D_A, real_B, fake_B), (D_B, real_A, fake_A)):
            net.requires_grad_(True)
            one, other = net(real), net(fake.detach())
            (0.5 * (F.mse_loss(one, torch.ones_like(one)) + F.mse_loss(other, torch.zeros_like(other)))).backward()
        optimizer_D.step()

    return step


class Level(nn.Module):
    """A level of the U-Net around the next deeper one, with what skips it."""

    def __init__(self, before: int, inner: int, deeper: nn.Module | None, *, first: bool, drop: bool) -> None:
        super().__init__()
        down = [nn.Conv2d(before, inner, 4, 2, 1, bias=False)]
        up = [nn.ReLU(True), nn.ConvTranspose2d(inner * (2 if deeper else 1), 3 if first else before, 4, 2, 1)]
        if first:
            layers = [*down, deeper, *up, nn.Tanh()]
        elif deeper is None:
            layers = [nn.LeakyReLU(0.2, True), *down, *up, nn.BatchNorm2d(before)]
        else:
            layers = [nn.LeakyReLU(0.2, True), *down, nn.BatchNorm2d(inner), deeper, *up, nn.BatchNorm2d(before)]
        self.layers, self.first = nn.Sequential(*layers, *([nn.Dropout(0.5)] if drop else [])), first

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x) if self.first else torch.cat([x, self.layers(x)], 1)


def unet() -> nn.Module:
    level = Level(512, 512, None, first=False, drop=False)
    for _ in range(3):
        level = Level(512, 512, level, first=False, drop=True)
    for before in (256, 128, 64):
        level = Level(before, 2 * before, level, first=False, drop=False)
    return Level(3, 64, level, first=True, drop=False)


def patchgan(channels: int, norm: Callable[[int], nn.Module]) -> nn.Module:
    layers: list[nn.Module] = [nn.Conv2d(channels, 64, 4, 2, 1), nn.LeakyReLU(0.2, True)]
    for before, stride in ((64, 2), (128, 2), (256, 1)):
        layers += [nn.Conv2d(before, 2 * before, 4, stride, 1), norm(2 * before), nn.LeakyReLU(0.2, True)]
    return nn.Sequential(*layers, nn.Conv2d(512, 1, 4, 1, 1))


class Block(nn.Module):
    """A residual block of CycleGAN's generator."""

    def __init__(self) -> None:
        super().__init__()
        layers = [[nn.ReflectionPad2d(1), nn.Conv2d(256, 256, 3), nn.InstanceNorm2d(256)] for _ in range(2)]
        self.layers = nn.Sequential(*layers[0], nn.ReLU(True), *layers[1])

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


def resnet() -> nn.Module:
    layers: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(3, 64, 7), nn.InstanceNorm2d(64), nn.ReLU(True)]
    for before in (64, 128):
        layers += [nn.Conv2d(before, 2 * before, 3, 2, 1), nn.InstanceNorm2d(2 * before), nn.ReLU(True)]
    layers += [Block() for _ in range(9)]
    for before in (256, 128):
        up = nn.ConvTranspose2d(before, before // 2, 3, 2, 1, output_padding=1)
        layers += [up, nn.InstanceNorm2d(before // 2), nn.ReLU(True)]
    return nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(64, 3, 7), nn.Tanh())


if __name__ == "__main__":
    main()
