"""Writes the tables in the documentation that come from the code: `python docs/tables.py`; a test keeps them fresh.

A table stands in a Markdown file between `<!-- table: NAME -->` and `<!-- end -->`.
"""

import ast
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pictura.cli.app import load_command
from pictura.experiments import EXPERIMENTS, TRAINING
from pictura.methods.iterative.settings import PRESETS, Settings

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "CONTRIBUTING.md", ROOT / "docs" / "cli.md", ROOT / "docs" / "optimisation.md")
PAGES += (ROOT / "docs" / "experiments.md",)
TABLE = re.compile(r"(<!-- table: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
START = (
    "api.py",
    "tasks/optimize.py",
    "methods/iterative/run.py",
    "losses/perceptual.py",
    "style/style.py",
    "encoders/encoder.py",
)
# Where each number of the preset `paper` comes from, and why ours is another.
SOURCES = {
    "encoder": "CVPR 2016, section 2: mean response 1 of every filter; ours is a distillate of the same network",
    "pooling": "section 2: average pooling gives slightly more appealing results; `compact` was trained with max",
    "padding": "zeros, as the network was trained; replicated edges leave no frame in the picture",
    "dtype": "single precision, as the authors'; `auto` is bfloat16 where the processor computes in it",
    "loss": "equations 3 to 5; Wasserstein-2 after crowsonkb/style-transfer-pytorch",
    "content_layers": "section 3: conv4_2; ours adds shallower layers",
    "style_layers": "section 3: w = 1/5; ours are shares of 1, all equal too",
    "content_weight": "the release's 1e6 on a mean without ½ (LossLayers.lua); the terms of ours have other units",
    "style_weight": "the release's 1e9, on 4 E; over content_weight its ratio",
    "tv_weight": "none in the paper; mean squares after crowsonkb/style-transfer-pytorch",
    "optimizer": "section 2: L-BFGS; Adam bears a change of scale",
    "learning_rate": "1 is the full L-BFGS step; Adam's is what a pixel moves in one step",
    "init": "section 3: white noise; ours starts nearer to the goal",
    "steps": "the authors' release: 500 evaluations at one scale; ours goes coarse to fine",
    "smoothing": "none in the paper; without noise the strokes of `compact` are short",
    "margin": "none in the paper; ours keeps edges from stronger colours than the rest",
    "averaging": "none in the paper; crowsonkb/style-transfer-pytorch uses 0.99 for many more steps",
}


def options(command: str) -> str:
    """The options of a command as its help gives them, but not again those it shares with `stylize`."""
    shared = {option.help for option in parameters("stylize")} if command != "stylize" else set()
    rows = [
        (", ".join(f"`{name}`" for name in option.opts), f"`{option.metavar}`" if option.metavar else "", option.help)
        for option in parameters(command)
        if option.help not in shared
    ]
    return markdown(("option", "takes", "what it does"), rows)


def parameters(command: str) -> list[Any]:
    """The options of a command, as typer knows them."""
    first, *rest = command.split()
    program = load_command(first)
    for name in rest:
        program = program.commands[name]
    return [parameter for parameter in program.params if parameter.param_type_name == "option"]


def paper() -> str:
    """The settings in which the presets `paper` and `balanced` differ, with sources."""
    values = [PRESETS[name].model_dump() for name in ("paper", "balanced")]
    differing = [name for name in Settings.model_fields if name != "preset" and values[0][name] != values[1][name]]
    rows = [(f"`{name}`", *(f"`{shown(v[name])}`" for v in values), SOURCES[name]) for name in differing]
    return markdown(("setting", "paper", "balanced", "source of the first; why the second"), rows)


def start() -> str:
    """The files a newcomer reads first, each with its own first sentence and its length.

    Lengths are in fifties, so that not every edit of a file changes the page.
    """
    rows = []
    for name in START:
        source = (ROOT / "src" / "pictura" / name).read_text(encoding="utf-8")
        about = (ast.get_docstring(ast.parse(source)) or "").splitlines()[0]
        rows.append((f"[`{name}`](src/pictura/{name})", about, 50 * round(len(source.splitlines()) / 50)))
    return markdown(("file", "what it holds", "lines, about"), rows)


def shown(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{layer}={weight:g}" for layer, weight in value.items())
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def markdown(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |\n" for cells in lines)


def experiments() -> str:
    """Each experiment with what it shows, and whether it needs data."""
    rows = [(f"`{name}`", line, "a folder" if name in TRAINING else "") for name, line in EXPERIMENTS.items()]
    return markdown(("name", "what it shows", "needs"), rows)


TABLES = {"paper": paper, "start": start, "experiments": experiments} | {
    command.replace(" ", "-"): partial(options, command)
    for command in (
        "stylize",
        "synthesize",
        "style extract",
        "style blend",
        "style list",
        "try",
        "translate",
        "sample",
        "interpolate",
        "upscale",
        "measure",
        "compare",
        "experiment",
        "video",
        "train",
        "data check",
        "data combine",
        "app",
        "study new",
        "study serve",
        "study report",
        "import",
        "export",
    )
}


def refreshed(text: str) -> str:
    """The page with its tables written anew."""
    return TABLE.sub(lambda found: found[1] + TABLES[found[2]]() + found[3], text)


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(refreshed(page.read_text(encoding="utf-8")), encoding="utf-8")
