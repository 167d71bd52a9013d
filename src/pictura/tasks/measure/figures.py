"""What a measurement is told and what it gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from pictura.encoders import Encoder

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Measured:
    """One figure.

    Attributes:
        metric: what it is.
        value: the mean over pairs, or the figure of the sets; infinite for the PSNR of equal pictures.
        error: its standard error over pictures; None where there is none.
        pictures: how many pairs, or pictures of A.
        network: whose features it is made of, with the layers; "" for none.
        note: what is to be known of it; "" for nothing.
        values: the value of each picture of A by its name, for pairs.
    """

    metric: str
    value: float
    error: float | None
    pictures: int
    network: str = ""
    note: str = ""
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class MeasureOptions:
    """How to measure; see `pictura.measure`."""

    encoder: Encoder | str = "compact"
    weights: Path | None = None
    lpips_weights: Mapping[str, Tensor] | None = None
    content: Any = None
    border: int = 0
    classes: int | None = None
    ignore: int = 255
    seed: int = 0
    device: str = "auto"
    progress: Progress = lambda done, total: None
    model: Any = None
    real: Any = None
    nearest_class: bool = False
    seen_at: tuple[int, int] | None = None
