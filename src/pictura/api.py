"""What `import pictura` gives: pictures in, the same kind of picture out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, Unpack, overload

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from pictura.encoders import Encoder
from pictura.interop import allow_fetching
from pictura.methods.iterative.settings import Settings
from pictura.networks.tiling.streaming import DEFAULT_MEMORY
from pictura.picture import Picture
from pictura.picture.kinds import PictureInput
from pictura.runtime.arguments import check_arguments
from pictura.runtime.errors import PicturaError
from pictura.runtime.notebooks import notebook_bar
from pictura.style import Style, style_names
from pictura.style.sources import ImageStyle
from pictura.tasks.edit import edit
from pictura.tasks.enlarge import Enlarger, enlarge_picture, open_enlarger
from pictura.tasks.keywords import StylizeKeywords, TranslateKeywords, UpscaleKeywords, accept_words
from pictura.tasks.measure.figures import Measured, MeasureOptions
from pictura.tasks.measure.run import measure_pictures
from pictura.tasks.model import load
from pictura.tasks.optimize import StepCallback, Stop
from pictura.tasks.provenance import load_settings
from pictura.tasks.sample import interpolate, lay_out, sample
from pictura.tasks.stylize import OPTIMIZE, mask_tensors, open_masks, open_stylizer, resolve_method, stylize_picture
from pictura.tasks.synthesize import synthesize
from pictura.tasks.translate import Translator, open_translator, translate_picture
from pictura.training.capabilities import Segments

StyleInput = PictureInput | Style | ImageStyle
Styles = StyleInput | Sequence[StyleInput]
Number = TypeVar("Number", bound=np.generic)
allow_fetching()
__all__ = [
    "edit",
    "interpolate",
    "lay_out",
    "load",
    "load_settings",
    "measure",
    "sample",
    "styles",
    "stylize",
    "synthesize",
    "translate",
    "upscale",
]


def styles() -> list[str]:
    """The names of the shipped styles, each of which `stylize` takes."""
    return style_names()


@overload
def stylize(
    content: str | Path | Picture,
    style: Styles,
    settings: Settings | str | None = None,
    **options: Unpack[StylizeKeywords],
) -> Picture: ...
@overload
def stylize(
    content: Image.Image, style: Styles, settings: Settings | str | None = None, **options: Unpack[StylizeKeywords]
) -> Image.Image: ...
@overload
def stylize(
    content: NDArray[Number], style: Styles, settings: Settings | str | None = None, **options: Unpack[StylizeKeywords]
) -> NDArray[Number]: ...
@overload
def stylize(
    content: Tensor, style: Styles, settings: Settings | str | None = None, **options: Unpack[StylizeKeywords]
) -> Tensor: ...
@accept_words
@check_arguments
def stylize(
    content: PictureInput,
    style: Styles,
    settings: Settings | str | None = None,
    *,
    method: str = OPTIMIZE,
    size: int | None = None,
    style_weights: Sequence[float] | None = None,
    masks: Sequence[PictureInput] = (),
    keep_colours: bool = False,
    device: str = "auto",
    encoder: Encoder | str | None = None,
    callback: StepCallback | None = None,
    stop: Stop | None = None,
    **options: Any,
) -> Any:
    """Paint `content` in the manner of `style`; for many pictures through one network see `load`.

    Args:
        content: a path, Picture, PIL picture, array (H×W×3 or H×W; uint8, uint16, or float in [0, 1]) or tensor
            (3×H×W or 1×3×H×W in [0, 1]).
        style: a shipped name (``starry-night``), a `Style`, a ``.style`` file, a picture of any kind `content` may be,
            a folder of pictures, or a sequence of these; for the method johnson names of the model's styles.
        settings: `Settings`, or a preset: fast, balanced (the default), quality, paper; for optimize only.
        method: ``optimize``, the best pictures in seconds; ``adain``, any style in one pass; ``johnson``, one pass in
            the styles that a model was trained for; ``photo``, the colours of another photo, by which it stays one.
        size: longest side of the result; by default the content's own, which optimize paints at 1024 pixels at most.
        style_weights: one positive number for each style; equal by default.
        masks: one picture for each style, white where it applies.
        keep_colours: whether the content's colours stay, under the painting's lightness.
        device: auto, cpu, cuda or mps.
        encoder, callback, stop: an opened encoder for many pictures; called with, and asked after, each `Step`; for
            optimize only.
        options: any: strength (0 to 1), match_colours and faces (bool), protect (a picture), style_masks (pictures),
            see docs/control.md, and memory (bytes); optimize: single settings, such as ``steps=(50, 20)``, and
            workspace (a folder from which a stopped print is gone on with); adain and johnson: model (a name, folder or
            file); adain: style_scale; photo: as those, luma (0 to 1), skin (bool).

    Returns:
        What `content` was: a Picture for a path or Picture, else a PIL picture, array or tensor of the same type, of
        the content's own size unless `size` is given.

    Raises:
        PicturaError: something given cannot be used.
        Interrupted: Ctrl-C, or `stop`; its `picture` is the best so far.
    """
    options |= _options_of(resolve_method(method), options, settings, encoder, callback, stop)
    stylizer = open_stylizer(
        method,
        list(style) if isinstance(style, (list, tuple)) else [style],
        style_weights,
        masks=mask_tensors(masks),
        keep_colours=keep_colours,
        device=device,
        **open_masks(options),
    )
    return stylize_picture(content, stylizer, size=size, callback=callback or notebook_bar(), stop=stop)


def _options_of(method: str, given: dict[str, Any], settings: Any, encoder: Any, *calls: Any) -> dict[str, Any]:
    """What the method takes beside the look; what another takes is refused."""
    if method != OPTIMIZE:
        own = zip(("settings", "encoder", "callback", "stop"), (settings, encoder, *calls), strict=True)
        if wrong := [name for name, value in own if value is not None]:
            raise PicturaError(f"'{wrong[0]}' is for the method optimize; leave it out for {method}.")
        if "workspace" in given:
            raise PicturaError(f"'workspace' is for the method optimize; leave it out for {method}.")
        return {}
    if wrong := [name for name in ("model", "luma", "skin") if name in given]:
        raise PicturaError(f"'{wrong[0]}' is for trained models; leave it out, or add method='adain'.")
    return {"settings": settings, "encoder": encoder}


@overload
def upscale(
    picture: str | Path | Picture,
    scale: int = 4,
    model: str | Path | Enlarger | None = None,
    **options: Unpack[UpscaleKeywords],
) -> Picture: ...
@overload
def upscale(
    picture: Image.Image, scale: int = 4, model: str | Path | Enlarger | None = None, **options: Unpack[UpscaleKeywords]
) -> Image.Image: ...
@overload
def upscale(
    picture: NDArray[Number],
    scale: int = 4,
    model: str | Path | Enlarger | None = None,
    **options: Unpack[UpscaleKeywords],
) -> NDArray[Number]: ...
@overload
def upscale(
    picture: Tensor, scale: int = 4, model: str | Path | Enlarger | None = None, **options: Unpack[UpscaleKeywords]
) -> Tensor: ...
@accept_words
@check_arguments
def upscale(
    picture: PictureInput,
    scale: int = 4,
    model: str | Path | Enlarger | None = None,
    *,
    memory: int = DEFAULT_MEMORY,
    device: str = "auto",
) -> Any:
    """Enlarge a picture.

    Args:
        picture: as `content` in `stylize`.
        scale: how many times wider and higher, from 1 to 8.
        model: a model's name or folder, ``bicubic``, or what `pictura.tasks.enlarge.open_enlarger` gave for many
            pictures; by default the shipped network for the scale.
        memory: bytes to work in beside picture and result.
        device: auto, cpu, cuda or mps.

    Returns:
        What `picture` was, `scale` times as wide and high.

    Raises:
        PicturaError: something given cannot be used.
    """
    enlarger = model if isinstance(model, Enlarger) else open_enlarger(model, scale, memory=memory, device=device)
    return enlarge_picture(picture, enlarger)


@overload
def translate(
    picture: str | Path | Picture, model: str | Path | Translator, **options: Unpack[TranslateKeywords]
) -> Picture: ...
@overload
def translate(
    picture: Image.Image, model: str | Path | Translator, **options: Unpack[TranslateKeywords]
) -> Image.Image: ...
@overload
def translate(
    picture: NDArray[Number], model: str | Path | Translator, **options: Unpack[TranslateKeywords]
) -> NDArray[Number]: ...
@overload
def translate(picture: Tensor, model: str | Path | Translator, **options: Unpack[TranslateKeywords]) -> Tensor: ...
@check_arguments
def translate(
    picture: PictureInput,
    model: str | Path | Translator,
    *,
    direction: str | None = None,
    strength: float = 1.0,
    seed: int = 0,
    nearest_class: bool = False,
    memory: int = DEFAULT_MEMORY,
    device: str = "auto",
) -> Any:
    """Turn a picture of one domain into one of another, of the same size.

    Args:
        picture: as `content` in `stylize`; for a model of label maps also class numbers: H×W, or a palette's indices.
        model: a model's name, folder or file, or what `pictura.tasks.translate.open_translator` gave for many pictures,
            whose own options hold.
        direction: of those that the model has, by default the first: ``A2B``, ``B2A``, or by the domains' names.
        strength: from 0, the picture itself, over 1, what was learned, to 2.
        seed: of whatever is random; one seed, one picture.
        nearest_class: whether colours of a label map that belong to no class are taken for the nearest one.
        memory: bytes to work in beside picture and result.
        device: auto, cpu, cuda or mps.

    Returns:
        What `picture` was, of its size.

    Raises:
        PicturaError: something given cannot be used.
    """
    if not isinstance(model, Translator):
        model = open_translator(
            model, direction, strength, seed, nearest_class=nearest_class, memory=memory, device=device
        )
    return translate_picture(picture, model)


@check_arguments
def measure(
    a: PictureInput | Sequence[PictureInput],
    b: PictureInput | Sequence[PictureInput],
    metrics: str | Sequence[str],
    *,
    encoder: Encoder | str = "compact",
    weights: Path | None = None,
    lpips_weights: Path | None = None,
    content: PictureInput | Sequence[PictureInput] | None = None,
    border: int = 0,
    classes: int | None = None,
    ignore: int = 255,
    model: str | Path | Segments | None = None,
    real: PictureInput | Sequence[PictureInput] | None = None,
    nearest_class: bool = False,
    seen_at: tuple[int, int] | None = None,
    seed: int = 0,
    device: str = "auto",
) -> list[Measured]:
    """How good A is by the measure of B, in the order of `metrics`, which docs/measuring.md describes.

    A and B are each a file, a folder, a picture of any kind or a sequence of pictures. A figure comes with its standard
    error, the number of pictures and the network behind it, which `encoder` (and a file of `weights`) names. `content`
    is for artfid, `border` for PSNR and SSIM, `classes` and `ignore` (a number) for label maps, `seed` for kid;
    `model` (what segments), `real` photographs, `nearest_class` and `seen_at` (width, height) for seg-score.

    Raises:
        PicturaError: something given cannot be used.
    """
    from pictura.interop.checkpoint import read_tensors
    from pictura.interop.segmenters import open_segmenter

    heads = None if lpips_weights is None else read_tensors(lpips_weights)
    options = MeasureOptions(encoder, weights, heads, content, border, classes, ignore, seed, device)
    judge = open_segmenter(model, device) if isinstance(model, (str, Path)) else model
    options = replace(options, model=judge, real=real, nearest_class=nearest_class, seen_at=seen_at)
    return measure_pictures(a, b, [metrics] if isinstance(metrics, str) else metrics, options)
