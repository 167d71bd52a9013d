"""What pictura writes into the pictures it makes, so that they can be made again."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from pictura import __version__
from pictura.methods.iterative.settings import Settings, build_settings, preset
from pictura.picture import read_settings
from pictura.runtime.arguments import check_arguments
from pictura.runtime.documents import read_json
from pictura.runtime.errors import PicturaError, reason


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
    luma: float = 1.0
    skin: bool = True
    masks: tuple[str, ...] = ()
    style_masks: tuple[str, ...] = ()
    keep_colours: bool = False
    match_colours: bool = False
    protect: str | None = None
    faces: bool = True
    pictura: str = __version__

    @property
    def label(self) -> str:
        """The styles in a word, for file names, and the method where it is not the default."""
        styles = "+".join(Path(style).stem for style in self.styles)
        return styles if self.method == "optimize" else f"{styles}_{self.method}"

    def with_changes(
        self, changes: Mapping[str, Any], *, styles: Sequence[str] | None = None, **own: Any
    ) -> "Provenance":
        """A copy where what is given (is not None) wins; a preset replaces all settings, other styles all weights.

        Raises:
            PicturaError: unknown preset or unusable setting.
        """
        base = preset(changes["preset"]) if "preset" in changes else self.settings
        given: dict[str, Any] = {name: value for name, value in own.items() if value is not None}
        if styles and tuple(styles) != self.styles:
            given = {"styles": tuple(styles), "style_weights": None, "masks": (), "style_masks": ()} | given
        return self.model_copy(update={"settings": base.with_changes(**changes), "pictura": __version__} | given)


@check_arguments
def load_settings(path: str | Path) -> Settings:
    """The settings in a picture that pictura made, or in a JSON file.

    Raises:
        PicturaError: there are none, or they are not ours.
    """
    values = read_provenance(path)
    settings = build_settings(values.get("settings", values))
    refuse_foreign_settings(settings, path)
    return settings


def refuse_foreign_settings(settings: Settings, path: str | Path, typed: Collection[str] = ()) -> None:
    """Refuse settings from a file that would open another file or ask a network, unless a user has `typed` them.

    Raises:
        PicturaError: says how to name it again, or to fetch it.
    """
    from pictura.encoders.store import check_present
    from pictura.methods.iterative.init import INIT_KINDS

    if settings.init not in INIT_KINDS and not {"init", "preset"} & set(typed):
        raise PicturaError(
            f"'{path}' starts from the picture '{settings.init}', a file of whoever made it: "
            f"if you trust it, add --init {settings.init}."
        )
    if not {"encoder", "preset"} & set(typed):
        check_present(settings.encoder, f"'{path}'")


def read_provenance(path: str | Path) -> dict[str, Any]:
    """What pictura wrote into a picture: settings, styles, weights, size; or the same from a JSON file.

    Raises:
        PicturaError: there is none.
    """
    path = Path(path)
    values = _read_json(path) if path.suffix == ".json" else read_settings(path)
    if not isinstance(values, dict) or not isinstance(values.get("settings", values), dict):
        raise PicturaError(f'{path} contains no settings: write an object such as {{"loss": "gram"}}.')
    return values


def _read_json(path: Path) -> Any:
    try:
        return read_json(path)
    except (OSError, ValueError) as error:
        raise PicturaError(f"{path} cannot be read as JSON settings: {reason(error)}.") from error
