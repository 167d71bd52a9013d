"""A checkpoint is everything that a training needs to go on bit for bit, in one folder, and no pickle.

``step-00012000/`` holds model, ema, optim and method as safetensors, ``state.json``, and ``manifest.json``, written
last, with size and SHA-256 of all others. There are no random states in it: every step and every sample starts its own
from the seed and its number (`pictura.runtime.seeds`).
"""

import contextlib
import errno
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from pictura.runtime import files

MANIFEST = "manifest.json"
STATE = "state.json"
ROOM_FACTOR = 1.2  # of what is going to be written must be free, since others write, too
Tensors = dict[str, Tensor]


class BrokenCheckpoint(Exception):  # noqa: N818, what it says of a folder
    """A folder is no whole checkpoint; the text says why."""


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
    """Write a checkpoint into `parent`; it appears whole or not at all. One that is there already is left alone.

    Raises:
        OSError: the disk is full or not to be written; then nothing is left behind.
    """
    folder = parent / checkpoint_name(checkpoint.step)
    if folder.exists():
        return folder
    contents = {
        f"{name}.safetensors": save(copy_to_cpu(tensors)) for name, tensors in checkpoint.tensors.items() if tensors
    }
    contents[STATE] = files.encode_json(checkpoint.state)
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


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read a checkpoint, every byte checked.

    Raises:
        Broken: a file is missing or not what was written.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        for name, said in manifest["files"].items():
            if files.digest_file(folder / name) != files.FileDigest(**said):
                raise BrokenCheckpoint(f"{name} is not what was written")
        tensors = {
            Path(name).stem: load((folder / name).read_bytes())
            for name in manifest["files"]
            if name.endswith(".safetensors")
        }
        return Checkpoint(int(manifest["step"]), tensors, json.loads((folder / STATE).read_bytes()))
    except FileNotFoundError as error:
        raise BrokenCheckpoint(f"{Path(error.filename).name} is missing") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        raise BrokenCheckpoint(f"it cannot be read ({error})") from error


def list_checkpoints(parent: Path) -> list[Path]:
    """All finished checkpoints there, oldest first."""
    with contextlib.suppress(OSError):
        return sorted(p for p in parent.glob("step-" + "[0-9]" * 8) if p.is_dir())
    return []


def load_newest(parent: Path) -> tuple[Checkpoint | None, list[str]]:
    """The newest whole checkpoint, and what was said on the way: broken ones are moved aside, never deleted."""
    said: list[str] = []
    for folder in reversed(list_checkpoints(parent)):
        try:
            return read_checkpoint(folder), said
        except BrokenCheckpoint as error:
            aside = _move_aside(folder)
            said.append(f"'{folder}' is broken, {error}; it is now '{aside.name}', and the one before it is used")
    return None, said


def remove_old(parent: Path, keep: int) -> None:
    """Remove all but the newest `keep`; to be called when the newest is safely on the disk."""
    for folder in list_checkpoints(parent)[:-keep]:
        files.remove_folder(folder)


def remove_leftovers(parent: Path) -> None:
    """Remove what a killed training left half written or half removed; only under the run's lock."""
    for left in [*parent.glob(".step-*.tmp"), *parent.glob(".step-*.trash")]:
        shutil.rmtree(left, ignore_errors=True)


def _move_aside(folder: Path) -> Path:
    number = 0
    while (aside := folder.with_name(f"{folder.name}.broken" + (f"-{number}" if number else ""))).exists():
        number += 1
    folder.rename(aside)
    return aside


def copy_to_cpu(tensors: Tensors) -> Tensors:
    """Copies as safetensors wants them: on the CPU, dense, none sharing memory with another (tied weights do)."""
    return {
        name: tensor.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
        for name, tensor in tensors.items()
    }
