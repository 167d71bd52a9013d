"""Audit every file of a data set before the first step, so that problems show in the first minute."""

import warnings
from collections.abc import Callable, Iterable, Iterator
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

# A side that is this many times longer or shorter than the median of its set is reported.
UNUSUAL_RATIO = 3.0
Signatures = dict[PictureView, ImageSignature | str]  # a string says why a file cannot be read


def audit(source: DataSet, progress: Callable[[int, int], None] | None = None) -> AuditReport:
    """Decode all files of all splits completely and report problems.

    Bad: broken files; a file without partner; partners of unequal sizes; pictures of one flat colour; training pictures
    with the pixels of a test (or val) picture. Only reported: training pictures that look like a test picture; unusual
    sizes; pictures smaller than the crop, which would be enlarged. Label maps may be flat or alike.

    progress: called with (files done, files in total).
    """
    parts = source.layout.parts
    signatures = _compute_signatures(source, progress)
    findings: list[Finding] = []
    for split, part in parts.items():
        findings += _find_orphans(split, part)
        findings += _find_broken(split, part, signatures)
        findings += _find_unequal_sizes(source, split, part, signatures)
        for side, views in part.views.items():
            if side not in source.maps:
                findings += _find_flat(split, views, signatures)
    findings += _find_copies(source, signatures)
    order = (*BAD_CHECKS, *NOTED_CHECKS)
    findings.sort(key=lambda finding: (order.index(finding.check), finding.views))
    samples = {split: max(map(len, part.views.values())) for split, part in parts.items()}
    return AuditReport(source.path, source.kind, samples, len(signatures), tuple(findings))


def audit_source(
    source: DataSet, *, skip_bad: bool = False, progress: Callable[[int, int], None] | None = None
) -> DataSet:
    """The data set if an audit finds nothing bad; with `skip_bad`, the data set without the bad files.

    Raises:
        PicturaError: there are bad files and they are not to be skipped, or no samples remain.
    """
    report = audit(source, progress)
    if not report.bad:
        return source
    if not skip_bad:
        raise audit_error(report)
    return source.without(report.bad_views(source.split))


def audit_error(report: AuditReport) -> PicturaError:
    """What is raised for a data set with bad files; names the first."""
    first = report.bad[0]
    return PicturaError(
        f"'{report.path}' has bad files ({report.counts()}; first '{report.name(first.views[0])}', which {first.what}):"
        " fix them or skip them with --skip-bad; `pictura data check` lists all."
    )


def _compute_signatures(source: DataSet, progress: Callable[[int, int], None] | None) -> Signatures:
    """Every view of every split, each file decoded once, several at a time (decoders release Python's lock)."""
    files: dict[tuple[Path, bool], set[PictureView]] = {}
    for part in source.layout.parts.values():
        for side, views in part.views.items():
            numbers = side in source.maps and source.settings.label_values == "indices"
            for view in views:
                files.setdefault((view.path, numbers), set()).add(view)
        for path in part.orphans:
            files.setdefault((path, False), set()).add(PictureView(path))
    signatures: Signatures = {}
    pool = ThreadPoolExecutor(available_processors())
    try:
        with warnings.catch_warnings():  # readers change the filters, each in its thread; the old ones must come back
            for done, signed in enumerate(pool.map(_sign_file, files, files.values()), 1):
                signatures.update(signed)
                if progress is not None:
                    progress(done, len(files))
    finally:
        pool.shutdown(cancel_futures=True)
    return signatures


def _sign_file(file: tuple[Path, bool], views: set[PictureView]) -> Signatures:
    path, numbers = file
    try:
        verify_checksums(path)
        decoded = decode_class_numbers(path) if numbers else decode_image(path)
        if decoded.original_size[1] % 2 and any(view.half for view in views):
            raise PicturaError(
                f"'{path}' is {decoded.original_size[1]} pixels wide and cannot be split into equal halves: crop it to "
                "an even width."
            )
        return {view: image_signature((decoded.half(view.half) if view.half else decoded).samples) for view in views}
    except PicturaError as error:
        return dict.fromkeys(views, str(error))


def _group_views(source: DataSet, part: DataSplit) -> Iterator[tuple[PictureView, ...]]:
    """The views that are kept or skipped together."""
    if source.kind == "unpaired":
        yield from ((view,) for views in part.views.values() for view in views)
    else:
        yield from zip(*part.views.values(), strict=True)


def _find_orphans(split: str, part: DataSplit) -> Iterator[Finding]:
    for path in part.orphans:
        yield Finding("no partner", split, (PictureView(path),), "has no partner of the same name on the other side")


def _find_broken(split: str, part: DataSplit, signatures: Signatures) -> Iterator[Finding]:
    broken = set()
    for views in part.views.values():
        for view in views:
            if isinstance(reason := signatures[view], str) and view.path not in broken:
                broken.add(view.path)
                yield Finding("broken", split, (view,), f"cannot be read: {reason}")


def _find_flat(split: str, views: list[PictureView], signatures: Signatures) -> Iterator[Finding]:
    for view, signature in _decodable(views, signatures):
        if signature.flat:
            yield Finding("flat", split, (view,), "is one flat colour, which leaves normalization nothing to divide by")


def _find_unequal_sizes(source: DataSet, split: str, part: DataSplit, signatures: Signatures) -> Iterator[Finding]:
    for row in _group_views(source, part):
        sizes = [signature.size for _, signature in _decodable(row, signatures)]
        if len(set(sizes)) > 1:
            size, other = map(_format_size, sizes)
            yield Finding("unequal sizes", split, row, f"is {size} pixels and its partner {other}")
    for views in part.views.values():
        sizes_of_views = [(view, signature.size) for view, signature in _decodable(views, signatures)]
        yield from _find_unusual_sizes(source, split, sizes_of_views)


def _find_unusual_sizes(
    source: DataSet, split: str, sizes: list[tuple[PictureView, tuple[int, int]]]
) -> Iterator[Finding]:
    if not sizes:
        return
    median = np.median([size for _, size in sizes], axis=0)
    usual = f"{median[1]:g} × {median[0]:g}"
    for view, size in sizes:
        ratios = np.array(size) / median
        if max(ratios.max(), 1 / ratios.min()) > UNUSUAL_RATIO:
            yield Finding("unusual size", split, (view,), f"is {_format_size(size)} pixels where {usual} is usual")
        elif size[0] < source.size[0] or size[1] < source.size[1]:
            yield Finding(
                "smaller than the crop", split, (view,), f"is {_format_size(size)} pixels and would be enlarged"
            )


def _find_copies(source: DataSet, signatures: Signatures) -> Iterator[Finding]:
    """Training pictures that are also in the val or test split."""
    parts = source.layout.parts
    for side, views in parts["train"].views.items() if "train" in parts else ():
        if side in source.maps:
            continue
        ours = _decodable(dict.fromkeys(views), signatures)
        for split in ("val", "test"):
            others = parts[split].views[side] if split in parts else []
            theirs = _decodable(dict.fromkeys(others), signatures)
            for twin in find_twins([signature for _, signature in ours], [signature for _, signature in theirs]):
                check = "copy of a test picture" if twin.exact else "like a test picture"
                pair = (ours[twin.first][0], theirs[twin.second][0])
                what = "has the pixels of" if twin.exact else "looks like"
                yield Finding(check, "train", pair, f"{what} '{pair[1].path.name}' in {split}")


def _decodable(views: Iterable[PictureView], signatures: Signatures) -> list[tuple[PictureView, ImageSignature]]:
    pairs = ((view, signatures[view]) for view in views)
    return [(view, signature) for view, signature in pairs if isinstance(signature, ImageSignature)]


def _format_size(size: tuple[int, int]) -> str:
    return f"{size[1]} × {size[0]}"
