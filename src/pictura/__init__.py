"""Image style transfer and image-to-image translation.

    import pictura

    pictura.write(pictura.stylize("photo.jpg", "starry-night"), "painted.png")

Nothing heavy is imported before it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pictura.runtime.threads import prepare

if TYPE_CHECKING:
    from pictura.api import load_settings, open_painter, stylize, stylize_at_once, synthesize, upscale
    from pictura.methods.iterative.run import Interrupted, Step
    from pictura.methods.iterative.settings import PRESETS, Settings, preset
    from pictura.picture import Picture, read, write
    from pictura.runtime.errors import PicturaError
    from pictura.style import Style
    from pictura.tasks.load import from_pretrained, save_pretrained

prepare()
__version__ = "0.1.0"
__all__ = [
    "PRESETS",
    "Interrupted",
    "PicturaError",
    "Picture",
    "Settings",
    "Step",
    "Style",
    "from_pretrained",
    "load_settings",
    "open_painter",
    "preset",
    "read",
    "save_pretrained",
    "stylize",
    "stylize_at_once",
    "synthesize",
    "upscale",
    "write",
]
_HOMES = {
    "pictura.api": ("load_settings", "open_painter", "stylize", "stylize_at_once", "synthesize", "upscale"),
    "pictura.tasks.load": ("from_pretrained", "save_pretrained"),
    "pictura.methods.iterative.run": ("Interrupted", "Step"),
    "pictura.methods.iterative.settings": ("PRESETS", "Settings", "preset"),
    "pictura.picture": ("Picture", "read", "write"),
    "pictura.runtime.errors": ("PicturaError",),
    "pictura.style": ("Style",),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
