from collections.abc import Callable
from pathlib import Path

import pytest

from pictura.methods import find_method
from pictura.runtime import seeds
from pictura.training.fit import fit
from pictura.training.method import Method
from pictura.training.progress import TrainingProgress
from pictura.training.settings import TrainSettings

from .made import METHODS, Made

SMALL = {"steps": 6, "batch": 2, "crop": 12, "precision": "32-true", "save_every": 2, "show_every": 3, "device": "cpu"}


@pytest.fixture(autouse=True)
def with_test_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    import pictura.methods

    monkeypatch.setattr(pictura.methods, "__path__", [*pictura.methods.__path__, str(METHODS)])


def built(name: str, seed: int = 0, **changes) -> Method:
    """A test method with the first weights of this seed."""
    kind = find_method(name)
    with seeds.preserve_random_state():
        seeds.seed_all(seed)
        return kind(kind.tiny().model_copy(update=changes))


def settings(**changes) -> TrainSettings:
    return TrainSettings(**(SMALL | {"threads": 1} | changes))


class Interrupted(Exception):  # noqa: N818, an end that is no error
    pass


def interrupt_after(step: int) -> Callable[[TrainingProgress], None]:
    """A callback that ends a training after this step, when its checkpoint is written."""

    def callback(now: TrainingProgress) -> None:
        if now.step == step:
            raise Interrupted

    return callback


@pytest.fixture
def train(tmp_path: Path) -> Callable[..., Path]:
    """Train a test method into a folder under the test's own and return that folder."""

    def run(method: str | Method = "duel", out: str = "run", *, data=None, resume=False, callback=None, **changes):
        one = built(method) if isinstance(method, str) else method
        folder = tmp_path / out
        source = Made() if data is None else data
        fit(one, source, folder, settings(**changes), resume=resume, callback=callback)
        return folder

    return run
