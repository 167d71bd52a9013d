"""From a style argument to its statistics: the one place that knows what a style can be given as."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from pictura.encoders import Encoder
from pictura.losses.moments import Moments
from pictura.picture import READABLE_SUFFIXES as IMAGE_SUFFIXES
from pictura.picture import Picture, read
from pictura.picture.folder import find_pictures
from pictura.picture.kinds import as_picture, check_image_range
from pictura.runtime.errors import PicturaError, did_you_mean
from pictura.style.style import Style, encode_style, mix_moments, normalize_weights

STYLES_FOLDER = Path(__file__).parents[1] / "assets" / "styles"


@runtime_checkable
class StyleSource(Protocol):
    """A style ready for use: its moments at any size."""

    @property
    def images(self) -> Sequence[Tensor]:
        """The paintings, each as `painting_tensor` gives it; none where only their moments are known."""

    def at(self, size: float) -> Moments:
        """Layer → (mean, second moment) for paintings whose longest side is `size` pixels."""


class ImageStyle:
    """One or several images as a style, encoded when a size is first asked for and once for each size.

    Args:
        images: 1×3×H×W in [0, 1] each, or 1×4×H×W with alpha; of several the mean style is taken.
        encoder: encodes them.
        layers: layers to read.
        size_range: smallest and largest longest side in pixels at which they are encoded.
        noise: σ of the noise added to the encoder's input.
        generator: of the noise.
    """

    def __init__(
        self,
        images: Sequence[Tensor],
        encoder: Encoder,
        layers: Sequence[str],
        size_range: tuple[float, float] = (1, math.inf),
        noise: float = 0.0,
        generator: torch.Generator | None = None,
    ) -> None:
        self.images = images
        self.encoder = encoder
        self.layers = layers
        self.size_range = size_range
        self.noise = noise
        self.generator = generator
        self.moments_by_size: dict[int, Moments] = {}

    def at(self, size: float) -> Moments:
        """Layer → (mean, second moment) of the images with their longest side at `size` pixels or their own."""
        smallest, largest = self.size_range
        side = round(min(max(size, smallest), largest))
        if side not in self.moments_by_size:
            self.moments_by_size[side] = mix_moments(
                [(self._encode(p, side), 1 / len(self.images)) for p in self.images]
            )
        return self.moments_by_size[side]

    def _encode(self, image: Tensor, side: int) -> Moments:
        image = image.to(self.encoder.mean.device)
        return encode_style(image, self.encoder, self.layers, side, self.noise, self.generator)


@dataclass(frozen=True)
class FixedStyle:
    """Moments as a style, the same at every size."""

    moments: Moments
    images: Sequence[Tensor] = ()

    def at(self, size: float) -> Moments:
        """The moments."""
        return self.moments


@dataclass(frozen=True)
class MixedStyle:
    """A weighted mean of styles: (style, share) each, shares that sum to 1."""

    parts: Sequence[tuple[StyleSource, float]]

    @property
    def images(self) -> Sequence[Tensor]:
        """Those of all its parts."""
        return [image for style, _ in self.parts for image in style.images]

    def at(self, size: float) -> Moments:
        """Weighted mean of the moments of the layers that all parts have."""
        return mix_moments([(style.at(size), share) for style, share in self.parts])


def load_style(
    source: Any,
    encoder: Encoder,
    layers: Sequence[str],
    *,
    size_range: tuple[float, float] = (1, math.inf),
    noise: float = 0.0,
    generator: torch.Generator | None = None,
) -> StyleSource:
    """A style argument as statistics under an encoder; the result serves any number of contents.

    Args:
        source: a shipped name, a `.style` file, a picture of any kind (file, `Picture`, PIL picture, array, tensor), a
            folder of pictures, a `Style`, moments, or what this function returned; a list of these is their mean, a
            mapping from them to weights their weighted mean.
        encoder: the encoder whose statistics are wanted.
        layers: layers to read.
        size_range: smallest and largest longest side in pixels at which paintings are encoded; a `Style` has its own.
        noise: σ of the noise added to the encoder's input where paintings are encoded.
        generator: of the noise.

    Raises:
        PicturaError: there is no such style, a weight is negative, or a saved style is another encoder's or lacks one
            of the layers.
    """
    layers = [encoder.resolve(layer) for layer in layers]
    load = partial(load_style, encoder=encoder, layers=layers, size_range=size_range, noise=noise, generator=generator)
    if isinstance(source, Mapping):
        if any(isinstance(value, tuple) for value in source.values()):
            return FixedStyle(source)
        return mix_styles([load(part) for part in source], list(source.values()))
    if isinstance(source, MixedStyle):
        return MixedStyle([(load(style), share) for style, share in source.parts])
    if isinstance(source, ImageStyle):
        if source.encoder is encoder and set(layers) <= set(source.layers) and source.size_range == size_range:
            return source
        source = list(source.images)
    opened = open_style(source) if isinstance(source, (str, Path)) else source
    if isinstance(opened, Style):
        _check_style(opened, "untitled" if opened is source else str(source), encoder, layers)
        return opened.to(encoder.mean.device)
    if isinstance(opened, StyleSource):
        return opened
    if isinstance(opened, (list, tuple)) and not all(isinstance(part, Tensor) for part in opened):
        return mix_styles([load(part) for part in opened])
    images = [_as_image(part) for part in (opened if isinstance(opened, (list, tuple)) else [opened])]
    if not images:
        raise PicturaError("There is no style; give at least one.")
    return ImageStyle(images, encoder, layers, size_range, noise, generator)


def mix_styles(styles: Sequence[StyleSource], weights: Sequence[float] | None = None) -> StyleSource:
    """The weighted mean of styles; equal weights by default.

    Raises:
        PicturaError: there is no style, not one weight for each, or weights that `normalize_weights` refuses.
    """
    if not styles:
        raise PicturaError("There is no style; give at least one.")
    weights = [1.0] * len(styles) if weights is None else list(weights)
    if len(weights) != len(styles):
        raise PicturaError(f"There are {len(styles)} styles but {len(weights)} style weights; give one for each.")
    return MixedStyle(list(zip(styles, normalize_weights(weights), strict=True)))


def weighted_images(style: StyleSource) -> list[tuple[Tensor, float]]:
    """All pictures of a style, each with its share; the shares' sum is 1.

    Raises:
        PicturaError: a part of it is known by its moments only.
    """
    if isinstance(style, MixedStyle):
        parts = [(part, share) for part, share in style.parts if share]
        return [(image, share * own) for part, share in parts for image, own in weighted_images(part)]
    if not style.images:
        title = style.about.get("title", "untitled") if isinstance(style, Style) else "untitled"
        raise PicturaError(
            f"The style '{title}' is saved without its picture, whose colours are needed: give a picture."
        )
    return [(image, 1 / len(style.images)) for image in style.images]


def _check_style(style: Style, name: str, encoder: Encoder, layers: Sequence[str]) -> None:
    title = style.about.get("title", name)
    if style.encoder != encoder.name:
        raise PicturaError(
            f"The style '{title}' was encoded with {style.encoder}, but the encoder is {encoder.name}; give the "
            f"painting itself or use the encoder {style.encoder}."
        )
    missing = [layer for layer in layers if layer not in style.layers]
    if missing:
        raise PicturaError(f"The style '{title}' has no layer {missing[0]}; it has {', '.join(style.layers)}.")
    channels = encoder.channels(layers)
    moments = next(iter(style.sizes.values()))
    for layer in layers:
        if len(moments[layer][0]) != channels[layer]:
            raise PicturaError(
                f"The style '{title}' has {len(moments[layer][0])} channels at {layer} where {encoder.name} has "
                f"{channels[layer]}: give the painting itself."
            )


def _as_image(source: Any) -> Tensor:
    if isinstance(source, Tensor) and source.dim() == 4 and source.shape[1] == 3 and source.dtype == torch.float32:
        return check_image_range(source)
    return painting_tensor(as_picture(source))


def painting_tensor(picture: Picture) -> Tensor:
    """A painting as style statistics take it: 1×3×H×W in [0, 1], or 1×4×H×W with alpha where it is transparent.

    Raises:
        PicturaError: all of it is transparent.
    """
    if picture.alpha is not None and not picture.alpha.any():
        raise PicturaError("Every pixel of a style picture is transparent: give one that shows something.")
    return picture.tensor(alpha=True)


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


def load_saved_style(source: str | Path) -> Style:
    """A shipped name or a `.style` file; a picture is refused.

    Raises:
        PicturaError: a picture, or there is no such style.
    """
    suffix = Path(source).suffix.lower()
    if suffix == ".style":
        return Style.load(source)
    if suffix in IMAGE_SUFFIXES:
        raise PicturaError(f"'{source}' is a picture: make a style of it first with `pictura style extract`.")
    return load_bundled_style(str(source))


def open_style(source: str | Path) -> Style | list[Tensor]:
    """A shipped name or a `.style` file as a `Style`; pictures and folders of them as `painting_tensor` does.

    Raises:
        PicturaError: there is nothing of that name, or it cannot be read.
    """
    path = Path(source)
    if path.suffix.lower() == ".style":
        return Style.load(path)
    if path.is_dir():
        return [painting_tensor(read(p)) for p in pictures_in(path)]
    if path.is_file() or path.suffix.lower() in IMAGE_SUFFIXES or len(path.parts) > 1:
        return [painting_tensor(read(path))]
    return load_bundled_style(str(source))


def pictures_in(folder: Path) -> list[Path]:
    """The picture files directly in a folder, by name.

    Raises:
        PicturaError: there are none.
    """
    paths = find_pictures(folder, below=False).pictures
    if not paths:
        raise PicturaError(f"The folder '{folder}' contains no pictures ({', '.join(IMAGE_SUFFIXES)}).")
    return paths


class SizedPaintings:
    """The pictures of a folder, each at several sizes: read as they come, one in memory at a time.

    Args:
        folder: where they lie.
        sizes: longest sides at which each is to be encoded.
        device: where the pictures go.

    Raises:
        PicturaError: there is no such folder, or no picture in it.
    """

    def __init__(self, folder: str, sizes: Sequence[int], device: torch.device) -> None:
        if not folder or not Path(folder).is_dir():
            raise PicturaError(f"There is no folder '{folder}': give --set method.paintings=FOLDER with paintings.")
        self.paths, self.sizes, self.device = pictures_in(Path(folder)), sizes, device

    def __iter__(self) -> Iterator[tuple[Tensor, int]]:
        """Each picture 1×3×H×W with each size, from the first again whenever it is asked."""
        for path in self.paths:
            picture = painting_tensor(read(path)).to(self.device)
            for size in self.sizes:
                yield picture, size
