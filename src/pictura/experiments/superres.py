"""Super-resolution by the literature's protocol: bicubic and the networks here beside the published scores."""

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pictura.experiments.material import SHIPPED, as_pixels
from pictura.experiments.pieces import Found, Piece, Work
from pictura.experiments.report import Cell, Pictures, Published, Report, Table, Text
from pictura.experiments.run import Options
from pictura.methods import find_method
from pictura.metrics.superres import score
from pictura.models.store import available_models, find_bundle
from pictura.picture import read
from pictura.picture.degrade import crop_to_scale, degrade, imresize
from pictura.picture.folder import find_pictures
from pictura.runtime.errors import PicturaError
from pictura.runtime.files import digest_file
from pictura.tasks.enlarge import BICUBIC, open_enlarger
from pictura.training.capabilities import capabilities_of

SCALES = (2, 4)
MAX_PICTURES = {"small": 20, "paper": 1000}  # of each set; Set14 is whole
CROP = 96  # pixels of the crops that are shown, of the first pictures
SHOWN = 3
# PSNR / SSIM of Y as most tables copy them (the line of VDSR and DRCN), and Johnson et al. 2016, table 2.
PUBLISHED = (
    ("bicubic", 2, "33.66 / 0.9299", "30.24 / 0.8688", "29.56 / 0.8431"),
    ("SRCNN", 2, "36.66 / 0.9542", "32.42 / 0.9063", "31.36 / 0.8879"),
    ("bicubic", 4, "28.42 / 0.8104", "26.00 / 0.7027", "25.96 / 0.6675"),
    ("SRCNN", 4, "30.48 / 0.8628", "27.49 / 0.7503", "26.90 / 0.7101"),
    ("Johnson et al., pixel loss", 4, "28.40 / 0.8205", "25.75 / 0.6994", "25.91 / 0.6680"),
    ("Johnson et al., feature loss", 4, "27.09 / 0.7680", "24.99 / 0.6731", "24.95 / 0.6317"),
)


@dataclass(frozen=True)
class Pictured:
    """A picture file in a set."""

    set: str
    path: Path


def find_sets(options: Options) -> list[Pictured]:
    """The pictures: of a folder, whose sub-folders are sets, or the shipped ones.

    Raises:
        PicturaError: there are none.
    """
    limit = MAX_PICTURES[options.budget]
    if options.data is None:
        return [Pictured("shipped", path) for path in sorted(SHIPPED.glob("*.jpg"))]
    if not options.data.is_dir():
        raise PicturaError(f"'{options.data}' is not a folder: give one with pictures, or with Set5/, Set14/ in it.")
    folders = [options.data, *sorted((path for path in options.data.iterdir() if path.is_dir()), key=_by_number)]
    found = [Pictured(f.name, p) for f in folders for p in find_pictures(f, below=False).pictures[:limit]]
    if not found:
        raise PicturaError(f"The folder '{options.data}' contains no pictures: give one with pictures in it.")
    return found


def _by_number(folder: Path) -> tuple[int, str]:
    """Set5 before Set14."""
    return len(folder.name), folder.name


def enlargers(scale: int) -> dict[str, str]:
    """What enlarges by at least this scale, by name: bicubic, and the models on this disk."""
    names = [model.name for model in available_models() if "enlarge" in capabilities_of(find_method(model.method))]
    found = {BICUBIC: BICUBIC}
    for name in names:
        try:
            open_enlarger(name, scale, device="cpu")
        except PicturaError:  # it enlarges less, or is not on this disk
            continue
        found[name] = name
    return found


def plan(options: Options) -> list[Piece]:
    """Each method at each scale on all pictures."""
    pictures = find_sets(options)
    files = {f"{one.set}/{one.path.name}": digest_file(one.path).sha256[:16] for one in pictures}
    pieces = []
    for scale in SCALES:
        for name, model in enlargers(scale).items():
            weights = None if model == BICUBIC else digest_file(find_bundle(model).path).sha256[:16]
            recipe = {"method": name, "weights": weights, "scale": scale, "pictures": files, "device": options.device}
            compute = partial(_score_all, model=model, scale=scale, pictures=pictures, device=options.device)
            pieces.append(Piece(f"{name} ×{scale}", recipe, compute, 1.0 if model == BICUBIC else 6.0))
    return pieces


@torch.no_grad()
def _score_all(work: Work, *, model: str, scale: int, pictures: list[Pictured], device: str) -> Found:
    """Scores of each picture by its set; crops of the first ones."""
    enlarge = _open(model, scale, device)
    scores: dict[str, dict[str, Any]] = {}
    crops = {}
    for i, one in enumerate(pictures):
        picture = read(one.path)
        true = crop_to_scale(picture.tensor(), scale)
        small = degrade(true, scale)
        made = enlarge(small)
        psnr, ssim = score(made, true, scale, grey=picture.grey)
        scores.setdefault(one.set, {})[one.path.name] = [psnr, ssim]
        if i < SHOWN:
            crops[one.path.stem] = as_pixels(_crop(made))
            crops[f"{one.path.stem}, true"] = as_pixels(_crop(true))
        work.tell((i + 1) / len(pictures), one.path.name)
    return Found({"scores": scores}, crops)


def _open(model: str, scale: int, device: str) -> Callable[[Tensor], Tensor]:
    if model == BICUBIC:  # MATLAB's, as the tables have it
        return lambda x: imresize(x, (scale * x.shape[-2], scale * x.shape[-1]))
    return open_enlarger(model, scale, device=device)


def _crop(picture: Tensor) -> Tensor:
    """From the middle."""
    height, width = picture.shape[2:]
    side = min(CROP, height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return picture[..., top : top + side, left : left + side]


def report(options: Options, found: Mapping[str, Found]) -> Report:
    """Scores by set beside the published ones, and crops."""
    sets = list(next(iter(found.values())).numbers["scores"])
    rows: list[list[Any]] = []
    for name, one in found.items():
        method, _, scale = name.rpartition(" ×")
        rows.append([method, int(scale), *(_mean(one.numbers["scores"][s]) for s in sets)])
    counts = next(iter(found.values())).numbers["scores"]
    told = ", ".join(f"{len(counts[s])} of {s}" for s in sets)
    ours = Table("Ours: PSNR in dB / SSIM", ["method", "scale", *sets], rows, note=f"Pictures: {told}.")
    theirs = Table("Published: PSNR in dB / SSIM", ["method", "scale", "Set5", "Set14", "BSD100"], PUBLISHED)
    known = {"Set5", "Set14", "BSD100"} & set(sets)
    differs = (
        "our networks; the same pictures and protocol"
        if known
        else "other pictures, so that rows compare only within a table"
    )
    gains = _gains(found)
    return Report(
        "Super-resolution",
        "How near to the true picture does each method come that enlarges it? PSNR and SSIM on Y, by the literature's "
        "protocol: sides cut to the scale, reduced by MATLAB's bicubic, borders of the scale left out.",
        [
            Published(
                ours,
                theirs,
                "Dong et al. 2014 (SRCNN) and bicubic as most tables copy them; Johnson et al. 2016, table 2.",
                f"{differs}. Networks trained for features, such as Johnson et al.'s or upscale-x4-sharp, score lower "
                "and look sharper.",
            ),
            *(_crops(found, scale) for scale in SCALES),
            Text(
                "SRCNN is in the table where a model of it is on this disk: `pictura train srcnn` makes one. Give "
                "the sets of the literature with --data FOLDER, where Set5/ and Set14/ lie."
            ),
        ],
        gains,
    )  # fmt: skip


def _mean(scores: Mapping[str, Any]) -> str:
    psnr, ssim = zip(*scores.values(), strict=True)
    return f"{statistics.mean(psnr):.2f} / {statistics.mean(ssim):.4f}"


def _gains(found: Mapping[str, Found]) -> str:
    """The best method at the largest scale, by PSNR over all pictures."""
    scale = SCALES[-1]
    means = {
        name.rpartition(" ×")[0]: statistics.mean(v[0] for s in one.numbers["scores"].values() for v in s.values())
        for name, one in found.items()
        if name.endswith(f"×{scale}")
    }
    best = max(means, key=means.__getitem__)
    return f"Best at ×{scale}: {best} with {means[best]:.2f} dB, {means[best] - means[BICUBIC]:+.2f} dB from bicubic."


def _crops(found: Mapping[str, Found], scale: int) -> Pictures:
    runs = {name.rpartition(" ×")[0]: one for name, one in found.items() if name.endswith(f"×{scale}")}
    first = next(iter(runs.values())).pictures
    rows = []
    for stem in [name for name in first if not name.endswith(", true")]:
        cells = [Cell(method, one.pictures[stem]) for method, one in runs.items()]
        rows.append((stem, [*cells, Cell("true", first[f"{stem}, true"])]))
    return Pictures(f"Crops at ×{scale}", rows)
