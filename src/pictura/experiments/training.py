"""Trainings of translators as pieces of an experiment, and their tables and pictures in the same form for all."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pictura.data import open_data
from pictura.encoders import load_encoder
from pictura.experiments.material import is_here
from pictura.experiments.pieces import Found, Piece, Work
from pictura.experiments.report import Block, Cell, Pictures, Published, Report, Table, Text, low
from pictura.experiments.run import Options
from pictura.experiments.translating import SCORES, Job, Judge, Row, build_method, has_palette, open_training, train_row
from pictura.picture.picture import Pixels
from pictura.runtime.errors import PicturaError

SIDES = {"small": 128, "paper": 256}
MINUTES = 0.5  # of the processor for each training at the small budget: what is seen is which way a row goes
EPOCHS = 200  # of pix2pix on small sets and of CycleGAN: the budget `paper`
LIMIT = 32  # pictures of each split that are judged at the small budget
WIDTH = 16  # channels of the networks where there are fewest, at the small budget: a quarter of the papers'
SHOWN = 4  # test pictures on the page
# Networks that no loss of these methods sees come first.
NETWORKS = ("resnet18-torchvision-to-layer3", "vgg19-caffe", "squeezenet1_1-caffe", "compact")
FORWARD, BACKWARD = "photographs → labels", "labels → photographs"
DIRECTIONS = {FORWARD: "AtoB", BACKWARD: "BtoA"}
UNPAIRED = "A → B"
LAYOUT = "trainA and testA (photographs), trainB and testB (label maps of the same names)"


@dataclass(frozen=True)
class Task:
    """A folder as an experiment uses it: whether pictures come in pairs, and whether B is label maps.

    way, direction: what is translated where B is no label maps, in words and as the data setting.
    """

    data: Path
    paired: bool
    labels: bool
    way: str = UNPAIRED
    direction: str = "AtoB"

    @property
    def directions(self) -> dict[str, str]:
        """Words for the directions that make sense, with the data setting of each."""
        return DIRECTIONS if self.labels else {self.way: self.direction}


def find_task(name: str, options: Options, *, pairs: bool, layout: str = LAYOUT) -> Task:
    """What `--data` holds.

    Raises:
        PicturaError: it is missing, or laid out otherwise.
    """
    if options.data is None:
        raise PicturaError(f"The experiment {name} trains and needs pictures: give --data FOLDER with {layout}.")
    if not options.data.is_dir():
        raise PicturaError(f"'{options.data}' is not a folder: give --data FOLDER with {layout}.")
    paired = True
    try:
        for split in ("train", "test"):
            open_data(options.data, "paired", 64, split=split)
    except PicturaError:
        if pairs:
            raise
        paired = False
        for split in ("train", "test"):
            open_data(options.data, "unpaired", 64, split=split)
    return Task(options.data, paired, paired and (options.data / "trainB").is_dir() and has_palette(options.data))


def network_name() -> str:
    """Whose features tell how far sets of pictures are apart: the first that is on this disk."""
    return next(name for name in NETWORKS if is_here(name))


@lru_cache(maxsize=1)
def open_set_judge(name: str, device: str) -> Judge:
    """The judge that sees through this network."""
    return Judge(load_encoder(name, dtype="float32", device=device))


def make_budget(options: Options) -> dict[str, float | None]:
    """Minutes or epochs of each training."""
    if options.minutes is not None:
        return {"minutes": options.minutes, "epochs": None}
    return {"minutes": MINUTES, "epochs": None} if options.small else {"minutes": None, "epochs": EPOCHS}


def make_job(options: Options, task: Task, way: str, limit: int = LIMIT) -> Job:
    """The task in one direction, at the size of the budget."""
    return Job(
        task.data, task.directions[way], SIDES[options.budget], options.device, options.seed,
        limit if options.small else None,
    )  # fmt: skip


def training_piece(name: str, row: Row, options: Options, task: Task, way: str, *, limit: int = LIMIT) -> Piece:
    """One training in one direction, and what the judge says of it; `limit` as of `make_job`."""
    job, budget = make_job(options, task, way, limit), make_budget(options)
    source = open_training(row, job, build_method(row, options.seed))
    recipe = {
        "row": asdict(row),
        "job": asdict(job) | {"data": source.fingerprint()},
        "budget": budget,
        "judge": network_name(),
        "threads": torch.get_num_threads(),
    }
    compute = partial(_train, row=row, job=job, budget=budget, task=task, way=way)
    return Piece(f"{name}, {way}", recipe, compute)


def _train(work: Work, *, row: Row, job: Job, budget: Mapping[str, float | None], task: Task, way: str) -> Found:
    method, steps = train_row(
        row, job, folder=work.folder, tell=lambda share, said: work.tell(0.9 * share, said), **budget
    )
    judge = open_set_judge(network_name(), job.device)
    kind = "paired" if task.paired else "unpaired"
    work.tell(0.9, "judging")
    made = judge.translate_tests(method, row, job, kind)
    return judge_made(made, judge, job, task, way, {"steps": steps})


def judge_made(made: list[Tensor], judge: Judge, job: Job, task: Task, way: str, numbers: Mapping[str, Any]) -> Found:
    """Scores and the first pictures of what was made of the test pictures."""
    kind = "paired" if task.paired else "unpaired"
    scores: dict[str, float] = judge.segmentation(made, job) if way == FORWARD else judge.distances(made, job, kind)
    real = judge.pictures(job, kind)["test"]
    if task.paired:
        true = real["B"]
        scores["L1"] = round(sum(float((a - b).abs().mean()) for a, b in zip(made, true, strict=True)) / len(made), 4)
    pictures = {f"made {i}": to_pixels(one) for i, one in enumerate(made[:SHOWN])}
    pictures |= {f"input {i}": to_pixels(one) for i, one in enumerate(real["A"][:SHOWN])}
    if task.paired:
        pictures |= {f"true {i}": to_pixels(one) for i, one in enumerate(real["B"][:SHOWN])}
    return Found({**numbers, "scores": scores, "judged": len(made)}, pictures)


def to_pixels(picture: Tensor) -> Pixels:
    """3×H×W in [0, 1] as H×W×3."""
    pixels: Pixels = picture.detach().float().cpu().clamp(0, 1).permute(1, 2, 0).numpy()
    return pixels


def scores_table(title: str, what: str, runs: Mapping[str, Found]) -> Table:
    """The scores of each row, and its steps."""
    names = list(dict.fromkeys(name for one in runs.values() for name in one.numbers["scores"]))
    rows = [
        [name, *(one.numbers["scores"].get(score) for score in names), one.numbers["steps"]]
        for name, one in runs.items()
    ]
    best: dict[str, Any] = low(*(name for name in names if name in ("distance", "share", "L1")))
    best |= {name: "high" for name in names if name not in best}
    return Table(title, [what, *names, "steps"], rows, best=best)


def sheet(title: str, runs: Mapping[str, Found]) -> Pictures:
    """A row for each test picture: input, the truth, where there is one, and what each training makes of it."""
    first = next(iter(runs.values())).pictures
    rows = []
    for i in range(SHOWN):
        if f"input {i}" not in first:
            break
        cells = [Cell("input", first[f"input {i}"])]
        cells += [Cell("true", first[f"true {i}"])] if f"true {i}" in first else []
        cells += [Cell(name, one.pictures[f"made {i}"]) for name, one in runs.items()]
        rows.append(("", cells))
    return Pictures(title, rows)


def told_scores(options: Options) -> Block:
    """What the columns mean."""
    budget = (
        f"{options.minutes or MINUTES:g} minutes of this processor for each row"
        if options.small or options.minutes
        else f"{EPOCHS} epochs"
    )
    return Text(
        f"Budget: {budget}, crops of {SIDES[options.budget]} pixels. distance: the kernel distance of what is made of "
        f"the test pictures to the training pictures of that side, in features of {network_name()}, in units of their "
        "spread; share: the same divided by that of the untouched inputs. L1: mean absolute difference to the truth. "
        "Label maps are read by the nearest class colour."
    )  # fmt: skip


def best_rows(ways: Mapping[str, Mapping[str, Found]]) -> str:
    """A sentence: the best row of each direction, by class IoU where that is known, else by distance."""
    told = []
    for way, runs in ways.items():
        scores = {name: one.numbers["scores"] for name, one in runs.items()}
        by, sign = ("class IoU", -1) if "class IoU" in next(iter(scores.values())) else ("distance", 1)
        known = {name: sign * score[by] for name, score in scores.items() if score.get(by) is not None}
        if known:  # of a single picture no distance of sets is known
            best = min(known, key=known.__getitem__)
            told.append(f"{best} by {by} {scores[best][by]:g} ({way})")
    return f"Best: {'; '.join(told)}." if told else ""


def of_way(found: Mapping[str, Found], way: str, names: Sequence[str]) -> dict[str, Found]:
    """The runs of one direction by their rows' names."""
    return {name: found[f"{name}, {way}"] for name in names if f"{name}, {way}" in found}


def differs(options: Options, task: Task) -> str:
    """The line on what differs from a published table on Cityscapes."""
    return (
        f"the pictures of '{task.data.name}' instead of Cityscapes; {SIDES[options.budget]} pixels; "
        + (f"networks with {WIDTH} channels instead of 64, " if options.small else "")
        + (f"{options.minutes or MINUTES:g} minutes a row instead of hours of a GPU; " if options.small else "")
        + "labels are read by the nearest colour, and photographs judged by a kernel distance instead of FCN-8s."
    )


def report_one_way(
    title: str, question: str, runs: Mapping[str, Found], theirs: Published, way: str, options: Options
) -> Report:
    """The report of trainings in one direction: ours beside the paper's table, and pictures."""
    return Report(
        title, question, [theirs, sheet(f"Test pictures, {way}", runs), told_scores(options)], best_rows({way: runs})
    )


def list_scores(title: str, what: str, rows: Mapping[str, Sequence[float]]) -> Table:
    """A published table of per-pixel accuracy, per-class accuracy and class IoU."""
    return Table(title, [what, *SCORES], [[name, *values] for name, values in rows.items()])
