"""The answers, in SQLite or PostgreSQL: each stored when it is given, and at most one for each trial of a rater."""

import contextlib
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from pictura.runtime.errors import PicturaError

try:
    import sqlalchemy as sa
    from sqlalchemy.exc import IntegrityError, NoSuchModuleError, SQLAlchemyError

    from pictura.runtime.database import Database, make_file, open_file_engine
except ImportError as error:
    raise PicturaError("Studies need SQLAlchemy, which is not installed: pip install 'pictura[study]'.") from error

ANSWERS_FILE = "answers.sqlite"
NUMBER_TRIES = 200  # more than raters that may start in one moment

metadata = sa.MetaData()
sessions = sa.Table(
    "pictura_sessions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("study", sa.String(16), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),  # decides what the rater is shown
    sa.Column("token", sa.String(64), nullable=False, unique=True),  # the rater's browser knows it, and nobody else
    sa.Column("rater", sa.String(16), nullable=False, unique=True),
    sa.Column("started", sa.String(32), nullable=False),
    sa.UniqueConstraint("study", "number"),
)
answers = sa.Table(
    "pictura_answers",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),  # made by the browser, the same however often it sends
    sa.Column("session", sa.ForeignKey("pictura_sessions.id"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("answer", sa.String(16), nullable=False),
    sa.Column("response_ms", sa.Float, nullable=False),
    sa.Column("exposure_ms", sa.Float),  # of the first picture
    sa.Column("second_ms", sa.Float),
    sa.Column("views", sa.Integer, nullable=False),  # how often the trial was begun: more than once after a reload
    sa.Column("scale", sa.Float, nullable=False),  # screen pixels per picture pixel
    sa.Column("ratio", sa.Float, nullable=False),  # screen pixels per CSS pixel
    sa.Column("given", sa.String(32), nullable=False),
    sa.UniqueConstraint("session", "position"),
)


class Rater(NamedTuple):
    """A session: its key in the database, its number, and the random name it has in exports."""

    id: int
    number: int
    rater: str


class Stored(NamedTuple):
    """What the database has for a trial: `id` tells whether it is the answer that was sent."""

    id: str
    answer: str


class Store:
    """The answers of one study.

    Every method raises PicturaError, one sentence, when the database is gone or refuses.
    """

    def __init__(self, url: str, study: str, *, create: bool = True) -> None:
        self.study = study
        self._database = Database(*_open_engine(url, create=create))
        with self._database.errors():
            if create:
                metadata.create_all(self._database.engine)
            elif not sa.inspect(self._database.engine).has_table(answers.name):
                raise PicturaError(f"The database {self._database.shown} has no answers: serve the study first.")

    def close(self) -> None:
        """Give the connections back."""
        self._database.close()

    def start(self) -> str:
        """A new session's token; it has the lowest number that is free."""
        token, rater = secrets.token_urlsafe(24), secrets.token_hex(6)
        highest = sa.select(sa.func.coalesce(sa.func.max(sessions.c.number) + 1, 0))
        number = highest.where(sessions.c.study == self.study).scalar_subquery()
        row = {"study": self.study, "token": token, "rater": rater, "started": _now()}
        for _ in range(NUMBER_TRIES):
            with contextlib.suppress(IntegrityError), self._database.write() as connection:
                connection.execute(sa.insert(sessions).values(number=number, **row))
                return token
        raise PicturaError("Too many raters start in the same moment: try again.")

    def find(self, token: str) -> Rater | None:
        """The session of a token, if there is one."""
        wanted = sa.select(sessions.c.id, sessions.c.number, sessions.c.rater)
        with self._database.read() as connection:
            row = connection.execute(
                wanted.where(sessions.c.token == token, sessions.c.study == self.study)
            ).one_or_none()
        return None if row is None else Rater(*row)

    def read_answers(self, session: int) -> list[str]:
        """The session's answers in order: as many as trials are done."""
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(answers.c.answer).where(answers.c.session == session).order_by(answers.c.position)
            )
            return [row.answer for row in rows]

    def save(self, session: int, position: int, values: dict[str, Any]) -> Stored:
        """Store an answer, once: what the trial has afterwards, which is another where one was there already.

        Raises:
            ValueError: the answer's id belongs to another trial.
        """
        try:
            with self._database.write() as connection:
                connection.execute(
                    sa.insert(answers).values(session=session, position=position, given=_now(), **values)
                )
            return Stored(values["id"], values["answer"])
        except IntegrityError:
            with self._database.read() as connection:
                row = connection.execute(
                    sa.select(answers.c.id, answers.c.answer).where(
                        answers.c.session == session, answers.c.position == position
                    )
                ).one_or_none()
            if row is None:
                raise ValueError("the answer's id is taken") from None
            return Stored(*row)

    def rows(self) -> Iterator[dict[str, Any]]:
        """All answers with their rater and its number, by rater and position."""
        wanted = (
            sa.select(sessions.c.rater, sessions.c.number, sessions.c.started, answers)
            .join(answers, answers.c.session == sessions.c.id)
            .where(sessions.c.study == self.study)
            .order_by(sessions.c.number, answers.c.position)
        )
        with self._database.read() as connection:
            for row in connection.execute(wanted).mappings():
                yield {key: value for key, value in row.items() if key not in ("id", "session")}


def _open_engine(url: str, *, create: bool) -> tuple[sa.Engine, str]:
    """The engine of a URL, and how messages show it: without its password.

    SQLite is opened anew for each piece of work, and as a file that has to exist: answers must not go into one that
    was deleted, as they would through a connection that is kept.
    """
    try:
        parsed = sa.make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        shown = f"'{parsed.render_as_string(hide_password=True)}'"
        if parsed.get_backend_name() != "sqlite":
            return sa.create_engine(parsed, pool_pre_ping=True), shown
    except ModuleNotFoundError as error:
        raise PicturaError(
            f"The driver {error.name} of the database is not installed: pip install 'psycopg[binary]' for PostgreSQL."
        ) from error
    except (SQLAlchemyError, NoSuchModuleError, ValueError) as error:
        raise PicturaError(
            "The database's address is not understood: give sqlite:///FILE or postgresql://USER@HOST/NAME."
        ) from error
    path = Path(parsed.database or "")
    if not parsed.database or parsed.database == ":memory:":
        raise PicturaError("Answers in memory would be lost: give sqlite:///FILE.")
    if create and not path.exists():
        make_file(path)
    if not path.is_file():
        raise PicturaError(f"'{path}' does not exist: serve the study first, or give its database with --database.")
    return open_file_engine(path), f"'{path}'"


def open_store(folder: Path, study: str, url: str | None, *, create: bool) -> Store:
    """The answers of the study in `folder`: in the database at `url`, else in a file beside the study's."""
    return Store(url or f"sqlite:///{folder / ANSWERS_FILE}", study, create=create)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
