"""Sets of pictures to learn from: how they lie in folders, how they are checked, what a training step sees of them.

    from pictura.data import open_data

    pairs = open_data("facades", "paired", crop=256)
    sample = pairs.sample(0, torch.Generator().manual_seed(0))  # {"A": 3×256×256, "B": 3×256×256}

Reading order: opening, source (what a training gets), layout (what is recognised), crops (the papers' augmentation),
decode, auditing. Nothing heavy is imported before it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pictura.data.settings import KINDS, SPLITS, DataSettings, Kind, data_settings

if TYPE_CHECKING:
    from pictura.data.auditing import audit, audited
    from pictura.data.combining import combine, split
    from pictura.data.layout import recognise
    from pictura.data.opening import open_data
    from pictura.data.report import Finding, Report
    from pictura.data.source import Source

__all__ = [
    "KINDS",
    "SPLITS",
    "DataSettings",
    "Finding",
    "Kind",
    "Report",
    "Source",
    "audit",
    "audited",
    "combine",
    "data_settings",
    "open_data",
    "recognise",
    "split",
]
_HOMES = {
    "pictura.data.auditing": ("audit", "audited"),
    "pictura.data.combining": ("combine", "split"),
    "pictura.data.layout": ("recognise",),
    "pictura.data.opening": ("open_data",),
    "pictura.data.report": ("Finding", "Report"),
    "pictura.data.source": ("Source",),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
