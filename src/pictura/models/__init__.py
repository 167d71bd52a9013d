"""A trained method as a folder that explains itself: weights, settings, card.

    from pictura import bundles

    bundle = bundles.read("candy")  # a folder, a file, a shipped name, or owner/name@commit on the hub
    bundles.save(bundle, "copy")

A bundle knows no method: `pictura.methods.opened` makes one of it. Torch is imported when a bundle is read or saved;
naming what is shipped does without.
"""

from typing import TYPE_CHECKING, Any

from pictura.models.store import available

if TYPE_CHECKING:
    from pictura.models.bundle import Bundle
    from pictura.models.reading import read
    from pictura.models.saving import save

__all__ = ["Bundle", "available", "read", "save"]


def __getattr__(name: str) -> Any:
    if name == "Bundle":
        from pictura.models.bundle import Bundle

        return Bundle
    if name == "read":
        from pictura.models.reading import read

        return read
    if name == "save":
        from pictura.models.saving import save

        return save
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
