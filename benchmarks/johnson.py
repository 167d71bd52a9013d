"""The claim of Johnson, Alahi and Fei-Fei: one pass reaches what 50 to 100 iterations of optimisation do, in no time.

    python benchmarks/johnson.py DATA [--model fast] [--side 256] [--square] [--iterations 500] [--optimizer adam|lbfgs]
        [--init content|noise]
    python benchmarks/johnson.py DATA --speed [--sizes 256,512,1024] [--share 0.05]

The first prints, for photographs that no training saw and some of the network's styles, the loss the network was
trained with (content, style and total variation, each with its weight): of the photograph itself, of the network's
picture, and of pixels optimised for so many iterations from the photograph, or as in the paper from white noise, with
the iteration at which they pass the network. `adam` looks through the training's noise, a new one at each iteration;
every loss printed is the mean over the same four draws of it. `lbfgs` is the paper's optimiser, one evaluation an
iteration and pixels clipped after each, which can do with no noise: then there is none anywhere.

The second prints processor seconds of one pass and of 500 iterations at each size, on one thread. `--share 0.05` runs
that share of the 500 and multiplies.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from pictura import methods, models, read
from pictura.methods.johnson import Johnson
from pictura.picture.resize import fit_size, resize

PHOTOS = ("astronaut", "yosemite-valley", "tourist-and-building", "hibiscus")
STYLES = ("starry-night", "great-wave", "the-scream", "composition-vii")
PRINTED = (10, 20, 50, 100, 200, 500)
# Of Adam. From the photograph: of 0.01, 0.03 and 0.1 the lowest loss after 50 and after 500 iterations; from noise: of
# 0.03, 0.06, 0.1 and 0.2 the one that passes the network first.
RATES = {"content": 0.03, "noise": 0.1}
DRAWS = 4


def opened(model: str, smoothing: float | None) -> Johnson:
    """The network, and the loss it was trained with."""
    method = methods.open_method(models.read_bundle(model))
    if not isinstance(method, Johnson):
        raise SystemExit(f"{model} is no network of the method johnson.")
    method.prepare(torch.device("cpu"), torch.Generator())
    if smoothing is not None and method.perceptual_loss is not None:
        method.perceptual_loss.smoothing = smoothing
    return method


def photo(data: Path, name: str, side: int, square: bool = False) -> Tensor:
    """Longest side `side`, sides that divide by 8: the network makes them whole, the optimiser need not."""
    pixels = read(data / "content" / f"{name}.jpg").tensor()
    if square:
        shorter = min(pixels.shape[2:])
        top, left = ((n - shorter) // 2 for n in pixels.shape[2:])
        pixels = pixels[..., top : top + shorter, left : left + shorter]
    height, width = (n // 8 * 8 for n in fit_size(pixels.shape[-2], pixels.shape[-1], side))
    return resize(pixels, (height, width))


def loss_of(method: Johnson, x: Tensor, style: int, noise: torch.Generator) -> Callable[[Tensor], Tensor]:
    """The training's loss of pictures of `x`."""
    return lambda made: torch.stack(list(method.losses(made, x, [style], torch.ones(1), noise).values())).sum()


def judged(loss: Callable[[Tensor], Tensor], made: Tensor, draws: int, noise: torch.Generator) -> float:
    """The mean over the same draws of noise."""
    noise.manual_seed(0)
    with torch.no_grad():
        return sum(loss(made.clamp(0, 1)).item() for _ in range(draws)) / draws


def optimised(
    loss: Callable[[Tensor], Tensor], x: Tensor, init: str, iterations: int, optimizer: str
) -> dict[int, Tensor]:
    """Pictures after so many iterations from the photograph `x` or from noise: all up to 100, then every tenth."""
    first = torch.rand(x.shape, generator=torch.Generator().manual_seed(0)) if init == "noise" else x.clone()
    pixels = first.requires_grad_()
    if optimizer == "adam":
        step = torch.optim.Adam([pixels], lr=RATES[init])
    else:
        step = torch.optim.LBFGS([pixels], lr=1, max_iter=1, history_size=100)
    kept = {}

    def closure() -> Tensor:
        step.zero_grad()
        found = loss(pixels)
        found.backward()
        return found

    for i in range(1, iterations + 1):
        step.step(closure)
        with torch.no_grad():
            pixels.clamp_(0, 1)
        if i <= 100 or i % 10 == 0:
            kept[i] = pixels.detach().clone()
    return kept


def compare(a: argparse.Namespace) -> None:
    """The table of losses."""
    method, draws = (opened(a.model, None), DRAWS) if a.optimizer == "adam" else (opened(a.model, 0.0), 1)
    counts = [n for n in PRINTED if n <= a.iterations]
    print("| photograph | style | itself | network | " + " | ".join(f"{n} its" for n in counts) + " | passed at |")
    print("| --- " * (5 + len(counts)) + "|")
    columns = []
    for name in a.photos.split(","):
        x = photo(a.data, name, a.side, a.square)
        for style in a.styles.split(","):
            noise = torch.Generator().manual_seed(0)
            loss = loss_of(method, x, method.names.index(style), noise)
            own = judged(loss, method.stylize(x, style=style), draws, noise)
            pictures = optimised(loss, x, a.init, a.iterations, a.optimizer)
            passed = next(
                (i for i, made in pictures.items() if judged(loss, made, draws, noise) < own), a.iterations + 1
            )
            row = [judged(loss, x, draws, noise), own, *(judged(loss, pictures[n], draws, noise) for n in counts)]
            columns.append([*row, float(passed)])
            print(f"| {name} | {style} | " + " | ".join(f"{v:.4f}" for v in row) + f" | {passed} |", flush=True)
    means = [sum(column) / len(columns) for column in zip(*columns, strict=True)]
    print("| mean | | " + " | ".join(f"{v:.4f}" for v in means[:-1]) + f" | {means[-1]:.0f} |")


def speed(a: argparse.Namespace) -> None:
    """The table of seconds."""
    method = opened(a.model, None)
    print("| longest side | one pass, CPU s | 500 iterations, CPU s | times faster |\n| --- | --- | --- | --- |")
    for side in map(int, a.sizes.split(",")):
        x = photo(a.data, PHOTOS[0], side)
        loss, count = loss_of(method, x, 0, torch.Generator().manual_seed(0)), max(2, round(500 * a.share))
        method.stylize(x)
        passes = []
        for _ in range(3):
            began = time.process_time()
            method.stylize(x)
            passes.append(time.process_time() - began)
        optimised(loss, x, "content", 1, "adam")
        began = time.process_time()
        optimised(loss, x, "content", count, "adam")
        seconds = (time.process_time() - began) * 500 / count
        print(f"| {side} | {min(passes):.3f} | {seconds:.0f} | {seconds / min(passes):.0f} |", flush=True)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("data", type=Path, help="holds content/")
    p.add_argument("--model", default="fast")
    p.add_argument("--side", type=int, default=256)
    p.add_argument("--square", action="store_true", help="the middle of each photograph, as the paper's are square")
    p.add_argument("--iterations", type=int, default=500)
    p.add_argument("--optimizer", choices=("adam", "lbfgs"), default="adam")
    p.add_argument("--init", choices=("content", "noise"), default="content")
    p.add_argument("--photos", default=",".join(PHOTOS))
    p.add_argument("--styles", default=",".join(STYLES))
    p.add_argument("--speed", action="store_true")
    p.add_argument("--sizes", default="256,512,1024")
    p.add_argument("--share", type=float, default=1.0)
    a = p.parse_args()
    torch.set_num_threads(1)
    speed(a) if a.speed else compare(a)


if __name__ == "__main__":
    main()
