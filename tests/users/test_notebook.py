"""The notebook of the examples runs, and its last cell shows a picture."""

import ast
import io
import json
from pathlib import Path

import pytest
from PIL import Image

import pictura

EXAMPLES = Path(__file__).parents[2] / "examples"
pytestmark = pytest.mark.kinds


def show(cell: str, names: dict[str, object]) -> object:
    """Run a cell as a notebook does; the value of its last line, when it is one."""
    *before, last = ast.parse(cell).body
    shown = isinstance(last, ast.Expr)
    exec(compile(ast.Module(before if shown else [*before, last], []), "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names) if shown else None


def test_the_notebook_shows_a_picture(monkeypatch) -> None:
    monkeypatch.chdir(EXAMPLES)
    cells = json.loads((EXAMPLES / "notebook.ipynb").read_text(encoding="utf-8"))["cells"]
    names: dict[str, object] = {}
    values = [show("".join(cell["source"]), names) for cell in cells if cell["cell_type"] == "code"]
    assert "starry-night" in values[0]
    image = Image.open(io.BytesIO(values[-1]._repr_png_()))
    assert image.format == "PNG" and max(image.size) == 256


def test_large_pictures_are_small_in_a_notebook(draw) -> None:
    large = pictura.Picture.of(draw(900, 1400))
    shown = large._repr_png_()
    assert Image.open(io.BytesIO(shown)).size == (640, 411) and len(shown) < 2**20
