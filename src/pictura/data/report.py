"""What an audit found."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pictura.data.layout import PictureView

# What the checks are called, in the order of the report; the first ones leave nothing that could be trained on.
BAD_CHECKS = ("broken", "no partner", "unequal sizes", "flat", "copy of a test picture")
NOTED_CHECKS = ("like a test picture", "unusual size", "smaller than the crop")


@dataclass(frozen=True)
class Finding:
    """One thing about one picture or pair.

    check: one of `BAD_CHECKS` or `NOTED_CHECKS`. views: what it concerns, first that which `--skip-bad` leaves out. split: where that
    belongs. what: the rest of a sentence that begins with the file.
    """

    check: str
    split: str
    views: tuple[PictureView, ...]
    what: str

    @property
    def bad(self) -> bool:
        """Whether a training should not begin with it."""
        return self.check in BAD_CHECKS


@dataclass(frozen=True)
class AuditReport:
    """An audit's result: how many samples each split has, and what was found, bad things first."""

    path: Path
    kind: str
    samples: dict[str, int]
    pictures: int
    findings: tuple[Finding, ...]

    @property
    def bad(self) -> tuple[Finding, ...]:
        """Findings with which no training should begin."""
        return tuple(one for one in self.findings if one.bad)

    def bad_views(self, split: str) -> set[PictureView]:
        """What to leave out of a split."""
        return {one.views[0] for one in self.bad if one.split == split}

    def counts(self) -> str:
        """``broken: 2, flat: 1`` for what is bad."""
        return ", ".join(f"{check}: {count}" for check, count in Counter(one.check for one in self.bad).items())

    def lines(self, limit: int = 20) -> Iterable[str]:
        """For people: one line a finding, of each check the first few, then the sum."""
        told: Counter[str] = Counter()
        for one in self.findings:
            told[one.check] += 1
            if told[one.check] <= limit:
                yield f"{one.check}: '{self.name(one.views[0])}' {one.what}"
        for check, count in told.items():
            if count > limit:
                yield f"{check}: {count - limit} more"
        parts = ", ".join(f"{count} for {split}" for split, count in self.samples.items())
        unit = "pairs" if self.kind == "paired" else "samples"
        noted = len(self.findings) - len(self.bad)
        yield f"{self.pictures} pictures, {self.kind}: {parts} ({unit}); {len(self.bad)} bad, {noted} to look at."

    def name(self, view: PictureView) -> str:
        """A file relative to the folder."""
        inside = view.path.is_relative_to(self.path)
        name = view.path.relative_to(self.path).as_posix() if inside else view.path.as_posix()
        return f"{name} ({view.half} half)" if view.half else name

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "path": str(self.path),
            "kind": self.kind,
            "samples": self.samples,
            "pictures": self.pictures,
            "bad": len(self.bad),
            "findings": [
                {
                    "check": one.check,
                    "bad": one.bad,
                    "split": one.split,
                    "files": [self.name(view) for view in one.views],
                    "what": one.what,
                }
                for one in self.findings
            ],
        }
