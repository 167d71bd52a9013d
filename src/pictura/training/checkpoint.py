"""A checkpoint is everything that a training needs to resume bit for bit, in one folder, and no pickle.

``step-00012000/`` holds model, ema, optim and method as safetensors, ``state.json``, and ``manifest.json``, written
last, with size and SHA-256 of all others. There are no random states in it: every step and every sample starts its own
from the seed and its number (`pictura.runtime.seeds`).
"""

import contextlib
import errno
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from pictura.runtime import documents, files
from pictura.runtime.errors import reason

MANIFEST = "manifest.json"
STATE = "state.json"
ROOM_FACTOR = 1.2  # times what is to be written must be free, since other programs write, too
Tensors = dict[str, Tensor]


class BrokenCheckpoint(Exception):  # noqa: N818, what it says of a folder
    """A folder is not a whole checkpoint; the text says why."""


@dataclass
class Checkpoint:
    """step: optimisation steps taken. tensors: of each file, by name. state: everything else, as JSON."""

    step: int
    tensors: dict[str, Tensors] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)


def checkpoint_name(step: int) -> str:
    """The folder's name."""
    return f"step-{step:08d}"


def write_checkpoint(checkpoint: Checkpoint, parent: Path) -> Path:
    """Write a checkpoint into `parent`; it appears whole or not at all.

    One of this step that is there already and equal is left alone; another one is moved aside, never deleted.

    Raises:
        OSError: the disk is full or not to be written; then nothing is left behind.
    """
    folder = parent / checkpoint_name(checkpoint.step)
    contents = {
        f"{name}.safetensors": save(copy_to_cpu(tensors)) for name, tensors in checkpoint.tensors.items() if tensors
    }
    contents[STATE] = files.encode_json(checkpoint.state)
    if folder.exists():
        if _holds(folder, contents):
            return folder
        _move_aside(folder, "other")
    parent.mkdir(parents=True, exist_ok=True)
    if files.free_bytes(parent) < ROOM_FACTOR * sum(map(len, contents.values())):
        raise OSError(errno.ENOSPC, "No room for a checkpoint")
    temporary = files.temporary_folder(folder)
    try:
        temporary.mkdir()
        written = {name: files.write_synced(temporary / name, content)._asdict() for name, content in contents.items()}
        manifest = files.encode_json({"step": checkpoint.step, "files": written}, indent=1)
        files.write_synced(temporary / MANIFEST, manifest)
        files.move_into_place(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _holds(folder: Path, contents: dict[str, bytes]) -> bool:
    """Whether a checkpoint is whole and has these files, byte for byte."""
    try:
        files_there = documents.read_json(folder / MANIFEST)["files"]
        there = {name: (folder / name).read_bytes() for name in files_there}
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return there == contents


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read a checkpoint, every byte checked.

    Raises:
        BrokenCheckpoint: a file is missing or not what was written.
    """
    try:
        manifest = documents.read_json(folder / MANIFEST)
        for name, digest in manifest["files"].items():
            if Path(name).name != name:
                raise BrokenCheckpoint(f"{name!a} is not the name of a file in it")
            if files.digest_file(folder / name) != files.FileDigest(**digest):
                raise BrokenCheckpoint(f"{name} is not what was written")
        tensors = {
            Path(name).stem: _read_tensors(folder / name) for name in manifest["files"] if name.endswith(".safetensors")
        }
        return Checkpoint(int(manifest["step"]), tensors, documents.read_json(folder / STATE))
    except FileNotFoundError as error:
        raise BrokenCheckpoint(f"{Path(error.filename).name} is missing") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        raise BrokenCheckpoint(f"it cannot be read ({reason(error)})") from error


def _read_tensors(path: Path) -> Tensors:
    """The tensors of one file, all of them numbers: nothing else was saved."""
    tensors = load(path.read_bytes())
    for key, tensor in tensors.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise BrokenCheckpoint(f"'{key}' in {path.name} contains NaN or infinity")
    return tensors


def list_checkpoints(parent: Path) -> list[Path]:
    """All finished checkpoints there, oldest first."""
    with contextlib.suppress(OSError):
        return sorted(p for p in parent.glob("step-" + "[0-9]" * 8) if p.is_dir())
    return []


def load_newest(parent: Path) -> tuple[Checkpoint | None, list[str]]:
    """The newest whole checkpoint, and notes for a person: broken ones are moved aside, never deleted."""
    notes: list[str] = []
    for folder in reversed(list_checkpoints(parent)):
        try:
            return read_checkpoint(folder), notes
        except BrokenCheckpoint as error:
            aside = _move_aside(folder)
            notes.append(f"Checkpoint '{folder}' is damaged ({error}); moved to '{aside.name}', using the previous one")
    return None, notes


def remove_old(parent: Path, keep: int) -> None:
    """Remove all but the newest `keep`; to be called when the newest is safely on the disk."""
    for folder in list_checkpoints(parent)[:-keep]:
        files.remove_folder(folder)


def remove_leftovers(parent: Path) -> None:
    """Remove what a killed training left half written or half removed; only under the run's lock."""
    for leftover in [*parent.glob(".step-*.tmp"), *parent.glob(".step-*.trash")]:
        shutil.rmtree(leftover, ignore_errors=True)


def _move_aside(folder: Path, word: str = "broken") -> Path:
    number = 0
    while (aside := folder.with_name(f"{folder.name}.{word}" + (f"-{number}" if number else ""))).exists():
        number += 1
    folder.rename(aside)
    return aside


def copy_to_cpu(tensors: Tensors) -> Tensors:
    """Copies as safetensors wants them: on the CPU, dense, none sharing memory with another (tied weights do)."""
    return {
        name: tensor.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
        for name, tensor in tensors.items()
    }


def flatten_state(value: Any, tensors: dict[str, Tensor], path: str) -> Any:
    """`value` as JSON can hold it; each tensor in it goes into `tensors` under its path."""
    if isinstance(value, Tensor):
        tensors[path] = value
        return {"tensor": path}
    if isinstance(value, dict):
        return {"items": [[key, flatten_state(item, tensors, f"{path}.{key}")] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        items = [flatten_state(item, tensors, f"{path}.{i}") for i, item in enumerate(value)]
        return {"tuple": items} if isinstance(value, tuple) else items
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{path} is a {type(value).__name__}, which a checkpoint cannot hold")


def unflatten_state(value: Any, tensors: dict[str, Tensor]) -> Any:
    """What `flatten_state` was given."""
    if isinstance(value, list):
        return [unflatten_state(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    if "tensor" in value:
        return tensors[value["tensor"]]
    if "tuple" in value:
        return tuple(unflatten_state(item, tensors) for item in value["tuple"])
    return {key: unflatten_state(item, tensors) for key, item in value["items"]}
