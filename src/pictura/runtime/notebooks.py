"""A bar in a notebook while something long is made."""

import sys
import time
from collections.abc import Callable
from typing import Any

PAUSE = 0.2  # seconds between two states of the bar
_BAR = (
    '<label style="display:flex;gap:.8em;align-items:center">'
    '<progress max="{steps}" value="{step}" style="width:24em"></progress>'
    "<span>{words}</span></label>"
)


def notebook_bar() -> Callable[[Any], None] | None:
    """What hears of the steps of a run and shows a bar, in a notebook; None anywhere else.

    IPython is not imported: where a notebook is, it is there already.
    """
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if not hasattr(shell, "kernel"):
        return None
    from IPython.display import HTML, display

    handle: Any = None
    told = 0.0

    def tell(step: Any) -> None:
        nonlocal handle, told
        last = step.step >= step.steps
        if time.monotonic() - told < PAUSE and not last:
            return
        told = time.monotonic()
        words = f"step {step.step} of {step.steps}" + ("" if last else f", about {step.left:.0f} seconds left")
        shown = HTML(_BAR.format(step=step.step, steps=step.steps, words=words))
        if handle is None:
            handle = display(shown, display_id=True)
        else:
            handle.update(shown)

    return tell
