"""What a trained method can do, as protocols: tasks, commands and tests ask ``isinstance(method, Stylizes)``.

Images are 1×3×H×W of any height and width, float in [0, 1] (sRGB) or uint8, and results are of the same dtype. `memory`
is how many bytes a call may work in beside image and result; what does not fit goes in tiles, with the same result.
A loaded method serves many threads at once: no call leaves anything behind in it.
"""

import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from pictura.runtime.errors import PicturaError, did_you_mean


@runtime_checkable
class Stylizes(Protocol):
    """Paints an image in styles, in one pass."""

    @property
    def style_names(self) -> tuple[str, ...]:
        """The styles it was trained for, by name; empty where it takes any style."""

    def open_style(self, styles: Sequence[Any], weights: Sequence[float]) -> Any:
        """The weighted mean of these styles, as `stylize` takes it; what can be refused is refused here.

        Args:
            styles: names, and where `style_names` is empty whatever `pictura.style.sources.load_style` takes.
            weights: one for each style; their sum is 1.

        Raises:
            PicturaError: there is no such style, or it cannot be used here.
        """

    def stylize(
        self, image: Tensor, *, style: Any = None, strength: float = 1.0, memory: int = 0, precision: Any = "auto"
    ) -> Tensor:
        """The image in a style of `open_style`, as strong as asked for: 0 is the image itself, 1 all of the style.

        Raises:
            PicturaError: not an image, an unknown option, a strength out of range, or too little memory.
        """


@runtime_checkable
class Holds(Protocol):
    """Says what it would do to an image before it does it, so that the frames of a video can be painted alike."""

    def predict(self, image: Tensor, *, style: Any, strength: float = 1.0, **options: Any) -> Any:
        """What `stylize` would do to this image."""

    def mix(self, parts: Sequence[tuple[Any, float]]) -> Any:
        """The weighted mean of what was predicted for images of one size; the weights' sum is 1."""

    def apply(self, image: Tensor, held: Any, *, memory: int = 0) -> Tensor:
        """The image, of that size, with this done to it."""


@runtime_checkable
class Enlarges(Protocol):
    """Makes an image larger by a fixed factor."""

    @property
    def factor(self) -> int:
        """How many times wider and higher the result is."""

    def enlarge(self, image: Tensor, *, memory: int = 0, precision: Any = "auto") -> Tensor:
        """1×3×H×W to 1×3×(factor H)×(factor W).

        Raises:
            PicturaError: not an image, an unknown option, or too little memory.
        """


@runtime_checkable
class Translates(Protocol):
    """Turns an image of one domain into one of another, of the same size."""

    @property
    def directions(self) -> tuple[str, ...]:
        """What it can do, the first by default: ``("A2B", "B2A")``, or the domains' names."""

    def translate(
        self,
        image: Tensor,
        *,
        direction: str | None = None,
        strength: float = 1.0,
        seed: int = 0,
        memory: int = 0,
        precision: Any = "auto",
    ) -> Tensor:
        """The image in the other domain; `strength` 0 is the image itself, `seed` of whatever is random about it.

        Raises:
            PicturaError: not an image, an unknown option, a direction it does not have, or too little memory.
        """


@runtime_checkable
class Generates(Protocol):
    """Makes images out of nothing."""

    @property
    def labels(self) -> tuple[str, ...]:
        """What can be asked for, by name; empty where samples have no label."""

    def sample(self, count: int, *, generator: torch.Generator, label: str | None = None) -> Tensor:
        """count×3×H×W in [0, 1]; the same generator gives the same images.

        Raises:
            PicturaError: a count below 1, or a label it does not know.
        """


@runtime_checkable
class Encodes(Protocol):
    """Turns images into latent codes and back.

    A method whose codes follow a prior says so in an attribute ``prior``: "normal" or "uniform".
    """

    def encode(self, images: Tensor) -> Tensor:
        """N×3×H×W in [0, 1] to codes N×Z (the mean, where codes are distributions)."""

    def decode(self, codes: Tensor) -> Tensor:
        """N×Z to N×3×H×W in [0, 1]."""


@runtime_checkable
class Edits(Protocol):
    """Changes what an image shows, by named attributes."""

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes it can change."""

    def edit(self, image: Tensor, *, attributes: Mapping[str, float], strength: float = 1.0) -> Tensor:
        """The image with these attributes, of the same size.

        Raises:
            PicturaError: not an image, or an attribute it does not know.
        """


@runtime_checkable
class Segments(Protocol):
    """Says of each pixel of a photograph what it shows."""

    @property
    def classes(self) -> Mapping[str, tuple[int, int, int]]:
        """Name → colour (red, green, blue, 0 to 255) of all classes of a label map, in the order of their numbers."""

    @property
    def ignored_classes(self) -> tuple[str, ...]:
        """Those that are never found and do not count, such as "void"."""

    def segment(self, image: Tensor, *, memory: int = 0, precision: Any = "auto") -> Tensor:
        """1×3×H×W to the numbers of classes H×W, int64.

        Raises:
            PicturaError: not an image, an unknown option, or too little memory.
        """


# Capability → its verb, which is the name of its function, in the order in which they are told.
CAPABILITIES: dict[type, str] = {
    Stylizes: "stylize",
    Enlarges: "enlarge",
    Translates: "translate",
    Generates: "sample",
    Encodes: "encode",
    Edits: "edit",
    Segments: "segment",
}


def capabilities_of(method: object) -> tuple[str, ...]:
    """What a method, or a class of methods, can do, in verbs: ``("stylize",)``."""
    return tuple(verb for verb in CAPABILITIES.values() if hasattr(method, verb))


def check_image(image: Tensor) -> None:
    """Refuse what is not one image.

    Raises:
        PicturaError: says which shape or type was expected and which came.
    """
    if image.dim() != 4 or image.shape[:2] != (1, 3) or not image.numel():
        raise PicturaError(f"Expected an image tensor of shape 1×3×H×W, got {tuple(image.shape)}.")
    if image.dtype not in (torch.float32, torch.uint8):
        kind = str(image.dtype).removeprefix("torch.")
        raise PicturaError(f"Expected an image tensor of float32 in [0, 1] or uint8, got {kind}: convert it.")


def check_direction(name: str, direction: str | None, directions: Sequence[str]) -> str:
    """The direction that was asked for, by default the first.

    Raises:
        PicturaError: the method does not have it.
    """
    if direction is None:
        return directions[0]
    if direction not in directions:
        known = " and ".join(directions)
        raise PicturaError(f"This model of {name} translates {known}, not '{direction}'.")
    return direction


def check_sample(name: str, count: int, label: str | None, labels: Sequence[str]) -> None:
    """Refuse a number of samples or a label that there cannot be.

    Raises:
        PicturaError: says what can be asked for.
    """
    if count < 1:
        raise PicturaError(f"The number of samples must be at least 1, got {count}.")
    if label is not None and label not in labels:
        if not labels:
            raise PicturaError(f"This model of {name} has no labels: leave the label '{label}' out.")
        known = ", ".join(labels)
        raise PicturaError(f"This model of {name} has no label '{label}', only {known}.{did_you_mean(label, labels)}")


def check_edit(known: Sequence[str], attributes: Mapping[str, float], strength: float) -> None:
    """Refuse attributes that a model does not know, and numbers that are none.

    Raises:
        PicturaError: names the first of them, with those that are known.
    """
    for name, value in attributes.items():
        if name not in known:
            raise PicturaError(f"This model edits {' and '.join(known)}, not '{name}'.{did_you_mean(name, known)}")
        if not math.isfinite(value):
            raise PicturaError(f"{name} must be a number, not {value}.")
    if not math.isfinite(strength):
        raise PicturaError(f"strength must be a number, not {strength}.")


def check_options(name: str, given: Iterable[str], function: Callable[..., Any]) -> None:
    """Refuse options that a method's function does not have.

    Raises:
        PicturaError: names the first of them and the nearest known one.
    """
    parameters = inspect.signature(function).parameters.values()
    known = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    for option in given:
        if option not in known:
            raise PicturaError(f"The method {name} has no option '{option}'.{did_you_mean(option, known)}")
