"""Data sets of pictures: their layout in folders, the checks before training, and the samples of a training step.

    from pictura.data import open_data

    pairs = open_data("facades", "paired", crop=256)
    sample = pairs.sample(0, torch.Generator().manual_seed(0))  # {"A": 3×256×256, "B": 3×256×256}

Reading order: opening, source (the samples), layout (how folders are recognized), crops (the papers' augmentation),
decode, auditing. Nothing heavy is imported before it is used.
"""

from typing import TYPE_CHECKING

from pictura.data.settings import DATA_KINDS, SPLITS, DataKind, DataSettings, data_settings
from pictura.runtime.lazy import lazy_attributes

if TYPE_CHECKING:
    from pictura.data.auditing import audit, audit_source
    from pictura.data.combining import combine_pairs, split_pairs
    from pictura.data.layout import recognize_kind
    from pictura.data.opening import open_data
    from pictura.data.report import AuditReport, Finding
    from pictura.data.source import DataSet

__all__ = [
    "DATA_KINDS",
    "SPLITS",
    "AuditReport",
    "DataKind",
    "DataSet",
    "DataSettings",
    "Finding",
    "audit",
    "audit_source",
    "combine_pairs",
    "data_settings",
    "open_data",
    "recognize_kind",
    "split_pairs",
]
_HOMES = {
    "pictura.data.auditing": ("audit", "audit_source"),
    "pictura.data.combining": ("combine_pairs", "split_pairs"),
    "pictura.data.layout": ("recognize_kind",),
    "pictura.data.opening": ("open_data",),
    "pictura.data.report": ("Finding", "AuditReport"),
    "pictura.data.source": ("DataSet",),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
