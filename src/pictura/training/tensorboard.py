"""Losses, pace and sample sheets for TensorBoard, where that is asked for: ``events.out.tfevents.…`` beside the log.

tensorboardX, an extra, makes the records. Its SummaryWriter is left alone: it writes in a thread, and where the disk
refuses a record that thread ends, and who gives it the next ones waits for ever.
"""

import contextlib
import os
import struct
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from pictura.runtime.errors import PicturaError

FILE_PREFIX = "events.out.tfevents."  # TensorBoard reads what has "tfevents" in its name, in the order of the names
FLUSH_SECONDS = 10.0  # from one writing to the disk to the next
_FILE_VERSION = "brain.Event:2"  # what files of this format begin with
_HEAD = struct.Struct("<QI")  # of a record: its length and that number's checksum; after it comes the record's own


def check_tensorboard() -> None:
    """Before anything slow.

    Raises:
        PicturaError: tensorboardX is not installed.
    """
    try:
        import tensorboardX  # noqa: F401
    except ImportError as error:
        raise PicturaError("tensorboard=true requires tensorboardX: pip install 'pictura[tensorboard]'.") from error


class Events:
    """Appends to a file in the run's folder once `begin` is called; events that cannot be written stop no training."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file: Any = None
        self._note, self._flushed_at = "", 0.0

    def begin(self, step: int) -> None:
        """Forget what was written after `step`: a resumed training takes those steps again."""
        from tensorboardX.proto.event_pb2 import SessionLog
        from tensorboardX.record_writer import RecordWriter

        with self._catch_os_errors():
            for path in sorted(self.folder.glob(f"{FILE_PREFIX}*")):
                _truncate(path, step)
            # Always a new file: a TensorBoard that is running continues with it, and forgets what the old one had.
            self._file = RecordWriter(str(self.folder / f"{FILE_PREFIX}{time.time_ns()}"))
            self._write(0, file_version=_FILE_VERSION)
            self._write(step + 1, session_log=SessionLog(status=SessionLog.START))
            self._file.flush()

    def add(self, step: int, losses: Mapping[str, float], rate: float) -> None:
        """After each step, from 1: the losses and images per second."""
        if self._file is None:
            return
        from tensorboardX.proto.summary_pb2 import Summary

        values = {f"loss/{name}": value for name, value in losses.items()} | {"pace/images_per_second": rate}
        with self._catch_os_errors():
            lines = [Summary.Value(tag=name, simple_value=value) for name, value in values.items()]
            self._write(step, summary=Summary(value=lines))
            if time.monotonic() - self._flushed_at > FLUSH_SECONDS:
                self.flush()

    def show(self, step: int, sheet: Path) -> None:
        """The sample sheet of this step, a PNG."""
        if self._file is None:
            return
        from tensorboardX.proto.summary_pb2 import Summary

        with self._catch_os_errors():
            content = sheet.read_bytes()
            width, height = struct.unpack(">II", content[16:24])  # where every PNG has them
            image = Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=content)
            self._write(step, summary=Summary(value=[Summary.Value(tag="samples", image=image)]))

    def flush(self) -> None:
        """Have the events reach the disk; before a checkpoint, so that none before it is missing."""
        if self._file is not None:
            with self._catch_os_errors():
                self._file.flush()
                self._flushed_at = time.monotonic()

    def close(self) -> None:
        """At the end of the training."""
        self.flush()
        self._close_file()

    def note(self) -> str:
        """What a person should know, once."""
        note, self._note = self._note, ""
        return note

    def _write(self, step: int, **what: Any) -> None:
        from tensorboardX.proto.event_pb2 import Event

        self._file.write(Event(wall_time=time.time(), step=step, **what).SerializeToString())

    @contextlib.contextmanager
    def _catch_os_errors(self) -> Iterator[None]:
        """An OSError inside becomes a note and the end of the events."""
        try:
            yield
        except OSError as error:
            why = error.strerror or error
            self._note = f"TensorBoard logs could not be written ({why}): training continues without them"
            self._close_file()

    def _close_file(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):  # what could not be written cannot be written now
                self._file.close()
            self._file = None


def _truncate(path: Path, step: int) -> None:
    """Cut off the events after `step`, and what a crash left torn; a file without any other goes."""
    end, full = 0, False
    with path.open("r+b") as file:
        while (event := _read_event(file)) is not None and event.step <= step:
            end, full = file.tell(), full or event.HasField("summary")
        file.truncate(end)
    if not full:
        path.unlink()


def _read_event(file: BinaryIO) -> Any:
    """The next event of an open file, None where no whole one follows."""
    from google.protobuf.message import DecodeError
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.record_writer import masked_crc32c

    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    length, checksum = _HEAD.unpack(head)
    if checksum != masked_crc32c(head[:8]) or file.tell() + length + 4 > os.fstat(file.fileno()).st_size:
        return None
    with contextlib.suppress(DecodeError):
        event = Event.FromString(file.read(length))
        file.read(4)
        return event
    return None
