"""One paper, one file: networks it needs, losses in the paper's letters, how it is applied, its settings and ours.

A learned method is found by its file: nothing is registered by hand, and nothing is imported before it is asked for.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pictura.runtime.errors import PicturaError, did_you_mean

if TYPE_CHECKING:
    from pictura.models import Bundle
    from pictura.training.method import Method
    from pictura.training.settings import MethodSettings

__all__ = ["build_method", "find_method", "list_methods", "method_names", "open_method"]
_NAME = re.compile(r"""^    name(?:: ClassVar\[str\])? = ["'](\w+)["']""", re.MULTILINE)


def method_names() -> list[str]:
    """All learned methods, in alphabetical order; this imports their files."""
    return sorted(method.name for module in _modules() if (method := _method(module)) is not None)


def list_methods() -> list[str]:
    """`method_names`, read from the text of their files: nothing is imported, for the help of commands."""
    found = []
    for module in _modules():
        places = [Path(part) / module for part in __path__]
        files = [one for place in places for one in (place.with_suffix(".py"), *place.glob("*.py")) if one.is_file()]
        names = {name for file in files for name in _NAME.findall(file.read_text(encoding="utf-8"))}
        found += [module] * (module in names)
    return sorted(found)


def find_method(name: str) -> type[Method]:
    """The method of this name; only its file is imported.

    Raises:
        PicturaError: there is none, with the nearest name.
    """
    method = _method(name) if name in _modules() else None
    if method is None:
        known = method_names()
        raise PicturaError(
            f"There is no method '{name}'; there are {', '.join(known) or 'none'}.{did_you_mean(name, known)}"
        )
    return method


def open_method(bundle: Bundle) -> Method:
    """A method as it was trained: built from the bundle's settings, with the bundle's weights, in eval mode.

    What its training needed beside them, such as critics, is not in the bundle and has no trained weights here.

    Raises:
        PicturaError: unknown method or setting, or weights that do not fit, by name.
    """
    import torch

    from pictura.runtime.settings import validate_settings
    from pictura.training.outline import outline_method

    kind = find_method(bundle.method)
    settings = validate_settings(kind.Settings, dict(bundle.settings))
    # Before anything is made as large as a stranger's settings say.
    bundle.check(outline_method(kind, settings).deployed_networks())
    with torch.random.fork_rng(devices=[]):  # the networks' first weights are thrown away
        method = kind(settings)
    bundle.fill(method.deployed_networks())
    for network in method.networks().values():
        network.eval().requires_grad_(False)
    return method


def build_method(kind: type[Method], settings: MethodSettings) -> Method:
    """A method with new weights, drawn from torch's global generator.

    Raises:
        PicturaError: a setting that cannot be used, or networks larger than a file of weights may be.
    """
    from pictura.runtime.downloads import MAX_BYTES
    from pictura.training.outline import outline_method

    networks = outline_method(kind, settings).networks().values()
    size = sum(tensor.nbytes for network in networks for tensor in network.state_dict().values())
    if size > MAX_BYTES:
        raise PicturaError(
            f"These settings ask for networks of {size / 2**30:.1f} GB, more than a model may have "
            f"({MAX_BYTES / 2**30:g} GB): take fewer channels or blocks."
        )
    return kind(settings)


def _modules() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(__path__)]


def _method(module: str) -> type[Method] | None:
    """The subclass of `Method` that a file of this folder defines under its own name."""
    from pictura.training.method import Method

    for _, one in inspect.getmembers(importlib.import_module(f"{__name__}.{module}"), inspect.isclass):
        if issubclass(one, Method) and getattr(one, "name", None) == module:
            return one
    return None
