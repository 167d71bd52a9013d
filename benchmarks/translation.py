"""Translators at an equal budget of processor time, and how long each takes to a quality.

    python benchmarks/translation.py pairs DATA [--minutes 4] [--rows L1,GAN,…] [--side 128] [--encoder FILE]
    python benchmarks/translation.py domains DATA …

``pairs``: DATA has trainA, testA (photographs) and trainB, testB (label maps in palette colours, same names). Every row
is trained in both directions for so many CPU minutes. Labels to photographs: the kernel distance (see
`pictura.metrics.kernel`) of what is made of the test labels to the training photographs, in features of the encoder
that no loss saw. Photographs to labels: every pixel takes the class whose colour is nearest; pixel accuracy, class
accuracy, class IoU.

``domains``: A photographs, B another domain, no pairs; the distance as a share of the untouched photographs'.

Several minutes, as in ``--minutes 2,8``, are as many runs. Steps are counted so that a run takes its time: each begins
with a few to see how long one takes. One thread.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pictura.data import data_settings, open_data
from pictura.data.labels import LabelClasses
from pictura.encoders import Encoder, load_encoder
from pictura.methods import find_method
from pictura.metrics.kernel import kernel_distance
from pictura.metrics.segmentation import confusion, segmentation_scores
from pictura.picture.resize import resize
from pictura.runtime import seeds
from pictura.runtime.threads import use_threads
from pictura.training.fit import fit
from pictura.training.method import Method
from pictura.training.settings import TrainSettings

PROBE = 4  # steps that tell how long one takes; the first is left out
PIX2PIX: dict[str, Any] = {"generator": "unet_128"}
# Name → method, its settings, batch. The papers' networks in the size for 128 pixels, and ours. DiscoGAN is made for 64
# pixels: it is trained on that, and what it makes of the reduced pictures is enlarged.
ROWS: dict[str, tuple[str, dict[str, Any], int]] = {
    "L1": ("pix2pix", PIX2PIX | {"objective": "L1"}, 1),
    "GAN": ("pix2pix", PIX2PIX | {"objective": "GAN"}, 1),
    "cGAN": ("pix2pix", PIX2PIX | {"objective": "cGAN"}, 1),
    "L1+cGAN": ("pix2pix", PIX2PIX | {"objective": "L1+cGAN"}, 1),
    "CycleGAN": ("cyclegan", {"generator": "resnet_6"}, 1),
    "DualGAN": ("dualgan", {"levels": 7, "size": 128}, 1),
    "DiscoGAN": ("discogan", {}, 8),
    "ours": ("paired", {}, 2),
    "ours, one-sided": ("one_sided", {}, 2),
}
OWN_SIDE = {"DiscoGAN": 64}
ROWS_OF = {
    "pairs": ["L1", "GAN", "cGAN", "L1+cGAN", "CycleGAN", "DualGAN", "DiscoGAN", "ours"],
    "domains": ["CycleGAN", "ours, one-sided"],
}


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("task", choices=list(ROWS_OF))
    p.add_argument("data", type=Path)
    p.add_argument("--minutes", default="4")
    p.add_argument("--rows", help="by default all that fit the task")
    p.add_argument("--side", type=int, default=128)
    p.add_argument("--directions", default="BtoA,AtoB", help="of pairs: BtoA is labels to photographs")
    p.add_argument("--encoder", type=Path, help="weights of resnet18-torchvision-to-layer3; left out: no distance")
    p.add_argument("--json", type=Path)
    a = p.parse_args()
    use_threads(1)
    rows = a.rows.split(",") if a.rows else ROWS_OF[a.task]
    directions = a.directions.split(",") if a.task == "pairs" else ["AtoB"]
    encoder = load_encoder("resnet18-torchvision-to-layer3", weights=a.encoder) if a.encoder else None
    known: dict[str, tuple[Tensor, Tensor]] = {}
    for row in rows:
        for direction in directions:
            for minutes in map(float, a.minutes.split(",")):
                found = {"row": row, "direction": direction, "minutes": minutes}
                method, steps = trained(row, a.data, direction, minutes, a.side)
                own = OWN_SIDE.get(row, a.side)
                found |= {"steps": steps} | judged(method, a.data, direction, a.side, own, encoder, a.task, known)
                print(json.dumps(found), flush=True)
                if a.json:
                    with a.json.open("a") as file:
                        file.write(json.dumps(found) + "\n")


def trained(row: str, data: Path, direction: str, minutes: float, side: int) -> tuple[Method, int]:
    """A method trained for so long, and the steps it took."""
    name, changes, batch = ROWS[row]
    side = OWN_SIDE.get(row, side)
    source_settings = {"direction": direction, "load": side * 286 // 256}

    def run(steps: int) -> tuple[Method, float]:
        with seeds.preserve_random_state():
            seeds.seed_all(0)
            kind = find_method(name)
            method = kind(kind.Settings(**changes))
        source = open_data(data, method.data_kind, side, settings=data_settings(source_settings))
        settings = TrainSettings(
            steps=steps, batch=batch, crop=side, threads=1, device="cpu", save_every=10**6, show_every=10**6
        )
        ends: list[float] = []
        with tempfile.TemporaryDirectory() as folder:
            fit(method, source, Path(folder) / "run", settings, callback=lambda _: ends.append(time.process_time()))
        return method, (ends[-2] - ends[0]) / max(1, len(ends) - 2)

    _, seconds = run(PROBE)
    steps = max(PROBE, round(60 * minutes / seconds))
    return run(steps)[0], steps


def judged(
    method: Method,
    data: Path,
    direction: str,
    side: int,
    own: int,
    encoder: Encoder | None,
    task: str,
    known: dict[str, tuple[Tensor, Tensor]],
) -> dict[str, float]:
    """Figures of what it makes of the test pictures; `known` keeps the features of real ones."""
    for network in method.networks().values():
        network.eval().requires_grad_(False)
    kind = method.data_kind if task == "domains" else "paired"
    pictures = {split: all_of(data, kind, split, direction, side) for split in ("train", "test")}
    reduced = [resize(one[None], (own, own)) for one in pictures["test"]["A"]]
    made = [resize(method.translate(one), (side, side))[0] for one in reduced]  # type: ignore[attr-defined]
    if direction == "AtoB" and task == "pairs":
        classes = palette(data)
        counts = sum(
            confusion(numbers(classes, truth), numbers(classes, found), len(classes))
            for truth, found in zip(pictures["test"]["B"], made, strict=True)
        )
        return {name: round(value, 3) for name, value in segmentation_scores(counts)._asdict().items()}
    if encoder is None:
        return {}
    if direction not in known:
        known[direction] = seen(pictures["train"]["B"], encoder), seen(pictures["test"]["A"], encoder)
    real, untouched = known[direction]
    unit = real.std(0).mean()
    distance = kernel_distance(seen(made, encoder) / unit, real / unit)
    before = kernel_distance(untouched / unit, real / unit)
    return {"distance": round(distance, 3), "share": round(distance / before, 3)}


def all_of(data: Path, kind: Any, split: str, direction: str, side: int) -> dict[str, list[Tensor]]:
    """Every picture of a split, whole, side by side; label maps by nearest neighbours."""
    settings = data_settings({"direction": direction, "load": side, "mirror": False})
    source = open_data(data, kind, side, split=split, settings=settings)
    found: dict[str, list[Tensor]] = {"A": [], "B": []}
    for i in range(len(source)):
        sample = source.sample(i, torch.Generator().manual_seed(0))
        for name in found:
            found[name].append(sample[name])
    return found


def palette(data: Path) -> LabelClasses:
    """The classes of the label maps, by their colours."""
    from PIL import Image

    with Image.open(next(iter(sorted((data / "trainB").iterdir())))) as map_:
        colours = torch.tensor(map_.getpalette()).view(-1, 3)
    used = [row.tolist() for i, row in enumerate(colours) if i == 0 or row.any()]
    return LabelClasses.parse({str(i): row for i, row in enumerate(used)})


def numbers(classes: LabelClasses, picture: Tensor) -> Tensor:
    """3×H×W in [0, 1] to H×W: the class whose colour is nearest."""
    samples = (picture * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    return torch.from_numpy(classes.nearest(samples))


def seen(some: list[Tensor], encoder: Encoder) -> Tensor:
    layer = encoder.layers[-1]
    with torch.no_grad():
        return torch.cat([encoder(one[None].clamp(0, 1), [layer])[layer].mean((2, 3)) for one in some])


if __name__ == "__main__":
    main()
