"""Pictures in the manner of others, and textures, by optimization of the pixels."""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pictura.encoders import Encoder, load_encoder
from pictura.methods.iterative.init import read_init_image, start_image
from pictura.methods.iterative.margin import Margin
from pictura.methods.iterative.run import Interrupted, IterativeStylizer, Step
from pictura.methods.iterative.schedule import plan_scales
from pictura.methods.iterative.settings import Settings, preset
from pictura.methods.iterative.stored import open_workspace
from pictura.methods.iterative.tiled import memory_per_pixel
from pictura.picture.denoise import denoise
from pictura.picture.resize import fit_size, resize, to_float
from pictura.runtime.device import choose_device
from pictura.style import ImageStyle, Moments, Style, StyleSource, load_style, mix_moments, mix_styles
from pictura.tasks.feed_forward import FeedForwardStylizer, open_feed_forward
from pictura.tasks.legible import EMPHASIS, Region, map_legible
from pictura.tasks.look import Look

StepCallback = Callable[[Step], None]
Stop = Callable[[], bool]
Size = tuple[int, int]  # height, width in pixels
# Larger pictures are painted at this longest side and enlarged, unless a size is asked for: beyond it the work takes
# minutes on two cores, and strokes become too small to be seen.
MAX_PAINTED_SIDE = 1024
# A painting is encoded in one piece, which takes gigabytes beyond this longest side.
MAX_STYLE_SIDE = 2048
# To work in, beside picture and result: enough for 1024² in one piece with `compact`, and for 8192² in 2 GB of all.
DEFAULT_MEMORY = 2 * 2**30


@dataclass(frozen=True)
class OptimizingStylizer:
    """Paints picture after picture with what they share opened once: encoder, styles, and the network of the start."""

    settings: Settings
    encoder: Encoder
    styles: tuple[StyleSource, ...]
    weights: tuple[float, ...]
    start: FeedForwardStylizer | None  # AdaIN's, where optimization begins with its picture
    look: Look = field(default_factory=Look)
    strength: float = 1.0
    memory: int = DEFAULT_MEMORY
    workspace: Path | None = None  # where what is too large for memory is kept; by default a temporary folder

    def render(
        self, image: Tensor, size: Size | None = None, callback: StepCallback | None = None, stop: Stop | None = None
    ) -> Tensor:
        """1×3×H×W in [0, 1] or uint8, painted, at `size` (height, width) or its own.

        Raises:
            Interrupted: `stop` said so, or Ctrl-C; its `picture` is the best so far.
        """
        height, width = size or (image.shape[-2], image.shape[-1])
        if not self.strength:
            return resize(image, (height, width))
        painted = (height, width) if size else limit_size(height, width)
        content = image.to(self.encoder.mean.device)
        if self._fits(painted):  # else it stays as it is, in eight bits a fourth as large
            content = to_float(content)
        photo, regions = resize(content, (height, width)), self.look.find_regions(image)

        def paint(_: Tensor, weights: Sequence[float]) -> Tensor:
            result = self._optimize(content, weights, painted, regions, callback, stop)
            return resize(denoise(result, self.settings.denoise), (height, width))

        try:
            painting = self.look.apply(photo, self.weights, paint).to(image.device)
            return painting if image.dtype == torch.uint8 else to_float(painting)
        except Interrupted as interrupted:
            best = self.look.choose_colours(resize(interrupted.picture, (height, width)), photo)
            raise Interrupted(best.to(image.device)) from interrupted

    def _optimize(
        self,
        content: Tensor,
        weights: Sequence[float],
        size: Size,
        regions: Sequence[Region],
        callback: StepCallback | None,
        stop: Stop | None,
    ) -> Tensor:
        used = [(style, weight) for style, weight in zip(self.styles, weights, strict=True) if weight]
        style = mix_styles([style for style, _ in used], [weight for _, weight in used])
        settings, margin = self.settings, Margin(self.settings.margin, size)
        if not self._fits(margin.outer):
            settings, margin = settings.with_changes(margin=0.0), Margin(0, size)
        # Steps begin at a coarser scale, for which a start and a map of this size are enough.
        first = round(plan_scales(max(margin.outer), settings)[0][0] * margin.inner_share)
        small = fit_size(*size, max(first, max(limit_size(*size))))
        if self.start is not None:
            start = to_float(self.start.paint_around(resize(content, small), weights, regions))
        else:
            start = to_float(start_image(settings, content, style.images, small))
        around = Margin(settings.margin, small)
        emphasis = None
        if regions:
            emphasis = 1 + (EMPHASIS - 1) * around.add(map_legible(regions, small).to(content.device))
        key = self._describe(settings, style, content, size, emphasis) if self.workspace else None
        style_at = self._weaken(style, content)
        if margin.pixels:
            content = margin.add(resize(content, size))
        tell = None if callback is None else lambda step: callback(margin.cut_step(step))
        with open_workspace(self.workspace, key) as workspace:
            stylizer = IterativeStylizer(
                self.encoder,
                settings,
                lambda side: style_at(side * margin.inner_share),
                margin.outer,
                content,
                around.add(start),
                tell,
                stop,
                emphasis,
                self.memory,
                workspace,
            )
            try:
                return margin.cut(stylizer.paint())
            except Interrupted as interrupted:
                raise Interrupted(margin.cut(interrupted.picture)) from interrupted

    def _weaken(self, style: StyleSource, content: Tensor) -> Callable[[float], Moments]:
        """The style at any size; of less than full strength, mixed with what the photo itself is like."""
        own = ImageStyle([content], self.encoder, list(self.settings.style_layers))

        def mixed_at(side: float) -> Moments:
            painting = style.at(min(side, MAX_STYLE_SIDE))
            if self.strength == 1:
                return painting
            # Of the photo, strokes have always its own size.
            photo = own.at(min(side / self.settings.style_scale, MAX_STYLE_SIDE))
            return mix_moments([(painting, self.strength), (photo, 1 - self.strength)])

        return mixed_at

    def _fits(self, size: Size) -> bool:
        """Whether a picture of this size is painted in one piece."""
        return math.prod(size) * memory_per_pixel(self.encoder) <= self.memory

    def _describe(
        self, settings: Settings, style: StyleSource, content: Tensor, size: Size, emphasis: Tensor | None
    ) -> str:
        """A name for what is painted, the same for the same picture, style and settings, and for no other."""
        digest = hashlib.sha256(settings.model_dump_json().encode())
        digest.update(f"{self.encoder.name} {size} {self.strength}".encode())
        moments = style.at(MAX_STYLE_SIDE)
        tensors = [content, *([] if emphasis is None else [emphasis])]
        for tensor in [*tensors, *(m for layer in sorted(moments) for m in moments[layer])]:
            digest.update(tensor.detach().cpu().contiguous().numpy().data)
        return digest.hexdigest()[:16]


def open_optimizing(
    styles: Sequence[Any],
    weights: Sequence[float],
    *,
    settings: Settings | str | None = None,
    encoder: Encoder | str | None = None,
    look: Look | None = None,
    strength: float = 1.0,
    device: str = "auto",
    memory: int = DEFAULT_MEMORY,
    workspace: str | Path | None = None,
    **changes: Any,
) -> OptimizingStylizer:
    """The stylizer of these styles by optimization; everything that can be refused is refused here.

    Args:
        styles: names, files, folders, pictures 1×3×H×W, lists of these, or `Style`.
        weights: one for each style; their sum is 1.
        settings: `Settings`, or the name of a preset: fast, balanced (the default), quality, paper.
        encoder: an opened one, or a name, instead of the one that the settings name.
        look: masks, with which each style is a run of its own; colours, and what is to stay legible.
        strength: from 0, the photo, to 1, all of the style: the photo's own statistics have the rest.
        device: auto, cpu, cuda or mps.
        memory: bytes to work in. A picture that needs more is painted tile by tile, its pixels in files.
        workspace: folder for those files. After a stop they stay there, and the same call goes on with them; by default
            they lie in a temporary folder.
        changes: single settings, such as ``steps=(50, 20)``.

    Raises:
        PicturaError: no such style, preset, setting or device, or a value that cannot be used.
    """
    encoder, changes = split_encoder(encoder, changes)
    chosen = change_settings(settings or "balanced", changes)
    encoder = encoder or open_encoder(chosen, device)
    read_init_image(chosen)
    opened = tuple(load_style(style, encoder, list(chosen.style_layers)) for style in styles)
    # A style in the statistics of another encoder says nothing to AdaIN's network.
    foreign = any(isinstance(style, Style) and style.encoder != "compact" for style in opened)
    start = None
    if chosen.init == "adain" and not foreign:
        start = open_feed_forward("adain", opened, weights, strength=strength, device=device)
    folder = None if workspace is None else Path(workspace)
    return OptimizingStylizer(chosen, encoder, opened, tuple(weights), start, look or Look(), strength, memory, folder)


def synthesize_texture(
    texture: Tensor,
    size: Size,
    settings: Settings,
    encoder: Encoder,
    callback: StepCallback | None = None,
    stop: Stop | None = None,
) -> Tensor:
    """A new picture 1×3×H×W of `size` with the texture of another, 1×3×h×w, or 1×4×h×w with alpha.

    It is in [0, 1], or in uint8 where it was too large for `DEFAULT_MEMORY` and painted in tiles.

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
    try:
        with open_workspace(None, None) as workspace:
            stylizer = IterativeStylizer(
                encoder, settings, style_at, size, None, start, callback, stop, None, DEFAULT_MEMORY, workspace
            )
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


def split_encoder(encoder: Encoder | str | None, changes: dict[str, Any]) -> tuple[Encoder | None, dict[str, Any]]:
    """An opened encoder and the changes of settings, among which a name of one belongs."""
    return (None, changes | {"encoder": encoder}) if isinstance(encoder, str) else (encoder, changes)


def open_encoder(settings: Settings, device: str = "auto") -> Encoder:
    """The encoder that the settings name."""
    return load_encoder(
        settings.encoder,
        pooling=settings.pooling,
        padding=settings.padding,
        dtype=None if settings.dtype == "auto" else settings.dtype,
        device=str(choose_device(device)),
    )
