"""Where the studio keeps what it was given and what it made; files are named by ids, never by what a browser says."""

import os
import re
import secrets
import sys
import unicodedata
from pathlib import Path
from typing import IO

from pictura.runtime.errors import PicturaError
from pictura.runtime.files import lock_file, remove_temporaries

MAX_NAME = 100  # characters of a picture's name that are kept
_BAD = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u2028\u2029]+')


def default_folder() -> Path:
    """``$PICTURA_APP`` if set, else ``pictura`` where the system keeps what programs know of their user."""
    if named := os.environ.get("PICTURA_APP"):
        return Path(named).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "pictura" / "studio"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "pictura" / "studio"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "pictura" / "studio"


class Folder:
    """The folder of one studio; another program that opens it, too, is refused.

    Raises:
        PicturaError: it cannot be made, or a studio uses it already.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        try:
            for part in (self.pictures, self.results, self.coming):
                part.mkdir(parents=True, exist_ok=True)
            self._lock: IO[bytes] = (self.root / "lock").open("ab")
        except OSError as error:
            raise PicturaError(
                f"The folder '{root}' cannot be used ({error.strerror}): name another, with --folder."
            ) from error
        if lock_file(self._lock) is False:
            self._lock.close()
            raise PicturaError(
                f"A studio is open already with the folder '{root}': close it, or name another --folder."
            )
        for left in self.coming.iterdir():
            left.unlink(missing_ok=True)
        for part in (self.pictures, self.results):
            remove_temporaries(part)

    def close(self) -> None:
        """Let another program have it."""
        self._lock.close()

    @property
    def database(self) -> Path:
        """The file of the history."""
        return self.root / "history.sqlite"

    @property
    def pictures(self) -> Path:
        """Where the pictures are that somebody gave."""
        return self.root / "pictures"

    @property
    def results(self) -> Path:
        """Where the pictures are that were made."""
        return self.root / "results"

    @property
    def coming(self) -> Path:
        """Where pictures are until they are checked."""
        return self.root / "coming"

    def picture(self, id_: str, suffix: str) -> Path:
        """A picture as it was given."""
        return self.pictures / f"{id_}{suffix}"

    def result(self, id_: str) -> Path:
        """What a job has made."""
        return self.results / f"{id_}.png"

    def view_path(self, path: Path, size: str) -> Path:
        """What the page shows of a picture or a result: ``view`` or ``thumb``, in WebP."""
        return path.with_name(f"{path.stem}.{size}.webp")

    def remove(self, path: Path) -> None:
        """A picture or result with all that was made of it for the page."""
        for one in path.parent.glob(f"{path.stem}.*"):
            one.unlink(missing_ok=True)


def new_id() -> str:
    """One that nobody can guess."""
    return secrets.token_hex(8)


def clean_name(name: str) -> str:
    """A picture's name as a person may see it and a disk may have it: no folders, nothing that is not seen."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    kept = "".join(c for c in _BAD.sub("", last) if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
    kept = kept.strip(" .")
    stem, dot, suffix = kept.rpartition(".")
    if dot and len(suffix) <= 5:
        return f"{stem[:MAX_NAME].strip() or 'picture'}.{suffix}"
    return kept[:MAX_NAME] or "picture"
