"""Translators at an equal budget of time, and how their pictures are judged; `benchmarks/translation.py` uses it, too.

Labels to photographs: the kernel distance (see `pictura.metrics.kernel`) of what is made of the test pictures to the
training photographs, in features of a network that no loss saw. Photographs to labels: every pixel takes the class
whose colour is nearest; pixel accuracy, class accuracy, class IoU.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pictura.data import data_settings, open_data
from pictura.data.labels import LabelClasses
from pictura.data.source import DataSet
from pictura.encoders import Encoder
from pictura.methods import find_method
from pictura.metrics.kernel import kernel_distance
from pictura.metrics.segmentation import confusion, segmentation_scores
from pictura.picture.resize import resize
from pictura.runtime import seeds
from pictura.runtime.documents import read_json
from pictura.runtime.files import encode_json, write_atomic
from pictura.training.fit import fit
from pictura.training.method import Method
from pictura.training.settings import TrainSettings

SCORES = ("pixel accuracy", "class accuracy", "class IoU")
PROBE = 4  # steps that tell how long one takes; the first is left out
LOAD = (286, 256)  # pix2pix and CycleGAN load 286 pixels for a crop of 256
SAVES = 10  # checkpoints of a training, from which a resumed one goes on
Tell = Callable[[float, str], None]


@dataclass(frozen=True)
class Row:
    """One training: a method with some settings.

    side: the crop, where it is not the job's; data: settings of the data beside those of the job.
    """

    method: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    batch: int = 1
    side: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """What a row is trained on: a folder, the direction of its pairs, the crop's side, the device, the seed.

    `limit` is how many pictures of each split the judge looks at, all by default.
    """

    data: Path
    direction: str = "AtoB"
    side: int = 128
    device: str = "cpu"
    seed: int = 0
    limit: int | None = None


def build_method(row: Row, seed: int = 0) -> Method:
    """The row's method with first weights."""
    with seeds.preserve_random_state():
        seeds.seed_all(seed)
        kind = find_method(row.method)
        return kind(kind.Settings(**row.settings))


def open_training(row: Row, job: Job, method: Method) -> DataSet:
    """The training half of the job's data, as the method reads it."""
    side = row.side or job.side
    settings = data_settings({"direction": job.direction, "load": side * LOAD[0] // LOAD[1], **row.data})
    return open_data(job.data, method.data_kind, side, settings=settings)


def train_row(
    row: Row,
    job: Job,
    *,
    minutes: float | None = None,
    epochs: float | None = None,
    folder: Path | None = None,
    tell: Tell = lambda share, said: None,
) -> tuple[Method, int]:
    """A method trained for so many minutes (of the processor, where it computes) or epochs; the steps it took.

    In a `folder` the training goes on where it was stopped, with the steps that it began with.
    """
    if folder is None:
        with tempfile.TemporaryDirectory() as made:
            return train_row(row, job, minutes=minutes, epochs=epochs, folder=Path(made), tell=tell)
    steps = _count_steps(row, job, minutes, epochs, folder)
    method = build_method(row, job.seed)
    start = time.monotonic()

    def follow(step: Any) -> None:
        share = step.step / steps
        tell(share, f"step {step.step}/{steps}, {time.monotonic() - start:.0f} s")

    settings = _train_settings(row, job, steps, save_every=max(1, steps // SAVES))
    fit(method, open_training(row, job, method), folder / "run", settings, resume=True, callback=follow)
    shutil.rmtree(folder / "run")
    return method, steps


def _count_steps(row: Row, job: Job, minutes: float | None, epochs: float | None, folder: Path) -> int:
    """Those that the budget holds; written down, so that a resumed training has as many."""
    known = folder / "steps.json"
    if known.exists():
        return int(read_json(known)["steps"])
    if minutes is None:
        count = len(open_training(row, job, build_method(row)))
        steps = round((epochs or 1) * count / row.batch)
    else:
        steps = max(PROBE, round(60 * minutes / _probe(row, job)))
    write_atomic(known, encode_json({"steps": max(1, steps)}), overwrite=True)
    return max(1, steps)


def _probe(row: Row, job: Job) -> float:
    """Seconds of a step: of the processor, which other programs do not lengthen; on another device, of the clock."""
    clock = time.process_time if job.device == "cpu" else time.monotonic
    method, ends = build_method(row, job.seed), list[float]()
    with tempfile.TemporaryDirectory() as made:
        settings = _train_settings(row, job, PROBE, save_every=10**6)
        data = open_training(row, job, method)
        fit(method, data, Path(made) / "run", settings, callback=lambda _: ends.append(clock()))
    return (ends[-2] - ends[0]) / max(1, len(ends) - 2)


def _train_settings(row: Row, job: Job, steps: int, save_every: int) -> TrainSettings:
    return TrainSettings(
        steps=steps,
        batch=row.batch,
        crop=row.side or job.side,
        seed=job.seed,
        threads=torch.get_num_threads(),
        device=job.device.partition(":")[0],  # type: ignore[arg-type]
        save_every=save_every,
        show_every=10**6,
        keep=1,
    )


class Judge:
    """What is made of the test pictures, beside the real ones; real ones are read and seen once.

    Args:
        encoder: whose features tell how far photographs are from others; None: no distances.
    """

    def __init__(self, encoder: Encoder | None) -> None:
        self.encoder = encoder
        self.known: dict[tuple[str, str], dict[str, dict[str, list[Tensor]]]] = {}
        self.features: dict[tuple[str, str], tuple[Tensor, Tensor]] = {}

    def pictures(self, job: Job, kind: Any) -> dict[str, dict[str, list[Tensor]]]:
        """Split → side → every picture 3×H×W."""
        key = (kind, job.direction)
        if key not in self.known:
            self.known[key] = {split: all_of(job, kind, split) for split in ("train", "test")}
        return self.known[key]

    @torch.no_grad()
    def translate_tests(self, method: Method, row: Row, job: Job, kind: Any) -> list[Tensor]:
        """What the method makes of the test pictures, 3×H×W each; at its own side, where it has one."""
        for network in method.networks().values():
            network.eval().requires_grad_(False)
        own = row.side or job.side
        translate: Callable[[Tensor], Tensor] = method.translate  # type: ignore[attr-defined]
        device = next(iter(next(iter(method.networks().values())).parameters())).device
        inputs = (resize(one[None], (own, own)).to(device) for one in self.pictures(job, kind)["test"]["A"])
        return [resize(translate(one).cpu(), (job.side, job.side))[0] for one in inputs]

    def distances(self, made: list[Tensor], job: Job, kind: Any) -> dict[str, float]:
        """The distance to the training pictures of the other side, and as a share of the untouched pictures' own."""
        if self.encoder is None:
            return {}
        key = (kind, job.direction)
        if key not in self.features:
            pictures = self.pictures(job, kind)
            self.features[key] = self._see(pictures["train"]["B"]), self._see(pictures["test"]["A"])
        real, untouched = self.features[key]
        unit = real.std(0).mean()
        distance = kernel_distance(self._see(made) / unit, real / unit)
        before = kernel_distance(untouched / unit, real / unit)
        return {"distance": round(distance, 3), "share": round(distance / before, 3)}

    def segmentation(self, made: list[Tensor], job: Job) -> dict[str, float]:
        """Made label maps against the true ones."""
        classes = palette(job.data)
        counts = torch.zeros(len(classes), len(classes) + 1, dtype=torch.long)
        for truth, found in zip(self.pictures(job, "paired")["test"]["B"], made, strict=True):
            counts = counts + confusion(numbers(classes, truth), numbers(classes, found), len(classes))
        return {name: round(value, 3) for name, value in zip(SCORES, segmentation_scores(counts), strict=True)}

    def _see(self, some: list[Tensor]) -> Tensor:
        if self.encoder is None:
            raise ValueError("there is no network to see with")
        layer, device = self.encoder.layers[-1], self.encoder.mean.device
        with torch.no_grad():
            means = [self.encoder(one[None].clamp(0, 1).to(device), [layer])[layer].mean((2, 3)).cpu() for one in some]
        return torch.cat(means)


def all_of(job: Job, kind: Any, split: str) -> dict[str, list[Tensor]]:
    """Every picture of a split, whole, side by side; label maps by nearest neighbours."""
    found: dict[str, list[Tensor]] = {}
    for side, direction in (("A", job.direction), ("B", {"AtoB": "BtoA", "BtoA": "AtoB"}[job.direction])):
        # Where sides are not paired, only A is read in order: for B the sides are swapped.
        own = "A" if kind == "unpaired" else side
        settings = {"direction": direction if kind == "unpaired" else job.direction, "load": job.side, "mirror": False}
        source = open_data(job.data, kind, job.side, split=split, settings=data_settings(settings))
        count = len(source.part.views[own])
        numbers = range(min(count, job.limit or count))
        found[side] = [source.sample(i, torch.Generator().manual_seed(0))[own] for i in numbers]
    return found


def palette(data: Path) -> LabelClasses:
    """The classes of the label maps in ``trainB``, by their colours."""
    from PIL import Image

    with Image.open(next(iter(sorted((data / "trainB").iterdir())))) as map_:
        colours = torch.tensor(map_.getpalette()).view(-1, 3)
    used = [row.tolist() for i, row in enumerate(colours) if i == 0 or row.any()]
    return LabelClasses.parse({str(i): row for i, row in enumerate(used)})


def has_palette(data: Path) -> bool:
    """Whether ``trainB`` has label maps."""
    from PIL import Image

    with Image.open(next(iter(sorted((data / "trainB").iterdir())))) as first:
        return first.mode == "P"


def numbers(classes: LabelClasses, picture: Tensor) -> Tensor:
    """3×H×W in [0, 1] to H×W: the class whose colour is nearest."""
    samples = (picture * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    return torch.from_numpy(classes.nearest(samples))
