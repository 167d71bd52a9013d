"""Style transfer: `open_stylizer` does once what many pictures share, `stylize_picture` takes one through it."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from pictura.methods import find_method, method_names
from pictura.methods.iterative.run import Interrupted
from pictura.picture import Picture
from pictura.picture.kinds import PictureInput, as_picture, convert_like
from pictura.picture.reading import MAX_SIDE
from pictura.picture.resize import fit_size, resize
from pictura.runtime.errors import PicturaError, did_you_mean
from pictura.style import Style, normalize_weights
from pictura.tasks.feed_forward import open_feed_forward
from pictura.tasks.look import Colours, Look
from pictura.tasks.optimize import Size, StepCallback, Stop, open_optimizing
from pictura.training.capabilities import capabilities_of, check_options

OPTIMIZE = "optimize"
RENAMED_METHODS = {"fast": "johnson"}  # the old word works until 0.2


class Stylizer(Protocol):
    """What `open_stylizer` gives."""

    def render(
        self, image: Tensor, size: Size | None = None, callback: StepCallback | None = None, stop: Stop | None = None
    ) -> Tensor:
        """1×3×H×W in [0, 1] or uint8, painted, at `size` or its own.

        Raises:
            Interrupted: `stop` said so, or Ctrl-C, while steps were taken; its `picture` is the best so far.
        """


def resolve_method(name: str) -> str:
    """Today's name of a method that stylizes.

    Raises:
        PicturaError: there is none, with the nearest name.
    """
    if name in RENAMED_METHODS:
        warnings.warn(f"The method '{name}' is now called '{RENAMED_METHODS[name]}'.", FutureWarning, stacklevel=3)
        return RENAMED_METHODS[name]
    # Their files are imported one by one: a network's is not needed for optimization.
    if name == OPTIMIZE or "stylize" in _capabilities(name):
        return name
    known = stylizing_methods()
    raise PicturaError(f"There is no method '{name}'; there are {', '.join(known)}.{did_you_mean(name, known)}")


def _capabilities(name: str) -> tuple[str, ...]:
    try:
        return capabilities_of(find_method(name))
    except PicturaError:  # there is none of this name
        return ()


def stylizing_methods() -> tuple[str, ...]:
    """The methods that stylize: optimization, and all that do it in one pass."""
    return OPTIMIZE, *(name for name in method_names() if "stylize" in capabilities_of(find_method(name)))


def open_stylizer(
    method: str,
    styles: Sequence[Any],
    weights: Sequence[float] | None = None,
    *,
    masks: Sequence[Tensor] = (),
    style_masks: Sequence[Tensor] = (),
    keep_colours: bool = False,
    match_colours: bool = False,
    protect: Tensor | None = None,
    faces: bool = True,
    strength: float = 1.0,
    device: str = "auto",
    **options: Any,
) -> Stylizer:
    """The stylizer of these styles for many pictures; everything that can be refused is refused here.

    Args:
        method: ``optimize``, ``adain`` (any style in one pass), ``johnson`` (the styles that a model knows) or
            ``photo`` and ``wct2`` (the colours of another photo).
        styles: names, files, pictures of any kind, lists of them or `Style`; for johnson names of the model's styles.
        weights: one for each style; equal by default.
        masks: one 1×1×h×w in [0, 1] for each style, where it applies.
        style_masks: one 1×1×h×w in [0, 1] for each style, what of its picture counts.
        keep_colours: whether the photo's colours stay, under the painting's luma.
        match_colours: whether the painting's colours get the mean and covariance of the photo's.
        protect: 1×1×h×w in [0, 1], 1 where the photo is to stay legible.
        faces: whether faces are to stay legible.
        strength: from 0, the photo, to 1, all of the style.
        device: auto, cpu, cuda or mps.
        options: of `open_optimizing` (settings, encoder and single settings) or of `open_feed_forward` (model,
            style_scale, luma, skin, memory).

    Raises:
        PicturaError: no such method, model, style or option, or a value that cannot be used.
    """
    method = resolve_method(method)
    if not styles:
        raise PicturaError("There is no style; give at least one.")
    counted = (("style weights", weights), ("masks", masks or None), ("style masks", style_masks or None))
    for what, given in counted:
        if given is not None and len(given) != len(styles):
            raise PicturaError(f"There are {len(styles)} styles but {len(given)} {what}; give one for each.")
    shares = normalize_weights(list(weights) if weights is not None else [1.0] * len(styles))
    if keep_colours and match_colours:
        raise PicturaError("Colours are either kept or matched: leave one of keep_colours and match_colours out.")
    colours: Colours = "keep" if keep_colours else "match" if match_colours else "style"
    look = Look(tuple(masks), colours, protect, faces)
    if style_masks:
        styles = [mask_style(style, mask) for style, mask in zip(styles, style_masks, strict=True)]
    if method == OPTIMIZE:
        return open_optimizing(styles, shares, look=look, strength=strength, device=device, **options)
    check_options(method, options, open_feed_forward)
    return open_feed_forward(method, styles, shares, look=look, strength=strength, device=device, **options)


def stylize_picture(
    content: PictureInput,
    stylizer: Stylizer,
    *,
    size: int | None = None,
    callback: StepCallback | None = None,
    stop: Stop | None = None,
) -> Any:
    """Paint one picture.

    Args:
        content: a path, Picture, PIL picture, array or tensor, see `pictura.stylize`.
        stylizer: from `open_stylizer`.
        size: longest side of the result in pixels; by default the content's own.
        callback, stop: called with, and asked after, each `Step` of an optimization.

    Returns:
        What `content` was. Eight bits a pixel stay eight bits: an array of 8192×8192 takes 192 MiB, and its painting as
        much beside what the stylizer may work in.

    Raises:
        PicturaError: the content cannot be read, or the result would have too many pixels.
        Interrupted: `stop` said so, or Ctrl-C; its `picture` is the best so far, of the kind that `content` was.
    """
    picture = as_picture(content)
    target = None if size is None else fit_size(*picture.size, size)
    check_sides(*(target or picture.size))
    try:
        return convert_like(content, picture, stylizer.render(picture.view(), target, callback, stop))
    except Interrupted as interrupted:
        raise Interrupted(convert_like(content, picture, interrupted.picture)) from interrupted


def mask_tensors(masks: Sequence[PictureInput] | PictureInput | None) -> list[Tensor]:
    """Masks as `open_stylizer` takes them; one picture is a list of one."""
    if masks is None:
        return []
    given: Any = masks if isinstance(masks, (list, tuple)) else [masks]
    return [mask_tensor(mask) for mask in given]


def open_masks(options: dict[str, Any]) -> dict[str, Any]:
    """Options with the pictures `style_masks` and `protect`, where they are given, as `open_stylizer` takes them."""
    opened = dict(options)
    if options.get("style_masks") is not None:
        opened["style_masks"] = mask_tensors(options["style_masks"])
    if options.get("protect") is not None:
        opened["protect"] = mask_tensor(options["protect"])
    return opened


def mask_tensor(mask: PictureInput) -> Tensor:
    """A picture of any kind as a mask 1×1×h×w in [0, 1]: the mean of its colours, as far as they are seen (× alpha).

    A tensor may have one channel or none, H×W, and be of bool.
    """
    if isinstance(mask, Tensor):
        mask = mask.float() if mask.dtype == torch.bool else mask
        mask = mask[None] if mask.dim() == 2 else mask
        if mask.dim() >= 3 and mask.shape[-3] == 1:
            mask = mask.expand(*mask.shape[:-3], 3, -1, -1)
    picture = as_picture(mask)
    grey = picture.tensor().mean(1, keepdim=True)
    return grey if picture.alpha is None else grey * torch.from_numpy(picture.alpha.copy())


def mask_style(style: Any, mask: Tensor) -> Picture:
    """The picture of a style, of which only what a mask 1×1×h×w shows counts.

    Raises:
        PicturaError: the style comes without its picture.
    """
    named = isinstance(style, (str, Path))
    if isinstance(style, Style) or (named and (not Path(style).is_file() or Path(style).suffix == ".style")):
        raise PicturaError(f"A style mask needs the picture of the style, and '{style}' is none: give its file.")
    picture = as_picture(style)
    share = resize(mask.cpu(), picture.size)[0, 0].numpy()
    return replace(picture, alpha=share if picture.alpha is None else share * picture.alpha)


def check_sides(height: int, width: int) -> None:
    """Refuse a size that no file can hold.

    Raises:
        PicturaError: says the sides that can be made.
    """
    if not 1 <= min(height, width) <= max(height, width) <= MAX_SIDE:
        raise PicturaError(f"A picture of {width}×{height} pixels cannot be made: give 1 to {MAX_SIDE} a side.")
