"""The statistics of rating studies, as functions of arrays: intervals by resampling, and agreement.

Values are a table of raters × items: one row per rater, one column per picture (or pair), NaN where that rater did
not answer for it.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Level = Literal["nominal", "ordinal", "interval"]


class Estimate(NamedTuple):
    """A mean, and the ends of its 95 % interval."""

    mean: float
    low: float
    high: float


def nested_bootstrap(right: Sequence[int], trials: Sequence[int], draws: int, rng: np.random.Generator) -> Floats:
    """The share of right answers in `draws` resamples, as the analysis script of AMT_Real_vs_Fake draws them.

    Raters are drawn with replacement, and then each one's trials: of a rater with `right` of `trials` that second
    draw is a binomial number. The script's ± is the standard deviation of the result, about one standard error. Images
    are no level of it, and trial noise enters twice.
    """
    hits, counts = np.asarray(right), np.asarray(trials)
    drawn = rng.integers(len(counts), size=(draws, len(counts)))
    again = rng.binomial(counts[drawn], (hits / counts)[drawn])
    return np.asarray(again.sum(1) / counts[drawn].sum(1))


def crossed_bootstrap(
    tables: Sequence[Floats], draws: int, rng: np.random.Generator, *, same_raters: bool = True
) -> Floats:
    """Means of raters × items tables in resamples of raters and, independently, of items: tables × draws.

    An answer counts as often as its rater and its item were drawn, one times the other. All tables have the same
    columns, and with `same_raters` the same rows, so that differences between tables are compared draw by draw. NaN
    where a draw took no answer of a table.
    """
    items = tables[0].shape[1]
    columns = rng.multinomial(items, np.full(items, 1 / items), size=draws)
    shared = _draw_rows(len(tables[0]), draws, rng) if same_raters else None
    found = []
    for table in tables:
        rows = _draw_rows(len(table), draws, rng) if shared is None else shared
        sums = ((rows @ np.nan_to_num(table)) * columns).sum(1)
        counts = ((rows @ ~np.isnan(table)) * columns).sum(1)
        found.append(np.divide(sums, counts, out=np.full(draws, np.nan), where=counts > 0))
    return np.array(found)


def _draw_rows(count: int, draws: int, rng: np.random.Generator) -> Floats:
    return rng.multinomial(count, np.full(count, 1 / count), size=draws).astype(float)


def estimate(table: Floats, resamples: Floats) -> Estimate:
    """The mean of all answers, with the 2.5th and 97.5th percentile of its resamples."""
    low, high = np.nanpercentile(resamples, (2.5, 97.5))
    return Estimate(float(np.nanmean(table)), float(low), float(high))


def probability_above(a: Floats, b: Floats | float) -> float:
    """P(A > B): the share of draws with A above B, ties half; draws without a number do not count."""
    valid = ~np.isnan(a) & ~np.isnan(b)
    return float(np.mean((a > b)[valid] + 0.5 * (a == b)[valid]))


def krippendorff_alpha(table: Floats, level: Level) -> float | None:
    """Krippendorff's alpha = 1 − D_o / D_e of raters × units, NaN for a missing answer: 1 is full agreement, 0 chance.

    From the coincidences o_ck = Σ over units of (pairs c–k in the unit) / (m_u − 1); units with one answer drop out.
    None where it is not defined: no unit has two answers, or all answers are the same.
    """
    values = np.unique(table[~np.isnan(table)])
    counts = (table[:, :, None] == values).sum(0)  # units × values
    counts = counts[counts.sum(1) > 1]
    if not len(counts) or (counts.sum(0) > 0).sum() < 2:
        return None
    weights = 1 / (counts.sum(1) - 1)
    coincidences = np.einsum("u,uc,uk->ck", weights, counts, counts) - np.diag(weights @ counts)
    totals = coincidences.sum(1)
    expected = (np.outer(totals, totals) - np.diag(totals)) / (totals.sum() - 1)
    distance = _distances(values, totals, level)
    return float(1 - (coincidences * distance).sum() / (expected * distance).sum())


def _distances(values: Floats, totals: Floats, level: Level) -> Floats:
    """Squared distances of values: 0 or 1; of the values; or of their ranks, (Σ_{c..k} n_g − (n_c + n_k) / 2)²."""
    if level == "nominal":
        return 1.0 - np.eye(len(values))
    places = values if level == "interval" else np.cumsum(totals) - totals / 2
    return np.asarray((places[:, None] - places[None, :]) ** 2)
