"""Where a shot ends: cuts, dissolves and moments of one colour, all found in thumbnails of the frames."""

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av import VideoFrame

Thumbnail = NDArray[np.float32]
THUMBNAIL_SIDE = 32
# A cut: thumbnails differ by this share of the range on average, and by this many times the recent changes. Hard cuts
# of films are mostly over 0.1; people who move, at 24 frames a second, rarely come to 0.05.
CUT_THRESHOLD = 0.08
CUT_RATIO = 3.0
RECENT_FRAMES = 8  # whose changes are compared
FLAT = 0.02  # contrast below which a frame is of one colour; photographs have 0.1 to 0.3
# A dissolve: all its frames lie on the straight line from one picture to another. Ours, by trial on made clips.
LEAST_STEP = 0.003  # change from frame to frame below which nothing moves: the noise of a codec
SAME_WAY = 0.9  # least cosine of consecutive changes
LEAST_FRAMES = 4  # of a dissolve
MOST_FRAMES = 100  # four seconds: what goes on for longer is no dissolve
OFF_LINE = 0.15  # distance from the line as a share of its length, at most
ALIKE = 0.8  # correlation of both ends above which it is the same picture in another light


def thumbnail(frame: "VideoFrame") -> Thumbnail:
    """A frame as a few RGB pixels in [0, 1]; their exact colours do not matter."""
    small = frame.reformat(width=THUMBNAIL_SIDE, height=THUMBNAIL_SIDE, format="rgb24", interpolation="AREA")
    return np.asarray(small.to_ndarray(), np.float32) / np.float32(255)


def contrast(small: Thumbnail) -> float:
    """Standard deviation of colours, the root of the mean variance of the three channels."""
    return float(np.sqrt(small.reshape(-1, 3).var(0).mean()))


@dataclass(frozen=True)
class Change:
    """One shot takes another's place.

    back: how many frames ago the new one was seen first, and pure: how many frames ago nothing else any more.
    """

    back: int = 0
    pure: int = 0

    def frames(self, number: int) -> tuple[int, int]:
        """The new shot's first frame, and its first pure one, if it was found at this frame."""
        return number - self.back, number - self.pure


class ShotFinder:
    """Finds where shots end, frame by frame; cuts between dark shots, and dissolves while much moves, are not seen."""

    def __init__(self) -> None:
        self.cuts, self.dissolves = CutDetector(), DissolveDetector()
        self.was_flat, self.has_content = False, False

    @property
    def is_setting_out(self) -> bool:
        """Whether a dissolve may have begun with the frame before."""
        return len(self.dissolves.line) == 3

    def add(self, small: Thumbnail) -> Change | None:
        """A change that is complete with the next frame, or began with it."""
        flat = contrast(small) < FLAT
        behind_flat = self.was_flat and not flat and self.has_content
        self.was_flat, cut = flat, self.cuts.is_cut(small)
        dissolve = self.dissolves.add(small)
        self.has_content = not flat or (self.has_content and not cut)
        if cut or behind_flat:  # a picture of one colour between two shots belongs to the first
            self.dissolves.begin_anew(small)
            return Change()
        return dissolve


class CutDetector:
    """Detects hard cuts."""

    def __init__(self) -> None:
        self.previous: Thumbnail | None = None
        self.recent_changes: deque[float] = deque(maxlen=RECENT_FRAMES)

    def is_cut(self, now: Thumbnail) -> bool:
        """Whether a new shot begins with this frame; call it for every frame in order."""
        before = self.previous
        self.previous = now
        if before is None:
            return True
        change = float(np.abs(now - before).mean())
        usual = sum(self.recent_changes) / len(self.recent_changes) if self.recent_changes else 0.0
        if change < max(CUT_THRESHOLD, CUT_RATIO * usual):
            self.recent_changes.append(change)
            return False
        self.recent_changes.clear()
        return True


class DissolveDetector:
    """Detects one picture that becomes another by mixing; `line` holds the frames that lie on one straight line."""

    def __init__(self) -> None:
        self.line: list[Thumbnail] = []

    def begin_anew(self, now: Thumbnail) -> None:
        """Forget all frames before this one."""
        self.line = [now]

    def add(self, now: Thumbnail) -> Change | None:
        """The dissolve that ended with the frame before, if one did."""
        if len(self.line) < 2 or self._goes_on(now):
            self.line.append(now)
            if len(self.line) > MOST_FRAMES:  # no dissolve
                self.begin_anew(now)
            return None
        found = self._check()
        self.line = [self.line[-1], now]
        return found

    def _goes_on(self, now: Thumbnail) -> bool:
        last, step = self.line[-1] - self.line[-2], now - self.line[-1]
        if min(float(np.abs(last).mean()), float(np.abs(step).mean())) < LEAST_STEP:
            return False
        return float((last * step).sum()) >= SAME_WAY * float(np.linalg.norm(last) * np.linalg.norm(step))

    def _check(self) -> Change | None:
        if not LEAST_FRAMES + 2 <= len(self.line) <= MOST_FRAMES:
            return None
        a, b = self.line[0], self.line[-1]
        way = b - a
        small, bare = float(np.abs(way).mean()) < CUT_THRESHOLD, min(contrast(a), contrast(b)) < FLAT
        if small or bare or _correlate(a, b) > ALIKE:
            return None
        length = float((way * way).sum())
        for at in (1, 2, 3):
            off = self.line[at * (len(self.line) - 1) // 4] - a
            off = off - way * (float((off * way).sum()) / length)
            if float(np.linalg.norm(off)) > OFF_LINE * length**0.5:
                return None
        return Change(back=len(self.line) - 1, pure=1)  # the frame before is the first pure one


def _correlate(a: Thumbnail, b: Thumbnail) -> float:
    """Correlation of two pictures whose channels have no mean."""
    x, y = (one - one.mean((0, 1)) for one in (a, b))
    return float((x * y).sum() / max(1e-9, float(np.linalg.norm(x) * np.linalg.norm(y))))
