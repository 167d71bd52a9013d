"""The notebook of the examples runs, and its last cell shows a picture."""

import ast
import io
import json
import sys
import types
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


def test_two_pictures_are_a_slider(draw) -> None:
    shown = pictura.compare(draw(30, 40), draw(60, 80), words=("photo", '"painted" <b>'))._repr_html_()
    assert shown.count("data:image/jpeg;base64,") == 2 and "http" not in shown
    assert 'aria-label="photo and &quot;painted&quot; &lt;b&gt;: how much of each"' in shown
    assert "max-width:40px;aspect-ratio:40/30" in shown
    assert len(pictura.compare(draw(900, 1400), draw(900, 1400))._repr_html_()) < 2**20
    with pytest.raises(pictura.PicturaError, match="different shapes"):
        pictura.compare(draw(30, 40), draw(40, 30))


def test_a_painting_shows_a_bar_in_a_notebook(draw, encoder, quick, monkeypatch) -> None:
    shown: list[str] = []

    class Handle:
        def update(self, page: object) -> None:
            shown.append(str(page))

    def display(page: object, display_id: bool) -> Handle:
        shown.append(str(page))
        return Handle()

    ipython, place = types.ModuleType("IPython"), types.ModuleType("IPython.display")
    ipython.get_ipython = lambda: types.SimpleNamespace(kernel=True)  # type: ignore[attr-defined]
    place.HTML, place.display = str, display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", place)
    pictura.stylize(draw(16, 16), draw(16, 16, 1), quick, encoder=encoder)
    assert "step 1 of 3" in shown[0] and 'max="3" value="3"' in shown[-1]
    ipython.get_ipython = lambda: None  # type: ignore[attr-defined]
    pictura.stylize(draw(16, 16), draw(16, 16, 1), quick, encoder=encoder)
    assert "step 3 of 3" in shown[-1] and len(shown) <= 3


def test_large_pictures_are_small_in_a_notebook(draw) -> None:
    large = pictura.Picture.of(draw(900, 1400))
    shown = large._repr_png_()
    assert Image.open(io.BytesIO(shown)).size == (640, 411) and len(shown) < 2**20
