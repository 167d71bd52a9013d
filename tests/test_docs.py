"""What the documentation shows works: its commands and Python run, its links lead somewhere, its tables are fresh."""

import re
import runpy
import shlex
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from pictura.cli.app import app, load_command
from pictura.encoders import available_encoders
from pictura.methods.iterative.settings import PRESETS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
for command in ("stylize", "synthesize"):  # their help says what the presets are, and the presets are changed below
    load_command(command)
FENCE = re.compile(r"(?:^<!-- (?P<mark>[^\n]*) -->\n)?^```(?P<kind>sh|python)\n(?P<text>.*?)^```$", re.M | re.S)
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")
WEIGHTS = {one.record.name for one in available_encoders() if one.path is not None}


class Block(NamedTuple):
    """A fenced block; `mark` is the comment before it."""

    page: Path
    mark: str
    kind: str
    text: str


def blocks(page):
    found = FENCE.finditer(page.read_text(encoding="utf-8"))
    return [Block(page, match["mark"] or "", match["kind"], match["text"]) for match in found]


BLOCKS = [block for page in PAGES for block in blocks(page)]
DEMANDING = [block for block in BLOCKS if block.mark.startswith("needs ")]


def name_of(value):
    return value.stem if isinstance(value, Path) else f"{value.page.stem}: {value.text.splitlines()[0]}"


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder with the pictures the documentation speaks of, 64 pixels wide; presets take one step instead of many."""
    torch.set_num_threads(1)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "holidays").mkdir()
    for seed, name in enumerate(("photo", "other", "painting", "texture", "holidays/beach")):
        noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
        Image.fromarray(noise).resize((64, 48), Image.Resampling.BICUBIC).save(tmp_path / f"{name}.jpg")
    for name, settings in PRESETS.items():
        monkeypatch.setitem(PRESETS, name, settings.with_changes(steps=(1,)))
    return tmp_path


def execute(block):
    if block.kind == "python":
        Path("block.py").write_text(block.text, encoding="utf-8")
        runpy.run_path("block.py")
        return
    for line in block.text.splitlines():
        program, *arguments = shlex.split(line, comments=True)
        assert program == "pictura", f"not a command of ours, so mark the block 'not run: why': {line}"
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, f"{line}\n{result.output}{result.exception}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_blocks_run_from_top_to_bottom(page, desk):
    for block in blocks(page):
        assert not block.mark or block.mark.startswith(("needs ", "not run: ", "table: ", "end"))
        if not block.mark.startswith(("needs ", "not run: ")):
            execute(block)


@pytest.mark.parametrize("block", DEMANDING, ids=name_of)
def test_block_that_needs_weights_runs(block, desk):
    name = block.mark.removeprefix("needs ")
    if name not in WEIGHTS:
        pytest.skip(f"the weights {name} are not on this disk")
    execute(block)


def test_most_blocks_are_run():
    run = [block for block in BLOCKS if not block.mark.startswith("not run: ")]
    assert len(run) > len(BLOCKS) / 2


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files(page):
    text = page.read_text(encoding="utf-8")
    assert [link for link in LINK.findall(text) if not (page.parent / link).exists()] == []


def test_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    shown = {target for block in BLOCKS for target in re.findall(r"\bmake ([a-z]+)", block.text)}
    assert {"demo", "test"} <= shown
    assert [target for target in sorted(shown) if not re.search(rf"^{target}:", makefile, re.M)] == []


def test_every_preset_is_in_the_readme():
    rows = re.findall(r"^\| `(\w+)` \| (\S+) \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
    assert dict(rows) == {name: settings.encoder for name, settings in PRESETS.items()}


def test_tables_are_fresh():
    tables = runpy.run_path(str(ROOT / "docs" / "tables.py"))
    for page in tables["PAGES"]:
        text = page.read_text(encoding="utf-8")
        assert text == tables["refreshed"](text), f"run: python docs/tables.py ({page.name} is older than the code)"


def test_every_option_is_in_cli_md():
    tables = runpy.run_path(str(ROOT / "docs" / "tables.py"))
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    commands = (
        "stylize",
        "synthesize",
        "style extract",
        "style blend",
        "style list",
        "style show",
        "try",
        "translate",
        "sample",
        "interpolate",
        "upscale",
        "measure",
        "video",
        "train",
        "data check",
        "data combine",
        "data split",
        "app",
        "study new",
        "study serve",
        "study report",
        "models",
        "import",
        "export",
        "encoders",
        "check",
    )
    names = {name for command in commands for option in tables["parameters"](command) for name in option.opts}
    assert [name for name in sorted(names) if f"`{name}`" not in text] == []


def test_pictures_are_small():
    pictures = sorted((ROOT / "docs" / "pictures").iterdir())
    assert pictures
    assert [path.name for path in pictures if path.stat().st_size >= 400_000] == []
