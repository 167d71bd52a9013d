"""Optimisation of pixels against one pass of a network, over sizes of the picture."""

import itertools
import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from pictura.experiments.material import is_here, load_material
from pictura.experiments.painting import PLAIN, encoder_of
from pictura.experiments.pieces import Found, Piece, Work
from pictura.experiments.report import Curves, Published, Report, Series, Table, Text
from pictura.experiments.run import Options
from pictura.methods.iterative.run import Step
from pictura.picture.resize import resize
from pictura.tasks.feed_forward import open_feed_forward
from pictura.tasks.optimize import open_optimizing

SIZES = {"small": (128, 256, 512), "paper": (256, 512, 1024)}  # the paper's table has the latter
STEPS = (100, 300, 500)  # of the optimisation, as in the paper's table
PROBE = 4  # steps that are taken to know one; the first is left out
PASSES = 3  # of a network, after one that is left out
STYLE = "starry-night"  # a style that both networks have
OPTIMISED = {"optimize, compact": "compact", "optimize, VGG-19": "vgg19-caffe"}
ONE_PASS = {"adain": "adain", "johnson": "johnson"}
# Johnson, Alahi and Fei-Fei (ECCV 2016, arXiv 1603.08155), table 1: seconds on a Titan X.
PUBLISHED = {
    256: (3.17, 9.52, 15.86, 0.015),
    512: (10.97, 32.91, 54.85, 0.05),
    1024: (42.89, 128.66, 214.44, 0.21),
}


def plan(options: Options) -> list[Piece]:
    """Each method at each size; squares, as in the table."""
    told = load_material(options).told
    pieces = []
    for size in SIZES[options.budget]:
        for name in _names():
            recipe = {"what": name, "size": size, "pictures": told, "device": options.device,
                      "threads": torch.get_num_threads()}  # fmt: skip
            compute = partial(_time, name=name, size=size, options=options)
            pieces.append(Piece(f"{name}, {size} pixels", recipe, compute, float(size**2)))
    return pieces


def _names() -> list[str]:
    return [*(name for name, encoder in OPTIMISED.items() if is_here(encoder)), *ONE_PASS]


def _time(work: Work, *, name: str, size: int, options: Options) -> Found:
    """Seconds of one step, or of one pass: the median of several."""
    material = load_material(options, side=size)
    image = resize(material.photo, (size, size))
    if name in OPTIMISED:
        seconds = _time_steps(image, material.painting, OPTIMISED[name], options.device, work)
        return Found({"seconds of a step": seconds})
    stylizer = open_feed_forward(ONE_PASS[name], [STYLE], [1.0], device=options.device)
    with torch.inference_mode():
        seconds = _median(lambda: stylizer(image), work, clock_of(options.device))
    return Found({"seconds of a pass": seconds})


def _time_steps(image: Tensor, painting: Tensor, encoder: str, device: str, work: Work) -> float:
    settings = PLAIN.with_changes(encoder=encoder, steps=(PROBE,))
    stylizer = open_optimizing(
        [painting], [1.0], settings=settings, encoder=encoder_of(settings, device), device=device
    )
    ends, clock = list[float](), clock_of(device)

    def follow(step: Step) -> None:
        ends.append(clock())
        work.tell(step.step / step.steps, f"step {step.step}")

    stylizer.render(image, callback=follow)
    return statistics.median(b - a for a, b in itertools.pairwise(ends))


def clock_of(device: str) -> Callable[[], float]:
    """Seconds of the processor where it computes, which other programs do not lengthen; elsewhere the clock's."""
    return time.process_time if device == "cpu" else time.monotonic


def _median(run: Callable[[], object], work: Work, clock: Callable[[], float]) -> float:
    run()
    found = []
    for i in range(PASSES):
        start = clock()
        run()
        found.append(clock() - start)
        work.tell((i + 1) / PASSES, f"pass {i + 1}")
    return statistics.median(found)


def report(options: Options, found: Mapping[str, Found]) -> Report:
    """Both tables, and the curves over sizes."""
    sizes = SIZES[options.budget]
    slow = {name: [_value(found, name, size) for size in sizes] for name in _names() if name in OPTIMISED}
    fast = {name: [_value(found, name, size) for size in sizes] for name in ONE_PASS}
    reference = list(slow)[-1]
    rows: list[list[Any]] = []
    for i, size in enumerate(sizes):
        steps = [n * slow[reference][i] for n in STEPS]
        rows.append([f"{size}²", *steps, *(fast[n][i] for n in fast), f"{steps[-1] / fast['johnson'][i]:,.0f}×"])
    heads = [*(f"{n} steps" for n in STEPS), *fast, "speed-up"]
    ours = Table(f"Ours: seconds, {reference}", ["size", *heads], rows)
    theirs = Table(
        "Johnson et al. 2016, table 1: seconds",
        ["size", *(f"{n} steps" for n in STEPS), "their network", "speed-up"],
        [[f"{s}²", *values, f"{values[2] / values[3]:,.0f}×"] for s, values in PUBLISHED.items()],
    )
    series = [
        *(
            Series(f"{name}, {STEPS[-1]} steps", sizes, [STEPS[-1] * v for v in values])
            for name, values in slow.items()
        ),
        *(Series(f"{name}, one pass", sizes, values) for name, values in fast.items()),
    ]
    ratio = STEPS[-1] * slow[reference][-1] / fast["johnson"][-1]
    return Report(
        "Optimisation against one pass",
        "How much faster is a trained network than the optimisation of the pixels, and how do both grow with the "
        "size of the picture?",
        [
            Published(
                ours,
                theirs,
                "Johnson, Alahi and Fei-Fei, ECCV 2016, arXiv 1603.08155, table 1; Gatys et al.'s method with L-BFGS.",
                "this processor instead of a Titan X; our networks, which are smaller; seconds of 100 to 500 steps are "
                f"so many times that of one, the median of {PROBE - 1}.",
            ),
            Curves("Seconds a picture", "side in pixels", "seconds", series, log_x=True, log_y=True, points=True),
            Text(
                "The speed-up is that of the network, johnson, over 500 steps. Seconds are those of the processor, "
                "all its threads together, on a GPU those of the clock. Nothing is counted that is done once for "
                "many pictures: opening networks, reading the style."
            ),
        ],
        f"At {sizes[-1]}² pixels one pass of johnson is {ratio:,.0f} times as fast as {STEPS[-1]} steps with "
        f"{reference}.",
    )


def _value(found: Mapping[str, Found], name: str, size: int) -> float:
    return float(next(iter(found[f"{name}, {size} pixels"].numbers.values())))
