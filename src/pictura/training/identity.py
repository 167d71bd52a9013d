"""What decides a training's result: a resumed run must have the same, or it would be another training."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pictura.runtime.documents import read_json
from pictura.runtime.errors import PicturaError
from pictura.runtime.settings import validate_settings
from pictura.training.loader import DataSource
from pictura.training.method import Method
from pictura.training.settings import TrainSettings

Identity = dict[str, Any]
# What a person may change on a resume: how long and how often, not what.
CHANGEABLE = {"steps", "save_every", "show_every", "keep", "tensorboard"}
CHANGEABLE |= {"device", "devices", "nodes", "threads", "workers", "precision"}


def training_identity(
    method: Method, data: DataSource, settings: TrainSettings, precision: str, processes: int
) -> Identity:
    """Everything that must stay, as JSON; steps may grow, since schedules keep to the steps of the run at its start."""
    return {
        "method": method.name,
        "method settings": method.settings.model_dump(mode="json"),
        "data": data.fingerprint(),
        "training": settings.model_dump(mode="json", exclude=CHANGEABLE),
        "schedule steps": settings.steps,
        "precision": precision,
        "processes": processes,
    }


def complete_identity(now: Identity, before: Identity, method: Method, where: Path) -> Identity:
    """The identity of a run that is resumed: ours, with the schedules' steps it began with.

    Raises:
        PicturaError: says what differs.
    """
    before = _update_identity(before, method)
    now = now | {"schedule steps": before.get("schedule steps", now["schedule steps"])}
    check_resumable(now, before, where)
    return now


def _update_identity(before: Identity, method: Method) -> Identity:
    """An identity of an earlier version as this one would have written it, with defaults of settings that are new."""
    try:
        settings = validate_settings(method.Settings, before["method settings"]).model_dump(mode="json")
    except (PicturaError, KeyError, TypeError):  # of another method: the comparison will say so
        return before
    return before | {"method settings": settings}


def check_resumable(now: Identity, before: Identity, where: Path) -> None:
    """Refuse to resume with something else.

    Raises:
        PicturaError: says what differs.
    """
    differences = [
        f"{name} was {_shorten(old)} and is now {_shorten(new)}"
        for name, (old, new) in _setting_pairs(before, now).items()
        if old != new and name != "schedule steps"
    ]
    if differences:
        raise PicturaError(
            f"Cannot resume '{where}': {'; '.join(differences)}. Use the original settings or a new folder."
        )


def check_data(method: Method, data: DataSource) -> None:
    """The cheap check before anything slow.

    Raises:
        PicturaError: the data are of another kind, or there are none.
    """
    if data.kind != method.data_kind:
        raise PicturaError(f"{method.name} expects {method.data_kind} data, got {data.kind}.")
    if not len(data):
        raise PicturaError("The data set is empty; it needs at least one sample.")


def read_precision(settings: Path) -> str | None:
    """The precision of the run that wrote this file, for a resume with "auto" on another machine."""
    try:
        precision = read_json(settings)["identity"]["precision"]
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
