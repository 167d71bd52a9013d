"""Sorts coloured faces by whether they smile, as the model `smile` was trained on them.

    python recipes/faces/smiles.py SMILES FACES OUT

SMILES are small grey faces with labels (train/smiling, train/not_smiling, and the same of test), FACES sharp coloured
ones with none (train, test; names such as 34_0_00017.jpg: age, gender, number). A ridge classifier on features of the
compact encoder learns from the former and sorts the latter, five minutes of one core. Those that it is sure of are
copied, as many that smile as do not of each age group and gender, so that a smile makes nobody older; small children,
of whom SMILES has none, are left out.
"""

import argparse
import random
import shutil
from collections import defaultdict
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from pictura import read
from pictura.data.ages import age_group
from pictura.encoders import Encoder, load_encoder

CLASSES = ("not_smiling", "smiling")
SPLITS = ("train", "test")
SIDE = 64
SURE = 0.45  # least |score|; the classes are at -1 and 1
RIDGE = 0.05  # share of the mean square that is added
JITTER = 0.06  # shift in half sides, turn in radians, scale: faces are not all aligned alike
CONTRAST, LIGHT = 0.22, 0.45  # std and mean of all faces
# Share of FACES' side, and its middle in half sides, that SMILES shows: eyes and mouth where they are there.
ZOOM, MIDDLE = 0.803, (-0.032, -0.020)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("smiles", type=Path)
    p.add_argument("faces", type=Path)
    p.add_argument("output", type=Path)
    p.add_argument("--every", type=int, default=1, help="take every n-th picture only")
    a = p.parse_args()
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    encoder = load_encoder("compact")
    x, y = read_smiles(a.smiles / "train", a.every)
    seen = torch.cat([look(encoder, jitter(one, generator)) for one in (x, x.flip(3))])
    mean, weights = fit_ridge(seen, torch.cat([y, y]))
    x, y = read_smiles(a.smiles / "test", a.every)
    print(f"right of {len(y)}: {float((((look(encoder, x) - mean) @ weights > 0) == (y > 0)).float().mean()):.3f}")
    for split in SPLITS:
        paths = sorted((a.faces / split).iterdir())[:: a.every]
        cut = torch.cat([cut_face(grey(path)) for path in paths])
        scores = sum((look(encoder, one) - mean) @ weights for one in (cut, cut.flip(3))) / 2
        for path, label in choose(paths, torch.as_tensor(scores).tolist()):
            place = a.output / split / CLASSES[label]
            place.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place / path.name)


def read_smiles(folder: Path, every: int) -> tuple[Tensor, Tensor]:
    """Faces N×1×64×64, and -1 or 1 for each."""
    paths = [sorted((folder / name).iterdir())[::every] for name in CLASSES]
    x = torch.cat([grey(path) for some in paths for path in some])
    return x, torch.cat([torch.full((len(some),), 2.0 * i - 1) for i, some in enumerate(paths)])


def grey(path: Path) -> Tensor:
    """1×1×H×W, the mean of the channels."""
    return read(path).tensor().mean(1, keepdim=True)


def cut_face(x: Tensor) -> Tensor:
    """The part of a face that SMILES shows, 1×1×64×64."""
    matrix = torch.tensor([[[ZOOM, 0, MIDDLE[0]], [0, ZOOM, MIDDLE[1]]]])
    x = F.grid_sample(x, F.affine_grid(matrix, list(x.shape)), padding_mode="border")
    return F.interpolate(x, size=(SIDE, SIDE), mode="bilinear", antialias=True)


def jitter(x: Tensor, generator: torch.Generator) -> Tensor:
    """Each face a little turned, scaled and shifted."""
    angle, scale, right, down = ((2 * torch.rand(len(x), generator=generator) - 1) * JITTER for _ in range(4))
    cos, sin = (1 + scale) * angle.cos(), (1 + scale) * angle.sin()
    matrix = torch.stack([torch.stack([cos, -sin, right], 1), torch.stack([sin, cos, down], 1)], 1)
    return F.grid_sample(x, F.affine_grid(matrix, list(x.shape)), padding_mode="border")


@torch.no_grad()
def look(encoder: Encoder, x: Tensor) -> Tensor:
    """Features N×C of faces, all brought to one light and contrast."""
    found = []
    for some in torch.split(x, 64):
        std, mean = torch.std_mean(some, (1, 2, 3), keepdim=True)
        even = ((some - mean) / std * CONTRAST + LIGHT).clamp(0, 1).expand(-1, 3, -1, -1)
        f = encoder(even, ["relu3_1", "relu4_1", "relu5_1"])
        fine = F.avg_pool2d(f["relu3_1"], 2)
        found.append(torch.cat([0.5 * fine.flatten(1), f["relu4_1"].flatten(1), 2 * f["relu5_1"].flatten(1)], 1))
    return torch.cat(found)


def fit_ridge(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and weights, by way of the N×N products, which are fewer than those of the features."""
    mean = x.mean(0)
    x = x - mean
    products = x @ x.T
    ridge = RIDGE * products.diagonal().mean()
    return mean, x.T @ torch.linalg.solve(products + ridge * torch.eye(len(x)), y)


def choose(paths: list[Path], scores: list[float]) -> list[tuple[Path, int]]:
    """Faces and their classes, as many of each in every age group and gender."""
    groups: dict[tuple[int, str], tuple[list[Path], list[Path]]] = defaultdict(lambda: ([], []))
    for path, score in zip(paths, scores, strict=True):
        age, gender, *_ = path.name.split("_")
        group = int(age_group(torch.tensor([int(age)])))
        if group and abs(score) > SURE:
            groups[group, gender][score > 0].append(path)
    chosen: list[tuple[Path, int]] = []
    for classes in groups.values():
        for label, some in enumerate(classes):
            random.Random(0).shuffle(some)
            chosen += [(path, label) for path in some[: min(map(len, classes))]]
    return chosen


if __name__ == "__main__":
    main()
