"""What the server's answers are made of: store, folder, workers, previews and queue of one studio."""

import asyncio
import shutil
import threading
import time
import zipfile
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

from pictura.app.commands import label_of
from pictura.app.folder import Folder, clean_name, new_id
from pictura.app.orders import Order, parse_order
from pictura.app.process import Ended, Worker
from pictura.app.queue import Runner, find_files
from pictura.app.store import ACTIVE, Row, Store
from pictura.app.uploads import CHECK_SECONDS, Refused, Uploads
from pictura.runtime.errors import PicturaError
from pictura.runtime.threads import available_processors

PREVIEW_SECONDS, CONVERT_SECONDS = 60.0, 300.0
WAITING = 6  # previews that wait for the one that is made
KEPT = 24  # previews; one has some 80 kB
HEAVY_NICENESS, LIGHT_NICENESS = 10, 0
MAX_PACKED = 500  # pictures in one archive
EXAMPLE = Path(str(files("pictura"))) / "assets" / "pictures" / "photo.jpg"


class Studio:
    """All of it; `close` ends what it has begun.

    Args:
        folder: where things are kept.
        memory: bytes for both workers together; 0 for as many as there are.
    """

    def __init__(self, folder: Folder, memory: int = 0) -> None:
        self.folder, self.store = folder, Store(folder)
        self.token = self.store.token()
        # Two thirds for what is painted large; a preview and the check of a picture need less.
        # Its threads wait for one another, and so for a core that what is painted large has: half of them are faster.
        self.light = Worker(LIGHT_NICENESS, memory // 3, max(1, available_processors() // 2))
        self.heavy = Worker(HEAVY_NICENESS, 2 * memory // 3)
        self.uploads = Uploads(self.store, folder, self.light)
        self.previews = Previews(self.store, folder, self.light)
        self.runner = Runner(self.store, folder, self.heavy)
        self._looks: list[dict[str, Any]] | None = None
        self._looking = threading.Lock()

    def start(self) -> None:
        """Begin to make what waits, and have both workers ready: first the one that shows."""
        self.runner.start()
        threading.Thread(target=self._warm, daemon=True).start()

    def _warm(self) -> None:
        try:
            self.looks()
            self.heavy.start()
        except (PicturaError, Ended):  # told to whoever asks
            return

    def close(self) -> None:
        """End the workers; what was being made is made again at the next start."""
        self.runner.end()
        self.light.close()
        self.store.close()
        self.folder.close()

    def looks(self) -> list[dict[str, Any]]:
        """The cards of the gallery."""
        with self._looking:
            if self._looks is None:
                found: list[dict[str, Any]] = _ask(self.light, {"task": "looks"})["looks"]
                self._looks = found
            return self._looks

    def status(self) -> dict[str, Any]:
        """What a page follows: how much waits, what runs, how long it takes; counters that say when to ask again."""
        waiting = self.store.active_jobs()
        live = self.runner.live
        told = None if live is None else live.describe()
        left = sum(self.store.seconds_of(row) for row in waiting if row["state"] == "queued")
        left += told["left"] if told is not None else 0
        return {
            "changes": self.store.changes,
            "paused": self.store.paused,
            "waiting": sum(row["state"] == "queued" for row in waiting),
            "running": told,
            "left": round(left),
        }

    def add_example(self) -> Row:
        """A photograph of ours, for who has none at hand."""
        known = [row for row in self.store.shown_pictures() if row["name"] == "example.jpg"]
        return known[0] if known else self._take(EXAMPLE, "example.jpg")

    def use_result(self, id_: str) -> Row:
        """A result as a photograph for the next order."""
        return self._take(self.folder.result(id_), self.name_result(id_, "png"))

    def _take(self, source: Path, name: str) -> Row:
        id_ = new_id()
        kept = self.folder.picture(id_, source.suffix)
        shutil.copyfile(source, kept)
        shown = {size: str(self.folder.view_path(kept, size)) for size in ("view", "thumb")}
        found = _ask(self.light, {"task": "check", "path": str(kept), **shown}, CHECK_SECONDS)
        row = {"id": id_, "role": "photo", "name": clean_name(name), "bytes": kept.stat().st_size, **found}
        self.store.add_picture(row)
        return row

    def name_result(self, id_: str, suffix: str) -> str:
        """The file name of a result."""
        row = self.store.job(id_)
        if row is None:
            return f"picture.{suffix}"
        order = parse_order(row["order"])
        known = {one: self.store.picture(one) for one in {order.picture, *_sources(order)}}
        names = {one: found["name"] for one, found in known.items() if found is not None}
        return clean_name(f"{Path(names.get(order.picture, 'picture')).stem}_{label_of(order, names)}.{suffix}")

    def convert(self, path: Path, suffix: str) -> Path:
        """A picture in another format, made once."""
        if path.suffix == f".{suffix}":
            return path
        target = path.with_name(f"{path.stem}.full.{suffix}")
        if not target.is_file():
            _ask(self.light, {"task": "convert", "path": str(path), "target": str(target)}, CONVERT_SECONDS)
        return target

    def pack(self, batch: str) -> Path:
        """What of a batch is done, as an archive."""
        rows = self.store.ended_jobs(None, MAX_PACKED, batch)
        done = [row for row in reversed(rows) if row["state"] == "done"]
        if not done:
            raise PicturaError("None of these pictures is done.")
        target, names = self.folder.coming / f"{batch}.zip", set[str]()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            for row in done:
                name = self.name_result(row["id"], "png")
                archive.write(self.folder.result(row["id"]), name if name not in names else f"{row['id']}_{name}")
                names.add(name)
        return target


class Previews:
    """One preview after another, the same one once; what nobody waits for any more is not made."""

    def __init__(self, store: Store, folder: Folder, worker: Worker) -> None:
        self.store, self.folder, self.worker = store, folder, worker
        self._turn, self._waiting = asyncio.Lock(), 0
        self._kept: OrderedDict[str, dict[str, Any]] = OrderedDict()

    async def show(self, order: Order, gone: Callable[[], Awaitable[bool]]) -> dict[str, Any]:
        """Seconds and pictures in base64: ``after``, and ``before`` where it is not the photograph itself."""
        key = order.model_dump_json()
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        if self._waiting >= WAITING:
            raise Refused(429, "Too many previews are asked for at once.")
        self._waiting += 1
        try:
            async with self._turn:
                if await gone():
                    raise Refused(499, "Nobody waits for this.")
                began = time.monotonic()
                made = await asyncio.to_thread(self._make, key)
                made["seconds"] = round(time.monotonic() - began, 3)
        finally:
            self._waiting -= 1
        self._kept[key] = made
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return made

    def _make(self, key: str) -> dict[str, Any]:
        paths, names = find_files(self.store, self.folder, key)
        return _ask(self.worker, {"task": "preview", "order": key, "paths": paths, "names": names}, PREVIEW_SECONDS)


def describe_picture(row: Row) -> dict[str, Any]:
    """A picture for the page."""
    return {key: row[key] for key in ("id", "role", "name", "width", "height")}


def describe_job(row: Row) -> dict[str, Any]:
    """A job for the page."""
    told = {key: row[key] for key in ("id", "place", "batch", "picture", "title", "state", "error", "asked", "seconds")}
    told |= {key: row[key] for key in ("width", "height")} | {"order": parse_order(row["order"]).model_dump()}
    return told | {"active": row["state"] in ACTIVE}


def _sources(order: Order) -> list[str]:
    shares = getattr(order, "shares", ())
    return [share.source.removeprefix("picture:") for share in shares if share.source.startswith("picture:")]


def _ask(worker: Worker, task: dict[str, Any], seconds: float | None = None) -> dict[str, Any]:
    """A worker's answer; one that has crashed is told in a sentence.

    Raises:
        PicturaError: the task cannot be done.
    """
    try:
        return worker.call(task, seconds=seconds)
    except Ended as error:
        raise PicturaError("That could not be made: use a smaller picture, or close other programs.") from error
