"""A look at every pixel of a set before the first step: what would spoil a training is found in the first minute."""

import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from pictura.data.decode import decode_class_numbers, decode_image, verify_checksums
from pictura.data.layout import DataSplit, PictureView
from pictura.data.looks import ImageSignature, find_twins, image_signature
from pictura.data.report import BAD_CHECKS, NOTED_CHECKS, AuditReport, Finding
from pictura.data.source import DataSet
from pictura.runtime.errors import PicturaError
from pictura.runtime.threads import available_processors

# A side that is this many times longer or shorter than is usual in its set (the median) is worth a look.
UNUSUAL_RATIO = 3.0
Signatures = dict[PictureView, ImageSignature | str]  # a text says why a file cannot be read


def audit(source: DataSet, progress: Callable[[int, int], None] | None = None) -> AuditReport:
    """Decode all files of all splits in full and report what is wrong.

    Bad: broken files; a file without partner; partners of unequal sizes; pictures of one flat colour; training pictures
    whose pixels are those of a test (or val) picture. To be looked at: training pictures that look like a test picture;
    sizes far from the usual; pictures smaller than the crop, which would be enlarged. Label maps may be flat or alike.

    progress: called with (files done, files in all).
    """
    parts = source.layout.parts
    looks = _compute_signatures(source, progress)
    findings: list[Finding] = []
    for split, part in parts.items():
        findings += _find_orphans(split, part)
        findings += _find_broken(split, part, looks)
        findings += _find_unequal_sizes(source, split, part, looks)
        for side, views in part.views.items():
            if side not in source.maps:
                findings += _find_flat(split, views, looks)
    findings += _find_copies(source, looks)
    order = (*BAD_CHECKS, *NOTED_CHECKS)
    findings.sort(key=lambda one: (order.index(one.check), one.views))
    samples = {split: max(map(len, part.views.values())) for split, part in parts.items()}
    return AuditReport(source.path, source.kind, samples, len(looks), tuple(findings))


def audit_source(
    source: DataSet, *, skip_bad: bool = False, progress: Callable[[int, int], None] | None = None
) -> DataSet:
    """The source when an audit finds nothing bad, or without what is bad.

    Raises:
        PicturaError: something is bad and is not to be skipped, or nothing is left.
    """
    report = audit(source, progress)
    if not report.bad:
        return source
    if not skip_bad:
        raise audit_error(report)
    return source.without(report.bad_views(source.split))


def audit_error(report: AuditReport) -> PicturaError:
    """Why a set is not trained on as it is, with the first bad file."""
    first = report.bad[0]
    return PicturaError(
        f"'{report.path}' is not fit for training ({report.counts()}; first '{report.name(first.views[0])}', which "
        f"{first.what}): mend it, or leave out bad files with --skip-bad; `pictura data check` lists them all."
    )


def _compute_signatures(source: DataSet, progress: Callable[[int, int], None] | None) -> Signatures:
    """Every view of every split, each file decoded once, several at a time (decoders leave Python's lock)."""
    files: dict[tuple[Path, bool], set[PictureView]] = {}
    for part in source.layout.parts.values():
        for side, views in part.views.items():
            numbers = side in source.maps and source.settings.label_values == "indices"
            for view in views:
                files.setdefault((view.path, numbers), set()).add(view)
        for path in part.orphans:
            files.setdefault((path, False), set()).add(PictureView(path))
    looks: Signatures = {}
    pool = ThreadPoolExecutor(available_processors())
    try:
        with warnings.catch_warnings():  # readers silence Pillow, each in its thread; the last word must be the old one
            for done, seen in enumerate(pool.map(_sign_file, files, files.values()), 1):
                looks.update(seen)
                if progress is not None:
                    progress(done, len(files))
    finally:
        pool.shutdown(cancel_futures=True)
    return looks


def _sign_file(file: tuple[Path, bool], views: set[PictureView]) -> Signatures:
    path, numbers = file
    try:
        verify_checksums(path)
        decoded = decode_class_numbers(path) if numbers else decode_image(path)
        if decoded.original_size[1] % 2 and any(view.half for view in views):
            raise PicturaError(
                f"'{path}' is {decoded.original_size[1]} pixels wide, which makes no two equal halves: cut it."
            )
        return {view: image_signature((decoded.half(view.half) if view.half else decoded).samples) for view in views}
    except PicturaError as error:
        return dict.fromkeys(views, str(error))


def _group_views(source: DataSet, part: DataSplit) -> Iterator[tuple[PictureView, ...]]:
    """What is kept or left out together."""
    if source.kind == "unpaired":
        yield from ((view,) for views in part.views.values() for view in views)
    else:
        yield from zip(*part.views.values(), strict=True)


def _find_orphans(split: str, part: DataSplit) -> Iterator[Finding]:
    for path in part.orphans:
        yield Finding("no partner", split, (PictureView(path),), "has no partner of the same name on the other side")


def _find_broken(split: str, part: DataSplit, looks: Signatures) -> Iterator[Finding]:
    told = set()
    for views in part.views.values():
        for view in views:
            if isinstance(why := looks[view], str) and view.path not in told:
                told.add(view.path)
                yield Finding("broken", split, (view,), f"cannot be read: {why}")


def _find_flat(split: str, views: list[PictureView], looks: Signatures) -> Iterator[Finding]:
    for view in views:
        if isinstance(seen := looks[view], ImageSignature) and seen.flat:
            yield Finding("flat", split, (view,), "is one flat colour, which leaves normalisation nothing to divide by")


def _find_unequal_sizes(source: DataSet, split: str, part: DataSplit, looks: Signatures) -> Iterator[Finding]:
    for row in _group_views(source, part):
        sizes = [seen.size for view in row if isinstance(seen := looks[view], ImageSignature)]
        if len(set(sizes)) > 1:
            one, other = map(_format_size, sizes)
            yield Finding("unequal sizes", split, row, f"is {one} pixels and its partner {other}")
    for views in part.views.values():
        yield from _find_unusual_sizes(source, split, views, looks)


def _find_unusual_sizes(source: DataSet, split: str, views: list[PictureView], looks: Signatures) -> Iterator[Finding]:
    seen = [(view, one.size) for view in views if isinstance(one := looks[view], ImageSignature)]
    if not seen:
        return
    median = np.median([size for _, size in seen], axis=0)
    usual = f"{median[1]:g} × {median[0]:g}"
    for view, size in seen:
        ratios = np.array(size) / median
        if max(ratios.max(), 1 / ratios.min()) > UNUSUAL_RATIO:
            yield Finding("unusual size", split, (view,), f"is {_format_size(size)} pixels where {usual} is usual")
        elif size[0] < source.size[0] or size[1] < source.size[1]:
            yield Finding(
                "smaller than the crop", split, (view,), f"is {_format_size(size)} pixels and would be enlarged"
            )


def _find_copies(source: DataSet, looks: Signatures) -> Iterator[Finding]:
    """Training pictures that stand again in what a training is judged by."""
    parts = source.layout.parts
    for side, views in parts["train"].views.items() if "train" in parts else ():
        if side in source.maps:
            continue
        ours = [view for view in dict.fromkeys(views) if isinstance(looks[view], ImageSignature)]
        for split in ("val", "test"):
            others = parts[split].views[side] if split in parts else []
            theirs = [view for view in dict.fromkeys(others) if isinstance(looks[view], ImageSignature)]
            for twin in find_twins(
                *([one for view in row if isinstance(one := looks[view], ImageSignature)] for row in (ours, theirs))
            ):
                check = "copy of a test picture" if twin.exact else "like a test picture"
                pair = (ours[twin.first], theirs[twin.second])
                what = "has the pixels of" if twin.exact else "looks like"
                yield Finding(check, "train", pair, f"{what} '{pair[1].path.name}' in {split}")


def _format_size(size: tuple[int, int]) -> str:
    return f"{size[1]} × {size[0]}"
