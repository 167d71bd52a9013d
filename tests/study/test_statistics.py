"""Against values computed by hand or published, and a simulation whose truth is known."""

import numpy as np
import pytest

from pictura.study.statistics import (
    crossed_bootstrap,
    estimate,
    krippendorff_alpha,
    nested_bootstrap,
    probability_above,
)

N = np.nan
# Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), example C: four observers, twelve units.
FOUR = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
        [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
    ]
)


@pytest.mark.parametrize(("level", "value"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_of_the_published_example(level, value):
    assert krippendorff_alpha(FOUR, level) == pytest.approx(value, abs=5e-4)


def test_alpha_by_hand():
    # Units (0, 0) and (0, 1): o_00 = 2, o_01 = o_10 = 1; n_0 = 3, n_1 = 1; D_o = 2, D_e = 2·3/3 = 2.
    assert krippendorff_alpha(np.array([[0.0, 0.0], [0.0, 1.0]]), "nominal") == pytest.approx(0)
    assert krippendorff_alpha(np.array([[0.0, 1.0], [0.0, 1.0]]), "nominal") == 1
    assert krippendorff_alpha(np.array([[1.0, 1.0], [1.0, 1.0]]), "nominal") is None
    assert krippendorff_alpha(np.array([[1.0, N], [N, 0.0]]), "nominal") is None


def test_nested_bootstrap_has_both_levels():
    rng = np.random.default_rng(0)
    # Raters alike: the variance is that of trials only, p(1−p) / (R m), once for raters' means and once for trials.
    drawn = nested_bootstrap([10] * 50, [40] * 50, 20_000, rng)
    assert drawn.mean() == pytest.approx(0.25, abs=0.001)
    assert drawn.std() == pytest.approx(np.sqrt(0.25 * 0.75 / 2000), rel=0.03)
    # Raters who are always or never right: the variance is that of raters only.
    drawn = nested_bootstrap([40, 0] * 25, [40] * 50, 20_000, rng)
    assert drawn.std() == pytest.approx(np.sqrt(0.25 / 50), rel=0.03)


def test_nested_bootstrap_is_the_scripts_loop():
    rights = np.random.default_rng(1).random((12, 20)) < np.linspace(0.1, 0.6, 12)[:, None]
    rng = np.random.default_rng(2)
    loop = []
    for _ in range(1500):
        drawn = rights[rng.integers(12, size=12)]
        loop.append(np.take_along_axis(drawn, rng.integers(20, size=(12, 20)), 1).mean())
    ours = nested_bootstrap(rights.sum(1), [20] * 12, 20_000, rng)
    assert ours.mean() == pytest.approx(np.mean(loop), abs=0.005)
    assert ours.std() == pytest.approx(np.std(loop), rel=0.06)


def test_crossed_bootstrap_weights_an_answer_by_both_draws():
    table = np.array([[1.0, 0.0, N], [N, 1.0, 1.0]])
    drawn = crossed_bootstrap([table, table + 1], 500, np.random.default_rng(0))
    found = ~np.isnan(drawn[0])
    assert np.allclose((drawn[1] - drawn[0])[found], 1)  # the draws are shared
    rng = np.random.default_rng(0)
    columns = rng.multinomial(3, np.full(3, 1 / 3), size=500)
    rows = rng.multinomial(2, np.full(2, 1 / 2), size=500)
    for k in range(50):
        weights = rows[k][:, None] * columns[k] * ~np.isnan(table)
        if weights.sum():
            assert drawn[0, k] == pytest.approx((np.nan_to_num(table) * weights).sum() / weights.sum())
        else:
            assert np.isnan(drawn[0, k])


def test_the_interval_covers_the_truth_of_a_simulation():
    # Answers 1 with a chance of 0.3 that raters and images move: what the same study would find with others of both.
    rng = np.random.default_rng(3)
    inside, studies, raters, items = 0, 200, 25, 30
    for _ in range(studies):
        chances = 0.3 + rng.normal(0, 0.08, (raters, 1)) + rng.normal(0, 0.08, items)
        table = (rng.random((raters, items)) < chances).astype(float)
        found = estimate(table, crossed_bootstrap([table], 200, rng)[0])
        inside += found.low <= 0.3 <= found.high
    assert 0.92 <= inside / studies <= 0.995


def test_raters_alone_would_not_cover_other_images():
    rng = np.random.default_rng(4)
    inside = 0
    for _ in range(100):
        chances = np.broadcast_to(0.5 + rng.normal(0, 0.2, 10), (50, 10))
        table = (rng.random((50, 10)) < chances).astype(float)
        drawn = nested_bootstrap(table.sum(1).astype(int), [10] * 50, 200, rng)
        inside += np.percentile(drawn, 2.5) <= 0.5 <= np.percentile(drawn, 97.5)
    assert inside / 100 < 0.8


def test_probability_above_counts_ties_half():
    a, b = np.array([1.0, 2.0, 3.0, N]), np.array([0.0, 2.0, 4.0, 0.0])
    assert probability_above(a, b) == pytest.approx((1 + 0.5 + 0) / 3)
    assert probability_above(a, 0.5) == 1


def test_estimate_is_the_mean_of_all_answers():
    found = estimate(np.array([[1.0, N], [0.0, 1.0]]), np.array([0.0, 0.5, 1.0, N]))
    assert found.mean == pytest.approx(2 / 3)
    assert (found.low, found.high) == pytest.approx((0.025, 0.975))
