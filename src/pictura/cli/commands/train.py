"""`pictura train`."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pictura.cli.text import examples, format_duration, print_text, printable
from pictura.methods import list_methods
from pictura.runtime.errors import PicturaError
from pictura.training import recipes

if TYPE_CHECKING:
    from pydantic import BaseModel

    from pictura.data import DataSet
    from pictura.models import Bundle
    from pictura.training.method import Method
    from pictura.training.progress import TrainingProgress
    from pictura.training.settings import TrainSettings

EXAMPLES = examples(
    "pictura train johnson photos -o runs/night --set styles='[\"starry-night\"]'",
    "pictura train superres photos -o runs/x4 --recipe mine.toml --set batch=8",
    "pictura train superres photos -o runs/x4 --recipe mine.toml --set batch=8 --resume",
    "pictura train superres photos -o runs/more --start upscale-x4 --set learning_rate=1e-4",
)


def train(
    method: Annotated[str, typer.Argument(help=f"What is trained: {', '.join(list_methods())}.", show_default=False)],
    data: Annotated[Path, typer.Argument(help="A folder of pictures, see `pictura data`.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder of the run.", show_default=False)],
    recipe: Annotated[
        str | None, typer.Option(help="A TOML file or a shipped recipe (default: the method's own, if it has one).")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change one setting (repeatable; default: the recipe's)."),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            help="Start from the weights and settings of this model: a folder or a shipped name (default: none)."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Resume the run in this folder.")] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Skip broken pictures.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON line a step.")] = False,
) -> None:
    """Train a method on a folder of pictures; the model is written to OUTPUT/bundle.

    Checkpoints, samples, the losses as log and plot lie beside it. Ctrl-C and SIGTERM save before they end.
    """
    from pictura import methods

    kind = methods.find_method(method)
    if output.resolve().is_relative_to(data.resolve()):
        raise PicturaError(
            f"The output folder '{output}' is inside the data folder '{data}', where its samples would become data: "
            "choose one outside."
        )
    planned, settings, values = _build_method(kind, recipe, changes or [], start, data)
    planned.check_crop(settings.crop)
    if not quiet:
        _tell_left_out(data)
    from pictura.training.run_folder import RunFolder

    RunFolder(output).check(resume)
    quiet = quiet or os.environ.get("RANK", "0") != "0"  # of several processes one speaks
    source = _open_audited(data, planned, settings, values, skip_bad, quiet)
    from pictura.runtime.signals import Stopped
    from pictura.training.fit import fit

    with TrainingReport(quiet, as_json) as told:
        try:
            bundle = fit(planned, source, output, settings, resume=resume, callback=told.step)
        except Stopped as stopped:
            told.say(f"stopped after step {stopped.step}, the state is saved: continue with --resume")
            raise typer.Exit(128 + stopped.number) from stopped
        told.say(f"the model is {bundle}")


def _build_method(
    kind: "type[Method]", recipe: str | None, changes: list[str], start: str | None, data: Path
) -> "tuple[Method, TrainSettings, dict[str, Any]]":
    """The method with its first weights, the loop's settings, the data's.

    A method whose settings have `labels` gets the names of the data's classes, one that has `classes` the names and
    colours of its label maps, unless they were given.
    """
    from pictura.data import DataSettings, data_settings
    from pictura.data.labelled import class_names
    from pictura.data.palettes import set_classes
    from pictura.methods import build_method
    from pictura.runtime import seeds
    from pictura.runtime.settings import validate_settings
    from pictura.training.settings import TrainSettings, starting_settings

    begun = _read_start(kind, start) if start is not None else None
    chosen = recipe if recipe is not None else (kind.name if kind.name in recipes.recipe_names() else None)
    values = recipes.read_recipe(chosen) if chosen is not None else {table: {} for table in recipes.TABLES}
    own_values = values["method"] if recipe is not None else {}
    if begun is not None:
        # What was asked for stands; what the method's own recipe would have said does not.
        values["method"] = starting_settings(begun.settings) | own_values
    models: dict[str, type[BaseModel]] = {"method": kind.Settings, "train": TrainSettings, "data": DataSettings}
    typed = {change.partition("=")[0].removeprefix("method.").split(".")[0] for change in changes}
    typed |= set(own_values)
    values = recipes.apply_changes(values, changes, {name: model.model_fields for name, model in models.items()})
    if "labels" in kind.Settings.model_fields and "labels" not in values["method"]:
        values["method"]["labels"] = class_names(data, data_settings(values["data"]))
    if "classes" in kind.Settings.model_fields and "classes" not in values["method"]:
        values["method"]["classes"] = set_classes(data, data_settings(values["data"]))
    own, settings = (
        validate_settings(kind.Settings, values["method"]),
        validate_settings(TrainSettings, values["train"]),
    )
    if begun is not None:
        _refuse_foreign_names(str(start), own, typed)
    with seeds.preserve_random_state():
        seeds.seed_all("weights", settings.seed)
        method = build_method(kind, own)
    if begun is not None:
        method.begin(begun)
    return method, settings, values["data"]


def _read_start(kind: "type[Method]", start: str) -> "Bundle":
    """The bundle a training begins with."""
    from pictura import models

    bundle = models.read_bundle(start)
    if bundle.method != kind.name:
        raise PicturaError(f"'{start}' is a {bundle.method} model: a training of {kind.name} cannot start from it.")
    return bundle


def _refuse_foreign_names(start: str, settings: "BaseModel", typed: set[str]) -> None:
    """Refuse what the model's file, and not the user, names beside what is here: files, and weights to be fetched."""
    from pictura.encoders.store import check_present
    from pictura.models.store import bundled_models

    if start in bundled_models() and not Path(start).exists():
        return  # ours
    for name, value in settings:
        for one in value if isinstance(value, tuple | list) else [value]:
            if name in typed or not isinstance(one, str) or not one:
                continue
            if name.endswith("encoder"):
                check_present(one, f"The model '{start}'")
            elif Path(one).exists() or len(Path(one).parts) > 1:
                raise PicturaError(
                    f"The model '{start}' names '{one}' as its {name}, which does not come with pictura: if you trust "
                    f"it, add --set {name}=…, with that name."
                )


def _tell_left_out(folder: Path) -> None:
    """What looks like pictures in the data and is not taken; a folder that is none is told of where it is opened."""
    from pictura.data.layout import tell_left_out

    if folder.is_dir():
        for note in tell_left_out(folder):
            print_text(printable(f"pictura: {note}"), err=True)


def _open_audited(
    folder: Path, method: "Method", settings: "TrainSettings", values: dict[str, Any], skip_bad: bool, quiet: bool
) -> "DataSet":
    """The data set, every picture of it looked at before the first step."""
    from rich.console import Console
    from rich.progress import Progress

    from pictura.data import audit_source, data_settings, open_data

    source = open_data(folder, method.data_kind, settings.crop, settings=data_settings(values))
    console = Console(stderr=True)
    hidden = quiet or not console.is_terminal
    with Progress(console=console, transient=True, disable=hidden, redirect_stdout=False) as bar:
        task = bar.add_task("checking the pictures")

        def tell(done: int, count: int) -> None:
            bar.update(task, completed=done, total=count)

        return audit_source(source, skip_bad=skip_bad, progress=tell)


class TrainingReport:
    """A bar on a terminal, a line now and then elsewhere, JSON for programs."""

    SECONDS = 30.0  # from one line to the next, where there is no bar

    def __init__(self, quiet: bool, as_json: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self.quiet, self.as_json, self.last = quiet, as_json, -self.SECONDS
        self.console = Console(stderr=True)
        self.plain = not self.console.is_terminal
        columns = (BarColumn(bar_width=20), TextColumn("{task.description}", markup=False))
        self.bar = Progress(
            *columns, console=self.console, transient=True, disable=quiet or self.plain, redirect_stdout=False
        )
        self.task = self.bar.add_task("", visible=False)

    def __enter__(self) -> "TrainingReport":
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def step(self, now: "TrainingProgress") -> None:
        """Tell where the training is."""
        if now.note:
            self.say(now.note)
        if not now.step or not now.losses:
            return
        if self.as_json:
            print_text(json.dumps(_progress_facts(now)))
        self.bar.update(self.task, description=_format_progress(now), completed=now.step, total=now.steps, visible=True)
        if self.plain and (now.seconds - self.last >= self.SECONDS or now.step == now.steps):
            self.last = now.seconds
            self.say(_format_progress(now))

    def say(self, line: str) -> None:
        """One line, unless quiet."""
        if not self.quiet:
            self.console.print(printable(line), markup=False, highlight=False, soft_wrap=True)


def _format_progress(now: "TrainingProgress") -> str:
    """``12/2000  style 0.31  content 0.05  8.2 images/s  1 min 20 s left``."""
    losses = "  ".join(f"{name} {value:.3g}" for name, value in now.losses.items())
    pace = f"{now.images_per_second:.3g} images/s"
    return f"{now.step}/{now.steps}  {losses}  {pace}  {format_duration(now.left)} left"


def _progress_facts(now: "TrainingProgress") -> dict[str, Any]:
    paths = {name: str(path) for name, path in (("saved", now.saved), ("shown", now.shown)) if path}
    return {
        "step": now.step,
        "steps": now.steps,
        "losses": dict(now.losses),
        "images_per_second": now.images_per_second,
        "seconds": now.seconds,
        "left": now.left,
        **paths,
    }
