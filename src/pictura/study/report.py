"""What a study has found: figures with intervals, and the tables and drawing that go beside them."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from pictura.runtime.errors import PicturaError
from pictura.study.plan import REAL, Study
from pictura.study.statistics import (
    Estimate,
    Floats,
    crossed_bootstrap,
    estimate,
    krippendorff_alpha,
    nested_bootstrap,
    probability_above,
)
from pictura.study.trials import check_answer, plan_session

VIGILANT = 0.8  # ours: raters right in fewer of the vigilance trials are left out
MAX_OFF_MS = 50.0  # ours: an exposure further from a second is marked
EXPOSURE_MS = 1000.0
DRAWS = 10_000  # as many as the AMT script draws
COLUMNS = (
    *("rater", "number", "position", "role", "left", "right", "item_left", "item_right", "answer", "correct"),
    *("response_ms", "exposure_ms", "second_ms", "exposure_off", "views", "scale", "ratio", "given", "excluded"),
)


@dataclass(frozen=True)
class Figure:
    """One row of a report: the estimate, its deviation by the AMT script (real-or-fake only), and counts."""

    name: str
    estimate: Estimate
    deviation: float | None
    raters: int
    answers: int
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class StudyReport:
    """All of it. `everyone` are the figures with the raters that vigilance leaves out."""

    kind: str
    figures: list[Figure]
    everyone: list[Figure]
    above: dict[tuple[str, str], float]
    alpha: float | None
    accuracy: list[float]  # of each rater, real-or-fake only
    raters: int
    unfinished: int
    inattentive: int
    off: int  # scored trials whose exposure was not within MAX_OFF_MS of a second, or that were begun more than once
    draws: int
    seed: int

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "kind": self.kind,
            "raters": self.raters,
            "left_out": {"unfinished": self.unfinished, "below_vigilance": self.inattentive},
            "marked_exposures": self.off,
            "figures": [_plain(figure) for figure in self.figures],
            "figures_of_all_finished": [_plain(figure) for figure in self.everyone],
            "above": [{"a": a, "b": b, "probability": p} for (a, b), p in self.above.items()],
            "krippendorff_alpha": self.alpha,
            "accuracy_of_raters": self.accuracy,
            "draws": self.draws,
            "seed": self.seed,
        }


def _plain(figure: Figure) -> dict[str, Any]:
    mean, low, high = figure.estimate
    return {
        "name": figure.name,
        "mean": mean,
        "interval_95": [low, high],
        "deviation": figure.deviation,
        "raters": figure.raters,
        "answers": figure.answers,
        "counts": figure.counts,
    }


def collect_answers(study: Study, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The stored answers with what was shown: one dict of COLUMNS each, `excluded` a reason or empty."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["rater"], []).append(row)
    collected = []
    for rater in found.values():
        trials = plan_session(study, rater[0]["number"])
        for row in rater:
            trial = trials[row["position"]]
            shown = [study.pictures[name] for name in trial.pictures]
            right = check_answer(study, trial, row["answer"])
            times = [row["exposure_ms"], row["second_ms"]] if study.kind == "real-fake" else []
            off = any(time is None or abs(time - EXPOSURE_MS) > MAX_OFF_MS for time in times)
            row |= {"role": trial.role, "left": shown[0].source, "right": shown[-1].source}
            row |= {"item_left": shown[0].item, "item_right": shown[-1].item}
            row |= {"correct": None if right is None else int(right), "exposure_off": int(off), "excluded": ""}
        watched = [row["correct"] for row in rater if row["role"] == "vigilance"]
        if len(rater) < study.total:
            excluded = "unfinished"
        else:
            excluded = "vigilance" if watched and np.mean(watched) < VIGILANT else ""
        collected += [{name: row[name] for name in COLUMNS[:-1]} | {"excluded": excluded} for row in rater]
    return collected


def make_report(study: Study, answers: Sequence[dict[str, Any]], *, draws: int = DRAWS, seed: int = 0) -> StudyReport:
    """The figures of collected answers.

    Raises:
        PicturaError: no rater has finished, or none that is not left out.
    """
    scored = [row for row in answers if row["role"] == "scored"]
    finished = [row for row in scored if row["excluded"] != "unfinished"]
    kept = [row for row in finished if not row["excluded"]]
    unfinished = {row["rater"] for row in answers if row["excluded"] == "unfinished"}
    inattentive = {row["rater"] for row in finished if row["excluded"]}
    if not kept:
        why = f"{len(unfinished)} have begun, {len(inattentive)} failed the vigilance trials"
        raise PicturaError(f"No rater has finished the study yet ({why}): there is nothing to report.")
    figures, above = _measure(study, kept, draws, seed)
    everyone = _measure(study, finished, draws, seed)[0] if inattentive else figures
    return StudyReport(
        kind=study.kind,
        figures=figures,
        everyone=everyone,
        above=above,
        alpha=_agreement(study, kept),
        accuracy=_accuracies(kept) if study.kind == "real-fake" else [],
        raters=len({row["rater"] for row in kept}),
        unfinished=len(unfinished),
        inattentive=len(inattentive),
        off=sum(bool(row["exposure_off"]) or row["views"] > 1 for row in kept),
        draws=draws,
        seed=seed,
    )


def _measure(
    study: Study, rows: list[dict[str, Any]], draws: int, seed: int
) -> tuple[list[Figure], dict[tuple[str, str], float]]:
    rng = np.random.default_rng(seed)
    groups = _group(study, rows)
    names = [name for name in groups if groups[name]]
    # Images are drawn together for all; raters, too, where each of them sees every algorithm.
    items = sorted({item for name in names for _, item, _ in groups[name]})
    together = study.kind != "real-fake"
    raters = sorted({row["rater"] for row in rows})
    tables = [make_table(groups[name], items, raters if together else None) for name in names]
    resamples = crossed_bootstrap(tables, draws, rng, same_raters=together)
    figures = []
    for name, table, drawn in zip(names, tables, resamples, strict=True):
        deviation = None
        if study.kind == "real-fake":
            per_rater = [row[~np.isnan(row)] for row in table]
            fooled, counts = [int(row.sum()) for row in per_rater], [len(row) for row in per_rater]
            deviation = float(nested_bootstrap(fooled, counts, draws, rng).std())
        values = [value for _, _, value in groups[name]]
        counted = {f"{value:g}": values.count(value) for value in sorted(set(values))}
        people = len({rater for rater, _, _ in groups[name]})
        figures.append(Figure(name, estimate(table, drawn), deviation, people, len(values), counted))
    if study.kind == "preference":
        of = {f"{a} over {b}": (a, b) for a, b in combinations(study.algorithms, 2)}
        return figures, {of[name]: probability_above(drawn, 0.5) for name, drawn in zip(names, resamples, strict=True)}
    drawn_of = dict(zip(names, resamples, strict=True))
    pairs = combinations([name for name in names if name != REAL], 2)
    return figures, {(a, b): probability_above(drawn_of[a], drawn_of[b]) for a, b in pairs}


def _group(study: Study, rows: list[dict[str, Any]]) -> dict[str, list[tuple[str, str, float]]]:
    """Figure's name → (rater, item, value): fooled or not; the rating; whether the first of a pair was preferred."""
    if study.kind == "preference":
        groups: dict[str, list[tuple[str, str, float]]] = {
            f"{a} over {b}": [] for a, b in combinations(study.algorithms, 2)
        }
        order = {name: k for k, name in enumerate(study.algorithms)}
        for row in rows:
            a, b = sorted((row["left"], row["right"]), key=order.__getitem__)
            won = float(row[row["answer"]] == a)
            groups[f"{a} over {b}"].append((row["rater"], row["item_left"], won))
        return groups
    groups = {name: [] for name in ((REAL,) if study.kind == "realness" else ()) + study.algorithms}
    for row in rows:
        if study.kind == "realness":
            groups[row["left"]].append((row["rater"], row["item_left"], float(row["answer"])))
        else:
            side = "right" if row["left"] == REAL else "left"
            groups[row[side]].append((row["rater"], row[f"item_{side}"], 1.0 - row["correct"]))
    return groups


def make_table(values: Sequence[tuple[str, str, float]], items: Sequence[str], raters: Sequence[str] | None) -> Floats:
    """(rater, item, value) as raters × items, NaN where there is none; by default of the raters that are there."""
    raters = sorted({rater for rater, _, _ in values}) if raters is None else raters
    rows, columns = ({name: k for k, name in enumerate(names)} for names in (raters, items))
    table = np.full((len(raters), len(items)), np.nan)
    for rater, item, value in values:
        table[rows[rater], columns[item]] = value
    return table


def _agreement(study: Study, rows: list[dict[str, Any]]) -> float | None:
    """Krippendorff's alpha over pictures: ordinal for ratings, nominal for choices."""
    values = [(rater, f"{name}/{item}", v) for name, group in _group(study, rows).items() for rater, item, v in group]
    table = make_table(values, sorted({item for _, item, _ in values}), None)
    return krippendorff_alpha(table, "ordinal" if study.kind == "realness" else "nominal")


def _accuracies(rows: list[dict[str, Any]]) -> list[float]:
    right: dict[str, list[int]] = {}
    for row in rows:
        right.setdefault(row["rater"], []).append(row["correct"])
    return sorted(float(np.mean(each)) for each in right.values())


def write_csv(answers: Iterable[dict[str, Any]]) -> bytes:
    """The answers as a table, one line each; raters have their random names."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(answers)
    return text.getvalue().encode()
