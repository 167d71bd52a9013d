"""A look at every pixel of a set before the first step: what would spoil a training is found in the first minute."""

import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from pictura.data.decode import check_sums, class_numbers, decode
from pictura.data.layout import Part, View
from pictura.data.looks import Look, look, twins
from pictura.data.report import BAD, NOTED, Finding, Report
from pictura.data.source import Source
from pictura.runtime.errors import PicturaError
from pictura.runtime.threads import available

# A side that is this many times longer or shorter than is usual in its set (the median) is worth a look.
UNUSUAL = 3.0
Looks = dict[View, Look | str]  # a text says why a file cannot be read


def audit(source: Source, progress: Callable[[int, int], None] | None = None) -> Report:
    """Decode all files of all splits in full and report what is wrong.

    Bad: broken files; a file without partner; partners of unequal sizes; pictures of one flat colour; training pictures
    whose pixels are those of a test (or val) picture. To be looked at: training pictures that look like a test picture;
    sizes far from the usual; pictures smaller than the crop, which would be enlarged. Label maps may be flat or alike.

    progress: called with (files done, files in all).
    """
    parts = source.layout.parts
    looks = _looks(source, progress)
    findings: list[Finding] = []
    for split, part in parts.items():
        findings += _orphans(split, part)
        findings += _broken(split, part, looks)
        findings += _sizes(source, split, part, looks)
        for side, views in part.views.items():
            if side not in source.maps:
                findings += _flat(split, views, looks)
    findings += _shared(source, looks)
    order = (*BAD, *NOTED)
    findings.sort(key=lambda one: (order.index(one.check), one.views))
    samples = {split: max(map(len, part.views.values())) for split, part in parts.items()}
    return Report(source.path, source.kind, samples, len(looks), tuple(findings))


def audited(source: Source, *, skip_bad: bool = False, progress: Callable[[int, int], None] | None = None) -> Source:
    """The source when an audit finds nothing bad, or without what is bad.

    Raises:
        PicturaError: something is bad and is not to be skipped, or nothing is left.
    """
    report = audit(source, progress)
    if not report.bad:
        return source
    if not skip_bad:
        raise refusal(report)
    return source.without(report.bad_views(source.split))


def refusal(report: Report) -> PicturaError:
    """Why a set is not trained on as it is, with the first bad file."""
    first = report.bad[0]
    return PicturaError(
        f"'{report.path}' is not fit for training ({report.counts()}; first '{report.name(first.views[0])}', which "
        f"{first.what}): mend it, or leave out bad files with --skip-bad; `pictura data check` lists them all."
    )


def _looks(source: Source, progress: Callable[[int, int], None] | None) -> Looks:
    """Every view of every split, each file decoded once, several at a time (decoders leave Python's lock)."""
    files: dict[tuple[Path, bool], set[View]] = {}
    for part in source.layout.parts.values():
        for side, views in part.views.items():
            numbers = side in source.maps and source.settings.label_values == "indices"
            for view in views:
                files.setdefault((view.path, numbers), set()).add(view)
        for path in part.orphans:
            files.setdefault((path, False), set()).add(View(path))
    looks: Looks = {}
    pool = ThreadPoolExecutor(available())
    try:
        with warnings.catch_warnings():  # readers silence Pillow, each in its thread; the last word must be the old one
            for done, seen in enumerate(pool.map(_look, files, files.values()), 1):
                looks.update(seen)
                if progress is not None:
                    progress(done, len(files))
    finally:
        pool.shutdown(cancel_futures=True)
    return looks


def _look(file: tuple[Path, bool], views: set[View]) -> Looks:
    path, numbers = file
    try:
        check_sums(path)
        decoded = class_numbers(path) if numbers else decode(path)
        if decoded.own[1] % 2 and any(view.half for view in views):
            raise PicturaError(f"'{path}' is {decoded.own[1]} pixels wide, which makes no two equal halves: cut it.")
        return {view: look((decoded.half(view.half) if view.half else decoded).samples) for view in views}
    except PicturaError as error:
        return dict.fromkeys(views, str(error))


def _rows(source: Source, part: Part) -> Iterator[tuple[View, ...]]:
    """What is kept or left out together."""
    if source.kind == "unpaired":
        yield from ((view,) for views in part.views.values() for view in views)
    else:
        yield from zip(*part.views.values(), strict=True)


def _orphans(split: str, part: Part) -> Iterator[Finding]:
    for path in part.orphans:
        yield Finding("no partner", split, (View(path),), "has no partner of the same name on the other side")


def _broken(split: str, part: Part, looks: Looks) -> Iterator[Finding]:
    told = set()
    for views in part.views.values():
        for view in views:
            if isinstance(why := looks[view], str) and view.path not in told:
                told.add(view.path)
                yield Finding("broken", split, (view,), f"cannot be read: {why}")


def _flat(split: str, views: list[View], looks: Looks) -> Iterator[Finding]:
    for view in views:
        if isinstance(seen := looks[view], Look) and seen.flat:
            yield Finding("flat", split, (view,), "is one flat colour, which leaves normalisation nothing to divide by")


def _sizes(source: Source, split: str, part: Part, looks: Looks) -> Iterator[Finding]:
    for row in _rows(source, part):
        sizes = [seen.size for view in row if isinstance(seen := looks[view], Look)]
        if len(set(sizes)) > 1:
            one, other = map(_shown, sizes)
            yield Finding("unequal sizes", split, row, f"is {one} pixels and its partner {other}")
    for views in part.views.values():
        yield from _unusual(source, split, views, looks)


def _unusual(source: Source, split: str, views: list[View], looks: Looks) -> Iterator[Finding]:
    seen = [(view, one.size) for view in views if isinstance(one := looks[view], Look)]
    if not seen:
        return
    median = np.median([size for _, size in seen], axis=0)
    usual = f"{median[1]:g} × {median[0]:g}"
    for view, size in seen:
        ratios = np.array(size) / median
        if max(ratios.max(), 1 / ratios.min()) > UNUSUAL:
            yield Finding("unusual size", split, (view,), f"is {_shown(size)} pixels where {usual} is usual")
        elif size[0] < source.size[0] or size[1] < source.size[1]:
            yield Finding("smaller than the crop", split, (view,), f"is {_shown(size)} pixels and would be enlarged")


def _shared(source: Source, looks: Looks) -> Iterator[Finding]:
    """Training pictures that stand again in what a training is judged by."""
    parts = source.layout.parts
    for side, views in parts["train"].views.items() if "train" in parts else ():
        if side in source.maps:
            continue
        ours = [view for view in dict.fromkeys(views) if isinstance(looks[view], Look)]
        for split in ("val", "test"):
            others = parts[split].views[side] if split in parts else []
            theirs = [view for view in dict.fromkeys(others) if isinstance(looks[view], Look)]
            for twin in twins(
                *([one for view in row if isinstance(one := looks[view], Look)] for row in (ours, theirs))
            ):
                check = "copy of a test picture" if twin.exact else "like a test picture"
                pair = (ours[twin.first], theirs[twin.second])
                what = "has the pixels of" if twin.exact else "looks like"
                yield Finding(check, "train", pair, f"{what} '{pair[1].path.name}' in {split}")


def _shown(size: tuple[int, int]) -> str:
    return f"{size[1]} × {size[0]}"
