"""Image style transfer and image-to-image translation.

    import pictura

    pictura.write(pictura.stylize("photo.jpg", "starry-night"), "painted.png")

Nothing heavy is imported before it is used.
"""

from typing import TYPE_CHECKING

from pictura.runtime.lazy import lazy_attributes
from pictura.runtime.threads import set_environment

if TYPE_CHECKING:
    from pictura.api import (
        edit,
        interpolate,
        lay_out,
        load,
        load_settings,
        measure,
        sample,
        styles,
        stylize,
        synthesize,
        translate,
        upscale,
    )
    from pictura.methods.iterative.run import Interrupted, Step
    from pictura.methods.iterative.settings import PRESETS, Settings, preset
    from pictura.picture import Picture, read
    from pictura.picture.comparing import compare
    from pictura.picture.kinds import write
    from pictura.runtime.errors import PicturaError
    from pictura.style import Style
    from pictura.tasks.load import from_pretrained, save_pretrained
    from pictura.tasks.model import Model

set_environment()
__version__ = "0.1.0"
__all__ = [
    "PRESETS",
    "Interrupted",
    "Model",
    "PicturaError",
    "Picture",
    "Settings",
    "Step",
    "Style",
    "compare",
    "edit",
    "from_pretrained",
    "interpolate",
    "lay_out",
    "load",
    "load_settings",
    "measure",
    "preset",
    "read",
    "sample",
    "save_pretrained",
    "styles",
    "stylize",
    "synthesize",
    "translate",
    "upscale",
    "write",
]
_HOMES = {
    "pictura.api": (
        "edit",
        "interpolate",
        "lay_out",
        "load",
        "load_settings",
        "measure",
        "sample",
        "styles",
        "stylize",
        "synthesize",
        "translate",
        "upscale",
    ),
    "pictura.tasks.load": ("from_pretrained", "save_pretrained"),
    "pictura.tasks.model": ("Model",),
    "pictura.methods.iterative.run": ("Interrupted", "Step"),
    "pictura.methods.iterative.settings": ("PRESETS", "Settings", "preset"),
    "pictura.picture": ("Picture", "read"),
    "pictura.picture.comparing": ("compare",),
    "pictura.picture.kinds": ("write",),
    "pictura.runtime.errors": ("PicturaError",),
    "pictura.style": ("Style",),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
