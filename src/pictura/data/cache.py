"""Decoded pictures kept in memory, within a budget."""

import threading
from collections.abc import Callable, Hashable
from typing import Any

from pictura.data.decode import DecodedImage


class Cache:
    """Keeps the first entries until the budget in bytes is used up, and none after that; thread-safe.

    Nothing is evicted for something newer: an epoch visits every picture once, in a new order, and an evicted picture
    would be needed again as soon as the one that took its place.
    """

    def __init__(self, budget: int) -> None:
        self.budget, self.used = budget, 0
        self._entries: dict[Hashable, DecodedImage] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], DecodedImage]) -> DecodedImage:
        """The entry of the key, else what `make` returns, which is kept if there is room."""
        entry = self._entries.get(key)
        if entry is not None:
            return entry
        image = make()
        with self._lock:
            if key not in self._entries and self.used + image.samples.nbytes <= self.budget:
                self._entries[key] = image
                self.used += image.samples.nbytes
        return image

    def __len__(self) -> int:
        return len(self._entries)

    def __getstate__(self) -> dict[str, Any]:
        """For a loader's other processes: the budget without the entries."""
        return {"budget": self.budget}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["budget"])  # type: ignore[misc]  # an empty cache of the same budget
