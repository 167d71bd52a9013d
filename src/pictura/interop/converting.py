"""Weights of other projects become a bundle, key by key, checked against what that project publishes."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from pictura.interop.checkpoint import read_tensors
from pictura.interop.references import PLANNED_METHODS, REFERENCES, Reference
from pictura.models.bundle import Bundle
from pictura.runtime.errors import PicturaError, did_you_mean
from pictura.runtime.numbers import check_numbers

_PARALLEL = "module."  # what DataParallel puts before each key


def find_reference(name: str) -> Reference:
    """What is known of a project.

    Raises:
        PicturaError: nothing, or pictura has no such method yet.
    """
    if name in REFERENCES:
        return REFERENCES[name]
    if name in PLANNED_METHODS:
        raise PicturaError(
            f"Weights of {name} are not supported yet (method {PLANNED_METHODS[name]}); supported: "
            f"{', '.join(REFERENCES)}."
        )
    guess = did_you_mean(name, [*REFERENCES, *PLANNED_METHODS])
    raise PicturaError(f"Unknown project '{name}'; supported: {', '.join(REFERENCES)}.{guess}")


def convert_weights(path: str | Path, project: str, about: Mapping[str, Any] | None = None) -> Bundle:
    """The bundle of a weight file of another project; nothing in the file is run.

    `about` adds to what the card says: title, licence, data.

    Raises:
        PicturaError: an unknown project, a file that cannot be read, or keys or shapes that are not that project's.
    """
    reference, path = find_reference(project), Path(path)
    tensors = {
        key: check_numbers(tensor.float(), key, path)
        for key, tensor in _select_tensors(read_tensors(path), reference).items()
    }
    _check_keys(tensors, reference, path, project)
    words = {
        "title": path.stem,
        "does": f"Converted from '{path.name}', weights of {project}. "
        "The losses and rates among its settings are pictura's defaults, not those it was trained with.",
        "paper": reference.paper,
        "licence": f"that of the file's source; {reference.licence}",
    }
    renamed = {reference.prefix + reference.rename(key): tensor for key, tensor in tensors.items()}
    named = {reference.name_setting: [path.stem]} if reference.name_setting else {}
    return Bundle(reference.method, {**reference.settings, **named}, renamed, words | dict(about or {}), str(path))


def _select_tensors(tensors: Mapping[str, Tensor], reference: Reference) -> dict[str, Tensor]:
    parallel = all(key.startswith(_PARALLEL) for key in tensors)
    plain = {key.removeprefix(_PARALLEL) if parallel else key: tensor for key, tensor in tensors.items()}
    return {key: t for key, t in plain.items() if not any(re.fullmatch(p, key) for p in reference.ignored_keys)}


def _check_keys(tensors: Mapping[str, Tensor], reference: Reference, path: Path, project: str) -> None:
    name = f"'{path}'"
    if missing := [key for key in reference.keys if key not in tensors]:
        raise PicturaError(
            f"{name} is missing '{missing[0]}', which weights of {project} have: check --from and the file."
        )
    if unknown := [key for key in tensors if key not in reference.keys]:
        raise PicturaError(f"{name} contains {unknown[0]!a}, which weights of {project} do not: check --from.")
    for key, shape in reference.keys.items():
        if tuple(tensors[key].shape) != shape:
            raise PicturaError(
                f"'{key}' in {name} has shape {tuple(tensors[key].shape)} where weights of {project} have {shape}: "
                "it is a network of another size."
            )
