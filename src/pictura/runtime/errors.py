"""The one class for what a user can cause, and one sentence for whatever else goes wrong."""

import difflib
import errno
import re
from collections.abc import Iterable

_LINE_BREAKS = re.compile(r"\s*[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]\s*")
MAX_REASON = 160  # characters of a library's words
LESS_MEMORY = "use a smaller picture, or close other programs"


class PicturaError(Exception):
    """One sentence on one line: what is wrong, with what, what to do. The command line prints it and exits 2."""

    def __init__(self, sentence: str = "") -> None:
        # Names of files and texts of libraries may contain line breaks.
        super().__init__(_LINE_BREAKS.sub(" ", sentence))


class DiskFullError(PicturaError):
    """The disk or a quota is full: what comes next could not be written either."""


def reason(error: BaseException) -> str:
    """What a library says of its error, to be quoted in a sentence: on one line, not longer than a line or two.

    It may contain whatever the file in question does.
    """
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= MAX_REASON else f"{words[: MAX_REASON - 1]}…"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`` Did you mean 'starry-night'?`` for a misspelt name, or nothing; to be put behind an error's sentence.

    Upper and lower case, spaces and underscores make no difference.
    """
    plain = {_fold(one): one for one in known}
    close = difflib.get_close_matches(_fold(name), list(plain), n=1, cutoff=0.5)
    return f" Did you mean '{plain[close[0]]}'?" if close else ""


def _fold(name: str) -> str:
    return name.casefold().replace(" ", "-").replace("_", "-")


def explain_expected(error: BaseException, less_memory: str = LESS_MEMORY) -> str | None:
    """The sentence for an error that a user can cause, None for any other; `less_memory` is what takes less of it."""
    if isinstance(error, PicturaError):
        return str(error)
    # torch reports memory as RuntimeError: "can't allocate memory" on the CPU, "out of memory" on a GPU.
    if isinstance(error, MemoryError) or "allocate memory" in str(error) or "out of memory" in str(error):
        return f"Out of memory: {less_memory}."
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        return f"The name '{error.filename}' is too long for a file name: use a shorter one."
    return None


def explain(error: BaseException, what: str, *, alone: bool = False, less_memory: str = LESS_MEMORY) -> str:
    """One sentence for any error that `what`, a file's name, has met; an unexpected one is told with its kind.

    Where the file is `alone`, nobody needs to be told which one it was.
    """
    if (sentence := explain_expected(error, less_memory)) is not None:
        return sentence if alone or what in sentence else f"'{what}': {sentence}"
    kind, words = type(error).__name__, reason(error)
    told = kind if words == kind else f"{kind}: {words}"
    return f"'{what}' could not be made ({told}): add --debug to see where it happened."
