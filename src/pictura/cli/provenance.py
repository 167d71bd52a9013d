"""What it takes to make a picture again: it travels inside the picture, and `--config` takes it out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from pictura import __version__
from pictura.cli.options import Changes
from pictura.methods.iterative.settings import Settings, build_settings, preset
from pictura.runtime.errors import PicturaError


class Provenance(BaseModel):
    """Everything but the content; `style_weights` None is equal weights, `size` None the content's own.

    `method` is optimize, which goes by `settings`, or one that paints at once, which goes by the rest.
    """

    model_config = ConfigDict(frozen=True)

    settings: Settings
    styles: tuple[str, ...] = ()
    style_weights: tuple[float, ...] | None = None
    size: int | None = None
    method: str = "optimize"
    model: str | None = None
    strength: float = 1.0
    masks: tuple[str, ...] = ()
    keep_colours: bool = False
    pictura: str = __version__

    @property
    def label(self) -> str:
        """The styles in a word, for file names."""
        return "+".join(Path(style).stem for style in self.styles)

    def with_changes(self, changes: Changes, *, styles: Sequence[str] | None = None, **own: Any) -> "Provenance":
        """A copy where what is given (is not None) wins; a preset replaces all settings, styles bring their weights.

        Raises:
            PicturaError: unknown preset or unusable setting.
        """
        base = preset(changes["preset"]) if "preset" in changes else self.settings
        given: dict[str, Any] = {name: value for name, value in own.items() if value is not None}
        if styles:
            given = {"styles": tuple(styles), "style_weights": None, "masks": ()} | given
        return self.model_copy(update={"settings": base.with_changes(**changes), "pictura": __version__} | given)


def load_provenance(path: Path | None, otherwise: str) -> Provenance:
    """The recipe in a picture or a JSON file; without a path the preset `otherwise`.

    Raises:
        PicturaError: there is none, or it is not ours.
    """
    if path is None:
        return Provenance(settings=preset(otherwise))
    from pictura.tasks.provenance import read_provenance

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
