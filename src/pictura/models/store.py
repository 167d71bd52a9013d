"""Where bundles lie: in the package, in the cache, in a folder of the user's; no network, and no torch."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pictura.models import config
from pictura.models.hub import fetch_bundle
from pictura.runtime.documents import read_json
from pictura.runtime.errors import PicturaError, did_you_mean
from pictura.runtime.files import cache_folder

BUNDLED_FOLDER = Path(__file__).parents[1] / "assets" / "models"
REGISTRY = "registry.json"
# A commit, not a branch: what a name means today it means tomorrow.
HUB_NAME = re.compile(r"(?P<repo>[\w-][\w.-]*/[\w-][\w.-]*)@(?P<revision>[0-9a-f]{40})")
_HUB_LIKE = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*(@[\w./-]*)?")


class BundleFile(NamedTuple):
    """A bundle on this disk: the weights, whether config.json may lie beside them, and the SHA-256 to be expected."""

    path: Path
    folder: bool
    sha256: str | None = None


@dataclass(frozen=True)
class ModelInfo:
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


def models_folder() -> Path:
    """``$PICTURA_MODELS`` if set, else ``pictura/models`` in the user's cache; it need not exist."""
    return cache_folder("models", "PICTURA_MODELS")


def bundled_models() -> dict[str, ModelInfo]:
    """The bundles that come with pictura, by name, as the registry tells of them; reads no weights."""
    return {name: _bundled_model(name, entry) for name, entry in sorted(read_registry().items())}


def read_registry() -> dict[str, dict[str, Any]]:
    """The package's registry of bundles: name → title, method, bytes, sha256, licence, metric."""
    path = BUNDLED_FOLDER / REGISTRY
    entries: dict[str, dict[str, Any]] = read_json(path) if path.is_file() else {}
    return entries


def _bundled_model(name: str, entry: dict[str, Any]) -> ModelInfo:
    picture = BUNDLED_FOLDER / f"{name}.jpg"
    words = {key: entry.get(key, "unknown") for key in ("title", "method", "licence", "metric")}
    return ModelInfo(
        name,
        **words,
        bytes=entry["bytes"],
        sha256=entry["sha256"],
        path=BUNDLED_FOLDER / f"{name}.safetensors",
        picture=picture if picture.is_file() else None,
        shipped=True,
    )


def available_models() -> list[ModelInfo]:
    """All shipped and cached bundles; reads neither weights nor network."""
    return [*bundled_models().values(), *_cached_models()]


def hub_folder(repo: str, revision: str) -> Path:
    """The cache's folder for one commit of a hub repository."""
    return models_folder() / f"{repo.replace('/', '--')}@{revision}"


def _cached_models() -> Iterator[ModelInfo]:
    """Folders of the cache that hold a bundle; what else lies there is passed over."""
    for path in sorted(models_folder().glob("*--*@*")):
        try:
            words = config.read_config(path)
        except PicturaError:
            continue
        if words is None or not (path / config.WEIGHTS_FILE).is_file():
            continue
        about, picture = words["about"], path / config.PICTURE_FILE
        yield ModelInfo(
            name=path.name.replace("--", "/", 1),
            title=str(about.get("title", "unknown")),
            method=words["method"],
            bytes=(path / config.WEIGHTS_FILE).stat().st_size,
            sha256=config.weights_sha256(words) or "unknown",
            licence=str(about.get("licence", "unknown")),
            metric=about.get("metric", "unknown"),
            path=path / config.WEIGHTS_FILE,
            picture=picture if picture.is_file() else None,
            shipped=False,
        )


def find_bundle(source: str | Path) -> BundleFile:
    """The bundle that `source` names: a path that exists, a shipped name, or owner/name@commit.

    Raises:
        PicturaError: there is none, with the nearest shipped name.
    """
    path = Path(source)
    if path.is_dir():
        if not (path / config.WEIGHTS_FILE).is_file():
            raise PicturaError(f"'{path}' is not a model folder: {config.WEIGHTS_FILE} is missing.")
        return BundleFile(path / config.WEIGHTS_FILE, folder=True)
    if path.is_file():
        return BundleFile(path, folder=path.name == config.WEIGHTS_FILE)
    bundled = bundled_models()
    if (name := str(source)) in bundled:
        return _check_present(bundled[name])
    if match := HUB_NAME.fullmatch(name):
        repo, revision = match["repo"], match["revision"]
        target = hub_folder(repo, revision)
        return BundleFile(
            fetch_bundle(repo, revision, target, models_folder() / "downloads" / target.name), folder=True
        )
    raise PicturaError(_unknown_message(name, bundled))


def _check_present(model: ModelInfo) -> BundleFile:
    if not model.path.is_file():
        raise PicturaError(f"The bundled model '{model.name}' is missing; reinstall pictura.")
    return BundleFile(model.path, folder=False, sha256=model.sha256)


def _unknown_message(name: str, bundled: dict[str, ModelInfo]) -> str:
    """Why there is no model of that name."""
    if _HUB_LIKE.fullmatch(name) and not Path(name).suffix:
        repo = name.split("@")[0]
        return (
            f"There is no folder '{name}'; for a model on the hub give the commit, too: {repo}@ and its 40 digits, "
            "which its page lists under Files and History."
        )
    if len(Path(name).parts) > 1 or Path(name).suffix:
        return f"'{name}' does not exist: check the path."
    listed = ", ".join(bundled) or "none"
    return f"Model '{name}' not found; bundled models: {listed}.{did_you_mean(name, bundled)}"
