"""The result of an audit: findings, counts, and how they are printed."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pictura.data.layout import PictureView

# Names of the checks, in the order of the report; with the first ones no training should begin.
BAD_CHECKS = ("broken", "no partner", "unequal sizes", "flat", "copy of a test picture")
NOTED_CHECKS = ("like a test picture", "unusual size", "smaller than the crop")


@dataclass(frozen=True)
class Finding:
    """One finding about one picture or pair.

    check: one of `BAD_CHECKS` or `NOTED_CHECKS`.
    split: the split of the first view.
    views: the pictures concerned, first the one that ``--skip-bad`` skips.
    what: the rest of a sentence that begins with the file.
    """

    check: str
    split: str
    views: tuple[PictureView, ...]
    what: str

    @property
    def bad(self) -> bool:
        """Whether no training should begin with it."""
        return self.check in BAD_CHECKS


@dataclass(frozen=True)
class AuditReport:
    """An audit's result: how many samples each split has, and the findings, bad ones first."""

    path: Path
    kind: str
    samples: dict[str, int]
    pictures: int
    findings: tuple[Finding, ...]

    @property
    def bad(self) -> tuple[Finding, ...]:
        """Findings with which no training should begin."""
        return tuple(finding for finding in self.findings if finding.bad)

    def bad_views(self, split: str) -> set[PictureView]:
        """The views of a split to skip."""
        return {finding.views[0] for finding in self.bad if finding.split == split}

    def counts(self) -> str:
        """Bad findings by check, such as ``broken: 2, flat: 1``."""
        counts = Counter(finding.check for finding in self.bad)
        return ", ".join(f"{check}: {count}" for check, count in counts.items())

    def lines(self, limit: int = 20) -> Iterable[str]:
        """The report as text: one line per finding, of each check the first `limit`, then the totals."""
        counts: Counter[str] = Counter()
        for finding in self.findings:
            counts[finding.check] += 1
            if counts[finding.check] <= limit:
                yield f"{finding.check}: '{self.name(finding.views[0])}' {finding.what}"
        for check, count in counts.items():
            if count > limit:
                yield f"{check}: {count - limit} more"
        parts = ", ".join(f"{count} for {split}" for split, count in self.samples.items())
        unit = "pairs" if self.kind == "paired" else "samples"
        noted = len(self.findings) - len(self.bad)
        yield f"{self.pictures} pictures, {self.kind}: {parts} ({unit}); {len(self.bad)} bad, {noted} to look at."

    def name(self, view: PictureView) -> str:
        """The file of a view, relative to the folder."""
        inside = view.path.is_relative_to(self.path)
        name = view.path.relative_to(self.path).as_posix() if inside else view.path.as_posix()
        return f"{name} ({view.half} half)" if view.half else name

    def as_json(self) -> dict[str, Any]:
        """The report as plain values for JSON."""
        return {
            "path": str(self.path),
            "kind": self.kind,
            "samples": self.samples,
            "pictures": self.pictures,
            "bad": len(self.bad),
            "findings": [
                {
                    "check": finding.check,
                    "bad": finding.bad,
                    "split": finding.split,
                    "files": [self.name(view) for view in finding.views],
                    "what": finding.what,
                }
                for finding in self.findings
            ],
        }
