"""`from_pretrained` and `save_pretrained`: a method from a bundle, and a bundle from a method."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pictura.methods import open_method
from pictura.models import Bundle, read_bundle, save_bundle
from pictura.picture import Picture
from pictura.training.method import Method


def from_pretrained(source: str | Path) -> Method:
    """The method of a bundle, in eval mode: a folder or file, a shipped name, or ``owner/name@commit`` on the hub.

    Raises:
        PicturaError: there is no such bundle, it is damaged, or its weights do not fit its settings.
    """
    return open_method(read_bundle(source))


def save_pretrained(
    method: Method,
    folder: str | Path,
    picture: Picture | None = None,
    *,
    about: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a method's networks as a bundle (model.safetensors, config.json, README.md); return the folder.

    `about` is what the card says: title, does, data, data_licence, licence, metric, step, command.

    Raises:
        PicturaError: a file is there already or cannot be written, or weights are not finite.
    """
    told = {"title": Path(folder).name, "paper": method.paper} | dict(about or {})
    settings = method.settings.model_dump(mode="json")
    return save_bundle(Bundle.of(method.name, settings, method.networks(), told), folder, picture, overwrite=overwrite)
