"""Arguments of public functions: one of the wrong kind is one sentence, before anything slow happens."""

import collections.abc
import types
from collections.abc import Callable, Sequence
from functools import cache, wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

from pictura.runtime.errors import PicturaError

P = ParamSpec("P")
R = TypeVar("R")
_CONTAINERS = (Union, types.UnionType, Sequence, list, tuple, dict)
NAME_MAX = 255  # bytes of a file name on every common file system
_SHOWN = 40  # characters of a value in a sentence


def check_arguments(function: Callable[P, R]) -> Callable[P, R]:
    """A function whose numbers, names, paths, callables and settings are checked by its annotations.

    Equal values of another kind become the annotated one: ``numpy.int64(3)`` and ``"3"`` the number 3, a dictionary
    `Settings`. What may be a picture or a style of any kind is left to the functions that know them, and extra keywords
    to those that they are handed to.

    Raises:
        PicturaError: one sentence about the first argument that cannot be used.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        bound = signature(function).bind(*args, **kwargs)
        kinds = _kinds_of(function)
        for name, value in bound.arguments.items():
            _check_names(function.__name__, name, value)
        for name in [name for name in bound.arguments if name in kinds]:
            bound.arguments[name] = _validate(function.__name__, name, bound.arguments[name], kinds[name])
        return function(*bound.args, **bound.kwargs)

    return run


def _check_names(function: str, name: str, value: Any) -> None:
    """Refuse texts, also in lists and keywords, that no system takes for the name of a file, wherever they would go."""
    if isinstance(value, dict):
        for key, part in value.items():
            _check_names(function, str(key), part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            _check_names(function, name, part)
    elif isinstance(value, (str, Path)):
        if "\0" in str(value):
            raise PicturaError(f"{function}: {name} contains a NUL character, which no name has: remove it.")
        if max(map(len, Path(value).parts), default=0) > NAME_MAX:
            raise PicturaError(f"{function}: {name} is too long for a name ({_describe(value)}): use a shorter one.")


def _validate(function: str, name: str, value: Any, kind: Any) -> Any:
    from pydantic import ValidationError

    plain = value.tolist() if hasattr(value, "tolist") else value  # numbers of numpy and torch
    try:
        return kind.validate_python(plain)
    except ValidationError as error:
        message = error.errors()[-1]["msg"].removeprefix("Value error, ")
        raise PicturaError(f"{function}: {name} cannot be {_describe(value)}: {message.lower()}.") from error


@cache
def _kinds_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Argument → what validates it; of those that this can be said of."""
    from pydantic import ConfigDict, TypeAdapter

    def config(kind: Any) -> ConfigDict:
        # Of several numbers the function itself says what they must be together.
        several = any(get_origin(part) is Sequence for part in (kind, *get_args(kind)))
        return ConfigDict(arbitrary_types_allowed=True, allow_inf_nan=several)

    hints = get_type_hints(function)
    named = [p.name for p in signature(function).parameters.values() if p.kind is not Parameter.VAR_KEYWORD]
    kinds = {name: hints[name] for name in named if name in hints and _is_checkable(hints[name])}
    return {name: TypeAdapter(kind, config=config(kind)) for name, kind in kinds.items()}


def _is_checkable(kind: Any) -> bool:
    """Whether values of this kind can be told from others; those of a picture of any kind cannot (arrays)."""
    origin = get_origin(kind)
    if origin is dict:
        return True  # that it is one; what it holds is left to the function where it may be anything
    if origin in _CONTAINERS:
        return all(_is_checkable(part) for part in get_args(kind) if part is not ...)
    # Any is a class since Python 3.11, and would take tensors apart.
    return origin in (Literal, collections.abc.Callable) or (isinstance(kind, type) and kind is not Any) or kind is None


def _describe(value: Any) -> str:
    text = repr(value) if isinstance(value, (str, bytes, int, float, type(None))) else f"of type {type(value).__name__}"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
