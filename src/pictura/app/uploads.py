"""Pictures that a browser sends: bounded in number, bytes, pixels and time, and checked before they count."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol

from pictura.app.folder import Folder, clean_name, new_id
from pictura.app.process import Ended, Worker
from pictura.app.store import Row, Store
from pictura.runtime.errors import PicturaError

MAX_BYTES = 128 * 2**20  # of one: 100 million pixels in a PNG of a camera
MAX_PICTURES, MAX_TOTAL = 2000, 16 * 2**30  # in the folder, with those that the history needs
AT_ONCE = 4  # that are received in one moment
WAITING = 32  # that wait for that
QUIET_SECONDS, WHOLE_SECONDS = 20.0, 300.0  # without a byte, and for all of one
CHECK_SECONDS = 120.0
ROLES = ("photo", "style", "mask")


class Refused(Exception):  # noqa: N818, it is an answer
    """What is answered instead: status and sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


class Body(Protocol):
    """A request, as far as it is needed."""

    def stream(self) -> AsyncIterator[bytes]:
        """Its body, as it comes."""


class Uploads:
    """Receives pictures for one folder."""

    def __init__(self, store: Store, folder: Folder, worker: Worker) -> None:
        self.store, self.folder, self.worker = store, folder, worker
        self._room, self._waiting = asyncio.Semaphore(AT_ONCE), 0

    async def receive(self, request: Body, name: str, role: str) -> Row:
        """A picture, checked and stored.

        Raises:
            Refused: it is too much, too slow, or no picture.
        """
        if self._waiting >= WAITING:
            raise Refused(429, "Too many pictures come at once: send some again in a moment.")
        self._waiting += 1
        try:
            async with self._room:
                return await self._take(request, clean_name(name), role)
        finally:
            self._waiting -= 1

    async def _take(self, request: Body, name: str, role: str) -> Row:
        count, total = await asyncio.to_thread(self.store.count_pictures)
        if count >= MAX_PICTURES or total >= MAX_TOTAL:
            raise Refused(507, "The studio is full: remove photographs or old results first.")
        id_ = new_id()
        coming = self.folder.coming / id_
        try:
            size = await _save(request, coming)
            return await asyncio.to_thread(self._check, id_, coming, name, role, size)
        finally:
            coming.unlink(missing_ok=True)

    def _check(self, id_: str, coming: Path, name: str, role: str, size: int) -> Row:
        """Have the worker read it, so that nothing it may hold reaches this program."""
        kept = self.folder.picture(id_, "")
        shown = {part: str(self.folder.view_path(kept, part)) for part in ("view", "thumb")}
        task: dict[str, Any] = {"task": "check", "path": str(coming), "mask": role == "mask", **shown}
        try:
            found = self.worker.call(task, seconds=CHECK_SECONDS)
        except Ended as error:
            raise Refused(422, f"'{name}' cannot be read: it is damaged, or larger than memory.") from error
        except PicturaError as error:
            raise Refused(422, str(error).replace(str(coming), name)) from error
        row = {"id": id_, "role": role, "name": name, "bytes": size, **found}
        coming.replace(self.folder.picture(id_, found["suffix"]))
        self.store.add_picture(row)
        return row


async def _save(request: Body, path: Path) -> int:
    """Write a body to a file as it comes, and return its bytes."""
    size, began = 0, time.monotonic()
    chunks = aiter(request.stream())
    with path.open("xb") as file:
        while True:
            try:
                chunk = await asyncio.wait_for(anext(chunks), QUIET_SECONDS)
            except StopAsyncIteration:
                break
            except TimeoutError as error:
                raise Refused(408, "Nothing came for a while: send it again.") from error
            size += len(chunk)
            if size > MAX_BYTES:
                raise Refused(413, f"A picture may have {MAX_BYTES // 2**20} MB: make it smaller.")
            if time.monotonic() - began > WHOLE_SECONDS:
                raise Refused(408, "That took too long: send a smaller picture.")
            await asyncio.to_thread(file.write, chunk)
    if not size:
        raise Refused(422, "That file is empty.")
    return size
