"""Where bundles lie: in the package, in the cache, in a folder of the user's; no network, and no torch."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pictura.models import config
from pictura.runtime.cache import cached
from pictura.runtime.errors import PicturaError, nearest

SHIPPED = Path(__file__).parents[1] / "assets" / "models"
REGISTRY = "registry.json"
# A commit, not a branch: what a name means today it means tomorrow.
HUB_NAME = re.compile(r"(?P<repo>[\w-][\w.-]*/[\w-][\w.-]*)@(?P<revision>[0-9a-f]{40})")
_LIKE_HUB = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*(@[\w./-]*)?")


class Found(NamedTuple):
    """A bundle on this disk: the weights, whether config.json may lie beside them, and the SHA-256 to be expected."""

    path: Path
    folder: bool
    sha256: str | None = None


@dataclass(frozen=True)
class Known:
    """A bundle that needs no path: shipped with pictura, or fetched once."""

    name: str
    title: str
    method: str
    bytes: int
    sha256: str
    licence: str
    metric: Any
    path: Path
    picture: Path | None
    shipped: bool


def folder() -> Path:
    """``$PICTURA_MODELS`` if set, else ``pictura/models`` in the user's cache; it need not exist."""
    return cached("models", "PICTURA_MODELS")


def shipped() -> dict[str, Known]:
    """The bundles that come with pictura, by name, as the registry tells of them; reads no weights."""
    path = SHIPPED / REGISTRY
    if not path.is_file():
        return {}
    entries = json.loads(path.read_text(encoding="utf-8"))
    return {name: _shipped(name, entry) for name, entry in sorted(entries.items())}


def _shipped(name: str, entry: dict[str, Any]) -> Known:
    picture = SHIPPED / f"{name}.jpg"
    words = {key: entry.get(key, "unknown") for key in ("title", "method", "licence", "metric")}
    return Known(
        name,
        **words,
        bytes=entry["bytes"],
        sha256=entry["sha256"],
        path=SHIPPED / f"{name}.safetensors",
        picture=picture if picture.is_file() else None,
        shipped=True,
    )


def available() -> list[Known]:
    """All shipped and cached bundles; reads neither weights nor network."""
    return [*shipped().values(), *_cached()]


def place(repo: str, revision: str) -> Path:
    """The cache's folder for one commit of a hub repository."""
    return folder() / f"{repo.replace('/', '--')}@{revision}"


def _cached() -> Iterator[Known]:
    """Folders of the cache that hold a bundle; what else lies there is passed over."""
    for path in sorted(folder().glob("*--*@*")):
        try:
            told = config.beside(path)
        except PicturaError:
            continue
        if told is None or not (path / config.WEIGHTS).is_file():
            continue
        about, weights, picture = told["about"], told.get("weights") or {}, path / config.PICTURE
        yield Known(
            name=path.name.replace("--", "/", 1),
            title=str(about.get("title", "unknown")),
            method=told["method"],
            bytes=(path / config.WEIGHTS).stat().st_size,
            sha256=str(weights.get("sha256", "unknown")),
            licence=str(about.get("licence", "unknown")),
            metric=about.get("metric", "unknown"),
            path=path / config.WEIGHTS,
            picture=picture if picture.is_file() else None,
            shipped=False,
        )


def find(source: str | Path) -> Found:
    """The bundle that `source` names: a path that exists, a shipped name, or owner/name@commit.

    Raises:
        PicturaError: there is none, with the nearest shipped name.
    """
    path = Path(source)
    if path.is_dir():
        if not (path / config.WEIGHTS).is_file():
            raise PicturaError(f"The folder '{path}' holds no bundle: there is no {config.WEIGHTS} in it.")
        return Found(path / config.WEIGHTS, folder=True)
    if path.is_file():
        return Found(path, folder=path.name == config.WEIGHTS)
    known = shipped()
    if (name := str(source)) in known:
        return _present(known[name])
    if match := HUB_NAME.fullmatch(name):
        from pictura.models.hub import fetch  # here, because only this asks the network

        return Found(fetch(match["repo"], match["revision"]), folder=True)
    raise PicturaError(_unknown(name, known))


def _present(known: Known) -> Found:
    if not known.path.is_file():
        raise PicturaError(f"The model '{known.name}' belongs to the package and is gone: install pictura again.")
    return Found(known.path, folder=False, sha256=known.sha256)


def _unknown(name: str, known: dict[str, Known]) -> str:
    """Why nothing answers to that name."""
    if _LIKE_HUB.fullmatch(name) and not Path(name).suffix:
        repo = name.split("@")[0]
        return (
            f"There is no folder '{name}'; for a model on the hub name the commit too, {repo}@ and its 40 digits, "
            "which its page lists under Files and History."
        )
    if len(Path(name).parts) > 1 or Path(name).suffix:
        return f"'{name}' does not exist: check the path."
    listed = ", ".join(known) or "none is shipped"
    return f"There is no model '{name}', neither a folder nor a shipped one ({listed}).{nearest(name, known)}"
