"""What the style experiments work on: a photograph and a painting, shipped or the user's, and a judge."""

import functools
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from pictura.encoders import load_encoder
from pictura.encoders.records import RECORDS
from pictura.encoders.store import find_weights
from pictura.experiments.run import Options
from pictura.metrics.style import content_distance, wasserstein_distance
from pictura.picture import read
from pictura.picture.picture import Pixels
from pictura.picture.resize import resize, resize_longest
from pictura.runtime.files import digest_file
from pictura.tasks.measure.metrics import Judge

SHIPPED = Path(__file__).parents[1] / "assets" / "pictures"
PHOTO, PAINTING = SHIPPED / "photo.jpg", SHIPPED / "starry-night.jpg"
# Who judges, the first that is on this disk: the network of the papers, two of other kinds, the one that is shipped.
JUDGES = ("vgg19-caffe", "resnet18-torchvision-to-layer3", "squeezenet1_1-caffe", "compact")


@dataclass(frozen=True)
class Material:
    """Photograph and painting 1×3×H×W in [0, 1], their longest side as asked; told: what they are, for recipes."""

    photo: Tensor
    painting: Tensor
    told: dict[str, str]


def load_material(options: Options, side: int | None = None) -> Material:
    """The pictures at a longest side, by default the budget's.

    Raises:
        PicturaError: a file is missing or no picture.
    """
    side = side or options.side
    paths = options.photo or PHOTO, options.style or PAINTING
    photo, painting = (read_at(path, side) for path in paths)
    told = {name: digest_file(path).sha256[:16] for name, path in zip(("photo", "painting"), paths, strict=True)}
    return Material(photo, painting, told)


def read_at(path: Path, side: int) -> Tensor:
    """A picture 1×3×H×W in [0, 1] whose longest side is reduced to `side` pixels, or its own where that is less."""
    tensor = read(path).tensor()
    height, width = tensor.shape[2:]
    return resize_longest(tensor, side) if max(height, width) > side else tensor


def as_pixels(tensor: Tensor) -> Pixels:
    """1×3×H×W in [0, 1] as H×W×3."""
    pixels: Pixels = tensor[0].detach().float().cpu().clamp(0, 1).permute(1, 2, 0).numpy()
    return pixels


def is_here(encoder: str) -> bool:
    """Whether the weights are on this disk, so that nothing need be fetched."""
    return find_weights(RECORDS[encoder]) is not None


def judge_name(without: str | None = None) -> str:
    """The network that judges; not the one of the loss, `without`, where another is on this disk."""
    here = [name for name in JUDGES if is_here(name)]
    others = [name for name in here if without is None or not _same(name, without)]
    return (others or here)[0]


def _same(name: str, other: str) -> bool:
    return name == other or (other in RECORDS and RECORDS[name].filename == RECORDS[other].filename)


@functools.lru_cache(maxsize=2)
def open_judge(name: str, device: str) -> Judge:
    """In float32, so that a figure does not depend on the processor."""
    return Judge(load_encoder(name, dtype="float32", device=device), name)


@torch.no_grad()
def judge_picture(picture: Tensor, material: Material, judge: Judge) -> dict[str, float]:
    """How far a picture is from the painting's style and from the photograph's content; see `pictura.metrics.style`."""
    layers = [*judge.style, *judge.content]
    size = (material.photo.shape[2], material.photo.shape[3])
    f, p = (judge.see(one, layers) for one in (resize(picture.cpu(), size), material.photo))
    s = judge.see(material.painting, judge.style)
    style = {layer: f[layer] for layer in judge.style}
    return {
        "style": wasserstein_distance(style, s, judge.scales(judge.style)),
        "content": content_distance(f, {layer: p[layer] for layer in judge.content}, judge.scales(judge.content)),
    }


def told_judge(loss: str) -> str:
    """One line on who judged what was painted with the encoder `loss`, for a report."""
    judge = judge_name(loss)
    own = ", the network of the loss itself, as no other is on this disk" if _same(judge, loss) else ""
    return (
        f"Style and content are distances as shares of variance (0 is equal), judged in the features of {judge}{own}."
    )
