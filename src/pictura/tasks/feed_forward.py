"""Pictures in the manner of others in one pass, by whatever trained method stylizes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from pictura.methods import find_method
from pictura.methods.iterative.run import Step
from pictura.networks.tiling.streaming import DEFAULT_MEMORY
from pictura.picture.resize import map_bands, resize
from pictura.picture.transfer import transfer_colours
from pictura.runtime.device import choose_device
from pictura.runtime.errors import PicturaError
from pictura.tasks.load import from_pretrained
from pictura.training.capabilities import Stylizes, check_options

# The shipped model that answers for a method when none is named.
DEFAULT_MODELS = {"adain": "adain", "johnson": "fast"}
PHOTO_MODELS = {"photo": "photo"}  # the same where a style must be a picture, which those of the bank are not


@dataclass(frozen=True)
class FeedForwardStylizer:
    """Paints a picture in one pass for each mask, or in one for all styles together.

    paint: picture and the styles' weights to the painted picture.
    weights: one for each style; their sum is 1.
    masks: one 1×1×h×w in [0, 1] for each style, or none.
    keep_colours: whether the picture's own colours stay.
    """

    paint: Callable[[Tensor, Sequence[float]], Tensor]
    weights: tuple[float, ...]
    masks: tuple[Tensor, ...] = ()
    keep_colours: bool = False

    def __call__(self, image: Tensor) -> Tensor:
        """1×3×H×W in [0, 1] or uint8 to the same, painted."""
        painted = paint_masked(image, self.paint, self.masks) if self.masks else self.paint(image, self.weights)
        return transfer_colours(painted, image) if self.keep_colours and painted is not image else painted

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
    masks: Sequence[Tensor] = (),
    keep_colours: bool = False,
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
        masks: one 1×1×h×w in [0, 1] for each style, where it applies.
        keep_colours: whether the photo's colours stay.
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
    options: dict[str, Any] = {"strength": strength, "memory": memory} | changed
    opened = network.open_style(styles, weights)
    place = choose_device(device)

    def paint(image: Tensor, shares: Sequence[float]) -> Tensor:
        if not strength:
            return image  # the photo itself, not what a network makes of it: every colour it has stays
        style = (
            opened
            if all(shares) and tuple(shares) == tuple(weights)
            else network.open_style(*only_used(styles, shares))
        )
        return network.stylize(image.to(place), style=style, **options).to(image.device)

    return FeedForwardStylizer(paint, tuple(weights), tuple(masks), keep_colours)


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


def paint_masked(image: Tensor, paint: Callable[[Tensor, Sequence[float]], Tensor], masks: Sequence[Tensor]) -> Tensor:
    """Each style where its mask is; where no mask is the photo shows, where they overlap they share."""
    resized = [resize(mask, (image.shape[-2], image.shape[-1])) for mask in masks]
    alone = torch.eye(len(masks)).tolist()
    return map_bands(_blend_masked, image, *resized, *(paint(image, weights) for weights in alone))


def _blend_masked(photo: Tensor, *others: Tensor) -> Tensor:
    """The photo, masks, and as many painted pictures, to one picture."""
    masks, painted = torch.stack(others[: len(others) // 2]), torch.stack(others[len(others) // 2 :])
    total = masks.sum(0)
    return (photo * (1 - total).clamp(min=0) + (painted * masks / total.clamp(min=1)).sum(0)).clamp(0, 1)
