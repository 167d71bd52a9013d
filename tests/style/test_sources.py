"""Where styles come from."""

from pathlib import Path

import pytest
import torch

from pictura.picture import Picture, write
from pictura.runtime.errors import PicturaError
from pictura.style import Style, sources

LAYERS = ("relu1_1",)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder, draw) -> Path:
    """A bank of two styles, in an otherwise empty current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sources, "STYLES_FOLDER", tmp_path / "bank")
    for seed, name in enumerate(("starry-night", "great-wave")):
        Style.of([draw(seed=seed)], encoder, LAYERS, (32,), {"title": name}).save(tmp_path / "bank" / f"{name}.style")
    return tmp_path


def test_names_in_alphabetical_order() -> None:
    assert sources.style_names() == ["great-wave", "starry-night"]


def test_shipped_by_name() -> None:
    opened = sources.open_style("great-wave")
    assert isinstance(opened, Style) and opened.about["title"] == "great-wave"


def test_misspelt_name() -> None:
    with pytest.raises(PicturaError, match=r"'stary-night' is neither .* Did you mean 'starry-night'\?"):
        sources.open_style("stary-night")


@pytest.mark.parametrize("name", ["wave.style", "WAVE.STYLE"])
def test_a_style_file(folder: Path, name: str) -> None:
    (folder / "bank" / "great-wave.style").rename(folder / name)
    opened = sources.open_style(folder / name)
    assert isinstance(opened, Style) and opened.about["title"] == "great-wave"


def test_a_picture_and_a_folder_of_pictures(folder: Path, draw) -> None:
    for name in ("b.png", "a.PNG", ".hidden.png"):
        write(Picture.of(draw(8, 9)), folder / "paintings" / name)
    (folder / "paintings" / "note.txt").write_text("not a picture", encoding="utf-8")
    one, two = sources.open_style("paintings/b.png"), sources.open_style("paintings")
    assert [p.shape for p in one] == [(1, 3, 8, 9)]
    assert [p.shape for p in two] == 2 * [(1, 3, 8, 9)]
    assert [p.name for p in sources.pictures_in(folder / "paintings")] == ["a.PNG", "b.png"]


def test_a_folder_without_pictures(folder: Path) -> None:
    with pytest.raises(PicturaError, match=r"bank holds no picture \("):
        sources.open_style(folder / "bank")


@pytest.mark.parametrize("name", ["missing.png", "some/where", "missing.style"])
def test_what_is_missing(name: str) -> None:
    with pytest.raises(PicturaError, match=name):
        sources.open_style(name)


def test_paintings_are_looked_at_once_for_each_size(encoder, draw, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    encode_style = sources.encode_style
    monkeypatch.setattr(sources, "encode_style", lambda *given: looked.append(given[3]) or encode_style(*given))
    paintings = sources.ImageStyle([draw(seed=1), draw(seed=2)], encoder, LAYERS)
    first = paintings.at(20)
    assert paintings.at(20.3) is first
    paintings.at(30)
    assert looked == [20, 20, 30, 30]
    mean = torch.stack([encode_style(draw(seed=seed), encoder, LAYERS, 20)["relu1_1"][0] for seed in (1, 2)]).mean(0)
    torch.testing.assert_close(first["relu1_1"][0], mean)
