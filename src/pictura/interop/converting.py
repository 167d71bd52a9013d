"""Weights of other projects become a bundle, key by key, checked against what that project publishes."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from torch import Tensor

from pictura.interop.checkpoint import read_tensors
from pictura.interop.junyanz import Recognized, recognize
from pictura.interop.references import FAMILIES, REFERENCES, Family, Reference
from pictura.models.bundle import Bundle
from pictura.networks.patchgan import PatchGAN
from pictura.runtime.errors import PicturaError, did_you_mean
from pictura.runtime.numbers import check_numbers

_PARALLEL = "module."  # what DataParallel puts before each key


def find_reference(name: str) -> Reference | Family:
    """What is known of a project.

    Raises:
        PicturaError: nothing.
    """
    known: dict[str, Reference | Family] = {**REFERENCES, **FAMILIES}
    if name in known:
        return known[name]
    raise PicturaError(f"Unknown project '{name}'; supported: {', '.join(known)}.{did_you_mean(name, known)}")


def convert_weights(path: str | Path, project: str, about: Mapping[str, Any] | None = None) -> Bundle:
    """The bundle of a weight file of another project; nothing in the file is run.

    `about` adds to what the card says: title, licence, data. For pytorch-cyclegan the path may be a folder with the
    generators of both directions, ``latest_net_G_A.pth`` and ``latest_net_G_B.pth``; one file is one direction.

    Raises:
        PicturaError: an unknown project, a file that cannot be read, or keys or shapes that are not that project's.
    """
    reference, path = find_reference(project), Path(path)
    if isinstance(reference, Family):
        return _convert_family(path, project, reference, about)
    tensors = {
        key: check_numbers(tensor.float(), key, path)
        for key, tensor in _select_tensors(read_tensors(path), reference.ignored_keys).items()
    }
    _check_keys(tensors, reference, path, project)
    renamed = {reference.prefix + reference.rename(key): tensor for key, tensor in tensors.items()}
    named = {reference.name_setting: [path.stem]} if reference.name_setting else {}
    words = _words(path, project, reference) | dict(about or {})
    return Bundle(reference.method, {**reference.settings, **named}, renamed, words, str(path))


def load_critic(path: str | Path) -> PatchGAN:
    """A critic of that project from its file, ready for use: pictures in [-1, 1], pairs concatenated.

    Raises:
        PicturaError: the file is damaged, or of another network.
    """
    found = recognize(read_project_tensors(path), Path(path))
    if not found.is_critic:
        raise PicturaError(f"'{path}' is a generator ({found.kind}), not a critic: give the file named …_net_D.pth.")
    network = cast(PatchGAN, found.network).to_empty(device="cpu")
    network.load_state_dict(found.tensors)
    return network.eval().requires_grad_(False)


def read_project_tensors(path: str | Path) -> dict[str, Tensor]:
    """The tensors of a file, their numbers checked, without DataParallel's prefix.

    Raises:
        PicturaError: it cannot be read.
    """
    tensors = _select_tensors(read_tensors(path), ())
    return {key: check_numbers(tensor.float(), key, path) for key, tensor in tensors.items()}


def _convert_family(path: Path, project: str, family: Family, about: Mapping[str, Any] | None) -> Bundle:
    """A generator, or both of CycleGAN, as the method that it was trained by."""
    files = _both_directions(path) if family.method == "cyclegan" and path.is_dir() else {family.network: path}
    found = {network: _read_generator(file) for network, file in files.items()}
    first = next(iter(found.values()))
    if any((one.kind, one.settings) != (first.kind, first.settings) for one in found.values()):
        raise PicturaError(f"The generators in '{path}' are of two kinds: import each file by itself.")
    settings = {"generator": first.kind, "dropout": family.dropout, **first.settings}
    if family.method == "cyclegan":
        settings["directions"] = "both" if len(found) == 2 else "A2B"
    tensors = {f"{network}.{key}": t for network, one in found.items() for key, t in one.tensors.items()}
    words = _words(path, project, family)
    if "dropout" not in first.settings:
        words["does"] += f" Its dropout is the project's default, {family.dropout}: no file shows it."
    return Bundle(family.method, settings, tensors, words | dict(about or {}), str(path))


def _read_generator(path: Path) -> Recognized:
    found = recognize(read_project_tensors(path), path)
    if found.is_critic:
        raise PicturaError(f"'{path}' is a critic ({found.kind}); a model holds generators: give …_net_G.pth.")
    return found


def _both_directions(folder: Path) -> dict[str, Path]:
    """The newest pair of generators in a folder: ``latest``, or else the only pair."""
    pairs = {}
    for first in sorted(folder.glob("*_net_G_A.pth")):
        second = first.with_name(first.name.replace("_net_G_A.pth", "_net_G_B.pth"))
        if second.is_file():
            pairs[first.name.removesuffix("_net_G_A.pth")] = {"G_A": first, "G_B": second}
    chosen = pairs.get("latest", next(iter(pairs.values())) if len(pairs) == 1 else None)
    if chosen is None:
        raise PicturaError(
            f"'{folder}' holds {len(pairs) or 'no'} pairs …_net_G_A.pth and …_net_G_B.pth, none of them 'latest': "
            "give one file, for one direction."
        )
    return chosen


def _words(path: Path, project: str, reference: Reference | Family) -> dict[str, str]:
    """What the card says."""
    return {
        "title": path.stem,
        "does": f"Converted from '{path.name}', weights of {project}. "
        "The losses and rates among its settings are pictura's defaults, not those it was trained with.",
        "paper": reference.paper,
        "licence": f"that of the file's source; {reference.licence}",
    }


def _select_tensors(tensors: Mapping[str, Tensor], ignored: tuple[str, ...]) -> dict[str, Tensor]:
    parallel = bool(tensors) and all(key.startswith(_PARALLEL) for key in tensors)
    plain = {key.removeprefix(_PARALLEL) if parallel else key: tensor for key, tensor in tensors.items()}
    return {key: t for key, t in plain.items() if not any(re.fullmatch(p, key) for p in ignored)}


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
