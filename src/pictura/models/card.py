"""The README.md of a bundle: what it is, what it was made of and how it is used, for people and for the hub's page."""

from collections.abc import Mapping
from typing import Any

from pictura.models.bundle import Bundle
from pictura.models.config import PICTURE_FILE

_PYTHON = """\
```python
import pictura

model = pictura.load("{folder}")  # this folder
print(model.can)  # what it can do, for example ('stylize',): model.stylize("photo.jpg", "starry-night")
```
"""


def render_card(bundle: Bundle, pictured: bool, folder: str = ".") -> str:
    """Markdown with the hub's front matter; what is not known is said to be unknown."""
    about = bundle.about
    title = str(about.get("title", bundle.method))
    parts = [
        _front_matter(about),
        f"# {title}\n",
        f"![{title}]({PICTURE_FILE})\n" if pictured else "",
        f"{about.get('does', f'A network of the method {bundle.method}, trained with pictura.')}\n",
        _facts_table(bundle),
        "## Use\n",
        f"```sh\n{about['command']}\n```\n" if "command" in about else "",
        _PYTHON.format(folder=folder),
        "## Settings\n",
        _table(("setting", "value"), bundle.settings),
    ]
    return "\n".join(part for part in parts if part)


def format_value(value: Any) -> str:
    """A value of `about` in one line: measures as ``PSNR 30.1, SSIM 0.86``."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {format_value(part)}" for name, part in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(format_value, value))
    return f"{value:.4g}" if isinstance(value, float) else " ".join(str(value).split())


def _front_matter(about: Mapping[str, Any]) -> str:
    # Only what the hub knows as an identifier may stand under license; ours are sentences.
    named = str(about.get("licence", "")).strip().lower()
    licence = {"mit": "mit", "cc by 4.0": "cc-by-4.0", "cc0": "cc0-1.0", "bsd-3-clause": "bsd-3-clause"}.get(named)
    return "\n".join(["---", f"license: {licence or 'other'}", "library_name: pictura", "tags: [pictura]", "---", ""])


def _facts_table(bundle: Bundle) -> str:
    about = bundle.about
    count = sum(tensor.numel() for tensor in bundle.tensors.values())
    facts = {
        "method": bundle.method,
        "paper": about.get("paper", "unknown"),
        "parameters": f"{count:,}",
        "training data": about.get("data", "unknown"),
        "licence of the data": about.get("data_licence", "unknown"),
        "licence of the weights": about.get("licence", "unknown"),
        "metric": about.get("metric", "not measured"),
        "steps": about.get("step", "unknown"),
        "losses at the end": about.get("losses") or "unknown",
    }
    return _table(("", ""), facts)


def _table(heads: tuple[str, str], rows: Mapping[str, Any]) -> str:
    lines = [heads, ("---", "---"), *((name, format_value(value)) for name, value in rows.items())]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)
