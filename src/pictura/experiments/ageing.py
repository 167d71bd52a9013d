"""CAAE and what each of its critics does: faces with ages, each trained alike and shown at ten ages."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from pictura.data import data_settings, open_data
from pictura.experiments.pieces import Found, Piece, Work
from pictura.experiments.report import Cell, Pictures, Report, Table, Text
from pictura.experiments.run import Options
from pictura.experiments.training import make_budget, to_pixels
from pictura.experiments.translating import Job, Row, build_method, open_training, train_row
from pictura.methods.caae import CAAE, SHOWN_AGES
from pictura.runtime.errors import PicturaError

SIDES = {"small": 64, "paper": 128}
EPOCHS = 50  # of the release
BATCH = {"small": 16, "paper": 100}
CHECKED, SHOWN = 32, 3  # faces of the test half, or of all where there is none
PATTERN = "{age}_{gender}_*"  # UTKFace's names
# The terms of the paper's equation 6: reconstruction alone, with one critic, with both. Weights are the release's of
# D_img, and that of its older version of D_z, which the release has at 0.
ROWS = {
    "reconstruction alone": {"image_weight": 0.0, "code_weight": 0.0},
    "with D_img": {"image_weight": 1e-4, "code_weight": 0.0},
    "with D_z": {"image_weight": 0.0, "code_weight": 1e-2},
    "with both": {"image_weight": 1e-4, "code_weight": 1e-2},
}
LAYOUT = "faces named AGE_GENDER_….jpg as UTKFace's are, or with a table of a column age"


def _row(options: Options, data: Path, changes: Mapping[str, float]) -> Row:
    side = SIDES[options.budget]
    table = any(data.glob("*.csv"))
    read: dict[str, Any] = {"load": side, "labels": ("age",)} | ({} if table else {"pattern": PATTERN})
    width = {"width": 32} if options.small else {}
    settings = {"side": side, "gender": False, **width, **changes}
    return Row("caae", settings, BATCH[options.budget], side, read)


def plan(options: Options) -> list[Piece]:
    """A training for each set of terms."""
    if options.data is None:
        raise PicturaError(f"The experiment ageing trains and needs pictures: give --data FOLDER with {LAYOUT}.")
    if not options.data.is_dir():
        raise PicturaError(f"'{options.data}' is not a folder: give --data FOLDER with {LAYOUT}.")
    budget = make_budget(options)
    budget = budget if budget["epochs"] is None else budget | {"epochs": EPOCHS}
    pieces = []
    for name, changes in ROWS.items():
        row = _row(options, options.data, changes)
        job = Job(options.data, side=SIDES[options.budget], device=options.device, seed=options.seed)
        told = asdict(replace(job, data=Path())) | {"data": open_training(row, job, build_method(row)).fingerprint()}
        recipe = {"row": asdict(row), "job": told | {"threads": torch.get_num_threads()}, "budget": budget}
        pieces.append(Piece(name, recipe, partial(_train, row=row, job=job, budget=budget)))
    return pieces


def _train(work: Work, *, row: Row, job: Job, budget: Mapping[str, float | None]) -> Found:
    method, steps = train_row(row, job, folder=work.folder, tell=work.tell, **budget)
    if not isinstance(method, CAAE):
        raise TypeError(f"{method.name} ages no faces")
    for network in method.networks().values():
        network.eval()
    faces, ages = _faces(row, job)
    device = next(method.E.parameters()).device
    codes = method.encode(faces.to(device))
    aged = torch.stack([method.decode(codes, age=float(age)).cpu() for age in SHOWN_AGES])  # ages × N × 3 × H × W
    own = torch.stack([method.decode(c[None], age=float(a)).cpu()[0] for c, a in zip(codes, ages, strict=True)])
    numbers = {
        "steps": steps,
        "reconstruction": float((own - faces).abs().mean()),
        "change": float((aged[-1] - aged[0]).abs().mean()),
        "spread": float(aged[4].std(0).mean()),
        "spread of real faces": float(faces.std(0).mean()),
    }
    pictures = {f"face {i}": to_pixels(faces[i]) for i in range(min(SHOWN, len(faces)))}
    for i in range(min(SHOWN, len(faces))):
        pictures |= {f"face {i} at {age}": to_pixels(aged[k, i]) for k, age in enumerate(SHOWN_AGES)}
    return Found(numbers, pictures)


def _faces(row: Row, job: Job) -> tuple[torch.Tensor, list[int]]:
    """Faces N×3×H×W and their ages, of the test half where there is one."""
    settings = data_settings({**row.data, "mirror": False})
    try:
        source = open_data(job.data, "labelled", job.side, split="test", settings=settings)
    except PicturaError:
        source = open_data(job.data, "labelled", job.side, settings=settings)
    samples = [source.sample(i, torch.Generator().manual_seed(0)) for i in range(min(CHECKED, len(source)))]
    return torch.stack([s["image"] for s in samples]), [int(s["label"].flatten()[0]) for s in samples]


def report(options: Options, found: Mapping[str, Found]) -> Report:
    """The ages of a few faces, and a table."""
    blocks: list[Any] = []
    for i in range(SHOWN):
        rows = []
        for name, one in found.items():
            if f"face {i}" in one.pictures:
                cells = [Cell("input", one.pictures[f"face {i}"])]
                rows.append(
                    (name, [*cells, *(Cell(f"{a} years", one.pictures[f"face {i} at {a}"]) for a in SHOWN_AGES)])
                )
        if rows:
            blocks.append(Pictures(f"Face {i + 1} at ten ages", rows))
    names = ("reconstruction", "change", "spread", "spread of real faces", "steps")
    table = Table(
        "The numbers",
        ["terms", *names],
        [[name, *(one.numbers[n] for n in names)] for name, one in found.items()],
        "reconstruction: mean absolute difference of a face and itself at its own age; change: of the youngest and the "
        "oldest made of one face; spread: standard deviation over faces made at 25 years, which falls where they all "
        "become one. All in shares of the range.",
        best={"reconstruction": "low", "spread": "high"},
    )  # fmt: skip
    return Report(
        "Ageing by CAAE",
        "What do the two critics of CAAE do? D_z holds the codes of faces together, so that no age falls into a gap; "
        "D_img makes the faces sharper.",
        [
            *blocks,
            table,
            Text(
                "Published: Zhang, Song and Qi (CVPR 2017, arXiv 1702.08423) show such rows and asked people; they "
                f"print no automatic figure. What differs here: the data, crops of {SIDES[options.budget]} pixels, "
                "the time, and no people: `pictura study` asks them."
            ),
        ],
    )
