"""The keywords of `stylize` and its like for type checkers, and the command line's words for them."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypedDict, TypeVar

from pictura.encoders import Encoder
from pictura.picture.kinds import PictureInput
from pictura.runtime.errors import PicturaError
from pictura.tasks.optimize import StepCallback, Stop

P = ParamSpec("P")
R = TypeVar("R")
# The command line's word → the keyword; the papers' letters are options of it.
COMMAND_LINE_WORDS = {
    "preset": "settings",
    "alpha": "content_weight",
    "beta": "style_weight",
    "content_layer": "content_layers",
    "style_layer": "style_layers",
    "mask": "masks",
    "style_mask": "style_masks",
}


class IterativeKeywords(TypedDict, total=False):
    """Single settings of an optimization, as `pictura.Settings` describes them, and what is called on the way."""

    preset: str
    encoder: Encoder | str | None
    pooling: str
    padding: str
    dtype: str
    loss: str
    content_layers: Mapping[str, float]
    style_layers: Mapping[str, float]
    content_weight: float
    style_weight: float
    alpha: float
    beta: float
    tv_weight: float
    optimizer: str
    learning_rate: float
    init: str
    steps: int | Sequence[int]
    scale_factor: float
    averaging: float
    smoothing: float
    style_scale: float
    denoise: float
    seed: int
    device: str
    callback: StepCallback | None
    stop: Stop | None


class LookKeywords(TypedDict, total=False):
    """What every way to paint takes."""

    size: int | None
    style_weights: Sequence[float] | None
    masks: Sequence[PictureInput]
    style_masks: Sequence[PictureInput]
    keep_colours: bool
    match_colours: bool
    protect: PictureInput | None
    faces: bool
    strength: float


class ModelKeywords(LookKeywords, total=False):
    """What a trained model takes beside content and style."""

    style_scale: float
    luma: float
    skin: bool
    memory: int


class StylizeKeywords(LookKeywords, IterativeKeywords, total=False):
    """All of `stylize`."""

    method: str
    model: str | Path | None
    luma: float
    skin: bool
    memory: int
    workspace: str | Path | None


class ModelTranslateKeywords(TypedDict, total=False):
    """What a model that translates takes beside the picture."""

    direction: str | None
    strength: float
    seed: int
    nearest_class: bool
    memory: int


class TranslateKeywords(ModelTranslateKeywords, total=False):
    """All of `translate` beside picture and model."""

    device: str


class ModelEditKeywords(TypedDict, total=False):
    """What a model that edits takes beside the picture."""

    age: float | str | None
    attributes: Mapping[str, float] | None
    strength: float
    face: int | str | None
    aligned: bool
    examples: str | Path | None


class EditKeywords(ModelEditKeywords, total=False):
    """All of `edit` beside picture and model."""

    device: str


class UpscaleKeywords(TypedDict, total=False):
    """All of `upscale` beside picture, scale and model."""

    memory: int
    device: str


def accept_words(function: Callable[P, R]) -> Callable[P, R]:
    """A function that takes its keywords also by the command line's words.

    ``--style-weight`` there is how much of each style, which is `style_weights` here: several numbers for
    `style_weight`, which is β, are taken as those.

    Raises:
        PicturaError: the same thing is given twice.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(*args, **_plain_keywords(kwargs))

    return run


def _plain_keywords(given: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name, value in given.items():
        word = COMMAND_LINE_WORDS.get(name, name)
        if name == "style_weight" and isinstance(value, (list, tuple)):
            word = "style_weights"
        if word in plain:
            raise PicturaError(f"'{name}' and '{word}' are the same: give one of them.")
        plain[word] = value
    return plain
