"""A trained method as a folder that explains itself: weights, settings, card.

    from pictura.models import read_bundle, save_bundle

    bundle = read_bundle("candy")  # a folder, a file, a shipped name, or owner/name@commit on the hub
    save_bundle(bundle, "copy")

A bundle knows no method: `pictura.methods.open_method` makes one of it. Torch is imported when a bundle is read or
saved; naming what is shipped does without.
"""

from typing import TYPE_CHECKING

from pictura.models.store import available_models
from pictura.runtime.lazy import lazy_attributes

if TYPE_CHECKING:
    from pictura.models.bundle import Bundle
    from pictura.models.reading import read_bundle
    from pictura.models.saving import save_bundle

__all__ = ["Bundle", "available_models", "read_bundle", "save_bundle"]

_HOMES = {
    "pictura.models.bundle": ("Bundle",),
    "pictura.models.reading": ("read_bundle",),
    "pictura.models.saving": ("save_bundle",),
}
__getattr__ = lazy_attributes(__name__, _HOMES)
