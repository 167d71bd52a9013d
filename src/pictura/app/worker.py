"""The program that makes: `python -m pictura.app.worker`. Tasks come as lines of JSON, and so go what it has to tell.

It is a program of its own so that it can be killed at any moment, by a person who cancels or by the system, and the
server goes on. When the server ends, its input ends, and it ends, too.
"""

import argparse
import base64
import io
import json
import os
import queue
import sys
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from pictura.runtime.threads import set_environment

set_environment()
from pictura.app.catalogue import list_looks  # noqa: E402
from pictura.app.making import PREVIEW_SIDE, Desk, make, make_preview, reduce_picture, warm_up  # noqa: E402
from pictura.app.orders import parse_order  # noqa: E402
from pictura.methods.iterative.run import Step  # noqa: E402
from pictura.picture import Picture, read, write  # noqa: E402
from pictura.picture.formats import format_by_content  # noqa: E402
from pictura.runtime.documents import parse_json  # noqa: E402
from pictura.runtime.errors import PicturaError, explain  # noqa: E402
from pictura.runtime.files import write_atomic  # noqa: E402
from pictura.runtime.memory import return_freed  # noqa: E402
from pictura.runtime.threads import use_threads  # noqa: E402

VIEW_SIDE, THUMB_SIDE = 1600, 320  # pixels: a large window, and a thumbnail on a fine screen
STEP_SIDE, STEP_SECONDS = 640, 0.6  # of the pictures on the way, and how often one is told
QUALITY = 85
KEPT = 8  # small pictures kept for the next preview
Tell = Callable[[dict[str, Any]], None]


class Maker:
    """Does the tasks: check, preview, make, convert, looks."""

    def __init__(self, tell: Tell, memory: int) -> None:
        self.tell, self.memory = tell, memory
        self.small: OrderedDict[Path, Picture] = OrderedDict()

    def __call__(self, task: dict[str, Any]) -> dict[str, Any]:
        """The answer to a task."""
        does: dict[str, Callable[..., dict[str, Any]]] = {
            "check": self.check,
            "preview": self.preview,
            "make": self.make,
            "convert": self.convert,
            "looks": lambda: {"looks": list_looks()},
        }
        return does[task.pop("task")](**task)

    def check(self, path: str, view: str, thumb: str, mask: bool = False) -> dict[str, Any]:
        """Read a picture that somebody sent, and write what the page shows of it."""
        with Path(path).open("rb") as file:
            suffix = format_by_content(file, Path(path)).suffixes[0]
        picture = read(path)
        self._show(picture, view, thumb)
        if not mask:
            self._keep_small(Path(path).with_suffix(suffix), reduce_picture(picture, PREVIEW_SIDE))
        return {"height": picture.size[0], "width": picture.size[1], "suffix": suffix}

    def preview(self, order: str, paths: dict[str, str], names: dict[str, str]) -> dict[str, Any]:
        """What an order will be like."""
        parsed, desk = parse_order(order), self._desk(paths, names)
        path = desk.paths[parsed.picture]
        if path not in self.small:
            self._keep_small(path, reduce_picture(read(path), PREVIEW_SIDE))
        before, after = make_preview(parsed, self.small[path], lambda: read(path), desk)
        pieces = {} if before is self.small[path] else {"before": _pack(before)}
        return {"after": _pack(after), **pieces}

    def make(
        self, order: str, paths: dict[str, str], names: dict[str, str], result: str, view: str, thumb: str
    ) -> dict[str, Any]:
        """The ordered picture as a file, which is there whole or not at all; the views come first."""
        parsed, desk = parse_order(order), self._desk(paths, names)
        made, settings = make(parsed, read(desk.paths[parsed.picture]), desk, Progress(self.tell))
        self._show(made, view, thumb)
        write(made, result, overwrite=True, settings=settings)
        return {"height": made.size[0], "width": made.size[1]}

    def convert(self, path: str, target: str) -> dict[str, Any]:
        """A picture in another format, with all that its file knows."""
        picture = read(path)
        write(picture, target, overwrite=True, settings=picture.settings, quality=95)
        return {}

    def _show(self, picture: Picture, view: str, thumb: str) -> None:
        shown = reduce_picture(picture, VIEW_SIDE)
        write_atomic(view, _encode(shown), overwrite=True)
        write_atomic(thumb, _encode(reduce_picture(shown, THUMB_SIDE)), overwrite=True)

    def _keep_small(self, path: Path, picture: Picture) -> None:
        self.small[path] = picture
        while len(self.small) > KEPT:
            self.small.popitem(last=False)

    def _desk(self, paths: dict[str, str], names: dict[str, str]) -> Desk:
        return Desk({id_: Path(path) for id_, path in paths.items()}, names, self.memory)


class Progress:
    """Tells of the steps of an optimization: how far it is, how long it takes, what it looks like."""

    def __init__(self, tell: Tell) -> None:
        self.tell, self.told = tell, 0.0

    def __call__(self, step: Step) -> None:
        """Called after each step."""
        if time.monotonic() - self.told < STEP_SECONDS and step.step < step.steps:
            return
        self.told = time.monotonic()
        picture = _pack(reduce_picture(Picture.of(step.picture()), STEP_SIDE))
        self.tell({"step": step.step, "steps": step.steps, "left": step.left, "picture": picture})


def _encode(picture: Picture) -> bytes:
    file = io.BytesIO()
    # Method 2 is four times as fast as the usual 4, for files an eighth larger.
    picture.pil().save(file, "WEBP", quality=QUALITY, method=2)
    return file.getvalue()


def _pack(picture: Picture) -> str:
    return base64.b64encode(_encode(picture)).decode()


def run(lines: "queue.Queue[str | None]", output: BinaryIO, memory: int) -> None:
    """Do tasks until there are no more; whatever goes wrong with one is told in a sentence."""

    def tell(told: dict[str, Any]) -> None:
        output.write(json.dumps(told).encode() + b"\n")
        output.flush()

    maker = Maker(tell, memory)
    warm_up()
    tell({"ready": True})
    while (line := lines.get()) is not None:
        try:
            tell({"done": maker(parse_json(line))})
        except PicturaError as error:
            tell({"error": str(error)})
        except Exception as error:  # noqa: BLE001, whatever one task does, the next is done
            traceback.print_exc()
            tell(
                {
                    "error": explain(error, "The picture", alone=True).removesuffix(
                        ": add --debug to see where it happened."
                    )
                }
            )


def _listen(lines: "queue.Queue[str | None]") -> None:
    """Put what comes into the queue; when the server is gone nobody wants what is being made."""
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)


def _limit_memory(bytes_: int) -> None:
    """Have the system refuse more: then this program has an error, instead of the machine no memory."""
    if sys.platform == "linux" and bytes_:
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (bytes_, bytes_))


def main() -> None:
    """Take options, listen, work."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--nice", type=int, default=0)
    parser.add_argument("--memory", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    if hasattr(os, "nice"):
        os.nice(options.nice)
    _limit_memory(options.memory)
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    return_freed()
    use_threads(options.threads or None)
    from pictura.networks.tiling.streaming import DEFAULT_MEMORY

    run(lines, output, min(DEFAULT_MEMORY, options.memory // 4) if options.memory else DEFAULT_MEMORY)


if __name__ == "__main__":
    main()
