"""Where a style comes from: the shipped bank, a `.style` file, a picture, a folder of pictures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from pictura.encoders import Encoder
from pictura.picture import FORMATS, read
from pictura.runtime.errors import PicturaError, did_you_mean
from pictura.style import STYLE_SIZES, Moments, Style, encode_style, mix_moments, normalize_weights

IMAGE_SUFFIXES = tuple(suffix for format in FORMATS for suffix in format.suffixes)
STYLES_FOLDER = Path(__file__).parents[1] / "assets" / "styles"


def style_names() -> list[str]:
    """The styles shipped with pictura, in alphabetical order."""
    return sorted(path.stem for path in STYLES_FOLDER.glob("*.style"))


def load_bundled_style(name: str) -> Style:
    """A style of the bank.

    Raises:
        PicturaError: no such name.
    """
    if name not in style_names():
        raise PicturaError(
            f"'{name}' is neither a file, a folder nor a shipped style (`pictura style list` names them)."
            f"{did_you_mean(name, style_names())}"
        )
    return Style.load(STYLES_FOLDER / f"{name}.style")


class ImageStyle:
    """One or several pictures as a style that is looked at anew, and once, for each size asked for."""

    def __init__(self, pictures: Sequence[Tensor], encoder: Encoder, layers: Sequence[str]) -> None:
        self.pictures, self.encoder, self.layers = pictures, encoder, layers
        self.moments_by_size: dict[int, Moments] = {}

    def at(self, size: float) -> Moments:
        """Layer → (mean, second moment) of the pictures with their longest side at `size` pixels or their own."""
        side = round(size)
        if side not in self.moments_by_size:
            share = 1 / len(self.pictures)
            self.moments_by_size[side] = mix_moments(
                [(encode_style(p, self.encoder, self.layers, side), share) for p in self.pictures]
            )
        return self.moments_by_size[side]


def pictures_in(folder: Path) -> list[Path]:
    """The picture files directly in a folder, by name.

    Raises:
        PicturaError: there are none.
    """
    found = sorted(p for p in folder.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith("."))
    if not found:
        raise PicturaError(f"The folder {folder} holds no picture ({', '.join(IMAGE_SUFFIXES)}).")
    return found


def load_paintings(folder: str) -> list[Tensor]:
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
    if path.is_file() or path.suffix.lower() in IMAGE_SUFFIXES or len(path.parts) > 1:
        return [read(path).tensor()]
    return load_bundled_style(str(source))


def load_moments(source: Any, encoder: Encoder, layers: Sequence[str], size: float) -> Moments:
    """The moments of a style whose painting's longest side is `size` pixels, as far as paintings and files go.

    Args:
        source: a shipped name, a file, a folder, a `Style`, a picture 1×3×H×W or moments themselves; a mapping from
            names or files to weights, or a list of any of these, is their weighted mean.
        encoder: who looks.
        layers: at what.
        size: pixels; what a saved style keeps begins and ends at `STYLE_SIZES`.

    Raises:
        PicturaError: there is no such style, or it is another encoder's.
    """
    if isinstance(source, Mapping):
        weights = [value for value in source.values() if not isinstance(value, tuple)]
        if not weights:
            return source  # moments
        parts = [load_moments(one, encoder, layers, size) for one in source]
        return mix_moments(list(zip(parts, normalize_weights(weights), strict=True)))
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
        longest = min(max(STYLE_SIZES), max(min(STYLE_SIZES), round(size)))
        return ImageStyle([one.to(encoder.mean.device) for one in opened], encoder, layers).at(longest)
    return mix_moments([(load_moments(one, encoder, layers, size), 1 / len(opened)) for one in opened])
