"""A trained network that says what each pixel of a photograph shows, and the label maps that it understands."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from pictura.data.labels import LabelClasses, read_label_map
from pictura.models.store import find_bundle
from pictura.picture.degrade import imresize
from pictura.picture.kinds import PictureInput
from pictura.runtime.device import choose_device
from pictura.runtime.errors import PicturaError
from pictura.runtime.files import digest_file
from pictura.tasks.abilities import open_able
from pictura.training.capabilities import Segments

IGNORED = -1
LEAST_SIDE = 16  # of what `seen_at` asks for


@dataclass(frozen=True, eq=False)
class OpenSegmenter:
    """told: the network's name, with what tells its weights from others; counted: numbers of the classes that count."""

    network: Segments
    told: str
    place: torch.device
    classes: LabelClasses
    counted: list[int]
    seen_at: tuple[int, int] | None = None

    def find(self, picture: Tensor) -> NDArray[np.int64]:
        """1×3×H×W in [0, 1] to the places of the found classes in `counted`, H×W."""
        x, size = picture.to(self.place), (picture.shape[-2], picture.shape[-1])
        if self.seen_at is not None:
            x = imresize(x, self.seen_at).clamp(0, 1)
        numbers = self.network.segment(x).cpu()
        if tuple(numbers.shape) != size:
            numbers = F.interpolate(numbers[None, None].double(), size, mode="nearest-exact")[0, 0].long()
        found: NDArray[np.int64] = self._places()[numbers.numpy()]
        return found

    def read(self, source: PictureInput, *, nearest: bool = False) -> NDArray[np.int64]:
        """A label map of any kind to the places of its classes in `counted`, H×W; `IGNORED` where none counts.

        Raises:
            PicturaError: a colour is none of the classes', unless `nearest`, or numbers go beyond them.
        """
        painted: Any = read_label_map(source, self.classes, nearest=nearest).samples  # of 8 bits
        found: NDArray[np.int64] = self._places()[self.classes.find(painted)]
        return found

    def places(self, numbers: NDArray[np.int64], ignore: int, name: str) -> NDArray[np.int64]:
        """The same for a map of grey values, which are the classes' numbers; `ignore` is that of no class.

        Raises:
            PicturaError: a number goes beyond the classes.
        """
        known = np.where(numbers == ignore, 0, numbers)
        if known.max() >= len(self.classes) or known.min() < 0:
            raise PicturaError(
                f"'{name}' has class numbers from {known.min()} to {known.max()}, and the model knows "
                f"{len(self.classes)} classes from 0 on: number them as the model does, or say with --ignore which "
                "number does not count."
            )
        return np.where(numbers == ignore, IGNORED, self._places()[known])

    def _places(self) -> NDArray[np.int64]:
        """Number of a class → its place among those that count, or `IGNORED`."""
        places = np.full(len(self.classes), IGNORED, np.int64)
        places[self.counted] = np.arange(len(self.counted))
        return places


def open_segmenter(
    model: str | Path | Segments, device: str = "auto", seen_at: tuple[int, int] | None = None
) -> OpenSegmenter:
    """The segmenter of that name or path, or an opened one, for many pictures.

    Args:
        model: a model's name, folder or file, or an opened one.
        device: auto, cpu, cuda or mps.
        seen_at: (width, height) at which it sees pictures; by default as they are.

    Raises:
        PicturaError: there is no such model or device, it does not segment, or it cannot see at this size.
    """
    if seen_at is not None and min(seen_at) < LEAST_SIDE:
        raise PicturaError(f"The size that the network sees must be {LEAST_SIDE}x{LEAST_SIDE} or more.")
    network, _, told = open_able(model, Segments, "does not segment pictures", device, None, None)
    name = Path(told["model"]).name
    if isinstance(model, (str, Path)):
        name += f" (SHA-256 {digest_file(find_bundle(model).path).sha256[:8]}…)"
    if seen_at is not None:
        name += f", pictures seen at {seen_at[0]}×{seen_at[1]}"
    classes = LabelClasses(tuple(network.classes), np.array(list(network.classes.values()), np.uint8))
    counted = [i for i, one in enumerate(network.classes) if one not in network.ignored_classes]
    size = None if seen_at is None else (seen_at[1], seen_at[0])
    return OpenSegmenter(network, name, choose_device(device), classes, counted, size)
