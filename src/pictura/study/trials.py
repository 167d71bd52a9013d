"""What one rater is shown, in order: a function of the study and of the rater's number, the same at each reload."""

from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np

from pictura.study.plan import REAL, REFERENCE, VIGILANCE, Study

Role = Literal["practice", "scored", "vigilance"]


class Trial(NamedTuple):
    """One screen: names of one picture, or of the left and the right; references stand above without a question."""

    role: Role
    pictures: tuple[str, ...]
    references: tuple[str, ...] = ()


def plan_session(study: Study, number: int) -> list[Trial]:
    """The trials of rater `number` = 0, 1, …: practice first, then what is scored, vigilance among it.

    No picture comes twice. Sides are balanced: of an even count of pairs exactly half have the real picture (or the
    algorithm named first) on the left.
    """
    rng = np.random.default_rng([study.seed, number])
    plan = {"real-fake": _plan_pairs, "realness": _plan_ratings, "preference": _plan_preferences}[study.kind]
    return plan(study, number, rng)


def algorithm_of(study: Study, number: int) -> str:
    """The one algorithm that a rater of a real-or-fake study sees: each once in every block of as many raters."""
    block, place = divmod(number, len(study.algorithms))
    order = np.random.default_rng([study.seed, block, 1]).permutation(len(study.algorithms))
    return study.algorithms[int(order[place])]


def _plan_pairs(study: Study, number: int, rng: np.random.Generator) -> list[Trial]:
    algorithm = algorithm_of(study, number)
    practice = _draw_pairs(study, algorithm, study.practice, True, rng)
    scored = _draw_pairs(study, algorithm, study.trials, False, rng)
    used = {name for pair in scored for name in pair}
    left = [name for name in study.random_names(REAL).values() if name not in used]
    broken = [*study.random_names(VIGILANCE).values()]
    watched = list(zip(_pick(left, study.vigilance, rng), _pick(broken, study.vigilance, rng), strict=True))
    trials = _sides("practice", practice, rng)
    asked = [*_sides("scored", scored, rng), *_sides("vigilance", watched, rng)]
    return trials + [asked[k] for k in rng.permutation(len(asked))]


def _draw_pairs(
    study: Study, algorithm: str, count: int, practice: bool, rng: np.random.Generator
) -> list[tuple[str, str]]:
    """(real, fake) pairs, of the same input or never of the same."""
    reals, fakes = (study.random_names(source, practice=practice) for source in (REAL, algorithm))
    items = _pick(list(fakes), count, rng)
    if study.pairing == "same":
        return [(reals[item], fakes[item]) for item in items]
    others = _pick(list(reals), count, rng)
    for k in range(count):  # where both are of one input, the real one is swapped with the next trial's
        if others[k] == items[k]:
            next_ = (k + 1) % count
            others[k], others[next_] = others[next_], others[k]
    return [(reals[real], fakes[fake]) for real, fake in zip(others, items, strict=True)]


def _plan_ratings(study: Study, _: int, rng: np.random.Generator) -> list[Trial]:
    """DualGAN's: single pictures of all sources, the real ones among them, mixed; each source equally often."""
    sources = (REAL, *study.algorithms)

    def draw(count: int, practice: bool) -> list[str]:
        picked: list[str] = []
        for source, times in zip(sources, _share(count, len(sources), rng), strict=True):
            picked += _pick(list(study.random_names(source, practice=practice).values()), times, rng)
        return [picked[k] for k in rng.permutation(count)]

    return [
        *(Trial("practice", (name,)) for name in draw(study.practice, True)),
        *(Trial("scored", (name,)) for name in draw(study.trials, False)),
    ]


def _plan_preferences(study: Study, _: int, rng: np.random.Generator) -> list[Trial]:
    """Two algorithms' results of one input; each pair of algorithms equally often."""
    pairs = list(combinations(study.algorithms, 2))
    references = sorted({p.source for p in study.pictures.values() if p.source.startswith(REFERENCE)})

    def draw(role: Role, count: int) -> list[Trial]:
        practice, trials = role == "practice", []
        named = {source: study.random_names(source, practice=practice) for source in (*study.algorithms, *references)}
        for (a, b), times in zip(pairs, _share(count, len(pairs), rng), strict=True):
            items = _pick(list(named[a]), times, rng)
            sided = _sides(role, [(named[a][item], named[b][item]) for item in items], rng)
            for item, trial in zip(items, sided, strict=True):
                trials.append(trial._replace(references=tuple(named[source][item] for source in references)))
        return [trials[k] for k in rng.permutation(count)]

    return [*draw("practice", study.practice), *draw("scored", study.trials)]


def _pick(names: list[str], count: int, rng: np.random.Generator) -> list[str]:
    """`count` of the names, none twice, in random order."""
    return [names[k] for k in rng.permutation(len(names))[:count]]


def _share(count: int, parts: int, rng: np.random.Generator) -> list[int]:
    """`count` in whole parts that differ by one at most."""
    more = set(rng.permutation(parts)[: count % parts].tolist())
    return [count // parts + (k in more) for k in range(parts)]


def _sides(role: Role, pairs: list[tuple[str, str]], rng: np.random.Generator) -> list[Trial]:
    """The pairs as trials, the first of half of them on the left; of an odd count the last side is drawn."""
    turned = (np.arange(len(pairs)) + rng.integers(2)) % 2 == 1
    rng.shuffle(turned)
    return [Trial(role, (b, a) if turn else (a, b)) for (a, b), turn in zip(pairs, turned, strict=True)]


def check_answer(study: Study, trial: Trial, answer: str) -> bool | None:
    """Whether the answer is right; None where no answer is.

    Raises:
        ValueError: it is none of this kind of study's.
    """
    if study.kind == "realness":
        if answer not in ("0", "1", "2", "3", "4"):
            raise ValueError("a rating is 0, 1, 2, 3 or 4")
        return None
    if answer not in ("left", "right"):
        raise ValueError("an answer is left or right")
    return None if study.kind == "preference" else answer == right_answer(study, trial)


def right_answer(study: Study, trial: Trial) -> str:
    """The side that the question of a real-or-fake study asks for."""
    left_is_real = study.pictures[trial.pictures[0]].source == REAL
    return "left" if left_is_real == (study.ask == "real") else "right"
