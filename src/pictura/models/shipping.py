"""A bundle becomes one of those that come with pictura: one file, its picture, its line in the registry.

For those who train them; see recipes. `store` reads what is written here.
"""

import hashlib
import json
import re

from pictura.models import store
from pictura.models.bundle import Bundle
from pictura.models.saving import pack_bundle
from pictura.picture import Picture, write
from pictura.runtime.errors import PicturaError
from pictura.runtime.files import write_atomic

# What a card owes to whoever uses a model.
_REQUIRED_ABOUT = ("title", "does", "data", "data_licence", "licence", "metric")


def ship_bundle(bundle: Bundle, name: str, picture: Picture | None = None, *, overwrite: bool = False) -> None:
    """Put a bundle into the package as `name`, filters in float16.

    Raises:
        PicturaError: an invalid name, a word missing in `about`, or one of this name is shipped already.
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise PicturaError(f"'{name}' is not a valid model name; use lowercase letters, digits and single dashes.")
    if missing := [word for word in _REQUIRED_ABOUT if not bundle.about.get(word)]:
        raise PicturaError(f"The model '{name}' needs '{missing[0]}' in about.")
    content = pack_bundle(bundle.to_half())
    write_atomic(store.BUNDLED_FOLDER / f"{name}.safetensors", content, overwrite=overwrite)
    if picture is not None:
        write(picture, store.BUNDLED_FOLDER / f"{name}.jpg", quality=85, overwrite=overwrite)
    entry = {
        "title": bundle.about["title"],
        "method": bundle.method,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "licence": bundle.about["licence"],
        "metric": bundle.about["metric"],
    }
    entries = dict(sorted((store.read_registry() | {name: entry}).items()))
    registry = json.dumps(entries, indent=2, ensure_ascii=False)
    write_atomic(store.BUNDLED_FOLDER / store.REGISTRY, f"{registry}\n".encode(), overwrite=True)
