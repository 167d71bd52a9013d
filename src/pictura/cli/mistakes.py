"""Mistakes in a command line, each told in the sentence that helps."""

import re
from typing import Any

import typer

from pictura.runtime.errors import did_you_mean

# typer brings its own copy of click, or the library, and shows only some of its errors: this is the class of them all.
UsageError: type[Exception] = typer.BadParameter.__mro__[1]

# What other programs and other kinds of English call our options; a name is suggested only where the command has it.
OTHER_WORDS = {
    "--colors": "--keep-colours",
    "--colours": "--keep-colours",
    "--color": "--keep-colours",
    "--colour": "--keep-colours",
    "--preserve-colors": "--keep-colours",
    "--preserve-colours": "--keep-colours",
    "--preserve-color": "--keep-colours",
    "--original-colors": "--keep-colours",
    "--styles": "--style",
    "--style-image": "--style",
    "--style-images": "--style",
    "--style-path": "--style",
    "--out": "--output",
    "--output-image": "--output",
    "--output-dir": "--output",
    "--width": "--size",
    "--height": "--size",
    "--image-size": "--size",
    "--max-size": "--size",
    "--resolution": "--size",
    "--iterations": "--steps",
    "--num-iterations": "--steps",
    "--num-steps": "--steps",
    "--iters": "--steps",
    "--epochs": "--set",
    "--batch-size": "--set",
    "--learning-rate": "--set",
    "--lr": "--learning-rate",
    "--content-layers": "--content-layer",
    "--style-layers": "--style-layer",
    "--weights": "--style-weight",
    "--style-weights": "--style-weight",
    "--weight": "--style-weight",
    "--gpu": "--device",
    "--cuda": "--device",
    "--cpu": "--device",
    "--factor": "--scale",
    "--model-path": "--model",
    "--force": "--overwrite",
    "--verbose": "--debug",
    "--fps": "--codec",
}


def find_mistake(words: list[str]) -> str | None:
    """The sentence for what no command takes, whatever its options: an output that is no file."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        output = following if word in ("-o", "--output") else re.sub(r"^(-o|--output=)", "", word)
        if output == "-" and word != "-":
            return "Results are written to files, not to stdout: write for example -o painted.png."
        if output != word and re.match(r"[a-z][a-z0-9+.-]+://", output, re.IGNORECASE):
            return f"The output '{output}' is an address: give the name of a file here."
    return None


def explain_mistake(error: Any) -> str:
    """One sentence for what typer says of a command line."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "pictura"
    kind = type(error).__name__
    if kind == "NoSuchOption":
        return f"There is no option {error.option_name}.{_suggest_option(error.option_name, context, path)}"
    words = re.sub(r"\s+", " ", str(error.format_message())).strip()
    if kind == "MissingParameter" and context is not None:
        return f"{words.rstrip('.')}: {_explain_missing(error, path)}."
    if "Did you mean" in words:
        return words
    if kind == "UsageError" and words.startswith("Got unexpected extra argument"):
        return f"{words.rstrip('.')}: an option that takes several values is repeated; see `{path} --help`."
    return f"{words.rstrip('.')}; see `{path} --help`."


def _explain_missing(error: Any, path: str) -> str:
    """What to write for a parameter that is not there."""
    if path.endswith(" train") and error.param is not None and error.param.name == "method":
        from pictura.methods import list_methods

        return f"name a method: {', '.join(list_methods())}"
    usage = "".join(f" {piece}" for piece in error.ctx.command.collect_usage_pieces(error.ctx))
    return f"write {path}{usage}"


def _suggest_option(name: str, context: Any, path: str) -> str:
    """The option of this command that was meant, or where its options are listed."""
    known = [one for parameter in getattr(getattr(context, "command", None), "params", ()) for one in parameter.opts]
    long = [one for one in known if one.startswith("--")] + ["--help", "--debug"]
    plain = name.casefold().replace("_", "-")
    if plain in long:
        return f" Did you mean '{plain}'?"
    if OTHER_WORDS.get(plain) in long:
        return f" Did you mean '{OTHER_WORDS[plain]}'?"
    guess = "" if plain in OTHER_WORDS else did_you_mean(name, long)
    return guess or f" `{path} --help` lists them all."
