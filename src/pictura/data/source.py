"""A data set as a training sees it: one sample at a time, cropped and augmented."""

import hashlib
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from pictura.data import decode
from pictura.data.cache import Cache
from pictura.data.crops import Augmentation, Cut, take_cut, to_tensor
from pictura.data.decode import DecodedImage
from pictura.data.layout import DataSplit, Layout, PictureView
from pictura.data.palettes import palette_classes
from pictura.data.settings import DataKind, DataSettings
from pictura.runtime import files
from pictura.runtime.errors import PicturaError

# How many files `fingerprint` reads, so that a set of a million takes no longer than one of a hundred.
HASHED_FILES = 64


class DataSet:
    """One split of a folder of pictures; made by `open_data`.

    path: the folder. kind: "images", "paired", "unpaired" or "labelled". split: "train", "val" or "test".
    size: (height, width) of a crop in pixels. layout: all splits. part: this split's files.
    maps: sides that are label maps. classes: label → names of its numbers, empty where the label is a number itself.
    """

    def __init__(
        self,
        path: Path,
        layout: Layout,
        split: str,
        augmentation: Augmentation,
        settings: DataSettings,
        maps: Collection[str] = (),
    ) -> None:
        self.path, self.layout, self.split, self.settings, self.maps = path, layout, split, settings, frozenset(maps)
        self.kind: DataKind = layout.kind
        self.part, self.classes, self.augmentation = layout.parts[split], layout.classes, augmentation
        self._cache = Cache(settings.cache * 10**6)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of a crop."""
        return self.augmentation.size

    def __len__(self) -> int:
        """Number of pictures or pairs; of two unpaired sides the longer, as in CycleGAN's code."""
        return max(map(len, self.part.views.values()))

    def sample(self, index: int, generator: torch.Generator) -> dict[str, Tensor]:
        """Crop number `index` of an epoch, 0 to len - 1, augmented by the generator and nothing else.

        "image", or "A" and "B": 3×h×w float32 in [0, 1], sRGB; a label map as class numbers is h×w int64. "label":
        int64, a number, or one for each requested label. Of two unpaired sides A goes in order, from the start again
        when it is the shorter; B is sampled with the generator.

        Raises:
            PicturaError: a file cannot be read.
            IndexError: the index is out of range.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"Sample index {index} is out of range for {len(self)} samples.")
        if self.kind == "unpaired":
            return self._sample_unpaired(index, generator)
        row = {side: views[index] for side, views in self.part.views.items()}
        decoded = self._decode_row(row)
        cut = self.augmentation.draw(next(iter(decoded.values())).original_size, generator)
        sample = {side: self._tensor(side, image, cut) for side, image in decoded.items()}
        if self.part.labels:
            label = self.part.labels[index]
            sample["label"] = torch.tensor(label if len(label) > 1 else label[0])
        return sample

    def _sample_unpaired(self, index: int, generator: torch.Generator) -> dict[str, Tensor]:
        sides = self.part.views
        partner = int(torch.randint(len(sides["B"]), (), generator=generator))
        decoded = self._decode_row({"A": sides["A"][index % len(sides["A"])], "B": sides["B"][partner]})
        return {
            side: self._tensor(side, image, self.augmentation.draw(image.original_size, generator))
            for side, image in decoded.items()
        }

    def _tensor(self, side: str, decoded: DecodedImage, cut: Cut) -> Tensor:
        return to_tensor(take_cut(decoded, cut, nearest=side in self.maps))

    def _decode_row(self, row: dict[str, PictureView]) -> dict[str, DecodedImage]:
        decoded: dict[tuple[Path, bool], DecodedImage] = {}  # two halves of one file are decoded once
        images = {}
        for side, view in row.items():
            key = (view.path, side in self.maps)
            if key not in decoded:
                decoded[key] = self._cache.get(key, lambda s=side, v=view: self._decode_view(s, v))  # type: ignore[misc]
            images[side] = decoded[key].half(view.half) if view.half else decoded[key]
        return images

    def _decode_view(self, side: str, view: PictureView) -> DecodedImage:
        if side in self.maps and self.settings.label_values == "indices":
            return decode.decode_class_numbers(view.path)
        exact = side in self.maps or view.half  # no class is a mean of others, and a seam must stay between samples
        return decode.decode_image(view.path, decode.full_resolution if exact else self.augmentation.factor)

    def names(self, index: int) -> list[str]:
        """The files of a sample, relative to the folder; without an unpaired B, which is random."""
        sides = {"A": self.part.views["A"]} if self.kind == "unpaired" else self.part.views
        paths = [views[index % len(views)].path for views in sides.values()]
        return [_relative_name(path, self.path) for path in dict.fromkeys(paths)]

    def label_classes(self) -> dict[str, dict[str, list[int]]]:
        """Side → name → colour, of the sides that are label maps of one palette and are seen in its colours."""
        sides = self.maps if self.settings.label_values == "colours" else ()
        views = {side: self.part.views[side] for side in sorted(sides)}
        found = {
            side: palette_classes([view.path for view in column], self.path)
            for side, column in views.items()
            if not any(view.half for view in column)
        }
        return {side: classes.plain() for side, classes in found.items() if classes is not None}

    def fingerprint(self) -> str:
        """64 hexadecimal digits that change with the set: its files' names and sizes, labels, settings, some contents.

        `HASHED_FILES` files spread over the set are read. Neither the place of the folder nor the cache counts.

        Raises:
            PicturaError: a file cannot be read.
        """
        digest = hashlib.sha256(f"{self.kind} {self.split} {self.augmentation}".encode())
        digest.update(self.settings.model_dump_json(exclude={"cache", "csv"}).encode())
        digest.update(f"{sorted(self.maps)} {self.part.labels}".encode())
        paths: list[Path] = []
        for side, views in self.part.views.items():
            digest.update(side.encode())
            for path, half in views:
                digest.update(f"{_relative_name(path, self.path)}\0{_file_size(path)}\0{half}\0".encode())
                paths.append(path)
        for path in paths[:: max(1, len(paths) // HASHED_FILES)]:
            with files.open_file(path) as file:
                digest.update(hashlib.sha256(file.read()).digest())
        return digest.hexdigest()

    def without(self, bad: Collection[PictureView]) -> "DataSet":
        """The same data set without some views, pairs as a whole.

        Raises:
            PicturaError: no samples would remain.
        """
        views, labels = self.part.views, self.part.labels
        if self.kind == "unpaired":
            remaining = {side: [view for view in column if view not in bad] for side, column in views.items()}
        else:
            rows = [i for i in range(len(self)) if not any(column[i] in bad for column in views.values())]
            remaining = {side: [column[i] for i in rows] for side, column in views.items()}
            labels = [labels[i] for i in rows] if labels else []
        if not all(remaining.values()):
            raise PicturaError(f"No samples remain in '{self.path}' without the bad files: fix them.")
        part = DataSplit(remaining, labels)
        layout = replace(self.layout, parts={**self.layout.parts, self.split: part})
        return DataSet(self.path, layout, self.split, self.augmentation, self.settings, self.maps)


def _relative_name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()


def _file_size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1  # a table may name a missing file; the audit reports it
