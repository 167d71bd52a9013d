"""Run an experiment: its pieces one after the other, then its report as page and JSON."""

import importlib
import json
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol, cast

import torch

from pictura import __version__
from pictura.experiments import BUDGETS, EXPERIMENTS
from pictura.experiments.page import write_page
from pictura.experiments.pieces import Found, Piece, PieceStore, Result, code_digest
from pictura.experiments.plots import check_plots
from pictura.experiments.report import Report
from pictura.runtime.device import choose_device
from pictura.runtime.errors import PicturaError, did_you_mean
from pictura.runtime.files import write_atomic

Budget = Literal["small", "paper"]
# Longest side in pixels. Small: a step of `compact` takes a quarter of a second beside other work; paper: CVPR 2016's.
SIDES: dict[str, int] = {"small": 256, "paper": 512}
PAGE, NUMBERS, PIECES = "report.html", "report.json", "pieces"
Progress = Callable[[float, str], None]  # share of the whole that is done, and a few words


@dataclass(frozen=True)
class Options:
    """What an experiment is asked.

    budget: small, minutes on two cores, or paper, the paper's own settings; photo, style: pictures instead of the
        shipped ones; data: a folder, for experiments that need one; minutes: of training for each row, by default the
        budget's; device: auto, cpu, cuda or mps; seed: of whatever is random.
    """

    budget: Budget = "small"
    photo: Path | None = None
    style: Path | None = None
    data: Path | None = None
    minutes: float | None = None
    device: str = "cpu"
    seed: int = 0

    @property
    def small(self) -> bool:
        """Whether it shall be done in minutes."""
        return self.budget == "small"

    @property
    def side(self) -> int:
        """Longest side of what is painted, in pixels."""
        return SIDES[self.budget]


class Recipe(Protocol):
    """A module of an experiment."""

    def plan(self, options: Options) -> list[Piece]:
        """The pieces of work; what can be refused is refused here."""

    def report(self, options: Options, found: Mapping[str, Found]) -> Report:
        """The report on what the pieces found, by their names."""


def load_recipe(name: str) -> Recipe:
    """The experiment of that name.

    Raises:
        PicturaError: there is none, with the nearest name.
    """
    if name not in EXPERIMENTS:
        raise PicturaError(
            f"There is no experiment '{name}'; there are {', '.join(EXPERIMENTS)}.{did_you_mean(name, EXPERIMENTS)}"
        )
    return cast("Recipe", importlib.import_module(f"pictura.experiments.{name.replace('-', '_')}"))


def run_experiment(
    name: str,
    output: Path,
    options: Options,
    *,
    resume: bool = False,
    progress: Progress = lambda share, said: None,
    recipe: Recipe | None = None,
) -> Report:
    """Do what is not done yet, write ``report.html`` and ``report.json`` into `output`, and return the report.

    With `resume` finished pieces that lie there are taken as they are, times included, where their recipe is the same.

    Raises:
        PicturaError: no such experiment, data that are missing, a folder that is in use, or no matplotlib.
    """
    recipe = recipe or load_recipe(name)
    check_plots()
    if options.budget not in BUDGETS:
        raise PicturaError(f"'{options.budget}' is no budget: choose {' or '.join(BUDGETS)}.")
    check_output(output, resume)
    options = replace(options, device=str(choose_device(options.device)))
    pieces = recipe.plan(options)
    results = compute_pieces(pieces, PieceStore(output / PIECES), progress)
    made = recipe.report(options, {name: result.found for name, result in results.items()})
    facts = _gather_facts(name, options, results) | dict(made.facts)
    report = replace(made, facts=facts, numbers=_numbers_of(pieces, results))
    write_atomic(output / NUMBERS, (json.dumps(report.as_json(), indent=1) + "\n").encode(), overwrite=True)
    write_atomic(output / PAGE, write_page(report).encode(), overwrite=True)
    return report


def check_output(output: Path, resume: bool) -> None:
    """Refuse a folder that has something in it, unless an experiment is to go on there.

    Raises:
        PicturaError: says what to do.
    """
    if output.exists() and not output.is_dir():
        raise PicturaError(f"'{output}' is a file: give a folder for the experiment with -o.")
    if not resume and output.is_dir() and any(output.iterdir()):
        raise PicturaError(f"'{output}' is not empty: add --resume to go on there, or choose another folder with -o.")


def compute_pieces(pieces: Sequence[Piece], store: PieceStore, progress: Progress) -> dict[str, Result]:
    """The result of each piece by its name; `progress` hears the share of all costs that is done."""
    total = sum(piece.cost for piece in pieces)
    done, results = 0.0, dict[str, Result]()
    for number, piece in enumerate(pieces, 1):

        def tell(share: float, said: str, piece: Piece = piece, number: int = number, before: float = done) -> None:
            words = f"{number}/{len(pieces)} {piece.name}{': ' if said else ''}{said}"
            progress((before + piece.cost * min(1.0, max(0.0, share))) / total, words)

        tell(0.0, "")
        results[piece.name] = result = store.get(piece, tell)
        tell(1.0, "kept from before" if result.kept else "")
        done += piece.cost
    return results


def _gather_facts(name: str, options: Options, results: Mapping[str, Result]) -> dict[str, Any]:
    """The machine, the versions, and what was asked."""
    return {
        "experiment": name,
        "budget": options.budget,
        "seed": options.seed,
        "pictura": f"{__version__} (code {code_digest()})",
        "torch": str(torch.__version__),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "device": _device_name(options.device),
        "threads": torch.get_num_threads(),
        "seconds of work": round(sum(result.seconds for result in results.values()), 1),
        "finished": max((result.finished for result in results.values()), default=""),
    }


def _processor() -> str:
    """Its name, where the system tells one."""
    if sys.platform == "linux":
        try:
            lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        except OSError:
            lines = []
        for line in lines:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _device_name(device: str) -> str:
    return torch.cuda.get_device_name() if device.startswith("cuda") else device


def _numbers_of(pieces: Sequence[Piece], results: Mapping[str, Result]) -> dict[str, Any]:
    return {
        piece.name: {
            "recipe": dict(piece.recipe),
            "numbers": results[piece.name].found.numbers,
            "seconds": results[piece.name].seconds,
        }
        for piece in pieces
    }
