"""How orders are carried out: by `tasks`, as the commands do it, with the models kept for the next order."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import torch

from pictura import __version__
from pictura.app.commands import PRESET, SMILE, reference_names, source_of
from pictura.app.orders import Edit, Enlarge, Order, Paint, Texture, Translate, parse_order
from pictura.methods.iterative.init import read_init_image
from pictura.methods.iterative.run import Step
from pictura.methods.iterative.settings import Settings, preset
from pictura.networks.tiling.streaming import DEFAULT_MEMORY
from pictura.picture import Picture
from pictura.picture.resize import resize_longest
from pictura.runtime.errors import PicturaError
from pictura.style import style_names
from pictura.tasks.editor import Editor, edit_picture, open_editor
from pictura.tasks.enlarge import Enlarger, enlarge_picture, open_enlarger
from pictura.tasks.feed_forward import DEFAULT_MODELS, PHOTO_MODELS
from pictura.tasks.load import from_pretrained
from pictura.tasks.optimize import open_encoder
from pictura.tasks.provenance import Provenance
from pictura.tasks.stylize import mask_tensor, open_stylizer, stylize_picture
from pictura.tasks.synthesize import synthesize
from pictura.tasks.translate import Translator, open_translator, translate_picture
from pictura.training.capabilities import Enlarges, Stylizes

PREVIEW_SIDE = 512  # pixels: what one core paints in half a second
PIECE_SIDE = 160  # pixels of a picture that are enlarged to show how it will be
Tell = Callable[[Step], None]
Key = TypeVar("Key")
Opened = TypeVar("Opened")


@dataclass(frozen=True)
class Desk:
    """What an order speaks of: where its pictures lie, and what their files were called."""

    paths: Mapping[str, Path]
    names: Mapping[str, str]
    memory: int = DEFAULT_MEMORY


def make(order: Order, picture: Picture, desk: Desk, tell: Tell | None = None) -> tuple[Picture, dict[str, Any]]:
    """The picture that was ordered, and what its file says of how it was made.

    Raises:
        PicturaError: the order cannot be carried out.
    """
    return _MAKERS[type(order)](order, picture, desk, tell)


def make_preview(order: Order, small: Picture, whole: Callable[[], Picture], desk: Desk) -> tuple[Picture, Picture]:
    """(before, after): the order at `PREVIEW_SIDE` in one pass; of what is enlarged, a piece from the middle.

    Args:
        order: what is asked for.
        small: the picture with its longest side at `PREVIEW_SIDE`, or as it is.
        whole: reads the picture itself.
        desk: the other pictures.
    """
    if isinstance(order, Enlarge):
        piece = cut_middle(whole(), PIECE_SIDE)
        return piece, make(order, piece, desk)[0]
    if isinstance(order, Texture):
        raise PicturaError("A texture has no preview: make it to see it.")
    if isinstance(order, Paint):
        update: dict[str, Any] = {"size": None}
        order = order.model_copy(update=update | ({"method": "adain"} if order.method == "optimize" else {}))
    return small, make(order, small, desk)[0]


def reduce_picture(picture: Picture, side: int) -> Picture:
    """The picture with its longest side at `side`, or as it is."""
    if max(picture.size) <= side:
        return picture
    return picture.with_pixels(resize_longest(picture.tensor(), side))


def cut_middle(picture: Picture, side: int) -> Picture:
    """A square from the middle, or what there is of it."""
    top, left = (max(0, (length - side) // 2) for length in picture.size)
    rows, columns = slice(top, top + side), slice(left, left + side)
    return Picture.of(picture.samples[rows, columns].copy())


def _paint(order: Paint, picture: Picture, desk: Desk, tell: Tell | None) -> tuple[Picture, dict[str, Any]]:
    settings = preset(PRESET).with_changes(style_scale=order.style_scale, seed=order.seed)
    weights = tuple(share.weight for share in order.shares) if len(order.shares) > 1 and not order.has_masks else None
    masks = tuple(share.mask for share in order.shares if share.mask is not None)
    if order.method == "optimize":
        own: dict[str, Any] = {"settings": settings, "encoder": _open_encoder(settings)}
    else:
        own = {"model": _open_model((DEFAULT_MODELS | PHOTO_MODELS)[order.method]), "memory": desk.memory}
        own |= {"style_scale": order.style_scale, "luma": order.luma, "skin": order.skin}
    stylizer = open_stylizer(
        order.method,
        [_open_source(share.source, desk) for share in order.shares],
        weights,
        masks=[mask_tensor(desk.paths[mask]) for mask in masks],
        keep_colours=order.colours == "keep",
        match_colours=order.colours == "match",
        faces=order.faces,
        strength=order.strength,
        **own,
    )
    told = Provenance(
        settings=settings,
        # Names of files, not their places: the picture may be given away.
        styles=tuple(_told_source(share.source, desk) for share in order.shares),
        style_weights=weights,
        size=order.size,
        method=order.method,
        strength=order.strength,
        luma=order.luma,
        skin=order.skin,
        masks=tuple(desk.names[mask] for mask in masks),
        keep_colours=order.colours == "keep",
        match_colours=order.colours == "match",
        faces=order.faces,
    )
    painted: Picture = stylize_picture(picture, stylizer, size=order.size, callback=tell)
    return painted, told.model_dump(mode="json")


def _open_source(source: str, desk: Desk) -> str:
    kind, _, name = source.partition(":")
    known = {"style": style_names, "reference": reference_names}.get(kind)
    if known is not None and name not in known():
        raise PicturaError(f"There is no {kind} '{name}'.")
    return source_of(source, desk.paths)


def _told_source(source: str, desk: Desk) -> str:
    kind, _, name = source.partition(":")
    return {"picture": desk.names.get(name, name), "reference": f"{name}.jpg"}.get(kind, name)


def _translate(order: Translate, picture: Picture, desk: Desk, _: Tell | None) -> tuple[Picture, dict[str, Any]]:
    translator = _open_translator(order.model, order.direction, order.strength, order.seed, desk.memory)
    source: Any = picture if translator.classes is None else desk.paths[order.picture]
    translated: Picture = translate_picture(translator.read(source), translator)
    return translated, {"translate": translator.about, "pictura": __version__}


def _edit(order: Edit, picture: Picture, _: Desk, __: Tell | None) -> tuple[Picture, dict[str, Any]]:
    editor = _open_editor(order.age, order.smile, order.strength, order.face)
    edited: Picture = edit_picture(picture, editor)
    return edited, {"edit": editor.about, "pictura": __version__}


def _enlarge(order: Enlarge, picture: Picture, desk: Desk, _: Tell | None) -> tuple[Picture, dict[str, Any]]:
    enlarger = _open_enlarger(order.model, order.scale, desk.memory)
    enlarged: Picture = enlarge_picture(picture, enlarger)
    return enlarged, {"upscale": enlarger.about, "pictura": __version__}


def _synthesize(order: Texture, picture: Picture, _: Desk, tell: Tell | None) -> tuple[Picture, dict[str, Any]]:
    settings = preset("texture").with_changes(seed=order.seed)
    read_init_image(settings)
    size = (order.height, order.width)
    made = synthesize(picture, size, settings, encoder=_open_encoder(settings), callback=tell)
    return made, Provenance(settings=settings).model_dump(mode="json")


_MAKERS: dict[type, Callable[..., tuple[Picture, dict[str, Any]]]] = {
    Paint: _paint,
    Translate: _translate,
    Edit: _edit,
    Enlarge: _enlarge,
    Texture: _synthesize,
}


@cache
def _open_model(name: str) -> Stylizes:
    model = from_pretrained(name, device="auto")
    if not isinstance(model, Stylizes):
        raise PicturaError(f"The model '{name}' paints no styles.")
    return model


_encoders: dict[str, Any] = {}
_translators: dict[tuple[Any, ...], Translator] = {}
_editors: dict[tuple[Any, ...], Editor] = {}
_enlargers: dict[tuple[Any, ...], Enlarger] = {}


def _open_encoder(settings: Settings) -> Any:
    key = f"{settings.encoder} {settings.pooling} {settings.padding} {settings.dtype}"
    return _keep(_encoders, key, lambda: open_encoder(settings))


def _open_translator(*key: Any) -> Translator:
    model, direction, strength, seed, memory = key
    return _keep(_translators, key, lambda: open_translator(model, direction, strength, seed, memory=memory))


def _open_editor(*key: Any) -> Editor:
    age, smile, strength, face = key
    attributes = {} if smile is None else {SMILE: smile}
    return _keep(_editors, key, lambda: open_editor(age=age, attributes=attributes, strength=strength, face=face))


def _open_enlarger(*key: Any) -> Enlarger:
    model, scale, memory = key
    return _keep(_enlargers, key, lambda: open_enlarger(model, scale, memory=memory))


def _keep(kept: dict[Key, Opened], key: Key, open_one: Callable[[], Opened]) -> Opened:
    """What was opened before for this key; a few are kept, since sliders have many values."""
    if key not in kept:
        while len(kept) >= 4:
            kept.pop(next(iter(kept)))
        kept[key] = open_one()
    return kept[key]


def warm_up() -> None:
    """What the first preview needs, opened and run once."""
    with torch.inference_mode():
        shares = [{"source": "style:starry-night"}]
        order = parse_order(json.dumps({"kind": "paint", "picture": "0" * 16, "shares": shares}))
        make(
            order,
            Picture.of(
                torch.rand(1, 3, PREVIEW_SIDE * 2 // 3, PREVIEW_SIDE, generator=torch.Generator().manual_seed(0))
            ),
            Desk({}, {}),
        )


def enlarging_models() -> list[tuple[str, int]]:
    """Shipped models that enlarge, with their factors."""
    from pictura.tasks.abilities import models_that

    found = [(name, from_pretrained(name)) for name in models_that("enlarge")]
    return [(name, method.factor) for name, method in found if isinstance(method, Enlarges)]
