"""Small databases through SQLAlchemy: SQLite in one file, or another that a URL names; errors in one sentence."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from pictura.runtime.errors import PicturaError, reason

try:
    import sqlalchemy as sa
    from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
    from sqlalchemy.pool import NullPool
except ImportError as error:
    raise PicturaError("This needs SQLAlchemy, which is not installed: pip install sqlalchemy.") from error

BUSY_SECONDS = 30  # a write waits so long for another program's


class Database:
    """An engine whose transactions raise PicturaError, one sentence, when the database is gone or refuses.

    shown: how messages name it.
    """

    def __init__(self, engine: sa.Engine, shown: str) -> None:
        self.engine, self.shown = engine, shown
        self._turn = threading.Lock()  # SQLite has one writer; waiting here is fair, its own is not
        self._lite = engine.dialect.name == "sqlite"

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    @contextlib.contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that is kept when it ends without an error."""
        with self._turn if self._lite else contextlib.nullcontext(), self.errors(), self.engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection to look with."""
        with self.errors(), self.engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """What SQLAlchemy raises inside as PicturaError; IntegrityError is for the caller."""
        try:
            yield
        except IntegrityError:
            raise
        except SQLAlchemyError as error:
            cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
            raise PicturaError(
                f"The database {self.shown} cannot be used ({reason(cause)}): check that it is there and runs."
            ) from error


def make_file(path: Path) -> None:
    """An empty file for a database, where there is none.

    Raises:
        PicturaError: the folder does not allow it.
    """
    try:
        path.touch()
    except OSError as error:
        raise PicturaError(f"'{path}' cannot be made ({error.strerror}): check the folder.") from error


def open_file_engine(path: Path) -> sa.Engine:
    """SQLite in a file, opened anew for each piece of work, and as a file that has to exist.

    What is stored must not go into a file that was deleted, as it would through a connection that is kept.
    """
    file = sa.URL.create("sqlite", database=path.resolve().as_uri(), query={"mode": "rw", "uri": "true"})
    return sa.create_engine(file, poolclass=NullPool, connect_args={"timeout": BUSY_SECONDS})
