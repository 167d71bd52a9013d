"""Puts a trained bundle among those that come with pictura: filters in half precision, an entry in the registry.

    python recipes/models/ship.py NAME BUNDLE [--picture FILE] [--title TEXT] [--does TEXT] [--metric TEXT]

Words that are not given stay as the bundle, or the registry for a new version of a model, has them.
"""

import argparse
import hashlib
import json
from pathlib import Path

from pictura import Picture, bundles, read, write
from pictura.bundles.saving import packed
from pictura.bundles.store import REGISTRY, SHIPPED
from pictura.picture.files import atomic
from pictura.picture.scale import fit, resize

LICENCE = "MIT; trained on research-only photographs"
SIDE = 512  # longest of the picture


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("name")
    p.add_argument("bundle", type=Path)
    p.add_argument("--picture", type=Path)
    words = ("title", "does", "metric", "data", "licence")
    for word in words:
        p.add_argument(f"--{word}")
    a = p.parse_args()
    registry = json.loads((SHIPPED / REGISTRY).read_text(encoding="utf-8"))
    bundle = bundles.read(a.bundle)
    given = {word: value for word in words if (value := getattr(a, word)) is not None}
    kept = {word: value for word, value in registry.get(a.name, {}).items() if word in words}
    about = {"licence": LICENCE} | dict(bundle.about) | kept | given
    shipped = bundles.Bundle(bundle.method, bundle.settings, bundle.tensors, about).halved()
    content = packed(shipped)
    atomic(SHIPPED / f"{a.name}.safetensors", content, overwrite=True)
    if a.picture:
        shown = read(a.picture).tensor()
        made = resize(shown, fit(*shown.shape[2:], SIDE))
        write(Picture.of(made), SHIPPED / f"{a.name}.jpg", quality=88, overwrite=True)
    registry[a.name] = {word: about[word] for word in words if word in about} | {
        "method": bundle.method,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    text = json.dumps(dict(sorted(registry.items())), indent=2, ensure_ascii=False) + "\n"
    atomic(SHIPPED / REGISTRY, text.encode(), overwrite=True)


if __name__ == "__main__":
    main()
