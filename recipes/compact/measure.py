"""How well `compact` stands for VGG-19, as the table of docs/compact.md.

    python recipes/compact/measure.py --vgg FILE --basis FILE --photos DIR --paintings DIR

The photographs are ones that training did not see. One thread; the processor time is that of forward and backward to
relu5_1 at 512², each encoder in the arithmetic that is fastest here.
"""

import argparse
import time
from pathlib import Path

import torch
from scipy.stats import spearmanr
from torch import Tensor

from pictura import encoders
from pictura.encoders import Encoder
from pictura.losses.moments import moments
from pictura.losses.wasserstein import WassersteinLoss
from pictura.networks.compact import COMPONENTS
from pictura.picture.resize import resize
from pictura.style import STYLE_LAYERS
from pictures import Crops, load
from teacher import Basis, teacher

SIDE = 256


def unexplained(student: Encoder, basis: Basis, crops: Crops, kind: str) -> dict[str, float]:
    """Share of the components' variance within a crop that the student does not explain."""
    error, variance = dict.fromkeys(COMPONENTS, 0.0), dict.fromkeys(COMPONENTS, 0.0)
    for _ in range(40):
        x = getattr(crops, kind)()
        answers, said = basis(x), student(x, list(COMPONENTS))
        for name in COMPONENTS:
            t = answers[name].float()
            error[name] += (said[name] - t).square().sum().item()
            variance[name] += (t - t.mean((2, 3), keepdim=True)).square().sum().item()
    return {name: error[name] / variance[name] for name in COMPONENTS}


def gaussians(encoder: Encoder, picture: Tensor) -> dict[str, tuple[WassersteinLoss, tuple[Tensor, Tensor]]]:
    """Each style layer's target and its moments."""
    found = {n: moments(f) for n, f in encoder(picture, STYLE_LAYERS).items()}
    return {n: (WassersteinLoss(*m, encoder.scale(n)), m) for n, m in found.items()}


@torch.no_grad()
def rank_correlation(student: Encoder, vgg: Encoder, paintings: list[Tensor]) -> dict[str, float]:
    """Spearman's correlation of W2 over all pairs of paintings, layer by layer."""
    seen = {e: [gaussians(e, p) for p in paintings] for e in (student, vgg)}

    def distances(encoder: Encoder, layer: str) -> list[float]:
        looks = seen[encoder]
        return [a[layer][0](*b[layer][1]).item() for i, a in enumerate(looks) for b in looks[:i]]

    return {n: spearmanr(distances(student, n), distances(vgg, n)).statistic for n in STYLE_LAYERS}


def pixel_gradient(encoder: Encoder, x: Tensor, painting: Tensor, layer: str) -> Tensor:
    """Gradient of one layer's style term with respect to the pixels."""
    with torch.no_grad():
        target = gaussians(encoder, painting)[layer][0]
    y = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(target(*moments(encoder(y, [layer])[layer])), y)
    return gradient


def cosines(student: Encoder, vgg: Encoder, photos: list[Tensor], paintings: list[Tensor]) -> dict[str, float]:
    """Mean cosine of the pixel gradients of the style term, after a blur of 4×4 pixels: the part that paints."""
    found = {}
    for layer in STYLE_LAYERS:
        both = [
            [torch.nn.functional.avg_pool2d(pixel_gradient(e, x, p, layer), 4).flatten() for e in (student, vgg)]
            for x, p in zip(photos, paintings, strict=True)
        ]
        found[layer] = sum(torch.cosine_similarity(a, b, dim=0).item() for a, b in both) / len(both)
    return found


def processor_seconds(encoder: Encoder, rounds: int = 3) -> float:
    """Least processor time of forward and backward to relu5_1 at 512²."""
    times = []
    for _ in range(rounds + 1):
        x = torch.rand(1, 3, 512, 512).requires_grad_()
        began = time.process_time()
        torch.autograd.grad(encoder(x, ["relu5_1"])["relu5_1"].square().mean(), x)
        times.append(time.process_time() - began)
    return min(times[1:])


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--vgg", "--basis", "--photos", "--paintings"):
        p.add_argument(name, type=Path, required=True)
    a = p.parse_args()
    torch.set_num_threads(1)
    crops = Crops(load(a.photos), load(a.paintings), SIDE, torch.Generator().manual_seed(1))
    basis = Basis(teacher(a.vgg, torch.device("cpu")))
    basis.load(a.basis, torch.device("cpu"))
    student = encoders.load_encoder("compact", dtype="float32")
    vgg = encoders.load_encoder("vgg19-caffe", padding="replicate", dtype="float32")
    clean, disturbed = unexplained(student, basis, crops, "photo"), unexplained(student, basis, crops, "disturbed")
    paintings = [resize(p[None].float() / 255, (SIDE, SIDE)) for p in crops.paintings[::4]]
    ranks = rank_correlation(student, vgg, paintings)
    photos = [crops.photo() for _ in range(8)]
    turned = cosines(student, vgg, photos, paintings[: len(photos)])
    print("| layer | components | explained, photographs | explained, disturbed | rank correlation | gradient cosine |")
    print("| --- | --- | --- | --- | --- | --- |")
    for n, k in COMPONENTS.items():
        rank, cosine = (f"{d[n]:.2f}" if n in d else "–" for d in (ranks, turned))
        print(f"| {n} | {k} | {1 - clean[n]:.2f} | {1 - disturbed[n]:.2f} | {rank} | {cosine} |")
    ours, theirs = (processor_seconds(encoders.load_encoder(n)) for n in ("compact", "vgg19-caffe"))
    count = sum(p.numel() for p in student.parameters())
    size = (encoders.store.PACKAGE_FOLDER / "compact.safetensors").stat().st_size
    print(f"\n{count:,} parameters, {size:,} bytes. Forward and backward at 512²: {ours:.3f} s, VGG-19 {theirs:.3f} s,")
    print(f"{theirs / ours:.1f} times as much.")


if __name__ == "__main__":
    main()
