"""Where a style comes from: the shipped bank, a `.style` file, a picture, a folder of pictures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from pictura.encoders import Encoder
from pictura.picture import FORMATS, read
from pictura.runtime.errors import PicturaError, nearest
from pictura.style import SIZES, Moments, Style, look, mix, shares

SUFFIXES = tuple(suffix for format in FORMATS for suffix in format.suffixes)
FOLDER = Path(__file__).parents[1] / "assets" / "styles"


def names() -> list[str]:
    """The styles shipped with pictura, in alphabetical order."""
    return sorted(path.stem for path in FOLDER.glob("*.style"))


def shipped(name: str) -> Style:
    """A style of the bank.

    Raises:
        PicturaError: no such name.
    """
    if name not in names():
        raise PicturaError(
            f"'{name}' is neither a file, a folder nor a shipped style (`pictura style list` names them)."
            f"{nearest(name, names())}"
        )
    return Style.load(FOLDER / f"{name}.style")


class Paintings:
    """One or several pictures as a style that is looked at anew, and once, for each size asked for."""

    def __init__(self, pictures: Sequence[Tensor], encoder: Encoder, layers: Sequence[str]) -> None:
        self.pictures, self.encoder, self.layers = pictures, encoder, layers
        self.seen: dict[int, Moments] = {}

    def at(self, size: float) -> Moments:
        """Layer → (mean, second moment) of the pictures with their longest side at `size` pixels or their own."""
        side = round(size)
        if side not in self.seen:
            share = 1 / len(self.pictures)
            self.seen[side] = mix([(look(p, self.encoder, self.layers, side), share) for p in self.pictures])
        return self.seen[side]


def pictures_in(folder: Path) -> list[Path]:
    """The picture files directly in a folder, by name.

    Raises:
        PicturaError: there are none.
    """
    found = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
    if not found:
        raise PicturaError(f"The folder {folder} holds no picture ({', '.join(SUFFIXES)}).")
    return found


def paintings_in(folder: str) -> list[Tensor]:
    """The pictures of a folder, 1×3×H×W.

    Raises:
        PicturaError: there is no such folder, or no picture in it.
    """
    if not Path(folder).is_dir() or not folder:
        raise PicturaError(f"There is no folder '{folder}': give --set method.paintings=FOLDER with paintings.")
    return [read(path).tensor() for path in pictures_in(Path(folder))]


def open_style(source: str | Path) -> Style | list[Tensor]:
    """A shipped name or a `.style` file as a `Style`; a picture or a folder of pictures as their pixels 1×3×H×W.

    Raises:
        PicturaError: there is nothing of that name, or it cannot be read.
    """
    path = Path(source)
    if path.suffix.lower() == ".style":
        return Style.load(path)
    if path.is_dir():
        return [read(p).tensor() for p in pictures_in(path)]
    if path.is_file() or path.suffix.lower() in SUFFIXES or len(path.parts) > 1:
        return [read(path).tensor()]
    return shipped(str(source))


def numbers(source: Any, encoder: Encoder, layers: Sequence[str], size: float) -> Moments:
    """The moments of a style whose painting's longest side is `size` pixels, as far as paintings and files go.

    Args:
        source: a shipped name, a file, a folder, a `Style`, a picture 1×3×H×W or moments themselves; a mapping from
            names or files to weights, or a list of any of these, is their weighted mean.
        encoder: who looks.
        layers: at what.
        size: pixels; what a saved style keeps begins and ends at `SIZES`.

    Raises:
        PicturaError: there is no such style, or it is another encoder's.
    """
    if isinstance(source, Mapping):
        weights = [value for value in source.values() if not isinstance(value, tuple)]
        if not weights:
            return source  # moments
        parts = [numbers(one, encoder, layers, size) for one in source]
        return mix(list(zip(parts, shares(weights), strict=True)))
    opened = open_style(source) if isinstance(source, (str, Path)) else source
    if isinstance(opened, Style):
        if opened.encoder != encoder.name:
            raise PicturaError(
                f"The style '{opened.about.get('title', source)}' is in numbers of {opened.encoder}, and here "
                f"{encoder.name} looks: give the painting itself."
            )
        device = encoder.mean.device
        return {layer: (mean.to(device), second.to(device)) for layer, (mean, second) in opened.at(size).items()}
    if isinstance(opened, Tensor):
        opened = [opened]
    if all(isinstance(one, Tensor) for one in opened):
        longest = min(max(SIZES), max(min(SIZES), round(size)))
        return Paintings([one.to(encoder.mean.device) for one in opened], encoder, layers).at(longest)
    return mix([(numbers(one, encoder, layers, size), 1 / len(opened)) for one in opened])
