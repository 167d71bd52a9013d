"""What a training says after every step, and how fast it is."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class TrainingProgress:
    """To a bar, a log, a test. `step` counts from 1; 0 for what is said before the first."""

    step: int
    steps: int  # in all
    losses: Mapping[str, float]  # by the paper's names, of this step
    images_per_second: float  # of all processes together
    seconds: float  # since this process started training
    left: float  # estimated seconds to go
    saved: Path | None = None  # the checkpoint of this step
    shown: Path | None = None  # the sample sheet of this step
    note: str = ""  # something a person should know


TrainingCallback = Callable[[TrainingProgress], None]
_SMOOTHING = 0.95  # of the time a step takes: about the last 20 steps count


class Meter:
    """Time a step takes, checkpoints and sheets included, as a moving average."""

    def __init__(self, images: int) -> None:
        self.images, self.started_at = images, time.monotonic()
        self._last, self._step = self.started_at, 0.0

    def tick(self) -> None:
        """After each step."""
        now = time.monotonic()
        took, self._last = now - self._last, now
        self._step = took if not self._step else _SMOOTHING * self._step + (1 - _SMOOTHING) * took

    @property
    def rate(self) -> float:
        """Images per second, 0 before the first step."""
        return self.images / self._step if self._step else 0.0

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self.started_at

    def left(self, steps: int) -> float:
        """Seconds that `steps` more will take."""
        return steps * self._step
