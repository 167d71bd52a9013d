"""The pixels under optimization in files: of a picture too large for memory, and to go on with after a stop.

Each step reads one generation of the files and writes the next; a small file that says which is whole is replaced last.
So a run that was killed, at whatever moment, goes on from its last whole step, as if nothing had happened.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import torch
from torch import Tensor

from pictura.methods.iterative.pixels import BETAS, EPSILON, Losses, Pixels
from pictura.methods.iterative.settings import Settings
from pictura.methods.iterative.tiled import Size, TiledObjective
from pictura.picture.resize import fit_size, from_float, resize, to_float
from pictura.runtime.documents import UnreadableDocument, read_json
from pictura.runtime.errors import PicturaError
from pictura.runtime.files import free_bytes, remove_folder, translate_os_errors, write_atomic

# Half floats: a picture to a 4000th of its range, and of a gradient's moments two digits and float32's range.
DTYPES = {"x": torch.float16, "average": torch.float16, "first": torch.bfloat16, "second": torch.bfloat16}
# Bytes a pixel: two generations of four planes of three channels, half as much of the scale before, and the content.
BYTES_PER_PIXEL = 2 * 4 * 3 * 2 * 1.5 + 3
STATE = "state.json"
PREVIEW_SIDE = 1024  # pixels; the whole picture would be a gigabyte


@contextmanager
def open_workspace(folder: Path | None, key: str | None) -> Iterator[Path]:
    """A folder for the files of one picture, in `folder` by the name `key`; it is removed when the picture is done.

    What stops the work leaves it, so that the same work can go on; without `folder` it is a temporary one.
    """
    if folder is None or key is None:
        with TemporaryDirectory(prefix="pictura-") as name:
            yield Path(name)
        return
    yield folder / key
    remove_folder(folder / key)
    with suppress(OSError):  # others are not done, or there was none
        folder.rmdir()


class Planes(Protocol):
    """Where the planes of a picture come from: x, average, and Adam's moments `first` and `second`."""

    steps: int  # of Adam
    weight: float  # of the average

    def plane(self, name: str, channel: int) -> Tensor:
        """One channel, 1×1×H×W in float32."""


class PlaneFile:
    """One picture's channels in a file, one after the other, row by row."""

    def __init__(self, path: Path, size: Size, dtype: torch.dtype) -> None:
        self.path, self.size, self.dtype = path, size, dtype
        self._bytes = 3 * size[0] * size[1] * dtype.itemsize

    def create(self) -> None:
        """Make the file, as large as it will be."""
        with translate_os_errors(self.path), self.path.open("wb") as file:
            file.truncate(self._bytes)

    def is_whole(self) -> bool:
        """Whether it is there, as long as it was made."""
        return self.path.is_file() and self.path.stat().st_size == self._bytes

    def sync(self) -> None:
        """Have what was written reach the disk."""
        with translate_os_errors(self.path), self.path.open("r+b") as file:
            os.fsync(file.fileno())

    def read(self, rows: slice, columns: slice = slice(None)) -> Tensor:
        """1×3×h×w of these rows and columns, in the file's own dtype."""
        return torch.stack([self.read_channel(channel, rows)[..., columns] for channel in range(3)])[None]

    def read_channel(self, channel: int, rows: slice = slice(None)) -> Tensor:
        """h×W of one channel."""
        height, width = self.size
        first, last, _ = rows.indices(height)
        with translate_os_errors(self.path), self.path.open("rb") as file:
            file.seek((channel * height + first) * width * self.dtype.itemsize)
            content = bytearray(file.read((last - first) * width * self.dtype.itemsize))
        return torch.frombuffer(content, dtype=self.dtype).view(last - first, width)

    def write(self, rows: slice, values: Tensor) -> None:
        """1×3×h×W into these rows."""
        for channel in range(3):
            self.write_channel(channel, values[0, channel], rows.start)

    def write_channel(self, channel: int, values: Tensor, top: int = 0) -> None:
        """h×W into one channel, from this row on."""
        height, width = self.size
        content = values.to(self.dtype).contiguous().view(torch.uint8).numpy().tobytes()
        with translate_os_errors(self.path), self.path.open("r+b") as file:
            file.seek((channel * height + top) * width * self.dtype.itemsize)
            file.write(content)


class StoredPixels:
    """What `Pixels` is, in the files of a folder, and Adam's only.

    Args:
        folder: where the files are.
        state: scale (its number), step (of that scale), generation, steps (of Adam), weight (of the average).
        size: height and width.
        settings: the step size, and how the iterates are averaged.
    """

    def __init__(self, folder: Path, state: Mapping[str, Any], size: Size, settings: Settings) -> None:
        self.folder, self.size, self.settings = folder, size, settings
        self.scale: int = state["scale"]
        self.step_done: int = state["step"]
        self.generation: int = state["generation"]
        self.steps: int = state["steps"]
        self.weight: float = state["weight"]

    @classmethod
    def start(cls, folder: Path, scale: int, size: Size, settings: Settings, before: Planes) -> "StoredPixels":
        """Go on at a larger size from the average so far, with Adam's moments kept.

        Raises:
            PicturaError: there is no room for the files.
        """
        folder.mkdir(parents=True, exist_ok=True)
        needed = round(BYTES_PER_PIXEL * size[0] * size[1])
        if free_bytes(folder) < needed:
            raise PicturaError(
                f"A picture of {size[1]}×{size[0]} pixels needs {needed / 1e9:.1f} GB in '{folder}' while it is "
                "painted, and there is less: make room, or give a folder on another disk."
            )
        state = {"scale": scale, "step": 0, "generation": 0, "steps": before.steps, "weight": 1 - settings.averaging}
        made = cls(folder, state, size, settings)
        for name in DTYPES:
            file = made._file(name, 0)
            file.create()
            for channel in range(3):
                plane = before.plane("average" if name == "x" else name, channel)
                # Bilinear, because a second moment must not become negative.
                mode = "bilinear" if name == "second" else "bicubic"
                grown = resize(plane, size) if name in ("x", "average") else _enlarge(plane, size, mode)
                file.write_channel(channel, grown[0, 0])
        made._commit()
        for path in folder.glob("*.plane"):
            if not path.name.startswith(f"{scale}-"):
                path.unlink()
        return made

    @classmethod
    def resume(cls, folder: Path, sizes: Sequence[Size], settings: Settings) -> "StoredPixels | None":
        """What a stopped run left in a folder, or None; `sizes` are those of the scales by their number."""
        path = folder / STATE
        if not path.is_file():
            return None
        try:
            with translate_os_errors(path):
                state = read_json(path)
            left = cls(folder, state, sizes[state["scale"]], settings)
            return left if left._is_whole() else None
        except (UnreadableDocument, KeyError, IndexError, TypeError):  # damaged: there is nothing to go on with
            return None

    def _is_whole(self) -> bool:
        """Whether the state is of numbers, and the files are as long as it says."""
        counts = (self.scale, self.step_done, self.generation, self.steps)
        numbers = all(isinstance(count, int) and count >= 0 for count in counts) and isinstance(self.weight, float)
        return numbers and all(self._file(name, self.generation).is_whole() for name in DTYPES)

    def step(self, objective: TiledObjective) -> Losses:
        """Move once, as `torch.optim.Adam` does; returns the terms and their "total" before the move."""
        # Of each step its own, so that a run that goes on draws what it would have drawn.
        generator = torch.Generator().manual_seed((self.settings.seed + 100_003 * self.scale + self.step_done) % 2**63)
        (rate, (one, two)), decay = (self.settings.learning_rate, BETAS), self.settings.averaging
        after = {name: self._file(name, self.generation + 1) for name in DTYPES}
        for file in after.values():
            file.create()
        steps, weight = self.steps + 1, decay * self.weight + 1 - decay

        def update(rows: slice, gradient: Tensor) -> None:
            gradient = gradient.nan_to_num(0, 0, 0)
            now = {name: self._file(name, self.generation).read(rows).float() for name in DTYPES}
            first = one * now["first"] + (1 - one) * gradient
            second = two * now["second"] + (1 - two) * gradient.square()
            move = first / (1 - one**steps) / ((second / (1 - two**steps)).sqrt() + EPSILON)
            x = (now["x"] - rate * move).clamp(0, 1)
            average = (decay * self.weight * now["average"] + (1 - decay) * x) / weight
            for name, values in {"x": x, "average": average, "first": first, "second": second}.items():
                after[name].write(rows, values)

        losses = objective.evaluate(self._read_picture, generator, update)
        self.generation, self.steps, self.weight = self.generation + 1, steps, weight
        self.step_done += 1
        for file in after.values():
            file.sync()
        self._commit()
        for name in DTYPES:
            self._file(name, self.generation - 1).path.unlink(missing_ok=True)
        return losses | {"total": sum(losses.values())}

    def plane(self, name: str, channel: int) -> Tensor:
        """One channel, 1×1×H×W in float32."""
        return self._file(name, self.generation).read_channel(channel).float()[None, None]

    def average(self) -> Tensor:
        """The average of the images so far at this size, 1×3×H×W in uint8."""
        return torch.cat([from_float(self.plane("average", c).clamp(0, 1), torch.uint8) for c in range(3)], dim=1)

    def preview(self) -> Tensor:
        """`average` with its longest side at `PREVIEW_SIDE` pixels at most, in [0, 1]."""
        size = fit_size(*self.size, min(PREVIEW_SIDE, max(self.size)))
        return torch.cat([resize(self.plane("average", channel), size) for channel in range(3)], dim=1)

    def _read_picture(self, rows: slice, columns: slice) -> Tensor:
        return self._file("x", self.generation).read(rows, columns).float()

    def _file(self, name: str, generation: int) -> PlaneFile:
        path = self.folder / f"{self.scale}-{name}-{generation % 2}.plane"
        return PlaneFile(path, self.size, DTYPES[name])

    def _commit(self) -> None:
        state = {
            "scale": self.scale,
            "step": self.step_done,
            "generation": self.generation,
            "steps": self.steps,
            "weight": self.weight,
        }
        write_atomic(self.folder / STATE, json.dumps(state).encode(), overwrite=True)


class InMemory:
    """Pixels in memory as `Planes`."""

    def __init__(self, image: Tensor, pixels: Pixels | None) -> None:
        self.image = image
        self.state: dict[str, Any] = {}
        if pixels is not None:
            self.state = pixels.optimizer.state.get(pixels.x) or {}
        self.steps, self.weight = int(self.state.get("step", 0)), 0.0

    def plane(self, name: str, channel: int) -> Tensor:
        """One channel, 1×1×H×W in float32."""
        moment = self.state.get({"first": "exp_avg", "second": "exp_avg_sq"}.get(name, ""))
        if name in ("x", "average"):
            return self.image[:, channel, None].float().cpu()
        if moment is None:
            return torch.zeros(1, 1, *self.image.shape[2:])
        plane: Tensor = moment[:, channel, None].cpu()
        return plane


def store_content(path: Path, content: Tensor, size: Size) -> Callable[[slice, slice], Tensor]:
    """Write the photograph, 1×3×H×W in [0, 1] or uint8, at this size; returns what reads it."""
    file = PlaneFile(path, size, torch.uint8)
    file.create()
    for channel in range(3):
        plane = resize(to_float(content[:, channel, None].cpu()), size)
        file.write_channel(channel, from_float(plane, torch.uint8)[0, 0])
    return lambda rows, columns: file.read(rows, columns).float() / 255


def _enlarge(plane: Tensor, size: Size, mode: str) -> Tensor:
    return torch.nn.functional.interpolate(plane, size, mode=mode, align_corners=False)
