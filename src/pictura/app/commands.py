"""An order as the command line that makes the same picture."""

import shlex
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path

from pictura.app.orders import Edit, Enlarge, Order, Paint, Texture, Translate

REFERENCES = Path(str(files("pictura"))) / "assets" / "references"
AGE, SMILE = "age", "smiling"
PRESET = "balanced"


def reference_names() -> list[str]:
    """The shipped photographs whose light can be taken, by name."""
    return sorted(path.stem for path in REFERENCES.glob("*.jpg"))


def source_of(source: str, paths: Mapping[str, Path]) -> str:
    """What `--style` takes: a shipped style's name, or a file."""
    kind, _, name = source.partition(":")
    if kind == "style":
        return name
    return str(REFERENCES / f"{name}.jpg" if kind == "reference" else paths[name])


def command_of(order: Order, paths: Mapping[str, Path], output: str) -> str:
    """The command, quoted for a shell; `paths` are those of the pictures by id."""
    words = _WORDS[type(order)](order, paths)
    command, *rest = words
    return shlex.join(["pictura", command, str(paths[order.picture]), *rest, "-o", output])


def _paint(order: Paint, paths: Mapping[str, Path]) -> list[str]:
    words = ["stylize"]
    for share in order.shares:
        words += ["--style", source_of(share.source, paths)]
        if len(order.shares) > 1 and not order.has_masks:
            words += ["--style-weight", f"{share.weight:g}"]
        if share.mask is not None:
            words += ["--mask", str(paths[share.mask])]
    words += [] if order.method == "optimize" else ["--method", order.method]
    words += _unless("--strength", order.strength, 1)
    if order.method in ("adain", "optimize"):
        words += _unless("--style-scale", order.style_scale, 1)
    if order.method == "optimize":
        words += _unless("--seed", order.seed, 0)
    if order.method == "photo":
        words += _unless("--luma", order.luma, 1) + ([] if order.skin else ["--no-skin"])
    words += [] if order.colours == "style" else [f"--{order.colours}-colours"]
    words += [] if order.faces or order.method == "photo" else ["--faces", "off"]
    return words + _unless("--size", order.size, None)


def _translate(order: Translate, _: Mapping[str, Path]) -> list[str]:
    words = ["translate", "--model", order.model, *_unless("--direction", order.direction, None)]
    return words + _unless("--strength", order.strength, 1) + _unless("--seed", order.seed, 0)


def _edit(order: Edit, _: Mapping[str, Path]) -> list[str]:
    words = ["edit", *_unless("--age", order.age, None)]
    words += [] if order.smile is None else ["--attribute", f"{SMILE}={order.smile:g}"]
    return [*words, *_unless("--strength", order.strength, 1), "--face", str(order.face)]


def _enlarge(order: Enlarge, _: Mapping[str, Path]) -> list[str]:
    return ["upscale", "--scale", str(order.scale), *_unless("--model", order.model, None)]


def _texture(order: Texture, _: Mapping[str, Path]) -> list[str]:
    return ["synthesize", "--size", f"{order.width}x{order.height}", *_unless("--seed", order.seed, 0)]


_WORDS: dict[type, Callable[..., list[str]]] = {
    Paint: _paint,
    Translate: _translate,
    Edit: _edit,
    Enlarge: _enlarge,
    Texture: _texture,
}


def _unless(option: str, value: float | str | None, usual: float | None) -> list[str]:
    """The option, unless it says what holds anyhow."""
    if value == usual or value is None:
        return []
    return [option, value if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)]


def label_of(order: Order, names: Mapping[str, str]) -> str:
    """What was done in a word, for file names; `names` are those of the pictures by id."""
    if isinstance(order, Paint):
        shown = [s.source.partition(":")[2] for s in order.shares]
        return "+".join(Path(names.get(name, name)).stem for name in shown)
    if isinstance(order, Translate):
        return order.model
    if isinstance(order, Edit):
        parts = [f"age{order.age}"] if order.age is not None else []
        return "_".join([*parts, *(["smile"] if order.smile else [])]) or "edited"
    return f"x{order.scale}" if isinstance(order, Enlarge) else "texture"
