"""Which shipped models can do what, and what a model that cannot do it is for."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pictura.methods import find_method
from pictura.models.store import bundled_models
from pictura.runtime.errors import PicturaError
from pictura.tasks.load import open_pretrained
from pictura.training.capabilities import capabilities_of

# Verb of a capability → the command that has it.
COMMANDS = {
    "stylize": "stylize",
    "enlarge": "upscale",
    "translate": "translate",
    "sample": "sample",
    "encode": "interpolate",
    "edit": "edit",
    "segment": "measure",
}


def models_that(verb: str) -> list[str]:
    """The names of the shipped models with this verb."""
    methods = {one.method for one in bundled_models().values()}
    able = {method for method in methods if verb in capabilities_of(find_method(method))}
    return [name for name, one in bundled_models().items() if one.method in able]


def open_able(
    model: Any, capability: type, does_not: str, device: str, name: str | None, about: Mapping[str, Any] | None
) -> tuple[Any, Mapping[str, Any], dict[str, Any]]:
    """A model that has a capability: the method, what is known of it, and what a picture's metadata say of it.

    Args:
        model: a model's name, folder or file, or an opened method.
        capability: of `pictura.training.capabilities`.
        does_not: for the error, such as "does not make pictures".
        device: auto, cpu, cuda or mps; an opened method stays where it is.
        name, about: of an opened method.

    Raises:
        PicturaError: there is no such model, or it does something else, with the command for that.
    """
    if not isinstance(model, str | Path):
        method, known, called = model, about or {}, str(name or getattr(model, "name", "opened"))
    else:
        method, known = open_pretrained(model, device=device)
        called = str(model)
    if not isinstance(method, capability):
        raise PicturaError(explain_other(called, method.name, capabilities_of(method), does_not))
    return method, known, {"model": called, "method": getattr(method, "name", "opened"), "step": known.get("step")}


def explain_other(model: str, method: str, verbs: Sequence[str], does_not: str) -> str:
    """What a model is for that does not do what was asked."""
    commands = [f"`pictura {COMMANDS[verb]}`" for verb in verbs if verb in COMMANDS]
    use = f": use {' or '.join(commands)}" if commands else ""
    can = f"; it can {' and '.join(verbs)}" if verbs else ""
    return f"The model '{model}' {does_not}, it is of the method {method}{can}{use}."
