"""The tensors in a checkpoint of torch or a safetensors file, by key; nothing in the file is ever run.

A checkpoint is a pickle, a small program. `torch.load` with ``weights_only`` interprets it by a short list of
instructions and names; before it is called, `_scan_pickle` decodes the program (`pickletools` runs nothing) and refuses

- instructions and names that a dictionary of tensors does not need: torch's list, and what other libraries in the
  process added to it, holds constructors of any size, sparse, quantized and nested tensors;
- storages that claim more numbers than the file has bytes, for which an old file would make torch ask for memory;
- zip files with compressed, repeated or damaged parts.

torch writes a zip of one pickle and one file a storage since version 1.6, before that several pickles and the storages
behind each other. The tar files of torch 0.1 and pickles of protocol 4 and 5, which torch does not read, are refused.
"""

import io
import pickletools
import struct
import warnings
import zipfile
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

import torch
from torch import Tensor
from torch.torch_version import TorchVersion

from pictura.runtime.downloads import MAX_BYTES, MAX_TENSORS, open_safetensors
from pictura.runtime.errors import PicturaError
from pictura.runtime.files import open_file

# Before it, a hostile file can corrupt memory even with weights_only (CVE-2026-24747).
SAFE_TORCH = (2, 10)
# Under these keys training scripts keep the weights beside epoch and optimizer.
STATE_DICT_KEYS = ("state_dict", "model_state_dict", "model", "params", "net")
# torch/serialization.py: the number that a file before version 1.6 begins with, behind the pickle's protocol.
LEGACY_MAGIC = b"\x8a\n" + (0x1950A86A20F9469CFC6C).to_bytes(10, "little") + b"."
MAX_INSTRUCTIONS = 5_000_000  # a state dict takes about 40 a tensor

_KINDS = ("Float", "Half", "BFloat16", "Double", "Long", "Int", "Short", "Byte", "Char", "Bool")
_NAMES = {
    "collections OrderedDict",
    *(f"torch._utils _rebuild_{name}" for name in ("tensor_v2", "tensor", "parameter")),
    *(f"torch {kind}Storage" for kind in _KINDS),
}
_TEXTS = {"BINUNICODE", "SHORT_BINSTRING"}
_NUMBERS = {"BININT", "BININT1", "BININT2", "LONG1"}
_PUTS, _GETS = {"BINPUT", "LONG_BINPUT"}, {"BINGET", "LONG_BINGET"}
_INSTRUCTIONS = {
    *(_TEXTS | _NUMBERS | _PUTS | _GETS),
    *("PROTO", "STOP", "GLOBAL", "REDUCE", "BUILD", "BINPERSID", "MARK", "NONE", "NEWTRUE", "NEWFALSE", "BINFLOAT"),
    *("EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_LIST", "APPEND", "APPENDS"),
    *("EMPTY_DICT", "SETITEM", "SETITEMS"),
}
Instruction = tuple[str, Any]  # its name in `pickletools` and its argument


class CheckpointError(Exception):
    """A checkpoint that asks for more than a dictionary of tensors, or is damaged; says what, without the file."""


@dataclass
class PickleSummary:
    """What a pickle names: its storages by key with their number of elements, its texts, the instructions used."""

    storages: dict[str, int] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)
    instructions: set[str] = field(default_factory=set)


def read_tensors(path: str | Path) -> dict[str, Tensor]:
    """Key → tensor, as it is stored, of a ``.safetensors`` file or a checkpoint of torch.

    Raises:
        PicturaError: it is neither, is damaged, or contains objects other than tensors; no code in the file is run.
    """
    path = Path(path)
    with open_file(path) as file:
        start = file.read(16)
        if start[8:9] == b"{":
            with open_safetensors(path, any_suffix=True) as tensors:
                return {key: tensors.get_tensor(key) for key in tensors.keys()}  # noqa: SIM118, it is no dictionary
        if not start.startswith((b"PK\x03\x04", b"\x80")):
            raise PicturaError(
                f"'{path}' is neither a safetensors file nor a checkpoint of torch 0.4 or later: load it with the "
                "torch that wrote it and save its state_dict again."
            )
        if path.stat().st_size > MAX_BYTES:
            raise PicturaError(f"'{path}' exceeds the limit of {MAX_BYTES / 2**30:g} GB for a file of weights.")
        if TorchVersion(torch.__version__) < SAFE_TORCH:  # type: ignore[operator]  # it compares with tuples
            raise PicturaError(
                f"'{path}' is a pickle, which torch {torch.__version__} cannot read safely (CVE-2026-24747): install "
                "torch 2.10 or later, or convert the file to safetensors."
            )
        file.seek(0)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of old layouts and texts, which are read on purpose
                checked = _check_zip(file) if start.startswith(b"PK") else _check_legacy(file)
                return _copy_tensors(_find_state_dict(_load(checked)))
        except CheckpointError as error:
            raise PicturaError(
                f"'{path}' {error}; nothing was loaded. Use a file that contains only weights."
            ) from error


def _load(content: BinaryIO) -> Any:
    """What torch makes of a file whose pickles were scanned."""
    try:
        return torch.load(content, map_location="cpu", weights_only=True)
    except Exception as error:  # torch's reader raises whatever it stumbles over
        raise CheckpointError(f"is damaged or cut short ({type(error).__name__})") from error


def _check_zip(file: BinaryIO) -> io.BytesIO:
    """The parts of a zip that torch needs, as a zip of our own, so that torch reads what was checked and no more."""
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
            mains = [part.filename for part in parts if part.filename.count("/") == 1 and _base(part) == "data.pkl"]
            if len(mains) != 1:
                raise CheckpointError("is a zip file that torch did not write")
            if any(part.compress_type != zipfile.ZIP_STORED or part.flag_bits & 1 for part in parts):
                raise CheckpointError("is compressed or encrypted, as torch does not do")
            size = file.seek(0, io.SEEK_END)
            names = {part.filename for part in parts}
            if sum(part.file_size for part in parts) > size or len(names) < len(parts):
                raise CheckpointError("claims to contain more than it has bytes")
            root = mains[0].removesuffix("data.pkl")
            contents = {
                name: archive.read(root + name)  # compares the checksum
                for name in (full.removeprefix(root) for full in sorted(names) if full.startswith(root))
                if name in ("data.pkl", "byteorder") or name.startswith("data/")
            }
    except (zipfile.BadZipFile, EOFError, OSError, struct.error, ValueError, RuntimeError) as error:  # zipfile's own
        raise CheckpointError(f"is damaged or cut short ({type(error).__name__})") from error
    summary = _scan_pickle(io.BytesIO(contents["data.pkl"]))
    if missing := [key for key in summary.storages if f"data/{key}" not in contents]:
        raise CheckpointError(f"lacks its part {'data/' + missing[0]!a}")
    _check_claims(summary, size)
    checked = io.BytesIO()
    with zipfile.ZipFile(checked, "w") as archive:
        for name, content in (contents | {"version": b"3\n"}).items():
            archive.writestr(f"archive/{name}", content)
    checked.seek(0)
    return checked


def _base(part: zipfile.ZipInfo) -> str:
    return part.filename.rpartition("/")[2]


def _check_legacy(file: BinaryIO) -> io.BytesIO:
    """Magic number, protocol, the writer's machine, the value, the keys of the storages; then their numbers."""
    content = io.BytesIO(file.read())
    if content.getvalue()[2 : 2 + len(LEGACY_MAGIC)] != LEGACY_MAGIC:
        raise CheckpointError("is a pickle, which can run code when it is read, and not a checkpoint of torch")
    _, _, machine, value, keys = (_scan_pickle(content) for _ in range(5))
    if "NEWFALSE" in machine.instructions:  # little_endian is its only truth value
        raise CheckpointError("was written on a big-endian computer")
    if keys.texts != set(value.storages):
        raise CheckpointError("is damaged or cut short (numbers are missing)")
    _check_claims(value, len(content.getvalue()))
    content.seek(0)
    return content


def _check_claims(summary: PickleSummary, size: int) -> None:
    if sum(summary.storages.values()) > size:  # a number has one byte at least
        raise CheckpointError("claims to contain more than it has bytes")


def _scan_pickle(stream: BinaryIO) -> PickleSummary:
    """Decode one pickle up to its end without running it.

    Raises:
        CheckpointError: it uses an instruction or a name that tensors do not need, or is damaged.
    """
    summary = PickleSummary()
    memo: dict[int, Instruction] = {}
    recent: deque[Instruction] = deque([("", None)], maxlen=5)  # the last ones that put something on the stack
    try:
        for count, (opcode, given, _) in enumerate(pickletools.genops(stream)):
            name, argument = opcode.name, cast(Any, given)
            if count > MAX_INSTRUCTIONS:
                raise CheckpointError("is too long for a file of weights")
            _check_instruction(name, argument)
            summary.instructions.add(name)
            if name in _PUTS:
                memo[argument] = recent[-1]
                continue
            if name in _TEXTS:
                summary.texts.add(argument)
            elif name == "BINPERSID":
                key, length = _parse_storage(list(recent))
                summary.storages[key] = max(length, summary.storages.get(key, 0))
            recent.append(_recall(memo[argument]) if name in _GETS else (name, argument))
    except (ValueError, KeyError, IndexError, UnicodeError, OverflowError) as error:  # pickletools' own
        raise CheckpointError(f"is damaged or cut short ({type(error).__name__})") from error
    return summary


def _check_instruction(name: str, argument: Any) -> None:
    if name not in _INSTRUCTIONS:
        raise CheckpointError(f"uses the instruction {name}, which tensors do not need")
    if name == "GLOBAL" and argument not in _NAMES:
        raise CheckpointError(f"asks for {argument.replace(' ', '.')[:80]!a}, which tensors do not need")


def _recall(stored: Instruction) -> Instruction:
    """A text or number out of the memo; what else lies there is not looked into."""
    return stored if stored[0] in _TEXTS | _NUMBERS else ("GET", None)


def _parse_storage(recent: list[Instruction]) -> tuple[str, int]:
    """Key and number of elements of ("storage", kind, key, device, count), which old files end with None."""
    names = [name for name, _ in recent]
    if names[-2:] == ["NONE", "TUPLE"]:
        recent = [*recent[:-2], recent[-1]]
    if len(recent) >= 4:
        (key_kind, key), (device_kind, _), (count_kind, count), (last, _) = recent[-4:]
        if {key_kind, device_kind} <= _TEXTS and count_kind in _NUMBERS and last == "TUPLE" and count >= 0:
            return key, count
    raise CheckpointError("refers to something that is not a storage")


def _find_state_dict(value: Any) -> dict[str, Tensor]:
    """The dictionary that has the tensors: the value itself, or what training scripts keep the weights under."""
    candidates = [value]
    if isinstance(value, dict):
        candidates += [dict.get(value, name) for name in STATE_DICT_KEYS]
    for candidate in candidates:
        if isinstance(candidate, dict):
            # Not candidate.items(): a file can set attributes of an OrderedDict.
            tensors = {str(key): part for key, part in dict.items(candidate) if isinstance(part, Tensor)}
            if tensors:
                return tensors
    raise CheckpointError("contains no dictionary of tensors")


def _copy_tensors(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Each with memory of its own; none has more elements than its storage (a step of 0 repeats them)."""
    if len(tensors) > MAX_TENSORS:
        raise CheckpointError(f"contains more than {MAX_TENSORS} tensors")
    if any(tensor.nbytes > tensor.untyped_storage().nbytes() for tensor in tensors.values()):
        raise CheckpointError("is damaged (a tensor beyond its numbers)")
    if sum(tensor.nbytes for tensor in tensors.values()) > MAX_BYTES:
        raise CheckpointError(f"contains more than {MAX_BYTES / 2**30:g} GB of numbers")
    return {key: tensor.detach().clone(memory_format=torch.contiguous_format) for key, tensor in tensors.items()}
