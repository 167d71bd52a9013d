"""What the studio was given and asked for, in SQLite: what stands here is there after a power cut, too."""

import secrets
import struct
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from pictura.app.folder import Folder, new_id
from pictura.app.orders import Order, effort_of, guess_seconds, megapixels_of, parse_order, pictures_of
from pictura.runtime.errors import PicturaError

try:
    import sqlalchemy as sa
    from sqlalchemy.exc import IntegrityError

    from pictura.runtime.database import Database, make_file, open_file_engine
except ImportError as error:
    raise PicturaError("The studio needs SQLAlchemy, which is not installed: pip install 'pictura[app]'.") from error

MAX_TRIES = 3  # of a job during which the server ended
RECENT = 12  # jobs of a kind that say how long the next takes
ACTIVE = ("queued", "running")

metadata = sa.MetaData()
facts = sa.Table(
    "studio_facts",
    metadata,
    sa.Column("name", sa.String(16), primary_key=True),
    sa.Column("value", sa.String(64), nullable=False),
)
pictures = sa.Table(
    "studio_pictures",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("role", sa.String(8), nullable=False),  # photo, style or mask
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("suffix", sa.String(8), nullable=False),
    sa.Column("bytes", sa.Integer, nullable=False),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("given", sa.String(32), nullable=False),
    sa.Column("shown", sa.Boolean, nullable=False),  # false when removed while the history needs it
)
jobs = sa.Table(
    "studio_jobs",
    metadata,
    sa.Column("place", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(16), nullable=False, unique=True),
    sa.Column("batch", sa.String(16), nullable=False, index=True),
    sa.Column("picture", sa.String(16), nullable=False, index=True),
    sa.Column("title", sa.String(80), nullable=False),
    sa.Column("order", sa.Text, nullable=False),
    sa.Column("effort", sa.String(32), nullable=False),
    sa.Column("megapixels", sa.Float, nullable=False),
    sa.Column("state", sa.String(10), nullable=False, index=True),  # queued, running, done, failed, cancelled
    sa.Column("error", sa.Text),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("asked", sa.String(32), nullable=False),
    sa.Column("ended", sa.String(32)),
    sa.Column("seconds", sa.Float),
    sa.Column("width", sa.Integer),
    sa.Column("height", sa.Integer),
)


class Asked(NamedTuple):
    """An order and what it is called."""

    order: Order
    title: str


Row = dict[str, Any]


class Store:
    """The pictures and jobs of one folder; `changes` counts what was written, so that others know when to look."""

    def __init__(self, folder: Folder) -> None:
        self.folder, self.changes = folder, 0
        if not folder.database.exists():
            make_file(folder.database)
            folder.database.chmod(0o600)
        self.database = Database(open_file_engine(folder.database), f"'{folder.database}'")
        with self.database.errors():
            metadata.create_all(self.database.engine)
        self._counting = threading.Lock()
        self._recover()

    def close(self) -> None:
        """Give the connections back."""
        self.database.close()

    def token(self) -> str:
        """What a page must send with whatever changes something: the same after a restart, so that pages go on."""
        return self._fact("token", secrets.token_urlsafe(24))

    @property
    def paused(self) -> bool:
        """Whether no further job is begun."""
        return self._fact("paused", "no") == "yes"

    @paused.setter
    def paused(self, paused: bool) -> None:
        self._fact("paused", "no")
        self._write(sa.update(facts).where(facts.c.name == "paused").values(value="yes" if paused else "no"))

    def add_picture(self, row: Row) -> None:
        """Store what is known of a picture that was checked."""
        self._write(sa.insert(pictures).values(given=_now(), shown=True, **row))

    def picture(self, id_: str) -> Row | None:
        """A picture by its id."""
        found = self._rows(sa.select(pictures).where(pictures.c.id == id_))
        return found[0] if found else None

    def shown_pictures(self) -> list[Row]:
        """Photographs and styles on the desk, as they came."""
        wanted = sa.select(pictures).where(pictures.c.shown, pictures.c.role != "mask")
        return self._rows(wanted.order_by(pictures.c.given, pictures.c.id))

    def count_pictures(self) -> tuple[int, int]:
        """(how many there are, their bytes)."""
        count = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(pictures.c.bytes), 0)).select_from(pictures)
        with self.database.read() as connection:
            number, size = connection.execute(count).one()
        return int(number), int(size)

    def hide_picture(self, id_: str) -> None:
        """Take a picture from the desk; its file goes, too, unless a job speaks of it."""
        self._write(sa.update(pictures).where(pictures.c.id == id_).values(shown=False))
        self._sweep([id_])

    def add_jobs(self, batch: str, asked: Sequence[Asked], most: int) -> bool:
        """Queue a batch, all or nothing; False when it was queued before: sending it twice makes it once.

        Raises:
            PicturaError: more jobs would wait than may, or a picture is not there.
        """
        rows = [self._job_row(batch, one) for one in asked]
        waiting = sa.select(sa.func.count()).select_from(jobs).where(jobs.c.state.in_(ACTIVE))
        known = sa.select(jobs.c.id).where(jobs.c.batch == batch).limit(1)
        with self.database.write() as connection:
            if connection.execute(known).first() is not None:
                return False
            if (there := connection.execute(waiting).scalar_one()) + len(rows) > most:
                raise PicturaError(f"{there} pictures wait already, and {most} may: let some be made first.")
            connection.execute(sa.insert(jobs), rows)
        self._count()
        return True

    def _job_row(self, batch: str, asked: Asked) -> Row:
        picture = self.picture(asked.order.picture)
        if picture is None:
            raise PicturaError("That photograph is not here any more: add it again.")
        effort = effort_of(asked.order)
        work = megapixels_of(asked.order, picture["width"], picture["height"])
        row = {"id": new_id(), "batch": batch, "picture": picture["id"], "title": asked.title, "effort": effort}
        row |= {"order": asked.order.model_dump_json(), "megapixels": work, "state": "queued", "tries": 0}
        return row | {"asked": _now()}

    def start_next(self) -> Row | None:
        """The job that has waited longest, now running; None when none waits, or all are to wait."""
        if self.paused:
            return None
        first = sa.select(jobs).where(jobs.c.state == "queued").order_by(jobs.c.place).limit(1)
        with self.database.write() as connection:
            row = connection.execute(first).mappings().one_or_none()
            if row is None:
                return None
            now = sa.update(jobs).where(jobs.c.place == row["place"])
            connection.execute(now.values(state="running", tries=jobs.c.tries + 1))
        self._count()
        return dict(row)

    def end(self, id_: str, state: str, **values: Any) -> bool:
        """Write how a running job ended; False when it was cancelled before."""
        running = sa.update(jobs).where(jobs.c.id == id_, jobs.c.state == "running")
        return self._write(running.values(state=state, ended=_now(), **values)) > 0

    def put_back(self, id_: str) -> None:
        """Have a running job wait again."""
        self._write(sa.update(jobs).where(jobs.c.id == id_, jobs.c.state == "running").values(state="queued"))

    def cancel(self, ids: Sequence[str]) -> None:
        """Of these, those that are not at their end are cancelled."""
        active = sa.update(jobs).where(jobs.c.id.in_(ids), jobs.c.state.in_(ACTIVE))
        self._write(active.values(state="cancelled", ended=_now()))

    def job(self, id_: str) -> Row | None:
        """A job by its id."""
        found = self._rows(sa.select(jobs).where(jobs.c.id == id_))
        return found[0] if found else None

    def active_jobs(self) -> list[Row]:
        """Those that run or wait, the next first."""
        return self._rows(sa.select(jobs).where(jobs.c.state.in_(ACTIVE)).order_by(jobs.c.place))

    def ended_jobs(self, before: int | None, limit: int, batch: str | None = None) -> list[Row]:
        """Those at their end, the latest first; `before` is the place of the last one that was seen."""
        wanted = sa.select(jobs).where(jobs.c.state.not_in(ACTIVE))
        wanted = wanted if before is None else wanted.where(jobs.c.place < before)
        wanted = wanted if batch is None else wanted.where(jobs.c.batch == batch)
        return self._rows(wanted.order_by(jobs.c.place.desc()).limit(limit))

    def forget_job(self, id_: str) -> None:
        """Remove a job that is at its end, and its result."""
        row = self.job(id_)
        if row is None or row["state"] in ACTIVE:
            return
        self._write(sa.delete(jobs).where(jobs.c.id == id_))
        self.folder.remove(self.folder.result(id_))
        self._sweep(_ids_in(row["order"]))

    def seconds_of(self, row: Row) -> float:
        """How long a job may take: as the last ones of its kind, by their sizes."""
        kind = sa.select(jobs.c.seconds, jobs.c.megapixels).where(jobs.c.effort == row["effort"])
        recent = kind.where(jobs.c.state == "done").order_by(jobs.c.place.desc()).limit(RECENT)
        with self.database.read() as connection:
            known = [(seconds, size) for seconds, size in connection.execute(recent) if seconds and size]
        if not known:
            return guess_seconds(row["effort"], row["megapixels"])
        rate = sum(seconds for seconds, _ in known) / sum(size for _, size in known)
        return float(rate * row["megapixels"])

    def _recover(self) -> None:
        """After an end in the middle of a job: what is written is done, what is not is made again, but not for ever."""
        for row in self._rows(sa.select(jobs).where(jobs.c.state == "running")):
            if (size := _size_of_png(self.folder.result(row["id"]))) is not None:
                self.end(row["id"], "done", width=size[0], height=size[1])
            elif row["tries"] >= MAX_TRIES:
                self.end(row["id"], "failed", error=f"The studio ended {MAX_TRIES} times while this was made.")
            else:
                self.put_back(row["id"])

    def _sweep(self, ids: Sequence[str]) -> None:
        """Remove those of these pictures that nobody sees and no job speaks of."""
        for id_ in ids:
            row = self.picture(id_)
            spoken = sa.select(jobs.c.id).where(jobs.c.order.contains(id_)).limit(1)
            if row is not None and not row["shown"] and not self._rows(spoken):
                self._write(sa.delete(pictures).where(pictures.c.id == id_))
                self.folder.remove(self.folder.picture(id_, row["suffix"]))

    def _fact(self, name: str, usual: str) -> str:
        try:
            with self.database.write() as connection:
                connection.execute(sa.insert(facts).values(name=name, value=usual))
            return usual
        except IntegrityError:
            return str(self._rows(sa.select(facts.c.value).where(facts.c.name == name))[0]["value"])

    def _rows(self, wanted: sa.Select[Any]) -> list[Row]:
        with self.database.read() as connection:
            return [dict(row) for row in connection.execute(wanted).mappings()]

    def _write(self, statement: sa.Update | sa.Delete | sa.Insert) -> int:
        with self.database.write() as connection:
            count: int = connection.execute(statement).rowcount
        self._count()
        return count

    def _count(self) -> None:
        with self._counting:
            self.changes += 1


def _ids_in(order: str) -> list[str]:
    return list(pictures_of(parse_order(order)))


def _size_of_png(path: Path) -> tuple[int, int] | None:
    """(width, height), by the header; None where there is no file."""
    try:
        with path.open("rb") as file:
            width, height = struct.unpack(">II", file.read(24)[16:])
    except (OSError, struct.error):
        return None
    return int(width), int(height)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
