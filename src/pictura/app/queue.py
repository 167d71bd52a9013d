"""One job after another, in a worker that is killed when its job is cancelled."""

import base64
import logging
import threading
import time
from pathlib import Path
from typing import Any

from pictura.app.folder import Folder
from pictura.app.orders import parse_order, pictures_of
from pictura.app.process import Ended, Worker
from pictura.app.store import Row, Store
from pictura.runtime.errors import PicturaError
from pictura.runtime.files import remove_temporaries

LOOK_SECONDS = 1.0  # how often it looks for work though nobody called
log = logging.getLogger(__name__)


class Live:
    """What is known of the job that runs; read by others while it changes."""

    def __init__(self, row: Row, expected: float) -> None:
        self.id, self.title, self.batch = row["id"], row["title"], row["batch"]
        self.began, self.expected = time.monotonic(), expected
        self.told: dict[str, Any] = {}
        self.picture: bytes | None = None
        self.pictures = 0

    def hear(self, told: dict[str, Any]) -> None:
        """What the worker says on the way."""
        if (packed := told.pop("picture", None)) is not None:
            self.picture = base64.b64decode(packed)
            self.pictures += 1
        self.told = told

    def describe(self) -> dict[str, Any]:
        """For the page: the share that is done where that is known, and seconds left."""
        seconds = time.monotonic() - self.began
        told = {"id": self.id, "batch": self.batch, "title": self.title, "seconds": round(seconds, 1)}
        if "steps" in self.told:
            told |= {"step": self.told["step"], "steps": self.told["steps"]}
            left = self.told["left"]
        else:
            left = max(0.0, self.expected - seconds)
        return told | {"left": round(left, 1), "picture": self.pictures, "expected": round(self.expected, 1)}


class Runner(threading.Thread):
    """The thread that has the jobs of a store made."""

    def __init__(self, store: Store, folder: Folder, worker: Worker) -> None:
        super().__init__(daemon=True, name="studio-queue")
        self.store, self.folder, self.worker = store, folder, worker
        self.live: Live | None = None
        self._wake, self._ending = threading.Event(), False
        self._killed: str | None = None  # the job whose worker we killed last

    def wake(self) -> None:
        """There is something to do."""
        self._wake.set()

    def end(self) -> None:
        """Stop; the job that runs is made again at the next start."""
        self._ending = True
        self.worker.close()
        self._wake.set()
        if self.is_alive():
            self.join(10)

    def cancel(self, ids: list[str]) -> None:
        """Cancel jobs, at once."""
        self.store.cancel(ids)
        live = self.live
        if live is not None and live.id in ids:
            self._killed = live.id
            self.worker.kill()

    def run(self) -> None:
        """Make what waits, until `end`."""
        while not self._ending:
            try:
                row = self.store.start_next()
                if row is not None:
                    self._make(row)
                    self._prepare()
                    continue
            except PicturaError as error:  # the disk or the database: it may be back later
                log.error("%s", error)
            self._wake.wait(LOOK_SECONDS)
            self._wake.clear()

    def _make(self, row: Row) -> None:
        """One job, to whatever end."""
        self.live = live = Live(row, self.store.seconds_of(row))
        try:
            paths, names = find_files(self.store, self.folder, row["order"])
            target = self.folder.result(row["id"])
            task = {"task": "make", "order": row["order"], "paths": paths, "names": names, "result": str(target)}
            task |= {size: str(self.folder.view_path(target, size)) for size in ("view", "thumb")}
            made = self.worker.call(task, live.hear)
            seconds = time.monotonic() - live.began
            if not self.store.end(row["id"], "done", seconds=seconds, **made):
                self.folder.remove(target)  # cancelled in its last moment
        except PicturaError as error:
            self.store.end(row["id"], "failed", error=str(error))
        except Ended as ended:
            if not self._ending:
                self._clean_up(row, ended.code)
        finally:
            self.live = None

    def _prepare(self) -> None:
        """Have a worker ready for the next job, where the last one was killed."""
        if self._ending:
            return
        try:
            self.worker.start()
        except Ended as ended:  # the next job will tell
            log.warning("the worker ended with %s at its start", ended.code)

    def _clean_up(self, row: Row, code: int) -> None:
        """After the end of a worker during a job."""
        self.folder.remove(self.folder.result(row["id"]))
        remove_temporaries(self.folder.results)
        if self._killed is not None and self._killed != row["id"]:
            self.store.put_back(row["id"])  # it was meant for the job before, which ended in the same moment
        elif self._killed is None:
            log.warning("the worker ended with %s during job %s", code, row["id"])
            self.store.end(row["id"], "failed", error=_explain_end(code))
        self._killed = None


def _explain_end(code: int) -> str:
    """The sentence for a worker that was not killed by us: mostly the system has taken its memory back."""
    how = "the system ended it, as it does when memory runs out" if code == -9 else f"its program ended with {code}"
    return f"This could not be made ({how}): use a smaller picture, or close other programs."


def find_files(store: Store, folder: Folder, order: str) -> tuple[dict[str, str], dict[str, str]]:
    """(paths, names) of the pictures an order speaks of, by id.

    Raises:
        PicturaError: one is not there.
    """
    paths: dict[str, str] = {}
    names: dict[str, str] = {}
    for id_ in pictures_of(parse_order(order)):
        row = store.picture(id_)
        path: Path | None = None if row is None else folder.picture(id_, row["suffix"])
        if row is None or path is None or not path.is_file():
            raise PicturaError("One of its pictures is not here any more: add it again.")
        paths[id_], names[id_] = str(path), row["name"]
    return paths, names
