"""Where on this machine weights and models lie that are no part of the package."""

import os
import sys
from pathlib import Path


def cache_folder(kind: str, variable: str) -> Path:
    """What the environment's `variable` names, else ``pictura/<kind>`` in the user's cache; it need not exist."""
    if named := os.environ.get(variable):
        return Path(named).expanduser()
    local = os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else None
    cache = Path(local) if local else Path.home() / ".cache"
    return cache / "pictura" / kind
