"""Rates over a run."""

import pytest

from pictura.training.schedules import cosine_decay, linear_decay


def test_the_rate_falls_to_a_hundredth():
    rate = cosine_decay(100)
    assert [rate(0), rate(50), rate(100), rate(900)] == pytest.approx([1, 0.505, 0.01, 0.01])
    assert cosine_decay(0) is None


def test_the_rate_falls_linearly_in_the_second_half():
    rate = linear_decay(100)
    assert [rate(0), rate(50), rate(75), rate(99), rate(100), rate(900)] == pytest.approx([1, 1, 0.5, 0.02, 0, 0])
    assert linear_decay(0) is None
    assert linear_decay(1)(0) == 1
    assert linear_decay(10, start=0.0)(5) == pytest.approx(0.5)
