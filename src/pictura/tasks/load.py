"""`from_pretrained` and `save_pretrained`: a method from a model's files, and files from a method."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pictura.methods import open_method
from pictura.models import Bundle, read_bundle, save_bundle
from pictura.picture import Picture
from pictura.runtime.arguments import check_arguments
from pictura.runtime.device import choose_device
from pictura.training.method import Method


@check_arguments
def from_pretrained(source: str | Path, *, device: str = "cpu") -> Method:
    """The trained method of a model, in eval mode: a folder, a file, a shipped name, or ``owner/name@commit``.

    `device` is auto, cpu, cuda or mps.

    Raises:
        PicturaError: there is no such model or device, it is damaged, or its weights do not fit its settings.
    """
    return open_pretrained(source, device=device)[0]


def open_pretrained(source: str | Path, *, device: str = "cpu") -> tuple[Method, Mapping[str, Any]]:
    """`from_pretrained`, and what is known of the model, for people: title, data, licence, step, labels.

    Raises:
        PicturaError: as `from_pretrained`.
    """
    bundle = read_bundle(source)
    method = open_method(bundle)
    place = choose_device(device)
    for network in method.networks().values():
        network.to(place)
    return method, bundle.about


@check_arguments
def save_pretrained(
    method: Method,
    folder: str | Path,
    picture: Picture | None = None,
    *,
    about: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a method's networks as a model (model.safetensors, config.json, README.md); return the folder.

    `about` is what the card says: title, does, data, data_licence, licence, metric, step, command.

    Raises:
        PicturaError: a file is there already or cannot be written, or weights are not finite.
    """
    described = {"title": Path(folder).name, "paper": method.paper} | dict(about or {})
    settings = method.settings.model_dump(mode="json")
    bundle = Bundle.of(method.name, settings, method.deployed_networks(), described)
    return save_bundle(bundle, folder, picture, overwrite=overwrite)
