"""Gatys et al. against CycleGAN on photographs and paintings: one style picture, a collection, or a learned domain."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial

import torch
from torch import Tensor

from pictura.experiments.material import is_here
from pictura.experiments.painting import PLAIN, encoder_of
from pictura.experiments.pieces import Found, Piece, Work
from pictura.experiments.report import Cell, Pictures, Report, Text
from pictura.experiments.run import Options
from pictura.experiments.training import (
    WIDTH,
    Task,
    best_rows,
    find_task,
    judge_made,
    make_job,
    network_name,
    open_set_judge,
    scores_table,
    sheet,
    to_pixels,
    told_scores,
    training_piece,
)
from pictura.experiments.translating import Job, Row, build_method, open_training
from pictura.methods.iterative.settings import PRESETS, Settings
from pictura.tasks.optimize import open_optimizing
from pictura.training.recipes import read_recipe

WAY = "photographs → paintings"
LAYOUT = "trainA, testA (paintings) and trainB, testB (photographs), as CycleGAN's monet2photo has them"
COLLECTION = 16  # paintings whose mean is the style of the collection at the small budget
LIMIT = 8  # photographs: an optimisation takes seconds each
# As in CycleGAN's figure 15: two pictures chosen from the paintings, and all of them together.
GATYS = {"Gatys, first painting": slice(0, 1), "Gatys, second painting": slice(1, 2), "Gatys, collection": slice(None)}


def _task(options: Options) -> Task:
    """Without pairs and labels, whatever lies there."""
    found = find_task("gatys-cyclegan", options, pairs=False, layout=LAYOUT)
    return Task(found.data, False, False, WAY, "BtoA")


def _rows(options: Options) -> dict[str, Row]:
    narrow = {"generator": "resnet_6", "generator_width": WIDTH, "critic_width": WIDTH}
    cyclegan = narrow if options.small else {"generator": "resnet_9"}
    return {
        "CycleGAN": Row("cyclegan", cyclegan),
        "ours, one-sided": Row("one_sided", read_recipe("one_sided")["method"], batch=2),
    }


def _settings(options: Options) -> Settings:
    return PLAIN if options.small or not is_here(PRESETS["paper"].encoder) else PRESETS["paper"]


def plan(options: Options) -> list[Piece]:
    """Gatys with each style, and each training."""
    task = _task(options)
    rows = _rows(options)
    pieces = [training_piece(name, row, options, task, WAY, limit=LIMIT) for name, row in rows.items()]
    job = make_job(options, task, WAY, LIMIT)
    first = next(iter(rows.values()))
    data = open_training(first, job, build_method(first)).fingerprint()
    for name, which in GATYS.items():
        settings = _settings(options).with_changes(seed=options.seed)
        recipe = {
            "settings": settings.model_dump(mode="json"),
            "paintings": [which.start, which.stop, COLLECTION if options.small else None],
            "job": asdict(job) | {"data": data},
            "judge": network_name(),
        }
        compute = partial(_paint, settings=settings, which=which, task=task, job=job, small=options.small)
        pieces.append(Piece(f"{name}, {WAY}", recipe, compute))
    return pieces


def _paint(work: Work, *, settings: Settings, which: slice, task: Task, job: Job, small: bool) -> Found:
    """Each test photograph by optimisation."""
    judge = open_set_judge(network_name(), job.device)
    pictures = judge.pictures(job, "unpaired")
    paintings = [one[None] for one in pictures["train"]["B"][which][: COLLECTION if small else None]]
    encoder = encoder_of(settings, job.device)
    style: list[list[Tensor]] = [paintings]
    stylizer = open_optimizing(style, [1.0], settings=settings, encoder=encoder, device=job.device)
    made, start = [], time.monotonic()
    photos = pictures["test"]["A"]
    for i, photo in enumerate(photos):
        made.append(stylizer.render(photo[None])[0].cpu())
        work.tell((i + 1) / len(photos), f"picture {i + 1}/{len(photos)}")
    seconds = round((time.monotonic() - start) / len(photos), 2)
    found = judge_made(made, judge, job, task, WAY, {"steps": sum(settings.steps), "seconds a picture": seconds})
    shown = {f"painting {i}": to_pixels(one[0]) for i, one in enumerate(paintings[:4])}
    return Found(found.numbers, found.pictures | shown)


def report(options: Options, found: Mapping[str, Found]) -> Report:
    """The paper's figure, and distances."""
    runs = {name.removesuffix(f", {WAY}"): one for name, one in found.items()}
    order = {name: runs[name] for name in [*GATYS, *_rows(options)]}
    collection = runs["Gatys, collection"].pictures
    styles = [Cell(f"painting {i + 1}", collection[f"painting {i}"]) for i in range(4) if f"painting {i}" in collection]
    threads = torch.get_num_threads()
    gatys = runs["Gatys, first painting"].numbers["seconds a picture"]
    return Report(
        "Gatys et al. against CycleGAN",
        "One painting, a collection, or a learned domain: Gatys et al. take over the statistics of the pictures they "
        "are given, and must be given them well; CycleGAN learns from all of them what a painting looks like.",
        [
            Pictures("Of the paintings; the first two are the single styles", [("", styles)]),
            sheet("Test photographs", order),
            scores_table("Distances", "method", order),
            told_scores(options),
            Text(
                f"An optimisation takes {gatys:g} seconds a picture here ({threads} threads), a trained network a "
                "fraction of one. Published: Zhu et al. (ICCV 2017, arXiv 1703.10593), figures 15 and 16, show such "
                f"rows without a table. What differs: the pictures of '{_task(options).data.name}', size, time, and "
                "one network as judge."
            ),
        ],
        best_rows({WAY: order}),
    )
