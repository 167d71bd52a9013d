"""What decides a training's result: a resumed one must have the same, or it would be another training."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pictura.runtime.errors import PicturaError
from pictura.training.method import Method
from pictura.training.settings import TrainSettings
from pictura.training.source import DataSource

Identity = dict[str, Any]
# What a person may change when going on: how long and how often, not what.
CHANGEABLE = {"steps", "save_every", "show_every", "keep", "tensorboard"}
CHANGEABLE |= {"device", "devices", "nodes", "threads", "workers", "precision"}


def training_identity(
    method: Method, data: DataSource, settings: TrainSettings, precision: str, processes: int
) -> Identity:
    """Everything that must stay, as JSON; steps may grow, since schedules know the step and not the end."""
    return {
        "method": method.name,
        "method settings": method.settings.model_dump(mode="json"),
        "data": data.fingerprint(),
        "training": settings.model_dump(mode="json", exclude=CHANGEABLE),
        "precision": precision,
        "processes": processes,
    }


def check_resumable(now: Identity, before: Identity, where: Path) -> None:
    """Refuse to go on with something else.

    Raises:
        PicturaError: says what differs.
    """
    differences = [
        f"{name} was {_shorten(old)} and is now {_shorten(new)}"
        for name, (old, new) in _setting_pairs(before, now).items()
        if old != new
    ]
    if differences:
        raise PicturaError(
            f"The training in '{where}' cannot be resumed, {'; '.join(differences)}: give what it was started with, or "
            "choose a new folder."
        )


def check_data(method: Method, data: DataSource) -> None:
    """The cheap check before anything slow.

    Raises:
        PicturaError: the data are of another kind, or there are none.
    """
    if data.kind != method.data:
        raise PicturaError(f"{method.name} learns from {method.data} data, and these are {data.kind}.")
    if not len(data):
        raise PicturaError("The data set is empty: give it at least one sample.")


def read_precision(settings: Path) -> str | None:
    """The arithmetic of the training that left this file, for one that goes on with "auto" on another machine."""
    try:
        precision = json.loads(settings.read_bytes())["identity"]["precision"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return precision if precision in ("32-true", "bf16-mixed") else None


def _setting_pairs(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Name → (before, now), settings one by one."""
    pairs: dict[str, tuple[Any, Any]] = {}
    for name in {**before, **now}:
        old, new = before.get(name), now.get(name)
        if isinstance(old, dict) and isinstance(new, dict) and name in ("method settings", "training"):
            pairs |= {key: (old.get(key), new.get(key)) for key in {**old, **new}}
        else:
            pairs[name] = (old, new)
    return pairs


def _shorten(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
