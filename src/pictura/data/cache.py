"""Decoded pictures kept in memory, within a budget."""

import threading
from collections.abc import Callable, Hashable
from typing import Any

from pictura.data.decode import DecodedImage


class Cache:
    """Keeps what comes first until the budget in bytes is used up, and nothing after that; safe among threads.

    Nothing is thrown out for something newer: an epoch visits every picture once, in a new order, and whatever was
    thrown out would be asked for as soon as what took its place.
    """

    def __init__(self, budget: int) -> None:
        self.budget, self.used = budget, 0
        self._entries: dict[Hashable, DecodedImage] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], DecodedImage]) -> DecodedImage:
        """What is kept under the key, else what `make` gives."""
        found = self._entries.get(key)
        if found is not None:
            return found
        made = make()
        with self._lock:
            if key not in self._entries and self.used + made.samples.nbytes <= self.budget:
                self._entries[key] = made
                self.used += made.samples.nbytes
        return made

    def __len__(self) -> int:
        return len(self._entries)

    def __getstate__(self) -> dict[str, Any]:
        """For a loader's other processes: the budget, nothing kept."""
        return {"budget": self.budget}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["budget"])  # type: ignore[misc]  # an empty cache of the same budget
