"""The one class for what a user can cause."""

import difflib
from collections.abc import Iterable


class PicturaError(Exception):
    """One sentence: what is wrong, with what, what to do. The command line prints it and exits 2."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`` Did you mean 'starry-night'?`` for a misspelt name, or nothing; to be put behind an error's sentence."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" Did you mean '{close[0]}'?" if close else ""
