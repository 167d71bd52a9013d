"""The tensors in a file of torch's or safetensors', by key; nothing in it is ever run.

torch writes a zip of one pickle and one file a storage since version 1.6, before that several pickles and the storages
behind each other; `opcodes` understands the pickles. The tar files of torch 0.1 are refused.
"""

import contextlib
import functools
import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from pictura.interop.torchfile.opcodes import (
    STORAGE_KINDS,
    CheckpointError,
    Storage,
    TensorView,
    interpret_pickle,
    refusal_error,
)
from pictura.runtime.downloads import MAX_BYTES, MAX_TENSORS
from pictura.runtime.errors import PicturaError
from pictura.runtime.files import open_file

STORAGE_DTYPES = dict(
    zip(
        STORAGE_KINDS,
        (
            *(torch.float32, torch.float16, torch.bfloat16, torch.float64),
            *(torch.int64, torch.int32, torch.int16, torch.uint8, torch.int8, torch.bool),
        ),
        strict=True,
    )
)
# torch/serialization.py: the number and the protocol that a file before version 1.6 begins with.
MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
# Under these keys training scripts keep the weights beside epoch and optimiser.
STATE_DICT_KEYS = ("state_dict", "model_state_dict", "model", "params", "net")
StorageReader = Callable[[Storage], bytes]


def read_tensors(path: str | Path) -> dict[str, Tensor]:
    """Key → tensor, as it is stored, of a ``.safetensors`` file or a checkpoint of torch.

    Raises:
        PicturaError: it is neither, is damaged, or holds more than tensors; then nothing of it was carried out.
    """
    path = Path(path)
    with open_file(path) as file:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise PicturaError(f"'{path}' is larger than {MAX_BYTES / 2**30:g} GB: get a file with the weights only.")
        start = file.read(16)
        file.seek(0)
        try:
            if start.startswith(b"PK\x03\x04"):
                return _read_zip(file, size)
            if start[:1] == b"\x80":
                return _read_pickles(file)
        except CheckpointError as error:
            raise refusal_error(path, error) from error
    if start[8:9] == b"{":
        return _read_safetensors(path)
    raise PicturaError(
        f"'{path}' is neither a safetensors file nor a checkpoint of torch 0.4 or later: load it with the torch that "
        "wrote it and save its state_dict again."
    )


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise PicturaError(f"'{path}' cannot be read as a safetensors file ({error}): fetch it again.") from error


def _read_zip(file: BinaryIO, size: int) -> dict[str, Tensor]:
    try:
        with zipfile.ZipFile(file) as archive:
            parts = {info.filename: info for info in archive.infolist()}
            mains = [name for name in parts if name.count("/") == 1 and name.endswith("/data.pkl")]
            if len(mains) != 1:
                raise CheckpointError("is a zip file that torch did not write")
            if any(info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1 for info in parts.values()):
                raise CheckpointError("is compressed or encrypted, as torch does not do")
            if sum(info.file_size for info in parts.values()) > size:  # one part's bytes counted as another's, too
                raise CheckpointError("claims to hold more than it has bytes")
            root = mains[0].removesuffix("data.pkl")

            @functools.cache
            def content(name: str) -> bytes:
                if root + name not in parts:
                    raise CheckpointError(f"lacks its part {name!a}")
                return archive.read(parts[root + name])  # and compares the checksum

            if root + "byteorder" in parts and content("byteorder") != b"little":
                raise CheckpointError("was written on a big-endian computer")
            value = interpret_pickle(io.BytesIO(content("data.pkl")))
            return _build_tensors(value, lambda storage: content(f"data/{storage.key}"))
    except (zipfile.BadZipFile, EOFError, OSError, struct.error, ValueError, RuntimeError) as error:  # zipfile's own
        raise CheckpointError(f"is damaged or cut short ({type(error).__name__})") from error


def _read_pickles(file: BinaryIO) -> dict[str, Tensor]:
    """Magic number, protocol, the writer's machine, the value, the keys of the storages; then their numbers."""
    if interpret_pickle(file) != MAGIC:
        raise CheckpointError("is a pickle, which can run code when it is read, and no checkpoint of torch")
    if interpret_pickle(file) != PROTOCOL:
        raise CheckpointError("has a layout that torch 0.4 to 1.5 did not write")
    machine, value, keys = interpret_pickle(file), interpret_pickle(file), interpret_pickle(file)
    if not (isinstance(machine, dict) and machine.get("little_endian") is True and isinstance(keys, list)):
        raise CheckpointError("was written on a big-endian computer or is damaged")
    sizes = {view.storage.key: STORAGE_DTYPES[view.storage.kind].itemsize for view in _find_views(value)}
    stored: dict[str, bytes] = {}
    for key in keys:
        if not isinstance(key, str) or key not in sizes:
            raise CheckpointError("holds numbers of an unknown kind")
        (count,) = struct.unpack("<q", _read_exactly(file, 8))
        stored[key] = _read_exactly(file, count * sizes[key])
    return _build_tensors(value, lambda storage: stored.get(storage.key, b""))


def _read_exactly(file: BinaryIO, count: int) -> bytes:
    content = file.read(count) if 0 <= count <= MAX_BYTES else b""
    if len(content) != count:
        raise CheckpointError("is cut short")
    return content


def _find_views(value: Any) -> list[TensorView]:
    """All tensors of a value, wherever in its dictionaries, lists and tuples; each container is entered once."""
    found, waiting, seen = [], [value], set()
    while waiting:
        one = waiting.pop()
        if isinstance(one, TensorView):
            found.append(one)
        elif isinstance(one, (dict, list, tuple)) and id(one) not in seen:
            seen.add(id(one))
            waiting.extend(one.values() if isinstance(one, dict) else one)
    return found


def _build_tensors(value: Any, numbers: StorageReader) -> dict[str, Tensor]:
    views = {key: one for key, one in _find_state_dict(value).items() if isinstance(one, TensorView)}
    if len(views) > MAX_TENSORS:
        raise CheckpointError(f"holds more than {MAX_TENSORS} tensors")
    room = MAX_BYTES
    made: dict[str, Tensor] = {}
    for key, view in views.items():
        made[key] = _build_tensor(view, numbers)
        room -= made[key].nbytes
        if room < 0:
            raise CheckpointError(f"holds more than {MAX_BYTES / 2**30:g} GB of numbers")
    return made


def _find_state_dict(value: Any) -> dict[str, Any]:
    """The dictionary that has the tensors: the value itself, or what training scripts keep the weights under."""
    candidates = [value]
    if isinstance(value, dict):
        candidates += [value[name] for name in STATE_DICT_KEYS if name in value]
    for one in candidates:
        if isinstance(one, dict) and any(isinstance(part, TensorView) for part in one.values()):
            return {str(key): part for key, part in one.items()}
    raise CheckpointError("holds no dictionary of tensors")


def _build_tensor(view: TensorView, numbers: StorageReader) -> Tensor:
    """A tensor of its own; the view must lie within its storage, and have no more numbers than that."""
    storage, dtype = view.storage, STORAGE_DTYPES[view.storage.kind]
    count = 1
    for side in view.shape:
        count *= side
    last = view.offset + sum((side - 1) * step for side, step in zip(view.shape, view.stride, strict=True))
    if count == 0:
        return torch.empty(view.shape, dtype=dtype)
    if count > storage.length or last >= storage.length:
        raise CheckpointError("is damaged (a tensor beyond its numbers)")
    content = numbers(storage)
    if len(content) != storage.length * dtype.itemsize:
        raise CheckpointError("is damaged or cut short (numbers are missing)")
    with contextlib.suppress(RuntimeError, ValueError):
        flat = torch.frombuffer(bytearray(content), dtype=dtype)
        return flat.as_strided(view.shape, view.stride, view.offset).clone().contiguous()
    raise CheckpointError("is damaged (a tensor of no sense)")
