"""`pictura encoders` and `pictura check`: what is here, and what to do about what is not."""

import json
import platform
from typing import Any

from pictura import __version__
from pictura.cli.options import Json
from pictura.cli.text import align_columns, examples, print_text
from pictura.encoders.store import AvailableEncoder, available_encoders, how_to_get, weights_folder
from pictura.runtime.threads import use_threads

ENCODERS_EXAMPLES = examples("pictura encoders", "pictura encoders --json")
CHECK_EXAMPLES = examples("pictura check", "pictura check --json")


def encoders(as_json: Json = False) -> None:
    """List the encoders and where their weights are."""
    known = [_describe_encoder(one) for one in available_encoders()]
    if as_json:
        print_text(json.dumps(known))
        return
    print_text("\n\n".join(align_columns(list(encoder.items())) for encoder in known))


def _describe_encoder(one: AvailableEncoder) -> dict[str, str]:
    record = one.record
    return {"name": record.name, "note": record.note, "licence": record.licence, "weights": _locate_weights(one)}


def _locate_weights(one: AvailableEncoder) -> str:
    if one.path is not None:
        return str(one.path)
    if one.record.hub is not None:
        return f"fetched when first used, or put {one.record.filename} into {weights_folder()}"
    return how_to_get(one.record)


def check(as_json: Json = False) -> None:
    """Check the installation and say how to fix what is missing."""
    facts = _gather_facts()
    if as_json:
        print_text(json.dumps(facts))
        return
    texts = {name: value if isinstance(value, list) else [str(value)] for name, value in facts.items()}
    rows = [(name if i == 0 else "", line) for name, lines in texts.items() for i, line in enumerate(lines or ["none"])]
    print_text(align_columns(rows))


def _gather_facts() -> dict[str, Any]:
    threads = use_threads()
    import torch

    from pictura.runtime.device import default_dtype
    from pictura.style.sources import style_names

    here = [one for one in available_encoders() if one.path is not None]
    styles = style_names()
    return {
        "pictura": __version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "device": "cpu",
        "threads": threads,
        "bfloat16": "yes" if default_dtype() == "bfloat16" else "no",
        "weights": [f"{one.record.name}: {one.path}" for one in here],
        "styles": len(styles),
        "missing": _advise({one.record.name for one in here}, styles),
    }


def _advise(weights: set[str], styles: list[str]) -> list[str]:
    """What to do, one sentence each."""
    advice = []
    if "compact" not in weights:
        advice.append("The bundled weights 'compact' are missing: reinstall pictura.")
    if "vgg19-caffe" not in weights:
        advice.append("The preset quality needs vgg19-caffe; `pictura encoders` says how to get it.")
    if not styles:
        advice.append("No styles are installed: give paintings with --style, or reinstall pictura.")
    return advice
