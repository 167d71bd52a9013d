"""Photorealistic style on unseen pairs: how much of the reference is taken, how much of the photograph is left.

    python benchmarks/photoreal.py DATA [--only reinhard,mk,photo,wct2,deep] [--model FILE] [--side 512] [--out DIR]
    python benchmarks/photoreal.py DATA --large 4000x6000 [--only mk,photo] [--model FILE] [--threads 2]

DATA holds content/, whose photographs are in no training; each of `PAIRS` is a photograph and its reference.
*left*: W2 between Gaussians of `compact`'s features at relu1_1 … relu5_1, summed, result to reference over photograph
to reference. *gradcos*: cosine of the luma's gradient fields of photograph and result. *edge SSIM*: SSIM of the sizes
of those gradients, in units of the photograph's mean. *inverted*: share of the photograph's gradient energy that the
result turned by more than 90°. *worst*: the least gradcos. Seconds are processor time, one thread.

Rows: reinhard (means and deviations in Lαβ, Reinhard et al. 2001), mk (the closed form), photo (our network), wct2 (Yoo
et al. 2019 on `compact`; wct2-encoder and wct2-encoder-skip: transformed there only; wct2-none: nowhere, which shows
what the decoder loses), deep (Luan et al. 2017 on `compact`, see deep_photo.py). `--large` runs the whole program on a
grainy JPEG of that size.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PAIRS = (
    ("yosemite-valley", "kites-on-the-beach"),
    ("farmhouse", "milford-sound"),
    ("milford-sound", "rocket"),
    ("cliff-palace", "succulent"),
    ("tourist-and-building", "coffee"),
    ("dogs", "yosemite-valley"),
    ("astronaut", "hibiscus"),
    ("grace-hopper", "milford-sound"),
    ("building-exterior", "cliff-palace"),
    ("kites-on-the-beach", "rocket"),
    ("coffee", "art-gallery-stairs"),
    ("cat", "farmhouse"),
)
COLUMNS = ("method", "left", "relu1_1", "relu2_1", "gradcos", "worst", "edge SSIM", "inverted", "CPU s")


def compare(
    data: Path, names: list[str], model: str | None, side: int, out: Path | None, wct2_model: str = "wct2"
) -> None:
    """Print a row for each method."""
    import torch
    from deep_photo import deep_photo
    from torch import Tensor

    import pictura
    from pictura import read
    from pictura.encoders import load_encoder
    from pictura.networks.photo import STATISTICS as LAYERS
    from pictura.picture.resize import resize_longest

    torch.set_num_threads(1)
    encoder = load_encoder("compact", dtype="float32")

    def opened(name: str, longest: int) -> Tensor:
        pixels = read(data / "content" / f"{name}.jpg").tensor()
        return resize_longest(pixels, longest)

    def of_model(chosen: str | None) -> Callable[[Tensor, Tensor], Tensor]:
        return lambda x, s: pictura.stylize(x, s, method="photo", model=chosen)

    known = {"reinhard": reinhard, "mk": of_model("mk"), "photo": of_model(model), "deep": deep_photo}
    known |= {name: of_wct2(name, wct2_model) for name in names if name.startswith("wct2")}
    print("| " + " | ".join(COLUMNS) + " |\n|" + " --- |" * len(COLUMNS))
    for name in names:
        rows = []
        for photo_name, other in PAIRS:
            x, s = opened(photo_name, side), opened(other, side)
            began = time.process_time()
            y = known[name](x, s)
            seconds = time.process_time() - began
            with torch.no_grad():
                f, p, q = (encoder(image, LAYERS) for image in (y, x, s))
            rows.append((*left(f, p, q, encoder), *structure(y, x), seconds))
            if out is not None:
                pictura.write(pictura.Picture.of(y), out / f"{photo_name}-{other}-{name}.png", overwrite=True)
        columns = list(zip(*rows, strict=True))
        means = [sum(column) / len(column) for column in columns]
        means.insert(4, min(columns[3]))
        print(f"| {name} | " + " | ".join(f"{mean:.3f}" for mean in means) + " |", flush=True)


def of_wct2(name: str, model: str):  # type: ignore[no-untyped-def]
    """WCT² that transforms at the sites that the name says after its dash, or at all."""
    from pictura.methods import open_method
    from pictura.models import read_bundle

    method: Any = open_method(read_bundle(model))
    _, *sites = name.split("-")
    if sites:
        method.settings = method.settings.model_copy(update={"sites": tuple(one for one in sites if one != "none")})
    return lambda x, s: method.stylize(x, style=s)


def left(f: dict, p: dict, q: dict, encoder: Any) -> tuple[float, float, float]:
    """What of the distance between photograph p and reference q is left in f: of the sum, at relu1_1, at relu2_1."""
    from pictura.losses.moments import moments
    from pictura.losses.wasserstein import WassersteinLoss

    made, before = [], []
    for layer in q:
        target = WassersteinLoss(*moments(q[layer]), encoder.scale(layer))
        made.append(float(target(*moments(f[layer]))))
        before.append(float(target(*moments(p[layer]))))
    return sum(made) / sum(before), made[0] / before[0], made[1] / before[1]


def structure(y, x) -> tuple[float, float, float]:  # type: ignore[no-untyped-def]
    """gradcos, edge SSIM and inverted of a result against its photograph, both 1×3×H×W."""
    from pictura.metrics.similarity import ssim

    (u, v), (p, q) = gradients(y), gradients(x)
    dot, energy = u * p + v * q, p.square() + q.square()
    cosine = dot.sum() / ((u.square() + v.square()).sum() * energy.sum()).sqrt().clamp(min=1e-9)
    made, own = (u.square() + v.square()).sqrt(), energy.sqrt()
    edges = ssim(made / made.mean().clamp(min=1e-6), own / own.mean().clamp(min=1e-6), peak=float(4))
    return float(cosine), float(edges), float(energy[dot < 0].sum() / energy.sum())


def gradients(image):  # type: ignore[no-untyped-def]
    """Differences of luma to the right and below, 1×1×(H-1)×(W-1) each."""
    import torch

    from pictura.picture.transfer import YCBCR

    luma = torch.einsum("c,nchw->nhw", YCBCR[0], image)[:, None]
    return luma[..., :-1, 1:] - luma[..., :-1, :-1], luma[..., 1:, :-1] - luma[..., :-1, :-1]


def reinhard(x, s):  # type: ignore[no-untyped-def]
    """Means and deviations of the reference in Lαβ (Reinhard, Ashikhmin, Gooch and Shirley, CG&A 2001)."""
    import torch

    lms = torch.tensor([[0.3811, 0.5783, 0.0402], [0.1967, 0.7244, 0.0782], [0.0241, 0.1288, 0.8444]])
    lab = torch.diag(torch.tensor([1 / 3, 1 / 6, 1 / 2]).sqrt()) @ torch.tensor([[1.0, 1, 1], [1, 1, -2], [1, -1, 0]])
    photo, other = (lab @ (lms @ t[0].flatten(1)).clamp(min=1 / 255).log10() for t in (x, s))
    scale = other.std(1, keepdim=True) / photo.std(1, keepdim=True).clamp(min=1e-4)
    made = (photo - photo.mean(1, keepdim=True)) * scale + other.mean(1, keepdim=True)
    return (torch.linalg.inv(lms) @ 10 ** (torch.linalg.inv(lab) @ made)).view_as(x).clamp(0, 1)


def large(size: str, data: Path, names: list[str], model: str | None, threads: int) -> None:
    """Print seconds, processor seconds and peak memory of the program, JPEG in and JPEG out."""
    print(f"| {size} | seconds | CPU s | MB |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "large.jpg"
        # In a process of its own: a child's peak counts what its parent held.
        subprocess.run([sys.executable, __file__, str(data), "--make", str(source), "--large", size], check=True)
        for name in names:
            chosen = "mk" if name == "mk" else model
            target = Path(folder) / f"{name}.jpg"
            command = [sys.executable, "-m", "pictura", "stylize", str(source), "--method", "photo"]
            command += ["--style", str(data / "content" / "rocket.jpg"), "-o", str(target), "--quiet"]
            command += ["--threads", str(threads), *(["--model", chosen] if chosen else [])]
            began = time.perf_counter()
            child = subprocess.Popen(command)
            _, status, used = os.wait4(child.pid, 0)
            seconds = time.perf_counter() - began
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode or not target.is_file():
                raise RuntimeError(f"{name} failed.")
            cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
            print(f"| {name} | {seconds:.1f} | {cpu:.1f} | {peak / 1e6:.0f} |", flush=True)


def make(path: Path, size: str, data: Path) -> None:
    """A photograph enlarged to that size (width × height), with grain, as a JPEG."""
    import numpy as np
    from PIL import Image

    width, height = (int(side) for side in size.split("x"))
    with Image.open(data / "content" / "milford-sound.jpg") as photo:
        samples = np.asarray(photo.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)).copy()
    dice = np.random.default_rng(0)
    for row in samples:
        row[:] = np.clip(row.astype(np.int16) + dice.integers(-6, 7, row.shape), 0, 255)
    Image.fromarray(samples).save(path, quality=92)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("data", type=Path)
    p.add_argument("--only", default="reinhard,mk,photo,wct2")
    p.add_argument("--model")
    p.add_argument("--wct2-model", default="wct2")
    p.add_argument("--side", type=int, default=512)
    p.add_argument("--out", type=Path, help="a folder for the pictures")
    p.add_argument("--large", metavar="WIDTHxHEIGHT")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    a = p.parse_args()
    names = a.only.split(",")
    if a.make:
        make(a.make, a.large, a.data)
    elif a.large:
        large(a.large, a.data, [name for name in names if name in ("mk", "photo")], a.model, a.threads)
    else:
        compare(a.data, names, a.model, a.side, a.out, a.wct2_model)


if __name__ == "__main__":
    main()
