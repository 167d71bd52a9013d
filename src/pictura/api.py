"""What `import pictura` gives: pictures in, the same kind of picture out."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from pictura import encoders
from pictura.encoders import Encoder
from pictura.methods.iterative.init import INIT_KINDS, blank
from pictura.methods.iterative.run import Interrupted, IterativeStylizer, Step, StyleAt
from pictura.methods.iterative.settings import Settings, build_settings, preset
from pictura.networks.tiling.streaming import DEFAULT_MEMORY
from pictura.picture import Picture, read, read_settings
from pictura.picture.denoise import denoise
from pictura.picture.kinds import PictureInput, as_picture, convert_like
from pictura.picture.reading import MAX_SIDE
from pictura.picture.resize import fit_size, resize
from pictura.runtime.errors import PicturaError
from pictura.style import Moments, Style, mix_moments, normalize_weights
from pictura.style.sources import ImageStyle, open_style
from pictura.tasks.enlarge import Enlarger, open_enlarger
from pictura.tasks.stylize import FeedForwardStylizer, open_stylizer

StyleSource = PictureInput | Style | ImageStyle
StepCallback = Callable[[Step], None]
# Larger pictures are painted at this longest side and enlarged, unless a size is asked for: beyond it the work takes
# minutes on two cores, and strokes become too small to be seen.
MAX_PAINTED_SIDE = 1024


def stylize(
    content: PictureInput,
    style: StyleSource | Sequence[StyleSource],
    settings: Settings | str = "balanced",
    *,
    size: int | None = None,
    style_weights: Sequence[float] | None = None,
    encoder: Encoder | None = None,
    callback: StepCallback | None = None,
) -> Any:
    """Paint `content` in the manner of `style` by optimisation, see `stylize_at_once` for one pass.

    Args:
        content: a path, Picture, PIL picture, array (H×W×3 or H×W; uint8, uint16, or float in [0, 1]) or tensor
            (3×H×W or 1×3×H×W in [0, 1]).
        style: a shipped name (``starry-night``), a `Style`, a ``.style`` file, a picture of any kind `content` may be,
            a folder of pictures, or a sequence of these.
        settings: `Settings`, or the name of a preset: fast, balanced, quality, paper.
        size: longest side of the result in pixels; by default the content's own, painted at 1024 pixels at most.
        style_weights: one positive number for each style; equal by default.
        encoder: a loaded encoder, to be used for many pictures; by default `settings.encoder` is loaded.
        callback: told each `Step`.

    Returns:
        What `content` was: a Picture for a path or Picture, else a PIL picture, array or tensor of the same type, of
        the content's own size unless `size` is given.

    Raises:
        PicturaError: something given cannot be used.
        Interrupted: Ctrl-C; its `picture` is the best so far.
    """
    chosen = preset(settings) if isinstance(settings, str) else settings
    picture = as_picture(content)
    encoder = encoder or open_encoder(chosen)
    height, width = picture.size if size is None else fit_size(*picture.size, size)
    _check_sides(height, width)
    painted = (
        (height, width) if size or max(height, width) <= MAX_PAINTED_SIDE else fit_size(height, width, MAX_PAINTED_SIDE)
    )
    sources: list[Any] = list(style) if isinstance(style, (list, tuple)) else [style]
    styles = [prepare_style(source, chosen, encoder) for source in sources]
    style_at = mix_styles(styles, style_weights)
    pixels = picture.tensor()
    paintings = [painting for style in styles if isinstance(style, ImageStyle) for painting in style.images]
    if chosen.init == "adain" and not any(isinstance(one, Style) and one.encoder != "compact" for one in styles):
        start = open_painter(styles, style_weights=style_weights)(resize(pixels, painted))
    else:  # a style in another encoder's numbers says nothing to the network
        start = _start_image(chosen, pixels, paintings, painted)
    painter = IterativeStylizer(encoder, chosen, style_at, painted, pixels, start, callback)
    return _finish(painter, chosen, lambda result: convert_like(content, picture, resize(result, (height, width))))


def stylize_at_once(content: PictureInput, painter: FeedForwardStylizer, *, size: int | None = None) -> Any:
    """Paint `content` in one pass through a network.

    Args:
        content: as in `stylize`.
        painter: `open_painter`'s.
        size: longest side of the result in pixels; by default the content's own.

    Returns:
        What `content` was. Eight bits a pixel stay eight bits: an array of 8192×8192 takes 192 MiB, and its painting as
        much beside what the painter may work in.
    """
    picture = as_picture(content)
    height, width = picture.size if size is None else fit_size(*picture.size, size)
    _check_sides(height, width)
    return convert_like(content, picture, painter(resize(picture.view(), (height, width))))


def open_painter(
    style: StyleSource | Sequence[StyleSource],
    method: str = "adain",
    *,
    style_weights: Sequence[float] | None = None,
    masks: Sequence[PictureInput] = (),
    **options: Any,
) -> FeedForwardStylizer:
    """A network that paints in one pass, to be used for many pictures.

    Args:
        style: as in `stylize`; for the method fast names of its network's.
        method: ``adain``, any style, or ``fast``, those that a network was trained for.
        style_weights: one positive number for each style; equal by default.
        masks: one picture for each style, white where it is to be seen.
        options: strength, style_scale, keep_colours, model, memory: see `pictura.tasks.stylize.open_stylizer`.

    Raises:
        PicturaError: something given cannot be used.
    """
    sources: list[Any] = list(style) if isinstance(style, (list, tuple)) else [style]
    styles = [_to_style_input(one) for one in sources]
    shown = [as_picture(mask).tensor().mean(1, keepdim=True) for mask in masks]
    return open_stylizer(method, styles, style_weights, masks=shown, **options)


def _to_style_input(source: Any) -> Any:
    """What the networks understand: names, files, styles and pictures."""
    if isinstance(source, ImageStyle):
        return list(source.images)
    return source if isinstance(source, (str, Path, Style)) else as_picture(source).tensor()


def upscale(
    picture: PictureInput, scale: int = 4, model: str | Path | Enlarger | None = None, *, memory: int = DEFAULT_MEMORY
) -> Any:
    """Enlarge a picture.

    Args:
        picture: as `content` in `stylize`.
        scale: how many times wider and higher, from 1 to 8.
        model: a model's name or folder, ``bicubic``, or what `pictura.tasks.enlarge.open_enlarger` gave for many
            pictures; by default the shipped network for the scale.
        memory: bytes to work in beside picture and result.

    Returns:
        What `picture` was, `scale` times as wide and high.

    Raises:
        PicturaError: something given cannot be used.
    """
    enlarger = model if isinstance(model, Enlarger) else open_enlarger(model, scale, memory=memory)
    given = as_picture(picture)
    return convert_like(picture, given, enlarger(given.view(), grey=given.grey))


def synthesize(
    texture: PictureInput,
    size: tuple[int, int],
    settings: Settings | str = "texture",
    *,
    encoder: Encoder | None = None,
    callback: StepCallback | None = None,
) -> Any:
    """A new picture of `size` (height, width) with the texture of `texture`; other arguments as in `stylize`."""
    chosen = preset(settings) if isinstance(settings, str) else settings
    _check_sides(*size)
    picture = as_picture(texture)
    encoder = encoder or open_encoder(chosen)
    exemplar = picture.tensor()
    paintings = ImageStyle([exemplar], encoder, list(chosen.style_layers))
    longest = max(picture.size)

    def style_at(side: float) -> Moments:
        # Scales halve the exemplar as they halve the picture: one pixel of it is one pixel of the result.
        return paintings.at(longest * side / max(size))

    start = _start_image(chosen, None, [exemplar], size)
    painter = IterativeStylizer(encoder, chosen, style_at, size, None, start, callback)
    return _finish(painter, chosen, lambda result: convert_like(texture, Picture.of(result), result))


def _check_sides(height: int, width: int) -> None:
    if not 1 <= min(height, width) <= max(height, width) <= MAX_SIDE:
        raise PicturaError(f"A picture of {width}×{height} pixels cannot be made: give 1 to {MAX_SIDE} a side.")


def _finish(painter: IterativeStylizer, settings: Settings, shaped: Callable[[Tensor], Any]) -> Any:
    try:
        return shaped(denoise(painter.paint(), settings.denoise))
    except Interrupted as stop:
        raise Interrupted(shaped(stop.picture)) from stop


def load_settings(path: str | Path) -> Settings:
    """The settings in a picture that pictura made, or in a JSON file.

    Raises:
        PicturaError: there are none, or they are not ours.
    """
    values = read_provenance(path)
    return build_settings(values.get("settings", values))


def read_provenance(path: str | Path) -> dict[str, Any]:
    """What pictura wrote into a picture: settings, styles, weights, size; or the same from a JSON file.

    Raises:
        PicturaError: there is none.
    """
    path = Path(path)
    values = _read_json(path) if path.suffix == ".json" else read_settings(path)
    if not isinstance(values, dict) or not isinstance(values.get("settings", values), dict):
        raise PicturaError(f'{path} holds no settings: write an object such as {{"loss": "gram"}}.')
    return values


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PicturaError(f"{path} cannot be read as JSON settings: {error}.") from error


def open_encoder(settings: Settings) -> Encoder:
    """The encoder the settings name."""
    return encoders.load_encoder(
        settings.encoder,
        pooling=settings.pooling,
        padding=settings.padding,
        dtype=None if settings.dtype == "auto" else settings.dtype,
    )


def mix_styles(styles: Sequence[Style | ImageStyle], weights: Sequence[float] | None) -> StyleAt:
    """The weighted mean of styles as a function of the painting's size; equal weights by default."""
    if not styles:
        raise PicturaError("There is no style; give at least one.")
    weights = [1.0] * len(styles) if weights is None else list(weights)
    if len(weights) != len(styles):
        raise PicturaError(f"There are {len(styles)} styles but {len(weights)} style weights; give one for each.")
    parts = list(zip(styles, normalize_weights(weights), strict=True))
    return lambda size: mix_moments([(style.at(size), share) for style, share in parts])


def prepare_style(source: StyleSource, settings: Settings, encoder: Encoder) -> Style | ImageStyle:
    """A style ready for use by `stylize`, for one content or many: whatever can be looked at once is.

    Raises:
        PicturaError: there is no such style, or it was made with another encoder or other layers.
    """
    layers = [encoder.resolve(n) for n in settings.style_layers]
    opened = open_style(source) if isinstance(source, (str, Path)) else source
    if isinstance(opened, ImageStyle):
        return opened
    if not isinstance(opened, Style):
        pictures = opened if isinstance(opened, list) else [as_picture(opened).tensor()]
        return ImageStyle(pictures, encoder, layers)
    title = opened.about.get("title", "untitled" if opened is source else str(source))
    if opened.encoder != encoder.name:
        raise PicturaError(
            f"The style '{title}' holds numbers of the encoder {opened.encoder}, not of "
            f"{encoder.name}; give the painting itself, or use --encoder {opened.encoder}."
        )
    missing = [layer for layer in layers if layer not in opened.layers]
    if missing:
        raise PicturaError(f"The style '{title}' has no layer {missing[0]}; it has {', '.join(opened.layers)}.")
    return opened


def _start_image(settings: Settings, content: Tensor | None, paintings: list[Tensor], size: tuple[int, int]) -> Tensor:
    given = read_init_image(settings)
    if settings.init in ("content", "adain"):
        given = content
    elif settings.init == "style":
        given = paintings[0] if paintings else None
    if given is not None:
        return resize(given, size)
    if settings.init in ("content", "style", "adain"):
        raise PicturaError(f"There is no {settings.init} picture to start from; use --init noise or grey.")
    return blank(settings.init, size, settings.seed)


def read_init_image(settings: Settings) -> Tensor | None:
    """The picture 1×3×H×W that `settings.init` names, None where it names one of `INIT_KINDS`.

    Raises:
        PicturaError: it is neither.
    """
    return None if settings.init in INIT_KINDS else read(settings.init).tensor()
