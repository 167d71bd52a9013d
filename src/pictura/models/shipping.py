"""A bundle becomes one of those that come with pictura: one file, its picture, its line in the registry.

For whoever trains them; see recipes. `store` reads what is written here.
"""

import hashlib
import json
import re

from pictura.models import store
from pictura.models.bundle import Bundle
from pictura.models.saving import packed
from pictura.picture import Picture, write
from pictura.runtime.errors import PicturaError
from pictura.runtime.files import atomic

# What a card owes to whoever uses a model.
_OWED = ("title", "does", "data", "data_licence", "licence", "metric")


def ship(bundle: Bundle, name: str, picture: Picture | None = None, *, overwrite: bool = False) -> None:
    """Put a bundle into the package as `name`, filters in float16.

    Raises:
        PicturaError: a name that is no name, a word missing in `about`, or one of this name is shipped already.
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise PicturaError(f"'{name}' is no name for a shipped model: write small letters, digits and single dashes.")
    if missing := [word for word in _OWED if not bundle.about.get(word)]:
        raise PicturaError(f"The model '{name}' does not say its {missing[0]}: a shipped one has to.")
    content = packed(bundle.halved())
    atomic(store.SHIPPED / f"{name}.safetensors", content, overwrite=overwrite)
    if picture is not None:
        write(picture, store.SHIPPED / f"{name}.jpg", quality=85, overwrite=overwrite)
    entry = {
        "title": bundle.about["title"],
        "method": bundle.method,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "licence": bundle.about["licence"],
        "metric": bundle.about["metric"],
    }
    path = store.SHIPPED / store.REGISTRY
    entries = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    told = json.dumps(dict(sorted((entries | {name: entry}).items())), indent=2, ensure_ascii=False)
    atomic(path, f"{told}\n".encode(), overwrite=True)
