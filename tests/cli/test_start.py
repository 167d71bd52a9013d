"""The program starts fast and light, and its help is complete."""

import subprocess
import sys

import pytest

from pictura import __version__
from pictura.cli.app import COMMANDS, load_command
from pictura.methods.iterative.settings import Settings

from .conftest import run

HELPS = [
    [],
    ["app"],
    ["stylize"],
    ["synthesize"],
    ["style"],
    ["style", "extract"],
    ["style", "blend"],
    ["style", "list"],
    ["style", "show"],
    ["try"],
    ["translate"],
    ["sample"],
    ["interpolate"],
    ["upscale"],
    ["measure"],
    ["video"],
    ["train"],
    ["data"],
    ["data", "check"],
    ["data", "combine"],
    ["data", "split"],
    ["models"],
    ["import"],
    ["export"],
    ["encoders"],
    ["check"],
]
LIGHT = """
import sys
from pictura.cli import main
sys.argv = ["pictura", *sys.argv[1:]]
try:
    main()
finally:
    sys.stderr.write(" ".join({"torch", "numpy", "PIL"} & set(sys.modules)))
"""


@pytest.mark.parametrize("command", HELPS, ids=" ".join)
def test_help_has_examples(command):
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert "Examples:" in result.stdout
    assert "pictura " + " ".join(command) in result.stdout.split("Examples:")[1]


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["stylize", "--help"], ["style", "list", "--help"]])
def test_imports_nothing_heavy(arguments):
    result = subprocess.run([sys.executable, "-c", LIGHT, *arguments], capture_output=True, text=True, check=True)
    assert result.stdout
    assert result.stderr == ""


def test_help_takes_less_than_three_tenths_of_a_second():
    ours = min(_seconds("-m", "pictura", "stylize", "--help") for _ in range(5))
    if ours >= 0.3:  # a busy machine is slow at anything: ours is usually 1.9 times the libraries
        assert ours < 2.5 * min(_seconds("-c", "import typer.rich_utils, pydantic") for _ in range(5))


def _seconds(*arguments):
    """Processor time of a Python, user's and system's."""
    resource = pytest.importorskip("resource")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_command_says(name):
    assert load_command(name).help.splitlines()[0] == COMMANDS[name][1]


def test_a_near_miss_is_told():
    assert "'stylize'" in run("stilize").output


def test_version():
    assert run("--version").stdout == f"pictura {__version__}\n"


def test_every_setting_has_an_option(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    shown = run("stylize", "--help").stdout
    special = {"content_weight": "alpha", "style_weight": "beta", "content_layers": "content-layer"}
    special["style_layers"] = "style-layer"
    for name in Settings.model_fields:
        assert f"--{special.get(name, name.replace('_', '-'))} " in shown.replace(",", " ")


def test_unknown_option_and_command():
    assert run("stylize", "photo.png", "--stlye", "a").exit_code == 2
    assert run("stilize").exit_code == 2


def test_a_bug_shows_its_traceback(monkeypatch):
    monkeypatch.setattr("pictura.cli.commands.info.available_encoders", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run("encoders")
