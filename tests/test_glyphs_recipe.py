"""The recipe that draws glyphs: pairs under one name, letters that both fonts have, some held back."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image, ImageFont

from pictura.runtime.errors import PicturaError

PATH = Path(__file__).parents[1] / "recipes" / "translation" / "glyphs.py"


@pytest.fixture
def glyphs(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("glyphs", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pairs_of_letters(glyphs: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glyphs, "open_font", lambda path: ImageFont.load_default(size=glyphs.SIZE))  # Pillow's own
    count = glyphs.write_pairs([Path("a.ttf"), Path("b.ttf")], tmp_path)
    files = {
        side: sorted(p.name for p in (tmp_path / side).iterdir()) for side in ("trainA", "trainB", "testA", "testB")
    }
    assert files["trainA"] == files["trainB"]
    assert files["testA"] == files["testB"]
    assert len(files["trainA"]) + len(files["testA"]) == count > 80
    assert not set(files["trainA"]) & set(files["testA"])
    for path in (tmp_path / "trainA").iterdir():
        pixels = np.asarray(Image.open(path).convert("L"))
        assert pixels.shape == (64, 64)
        assert pixels.min() < 100, path.name
        assert pixels[[0, -1]].min() == 255, f"{path.name} does not fit"


def test_letters_that_look_alike_are_one(glyphs: ModuleType) -> None:
    font = ImageFont.load_default(size=glyphs.SIZE)
    assert glyphs.different(["A", "B", "A"], font) == ["A", "B"]


def test_a_letter_that_a_font_lacks_is_left_out(glyphs: ModuleType) -> None:
    font = ImageFont.load_default(size=glyphs.SIZE)
    assert glyphs.has_letter(font, "A")
    assert not glyphs.has_letter(font, "\u4e00")


def test_no_font_is_told(glyphs: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "a.ttf").write_bytes(b"no font")
    with pytest.raises(PicturaError, match=r"no font that can be read"):
        glyphs.open_font(tmp_path / "a.ttf")
