"""Pictures in the manner of others in one pass, by whatever trained method stylizes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from pictura.methods import find_method
from pictura.methods.iterative.run import Step
from pictura.networks.tiling.streaming import DEFAULT_MEMORY
from pictura.picture.resize import resize
from pictura.runtime.device import choose_device
from pictura.runtime.errors import PicturaError
from pictura.tasks.legible import GENTLY, Paint, Region, paint_legibly
from pictura.tasks.load import from_pretrained
from pictura.tasks.look import Look
from pictura.training.capabilities import Holds, Stylizes, check_options

# The shipped model that answers for a method when none is named.
DEFAULT_MODELS = {"adain": "adain", "johnson": "fast"}
# The same where a style must be a picture, which those of the bank are not.
PHOTO_MODELS = {"photo": "photo", "wct2": "wct2"}


@dataclass(frozen=True)
class Holding:
    """How a painter paints many pictures alike, see `training.capabilities.Holds`.

    predict: picture and the styles' weights to what would be done to it.
    mix: the weighted mean of such.
    paint: a picture and what is to be done to it to the painted picture.
    """

    predict: Callable[[Tensor, Sequence[float]], Any]
    mix: Callable[[Sequence[tuple[Any, float]]], Any]
    paint: Callable[[Tensor, Any], Tensor]


@dataclass(frozen=True)
class FeedForwardStylizer:
    """Paints a picture in one pass for each mask, or in one for all styles together.

    paint: picture and the styles' weights to the painted picture.
    paint_gently: the same, closer to the photo.
    weights: one for each style; their sum is 1.
    look: masks, colours, and what is to stay legible.
    holding: where the method can say what it would do to a picture.
    """

    paint: Paint
    paint_gently: Paint
    weights: tuple[float, ...]
    look: Look = field(default_factory=Look)
    holding: Holding | None = None

    def __call__(self, image: Tensor) -> Tensor:
        """1×3×H×W in [0, 1] or uint8 to the same, painted."""
        regions = self.look.find_regions(image)
        return self.look.apply(image, self.weights, lambda photo, weights: self.paint_around(photo, weights, regions))

    def paint_around(self, image: Tensor, weights: Sequence[float], regions: Sequence[Region]) -> Tensor:
        """The image, painted in the styles together; its regions gently."""
        return paint_legibly(image, weights, regions, self.paint, self.paint_gently)

    def render(
        self,
        image: Tensor,
        size: tuple[int, int] | None = None,
        callback: Callable[[Step], None] | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> Tensor:
        """The image painted at `size` (height, width) or its own; one pass has no steps to tell of or to stop at."""
        return self(image if size is None else resize(image, size))


def open_feed_forward(
    method: str,
    styles: Sequence[Any],
    weights: Sequence[float],
    *,
    model: str | Path | Stylizes | None = None,
    look: Look | None = None,
    strength: float = 1.0,
    style_scale: float = 1.0,
    luma: float = 1.0,
    skin: bool = True,
    memory: int = DEFAULT_MEMORY,
    device: str = "auto",
) -> FeedForwardStylizer:
    """The painter of these styles; everything that can be refused is refused here.

    Args:
        method: the method's name.
        styles: names, and where the model takes any style files, pictures 1×3×H×W, lists of them or `Style`.
        weights: one for each style; their sum is 1.
        model: a model's name, folder or file, or an opened one; by default the shipped one of the method.
        look: masks, colours, and what is to stay legible.
        strength: from 0, the photo, to 1, all of the style.
        style_scale: size of the strokes; only where the model takes any style.
        luma: how much of a style's brightness and contrast comes with its colours; photo only.
        skin: whether skin keeps its hue; photo only.
        memory: bytes to work in.
        device: auto, cpu, cuda or mps.

    Raises:
        PicturaError: no such model, style or device, or a value that cannot be used.
    """
    network = _open_model(method, model, device)
    if network.style_names and style_scale != 1:
        raise PicturaError("style_scale is for models that paint any style: leave it out, or take --method adain.")
    own = {"style_scale": (style_scale, 1.0), "luma": (luma, 1.0), "skin": (skin, True)}
    changed = {name: value for name, (value, usual) in own.items() if value != usual}
    check_options(method, changed, network.stylize)
    options: dict[str, Any] = {"memory": memory} | changed
    opened = network.open_style(styles, weights)
    place = choose_device(device)
    look = look or Look()
    look = replace(look, faces=look.faces and not getattr(network, "keeps_faces", False))

    def style_of(shares: Sequence[float]) -> Any:
        if all(shares) and tuple(shares) == tuple(weights):
            return opened
        return network.open_style(*only_used(styles, shares))

    def paint(image: Tensor, shares: Sequence[float], strength: float = strength) -> Tensor:
        if not strength:
            return image  # the photo itself, not what a network makes of it: every colour it has stays
        style = style_of(shares)
        return network.stylize(image.to(place), style=style, strength=strength, **options).to(image.device)

    own_options = changed | {"strength": strength}
    holding = _open_holding(network, style_of, place, memory, own_options) if strength else None
    return FeedForwardStylizer(paint, partial(paint, strength=GENTLY * strength), tuple(weights), look, holding)


def _open_holding(
    network: Stylizes,
    style_of: Callable[[Sequence[float]], Any],
    place: torch.device,
    memory: int,
    options: dict[str, Any],
) -> Holding | None:
    if not isinstance(network, Holds):
        return None
    return Holding(
        lambda image, shares: network.predict(image.to(place), style=style_of(shares), **options),
        network.mix,
        lambda image, held: network.apply(image.to(place), held, memory=memory).to(image.device),
    )


def only_used(styles: Sequence[Any], shares: Sequence[float]) -> tuple[list[Any], list[float]]:
    """The styles that have a share, and their shares."""
    used = [(style, share) for style, share in zip(styles, shares, strict=True) if share]
    return [style for style, _ in used], [share for _, share in used]


def _open_model(method: str, model: str | Path | Stylizes | None, device: str) -> Stylizes:
    if isinstance(model, Stylizes):
        return model
    name = model or (DEFAULT_MODELS | PHOTO_MODELS).get(method)
    if name is None:
        raise PicturaError(f"No model of the method {method} is shipped: name one, with --model.")
    kind = find_method(method)
    if (settings := kind.untrained.get(str(name))) is not None:
        return cast(Stylizes, kind(kind.Settings(**settings)))
    opened = from_pretrained(name, device=device)
    if not isinstance(opened, Stylizes):
        raise PicturaError(f"The model '{name}' is of the method {opened.name}, which paints no styles.")
    if opened.name != method:
        raise PicturaError(
            f"The model '{name}' is of the method {opened.name}, not {method}: add --method {opened.name}."
        )
    return opened
