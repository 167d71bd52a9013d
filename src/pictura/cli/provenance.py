"""What it takes to make a picture again: it travels inside the picture, and `--config` takes it out."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from pictura import __version__
from pictura.cli.options import Changes
from pictura.methods.iterative.settings import build_settings, preset
from pictura.runtime.errors import PicturaError

if TYPE_CHECKING:
    from pictura.tasks.provenance import Provenance


def load_provenance(path: Path | None, otherwise: str) -> "Provenance":
    """The recipe in a picture or a JSON file; without a path the preset `otherwise`.

    Raises:
        PicturaError: there is none, or it is not ours.
    """
    from pictura.tasks.provenance import Provenance, read_provenance

    if path is None:
        return Provenance(settings=preset(otherwise))

    made = read_provenance(path)
    parts = made if "settings" in made else {"settings": made}
    if parts.get("method") == "fast":  # what johnson was called before 0.1
        parts = parts | {"method": "johnson"}
    settings = build_settings(parts["settings"])
    try:
        return Provenance(**parts | {"settings": settings, "pictura": __version__})
    except (ValidationError, TypeError) as error:
        raise PicturaError(
            f"'{path}' contains no valid pictura settings: give a picture or JSON file written by pictura."
        ) from error


def refuse_foreign_names(
    recipe: "Provenance", path: Path, changes: Changes, *, styles: Sequence[str] | None = None, **own: Any
) -> None:
    """Refuse what the file at `path`, and not the user, names beside what is here by a shipped name.

    Whoever made the file is a stranger: their names neither open files nor ask a network.

    Raises:
        PicturaError: says which option names it again.
    """
    from pictura.methods import find_method
    from pictura.models.store import available_models
    from pictura.style.sources import style_names
    from pictura.tasks.provenance import refuse_foreign_settings

    refuse_foreign_settings(recipe.settings, path, typed=tuple(changes))
    names = () if styles or recipe.method == "johnson" else recipe.styles  # johnson's are looked up in its model only
    for style in names:
        if style not in style_names() or Path(style).exists():
            raise _foreign(path, "style", style, "--style")
    protect = () if recipe.protect is None else (recipe.protect,)
    for field, named in (("masks", recipe.masks), ("style_masks", recipe.style_masks), ("protect", protect)):
        if named and own.get(field) is None:
            option = field.removesuffix("s").replace("_", "-")
            raise _foreign(path, option.replace("-", " "), named[0], f"--{option}")
    model = recipe.model if own.get("model") is None else None
    known = {one.name for one in available_models()}
    known |= set() if recipe.method == "optimize" else set(find_method(recipe.method).untrained)
    if model is not None and (model not in known or Path(model).exists()):
        raise _foreign(path, "model", model, "--model")


def _foreign(path: Path, what: str, name: str, option: str) -> PicturaError:
    return PicturaError(
        f"'{path}' names the {what} '{name}', which does not come with pictura: if you trust it, add {option} {name}."
    )
