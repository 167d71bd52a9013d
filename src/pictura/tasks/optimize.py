"""Pictures in the manner of others, and textures, by optimization of the pixels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from pictura.encoders import Encoder, load_encoder
from pictura.methods.iterative.pixels import INIT_KINDS, blank
from pictura.methods.iterative.run import Interrupted, IterativeStylizer, Step
from pictura.methods.iterative.settings import Settings, preset
from pictura.picture import read
from pictura.picture.denoise import denoise
from pictura.picture.kinds import as_picture
from pictura.picture.resize import fit_size, resize, to_float
from pictura.picture.transfer import transfer_colours
from pictura.runtime.device import choose_device
from pictura.runtime.errors import PicturaError
from pictura.style import Moments, Style, mix_moments
from pictura.style.sources import ImageStyle, open_style
from pictura.tasks.feed_forward import FeedForwardStylizer, open_feed_forward, paint_masked

StepCallback = Callable[[Step], None]
Stop = Callable[[], bool]
Size = tuple[int, int]  # height, width in pixels
# Larger pictures are painted at this longest side and enlarged, unless a size is asked for: beyond it the work takes
# minutes on two cores, and strokes become too small to be seen.
MAX_PAINTED_SIDE = 1024


@dataclass(frozen=True)
class OptimizingStylizer:
    """Paints picture after picture with what they share opened once: encoder, styles, and the network of the start."""

    settings: Settings
    encoder: Encoder
    styles: tuple[Style | ImageStyle, ...]
    weights: tuple[float, ...]
    start: FeedForwardStylizer | None  # AdaIN's, where optimization begins with its picture
    masks: tuple[Tensor, ...] = ()
    keep_colours: bool = False

    def render(
        self, image: Tensor, size: Size | None = None, callback: StepCallback | None = None, stop: Stop | None = None
    ) -> Tensor:
        """1×3×H×W in [0, 1] or uint8, painted, at `size` (height, width) or its own.

        Raises:
            Interrupted: `stop` said so, or Ctrl-C; its `picture` is the best so far.
        """
        height, width = size or (image.shape[-2], image.shape[-1])
        painted = (height, width) if size else limit_size(height, width)
        content = to_float(image.to(self.encoder.mean.device))

        def paint(_: Tensor, weights: Sequence[float]) -> Tensor:
            result = self._optimize(content, weights, painted, callback, stop)
            return resize(denoise(result, self.settings.denoise), (height, width))

        def finish(result: Tensor) -> Tensor:
            if self.keep_colours:
                result = transfer_colours(result, resize(content, (height, width)))
            return result.to(image.device)

        try:
            if self.masks:
                return finish(paint_masked(resize(content, (height, width)), paint, self.masks))
            return finish(paint(content, self.weights))
        except Interrupted as interrupted:
            raise Interrupted(finish(resize(interrupted.picture, (height, width)))) from interrupted

    def _optimize(
        self, content: Tensor, weights: Sequence[float], size: Size, callback: StepCallback | None, stop: Stop | None
    ) -> Tensor:
        used = [(style, weight) for style, weight in zip(self.styles, weights, strict=True) if weight]
        images = [image for style, _ in used if isinstance(style, ImageStyle) for image in style.pictures]
        if self.start is not None:
            start = self.start.paint(resize(content, size), weights)
        else:
            start = start_image(self.settings, content, images, size)

        def style_at(side: float) -> Moments:
            return mix_moments([(style.at(side), weight) for style, weight in used])

        return IterativeStylizer(self.encoder, self.settings, style_at, size, content, start, callback, stop).paint()


def open_optimizing(
    styles: Sequence[Any],
    weights: Sequence[float],
    *,
    settings: Settings | str | None = None,
    encoder: Encoder | None = None,
    masks: Sequence[Tensor] = (),
    keep_colours: bool = False,
    device: str = "auto",
    **changes: Any,
) -> OptimizingStylizer:
    """The stylizer of these styles by optimization; everything that can be refused is refused here.

    Args:
        styles: names, files, folders, pictures 1×3×H×W, lists of these, or `Style`.
        weights: one for each style; their sum is 1.
        settings: `Settings`, or the name of a preset: fast, balanced (the default), quality, paper.
        encoder: an opened one, instead of the one that the settings name.
        masks: one 1×1×h×w in [0, 1] for each style, where it applies; each style is then a run of its own.
        keep_colours: whether the photo's colours stay.
        device: auto, cpu, cuda or mps.
        changes: single settings, such as ``steps=(50, 20)``.

    Raises:
        PicturaError: no such style, preset, setting or device, or a value that cannot be used.
    """
    chosen = change_settings(settings or "balanced", changes)
    encoder = encoder or open_encoder(chosen, device)
    read_init_image(chosen)
    opened = tuple(load_style(style, chosen, encoder) for style in styles)
    # A style in the statistics of another encoder says nothing to AdaIN's network.
    foreign = any(isinstance(style, Style) and style.encoder != "compact" for style in opened)
    start = None
    if chosen.init == "adain" and not foreign:
        inputs = [list(s.pictures) if isinstance(s, ImageStyle) else s for s in opened]
        start = open_feed_forward("adain", inputs, weights, device=device)
    return OptimizingStylizer(chosen, encoder, opened, tuple(weights), start, tuple(masks), keep_colours)


def synthesize_texture(
    texture: Tensor,
    size: Size,
    settings: Settings,
    encoder: Encoder,
    callback: StepCallback | None = None,
    stop: Stop | None = None,
) -> Tensor:
    """A new picture 1×3×H×W of `size` with the texture of another, 1×3×h×w.

    Raises:
        Interrupted: `stop` said so, or Ctrl-C; its `picture` is the best so far.
    """
    exemplar = texture.to(encoder.mean.device)
    style = ImageStyle([exemplar], encoder, list(settings.style_layers))
    longest = max(texture.shape[-2:])

    def style_at(side: float) -> Moments:
        # Scales halve the exemplar as they halve the picture: one pixel of it is one pixel of the result.
        return style.at(longest * side / max(size))

    start = start_image(settings, None, [exemplar], size)
    stylizer = IterativeStylizer(encoder, settings, style_at, size, None, start, callback, stop)
    try:
        return denoise(stylizer.paint(), settings.denoise)
    except Interrupted as interrupted:
        raise Interrupted(denoise(interrupted.picture, settings.denoise)) from interrupted


def limit_size(height: int, width: int) -> Size:
    """The size at which a picture is painted where none is asked for."""
    return (height, width) if max(height, width) <= MAX_PAINTED_SIDE else fit_size(height, width, MAX_PAINTED_SIDE)


def change_settings(settings: Settings | str, changes: dict[str, Any]) -> Settings:
    """Settings or a preset with some of them changed.

    Raises:
        PicturaError: unknown preset or setting, or a value that cannot be used.
    """
    chosen = preset(settings) if isinstance(settings, str) else settings
    return chosen.with_changes(**changes) if changes else chosen


def open_encoder(settings: Settings, device: str = "auto") -> Encoder:
    """The encoder that the settings name."""
    return load_encoder(
        settings.encoder,
        pooling=settings.pooling,
        padding=settings.padding,
        dtype=None if settings.dtype == "auto" else settings.dtype,
        device=str(choose_device(device)),
    )


def load_style(source: Any, settings: Settings, encoder: Encoder) -> Style | ImageStyle:
    """A style for one picture or many: what can be encoded once is.

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


def start_image(settings: Settings, content: Tensor | None, images: Sequence[Tensor], size: Size) -> Tensor:
    """What optimization begins with, 1×3×H×W of `size`.

    Raises:
        PicturaError: the settings name a picture that is not there.
    """
    given = read_init_image(settings)
    if settings.init in ("content", "adain"):
        given = content
    elif settings.init == "style":
        given = images[0] if images else None
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
