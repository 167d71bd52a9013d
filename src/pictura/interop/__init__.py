"""Files of other projects: ONNX, and weights that others published."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pictura.encoders import store

if TYPE_CHECKING:
    from pictura.encoders.records import Weights


def allow_fetching() -> None:
    """Let encoders that are missing be made of their published checkpoints on first use, where PICTURA_FETCH is 1."""
    store.set_getter(_fetch_encoder)


def _fetch_encoder(record: Weights) -> Path:
    from pictura.interop.encoders import fetch_encoder

    return fetch_encoder(record)
