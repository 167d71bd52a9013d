"""A mistake in settings is one sentence, with the nearest known name."""

from typing import ClassVar

import pytest
from pydantic import Field, model_validator

from pictura.runtime.errors import PicturaError
from pictura.runtime.settings import FrozenSettings, validate_settings


class Toy(FrozenSettings):
    noun: ClassVar[str] = "toy setting"
    rate: float = 1.0
    layers: dict[str, float] = Field(default={})

    @model_validator(mode="after")
    def _check(self):
        if self.rate == 7:
            raise ValueError("rate of 7 is unlucky")
        return self


def test_values_become_settings():
    toy = validate_settings(Toy, {"rate": 2})
    assert toy == Toy(rate=2.0)
    with pytest.raises(ValueError, match="frozen"):
        toy.rate = 3.0


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"rte": 1}, r"^Unknown toy setting 'rte'\. Did you mean 'rate'\?$"),
        ({"rate": "much"}, "^Toy setting rate: Input should be a valid number"),
        ({"rate": float("inf")}, "^Toy setting rate: Input should be a finite number"),
        ({"layers": {"a": "b"}}, r"^Toy setting layers\.a: "),
        ({"rate": 7}, r"^Toy setting values: rate of 7 is unlucky\.$"),
    ],
)
def test_a_mistake_is_one_sentence(values, sentence):
    with pytest.raises(PicturaError, match=sentence):
        validate_settings(Toy, values)
